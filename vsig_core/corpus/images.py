"""One batch of files as rows of the table `images`.

Each file is read, hashed and decoded by a worker, which keeps the working copy in
the store and sends back some kilobytes: decoded pictures never leave it.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from vsig_core.corpus.columns import image_columns
from vsig_core.corpus.originals import hosts_named, is_on_web, read_original
from vsig_core.corpus.pictures import check_bytes, read_picture
from vsig_core.errors import PictureError, WorkerLostError
from vsig_core.settings import ImagesSettings
from vsig_core.store import Objects
from vsig_core.store.schema import schema
from vsig_core.web import Web
from vsig_core.workers import as_done, require_living

# Files that a worker takes at a time: to ask for one costs a millisecond, to read it ten or more.
CHUNK = 8

Progress = Callable[[int, int], None]

# Columns that come from the file's bytes, and so outlive a change of its metadata.
_FROM_DECODING = ("phash", "width", "height", "thumb")
_FROM_CONTENT = ("sha256", *_FROM_DECODING, "working")
# What the digest leaves out: these follow from others, or from the clock, or say where the
# sources lie, which a project that is restored in another folder tells otherwise.
_NOT_IN_DIGEST = ("phash", "thumb", "added_at", "source", "uri")


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
class _Task:
    uri: str
    known: str | None
    objects: Objects
    settings: ImagesSettings
    taken_down: AbstractSet[str]
    web: Web | None = None
    modified: datetime | None = None


@dataclass(frozen=True)
class _Outcome:
    """Content columns of one file, or why there are none; neither where it is known."""

    content: dict[str, Any] | None = None
    refused: tuple[str, str] | None = None


_PURGED = _Outcome(
    refused=("purged", "it was taken down with 'vsig purge'; take the file out of the source")
)


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

    Raises
    ------
    StoreError
        A working copy cannot be kept. What a picture is like never raises: it is a
        row of `rejected`.
    """
    plan = planned.to_pylist()
    trusting = web and web.trusting(hosts_named(_named(row) for row in plan))
    before = {row["uid"]: row for row in known.to_pylist()}
    kept = {} if decode_again else {uid: row["sha256"] for uid, row in before.items()}
    same = {uid for uid in unchanged & kept.keys() if taken_down.isdisjoint((uid, kept[uid]))}
    told = dict.fromkeys(same, _Outcome()) | dict.fromkeys(taken_down, _PURGED)
    tasks = [
        _Task(
            row["uri"],
            kept.get(row["uid"]),
            objects,
            settings,
            taken_down,
            trusting,
            row["modified"],
        )
        for row in plan
        if row["uid"] not in told
    ]
    read = iter(_run(tasks, executor, progress))
    outcomes = [told.get(row["uid"]) or next(read) for row in plan]
    now = datetime.now(UTC)
    images: list[dict[str, Any]] = []
    rejected: list[dict[str, Any]] = []
    for row, outcome in zip(plan, outcomes, strict=True):
        if outcome.refused:
            rejected.append(_rejected_row(row, *outcome.refused))
            if outcome.refused[0] != "unreachable" or row["uid"] not in before:
                continue
        old = before.get(row["uid"], {})
        content = outcome.content or {name: old[name] for name in _FROM_CONTENT}
        images.append(_image_row(row, content, old.get("added_at") or now))
    images.sort(key=lambda row: row["uid"])
    rejected.sort(key=lambda row: row["uid"])
    return BatchRead(
        pa.Table.from_pylist(images, schema("images")),
        pa.Table.from_pylist(rejected, schema("rejected_images")),
        _digest(images, rejected),
        sum(outcome.content is not None for outcome in outcomes),
    )


def _named(row: dict[str, Any]) -> tuple[str, str, str | None]:
    metadata = json.loads(row["metadata"] or "{}") if is_on_web(row["uri"]) else {}
    return row["source"], row["uri"], metadata.get("manifest")


def _run(tasks: list[_Task], executor: Executor, progress: Progress | None) -> list[_Outcome]:
    """Outcomes in the order of the tasks; the first unexpected failure stops the rest."""
    starts = range(0, len(tasks), CHUNK)
    chunks = [tasks[start : start + CHUNK] for start in starts]
    outcomes: list[_Outcome] = [_Outcome()] * len(tasks)
    done = 0
    for place, future in as_done(executor, _read_files, chunks):
        try:
            read = future.result()
        except WorkerLostError:
            read = [_read_alone(task, executor) for task in chunks[place]]
        outcomes[starts[place] : starts[place] + len(read)] = read
        done += len(read)
        if progress:
            progress(done, len(tasks))
    return outcomes


def _read_alone(task: _Task, executor: Executor) -> _Outcome:
    """One file of several that a worker died of: the decoder may crash on it."""
    try:
        return executor.submit(_read_files, [task]).result()[0]
    except WorkerLostError as error:
        require_living(executor)
        return _Outcome(refused=("crashes", str(error)))


def _read_files(tasks: list[_Task]) -> list[_Outcome]:
    """The worker: a working copy is on its way to the disk while the next file is decoded."""
    with ThreadPoolExecutor(1) as keeping:
        return [kept() for kept in [_read_file(task, keeping) for task in tasks]]


def _read_file(task: _Task, keeping: Executor) -> Callable[[], _Outcome]:
    """Bytes are read once, hashed, and decoded if they are new; the rest is done when called."""
    try:
        data = read_original(
            task.uri,
            lambda size: check_bytes(size, task.settings),
            task.web,
            task.modified,
        )
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 in task.taken_down:
            return lambda: _PURGED
        if sha256 == task.known:
            return _Outcome
        picture = read_picture(data, task.settings)
    except PictureError as error:
        refused = (error.reason, error.detail)
        return lambda: _Outcome(refused=refused)
    content = {"sha256": sha256, **{name: getattr(picture, name) for name in _FROM_DECODING}}
    working = keeping.submit(task.objects.put, "working", picture.working, "jpg")
    return lambda: _Outcome(content={**content, "working": working.result()})


def _image_row(planned: dict[str, Any], content: dict[str, Any], added: datetime) -> dict[str, Any]:
    place = {name: planned[name] for name in ("uid", "batch", "source", "uri")}
    metadata = image_columns(json.loads(planned["metadata"] or "{}")).values
    return {**place, **content, **metadata, "added_at": added}


def _rejected_row(planned: dict[str, Any], reason: str, detail: str) -> dict[str, Any]:
    place = {name: planned[name] for name in ("uri", "batch", "uid")}
    return {**place, "reason": reason, "detail": detail}


def _digest(images: Iterable[dict[str, Any]], rejected: Iterable[dict[str, Any]]) -> str:
    lasting = [
        {name: value for name, value in row.items() if name not in _NOT_IN_DIGEST} for row in images
    ]
    refused = [[row["uid"], row["reason"]] for row in rejected]
    text = json.dumps([lasting, refused], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
