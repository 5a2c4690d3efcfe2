"""What Dagster loads, and how a materialisation looks to it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import (
    AssetCheckSeverity,
    AssetKey,
    DagsterInstance,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    materialize,
)
from small_project import run_quietly

from vsig_core.project import PROJECT_VARIABLE, Project
from vsig_core.store import TABLES
from vsig_pipeline.assets import ASSETS
from vsig_pipeline.checks import CHECKS
from vsig_pipeline.definitions import defs
from vsig_pipeline.resources import ProjectResource
from vsig_pipeline.steps import STEPS, below


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


def test_the_graph_is_that_of_the_design():
    arrows = {(up, step.name) for step in STEPS.values() for up in step.inputs}
    assert arrows >= {
        ("images", "corpus"), ("annotations", "morphograph"), ("morphograph", "triplets"),
        ("triplets", "candidate_model"), ("candidate_model", "evaluation"),
        ("evaluation", "model"), ("model", "embeddings"), ("embeddings", "vectors"),
        ("vectors", "neighbours"), ("neighbours", "clusters"), ("neighbours", "layout"),
        ("clusters", "groups"), ("groups", "review_queue"),
    }  # fmt: skip
    assert "triplets" not in below("embeddings")  # feedback is no cycle


def test_every_asset_has_what_the_dagster_ui_shows():
    graph = defs.resolve_asset_graph()
    assert set(graph.get_all_asset_keys()) == {AssetKey(name) for name in STEPS}
    for asset in ASSETS:
        spec = next(iter(asset.specs))
        assert spec.description and len(spec.description) > 40, spec.key
        assert spec.code_version and spec.group_name and spec.kinds and spec.owners, spec.key
        assert spec.metadata["dagster/column_schema"].columns, spec.key
        assert asset.op.retry_policy is not None
        step = STEPS[spec.key.to_user_string()]
        assert spec.tags["vsig/stage"] == step.stage
        for table in step.tables[:-1]:
            assert spec.metadata[f"columns of {table}"].columns, table
            assert table in spec.metadata["tables"]


def test_what_the_nightly_schedule_looks_at_has_to_be_fresh():
    (nightly,) = defs.schedules or ()
    job = defs.resolve_job_def(nightly.job_name)  # type: ignore[union-attr]
    looked_at = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    timed = {
        next(iter(asset.specs)).key.to_user_string()
        for asset in ASSETS
        if next(iter(asset.specs)).freshness_policy is not None
    }
    assert timed == looked_at


def test_tables_of_all_steps_are_tables_of_the_store():
    written = {table for step in STEPS.values() for table in step.tables}
    assert written <= set(TABLES)


def test_only_checks_of_broken_data_block():
    blocking = {check.name for checks in CHECKS for check in checks.check_specs if check.blocking}
    assert blocking == {"splits_do_not_leak", "vectors_are_unit_vectors"}


def test_no_check_runs_once_for_each_batch():
    # Each looks at the whole project, and would take time by the square of the batches.
    checked = {check.asset_key for checks in CHECKS for check in checks.check_specs}
    batched = {AssetKey(step.name) for step in STEPS.values() if step.batched}
    assert not checked & batched


def test_the_corpus_warns_of_what_is_amiss_in_the_sources(grown: Project):
    (check,) = [c for c in CHECKS if c.check_key.name == "sources_were_understood"]
    resource = ProjectResource(folder=str(grown.folder))
    assert check(project=resource).passed
    settings = grown.folder / "vsig.toml"
    metadata = grown.folder / "metadata.csv"
    metadata.write_text("filename,title\ngone.jpg,Leda\n")
    uri = settings.read_text().replace("[[source]]", f'[[source]]\nmetadata = "{metadata}"')
    settings.write_text(uri)
    found = check(project=resource)
    assert not found.passed and found.severity is AssetCheckSeverity.WARN
    assert "gone.jpg" in found.description and "60 pictures without a row" in found.description
    settings.write_text(uri.replace('uri = "', 'uri = "/nowhere'))
    assert "does not exist" in check(project=resource).description


def test_sensors_and_the_nightly_schedule_run_from_the_start():
    for sensor in defs.sensors or ():
        assert sensor.default_status is DefaultSensorStatus.RUNNING  # type: ignore[union-attr]
    (nightly,) = defs.schedules or ()
    assert nightly.default_status is DefaultScheduleStatus.RUNNING  # type: ignore[union-attr]


def test_definitions_load_without_a_project_and_assets_say_what_to_do(
    tmp_path: Path, instance: DagsterInstance
):
    script = "from vsig_pipeline.definitions import defs; print(len(list(defs.assets)))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == len(STEPS)
    asset = next(a for a in ASSETS if a.key == AssetKey("corpus"))
    result = materialize(
        [asset],
        resources={"project": ProjectResource(folder=str(tmp_path))},
        instance=instance,
        raise_on_error=False,
    )
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "vsig init" in str(failure.step_failure_data.error)


def test_materialising_what_is_known_writes_nothing_and_keeps_its_data_version(
    grown: Project, instance: DagsterInstance
):
    before = grown.store.version("neighbours")
    asset = next(a for a in ASSETS if a.key == AssetKey("neighbours"))
    versions = []
    for _ in range(2):
        result = materialize(
            [asset],
            resources={"project": ProjectResource(folder=str(grown.folder))},
            instance=instance,
        )
        (event,) = result.get_asset_materialization_events()
        assert event.materialization.metadata["known already"].value is True
        assert event.materialization.metadata["dagster/row_count"].value == 60
        versions.append(event.materialization.tags["dagster/data_version"])  # type: ignore[index]
        made_from = event.materialization.metadata["made from"].value
        vectors = grown.store.commits("vectors")[0]
        assert f"[vectors](/assets/vectors) | [{vectors.provenance.run_id[:8]}](/runs/" in made_from
        by = grown.store.commits("neighbours")[0].provenance.run_id
        assert event.materialization.metadata["made by run"].value == by
        path = event.materialization.metadata["path of neighbours"].value
        assert path == grown.store.uri("neighbours")
    assert versions[0] == versions[1]
    assert grown.store.version("neighbours") == before


def test_plots_are_shown_where_a_person_would_look(grown: Project, monkeypatch: pytest.MonkeyPatch):
    run_quietly(grown)
    monkeypatch.setenv("DAGSTER_HOME", str(grown.dagster_home))
    monkeypatch.setenv(PROJECT_VARIABLE, str(grown.folder))
    shown = {}
    with DagsterInstance.get() as instance:
        for name in STEPS:
            event = instance.get_latest_materialization_event(AssetKey(name))
            assert event is not None and event.asset_materialization is not None, name
            shown[name] = event.asset_materialization.metadata
    for name, title in {
        "candidate_model": "training curve",
        "evaluation": "retrieval",
        "clusters": "cluster sizes",
        "atlas": "map",
    }.items():
        picture = shown[name][title].value
        assert "data:image/png;base64," in str(picture)
        assert len(str(picture)) < 150_000, f"{name}: the event log keeps every picture"
