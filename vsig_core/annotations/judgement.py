"""One row of the log as a value, and what makes two rows the same judgement."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from vsig_core.annotations.boxes import Box, read_box
from vsig_core.annotations.kinds import read_type
from vsig_core.store.schema import empty, schema

Pair = tuple[str, str]
AnnotationRows = pa.Table | Sequence[Mapping[str, Any]]

# Before all times that a person gives: what has no time is taken as older.
_UNDATED = datetime.min.replace(tzinfo=UTC)
# What a person said, not where it was written: a copy of a file repeats its rows.
_IDENTITY = ("type", "img1", "img2", "box1", "box2", "motif", "members", "annotator", "made_at")
_IDENTITY_REST = ("act", "retracts", "note")


@dataclass(frozen=True, slots=True)
class Judgement:
    """A row of the log. `img1 < img2` where both are given, each box with its picture."""

    annotation_id: str
    type: str
    img1: str
    img2: str
    box1: Box | None
    box2: Box | None
    sha1: str | None
    sha2: str | None
    motif: str | None
    members: tuple[str, ...]
    annotator: str | None
    made_at: datetime | None
    act: str | None
    retracts: str | None
    note: str | None
    position: int

    @property
    def pair(self) -> Pair:
        """The two pictures, the smaller uid first."""
        return self.img1, self.img2

    @property
    def order(self) -> tuple[datetime, int]:
        """Sorts by time; where no time was given, by place in the log."""
        return (_UNDATED, self.position) if self.made_at is None else (self.made_at, 0)

    def is_later(self, other: "Judgement") -> bool:
        """Whether this is known to be later; a time and none tell nothing."""
        if (self.made_at is None) != (other.made_at is None):
            return False
        return self.order > other.order


def turn(row: dict[str, Any]) -> dict[str, Any]:
    """A row with the smaller uid first and boxes and contents with their pictures.

    Every judgement of a pair is symmetric, so (A, B) and (B, A) are one.
    """
    if not row.get("img2") or not row.get("img1") or row["img1"] <= row["img2"]:
        return row
    turned = dict(row)
    for name in ("img", "box", "sha"):
        turned[f"{name}1"], turned[f"{name}2"] = row.get(f"{name}2"), row.get(f"{name}1")
    return turned


def identity(row: Mapping[str, Any]) -> str:
    """An id from a row's content, for rows that bring none.

    Of a row turned by `turn`. File, line and context are left out: the same rows
    from another file, or from a copy that lost a column, are known already.
    """
    content = [row.get(name) or None for name in (*_IDENTITY, *_IDENTITY_REST)]
    if row.get("members"):
        content[_IDENTITY.index("members")] = sorted(set(row["members"]))
    text = json.dumps(content, ensure_ascii=False, default=datetime.isoformat)
    return "h-" + hashlib.sha256(text.encode()).hexdigest()[:32]


def table_of(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as a table of the schema `annotations`; what a row does not say is null."""
    if not rows:
        return empty("annotations")
    return pa.Table.from_pylist(list(rows), schema=schema("annotations"))


def judgements_of(annotations: AnnotationRows) -> list[Judgement]:
    """Rows of the log as values, in order, each annotation_id once.

    Takes a table with any of the columns of `annotations`, or mappings; a row
    without an annotation_id gets one from its content.
    """
    rows: Sequence[Mapping[str, Any]]
    rows = annotations if isinstance(annotations, Sequence) else annotations.to_pylist()
    found: dict[str, Judgement] = {}
    for position, row in enumerate(rows):
        judgement = _judgement(turn(dict(row)), position)
        found.setdefault(judgement.annotation_id, judgement)
    return list(found.values())


def _judgement(row: dict[str, Any], position: int) -> Judgement:
    kind = read_type(row["type"])
    if kind is None:
        raise ValueError(f"unknown type {row['type']!r} in row {position} of the log")
    return Judgement(
        annotation_id=row.get("annotation_id") or identity(row),
        type=kind,
        img1=row.get("img1") or "",
        img2=row.get("img2") or "",
        box1=_box(row.get("box1")),
        box2=_box(row.get("box2")),
        sha1=row.get("sha1"),
        sha2=row.get("sha2"),
        motif=row.get("motif") or None,
        members=tuple(row.get("members") or ()),
        annotator=(row.get("annotator") or "").strip() or None,
        made_at=_time(row.get("made_at")),
        act=row.get("act") or None,
        retracts=row.get("retracts") or None,
        note=row.get("note") or None,
        position=position,
    )


def _box(text: str | None) -> Box | None:
    return read_box(text) if text else None


def _time(value: datetime | str | None) -> datetime | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if value is None or value.tzinfo is not None:
        return value
    return value.replace(tzinfo=UTC)
