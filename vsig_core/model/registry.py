"""The models table: who is in force. Pure functions on the table, exactly one champion."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from vsig_core.errors import InputError
from vsig_core.store.schema import schema


def register(models: pa.Table, row: Mapping[str, Any]) -> pa.Table:
    """Add a model; the first one becomes the champion, any other a candidate.

    Parameters
    ----------
    row
        Columns of the table `models`; the status is set here, reason and created_at where
        they are left out. A model that is registered already stays as it is.

    Raises
    ------
    InputError
        The row has no model_id, or columns that the table does not know.
    """
    unknown = set(row) - set(schema("models").names)
    if unknown or not row.get("model_id"):
        raise InputError(
            f"A model needs a model_id and known columns; unknown: {sorted(unknown) or 'none'}."
        )
    if row["model_id"] in models["model_id"].to_pylist():
        return models
    status, reason = (
        ("candidate", "not judged yet") if len(models) else ("champion", "the first model")
    )
    added = {"created_at": datetime.now(UTC), "reason": reason, **row, "status": status}
    return _table([*models.to_pylist(), added])


def champion(models: pa.Table) -> dict[str, Any] | None:
    """The model in force, as a row; None in an empty table."""
    return next((row for row in models.to_pylist() if row["status"] == "champion"), None)


def promote(models: pa.Table, model_id: str, reason: str) -> pa.Table:
    """Put a model in force; the champion so far retires.

    Raises
    ------
    InputError
        There is no such model.
    """
    _find(models, model_id)
    rows = []
    for row in models.to_pylist():
        if row["model_id"] == model_id:
            rows.append({**row, "status": "champion", "reason": reason})
        elif row["status"] == "champion":
            rows.append({**row, "status": "retired", "reason": f"replaced by {model_id}"})
        else:
            rows.append(row)
    return _table(rows)


def reject(models: pa.Table, model_id: str, reason: str) -> pa.Table:
    """Turn a model down; the champion stays.

    Raises
    ------
    InputError
        There is no such model, or it is the champion: promote another one instead.
    """
    if _find(models, model_id)["status"] == "champion":
        raise InputError(f"{model_id} is the champion; promote another model to replace it.")
    return _table(
        [
            {**row, "status": "rejected", "reason": reason} if row["model_id"] == model_id else row
            for row in models.to_pylist()
        ]
    )


def _find(models: pa.Table, model_id: str) -> dict[str, Any]:
    for row in models.to_pylist():
        if row["model_id"] == model_id:
            return row
    known = ", ".join(models["model_id"].to_pylist()) or "none"
    raise InputError(f"There is no model {model_id!r}. Known: {known}.")


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema("models"))
