"""The measured code: the functions with the layer that `sam build` makes, and bare handlers with a plain install."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
BUILT = ROOT / ".aws-sam" / "build"
PLAIN = ROOT / ".aws-sam" / "plain"
BARE = Path(__file__).parent / "bare"
LAYER = ROOT / "layers" / "bridge"

# By case: the function, the event, and a text that the result contains.
CASES = {
    "authorize": ("authorize", "authorize/good_key", '"isAuthorized": true'),
    "create": ("verifications", "verifications/create", '"statusCode": 201'),
    "read": ("verifications", "verifications/read", '"statusCode": 200'),
    "return": ("redirect", "redirect/return", "status=verified"),
}


@dataclass(frozen=True, slots=True)
class Artifact:
    """The folder of each function by name, and their layer."""

    functions: Mapping[str, Path]
    layer: Path

    def size(self) -> int:
        """Returns the unzipped bytes of the layer and of all functions of the cases."""
        folders = {self.layer, *self.functions.values()}
        return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())


def functions_in(folder: Path) -> dict[str, Path]:
    return {name: folder / name for name, _, _ in CASES.values()}


def ours() -> Artifact:
    return Artifact(functions_in(ROOT / "functions"), BUILT / "BridgeLayer" / "python")


def bare(layer: Path) -> Artifact:
    return Artifact(functions_in(BARE), layer)


def runtime() -> str:
    """Returns the functions' Python interpreter. Raises CalledProcessError if there is none."""
    command = ["sh", str(LAYER.parent / "find_python.sh"), "3.13"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def plain_install() -> Path:
    """Installs boto3 and requests with pip, in the locked versions, with bytecode. Does nothing if it is up to date."""
    lock = (LAYER / "requirements.txt").read_text()
    done = PLAIN / "requirements.txt"
    if not (done.exists() and done.read_text() == lock):
        shutil.rmtree(PLAIN, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        requirements = PLAIN.with_suffix(".txt")
        requirements.parent.mkdir(parents=True, exist_ok=True)
        requirements.write_text(_without_powertools(lock))
        options = ["--no-deps", "--only-binary=:all:", f"--requirement={requirements}", f"--target={PLAIN}"]
        subprocess.run([*command, *options], check=True)
        subprocess.run([runtime(), "-m", "compileall", "-q", PLAIN], check=True)
        done.write_text(lock)
    return PLAIN


def _without_powertools(lock: str) -> str:
    """Returns the lock without the packages that a bare handler does not use. Each block is a package with hashes."""
    blocks: list[str] = []
    for line in lock.splitlines(keepends=True):
        if line[0].isspace():
            blocks[-1] += line
        else:
            blocks.append(line)
    return "".join(block for block in blocks if not block.startswith(("aws-lambda-powertools", "typing-extensions")))
