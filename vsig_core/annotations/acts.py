"""What one click of one person writes (the table of DESIGN 4)."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations, product
from typing import Any, Literal

import pyarrow as pa

from vsig_core.annotations.boxes import read_box, write_box
from vsig_core.annotations.judgement import table_of, turn
from vsig_core.annotations.kinds import read_outcome
from vsig_core.errors import AnnotationError

ActKind = Literal[
    "same",
    "not_same",
    "similar",
    "different",
    "duplicate",
    "not_duplicate",
    "unsure",
    "right",
    "wrong",
    "settle",
    "undo",
]

_TICKED_TYPE = {
    "same": "POSITIVE",
    "not_same": "NEGATIVE",
    "different": "DIFFERENT",
    "similar": "SIMILAR",
    "duplicate": "DUPLICATE",
    "not_duplicate": "NOT_DUPLICATE",
    "unsure": "UNSURE",
}
_UNTICKED_TYPE = {"same": "NEGATIVE", "similar": "DIFFERENT"}
_VERDICT = {"right": "CORRECT", "wrong": "WRONG"}


@dataclass(frozen=True)
class Act:
    """One click.

    Parameters
    ----------
    kind
        What was said.
    made_at
        When, with zone.
    ticked
        Pictures that it is said of; for right and wrong the whole cluster.
    unticked
        The others that were shown; judged only where `unticked_are_not`.
    unticked_are_not
        "Same signature, the unticked are not", and the like for similar.
    target
        For settle the conflict_id, for undo an annotation_id or act.
    note
        Free text; for settle the outcome, or "leave".
    name
        Its id, where whoever asks may ask again (`a-` and 32 hex digits); None makes a new one.
    boxes
        Picture to the part of it that is meant, `x,y,w,h`; of the others the whole.
    """

    kind: ActKind
    made_at: datetime
    ticked: Sequence[str] = ()
    unticked: Sequence[str] = ()
    unticked_are_not: bool = False
    annotator: str | None = None
    motif: str | None = None
    context: str | None = None
    target: str | None = None
    note: str | None = None
    name: str | None = None
    boxes: Mapping[str, str] = field(default_factory=dict)


def rows_of_act(act: Act) -> pa.Table:
    """The rows that an act adds to the log, all with one act id.

    Raises
    ------
    AnnotationError
        Too few pictures ticked, a picture both ticked and unticked, a box that is none, a
        settlement without outcome, an undo without target.
    """
    name = act.name or "a-" + uuid.uuid4().hex
    said = {
        "act": name,
        "annotator": act.annotator,
        "made_at": act.made_at,
        "motif": act.motif,
        "context": act.context,
        "note": act.note,
    }
    boxes = _boxes(act)
    rows = [turn(said | row | _parts(row, boxes)) for row in _rows(act)]
    return table_of([row | {"annotation_id": f"{name}-{n}"} for n, row in enumerate(rows, 1)])


def _boxes(act: Act) -> dict[str, str]:
    try:
        return {uid: write_box(read_box(text)) for uid, text in act.boxes.items()}
    except ValueError as error:
        raise AnnotationError(str(error)) from error


def _parts(row: Mapping[str, Any], boxes: Mapping[str, str]) -> dict[str, str]:
    """The boxes of the pictures that a row names."""
    ends = (("img1", "box1"), ("img2", "box2"))
    return {box: boxes[row[img]] for img, box in ends if row.get(img) in boxes}


def _rows(act: Act) -> Iterable[dict[str, Any]]:
    if act.kind in _VERDICT:
        return [{"type": _VERDICT[act.kind], "members": _at_least(act, 1)}]
    if act.kind == "settle":
        if not act.target or read_outcome(act.note) is None:
            raise AnnotationError("to settle, name the conflict, and an outcome or leave")
        return [{"type": "SETTLE", "retracts": act.target}]
    if act.kind == "undo":
        if not act.target:
            raise AnnotationError("to undo, name the annotation or the act")
        return [{"type": "RETRACT", "retracts": act.target}]
    return _pair_rows(act)


def _pair_rows(act: Act) -> list[dict[str, Any]]:
    ticked = _at_least(act, 2)
    both = sorted(set(ticked).intersection(act.unticked))
    if both:
        raise AnnotationError(f"{', '.join(both[:3])}: both ticked and unticked")
    rows = [_pair(_TICKED_TYPE[act.kind], pair) for pair in combinations(ticked, 2)]
    if act.unticked_are_not:
        if act.kind not in _UNTICKED_TYPE:
            raise AnnotationError(f'"{act.kind}" says nothing of what is not ticked')
        others = sorted(set(act.unticked))
        rows += [_pair(_UNTICKED_TYPE[act.kind], pair) for pair in product(ticked, others)]
    return rows


def _pair(kind: str, pair: tuple[str, str]) -> dict[str, Any]:
    return {"type": kind, "img1": pair[0], "img2": pair[1]}


def _at_least(act: Act, count: int) -> list[str]:
    ticked = sorted(set(act.ticked))
    if len(ticked) < count:
        raise AnnotationError(f'"{act.kind}" needs at least {count} pictures, got {len(ticked)}')
    return ticked
