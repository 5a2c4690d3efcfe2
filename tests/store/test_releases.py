"""Projects that releases wrote, opened by the code of today; `write_release` makes them."""

import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import Result
from deltalake import DeltaTable
from typer.testing import CliRunner

from vsig_core.cli import build
from vsig_core.errors import StoreError
from vsig_core.exchange import FORMATS
from vsig_core.project import Project, open_project
from vsig_core.release import release
from vsig_core.store import TABLES, Provenance, Store, empty
from vsig_core.store.schema import Column
from vsig_core.upkeep import verify
from vsig_pipeline.running import run
from vsig_pipeline.steps import STEPS, below

RELEASES = sorted((Path(__file__).parent / "releases").glob("*.tar.xz"))
# What a round that moved no cluster has nothing to say of.
MAY_BE_EMPTY = {"cluster_changes"}


# Defaults that have changed since, as has how pictures are decoded for the network: with those of
# now, everything is learnt anew, and rightly so.
DEFAULTS_OF_THEN = {
    "VSIG_MODEL__POOLING": "mean",
    "VSIG_TRAINING__INTRA_MARGIN": "0.3",
}


@pytest.fixture(params=RELEASES, ids=lambda path: path.name.removesuffix(".tar.xz"))
def project(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Project:
    for name, value in DEFAULTS_OF_THEN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("vsig_core.model.preprocess.PREPROCESSING_VERSION", "letterbox-1")
    with tarfile.open(request.param) as packed:
        packed.extractall(tmp_path / "project", filter="data")
    return open_project(tmp_path / "project")


def vsig(project: Project, *words: object) -> Result:
    done = CliRunner().invoke(build(), ["--project", str(project.folder), *map(str, words)])
    assert done.exit_code == 0, done.exception
    return done


def tables(project: Project) -> list[str]:
    return sorted(path.name for path in Path(project.store.uri("links")).parent.iterdir())


def stamp(store: Store, name: str) -> int:
    """Version of the declaration that a table was written by."""
    said = DeltaTable(store.uri(name)).metadata().description or ""
    return int(said.partition(":")[0].removeprefix("vsig schema "))


def declared(store: Store, name: str) -> dict[str, dict[str, Any]]:
    """Columns as Delta Lake keeps them: type and meaning."""
    fields = json.loads(DeltaTable(store.uri(name)).schema().to_json())["fields"]
    return {field["name"]: field for field in fields}


def test_there_are_some_and_they_are_small():
    assert RELEASES
    for path in RELEASES:
        assert path.stat().st_size < 500_000, f"{path}: a clone should not be slow for it"


def test_a_table_that_is_declared_otherwise_than_then_has_a_higher_version(
    project: Project, tmp_path: Path
):
    today = Store(str(tmp_path / "today"))
    for name in tables(project):
        spec = TABLES[name]
        today.write(name, empty(name), Provenance("x"))
        before, now = declared(project.store, name), declared(today, name)
        assert {column: now.get(column) for column in before} == before, name
        metadata = DeltaTable(project.store.uri(name)).metadata()
        assert tuple(metadata.partition_columns) == spec.partitions, name
        if before != now:
            assert stamp(project.store, name) < spec.version, (
                f"{name} has new columns: raise its version, or an older vsig fails to write it"
            )


def test_every_table_is_read_in_every_version_that_is_left(project: Project):
    for name in tables(project):
        rows = project.store.read(name)
        assert rows.schema.equals(TABLES[name].schema), name
        assert rows.num_rows or name in MAY_BE_EMPTY, name
        for commit in project.store.commits(name):
            if commit.readable:
                project.store.read(name, version=commit.version)
    found = verify(project.store, lambda _label: lambda _done, _total: None)
    assert found.damaged == [] and found.unsealed == 0


def test_it_is_shown_and_exported(project: Project, tmp_path: Path):
    status = json.loads(vsig(project, "status", "--json").stdout)
    rows = {entry["table"]: entry["rows"] for entry in status["tables"]}
    assert {name: rows[name] for name in tables(project)} == {
        name: project.store.count(name) for name in tables(project)
    }
    assert status["champion"]["model_id"].startswith("m-")
    for name in FORMATS:
        done = json.loads(vsig(project, "export", name, tmp_path / name, "--json").stdout)
        assert sum(done["written"].values()) > 0, name
    traced = json.loads(vsig(project, "trace", "0a.jpg", "--json").stdout)
    assert "annotations-1.csv" in json.dumps(traced)


def steps_with_newer_code(project: Project) -> set[str]:
    """Steps that compute something else now than they did then, and what follows from them."""
    changed: set[str] = set()
    for step in STEPS.values():
        made = (commit.provenance for commit in project.store.commits(step.mark))
        newest = next((one.code for one in made if one.step == step.name), "there was no such step")
        changed |= below(step.name) if newest != step.code else set()
    return changed


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_run_does_what_is_stale_and_takes_what_is_new(project: Project):
    stale = steps_with_newer_code(project)
    kept = {name: project.store.version(name) for name in tables(project)}
    # The pictures lie in another folder than then: they are looked at, and are the same.
    done = {task.step for task in go(project)}
    assert done <= stale | {"images", "corpus"}
    written = {table for name in done for table in STEPS[name].tables} | {"batches"}
    for name in kept.keys() - written:
        assert project.store.version(name) == kept[name], name
    assert go(project) == []
    links, ids = project.store.count("links"), project.store.read("cluster_ids")["cluster"]
    row = "type,img1,img2,annotator\nPOSITIVE,4c.jpg,5a.jpg,luca\n"
    project.inbox.write("annotations-3.csv", row.encode())
    go(project)
    new = {"img1": "4c.jpg", "img2": "5a.jpg", "verdict": "POSITIVE", "annotators": ["luca"]}
    found = [
        link for link in project.store.read("links").to_pylist() if link.items() >= new.items()
    ]
    assert len(found) == 1 and project.store.count("links") == links + 1
    assert set(ids.to_pylist()) <= set(project.store.read("cluster_ids")["cluster"].to_pylist())
    assert go(project) == []


def go(project: Project) -> list[Any]:
    return run(project, lambda _label, _done, _total: None, lambda _task: None).tasks


def test_a_table_of_then_is_brought_to_the_declaration_of_now_when_it_is_written(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    store, spec = project.store, TABLES["links"]
    rows, version = store.read("links"), store.version("links")
    mood = Column("mood", pa.string(), "of the day")
    newer = replace(spec, version=spec.version + 1, columns=(*spec.columns, mood))
    with monkeypatch.context() as later:
        later.setitem(TABLES, "links", newer)
        assert store.read("links")["mood"].null_count == rows.num_rows
        assert stamp(store, "links") == spec.version, "reading changes nothing"
        more = pa.Table.from_pylist([{"img1": "x", "img2": "y", "mood": "glad"}], newer.schema)
        store.append("links", more, Provenance("x"))
        assert stamp(store, "links") == newer.version
        read = store.read("links")
        assert read.num_rows == rows.num_rows + 1 and read["mood"].null_count == rows.num_rows
        assert store.read("links", version=version).drop_columns(["mood"]).equals(rows)
        assert verify(store, lambda _label: lambda _done, _total: None).damaged == []
    with pytest.raises(StoreError, match="newer vsig"):
        Store(store.location.root).read("links")


def test_what_is_kept_of_versions_since_is_kept_of_those_to_come(project: Project):
    """The table `provenance` had no column for the release before 0.1.0."""
    known = project.store.count("provenance")
    rows = project.store.read("links")
    for _ in range(3):
        project.store.write("links", rows, Provenance("x"))
    vsig(project, "clean", "--keep", 1, "--apply")
    assert stamp(project.store, "provenance") == TABLES["provenance"].version
    kept = project.store.read("provenance").to_pylist()
    assert len(kept) > known
    said = {row["release"] for row in kept if row["step"] == "x"}
    assert said == {release()}
    assert project.store.commits("links")[-1].provenance.step
