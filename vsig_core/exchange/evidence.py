"""Where two pictures show what they share, for judgements that say they do.

What a person drew goes first, and is in `box1` and `box2`. For a side on which nobody drew
anything stands what local evidence finds, where both pictures were looked at: against the
part that was drawn on the other side, where there is one.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from vsig_core.annotations import EVIDENCE_COLUMNS, read_box, write_box
from vsig_core.evidence import Box, Match
from vsig_core.pair_evidence import Pair, kept_evidence
from vsig_core.project import Project

# A duplicate shares all of itself; the other verdicts say that nothing is shared.
_SHARING = {"POSITIVE", "SIMILAR"}
_KINDS = (pa.string(), pa.string(), pa.float64(), pa.bool_())


def computed(project: Project, judged: Sequence[tuple[str, Pair]]) -> list[Match | None]:
    """Evidence beside judgements.

    Parameters
    ----------
    project
        Where it is kept.
    judged
        Type of each judgement, and its pair with the boxes that were drawn.

    Returns
    -------
    One for each, without the boxes of sides that a person drew; None where there is none.
    """
    found: list[Match | None] = [None] * len(judged)
    wanted = [
        n
        for n, (kind, pair) in enumerate(judged)
        if kind in _SHARING and not (pair.box1 and pair.box2)
    ]
    pairs = [judged[n][1] for n in wanted]
    for n, pair, match in zip(wanted, pairs, kept_evidence(project, pairs), strict=True):
        if match is not None and match.score > 0:
            box1, box2 = (None if pair.box1 else match.box1), (None if pair.box2 else match.box2)
            found[n] = replace(match, box1=box1, box2=box2)
    return found


def with_evidence(project: Project, log: pa.Table) -> pa.Table:
    """Rows of the log with `EVIDENCE_COLUMNS` after the others."""
    rows = log.select(["type", "img1", "img2", "box1", "box2"]).to_pylist()
    judged = [
        (row["type"], Pair(row["img1"], row["img2"], _box(row["box1"]), _box(row["box2"])))
        for row in rows
    ]
    found = [_cells(match) for match in computed(project, judged)]
    for place, (name, kind) in enumerate(zip(EVIDENCE_COLUMNS, _KINDS, strict=True)):
        log = log.append_column(name, pa.array([cells[place] for cells in found], kind))
    return log


def _cells(match: Match | None) -> tuple[Any, ...]:
    if match is None:
        return (None,) * len(_KINDS)
    boxes = (box and write_box(box) for box in (match.box1, match.box2))
    return (*boxes, match.score, match.mirrored)


def _box(text: str | None) -> Box | None:
    return read_box(text) if text else None
