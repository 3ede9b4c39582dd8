"""Every case of the benchmark answers as it should, from a layer that was just built. No time is asserted."""

import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from . import artifacts, report
from .__main__ import COLD, WARM, rows
from .artifacts import LAYER, ROOT, Artifact, functions_in
from .measuring import Bench, served


@pytest.mark.slow
def test_every_function_answers_from_the_built_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        python = artifacts.runtime()
    except subprocess.CalledProcessError:
        pytest.skip("no Python 3.13 is here to make the layer's bytecode")
    subprocess.run([sys.executable, str(LAYER / "build_layer.py"), str(tmp_path), python], check=True)
    # Counting takes minutes.
    monkeypatch.setattr(Bench, "instructions", lambda *_: None)
    layer = tmp_path / "python"
    # Not the plain install, which would be fetched: what these tests run on has the same in it.
    bare = artifacts.bare(Path(boto3.__file__).parents[1])
    ours = Artifact(functions_in(ROOT / "functions"), layer)

    with served() as url:
        found = list(rows(Bench(python, url), bare, ours, rounds=1, warm_calls=10))

    assert len(found) == 3 * len(COLD) + len(WARM) + 1
    assert all(float(row[3].strip("*")) > 0 for row in found)


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    assert report.ratio([100, 200, 100], [90, 160, 100]) == pytest.approx((0.9, 0.85, 0.95))
    assert report.ratio([4], [2]) == (0.5, 0.5, 0.5)


def test_what_is_above_its_goal_is_named() -> None:
    good = report.counted("warm read: instructions", "M", 100, 94)
    bad = report.counted("warm create: instructions", "M", 100, 211)
    large = report.counted("package, unzipped", "MB", 28.8, 12.1)
    assert report.missed([good, bad, large]) == ["warm create: instructions: **2.11**", "package, unzipped: 12.1 MB"]


def test_a_table_is_markdown() -> None:
    row = report.timed("cold start", "ms", [400.0], [300.0])
    assert report.table([row]).splitlines()[-1] == "| cold start | 400 ms | 300 ms | **0.75** | 0.75 to 0.75 |"
