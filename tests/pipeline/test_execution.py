"""How a step is carried out where something comes between: a failure, a crash, another commit."""

import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module

import pyarrow as pa
import pytest
from small_project import edit_settings, materialise, versions

from vsig_core.errors import StoreError, TrainingError
from vsig_core.project import Project
from vsig_core.store import Provenance, Store, schema
from vsig_pipeline.execution import Inputs, Outcome, carry_out
from vsig_pipeline.state import State
from vsig_pipeline.steps import STEPS


def test_a_training_that_failed_after_a_change_of_backbone_is_computed_again(
    grown: Project, monkeypatch: pytest.MonkeyPatch
):
    project = edit_settings(
        grown,
        ('backbone = "resnet18"', 'backbone = "resnet34"'),
        ("min_links = 4", "min_links = 1000"),
    )

    def dies(_: object) -> int:
        raise TrainingError("the loss is not a number")

    with monkeypatch.context() as broken:
        broken.setattr(import_module("vsig_pipeline.assets.model"), "_training_links", dies)
        assert not materialise(project, "candidate_model").success
    assert materialise(project, "candidate_model").success
    facts = State(project).commits(STEPS["candidate_model"])[0].provenance.facts
    assert "not trained" in facts["why"]
    made = State(project).data_version("candidate_model")
    assert made in {"none", *project.store.read("models")["model_id"].to_pylist()}


def test_a_step_whose_outcome_cannot_be_kept_is_not_begun(
    grown: Project, monkeypatch: pytest.MonkeyPatch
):
    """It may be a training of hours."""
    project = edit_settings(grown, ("[training]", '[splits]\nsalt = "other"\n[training]'))
    inputs = Inputs(project, STEPS["morphograph"])

    def denied(_: object) -> None:
        raise StoreError("AccessDenied")

    monkeypatch.setattr(type(project.store.files), "check_writable", denied)
    with pytest.raises(StoreError, match="AccessDenied"):
        carry_out(inputs, lambda _: pytest.fail("it was begun"))


def test_a_crash_between_two_tables_loses_no_move_between_splits(
    grown: Project, monkeypatch: pytest.MonkeyPatch
):
    """What the next try is derived from, drawn_splits, must not be written before the moves."""
    step = STEPS["morphograph"]
    moved = {"uid": "a", "before": "train", "after": "test", "at": datetime.now(UTC)}
    outcome = Outcome(
        tables={name: grown.store.read(name) for name in step.tables if name != "split_moves"},
        added={"split_moves": pa.Table.from_pylist([moved], schema("split_moves"))},
    )
    project = edit_settings(grown, ("[training]", '[splits]\nsalt = "other"\n[training]'))
    before = versions(project)

    def full(*_: object, **_named: object) -> int:
        raise StoreError("No space left on device.")

    with monkeypatch.context() as broken:
        broken.setattr(Store, "append", full)
        with pytest.raises(StoreError, match="No space"):
            carry_out(Inputs(project, step), lambda _: outcome)
    assert versions(project) == before
    done = carry_out(Inputs(project, step), lambda _: outcome)
    assert list(done.versions) == list(step.tables)
    assert project.store.count("split_moves") == 1


@pytest.mark.parametrize("lands", ["before the key", "after the key"])
def test_what_lands_while_a_step_begins_is_read_or_makes_it_stale_again(
    grown: Project, monkeypatch: pytest.MonkeyPatch, lands: str
):
    taken = State.key

    def land() -> None:
        links = grown.store.read("links").slice(1)
        other = Provenance("morphograph", key="other", data_version="other")
        grown.store.write("links", links, other)

    def key(state: State, name: str, batch: str | None = None) -> str:
        if lands == "before the key":
            land()
        found = taken(state, name, batch)
        if lands == "after the key":
            land()
        return found

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(State, "key", key)
        inputs = Inputs(grown, STEPS["triplets"])
    newest = inputs.versions["links"] == grown.store.version("links")
    assert newest or inputs.key != State(grown).key("triplets")


HOLDER = """
import sys
from vsig_core.project import open_project
from vsig_pipeline.lock import one_at_a_time
with one_at_a_time(open_project(), print):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_run_beside_another_waits_for_it_and_goes_on_when_that_is_killed(
    grown: Project, monkeypatch: pytest.MonkeyPatch
):
    project = edit_settings(grown, ("[training]", "[neighbours]\nk = 5\n[training]"))
    before = project.store.version("neighbours")
    said: list[str] = []

    def heard(line: str) -> None:
        said.append(line)
        assert project.store.version("neighbours") == before
        other.kill()

    monkeypatch.setattr("vsig_pipeline.assets.declare.note", heard)
    monkeypatch.setenv("VSIG_PROJECT", str(project.folder))
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == b"held\n"
        assert materialise(project, "neighbours").success
    assert len(said) == 1 and "another run is at it" in said[0]
    assert project.store.version("neighbours") != before
