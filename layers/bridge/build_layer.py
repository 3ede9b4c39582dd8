"""Builds the layer: python build_layer.py <directory> <runtime>. The same sources give the same bytes, on any host.

Only wheels of pure Python are taken, so one layer serves both architectures. `layer.toml` says what is left out.
Lambda cannot write bytecode next to what it imports, and compiling takes longer than importing; so bytecode comes with
the layer, made by the Python that the functions run on, and without a look at the times of the sources.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from service_models import trim

RUNTIME = "3.13"
HERE = Path(__file__).parent

# Seconds; the earliest that a ZIP can say, 1980-01-01.
_TIME = 315_532_800

_COMPILE = """
import py_compile, sys
for path in sys.stdin.read().splitlines():
    py_compile.compile(path, dfile=f"{sys.argv[1]}/{path}", doraise=True,
                       invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
"""


def main(artifacts: Path, runtime: str) -> None:
    """Makes the layer in `artifacts`. `runtime` is an interpreter of the functions' version, for the bytecode."""
    layer = artifacts / "python"
    shutil.rmtree(layer, ignore_errors=True)
    install(layer)
    plan = tomllib.loads((HERE / "layer.toml").read_text())
    trim(layer / "botocore" / "data", plan["operations"])
    shutil.copytree(HERE / "bridge", layer / "bridge", ignore=shutil.ignore_patterns("__pycache__"))
    remove(layer, plan["remove"])
    compile_all(layer, runtime, "/opt/python")
    level(artifacts)


def install(layer: Path) -> None:
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-compile",
        "--no-deps",
    ]
    pure = ["--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none", f"--python-version={RUNTIME}"]
    what = ["--require-hashes", f"--requirement={HERE / 'requirements.txt'}", f"--target={layer}"]
    subprocess.run([*pip, *pure, *what], check=True)


def remove(layer: Path, patterns: list[str]) -> None:
    for pattern in patterns:
        found = sorted(layer.glob(pattern))
        if not found:
            sys.exit(f"layer.toml: {pattern} matches nothing")
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def compile_all(folder: Path, runtime: str, deployed: str) -> None:
    """Puts bytecode beside every source below `folder`, which will stand at `deployed`."""
    # In one order and with one seed, as both may show in the bytes.
    sources = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [runtime, "-S", "-s", "-c", _COMPILE, deployed]
    subprocess.run(command, input="\n".join(sources), text=True, cwd=folder, env=environment, check=True)


def level(artifacts: Path) -> None:
    """The same times and permissions whoever builds, whenever."""
    for path in [*artifacts.rglob("*"), artifacts]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (_TIME, _TIME))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
