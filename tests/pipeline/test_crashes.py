"""A process that is killed: the next run ends as if nothing had happened."""

import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from small_project import make_project, pictures_of, run_quietly

from benchmarks.crashes import SMALL, Bench, draw_rounds, kill_once
from benchmarks.equal_tables import contents, differences
from vsig_core.project import Project, open_project
from vsig_core.store import Store

pytestmark = pytest.mark.slow


@pytest.fixture
def second_round(tmp_path: Path, sample: Path) -> Project:
    """A project after its first round, with new judgements, new pictures and one that is gone."""
    project = make_project(tmp_path / "project", sample, SMALL)
    pictures = sorted(pictures_of(project.folder).rglob("*.jpg"))
    held_back = [(path, path.read_bytes()) for path in pictures[::12]]
    for path, _ in held_back:
        path.unlink()
    shutil.copy(sample / "annotations-1.csv", project.inbox.uri())
    run_quietly(project)
    for path, data in held_back:
        path.write_bytes(data)
    pictures[1].unlink()
    shutil.copy(sample / "annotations-2.csv", project.inbox.uri())
    return project


@pytest.mark.timeout(1800)
def test_a_run_that_is_cut_off_after_any_of_its_commits_ends_with_equal_tables(
    second_round: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What a process that is killed leaves is a copy of its folder at that moment."""
    commit = Store._commit
    cuts: list[tuple[str, Path]] = []

    def kept(store: Store, name: str, *rest: Any) -> int:
        version = commit(store, name, *rest)
        place = tmp_path / f"cut-{len(cuts):02d}"
        shutil.copytree(second_round.folder, place)
        cuts.append((name, place))
        return version

    with monkeypatch.context() as undisturbed:
        undisturbed.setattr(Store, "_commit", kept)
        run_quietly(second_round)
    wanted = contents(second_round.store)
    assert {"annotations", "links", "models", "embeddings", "clusters"} <= {
        name for name, _ in cuts
    }
    faults = {}
    for name, place in cuts:
        project = open_project(place)
        run_quietly(project)
        found = differences(wanted, contents(project.store))
        found += [str(path) for path in place.rglob("alive-*")]
        assert run_quietly(project) == [], name
        shutil.rmtree(place)
        if found:
            faults[place.name, name] = found
    assert faults == {}


@pytest.mark.timeout(3600)
def test_kill_9_at_random_moments_loses_and_doubles_nothing(tmp_path: Path):
    bench = Bench(tmp_path)
    rounds = draw_rounds(bench, images=60, motifs=12, settings=SMALL)
    draw = random.Random(7)
    trials = [kill_once(bench, rounds[number % 2], draw) for number in range(8)]
    assert [trial for trial in trials if trial.faults] == []
