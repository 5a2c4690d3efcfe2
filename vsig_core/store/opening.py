"""Opening tables: what is there, what is not yet there, and what was there and is gone."""

from collections.abc import Callable
from typing import Any, TypeVar

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from vsig_core.errors import StoreError, StoreGoneError
from vsig_core.store.faults import said
from vsig_core.store.location import Location
from vsig_core.store.objects import Objects
from vsig_core.store.patience import patiently
from vsig_core.store.schema import TABLES
from vsig_core.store.schema_version import refuse_newer

_T = TypeVar("_T")


class Tables:
    """The tables of one store, as Delta Lake opens them.

    Remembers which were there: what was there and is gone is not begun anew, for it may be
    a disk that was unmounted.

    Parameters
    ----------
    location
        Of the store.
    objects
        Of the store; they are told that it is there.
    """

    def __init__(self, location: Location, objects: Objects) -> None:
        self._location = location
        self._objects = objects
        self._seen: set[str] = set()

    def uri(self, name: str) -> str:
        """Where a table lies."""
        return self._location.uri("tables", name)

    def open(self, name: str, version: int | None = None) -> DeltaTable | None:
        """A table at a version, the newest where left out; None where it is not there yet.

        Raises
        ------
        StoreGoneError
            It was there.
        StoreError
            There is no table of that name, or it cannot be opened.
        """
        if name not in TABLES:
            raise StoreError(f"There is no table {name!r}; known are {', '.join(sorted(TABLES))}.")

        def once() -> DeltaTable:
            options = self._location.storage_options  # with the credentials of the moment
            return DeltaTable(self.uri(name), version=version, storage_options=options)

        try:
            table = self.told(name, "opened", lambda: patiently(once))
        except TableNotFoundError:
            if name in self._seen:
                raise self._gone(name) from None
            self._refuse_emptied(name)
            return None
        refuse_newer(self.uri(name), TABLES[name], table)
        self.seen(name)
        return table

    def begin(self, name: str) -> None:
        """Before a table is made: make the store's folders, unless they were there.

        Raises
        ------
        StoreGoneError
            They were.
        """
        self._refuse_emptied(name)
        self._objects.make()

    def seen(self, name: str) -> None:
        """Remember that a table is there."""
        self._seen.add(name)
        self._objects.begun = True

    def history(self, name: str, table: DeltaTable, limit: int | None) -> list[dict[str, Any]]:
        """Entries of a table's log, newest first."""
        return self.told(name, "read", lambda: patiently(lambda: table.history(limit)))

    def told(self, name: str, done: str, action: Callable[[], _T]) -> _T:
        """Do something with a table; what goes wrong is told in our words."""
        try:
            return action()
        except TableNotFoundError:
            raise
        except (DeltaError, OSError) as error:
            raise StoreError(f"Table {self.uri(name)} cannot be {done}: {said(error)}.") from error

    def _refuse_emptied(self, name: str) -> None:
        if self._seen and self._location.emptied:
            raise self._gone(name)

    def _gone(self, name: str) -> StoreGoneError:
        return StoreGoneError(
            f"Table {self.uri(name)} was there and is gone: the store {self._location.root} has "
            "vanished or was replaced meanwhile. Bring it back, then run again."
        )
