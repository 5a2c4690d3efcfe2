"""`make demo`, small: the same code that measures at full size."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.demo import stood_before
from vsig_core.project import open_project

ROOT = Path(__file__).parent.parent


def demo(folder: Path) -> str:
    done = subprocess.run(command(folder), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def result(said: str) -> str:
    """What a demo found: all it says after its steps but where things lie and how long it took."""
    return said[said.index("Corpus and judgements") : said.index("Map:")]


def command(folder: Path) -> list[str]:
    words = [sys.executable, "-m", "benchmarks.demo", "--folder", str(folder)]
    return [*words, "--images", "60", "--motifs", "12"]


def killed_at(line: str, times: int, folder: Path) -> None:
    """A demo that is killed when it says a line for the n-th time."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command(folder), cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        seen = 0
        while seen < times:
            said = process.stdout.readline()
            assert said, f"it ended before {line!r}"
            seen += line in said
        process.kill()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSIG_TRAINING__EPOCHS", "1")
    monkeypatch.setenv("VSIG_TRAINING__MIN_LINKS", "4")


@pytest.mark.slow
def test_the_demo_ends_in_a_table_and_a_map_and_a_second_one_computes_nothing(
    tmp_path: Path, quick: None
):
    first = demo(tmp_path / "demo")
    for label in ("images", "open conflicts", "grey thumbnail", "pretrained", "after round 2"):
        assert label in first, label
    assert (tmp_path / "demo" / "map.png").read_bytes().startswith(b"\x89PNG")
    pictures = [sys.executable, ROOT / "docs" / "write_pictures.py", tmp_path / "demo", tmp_path]
    subprocess.run(pictures, cwd=ROOT, check=True)
    assert len([*tmp_path.glob("tutorial-*")]) == 4
    second = demo(tmp_path / "demo")
    assert "candidate_model" in first and "candidate_model" not in second
    assert result(second) == result(first)


@pytest.mark.slow
def test_a_demo_that_was_killed_in_its_second_round_ends_like_any_other(
    tmp_path: Path, quick: None
):
    killed_at("candidate_model", 2, tmp_path / "demo")
    before = stood_before(open_project(tmp_path / "demo").store, None)
    said = demo(tmp_path / "demo")
    assert "after round 1" in said and "after round 2" in said
    store = open_project(tmp_path / "demo").store
    assert stood_before(store, "annotations-2.csv") == before
    assert stood_before(store, None).clusters > before.clusters
    assert result(demo(tmp_path / "demo")) == result(said)
