"""Tables that describe or list pictures, whatever their format: rows of text out.

CSV is read by `metadata`; here are JSON Lines, as Hugging Face `imagefolder` has them, and
Parquet. A list becomes "a; b", anything deeper JSON.
"""

import io
import json
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vsig_core.corpus.metadata import (
    NAMING_COLUMNS,
    MetadataFile,
    MetadataRow,
    cells_problem,
    read_metadata,
)
from vsig_core.errors import SourceError

TABLE_EXTENSIONS = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"})


def is_table(name: str) -> bool:
    """Whether a file is read as a table, by its extension."""
    return PurePosixPath(name).suffix.lower() in TABLE_EXTENSIONS


def read_table(data: bytes, name: str, file_name: str | None = None) -> MetadataFile:
    """Read a table by the extension of its file name; CSV where that says nothing.

    Parameters
    ----------
    data
        Content of the file.
    name
        How to call it in notes and errors.
    file_name
        The end of it, where an address says more than that.

    Raises
    ------
    SourceError
        The file is no such table, or has no column that names a picture.
    """
    extension = PurePosixPath(file_name or name).suffix.lower()
    if extension in {".jsonl", ".ndjson"}:
        return _checked(_json_lines(data, name), name)
    if extension == ".parquet" or data.startswith(b"PAR1"):
        return _checked(_parquet(data, name), name)
    return read_metadata(data, name)


def _checked(read: MetadataFile, name: str) -> MetadataFile:
    columns = {column for row in read.rows for column in row.values}
    if read.rows and columns.isdisjoint(NAMING_COLUMNS):
        raise SourceError(
            f"{name} has no column that names the picture; one of {', '.join(NAMING_COLUMNS)} is "
            f"needed, it has {', '.join(sorted(columns))}. Add one, or name another file in "
            "vsig.toml."
        )
    return read


def _json_lines(data: bytes, name: str) -> MetadataFile:
    read = MetadataFile([], [])
    for number, line in enumerate(data.decode("utf-8-sig", "replace").split("\n"), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            read.refused.append(f"{name}, line {number} is not JSON ({error})")
            continue
        if isinstance(values, dict):
            _take(values, number, name, read)
        else:
            read.refused.append(f"{name}, line {number} is no object like {{…}}")
    if read.refused and not read.rows:
        raise SourceError(
            f"{name} holds no usable line of JSON: {read.refused[0]}. Save the table as JSON Lines."
        )
    return read


def _parquet(data: bytes, name: str) -> MetadataFile:
    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{name} is not valid Parquet: {error}") from error
    dropped = [field.name for field in table.schema if _holds_bytes(field.type)]
    read = MetadataFile([], [f"{name}: column {c} holds bytes, left out." for c in dropped])
    for number, values in enumerate(table.drop_columns(dropped).to_pylist(), 1):
        _take(values, number, name, read)
    return read


def _take(values: Mapping[str, Any], number: int, name: str, read: MetadataFile) -> None:
    row = MetadataRow(number, cells(values))
    if problem := cells_problem(row.values.values()):
        read.refused.append(f"{name}, line {number}: {problem}")
    else:
        read.rows.append(row)


def _holds_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return any(_holds_bytes(field.type) for field in kind)
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def cells(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as text by column in lower case, blank ones left out; the first of equal names."""
    named: dict[str, str] = {}
    for name, value in values.items():
        text, column = _text(value).strip(), name.strip().lower()
        if column and text:
            named.setdefault(column, text)
    return named


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple) and not any(isinstance(v, dict | list) for v in value):
        return "; ".join(_all_texts(value))
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _all_texts(values: Iterable[Any]) -> Iterable[str]:
    return filter(None, (_text(value).strip() for value in values))
