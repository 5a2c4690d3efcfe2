"""Reading the files of one version of a table with Arrow's own reader.

`DeltaTable.to_pyarrow_dataset` aborts the interpreter at exit about half of the
time (deltalake 1.6.6 with pyarrow 26).
"""

import functools
import operator
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.dataset as arrow_dataset
from deltalake import DeltaTable

from vsig_core.store.faults import passes
from vsig_core.store.location import Location
from vsig_core.store.patience import patiently
from vsig_core.store.schema import TableSpec


def files_of(
    spec: TableSpec, table: DeltaTable, location: Location, where: Mapping[str, str]
) -> arrow_dataset.Dataset:
    """The files that the log names, as one dataset; `where` picks partitions."""
    filters = [(column, "=", value) for column, value in where.items()]
    uris = table.file_uris(file_pruning_predicate=filters or None)
    # The schema is given, not guessed: a partition value 0001 stays text, and a
    # column that an old file lacks is null instead of dropped.
    fields = pa.schema([spec.schema.field(column) for column in spec.partitions])
    partitioning = arrow_dataset.partitioning(fields, flavor="hive")
    return arrow_dataset.dataset(
        [location.arrow_path(uri) for uri in uris],
        schema=spec.schema,
        format="parquet",
        filesystem=location.filesystem,
        partitioning=partitioning if spec.partitions else None,
    )


def rows_of(
    files: arrow_dataset.Dataset,
    columns: Sequence[str] | None,
    among: Mapping[str, Sequence[str]],
) -> pa.Table:
    """Rows of the files: all at once, or where that is cut off, file by file.

    Of many files one or another may be cut off each time; apart, each is read in the end.
    """
    chosen, wanted = list(columns) if columns is not None else None, _one_of(among)
    try:
        return files.to_table(columns=chosen, filter=wanted)
    except OSError as error:
        if not passes(error):
            raise
    return pa.concat_tables(
        patiently(functools.partial(part.to_table, files.schema, chosen, wanted))
        for part in files.get_fragments()
    )


def _one_of(among: Mapping[str, Sequence[str]]) -> arrow_dataset.Expression | None:
    """Rows whose columns have one of the values each."""
    terms = [
        arrow_dataset.field(column).isin(pa.array(values, pa.string()))
        for column, values in among.items()
    ]
    return functools.reduce(operator.and_, terms) if terms else None
