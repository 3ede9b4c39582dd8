"""Builds the layer: python build_layer.py <directory> <runtime>. The build is reproducible on any host.

It uses only pure-Python wheels, so one layer fits both architectures. `layer.toml` lists the files to leave out. Lambda
cannot write bytecode, and compiling takes longer than importing, so the layer contains bytecode. It is compiled by the
functions' version of Python, and Python does not compare it with the sources at import.
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

# 1980-01-01 in epoch seconds, the earliest time in a ZIP file.
_TIME = 315_532_800

_COMPILE = """
import py_compile, sys
for path in sys.stdin.read().splitlines():
    py_compile.compile(path, dfile=f"{sys.argv[1]}/{path}", doraise=True,
                       invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
"""


def main(artifacts: Path, runtime: str) -> None:
    """Builds the layer in `artifacts`. `runtime` is a Python of the functions' version, for the bytecode."""
    layer = artifacts / "python"
    shutil.rmtree(layer, ignore_errors=True)
    install(layer)
    plan = tomllib.loads((HERE / "layer.toml").read_text())
    trim(layer / "botocore" / "data", plan["operations"])
    shutil.copytree(HERE / "bridge", layer / "bridge", ignore=shutil.ignore_patterns("__pycache__"))
    remove(layer, plan["remove"])
    compile_all(layer, runtime, "/opt/python")
    normalize(artifacts)


def install(layer: Path) -> None:
    """Installs the locked dependencies."""
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
    """Removes the matches of the patterns. Exits if a pattern matches nothing."""
    for pattern in patterns:
        found = sorted(layer.glob(pattern))
        if not found:
            sys.exit(f"layer.toml: {pattern} matches nothing")
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def compile_all(folder: Path, runtime: str, deployed: str) -> None:
    """Compiles every source below `folder`. `deployed` is the path of the folder on Lambda."""
    # A fixed order and seed, because both may affect the bytes.
    sources = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [runtime, "-S", "-s", "-c", _COMPILE, deployed]
    subprocess.run(command, input="\n".join(sources), text=True, cwd=folder, env=environment, check=True)


def normalize(artifacts: Path) -> None:
    """Sets fixed times and permissions, so that the build is reproducible."""
    for path in [*artifacts.rglob("*"), artifacts]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (_TIME, _TIME))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
