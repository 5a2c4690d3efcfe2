"""Versioned tables: Delta Lake for the log, Arrow for reading.

`DeltaTable.to_pyarrow_dataset` aborts the interpreter at exit about half of the
time (deltalake 1.6.6 with pyarrow 26); the files named by the log are read with
Arrow's own reader instead.
"""

import functools
import operator
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, cast

import pyarrow as pa
import pyarrow.dataset as arrow_dataset
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from vsig_core.errors import StoreError, TableMissingError
from vsig_core.store.files import Files
from vsig_core.store.location import Location
from vsig_core.store.objects import Objects
from vsig_core.store.provenance import Commit, Provenance
from vsig_core.store.schema import TABLES, TableSpec
from vsig_core.store.seals import seal

# Delta's defaults delete history after 30 days; only `vsig clean` may.
_KEEP_HISTORY = {
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    "delta.enableExpiredLogCleanup": "false",
}


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
        self.files = Files(self.location)

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
    ) -> int:
        """Replace a table, or one partition of it, and return the new version's number."""
        terms = [f"{column} = '{value}'" for column, value in (partition or {}).items()]
        return self._commit(
            name, rows, provenance, mode="overwrite", predicate=" AND ".join(terms) or None
        )

    def append(self, name: str, rows: pa.Table, provenance: Provenance) -> int:
        """Add rows to a table and return the new version's number."""
        return self._commit(name, rows, provenance, mode="append", predicate=None)

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
            for entry in table.history(limit)
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
            table.create_checkpoint()
        except (DeltaError, OSError) as error:
            raise StoreError(f"Table {self.uri(name)} cannot be summed up: {error}.") from error

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

    def _commit(
        self,
        name: str,
        rows: pa.Table,
        provenance: Provenance,
        *,
        mode: Literal["append", "overwrite"],
        predicate: str | None,
    ) -> int:
        spec = TABLES[name]
        data = rows.select(spec.schema.names).cast(spec.schema)
        table = self._open(name)
        try:
            write_deltalake(
                table if table is not None else self.uri(name),
                data,
                partition_by=list(spec.partitions) or None,
                mode=cast(Any, mode),  # its overloads take each word apart, not their union
                predicate=predicate if table is not None else None,
                configuration=_KEEP_HISTORY if table is None else None,
                storage_options=self.location.storage_options,
                commit_properties=CommitProperties(
                    custom_metadata=provenance.to_metadata(), max_commit_retries=50
                ),
                post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
            )
        except (DeltaError, OSError) as error:
            raise StoreError(f"Table {self.uri(name)} cannot be written: {error}.") from error
        version = table.version() if table is not None else self.version(name)
        assert version is not None
        seal(self.files, self.objects, name, version)
        return version


def _one_of(among: Mapping[str, Sequence[str]]) -> arrow_dataset.Expression | None:
    """Rows whose columns have one of the values each."""
    terms = [
        arrow_dataset.field(column).isin(pa.array(values, pa.string()))
        for column, values in among.items()
    ]
    return functools.reduce(operator.and_, terms) if terms else None
