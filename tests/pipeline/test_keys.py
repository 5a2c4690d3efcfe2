"""Which settings make which steps stale, and which make none."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from small_project import run_stage

from vsig_core.project import Project, open_project
from vsig_core.settings import SourceSettings
from vsig_pipeline.running import due
from vsig_pipeline.state import State
from vsig_pipeline.steps import STEPS


def with_settings(
    project: Project, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> Project:
    """The same project with some of its settings overridden, nothing copied or written."""
    for name, value in variables.items():
        monkeypatch.setenv(f"VSIG_{name}", value)
    return open_project(project.folder)


def changed_keys(before: Project, after: Project) -> set[str]:
    """Steps that the other settings make stale by themselves."""
    one, other = State(before), State(after)
    return {
        name
        for name, step in STEPS.items()
        if not step.batched and one.key(name) != other.key(name)
    }


@pytest.mark.parametrize(
    ("variables", "stale"),
    [
        ({"MODEL__POOLING": "max"}, {"triplets", "candidate_model", "evaluation"}),
        ({"ANNOTATIONS__SAME_WORK": "show"}, {"evaluation", "groups", "review_queue"}),
        ({"TRIPLETS__POOL_SIZE": "10"}, {"triplets", "evaluation"}),
        ({"TRIPLETS__RANDOM_NEGATIVES": "2"}, {"triplets"}),
        ({"ANNOTATIONS__MIN_NEW_LINKS": "3", "ANNOTATIONS__MAX_WAIT_HOURS": "1"}, set()),
    ],
)
def test_a_setting_makes_stale_what_it_settles_and_nothing_else(
    finished: Project,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    stale: set[str],
):
    changed = with_settings(finished, monkeypatch, variables)
    assert changed_keys(finished, changed) == stale
    asked = {task.step for task in due(changed) if task.key}
    assert asked <= stale and bool(asked) == bool(stale)


def test_the_reason_names_the_settings_as_the_file_writes_them(
    finished: Project, monkeypatch: pytest.MonkeyPatch
):
    changed = with_settings(finished, monkeypatch, {"ANNOTATIONS__SAME_WORK": "show"})
    reasons = {task.step: task.reason for task in due(changed)}
    assert "[annotations] same_work" in reasons["evaluation"]


def test_a_new_source_and_a_new_batch_size_read_nothing_again(
    finished: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    assert due(with_settings(finished, monkeypatch, {"IMAGES__BATCH_SIZE": "7"})) == []
    Image.new("RGB", (64, 64)).save(tmp_path / "one.png")
    source = SourceSettings(uri=str(tmp_path), publish="thumb")
    more = finished.settings.model_copy(update={"source": (*finished.settings.source, source)})
    read = [task for task in due(replace(finished, settings=more)) if task.step == "images"]
    assert [task.reason for task in read] == ["new"]


def test_new_settings_of_pictures_or_newer_code_decode_known_pictures_again(
    grown: Project, monkeypatch: pytest.MonkeyPatch
):
    before = grown.store.read("images", columns=["uid", "added_at", "thumb"])
    project = with_settings(grown, monkeypatch, {"IMAGES__THUMB_PX": "32"})
    for code in ("1", "2"):
        monkeypatch.setitem(STEPS, "images", replace(STEPS["images"], code=code))
        run_stage(project, "ingest")
        assert project.store.commits("images")[0].provenance.facts["decoded"] == 60
    after = project.store.read("images", columns=["uid", "added_at", "thumb"])
    assert after["added_at"].equals(before["added_at"])
    assert not after["thumb"].equals(before["thumb"])
