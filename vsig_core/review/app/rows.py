"""An Arrow table that is looked up by uid: 100,000 rows as dicts would fill the memory."""

from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa


class Rows:
    """Rows of a table by one of its columns.

    Parameters
    ----------
    table
        Any table.
    key
        Column whose values are unique.
    """

    def __init__(self, table: pa.Table, key: str = "uid") -> None:
        self.table = table.combine_chunks()
        self._place = {value: place for place, value in enumerate(table[key].to_pylist())}

    def __len__(self) -> int:
        return len(self._place)

    def __contains__(self, value: str) -> bool:
        return value in self._place

    def get(self, value: str, columns: Sequence[str] | None = None) -> dict[str, Any] | None:
        """A row, of some columns alone where these are named; None where there is none."""
        place = self._place.get(value)
        if place is None:
            return None
        table = self.table if columns is None else self.table.select(list(columns))
        return table.slice(place, 1).to_pylist()[0]

    def some(self, values: Collection[str], columns: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Value -> its row, of those that are there, with these columns alone."""
        there = [value for value in values if value in self._place]
        places = pa.array([self._place[value] for value in there], pa.int64())
        rows = self.table.select(list(columns)).take(places).to_pylist()
        return dict(zip(there, rows, strict=True))
