"""Annotation files: taken whole, moved away only when their rows are committed."""

import hashlib
import shutil
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from vsig_core.annotations import IngestResult, Known, ingest_file
from vsig_core.current import aliases, current_images
from vsig_core.errors import AnnotationError, InputError
from vsig_core.project import Project
from vsig_core.store import schema
from vsig_pipeline.execution import Inputs

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


def take_files(inputs: Inputs, files: Sequence[Path]) -> Taken:
    """Read annotation files against the log and the corpus; moves nothing yet.

    A file that cannot be used is rejected by itself; one that is being written to waits.

    Raises
    ------
    InputError
        The inbox is gone.
    """
    if inputs.bases["annotations"] is None:  # from now on, an inbox that is not there is amiss
        inputs.project.inbox.mkdir(parents=True, exist_ok=True)
    images = current_images(inputs.store, ["uid", "sha256"])
    hashes = dict(zip(images["uid"].to_pylist(), images["sha256"].to_pylist(), strict=True))
    known = Known(set(hashes), aliases(inputs.store), hashes)
    log = grown = inputs.read("annotations")
    refused = [schema("rejected_annotations").empty_table()]
    reports: list[dict[str, Any]] = []
    moves: list[_Move] = []
    seen = inputs.read("rejected_annotations")
    for path in files:
        data = _whole(path)
        if data is None:
            inputs.log(f"{path.name} is gone or being written to; it is looked at the next time")
            continue
        with _fatal_readings(inputs.project, data) as times:
            deadly = times >= inputs.settings.run.max_attempts
            found = (
                _FATAL.format(times)
                if deadly
                else _ingested(data, path.name, grown, known, inputs.log)
            )
        if isinstance(found, str):
            inputs.log(f"{path.name} is rejected: {found}")
            refused.append(_unreadable(path.name, data, found))
            reports.append({"file": path.name, "rejected": found})
            moves.append(_Move(path, data, "rejected", found))
            continue
        grown = pa.concat_tables([grown, found.annotations])
        refused.append(found.rejected)
        reports.append(_report(found.report, found.rejected))
        moves.append(_Move(path, data, "done"))
    rejected = _not_seen(pa.concat_tables(refused), seen)

    def move_all() -> None:
        for move in moves:
            _put_away(move)

    return Taken(grown.slice(log.num_rows), rejected, reports, move_all)


def _whole(path: Path) -> bytes | None:
    """A file's content; None where it is gone, or somebody writes to it meanwhile."""
    try:
        before = path.stat()
        data = path.read_bytes()
        after = path.stat()
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise InputError(
                f"The inbox {path.parent} is gone. Nothing was taken from it; put it back and "
                "run again."
            ) from None
        return None
    same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    return data if same and len(data) == after.st_size else None


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
    path: Path
    content: bytes
    folder: str
    reason: str | None = None


def _put_away(move: _Move) -> None:
    """Move a file under a name that is free, its reason beside it.

    A file that was written to since it was read stays: its new rows are taken next time.
    """
    path = move.path
    target = path.parent / move.folder
    try:
        if path.read_bytes() == move.content:
            _move(move, target)
    except FileNotFoundError:
        return  # somebody else was faster
    except OSError as error:
        raise InputError(
            f"The rows of {path} are taken, but it cannot be moved to {target}: "
            f"{error.strerror}. Move it by hand; taken again, it adds nothing."
        ) from error


def _move(move: _Move, target: Path) -> None:
    path = move.path
    target.mkdir(exist_ok=True)
    place = target / path.name
    number = 1
    while place.exists():
        place = target / f"{path.stem}-{number}{path.suffix}"
        number += 1
    if move.reason is not None:
        note = place.with_name(place.name + ".reason.txt")
        note.write_text(move.reason + "\n", encoding="utf-8")
    shutil.move(path, place)
