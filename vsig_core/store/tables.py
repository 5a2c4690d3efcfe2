"""Versioned tables: Delta Lake for the log, Arrow for reading."""

import functools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from vsig_core.errors import ConflictError, StoreError, TableMissingError
from vsig_core.store.files import open_files
from vsig_core.store.location import Location
from vsig_core.store.objects import Objects
from vsig_core.store.opening import Tables
from vsig_core.store.patience import on_fresh_data, patiently
from vsig_core.store.provenance import Commit, Provenance
from vsig_core.store.reading import files_of, rows_of
from vsig_core.store.schema import TABLES
from vsig_core.store.writing import MOST_RETRIES, Base, Write, Writer


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
        self._tables = Tables(self.location, self.objects, self.files)
        self._writer = Writer(self._tables, self.location, self.files, self.objects)

    def check_writable(self) -> None:
        """Fail before any work where its outcome could not be kept.

        Raises
        ------
        StoreError
            It is read-only, or these keys may not write to it.
        """
        if not self.location.vanished:  # one that has not begun is made by its first write
            self.files.check_writable()

    def uri(self, name: str) -> str:
        """Where a table lies."""
        return self._tables.uri(name)

    def version(self, name: str) -> int | None:
        """Number of the newest version; None where the table has not been computed yet."""
        table = self._tables.open_to_read(name)
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
        return self._rows(name, table, columns, where, among)

    def read_or_empty(
        self,
        name: str,
        *,
        columns: Sequence[str] | None = None,
        where: Mapping[str, str] | None = None,
        among: Mapping[str, Sequence[str]] | None = None,
    ) -> pa.Table:
        """Like `read`; a table that has not been computed yet has no rows."""
        table = self._tables.open_to_read(name)
        if table is None:
            whole = TABLES[name].schema.empty_table()
            return whole.select(list(columns)) if columns is not None else whole
        return self._rows(name, table, columns, where, among)

    def count(self, name: str) -> int:
        """Number of rows; 0 where the table has not been computed yet."""
        table = self._tables.open_to_read(name)
        if table is None:
            return 0
        return self._tables.told(
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
            return self._commit(name, rows, provenance, Write("overwrite", base, predicate))
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
            return self._commit(name, missing, provenance, Write("append", version))

        return on_fresh_data(once, MOST_RETRIES if base == "newest" else 1)

    def _rows(
        self,
        name: str,
        table: DeltaTable,
        columns: Sequence[str] | None,
        where: Mapping[str, str] | None,
        among: Mapping[str, Sequence[str]] | None,
    ) -> pa.Table:
        """Rows of a version that is open, in the order of the key."""
        files = functools.partial(files_of, TABLES[name], table, self.location, where or {})
        rows = self._tables.told(
            name, "read", lambda: patiently(lambda: rows_of(files(), columns, among or {}))
        )
        key = [(name, "ascending") for name in TABLES[name].key if name in rows.column_names]
        return rows.sort_by(key) if key else rows

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
        entries = self._tables.history(name, limit)
        if not entries:
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
            for entry in entries
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
        table = self._tables.open(name, version)
        if table is None:
            raise StoreError(f"Table {self.uri(name)} has no version {version} to sum up.")
        try:
            patiently(table.create_checkpoint)
        except (DeltaError, OSError) as error:
            raise StoreError(f"Table {self.uri(name)} cannot be summed up: {error}.") from error

    def _removed(self, name: str) -> dict[int, Commit]:
        """Versions of a table that are gone, with their provenance."""
        if name == "provenance":  # which would tell of itself
            return {}
        rows = self.read_or_empty("provenance", among={"table": [name]}).to_pylist()
        return {row["version"]: Commit.from_row(row) for row in rows}

    def _at(self, name: str, version: int | None) -> DeltaTable | None:
        try:
            return self._tables.open_to_read(name, version)
        except StoreError as error:
            newest = self.version(name)
            if version is None or newest is None or version <= newest:
                raise
            raise TableMissingError(
                f"The table {self.uri(name)} has no version {version}; its newest is {newest}."
            ) from error

    def _commit(self, name: str, rows: pa.Table, provenance: Provenance, write: Write) -> int:
        return self._writer.commit(name, rows, provenance, write)
