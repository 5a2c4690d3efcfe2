"""Versioned tables: Delta Lake for the log, Arrow for reading."""

import itertools
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar, cast

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from vsig_core.errors import ConflictError, StoreError, StoreGoneError, TableMissingError
from vsig_core.store.faults import passes, said
from vsig_core.store.files import open_files
from vsig_core.store.location import Location
from vsig_core.store.objects import Objects
from vsig_core.store.patience import on_fresh_data, patiently
from vsig_core.store.provenance import Commit, Provenance
from vsig_core.store.reading import files_of, rows_of
from vsig_core.store.schema import TABLES
from vsig_core.store.schema_version import lacks_columns, refuse_newer, renew, stamp
from vsig_core.store.seals import seal

# Delta's defaults delete history after 30 days; only `vsig clean` may.
_KEEP_HISTORY = {
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    "delta.enableExpiredLogCleanup": "false",
}
_T = TypeVar("_T")
_MARK = "vsig.commit"
# A version, None where the table was not there, or whichever is the newest at the time.
Base = int | None | Literal["newest"]
# A commit beside others is tried again as often as they come first.
_MOST_RETRIES = 50


class Store:
    """All tables and objects of one project.

    Every write is one atomic commit that carries its provenance; every version
    stays readable.

    Parameters
    ----------
    root
        A folder or `s3://bucket/prefix`.
    """

    def __init__(self, root: str) -> None:
        self.location = Location(root)
        self.objects = Objects(root)
        self.files = open_files(self.location.uri())
        self._seen: set[str] = set()

    def uri(self, name: str) -> str:
        """Where a table lies."""
        return self.location.uri("tables", name)

    def version(self, name: str) -> int | None:
        """Number of the newest version; None where the table has not been computed yet."""
        table = self._open(name)
        return None if table is None else table.version()

    def read(
        self,
        name: str,
        *,
        version: int | None = None,
        columns: Sequence[str] | None = None,
        where: Mapping[str, str] | None = None,
        among: Mapping[str, Sequence[str]] | None = None,
    ) -> pa.Table:
        """Rows of a table, in the order of its key.

        Parameters
        ----------
        name
            Table.
        version
            Version to read; the newest where left out.
        columns
            Columns to read; all where left out.
        where
            Partition columns and the value that each must have.
        among
            Column to the values of which it must have one.

        Raises
        ------
        TableMissingError
            The table, or that version of it, does not exist (any more).
        """
        if version is not None and version in self._removed(name):
            raise TableMissingError(
                f"Version {version} of the table {name!r} was removed by 'vsig clean' or "
                "'vsig purge'. Where it came from stands in the table 'provenance'."
            )
        table = self._at(name, version)
        if table is None:
            raise TableMissingError(
                f"The table {name!r} has not been computed yet ({self.uri(name)}). Run 'vsig run'."
            )
        rows = self._told(
            name,
            "read",
            lambda: patiently(
                lambda: rows_of(
                    files_of(TABLES[name], table, self.location, where or {}), columns, among or {}
                )
            ),
        )
        key = [(name, "ascending") for name in TABLES[name].key if name in rows.column_names]
        return rows.sort_by(key) if key else rows

    def read_or_empty(
        self,
        name: str,
        *,
        columns: Sequence[str] | None = None,
        where: Mapping[str, str] | None = None,
        among: Mapping[str, Sequence[str]] | None = None,
    ) -> pa.Table:
        """Like `read`; a table that has not been computed yet has no rows."""
        if self._open(name) is None:
            whole = TABLES[name].schema.empty_table()
            return whole.select(list(columns)) if columns is not None else whole
        return self.read(name, columns=columns, where=where, among=among)

    def count(self, name: str) -> int:
        """Number of rows; 0 where the table has not been computed yet."""
        table = self._open(name)
        if table is None:
            return 0
        return self._told(
            name,
            "read",
            lambda: patiently(files_of(TABLES[name], table, self.location, {}).count_rows),
        )

    def write(
        self,
        name: str,
        rows: pa.Table,
        provenance: Provenance,
        *,
        partition: Mapping[str, str] | None = None,
        base: Base = "newest",
    ) -> int:
        """Replace a table, or one partition of it, and return the new version's number.

        Parameters
        ----------
        name
            Table.
        rows
            What stands there from now on.
        provenance
            Written into the commit.
        partition
            Partition columns and the value of each: only these rows are replaced.
        base
            Version that the rows were derived from; None where the table was not there yet.

        Raises
        ------
        ConflictError
            Somebody else has written since `base`, to the same partition where one is given.
        """
        terms = [f"{column} = '{value}'" for column, value in (partition or {}).items()]
        predicate = " AND ".join(terms) or None
        try:
            return self._commit(name, rows, provenance, _Write("overwrite", base, predicate))
        except ConflictError:
            # Another partition came first, and made the table with it.
            there = self.version(name) if base is None and partition else None
            if there is None or self.read(name, version=there, where=partition).num_rows:
                raise
            return self.write(name, rows, provenance, partition=partition, base=there)

    def append(
        self, name: str, rows: pa.Table, provenance: Provenance, *, base: Base = "newest"
    ) -> int:
        """Add the rows whose key the table does not have; returns the new version's number.

        So what a process has added that was killed, or another one adds at the same time,
        is there once. Parameters and errors are those of `write`; without a `base`, what
        others add meanwhile is looked at, and the rest is added after it.
        """

        def once() -> int:
            version = self.version(name) if base == "newest" else base
            missing = self._missing(name, rows, version)
            return self._commit(name, missing, provenance, _Write("append", version))

        return on_fresh_data(once, _MOST_RETRIES if base == "newest" else 1)

    def _missing(self, name: str, rows: pa.Table, version: int | None) -> pa.Table:
        """Rows whose key a version of a table does not have."""
        if version is None or not rows.num_rows:
            return rows
        key = list(TABLES[name].key)
        texts = [column for column in key if rows.schema.field(column).type == pa.string()]
        among = {column: rows[column].unique().to_pylist() for column in texts}
        there = self.read(name, version=version, columns=key, among=among)
        known = {tuple(row.values()) for row in there.to_pylist()}
        new = [tuple(row.values()) not in known for row in rows.select(key).to_pylist()]
        return rows.filter(pa.array(new, pa.bool_()))

    def commits(self, name: str, limit: int | None = None) -> list[Commit]:
        """Versions of a table, newest first; empty where it has not been computed yet.

        Those that `vsig clean` removed are among them, by the table `provenance`.
        """
        table = self._open(name)
        if table is None:
            return []
        removed = self._removed(name)
        commits = {
            entry["version"]: Commit(
                table=name,
                version=entry["version"],
                at=datetime.fromtimestamp(entry["timestamp"] / 1000, tz=UTC),
                operation=entry.get("operation", ""),
                provenance=Provenance.from_metadata(entry),
                readable=entry["version"] not in removed,
            )
            for entry in self._history(name, table, limit)
        }
        whole = removed | commits
        return [whole[version] for version in sorted(whole, reverse=True)][:limit]

    def readable_since(self, name: str, version: int) -> int:
        """A version of a table, or where it was removed the first after it that was not."""
        return min(c.version for c in self.commits(name) if c.readable and c.version >= version)

    def checkpoint(self, name: str, version: int) -> None:
        """Sum a table's log up to a version in one file, which may then stand for its beginning.

        Raises
        ------
        StoreError
            There is no such version, or the store cannot be written.
        """
        table = self._open(name, version)
        if table is None:
            raise StoreError(f"Table {self.uri(name)} has no version {version} to sum up.")
        try:
            patiently(table.create_checkpoint)
        except (DeltaError, OSError) as error:
            raise StoreError(f"Table {self.uri(name)} cannot be summed up: {error}.") from error

    def _history(self, name: str, table: DeltaTable, limit: int | None) -> list[dict[str, Any]]:
        """Entries of a table's log, newest first."""
        return self._told(name, "read", lambda: patiently(lambda: table.history(limit)))

    def _removed(self, name: str) -> dict[int, Commit]:
        """Versions of a table that are gone, with their provenance."""
        if name == "provenance":  # which would tell of itself
            return {}
        rows = self.read_or_empty("provenance", among={"table": [name]}).to_pylist()
        return {row["version"]: Commit.from_row(row) for row in rows}

    def _open(self, name: str, version: int | None = None) -> DeltaTable | None:
        if name not in TABLES:
            raise StoreError(f"There is no table {name!r}; known are {', '.join(sorted(TABLES))}.")
        try:
            table = self._told(
                name,
                "opened",
                lambda: patiently(
                    lambda: DeltaTable(
                        self.uri(name),
                        version=version,
                        storage_options=self.location.storage_options,
                    )
                ),
            )
        except TableNotFoundError:
            self._refuse_vanished(name)
            return None
        refuse_newer(self.uri(name), TABLES[name], table)
        self._seen.add(name)
        self.objects.begun = True
        return table

    def _at(self, name: str, version: int | None) -> DeltaTable | None:
        try:
            return self._open(name, version)
        except StoreError as error:
            newest = self.version(name)
            if version is None or newest is None or version <= newest:
                raise
            raise TableMissingError(
                f"The table {self.uri(name)} has no version {version}; its newest is {newest}."
            ) from error

    def _refuse_vanished(self, name: str) -> None:
        """What was there and is gone is not begun anew: it may be a disk that was unmounted."""
        if name in self._seen:
            raise self._gone(name)
        self._refuse_emptied(name)

    def _refuse_emptied(self, name: str) -> None:
        if self._seen and self.location.emptied:
            raise self._gone(name)

    def _gone(self, name: str) -> StoreGoneError:
        return StoreGoneError(
            f"Table {self.uri(name)} was there and is gone: the store {self.location.root} has "
            "vanished or was replaced meanwhile. Bring it back, then run again."
        )

    def _told(self, name: str, done: str, action: Callable[[], _T]) -> _T:
        """Do something with a table; what goes wrong is told in our words."""
        try:
            return action()
        except TableNotFoundError:
            raise
        except (DeltaError, OSError) as error:
            raise StoreError(f"Table {self.uri(name)} cannot be {done}: {said(error)}.") from error

    def _commit(self, name: str, rows: pa.Table, provenance: Provenance, write: "_Write") -> int:
        spec = TABLES[name]
        data = rows.select(spec.schema.names).cast(spec.schema)
        # Where the answer to a commit is cut off, the mark tells whether the commit is there.
        mark, tries = uuid.uuid4().hex, itertools.count()

        def once() -> int:
            if next(tries) and (landed := self._landed(name, mark)) is not None:
                return landed
            table = self._open_for(name, write)
            if table is None:
                self._refuse_emptied(name)
                self.objects.make()
            write_deltalake(
                table if table is not None else self.uri(name),
                data,
                partition_by=list(spec.partitions) or None,
                # its overloads take each word apart, not their union
                mode=cast(Any, write.mode if table is not None else "error"),
                predicate=write.predicate if table is not None else None,
                schema_mode="merge" if table and lacks_columns(spec, table) else None,
                description=stamp(spec) if table is None else None,
                configuration=_KEEP_HISTORY if table is None else None,
                storage_options=self.location.storage_options,
                commit_properties=CommitProperties(
                    custom_metadata=provenance.to_metadata() | {_MARK: mark},
                    max_commit_retries=write.retries,
                ),
                post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
            )
            self._seen.add(name)
            # A table that was made begins at 0, whatever others have added by now.
            return table.version() if table is not None else 0

        before = self.version(name) if write.base == "newest" else write.base
        try:
            version = patiently(once)
        except (DeltaError, OSError) as error:
            landed = None
            if isinstance(error, DeltaError) and not passes(error):
                landed = self._landed(name, mark)
                if landed is None and (now := self.version(name)) != before:
                    raise ConflictError(
                        f"Table {self.uri(name)} is at version {now}, not {before} any more: "
                        "another process has written to it. Nothing was written; try again."
                    ) from error
            if landed is None:
                raise StoreError(
                    f"Table {self.uri(name)} cannot be written: {said(error)}."
                ) from error
            version = landed
        seal(self.files, self.objects, name, version)
        return version

    def _open_for(self, name: str, write: "_Write") -> DeltaTable | None:
        """The version that is written to, by the declaration of now."""
        if write.base is None:
            return None
        table = self._open(name, None if write.base == "newest" else write.base)
        if table is not None:
            before = table.version()
            renew(TABLES[name], table)
            if table.version() > before + 1:
                raise ConflictError(
                    f"Table {self.uri(name)} was written to by another process while its schema "
                    "was renewed. Nothing was written; try again."
                )
        return table

    def _landed(self, name: str, mark: str) -> int | None:
        """The version that a commit made whose answer was lost; None where it is not there."""
        table = self._open(name)
        entries = [] if table is None else self._history(name, table, _MOST_RETRIES)
        return next((entry["version"] for entry in entries if entry.get(_MARK) == mark), None)


@dataclass(frozen=True)
class _Write:
    """How a table is written to; see `Store.write`."""

    mode: Literal["append", "overwrite"]
    base: Base
    predicate: str | None = None

    @property
    def retries(self) -> int:
        """Delta Lake tells writes to several partitions apart; two to a whole table it merges."""
        return _MOST_RETRIES if self.predicate else 0
