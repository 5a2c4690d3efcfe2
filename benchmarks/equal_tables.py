"""Whether two stores hold equal tables: without times and run ids, floats within 1e-5."""

import json
import math
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from vsig_core.store import TABLES, Store

TOLERANCE = 1e-5
# Where a thing lies among the versions, and which run wrote it, is no part of what it is.
_NOT_COMPARED = {"run_id", "seconds", "version"}

Rows = list[dict[str, Any]]


def contents(store: Store) -> dict[str, Rows]:
    """Every table's rows, in the order of its key, reduced to what is compared."""
    return {name: _rows(store.read_or_empty(name)) for name in TABLES if name != "provenance"}


def differences(wanted: Mapping[str, Rows], got: Mapping[str, Rows]) -> list[str]:
    """What differs, one line for each table; a table with doubled keys is named too."""
    found = []
    for name, rows in got.items():
        key = [tuple(row.get(column) for column in TABLES[name].key) for row in rows]
        if len(set(key)) < len(key):
            found.append(f"{name}: {len(key) - len(set(key))} rows are there twice")
        if len(rows) != len(wanted[name]):
            found.append(f"{name}: {len(rows)} rows instead of {len(wanted[name])}")
            continue
        for ours, theirs in zip(wanted[name], rows, strict=True):
            columns = [column for column in ours if not _equal(ours[column], theirs[column])]
            if columns:
                at = [ours.get(column) for column in TABLES[name].key]
                column = columns[0]
                shown = f"{str(theirs[column])[:60]!r} instead of {str(ours[column])[:60]!r}"
                found.append(f"{name} {at}: {', '.join(columns)}: {shown}")
                break
    return found


def _rows(table: pa.Table) -> Rows:
    kept = [
        field.name
        for field in table.schema
        if field.name not in _NOT_COMPARED and not pa.types.is_timestamp(field.type)
    ]
    return [
        {name: _reduced(name, value) for name, value in row.items()}
        for row in table.select(kept).to_pylist()
    ]


def _reduced(name: str, value: Any) -> Any:
    """A model's metrics without how long its training took."""
    return _timeless(json.loads(value)) if name == "metrics" and value else value


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(part) for key, part in value.items() if key not in _NOT_COMPARED}
    return [_timeless(part) for part in value] if isinstance(value, list) else value


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        same = math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        return same or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    return one == other
