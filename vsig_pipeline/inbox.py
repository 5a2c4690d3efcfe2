"""Annotation files: taken whole, moved away only when their rows are committed."""

import hashlib
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from vsig_core.annotations import IngestResult, Known, ends_within_line, ingest_file
from vsig_core.current import aliases, current_images
from vsig_core.errors import AnnotationError, InputError, StoreError
from vsig_core.project import Project
from vsig_core.store import File, Files, schema
from vsig_pipeline.arrivals import QUIET_SECONDS, lies_still
from vsig_pipeline.execution import Inputs
from vsig_pipeline.listing import refuse_to_begin_anew

MOST_BAD_ROWS = 1000
# How long a file that looks half-copied and is written to again and again is waited for.
MOST_SECONDS = 60
_FATAL = "the process was killed {} times while it read this file; it is not read any more"
_CUT_OFF = (
    "{} ends within a row: a copy was broken off, or a disk was full. All rows before it are "
    "taken. Put the whole file into the inbox again (what is known is taken once); or mend the "
    "last row of {} and put that into the inbox.\n"
)


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

    A file that cannot be used is rejected by itself; one that is being written to waits. Of
    one that was cut off the whole rows are taken, and the broken one is kept to be mended.

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
        read = _read_when_still(inputs, file, grown, known)
        if read is None:
            inputs.log(f"{file.name} is gone or being written to; it is looked at the next time")
            continue
        found = read.found
        if isinstance(found, str):
            inputs.log(f"{file.name} is rejected: {found}")
            refused.append(_unreadable(file.name, read.data, found))
            reports.append({"file": file.name, "rejected": found})
            moves.append(_Move(read.file, read.data, "rejected", found))
            continue
        grown = pa.concat_tables([grown, found.annotations])
        refused.append(found.rejected)
        reports.append(_report(found.report, found.rejected))
        moves.append(_Move(read.file, read.data, "done", cut_off=found.cut_off))
    rejected = _not_seen(pa.concat_tables(refused), seen)

    def move_all() -> None:
        for move in moves:
            _put_away(inbox, move)

    return Taken(grown.slice(log.num_rows), rejected, reports, move_all)


@dataclass(frozen=True)
class _Read:
    """A file, its content, and what it adds to the log, or why it cannot be taken."""

    file: File
    data: bytes
    found: IngestResult | str

    @property
    def may_be_half(self) -> bool:
        """Whether it looks as a file does while it is copied.

        A row without its end may name a picture that is not there: the first half of its id.
        """
        if not ends_within_line(self.data):
            return False
        found = self.found
        return isinstance(found, str) or bool(found.cut_off or found.report["waiting"])


def _read_when_still(inputs: Inputs, file: File, log: pa.Table, known: Known) -> _Read | None:
    """Read a file; one that looks half-copied, when nobody has written to it for a while.

    None where it is gone, or is written to all the time.
    """
    end = time.monotonic() + MOST_SECONDS
    read = _read(inputs, file, log, known)
    while read and read.may_be_half and not lies_still(read.file, QUIET_SECONDS):
        if time.monotonic() > end:
            return None
        time.sleep(0.2)
        now = inputs.project.inbox.find(file.name)
        if now is None:
            return None
        if now.tag != read.file.tag:
            read = _read(inputs, now, log, known)
    return read


def _read(inputs: Inputs, file: File, log: pa.Table, known: Known) -> _Read | None:
    data = _whole(inputs.project.inbox, file)
    if data is None:
        return None
    with _fatal_readings(inputs.project, data) as times:
        if times >= inputs.settings.run.max_attempts:
            return _Read(file, data, _FATAL.format(times))
        return _Read(file, data, _ingested(data, file.name, log, known, inputs.log))


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
    cut_off: str | None = None


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
        place = _copied(inbox, PurePosixPath(move.folder, name), move.content)
        if move.reason is not None:
            inbox.write(f"{place}.reason.txt", f"{move.reason}\n".encode())
        if move.cut_off is not None:
            _keep_to_be_mended(inbox, name, move.cut_off)
        inbox.remove(name, move.file.tag)
    except StoreError as error:
        raise InputError(
            f"The rows of {inbox.uri(name)} are taken, but it cannot be moved to {move.folder}/: "
            f"{error} Move it by hand; taken again, it adds nothing."
        ) from error


def _keep_to_be_mended(inbox: Files, name: str, cut_off: str) -> None:
    """The broken end of a file, as a file that is taken when its last row is whole."""
    path = PurePosixPath(name)
    place = PurePosixPath("rejected", f"{path.stem}-cut-off{path.suffix}")
    kept = _copied(inbox, place, cut_off.encode())
    inbox.write(f"{kept}.reason.txt", _CUT_OFF.format(name, PurePosixPath(kept).name).encode())


def _copied(inbox: Files, path: PurePosixPath, content: bytes) -> str:
    """Name of the copy: a file of this name that is there and says something else stays."""
    place, number = path, 1
    while not inbox.create(str(place), content) and inbox.read(str(place)) != content:
        place = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return str(place)
