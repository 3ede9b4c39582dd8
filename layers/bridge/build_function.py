"""Builds a function: python build_function.py <folder> <directory>.

Its code, and `layer.sha256`: SAM publishes a new version of a function only when the function itself has changed, and
nearly all of ours stands in the layer. Without this file the alias `live` would stay at the old layer.
"""

import hashlib
import shutil
import sys
from pathlib import Path

from build_layer import compile_all, find_runtime, level

HERE = Path(__file__).parent


def main(folder: Path, artifacts: Path) -> None:
    shutil.copytree(folder, artifacts, ignore=shutil.ignore_patterns("__pycache__", "Makefile"), dirs_exist_ok=True)
    compile_all(artifacts, find_runtime(), "/var/task")
    (artifacts / "layer.sha256").write_text(fingerprint() + "\n")
    level(artifacts)


def fingerprint() -> str:
    """Of all that the layer is made from."""
    sources = sorted(path for path in HERE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    digest = hashlib.sha256()
    for path in sources:
        digest.update(f"{path.relative_to(HERE)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
