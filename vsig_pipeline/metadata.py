"""What Dagster shows of a step: rows, schema, versions, where from, figures, plots."""

import base64
from collections.abc import Mapping
from typing import Any

from dagster import (
    AssetKey,
    MetadataValue,
    TableColumn,
    TableColumnConstraints,
    TableColumnDep,
    TableColumnLineage,
    TableSchema,
)

from vsig_core.project import Project
from vsig_core.store import TABLES, Commit, Store
from vsig_pipeline.execution import Done
from vsig_pipeline.steps import STEPS, Step

Metadata = dict[str, Any]
# Columns that name the same thing in every table: a step hands them on as they are.
_CARRIED = ("uid", "batch", "sha256", "model_id", "cluster", "group")


def table_schema(table: str) -> TableSchema:
    """Columns of a table of the store, as Dagster shows them."""
    spec = TABLES[table]
    columns = [
        TableColumn(
            column.name,
            str(column.type),
            description=column.meaning,
            constraints=TableColumnConstraints(nullable=column.name not in spec.key),
        )
        for column in spec.columns
    ]
    return TableSchema(columns)


def definition_metadata(step: Step) -> Metadata:
    """What is known of an asset before it runs."""
    others = {f"columns of {name}": table_schema(name) for name in step.tables[:-1]}
    return {
        "dagster/column_schema": table_schema(step.mark),
        "dagster/table_name": step.mark,
        "tables": "; ".join(f"{name}: {TABLES[name].meaning}" for name in step.tables),
        "settings": ", ".join(step.sections) or "none",
        **others,
    }


def result_metadata(project: Project, step: Step, done: Done) -> Metadata:
    """What is known of an asset after it ran."""
    store = project.store
    metadata: Metadata = {
        "dagster/uri": store.uri(step.mark),
        "dagster/row_count": store.count(step.mark),
        "dagster/column_lineage": column_lineage(step),
        "known already": done.known,
        "versions": MetadataValue.json(dict(done.versions)),
        "read": MetadataValue.json(dict(done.read)),
        **{f"path of {name}": _place(store.uri(name)) for name in done.versions},
        **_runs(step, store, done),
    }
    for name, value in done.facts.items():
        metadata[name] = _shown(value)
    for title, picture in done.plots.items():
        kind = "png" if picture.startswith(b"\x89PNG") else "webp"
        encoded = base64.b64encode(picture).decode()
        metadata[title] = MetadataValue.md(f"![{title}](data:image/{kind};base64,{encoded})")
    return metadata


def column_lineage(step: Step) -> TableColumnLineage:
    """Which columns a step takes over unchanged, and from which asset."""
    columns = TABLES[step.mark].schema.names
    found = {
        column: [
            TableColumnDep(AssetKey(name), column)
            for name in step.inputs
            if column in TABLES[STEPS[name].mark].schema.names
        ]
        for column in _CARRIED
        if column in columns
    }
    return TableColumnLineage({column: deps for column, deps in found.items() if deps})


def _place(uri: str) -> MetadataValue[Any]:
    """A folder is a path to open; an address of a bucket is text."""
    return MetadataValue.text(uri) if "://" in uri else MetadataValue.path(uri)


def _runs(step: Step, store: Store, done: Done) -> Metadata:
    """Who made what was found, and what was read, with links to their runs.

    Not for batches: each would look through the history of all the others.
    """
    if step.batched:
        return {}
    rows = [_row(store, table, version) for table, version in sorted(done.read.items())]
    head = ["| table | version | step | run | at (UTC) |", "|---|---|---|---|---|"]
    shown: Metadata = {"made from": MetadataValue.md("\n".join([*head, *rows]))} if rows else {}
    if done.known and done.run_id:
        shown["made by run"] = MetadataValue.dagster_run(done.run_id)
    return shown


def _row(store: Store, table: str, version: int) -> str:
    found = (commit for commit in store.commits(table) if commit.version == version)
    commit: Commit | None = next(found, None)
    if commit is None:
        return f"| {table} | {version} | | | |"
    made = commit.provenance
    run = f"[{made.run_id[:8]}](/runs/{made.run_id})" if made.run_id else ""
    asset = f"[{made.step}](/assets/{made.step})" if made.step in STEPS else made.step
    return f"| {table} | {version} | {asset} | {run} | {commit.at:%Y-%m-%d %H:%M:%S} |"


def _shown(value: Any) -> Any:
    if isinstance(value, Mapping | list | tuple):
        return MetadataValue.json(value if isinstance(value, Mapping) else list(value))
    return "none" if value is None else value
