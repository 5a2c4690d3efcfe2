"""Which objects the tables name, over all versions that can be read."""

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet

import pyarrow as pa
import pyarrow.dataset as arrow_dataset

from vsig_core.errors import StoreError
from vsig_core.store import TABLES, DataFile, Store, TableLog, read_log
from vsig_core.store.faults import said
from vsig_core.store.reading import rows_of


def object_columns() -> dict[str, list[str]]:
    """Table to its columns that hold keys of objects."""
    found = {
        spec.name: [column.name for column in spec.columns if column.names_object]
        for spec in TABLES.values()
    }
    return {table: columns for table, columns in found.items() if columns}


def read_logs(store: Store) -> dict[str, TableLog]:
    """The logs of all tables that have been computed."""
    logs = {name: read_log(store.files, name) for name in TABLES}
    return {name: log for name, log in logs.items() if log is not None}


def removed_versions(store: Store) -> dict[str, set[int]]:
    """Table to the versions that were removed on purpose."""
    removed: dict[str, set[int]] = {}
    rows = store.read_or_empty("provenance", columns=["table", "version"])
    for table, version in zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True):
        removed.setdefault(table, set()).add(version)
    return removed


def live_files(log: TableLog, removed: AbstractSet[int]) -> list[DataFile]:
    """Data files of the versions that were not removed."""
    return [
        file
        for file in log.files.values()
        if any(version not in removed for version in log.versions_of(file))
    ]


def used_objects(
    store: Store, files_of: Mapping[str, Collection[DataFile]]
) -> Iterator[tuple[str, str]]:
    """Each pair of a table and a key of an object that its data files name.

    Parameters
    ----------
    store
        Where they lie.
    files_of
        Table to the data files to look into.
    """
    for table, columns in object_columns().items():
        seen: set[str] = set()
        for batch in batches(store, files_of.get(table, ()), TABLES[table].schema, columns):
            for column in columns:
                seen.update(filter(None, batch[column].unique().to_pylist()))
        yield from ((table, key) for key in seen)


def batches(
    store: Store, files: Collection[DataFile], schema: pa.Schema, columns: list[str]
) -> Iterator[pa.RecordBatch]:
    """Some columns of some data files, some thousand rows at a time.

    Raises
    ------
    StoreError
        A file is missing or damaged, or cannot be read.
    """
    for file in files:
        try:
            data = arrow_dataset.dataset(
                [store.location.uri(file.name).removeprefix("s3://")],
                schema=schema,
                format="parquet",
                filesystem=store.location.filesystem,
            )
            rows = rows_of(data, columns, {})
        except (OSError, pa.ArrowException) as error:
            raise StoreError(
                f"{store.location.uri(file.name)} cannot be read: {said(error)}. 'vsig verify' "
                "says what is damaged."
            ) from error
        yield from rows.to_batches(max_chunksize=4096)
