"""Every case of the benchmarks gets its expected result with a new build of the layer. No time is asserted."""

import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from . import artifacts
from .__main__ import COLD, WARM, rows
from .artifacts import LAYER, ROOT, Artifact, functions_in
from .measuring import Bench, served


@pytest.mark.slow
def test_every_function_responds_from_the_built_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        python = artifacts.runtime()
    except subprocess.CalledProcessError:
        pytest.skip("Python 3.13 is missing, which compiles the layer's bytecode")
    subprocess.run([sys.executable, str(LAYER / "build_layer.py"), str(tmp_path), python], check=True)
    # Counting instructions takes minutes.
    monkeypatch.setattr(Bench, "instructions", lambda *_: None)
    layer = tmp_path / "python"
    # The plain install needs the network. The tests' own packages replace it.
    bare = artifacts.bare(Path(boto3.__file__).parents[1])
    ours = Artifact(functions_in(ROOT / "functions"), layer)

    with served() as url:
        found = list(rows(Bench(python, url), bare, ours, rounds=1, warm_calls=10))

    assert len(found) == 3 * len(COLD) + len(WARM) + 1
    assert all(float(row[3].strip("*")) > 0 for row in found)
