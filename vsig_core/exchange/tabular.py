"""Tables of the store as files that others read, and back without loss.

CSV (RFC 4180, UTF-8): text is quoted, what is not known is an empty cell without quotes,
lists are JSON, times ISO 8601. Tables of vectors are Parquet: as text they would be three
times as large.
"""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from vsig_core.errors import InputError
from vsig_core.store.schema import TABLES

# Bytes; a row has to lie in two blocks at most, and one verdict may name 100,000 pictures.
_BLOCK = 2**26


def is_parquet(name: str) -> bool:
    """Whether a table is kept as Parquet."""
    return "vector" in TABLES[name].schema.names


def file_name(name: str) -> str:
    """Name of a table's file."""
    return f"{name}.{'parquet' if is_parquet(name) else 'csv'}"


def write_table(name: str, rows: pa.Table, folder: Path) -> Path:
    """Write a table of the store into a folder; its pictures (binary) stand there as text keys."""
    path = folder / file_name(name)
    if is_parquet(name):
        pq.write_table(rows, path)
        return path
    for index, field in enumerate(rows.schema):
        if pa.types.is_list(field.type):
            rows = rows.set_column(index, field.name, _as_json(rows[field.name]))
    arrow_csv.write_csv(rows, path)
    return path


def read_table(name: str, folder: Path) -> pa.Table:
    """Read a table that `write_table` wrote, by the schema of the store.

    A binary column comes back as the text keys that stand there.

    Raises
    ------
    InputError
        A column is missing, or a cell is not of its type.
    """
    path = folder / file_name(name)
    try:
        if is_parquet(name):
            return pq.read_table(path).select(TABLES[name].schema.names).cast(TABLES[name].schema)
        return _from_csv(name, path)
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise InputError(f"{path} cannot be read as the table {name!r}: {error}.") from error


def _from_csv(name: str, path: Path) -> pa.Table:
    fields = list(TABLES[name].schema)
    types = {field.name: pa.string() if _as_text(field.type) else field.type for field in fields}
    rows = arrow_csv.read_csv(
        path,
        read_options=arrow_csv.ReadOptions(block_size=_BLOCK),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=types,
            include_columns=list(types),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    for index, field in enumerate(fields):
        if pa.types.is_list(field.type):
            lists = [None if text is None else json.loads(text) for text in rows[index].to_pylist()]
            rows = rows.set_column(index, field, pa.array(lists, field.type))
    return rows


def _as_text(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_binary(kind)


def _as_json(column: pa.ChunkedArray) -> pa.Array:
    values: list[Any] = column.to_pylist()
    texts = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
    return pa.array(texts, pa.string())
