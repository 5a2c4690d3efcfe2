"""How a table is declared."""

from dataclasses import dataclass

import pyarrow as pa

TEXT = pa.string()
TIME = pa.timestamp("us", tz="UTC")
TEXTS = pa.list_(pa.string())
VECTOR = pa.list_(pa.float32())


@dataclass(frozen=True)
class Column:
    """One column: its name, Arrow type and meaning."""

    name: str
    type: pa.DataType
    meaning: str

    @property
    def names_object(self) -> bool:
        """Whether its values are keys of objects: its meaning then begins so."""
        return self.meaning.startswith("object: ")


@dataclass(frozen=True)
class TableSpec:
    """One table of the store.

    `key` names the columns that identify a row; `partitions` those that lay out
    its files (Hive style) and can be replaced apart. `version` goes up with each change
    that an older vsig would get wrong.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partitions: tuple[str, ...] = ()
    version: int = 1

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema, each field's meaning in its metadata."""
        return pa.schema(
            [pa.field(c.name, c.type, metadata={"meaning": c.meaning}) for c in self.columns]
        )


def table(
    name: str,
    meaning: str,
    key: str,
    columns: list[tuple[str, pa.DataType, str]],
    partitions: str = "",
    version: int = 1,
) -> TableSpec:
    """A table; key and partitions are column names with spaces between them."""
    return TableSpec(
        name,
        meaning,
        tuple(key.split()),
        tuple(Column(*column) for column in columns),
        tuple(partitions.split()),
        version,
    )
