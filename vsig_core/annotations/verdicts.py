"""Verdicts on whole clusters, and folding the bursts of pairs that the original wrote.

The original wrote one click on "Correct cluster" or "Wrong cluster" as every
ordered pair of the cluster: 5,611 rows once. Such rows are read back as one
verdict with members.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vsig_core.annotations.forest import Forest
from vsig_core.annotations.judgement import AnnotationRows, identity, judgements_of
from vsig_core.annotations.kinds import VERDICT_TYPES
from vsig_core.annotations.retraction import in_force

# A burst took the original's server seconds to write; two clicks on one cluster that
# follow one another as fast say the same thing.
_PAUSE = timedelta(seconds=60)


@dataclass(frozen=True)
class Verdict:
    """One person's CORRECT or WRONG on a set of pictures."""

    annotation_id: str
    type: str
    members: frozenset[str]
    annotator: str | None
    made_at: datetime | None


def fold_bursts(rows: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """Put pair rows of CORRECT and WRONG back into verdicts with members.

    Rows of one type, person and cluster belong together until a pause of a
    minute; where no cluster is named, only rows whose pictures hang together.

    Returns
    -------
    The rows, verdicts in place of their first row, and how many verdicts were made
    of pairs.
    """
    kept: list[dict[str, Any]] = []
    bursts: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["type"] in VERDICT_TYPES and not row["members"]:
            bursts[row["type"], row["annotator"], row["act"], row["context"]].append(row)
        else:
            kept.append(row)
    folded = [
        _verdict(part)
        for burst in bursts.values()
        for sitting in _sittings(burst)
        for part in ([sitting] if sitting[0]["context"] else _hanging_together(sitting))
    ]
    return sorted(kept + folded, key=lambda row: row["row"]), len(folded)


def _sittings(rows: list[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    undated = [row for row in rows if row["made_at"] is None]
    dated = sorted((row for row in rows if row["made_at"]), key=lambda row: row["made_at"])
    current: list[dict[str, Any]] = []
    for row in dated:
        if current and row["made_at"] - current[-1]["made_at"] > _PAUSE:
            yield current
            current = []
        current.append(row)
    yield from (part for part in (current, undated) if part)


def _hanging_together(rows: list[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    forest = Forest()
    for row in rows:
        forest.join(row["img1"], row["img2"])
    parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        parts[forest.root(row["img1"])].append(row)
    return parts.values()


def _verdict(rows: list[dict[str, Any]]) -> dict[str, Any]:
    first = min(rows, key=lambda row: row["row"])
    members = sorted({row[name] for row in rows for name in ("img1", "img2")})
    verdict = first | {"img1": None, "img2": None, "box1": None, "box2": None, "members": members}
    if first["made_at"]:
        verdict["made_at"] = min(row["made_at"] for row in rows)
    # One pair with its own id is a verdict on two pictures, and keeps its name.
    if len(rows) > 1 or not first["annotation_id"]:
        verdict["annotation_id"] = identity(verdict)
    return verdict


def verdicts_in_force(annotations: AnnotationRows) -> list[Verdict]:
    """CORRECT and WRONG verdicts that nobody took back, oldest first.

    One without a date is older than any that has one; equal dates go by the log.
    """
    found = [
        Verdict(j.annotation_id, j.type, frozenset(j.members), j.annotator, j.made_at)
        for j in in_force(judgements_of(annotations))
        if j.type in VERDICT_TYPES
    ]
    return sorted(found, key=lambda v: (v.made_at is not None, v.made_at and v.made_at.timestamp()))
