"""Opening tables: what is there, what is not yet there, and what was there and is gone.

What has not changed is not read again: on S3 each entry of a log costs a request.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from vsig_core.errors import StoreError, StoreGoneError
from vsig_core.store.contents import content
from vsig_core.store.faults import said
from vsig_core.store.file import File
from vsig_core.store.files import Files
from vsig_core.store.location import Location
from vsig_core.store.log import ENTRY, READERS, actions_of, entry_name
from vsig_core.store.objects import Objects
from vsig_core.store.patience import patiently
from vsig_core.store.schema import TABLES
from vsig_core.store.schema_version import refuse_newer

_T = TypeVar("_T")


@dataclass(frozen=True)
class _Opened:
    """A version of a table that is open, only to be read: many share it.

    Parameters
    ----------
    table
        At that version.
    entry
        The file of the log that made the version: while it is the same, the version is.
    options
        The credentials that it was opened with.
    """

    table: DeltaTable
    entry: File | None
    options: Mapping[str, str]


class Tables:
    """The tables of one store, as Delta Lake opens them.

    Remembers which were there: what was there and is gone is not begun anew, for it may be
    a disk that was unmounted.

    Parameters
    ----------
    location
        Of the store.
    objects, files
        Of the store; the objects are told that it is there.
    """

    def __init__(self, location: Location, objects: Objects, files: Files) -> None:
        self._location = location
        self._objects = objects
        self._files = files
        self._seen: set[str] = set()
        self._opened: dict[str, _Opened] = {}
        self._entries: dict[str, dict[File, dict[str, Any]]] = {}

    def uri(self, name: str) -> str:
        """Where a table lies."""
        return self._location.uri("tables", name)

    def open(self, name: str, version: int | None = None) -> DeltaTable | None:
        """A table at a version, the newest where left out; None where it is not there yet.

        It is opened anew and the caller's own, who may write to it.

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

    def open_to_read(self, name: str, version: int | None = None) -> DeltaTable | None:
        """Like `open`, but what is open already and is as it was serves again."""
        known = self._opened.get(name)
        if known is not None and self._serves(name, known, version):
            return known.table
        table = self.open(name, version)
        newer = known is None or version is None or version > known.table.version()
        if table is not None and newer:
            entry = self._files.find(entry_name(name, table.version()))
            self._opened[name] = _Opened(table, entry, self._location.storage_options)
        return table

    def _serves(self, name: str, known: _Opened, version: int | None) -> bool:
        """Whether an open table is the one that is asked for; see `open`."""
        at = known.table.version()
        return (
            version in (None, at)
            and known.entry is not None
            and known.options == self._location.storage_options
            and self._files.find(entry_name(name, at)) == known.entry
            and (version is not None or self._files.find(entry_name(name, at + 1)) is None)
        )

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

    def history(self, name: str, limit: int | None = None) -> list[dict[str, Any]]:
        """What the log says of each version, newest first; empty where the table is not there yet.

        Parameters
        ----------
        limit
            How many at most.
        """
        log = {}
        for file in self._files.list(f"tables/{name}/_delta_log"):
            if found := ENTRY.search(file.name):
                log[file] = int(found[1])
        if not log:
            self.open(name)  # says where it was there and is gone
            return []
        known = self._entries.get(name, {})
        wanted = sorted(log, key=lambda file: log[file], reverse=True)[:limit]
        new = [file for file in wanted if file not in known]
        with ThreadPoolExecutor(READERS) as executor:
            read = dict(zip(new, executor.map(self._said_by, new), strict=True))
        said = {file: known[file] for file in log if file in known} | read
        self._entries[name] = said
        return [{**said[file], "version": log[file]} for file in wanted]

    def _said_by(self, entry: File) -> dict[str, Any]:
        """What an entry of a log says of its commit."""
        try:
            actions = actions_of(content(self._files, entry.name))
            return next(action["commitInfo"] for action in actions if "commitInfo" in action)
        except (ValueError, StopIteration) as error:
            raise StoreError(
                f"{self._files.uri(entry.name)} is no entry of a log: {error}. 'vsig verify' says "
                "what depends on it."
            ) from error

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
