"""Annotation files: the original's CSV and ours, read into rows of the log, and written.

The original: ``uid_connection,type,img1,img2,date,cluster_file,cluster``. Its link
ids came in three forms over time (a uuid; ``img1[:16]+img2[16:]``; the sorted pair
joined by ``_``). They name a pair at best and never a row, so none is taken: the
identity of such a row is its type, pair, time and person, whatever its link id.

Ours: ``type,img1,img2`` and, as far as they are there, ``annotation_id, act, box1,
box2, motif, members, annotator, made_at, context, retracts, note, sha1, sha2``.
"""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from vsig_core.annotations.boxes import read_box, write_box
from vsig_core.annotations.judgement import identity, table_of, turn
from vsig_core.annotations.kinds import PAIR_TYPES, TYPES, read_outcome, read_type
from vsig_core.annotations.link_ids import count_forms
from vsig_core.annotations.reading import Record, Sheet, read_sheet
from vsig_core.annotations.times import read_time, write_time
from vsig_core.annotations.verdicts import fold_bursts
from vsig_core.errors import AnnotationError
from vsig_core.store.schema import schema

REQUIRED = ("type", "img1", "img2")
COLUMNS = (*REQUIRED, "annotation_id", "act", "box1", "box2", "motif", "members", "annotator")
COLUMNS = (*COLUMNS, "made_at", "context", "retracts", "note")
_CONTENTS = ("sha1", "sha2")
# What an export adds for people; nobody said it, so reading passes it over.
EVIDENCE_COLUMNS = ("evidence1", "evidence2", "evidence_score", "evidence_mirrored")
_ORIGINAL = ("uid_connection", "date", "cluster_file", "cluster")
_PLAIN = ("annotation_id", "act", "motif", "annotator", "context", "retracts", "note", *_CONTENTS)

# The original's files that are no judgements, by their first line.
_HEAD = 200
_OTHER_FILES = {
    "index,uid,cluster,path,cluster_size": "it is a clustering of the original. Clusters are "
    "computed here, and kept by 'vsig run'; there is nothing to take in.",
    "key,value": "it describes pictures. Name its columns id and description, save it as "
    "metadata.csv beside the pictures, and 'vsig run' reads it with them.",
}
# What spreadsheets take for a formula; they show a cell that begins with an apostrophe as text.
_FORMULA = re.compile(r"'*[=+\-@]")

_Row = dict[str, Any]


@dataclass(frozen=True)
class AnnotationFile:
    """What a file of judgements holds.

    `annotations` are the good rows, by the schema of the log; `rejected` the bad
    ones, each with its line and what is wrong. `rows` counts all lines with content
    but the first, `by_type` the good ones as they stand in the file, before the
    original's bursts were folded into `folded_verdicts` verdicts; `link_ids` counts the
    forms of the original's link ids in them. `cut_off`: see `Sheet`.
    """

    annotations: pa.Table
    rejected: pa.Table
    notes: list[str]
    rows: int
    by_type: dict[str, int]
    folded_verdicts: int
    link_ids: dict[str, int]
    cut_off: str | None = None


def read_annotations(data: bytes, file: str) -> AnnotationFile:
    """Read a file of judgements in either format.

    Parameters
    ----------
    data
        Content of the file: CSV in UTF-8 (or UTF-16 with BOM, or Latin-1), separated
        by commas, semicolons or tabs.
    file
        Its name, for messages and for the log.

    Raises
    ------
    AnnotationError
        No row can be taken: empty, not text, or without the columns type, img1, img2.
    """
    sheet = _read_sheet(data, file)
    notes = list(sheet.notes)
    unknown = [
        name
        for name in sheet.columns
        if name not in {*COLUMNS, *_CONTENTS, *EVIDENCE_COLUMNS, *_ORIGINAL}
    ]
    if unknown:
        notes.append(f"columns that mean nothing here, ignored: {', '.join(unknown)}")
    origin = {"file": file, "file_sha256": hashlib.sha256(data).hexdigest()}
    good: list[_Row] = []
    bad: list[_Row] = []
    links: list[tuple[str, str, str]] = []
    for record in sheet.records:
        try:
            row = _read_row(record, sheet.columns)
            good.append(row | origin | {"row": record.line})
            links.append((_link_id(record, sheet.columns), row["img1"] or "", row["img2"] or ""))
        except ValueError as error:
            bad.append(_rejected(origin, record.line, str(error), record.text))
    by_type = Counter(row["type"] for row in good)
    folded, verdicts = fold_bursts(good)
    kept, repeated = _once_each(folded, bad)
    if repeated:
        notes.append(f"rows that repeat another row of the file, counted once: {repeated}")
    return AnnotationFile(
        annotations=table_of(kept),
        rejected=pa.Table.from_pylist(bad, schema=schema("rejected_annotations")),
        notes=notes,
        rows=len(sheet.records),
        by_type=dict(sorted(by_type.items(), key=lambda item: (-item[1], item[0]))),
        folded_verdicts=verdicts,
        link_ids=count_forms(links),
        cut_off=sheet.cut_off,
    )


def _read_sheet(data: bytes, file: str) -> Sheet:
    """The sheet; of the original's other files it is said what they are."""
    try:
        return read_sheet(data, file, REQUIRED)
    except AnnotationError:
        head = data[:_HEAD].decode("utf-8-sig", "replace").splitlines()[:1]
        for columns, what in _OTHER_FILES.items():
            if head and [cell.strip().lower() for cell in head[0].split(",")] == columns.split(","):
                raise AnnotationError(f"{file} holds no judgements: {what}") from None
        raise


def write_annotations(annotations: pa.Table) -> bytes:
    """Rows of the log as a file in our format; `read_annotations` gives them back.

    sha1 and sha2, and `EVIDENCE_COLUMNS`, are written where any row has them; file and line
    are not, being those of the file that is read. A cell that a spreadsheet would compute gets an
    apostrophe before it, which reading takes away.
    """
    rows = annotations.to_pylist()
    columns: list[str] = list(COLUMNS)
    for more in (_CONTENTS, EVIDENCE_COLUMNS):
        columns += more if any(row.get(name) for row in rows for name in more) else ()
    # CRLF, as RFC 4180 has it; csv then quotes cells that hold either character.
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([[_cell(row.get(name)) for name in columns] for row in rows])
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if _FORMULA.match(value) else value
    if isinstance(value, list | bool):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return f"{value:.6g}"
    return write_time(value)


def _rejected(origin: Mapping[str, str], line: int, reason: str, text: str) -> _Row:
    return {**origin, "row": line, "reason": reason, "text": text}


def _once_each(rows: list[_Row], bad: list[_Row]) -> tuple[list[_Row], int]:
    """Each id once: a repeated row is dropped, a different one of the same id is bad."""
    first: dict[str, _Row] = {}
    repeated = 0
    for row in rows:
        known = first.setdefault(row["annotation_id"], row)
        if known is row:
            continue
        if identity(known) == identity(row):
            repeated += 1
            continue
        reason = f"repeated_id: {row['annotation_id']} is another judgement in line {known['row']}"
        text = ",".join(str(row[name] or "") for name in REQUIRED)
        bad.append(_rejected(row_origin(row), row["row"], reason, text))
    return list(first.values()), repeated


def row_origin(row: Mapping[str, Any]) -> dict[str, str]:
    """File and content hash that a row of the log came with."""
    return {"file": row["file"], "file_sha256": row["file_sha256"]}


def _read_row(record: Record, columns: list[str]) -> _Row:
    """One record as a row of the log; ValueError "word: what is wrong" where it is bad."""
    if record.fault:
        raise ValueError(record.fault)
    if len(record.cells) != len(columns):
        raise ValueError(f"cells: {len(record.cells)} instead of {len(columns)}")
    cells = dict(zip(columns, map(_text, record.cells), strict=True))
    row: _Row = {name: cells.get(name) or None for name in _PLAIN}
    row["type"] = _read_kind(cells["type"])
    row["img1"], row["img2"] = cells["img1"] or None, cells["img2"] or None
    row["members"] = _read_members(cells.get("members", ""))
    row["made_at"] = _read("bad_date", read_time, cells.get("made_at") or cells.get("date"))
    for name in ("box1", "box2"):
        box = _read("bad_box", read_box, cells.get(name))
        row[name] = write_box(box) if box else None
    row["context"] = row["context"] or _original_context(cells)
    row = turn(row)
    _check(row)
    row["annotation_id"] = row["annotation_id"] or _own_id(row)
    return row


def _link_id(record: Record, columns: list[str]) -> str:
    if "uid_connection" not in columns:
        return ""
    return record.cells[columns.index("uid_connection")].strip()


def _text(cell: str) -> str:
    """What a cell says, without the apostrophe that keeps spreadsheets from computing it."""
    bare = cell.strip()
    return bare[1:] if bare.startswith("'") and _FORMULA.match(bare) else bare


def _own_id(row: _Row) -> str | None:
    """An id from content; pairs of a burst get theirs when they are folded."""
    burst = row["type"] not in PAIR_TYPES and row["type"] in ("CORRECT", "WRONG")
    return None if burst and not row["members"] else identity(row)


def _read(word: str, reader: Any, text: str | None) -> Any:
    if not text:
        return None
    try:
        return reader(text)
    except ValueError as error:
        raise ValueError(f"{word}: {error}") from None


def _read_kind(text: str) -> str:
    kind = read_type(text)
    if kind is None:
        raise ValueError(f"unknown_type: {text!r} is none of {', '.join(sorted(TYPES))}")
    return kind


def _read_members(text: str) -> list[str] | None:
    if not text:
        return None
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        members = None
    if (
        not isinstance(members, list)
        or not members
        or not all(isinstance(uid, str) and uid.strip() for uid in members)
    ):
        raise ValueError(f"bad_members: {text[:60]!r} is not a JSON list of uids")
    return sorted({uid.strip() for uid in members})


def _original_context(cells: Mapping[str, str]) -> str | None:
    """Cluster file and cluster of the original, as JSON; its clusters are floats ("94.0")."""
    found = {name: cells.get(name, "") for name in ("cluster_file", "cluster")}
    found["cluster"] = found["cluster"].removesuffix(".0")
    found = {name: text for name, text in found.items() if text}
    return json.dumps(found, ensure_ascii=False, sort_keys=True) if found else None


def _check(row: _Row) -> None:
    """Refuse a row that lacks what its type needs."""
    kind = row["type"]
    pair = row["img1"] and row["img2"]
    if row["img1"] and row["img1"] == row["img2"]:
        raise ValueError(f"self_link: img1 and img2 are both {row['img1']}")
    if kind == "RETRACT":
        if not row["retracts"]:
            raise ValueError("missing_retracts: a RETRACT names an annotation_id or an act")
    elif kind == "SETTLE":
        if not (row["retracts"] or pair):
            raise ValueError("missing_retracts: a SETTLE names a conflict_id, or the two images")
        if read_outcome(row["note"]) is None:
            outcomes = ", ".join(PAIR_TYPES)
            raise ValueError(
                f"bad_outcome: note is {row['note']!r}, not leave or one of {outcomes}"
            )
    elif kind in PAIR_TYPES and not pair:
        raise ValueError(f"missing_image: a {kind} needs img1 and img2")
    elif not pair and not row["members"]:
        raise ValueError(f"missing_image: a {kind} needs img1 and img2, or members")
