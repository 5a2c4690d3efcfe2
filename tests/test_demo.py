"""`make demo`, small: the same code that measures at full size."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def demo(folder: Path) -> str:
    command = [sys.executable, "-m", "benchmarks.demo", "--folder", str(folder)]
    command += ["--images", "60", "--motifs", "12"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_demo_ends_in_a_table_and_a_map_and_a_second_one_computes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("VSIG_TRAINING__EPOCHS", "1")
    monkeypatch.setenv("VSIG_TRAINING__MIN_LINKS", "4")
    first = demo(tmp_path / "demo")
    for label in ("images", "open conflicts", "grey thumbnail", "pretrained", "after round 2"):
        assert label in first, label
    assert (tmp_path / "demo" / "map.png").read_bytes().startswith(b"\x89PNG")
    second = demo(tmp_path / "demo")
    assert "candidate_model" in first and "candidate_model" not in second
    table = first.index("Corpus and judgements")
    assert second[second.index("Corpus") :].splitlines()[:-1] == first[table:].splitlines()[:-1]
