"""What Dagster shows of a step: rows, schema, versions, figures, plots."""

import base64
from collections.abc import Mapping
from typing import Any

from dagster import (
    MetadataValue,
    TableColumn,
    TableColumnConstraints,
    TableSchema,
)

from vsig_core.project import Project
from vsig_core.store import TABLES
from vsig_pipeline.execution import Done
from vsig_pipeline.steps import Step

Metadata = dict[str, Any]


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
    return {
        "dagster/column_schema": table_schema(step.mark),
        "tables": ", ".join(step.tables),
    }


def result_metadata(project: Project, step: Step, done: Done) -> Metadata:
    """What is known of an asset after it ran."""
    metadata: Metadata = {
        "dagster/uri": project.store.uri(step.mark),
        "dagster/row_count": project.store.count(step.mark),
        "known already": done.known,
        "versions": MetadataValue.json(dict(done.versions)),
    }
    for name, value in done.facts.items():
        metadata[name] = _shown(value)
    for title, png in done.plots.items():
        encoded = base64.b64encode(png).decode()
        metadata[title] = MetadataValue.md(f"![{title}](data:image/png;base64,{encoded})")
    return metadata


def _shown(value: Any) -> Any:
    if isinstance(value, Mapping | list | tuple):
        return MetadataValue.json(value if isinstance(value, Mapping) else list(value))
    return "none" if value is None else value
