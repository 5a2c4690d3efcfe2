"""The tables of the store: columns, key, partitions, and what each column means.

This package is the only place where a column is declared; `docs/tables.md` is
written from it. Times are UTC. Boxes are `x,y,w,h` in fractions of the picture.
"""

import pyarrow as pa

from vsig_core.store.schema import clusters, judgements, models, pictures, upkeep
from vsig_core.store.schema.declaring import Column, TableSpec
from vsig_core.store.schema.judgements import SEPARATING

__all__ = ["SEPARATING", "TABLES", "Column", "TableSpec", "empty", "schema"]

_PARTS = (pictures, judgements, models, clusters, upkeep)
TABLES: dict[str, TableSpec] = {spec.name: spec for part in _PARTS for spec in part.TABLES}


def schema(table: str) -> pa.Schema:
    """Arrow schema of a table of the store."""
    return TABLES[table].schema


def empty(table: str) -> pa.Table:
    """A table of the store without rows."""
    return schema(table).empty_table()
