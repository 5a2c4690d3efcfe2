"""What earlier readings of a batch already know of its pictures."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from vsig_core.annotations import renames
from vsig_core.corpus import present
from vsig_core.current import alias_rows
from vsig_core.errors import StoreError
from vsig_core.store import Store, schema
from vsig_pipeline.execution import Inputs, partition_name

File = tuple[Any, ...]
Row = dict[str, Any]


def files_of(batches: pa.Table) -> set[File]:
    """Batch, uid, and what tells that a file is another one than before."""
    columns = ["batch", "uid", "uri", "size", "modified", "etag"]
    return {tuple(row.values()) for row in present(batches).select(columns).to_pylist()}


def as_it_was(store: Store, table: str, version: int, batch: str | None = None) -> pa.Table:
    """A version of a table, or one batch of it; empty where it cannot be read any more."""
    among = None if batch is None else {"batch": [batch]}
    try:
        return store.read(table, version=version, among=among)
    except StoreError:
        return schema(table).empty_table()


def unchanged_files(inputs: Inputs, planned: pa.Table) -> set[str]:
    """Uids of a batch whose file is listed as it was when the batch was read last."""
    reading = inputs.state.read_as_now(inputs.batch)
    if reading is None or "batches" not in reading.inputs:
        return set()
    listed = as_it_was(inputs.store, "batches", reading.inputs["batches"], inputs.batch)
    return {file[1] for file in files_of(planned) & files_of(listed)}


def known_pictures(inputs: Inputs, planned: pa.Table) -> pa.Table:
    """Rows of `images` for the pictures of a batch, from wherever they are known.

    As they stand; else under the id that they had; else, where a picture came back, as
    they stood. (Whether a file still has that content is seen on reading it.)
    """
    now = inputs.read("images", where={"batch": inputs.batch})
    rejected = inputs.read("rejected_images", columns=["uid"], where={"batch": inputs.batch})
    uids = {*now["uid"].to_pylist(), *rejected["uid"].to_pylist()}
    wanted = set(planned["uid"].to_pylist()) - uids
    if not wanted or not inputs.state.commits(inputs.step, partition_name(inputs)):
        return now
    current = renames(alias_rows(inputs.store))
    found = _under(current, wanted, now.to_pylist())
    for version in _earlier_readings(inputs):
        if not wanted - found.keys():
            break
        older = as_it_was(inputs.store, "images", version, inputs.batch).to_pylist()
        found = _under(current, wanted, older) | found
    objects = inputs.store.objects
    whole = [row for row in found.values() if objects.exists(row["working"])]
    return pa.concat_tables([now, pa.Table.from_pylist(whole, schema("images"))])


def _under(current: Mapping[str, str], wanted: set[str], rows: list[Row]) -> dict[str, Row]:
    """Rows of the wanted pictures, under the ids that these have now."""
    named = {row["uid"]: row for row in rows}
    renamed = {
        current[uid]: row | {"uid": current[uid]} for uid, row in named.items() if uid in current
    }
    return {uid: row for uid, row in (renamed | named).items() if uid in wanted}


def _earlier_readings(inputs: Inputs) -> list[int]:
    """Versions of `images` with older readings of the batch, by one setting, newest first."""
    latest, *older = inputs.state.commits(inputs.step, partition_name(inputs))
    mark = (latest.provenance.params, latest.provenance.code)
    return [
        commit.version
        for commit in older
        if (commit.provenance.params, commit.provenance.code) == mark
    ]
