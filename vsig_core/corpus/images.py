"""One batch of files as rows of the table `images`."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from vsig_core.corpus.columns import image_columns
from vsig_core.corpus.originals import hosts_named, is_on_web
from vsig_core.corpus.reading import (
    FROM_CONTENT,
    PURGED,
    Chunk,
    FileRead,
    FileReader,
    Progress,
    ReadAhead,
    WantedFile,
    read_chunks,
)
from vsig_core.settings import ImagesSettings
from vsig_core.store import Objects
from vsig_core.store.schema import schema
from vsig_core.web import Web

# What the digest leaves out: these follow from others, or from the clock, or say where the
# sources lie, which a project that is restored in another folder tells otherwise.
_NOT_IN_DIGEST = ("phash", "thumb", "added_at", "source", "uri")

_Row = dict[str, Any]


@dataclass(frozen=True)
class BatchRead:
    """What became of a batch.

    `images` and `rejected` have the schemas of `images` and `rejected_images`, in
    the order of their uids. `digest` is a sha256 over ids, contents and metadata, the
    same whoever read the batch and when. `decoded` counts the pictures that were not
    known.
    """

    images: pa.Table
    rejected: pa.Table
    digest: str
    decoded: int


@dataclass(frozen=True)
class NextBatch:
    """The batch that will be read after this one.

    Parameters
    ----------
    planned
        Its rows of `batches`; none of its pictures was ever read.
    ahead
        Holds what is read of it until its turn.
    """

    planned: pa.Table
    ahead: ReadAhead


def read_batch(
    planned: pa.Table,
    known: pa.Table,
    objects: Objects,
    settings: ImagesSettings,
    executor: Executor,
    progress: Progress | None = None,
    *,
    unchanged: AbstractSet[str] = frozenset(),
    decode_again: bool = False,
    taken_down: AbstractSet[str] = frozenset(),
    web: Web | None = None,
    following: NextBatch | None = None,
) -> BatchRead:
    """Read the files of one batch.

    Parameters
    ----------
    planned
        Rows of `batches`, of one batch.
    known
        Rows of `images` of that batch's pictures, as they stand or stood; may be empty. A
        file with the sha256 of its row is not decoded again, and each keeps its `added_at`.
    objects
        Where working copies are kept.
    executor
        Threads, processes, or a cluster that sees the same files.
    progress
        Called with (files done, files to read), in this thread.
    unchanged
        Uids of `known` whose file is that which the row was read from, by its listing: it
        is not even opened.
    decode_again
        Decode known files too: thumbnails and working copies are made anew because
        the settings or the code changed.
    taken_down
        Ids and contents that `vsig purge` took down: they are rejected.
    web
        Fetches what is on the web. A known picture that cannot be reached there stays as it
        was, beside a row of `rejected` that says so.
    following
        Begun as soon as workers are free. What was begun of this batch is taken from there.

    Raises
    ------
    StoreError
        A working copy cannot be kept. What a picture is like never raises: it is a
        row of `rejected`.
    """
    plan = planned.to_pylist()
    before = {row["uid"]: row for row in known.to_pylist()}
    kept = {} if decode_again else {uid: row["sha256"] for uid, row in before.items()}
    same = {uid for uid in unchanged & kept.keys() if taken_down.isdisjoint((uid, kept[uid]))}
    told = dict.fromkeys(same, FileRead()) | dict.fromkeys(taken_down, PURGED)
    reader = FileReader(objects, settings, taken_down, web)
    ahead = following.ahead if following else ReadAhead()
    upcoming = following.planned.to_pylist() if following else []
    read = read_chunks(
        _chunks([row for row in plan if row["uid"] not in told], kept, reader),
        executor,
        progress,
        ahead,
        _chunks([row for row in upcoming if row["uid"] not in taken_down], {}, reader),
    )
    outcomes = [told.get(row["uid"]) or next(read) for row in plan]
    images, rejected = _rows(plan, outcomes, before)
    return BatchRead(
        pa.Table.from_pylist(images, schema("images")),
        pa.Table.from_pylist(rejected, schema("rejected_images")),
        _digest(images, rejected),
        sum(outcome.content is not None for outcome in outcomes),
    )


def _chunks(rows: Sequence[_Row], kept: Mapping[str, str], reader: FileReader) -> list[Chunk]:
    """Rows of `batches` as work; the hosts that they name themselves may be asked."""
    trusted = reader.web and reader.web.trusting(hosts_named(_named(row) for row in rows))
    files = [WantedFile(row["uri"], kept.get(row["uid"]), row["modified"]) for row in rows]
    return replace(reader, web=trusted).chunks(files)


def _named(row: _Row) -> tuple[str, str, str | None]:
    metadata = json.loads(row["metadata"] or "{}") if is_on_web(row["uri"]) else {}
    return row["source"], row["uri"], metadata.get("manifest")


def _rows(
    plan: Sequence[_Row], outcomes: Sequence[FileRead], before: Mapping[str, _Row]
) -> tuple[list[_Row], list[_Row]]:
    """Rows of `images` and of `rejected_images`, each in the order of their uids."""
    now = datetime.now(UTC)
    images: list[_Row] = []
    rejected: list[_Row] = []
    for row, outcome in zip(plan, outcomes, strict=True):
        if outcome.refused:
            rejected.append(_rejected_row(row, *outcome.refused))
            if outcome.refused[0] != "unreachable" or row["uid"] not in before:
                continue
        old = before.get(row["uid"], {})
        content = outcome.content or {name: old[name] for name in FROM_CONTENT}
        images.append(_image_row(row, content, old.get("added_at") or now))
    images.sort(key=lambda row: row["uid"])
    rejected.sort(key=lambda row: row["uid"])
    return images, rejected


def _image_row(planned: _Row, content: _Row, added: datetime) -> _Row:
    place = {name: planned[name] for name in ("uid", "batch", "source", "uri")}
    metadata = image_columns(json.loads(planned["metadata"] or "{}")).values
    return {**place, **content, **metadata, "added_at": added}


def _rejected_row(planned: _Row, reason: str, detail: str) -> _Row:
    place = {name: planned[name] for name in ("uri", "batch", "uid")}
    return {**place, "reason": reason, "detail": detail}


def _digest(images: Iterable[_Row], rejected: Iterable[_Row]) -> str:
    lasting = [
        {name: value for name, value in row.items() if name not in _NOT_IN_DIGEST} for row in images
    ]
    refused = [[row["uid"], row["reason"]] for row in rejected]
    text = json.dumps([lasting, refused], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
