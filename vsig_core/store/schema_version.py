"""Which declaration of a table wrote it: an older vsig refuses what it would not understand.

The version stands in the table's description; Delta Lake takes no properties of ours.
"""

import re

from deltalake import DeltaTable

from vsig_core.errors import NewerStoreError
from vsig_core.store.schema import TableSpec

_STAMP = re.compile(r"^vsig schema (\d+)")
# Tables that were written before they were stamped.
_FIRST = 1


def stamp(spec: TableSpec) -> str:
    """What a new table is described as."""
    return f"vsig schema {spec.version}: {spec.meaning}"


def refuse_newer(uri: str, spec: TableSpec, table: DeltaTable) -> None:
    """Refuse a table of a later declaration.

    Raises
    ------
    NewerStoreError
        It is one.
    """
    if (found := _version(table)) > spec.version:
        raise NewerStoreError(
            f"Table {uri} was written by a newer vsig: its schema is version {found}, this vsig "
            f"knows version {spec.version}. Install the newer vsig; nothing was changed."
        )


def renew(spec: TableSpec, table: DeltaTable) -> None:
    """Stamp a table of an earlier declaration before it is written to."""
    if _version(table) < spec.version:
        table.alter.set_table_description(stamp(spec))


def lacks_columns(spec: TableSpec, table: DeltaTable) -> bool:
    """Whether a table was declared with fewer columns; they are added, and null in old rows."""
    return not set(spec.schema.names) <= {field.name for field in table.schema().fields}


def _version(table: DeltaTable) -> int:
    found = _STAMP.match(table.metadata().description or "")
    return int(found[1]) if found else _FIRST
