"""`vsig model`: what a decision by hand changes in a project, and what it leaves alone."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import Result
from dagster import AssetKey, DagsterInstance
from small_project import edit_settings, materialise, run_quietly, run_stage
from typer.testing import CliRunner

from vsig_core.cli import build
from vsig_core.console import STDOUT
from vsig_core.project import Project
from vsig_core.store import Provenance, schema
from vsig_core.vectors import vectors_in_force
from vsig_pipeline.state import State


def vsig(project: Project, *words: str) -> Result:
    return CliRunner().invoke(build(), ["--project", str(project.folder), "model", *words])


def asked(project: Project, *words: str) -> dict:
    done = vsig(project, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def other(grown: Project) -> str:
    """A model that is not in force: the one that the gate turned down, or replaced."""
    models = asked(grown, "list")["models"]
    (name,) = [entry["model_id"] for entry in models if entry["status"] != "champion"]
    return name


def test_a_promotion_says_what_becomes_stale_and_a_run_brings_it_up_to_date(
    grown: Project, other: str
):
    before = vectors_in_force(grown.store)
    done = asked(grown, "promote", other, "--reason", "it finds the hands")
    assert done["changed"] and done["change"]["reason"] == "it finds the hands"
    assert {"vectors", "neighbours", "clusters", "review_queue"} <= {
        entry["asset"] for entry in done["stale"]
    }
    assert not {"candidate_model", "evaluation", "model"} & {e["asset"] for e in done["stale"]}
    assert vectors_in_force(grown.store).model_id == before.model_id  # the old ones serve
    run_quietly(grown)
    assert vectors_in_force(grown.store).model_id == other
    assert State(grown).champion == other and run_quietly(grown) == []


def test_old_vectors_serve_until_all_of_the_new_model_are_there(grown: Project, other: str):
    before = vectors_in_force(grown.store)
    said = vsig(grown, "promote", other)
    assert f"those of {before.model_id} serve" in said.stderr
    pictures = grown.folder.parent / "more"
    pictures.mkdir()
    settings = grown.folder / "vsig.toml"
    settings.write_text(f'[[source]]\nuri = "{pictures}"\n{settings.read_text()}')
    source = Path(grown.store.read("images")["uri"][0].as_py())
    shutil.copy(source, pictures / "new.jpg")
    run_stage(grown, "ingest")  # a batch that has no vectors of the new model yet
    table = grown.store.read("vectors")
    assert set(table["model_id"].to_pylist()) == {before.model_id}


def test_a_rollback_needs_no_new_vectors_and_holds_against_the_gate(grown: Project):
    models = asked(grown, "list")["models"]
    (trained,) = [entry["model_id"] for entry in models if entry["origin"] == "trained"]
    asked(grown, "promote", trained)
    run_quietly(grown)
    back = asked(grown, "rollback", "--reason", "worse on prints")
    stale = {entry["asset"] for entry in back["stale"]}
    assert "vectors" in stale and "embeddings" not in stale
    changed = edit_settings(grown, ("bootstrap = 100", "bootstrap = 101"))
    steps = {task.step for task in run_quietly(changed)}
    assert {"evaluation", "model"} <= steps and "candidate_model" not in steps
    assert State(changed).champion == back["change"]["model_id"] != trained
    newest = changed.store.commits("models")[0].provenance
    assert newest.step == "model" and "worse on prints" in newest.facts["why"]


def test_dagster_shows_who_decided(grown: Project, other: str, monkeypatch: pytest.MonkeyPatch):
    asked(grown, "promote", other, "--reason", "it finds the hands")
    monkeypatch.setenv("DAGSTER_HOME", str(grown.dagster_home))
    with DagsterInstance.get() as instance:
        event = instance.get_latest_materialization_event(AssetKey("model"))
    assert event is not None and event.asset_materialization is not None
    assert event.asset_materialization.metadata["why"].value == "it finds the hands"
    assert event.asset_materialization.tags["dagster/data_version"] == other  # type: ignore[index]


def test_the_list_is_a_table_for_people(
    grown: Project, other: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(STDOUT, "_width", 200)
    shown = vsig(grown, "list").stdout
    assert other in shown and "champion, serves" in shown and "first" in shown


def test_an_unknown_model_is_refused_by_name(grown: Project):
    done = vsig(grown, "promote", "m-none")
    assert "m-none" in str(done.exception) and "Known:" in str(done.exception)


@pytest.fixture
def undecided(grown: Project) -> tuple[Project, str]:
    """A project in which the gate has not decided yet, and the candidate."""
    models = grown.store.read("models").to_pylist()
    for row in models:
        row["status"] = "champion" if row["origin"] == "pretrained" else "candidate"
    (name,) = [row["model_id"] for row in models if row["origin"] == "trained"]
    grown.store.write("models", pa.Table.from_pylist(models, schema("models")), Provenance("test"))
    return edit_settings(grown, ("bootstrap = 100", "bootstrap = 101")), name


def test_the_gate_asks_the_newest_evaluation_alone(undecided: tuple[Project, str]):
    project, candidate = undecided
    table = project.store.read("evaluations")
    rows = [row for row in table.to_pylist() if row["metric"] != "rejected_apart"]
    older = next(row for row in rows if row["subject"] == candidate) | {
        "split": "pool",
        "metric": "rejected_apart",
        "links_version": -1,
        "n": 30,
    }
    rows.append(older | dict.fromkeys(("value", "ci_low", "ci_high"), -0.5))
    project.store.write("evaluations", pa.Table.from_pylist(rows, table.schema), Provenance("test"))
    assert materialise(project, "model").success
    (row,) = [r for r in project.store.read("models").to_pylist() if r["model_id"] == candidate]
    assert row["status"] != "candidate" and "rejected pairs" not in row["reason"]


def test_what_was_not_evaluated_is_not_decided(undecided: tuple[Project, str]):
    project, candidate = undecided
    table = project.store.read("evaluations")
    others = [name != candidate for name in table["model_id"].to_pylist()]
    project.store.write("evaluations", table.filter(pa.array(others)), Provenance("test"))
    done = materialise(project, "model")
    (failed,) = [event for event in done.all_events if event.is_step_failure]
    assert f"{candidate} has not been evaluated" in str(failed.event_specific_data)
    assert State(project).champion != candidate
