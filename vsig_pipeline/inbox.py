"""Annotation files: taken whole, moved away only when their rows are committed."""

import hashlib
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from vsig_core.annotations import IngestResult, Known, ingest_file
from vsig_core.current import aliases, current_images
from vsig_core.errors import AnnotationError, InputError, StoreError
from vsig_core.project import Project
from vsig_core.store import File, Files, schema
from vsig_pipeline.execution import Inputs
from vsig_pipeline.listing import refuse_to_begin_anew

MOST_BAD_ROWS = 1000
_FATAL = "the process was killed {} times while it read this file; it is not read any more"


@dataclass(frozen=True)
class Taken:
    """What the inbox's files add.

    Parameters
    ----------
    annotations, rejected
        Rows to add to the log, and rows that were refused or wait for their picture.
    reports
        One for each file, for people.
    move
        Moves the files away; to be called when the rows are committed.
    """

    annotations: pa.Table
    rejected: pa.Table
    reports: list[dict[str, Any]]
    move: Callable[[], None]


def take_files(inputs: Inputs, files: Sequence[File]) -> Taken:
    """Read annotation files against the log and the corpus; moves nothing yet.

    A file that cannot be used is rejected by itself; one that is being written to waits.

    Raises
    ------
    InputError
        The inbox is gone.
    """
    inbox = inputs.project.inbox
    if inputs.bases["annotations"] is None:  # from now on, an inbox that is not there is amiss
        inbox.make()
        refuse_to_begin_anew(inputs.project)
    images = current_images(inputs.store, ["uid", "sha256"])
    hashes = dict(zip(images["uid"].to_pylist(), images["sha256"].to_pylist(), strict=True))
    known = Known(set(hashes), aliases(inputs.store), hashes)
    log = grown = inputs.read("annotations")
    refused = [schema("rejected_annotations").empty_table()]
    reports: list[dict[str, Any]] = []
    moves: list[_Move] = []
    seen = inputs.read("rejected_annotations")
    for file in files:
        data = _whole(inbox, file)
        if data is None:
            inputs.log(f"{file.name} is gone or being written to; it is looked at the next time")
            continue
        with _fatal_readings(inputs.project, data) as times:
            deadly = times >= inputs.settings.run.max_attempts
            found = (
                _FATAL.format(times)
                if deadly
                else _ingested(data, file.name, grown, known, inputs.log)
            )
        if isinstance(found, str):
            inputs.log(f"{file.name} is rejected: {found}")
            refused.append(_unreadable(file.name, data, found))
            reports.append({"file": file.name, "rejected": found})
            moves.append(_Move(file, data, "rejected", found))
            continue
        grown = pa.concat_tables([grown, found.annotations])
        refused.append(found.rejected)
        reports.append(_report(found.report, found.rejected))
        moves.append(_Move(file, data, "done"))
    rejected = _not_seen(pa.concat_tables(refused), seen)

    def move_all() -> None:
        for move in moves:
            _put_away(inbox, move)

    return Taken(grown.slice(log.num_rows), rejected, reports, move_all)


def _whole(inbox: Files, file: File) -> bytes | None:
    """A file's content; None where it is gone, or somebody writes to it meanwhile."""
    data, after = inbox.read(file.name), inbox.find(file.name)
    if data is None or after is None:
        try:
            inbox.check()
        except StoreError as error:
            raise InputError(
                f"The inbox {inbox.uri()} is gone. Nothing was taken from it; put it back and run "
                f"again. ({error})"
            ) from error
        return None
    return data if after.tag == file.tag and len(data) == after.size else None


@contextmanager
def _fatal_readings(project: Project, data: bytes) -> Iterator[int]:
    """How often the process was killed while it read these bytes; counts this reading too.

    A file that takes all memory, or brings the interpreter down, would end every run there is.
    """
    place = project.work / "reading" / hashlib.sha256(data).hexdigest()
    place.parent.mkdir(parents=True, exist_ok=True)
    times = place.stat().st_size if place.exists() else 0
    with place.open("a") as begun:
        begun.write(".")
    try:
        yield times
    finally:
        place.unlink(missing_ok=True)


def _ingested(
    data: bytes, name: str, log: pa.Table, known: Known, say: Callable[[str], None]
) -> IngestResult | str:
    """What a file adds to the log, or why it cannot be taken: one file never stops the others."""
    try:
        return ingest_file(data, name, log, known)
    except AnnotationError as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001  what nobody foresaw would stop the inbox for good
        reason = traceback.format_exception_only(error)[-1].strip()
        say(traceback.format_exc())
    return reason


def _report(report: dict[str, Any], rejected: pa.Table) -> dict[str, Any]:
    """A file's report, its bad rows with their lines; a commit holds it, so there is a bound."""
    shown = rejected.slice(0, MOST_BAD_ROWS).to_pylist()
    rows = [f"line {row['row']}: {row['reason']}" for row in shown]
    if more := rejected.num_rows - len(rows):
        rows.append(f"and {more} more: see the table rejected_annotations")
    return {**report, "bad rows": rows}


def _unreadable(name: str, data: bytes, reason: str) -> pa.Table:
    row = {
        "file_sha256": hashlib.sha256(data).hexdigest(),
        "file": name,
        "row": 0,
        "reason": reason,
        "text": data[:200].decode("utf-8", "replace"),
    }
    return pa.Table.from_pylist([row], schema("rejected_annotations"))


def _not_seen(rejected: pa.Table, seen: pa.Table) -> pa.Table:
    """Rows that the table does not have: a file that comes twice is reported once."""
    known = {(row["file_sha256"], row["row"], row["reason"]) for row in seen.to_pylist()}
    new = [
        row
        for row in rejected.to_pylist()
        if (row["file_sha256"], row["row"], row["reason"]) not in known
    ]
    return pa.Table.from_pylist(new, schema("rejected_annotations"))


@dataclass(frozen=True)
class _Move:
    file: File
    content: bytes
    folder: str
    reason: str | None = None


def _put_away(inbox: Files, move: _Move) -> None:
    """Move a file under a name that is free, its reason beside it.

    It is copied, then removed: a process that is killed in between leaves both, and the next
    one finds the copy. A file that was written to since it was read stays: its new rows are
    taken next time.
    """
    name = move.file.name
    found = inbox.find(name)
    if found is None or found.tag != move.file.tag:
        return
    try:
        place = _copied(inbox, move)
        if move.reason is not None:
            inbox.write(f"{place}.reason.txt", f"{move.reason}\n".encode())
        inbox.remove(name, move.file.tag)
    except StoreError as error:
        raise InputError(
            f"The rows of {inbox.uri(name)} are taken, but it cannot be moved to {move.folder}/: "
            f"{error} Move it by hand; taken again, it adds nothing."
        ) from error


def _copied(inbox: Files, move: _Move) -> str:
    """Name of the copy: a file of this name that is there and says something else stays."""
    path = PurePosixPath(move.folder, move.file.name)
    place, number = path, 1
    while not inbox.create(str(place), move.content) and inbox.read(str(place)) != move.content:
        place = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return str(place)
