"""Versioned tables: Delta Lake for the log, Arrow for reading.

`DeltaTable.to_pyarrow_dataset` aborts the interpreter at exit about half of the
time (deltalake 1.6.6 with pyarrow 26); the files named by the log are read with
Arrow's own reader instead.
"""

import functools
import operator
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

import pyarrow as pa
import pyarrow.dataset as arrow_dataset
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from vsig_core.errors import ConflictError, StoreError, TableMissingError
from vsig_core.store.location import Location
from vsig_core.store.objects import Objects
from vsig_core.store.provenance import Commit, Provenance
from vsig_core.store.schema import TABLES, TableSpec

# Delta's defaults delete history after 30 days; only `vsig clean` may.
_KEEP_HISTORY = {
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    "delta.enableExpiredLogCleanup": "false",
}
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
            The table, or that version of it, does not exist.
        """
        table = self._open(name, version)
        if table is None:
            raise TableMissingError(
                f"The table {name!r} has not been computed yet ({self.uri(name)}). Run 'vsig run'."
            )
        rows = self._files(TABLES[name], table, where or {}).to_table(
            columns=list(columns) if columns is not None else None,
            filter=_one_of(among or {}),
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
        return 0 if table is None else self._files(TABLES[name], table, {}).count_rows()

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
            if base is None and partition and not self.read(name, where=partition).num_rows:
                return self.write(
                    name, rows, provenance, partition=partition, base=self.version(name)
                )
            raise

    def append(
        self, name: str, rows: pa.Table, provenance: Provenance, *, base: Base = "newest"
    ) -> int:
        """Add the rows whose key the table does not have; returns the new version's number.

        So what a process has added that was killed, or another one adds at the same time,
        is there once. Parameters and errors are those of `write`; without a `base`, what
        others add meanwhile is looked at, and the rest is added after it.
        """
        attempt = 0
        while True:
            version = self.version(name) if base == "newest" else base
            missing = self._missing(name, rows, version)
            try:
                return self._commit(name, missing, provenance, _Write("append", version))
            except ConflictError:
                attempt += 1
                if base != "newest" or attempt == _MOST_RETRIES:
                    raise
                time.sleep(random.uniform(0, 0.05 * 2 ** min(attempt, 6)))

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
        """Versions of a table, newest first; empty where it has not been computed yet."""
        table = self._open(name)
        if table is None:
            return []
        return [
            Commit(
                table=name,
                version=entry["version"],
                at=datetime.fromtimestamp(entry["timestamp"] / 1000, tz=UTC),
                operation=entry.get("operation", ""),
                provenance=Provenance.from_metadata(entry),
            )
            for entry in table.history(limit)
        ]

    def _open(self, name: str, version: int | None = None) -> DeltaTable | None:
        if name not in TABLES:
            raise StoreError(f"There is no table {name!r}; known are {', '.join(sorted(TABLES))}.")
        try:
            return DeltaTable(
                self.uri(name), version=version, storage_options=self.location.storage_options
            )
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as error:
            raise StoreError(f"Table {self.uri(name)} cannot be opened: {error}.") from error

    def _files(
        self, spec: TableSpec, table: DeltaTable, where: Mapping[str, str]
    ) -> arrow_dataset.Dataset:
        """The files that the log names, as one dataset."""
        filters = [(column, "=", value) for column, value in where.items()]
        uris = table.file_uris(file_pruning_predicate=filters or None)
        # The schema is given, not guessed: a partition value 0001 stays text, and a
        # column that an old file lacks is null instead of dropped.
        fields = pa.schema([spec.schema.field(column) for column in spec.partitions])
        partitioning = arrow_dataset.partitioning(fields, flavor="hive")
        return arrow_dataset.dataset(
            [self.location.arrow_path(uri) for uri in uris],
            schema=spec.schema,
            format="parquet",
            filesystem=self.location.filesystem,
            partitioning=partitioning if spec.partitions else None,
        )

    def _commit(self, name: str, rows: pa.Table, provenance: Provenance, write: "_Write") -> int:
        spec = TABLES[name]
        data = rows.select(spec.schema.names).cast(spec.schema)
        base = None if write.base == "newest" else write.base
        table = None if write.base is None else self._open(name, base)
        before = None if table is None else table.version()
        try:
            write_deltalake(
                table if table is not None else self.uri(name),
                data,
                partition_by=list(spec.partitions) or None,
                # its overloads take each word apart, not their union
                mode=cast(Any, write.mode if table is not None else "error"),
                predicate=write.predicate if table is not None else None,
                configuration=_KEEP_HISTORY if table is None else None,
                storage_options=self.location.storage_options,
                commit_properties=CommitProperties(
                    custom_metadata=provenance.to_metadata(), max_commit_retries=write.retries
                ),
                post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
            )
        except (DeltaError, OSError) as error:
            if isinstance(error, DeltaError) and (now := self.version(name)) != before:
                raise ConflictError(
                    f"Table {self.uri(name)} is at version {now}, not {before} any more: another "
                    "process has written to it. Nothing was written; try again."
                ) from error
            raise StoreError(f"Table {self.uri(name)} cannot be written: {error}.") from error
        version = table.version() if table is not None else self.version(name)
        assert version is not None
        return version


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


def _one_of(among: Mapping[str, Sequence[str]]) -> arrow_dataset.Expression | None:
    """Rows whose columns have one of the values each."""
    terms = [
        arrow_dataset.field(column).isin(pa.array(values, pa.string()))
        for column, values in among.items()
    ]
    return functools.reduce(operator.and_, terms) if terms else None
