"""Which batch each picture belongs to, and which batches must be read again."""

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vsig_core.corpus.listing import ListedFile, Listing, summary
from vsig_core.corpus.moving import NO_CONTENTS, Contents, Move, find_moves
from vsig_core.corpus.unreached import with_unreached
from vsig_core.store.schema import schema

Row = dict[str, Any]


@dataclass(frozen=True)
class BatchPlan:
    """The whole new table `batches`, and what differs from the one before.

    `touched` names the batches with a row that is new, changed, gone or back. `added`,
    `changed`, `removed` and `returned` are uids; a picture that `moved` is in none of
    them, unless it took the place of another. `again` are those that could not be had
    and are asked for once more. `notes`, `unmatched_rows` and `refused` are those of the
    listing. `base` is the version of the table before; None where there was none.
    """

    table: pa.Table
    touched: list[str]
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    moved: list[Move] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unmatched_rows: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    base: int | None = None

    @property
    def remarks(self) -> list[str]:
        """What changed and what was amiss in the sources, in sentences."""
        moved = [f"{move.old_uid} → {move.uid}" for move in self.moved]
        counted = (
            ("pictures are new", self.added),
            ("pictures changed", self.changed),
            ("pictures were removed", self.removed),
            ("pictures are back", self.returned),
            ("pictures could not be had and are asked for again", self.again),
            ("pictures have another id and keep their judgements", moved),
        )
        changes = [sentence for what, items in counted for sentence in summary(what, items)]
        rows = summary("metadata rows match no picture", self.unmatched_rows)
        refused = summary("pictures that a source names were not taken", self.refused)
        return [*changes, *self.notes, *rows, *refused]

    def as_dict(self) -> dict[str, Any]:
        """What changed, for JSON: in full."""
        moved = [vars(move) for move in self.moved]
        names = ("added", "changed", "removed", "returned", "again")
        return {**{name: getattr(self, name) for name in names}, "moved": moved}


def present(batches: pa.Table) -> pa.Table:
    """Rows of `batches` whose picture lies in its source."""
    return batches.filter(pc.field("gone_at").is_null())


def plan_batches(
    planned: pa.Table,
    listing: Listing,
    batch_size: int,
    contents: Contents = NO_CONTENTS,
    again: AbstractSet[str] = frozenset(),
) -> BatchPlan:
    """Put new pictures in new batches; leave all others where they are.

    A picture whose size, time of change, place or metadata differs is `changed`, even
    if only its time stamp was touched: whether its content differs is seen on reading.
    One that is gone keeps its row, and so its batch, for when it comes back. One that
    moved to a new name stays in its batch under that name.

    Parameters
    ----------
    planned
        Table `batches` as it stands; may be empty.
    batch_size
        Most pictures in a new batch. Batches that exist keep their size.
    contents
        Tells moved pictures from new ones.
    again
        Uids that could not be had and are due to be asked for again; see `due_again`.
    """
    listing = with_unreached(listing, planned)
    said = {name: getattr(listing, name) for name in ("notes", "unmatched_rows", "refused")}
    before: dict[str, Row] = {row["uid"]: row for row in planned.to_pylist()}
    now = {file.uid: file for file in listing.files}
    there = {uid for uid, row in before.items() if row["gone_at"] is None}
    rows = {uid: _row(file, before[uid]) for uid, file in now.items() if uid in before}
    differing = sorted(uid for uid, row in rows.items() if row != before[uid])
    added, left = now.keys() - before.keys(), there - now.keys()
    asked = sorted(again & rows.keys() - set(differing))
    if not (differing or added or left or asked):
        return BatchPlan(planned, [], **said)
    known = _known(before, contents)
    moves = _moves(before, now, Contents(known, contents.now))
    taken = {move.old_uid: move.uid for move in moves if move.old_uid not in now}
    for old, new in taken.items():
        rows.setdefault(new, _row(now[new], before[old]))
    for uid in before.keys() - now.keys() - taken.keys():
        rows[uid] = _gone(before[uid], known)
    rows |= {uid: _asked(rows[uid]) for uid in asked}
    new = sorted(added - rows.keys())
    batches = {row["batch"] for row in rows.values()}
    for members in _chunks(new, batch_size):
        files = [now[uid] for uid in members]
        batch = _batch_id(files, batches)
        batches.add(batch)
        rows |= {file.uid: _row(file, {"batch": batch}) for file in files}
    ordered = sorted(rows.values(), key=lambda row: (row["batch"], row["uid"]))
    return BatchPlan(
        table=pa.Table.from_pylist(ordered, schema("batches")),
        touched=sorted(_touched(before, rows)),
        added=new,
        changed=[uid for uid in differing if uid in there],
        removed=sorted(left - taken.keys()),
        returned=[uid for uid in differing if uid not in there],
        again=asked,
        moved=moves,
        **said,
    )


def _moves(
    before: Mapping[str, Row], now: Mapping[str, ListedFile], contents: Contents
) -> list[Move]:
    return find_moves(
        left=[_file(row) for uid, row in before.items() if _is_other(row, now.get(uid))],
        came=[file for uid, file in now.items() if _is_other(before.get(uid), file)],
        contents=contents,
        kept={uid for uid in now.keys() & before.keys() if before[uid]["gone_at"] is None},
    )


def _is_other(row: Row | None, file: ListedFile | None) -> bool:
    """Whether a file may hold something else than it did, or is there only before or now."""
    if row is None or file is None:
        return True
    if file.etag and row["etag"]:
        return (file.size, file.etag) != (row["size"], row["etag"])
    return (file.size, file.modified) != (row["size"], row["modified"])


def _known(before: Mapping[str, Row], contents: Contents) -> Callable[[], Mapping[str, str]]:
    """The sha256 of pictures by uid: as they were read, or as they were when they went."""

    @functools.cache
    def known() -> Mapping[str, str]:
        gone = {uid: row["sha256"] for uid, row in before.items() if row["sha256"]}
        return {**contents.before(), **gone}

    return known


def _touched(before: Mapping[str, Row], rows: Mapping[str, Row]) -> set[str]:
    """Batches of rows that came, went or differ."""
    uids = [uid for uid in before.keys() | rows.keys() if before.get(uid) != rows.get(uid)]
    return {table[uid]["batch"] for table in (before, rows) for uid in uids if uid in table}


def _row(file: ListedFile, before: Row) -> Row:
    """A row in the batch of the row before; a copy onto itself (S3) leaves the time as it was."""
    copied = file.etag and (file.etag, file.size) == (before.get("etag"), before.get("size"))
    same = "uri" in before and not _is_other(before, file)
    return {
        "batch": before["batch"],
        "uid": file.uid,
        "source": file.source,
        "uri": file.uri,
        "size": file.size,
        "modified": before["modified"] if copied else file.modified,
        "etag": file.etag,
        "metadata": _text_of(file.metadata),
        "gone_at": None,
        "sha256": None,
        "asked": before["asked"] if same else None,
        "asked_at": before["asked_at"] if same else None,
    }


def _text_of(metadata: Mapping[str, str]) -> str:
    """As JSON; half a character, which JSON can escape and no table can hold, becomes "?"."""
    text = json.dumps(metadata, ensure_ascii=False, sort_keys=True)
    return text.encode("utf-8", "replace").decode()


def _asked(row: Row) -> Row:
    return row | {"asked": (row["asked"] or 0) + 1, "asked_at": datetime.now(UTC)}


def _gone(row: Row, known: Callable[[], Mapping[str, str]]) -> Row:
    if row["gone_at"] is not None:
        return row
    return row | {"gone_at": datetime.now(UTC), "sha256": known().get(row["uid"])}


def _file(row: Row) -> ListedFile:
    """A planned file as it was listed."""
    names = ("uid", "source", "uri", "size", "modified")
    return ListedFile(*(row[name] for name in names), metadata={}, etag=row["etag"])


def _chunks(uids: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (uids[start : start + size] for start in range(0, len(uids), size))


def _batch_id(files: Iterable[ListedFile], taken: AbstractSet[str]) -> str:
    """From the members' ids and sizes.

    Where these were in a batch that has moved on, under other names, from its number too.
    """
    members: list[object] = [[file.uid, file.size] for file in files]
    while True:
        batch = "b-" + hashlib.sha256(json.dumps(members).encode()).hexdigest()[:12]
        if batch not in taken:
            return batch
        members.append(len(taken))
