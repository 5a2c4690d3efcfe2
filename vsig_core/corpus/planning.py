"""Which batch each picture belongs to, and which batches must be read again."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from vsig_core.corpus.listing import ListedFile, Listing, summary
from vsig_core.store.schema import schema

Row = dict[str, Any]


@dataclass(frozen=True)
class BatchPlan:
    """The whole new table `batches`, and what differs from the one before.

    `touched` names the batches with a row that is new, changed or gone; of a batch
    that lost its last picture the table has no row. `added`, `changed` and `removed`
    are uids. `notes` and `unmatched_rows` are those of the listing.
    """

    table: pa.Table
    touched: list[str]
    added: list[str]
    changed: list[str]
    removed: list[str]
    notes: list[str]
    unmatched_rows: list[str]

    @property
    def remarks(self) -> list[str]:
        """What was amiss in the sources, in sentences."""
        return [*self.notes, *summary("metadata rows match no picture", self.unmatched_rows)]


def plan_batches(planned: pa.Table, listing: Listing, batch_size: int) -> BatchPlan:
    """Put new pictures in new batches; leave all others where they are.

    A picture whose size, time of change, place or metadata differs is `changed`, even
    if only its time stamp was touched: whether its content differs is seen on reading.

    Parameters
    ----------
    planned
        Table `batches` as it stands; may be empty.
    batch_size
        Most pictures in a new batch. Batches that exist keep their size.
    """
    before: dict[str, Row] = {row["uid"]: row for row in planned.to_pylist()}
    now = {file.uid: file for file in listing.files}
    added = sorted(now.keys() - before.keys())
    removed = sorted(before.keys() - now.keys())
    rows: list[Row] = []
    changed: list[str] = []
    touched = {before[uid]["batch"] for uid in removed}
    for uid in sorted(now.keys() & before.keys()):
        row = _row(now[uid], before[uid]["batch"])
        rows.append(row)
        if row != before[uid]:
            changed.append(uid)
            touched.add(row["batch"])
    for members in _chunks(added, batch_size):
        files = [now[uid] for uid in members]
        batch = _batch_id(files)
        rows += [_row(file, batch) for file in files]
        touched.add(batch)
    rows.sort(key=lambda row: (row["batch"], row["uid"]))
    table = pa.Table.from_pylist(rows, schema("batches"))
    return BatchPlan(
        table, sorted(touched), added, changed, removed, listing.notes, listing.unmatched_rows
    )


def _row(file: ListedFile, batch: str) -> Row:
    return {
        "batch": batch,
        "uid": file.uid,
        "source": file.source,
        "uri": file.uri,
        "size": file.size,
        "modified": file.modified,
        "metadata": json.dumps(file.metadata, ensure_ascii=False, sort_keys=True),
    }


def _chunks(uids: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (uids[start : start + size] for start in range(0, len(uids), size))


def _batch_id(files: Iterable[ListedFile]) -> str:
    """From the members' ids and sizes.

    Two batches that exist at once never share one: a batch only ever loses members,
    and what it still has cannot be new.
    """
    members = json.dumps([[file.uid, file.size] for file in files])
    return "b-" + hashlib.sha256(members.encode()).hexdigest()[:12]
