"""Judgements of two people in two sittings, as annotation files."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from vsig_core.corpus.sample.pictures import Box, area
from vsig_core.corpus.sample.plan import DUPLICATE, Plan, components, truth_kind

COLUMNS = (
    "type", "img1", "img2", "annotation_id", "act", "box1", "box2", "motif", "members",
    "annotator", "made_at", "context", "retracts", "note",
)  # fmt: skip
ANNOTATORS = ("Ada Corvino", "Luc Marchetal")
_FIRST_DAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_SECOND_DAY = datetime(2026, 4, 14, 14, 0, tzinfo=UTC)
# Of all signatures, and of those left that stand alone: the later sitting has to bring enough
# for a second round to learn more than chance gives or takes.
_FIRST_SHARE, _SECOND_SHARE = 0.55, 0.8


@dataclass(frozen=True)
class Truth:
    """What the judges may know: the plan, and of each picture its name and its boxes."""

    plan: Plan
    names: Sequence[str]
    boxes: Sequence[dict[int, Box]]
    titles: Sequence[str]
    kinds: Sequence[str]


class Sitting:
    """Rows of one annotation file, written act by act.

    Parameters
    ----------
    number
        1 or 2; part of every id.
    start
        Time of the first act.
    """

    def __init__(
        self, truth: Truth, number: int, start: datetime, rng: np.random.Generator
    ) -> None:
        self.rows: list[dict[str, str]] = []
        self._truth, self._number, self._time, self._rng = truth, number, start, rng
        self._acts = 0

    def judge(
        self,
        pairs: Sequence[tuple[str, int, int]],
        motif: int | None = None,
        annotator: str | None = None,
        note: str = "",
    ) -> str:
        """One act: (type, picture, picture) rows by one annotator at one time; returns who."""
        self._acts += 1
        self._time += timedelta(seconds=int(self._rng.integers(20, 400)))
        who = annotator or ANNOTATORS[int(self._rng.random() < 0.4)]
        act = f"sitting-{self._number}-{self._acts:03d}"
        for kind, first, second in pairs:
            row: dict[str, str] = dict.fromkeys(COLUMNS, "")
            row |= {
                "type": kind,
                "img1": self._truth.names[first],
                "img2": self._truth.names[second],
                "annotation_id": f"{act}-{len(self.rows) + 1:04d}",
                "act": act,
                "annotator": who,
                "made_at": self._time.isoformat().replace("+00:00", "Z"),
                "note": note,
            }
            if motif is not None and kind == "POSITIVE":
                row |= self._named(motif, first, second)
            self.rows.append(row)
        return who

    def _named(self, motif: int, first: int, second: int) -> dict[str, str]:
        """Name and boxes, where two signatures could be taken for one."""
        truth = self._truth
        if not any(motif in couple for couple in truth.plan.couples):
            return {}
        boxes = [truth.boxes[i].get(motif) for i in (first, second)]
        return {
            "motif": truth.titles[motif],
            "box1": box_text(boxes[0]),
            "box2": box_text(boxes[1]),
        }


def box_text(box: Box | None) -> str:
    """A box as annotation files write it; empty where there is none."""
    if box is None or area(box) == 0:
        return ""
    left, top, right, bottom = box
    return f"{left:.4f},{top:.4f},{right - left:.4f},{bottom - top:.4f}"


def draw_sittings(
    truth: Truth, rng: np.random.Generator
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Rows of the first and of the later sitting.

    The first knows about 55 % of the signatures; the later one adds most of the others,
    members, a few other verdicts, and contradicts the first exactly once.
    Some signatures are left to be found.
    """
    first_known, second_known = _share_out(truth.plan, rng)
    first = Sitting(truth, 1, _FIRST_DAY, rng)
    second = Sitting(truth, 2, _SECOND_DAY, rng)
    contradictable: list[tuple[int, int, str]] = []
    for motif in first_known:
        members = truth.plan.members(motif)
        later = [members[-1]] if len(members) >= 5 and rng.random() < 0.25 else []
        ticked = [m for m in members if m not in later]
        who = _confirm(first, truth, motif, ticked, rng)
        if len(ticked) >= 4:
            contradictable.append((ticked[0], ticked[1], who))
        for member in later:
            near = rng.choice(ticked, size=min(2, len(ticked)), replace=False)
            second.judge([("POSITIVE", int(n), member) for n in near], motif)
    for motif in second_known:
        _confirm(second, truth, motif, truth.plan.members(motif), rng)
    known = [*first_known, *second_known]
    _reject(first, truth, first_known, (max(3, len(first_known) // 4), "NEGATIVE"), rng)
    _reject(second, truth, known, (max(2, len(known) // 12), "NEGATIVE"), rng)
    _liken(second, truth, known, max(2, len(known) // 14), rng)
    _fold(first, second, truth, known, rng)
    if contradictable:
        one, two, who = contradictable[int(rng.integers(len(contradictable)))]
        other = ANNOTATORS[1 - ANNOTATORS.index(who)]
        second.judge([("NEGATIVE", one, two)], annotator=other, note="not the same, I think")
    return first.rows, second.rows


def _share_out(plan: Plan, rng: np.random.Generator) -> tuple[list[int], list[int]]:
    """Signatures of the first and of the later sitting.

    Of two that meet in a picture the first sitting mostly knows one, so that the
    later one finds the other in pictures that are known already.
    """
    first: list[int] = []
    second: list[int] = []
    groups = components(plan)
    order = [groups[i] for i in rng.permutation(len(groups)).tolist()]
    couples = [g for g in order if len(g) > 1]
    singles = [g[0] for g in order if len(g) == 1]
    both, one_then_other, one = (round(len(couples) * share) for share in (0.15, 0.3, 0.4))
    for k, couple in enumerate(couples):
        if k < both:
            first += couple
        elif k < both + one_then_other:
            first.append(couple[0])
            second.append(couple[1])
        elif k < both + one_then_other + one:
            first.append(couple[0])
    # Singles bring the first sitting to its share of all signatures.
    wanted = max(1, round(_FIRST_SHARE * plan.motifs) - len(first))
    first += singles[:wanted]
    second += singles[wanted : wanted + max(1, round(_SECOND_SHARE * (len(singles) - wanted)))]
    return first, second


def _confirm(
    sitting: Sitting, truth: Truth, motif: int, members: list[int], rng: np.random.Generator
) -> str:
    """One act: the same signature on all ticked pictures, now and then with rejected ones."""
    pairs = [("POSITIVE", a, b) for a, b in itertools.combinations(members, 2)]
    if rng.random() < 0.25:
        other = _stranger(truth, members, rng)
        pairs += [("NEGATIVE", member, other) for member in members]
    return sitting.judge(pairs, motif)


def _family(truth: Truth, index: int) -> set[int]:
    """Motifs of the component of a picture."""
    carried = set(truth.plan.entries[index].motifs)
    for couple in truth.plan.couples:
        if carried & set(couple):
            carried |= set(couple)
    return carried


def _stranger(truth: Truth, members: list[int], rng: np.random.Generator) -> int:
    """A picture of no motif that could be joined to these."""
    family = _family(truth, members[0])
    strangers = [i for i, entry in enumerate(truth.plan.entries) if not family & set(entry.motifs)]
    return int(rng.choice(strangers))


def _reject(
    sitting: Sitting, truth: Truth, known: list[int], ask: tuple[int, str], rng: np.random.Generator
) -> None:
    """Pairs of different components that a person looked at and refused."""
    count, verdict = ask
    for _ in range(count):
        members = truth.plan.members(int(rng.choice(known)))
        one = int(rng.choice(members))
        sitting.judge([(verdict, one, _stranger(truth, members, rng))])


def _liken(
    sitting: Sitting, truth: Truth, known: list[int], count: int, rng: np.random.Generator
) -> None:
    """SIMILAR: two signatures of one kind that are not the same."""
    pairs = [
        (a, b)
        for a, b in itertools.combinations(known, 2)
        if truth.kinds[a] == truth.kinds[b]
        and not {a, b} <= _family(truth, truth.plan.members(a)[0])
    ]
    for k in rng.permutation(len(pairs))[:count].tolist():
        one, two = (int(rng.choice(truth.plan.members(m))) for m in pairs[k])
        sitting.judge([("SIMILAR", one, two)])


def _fold(
    first: Sitting, second: Sitting, truth: Truth, known: list[int], rng: np.random.Generator
) -> None:
    """DUPLICATE on near-identical photographs: the later sitting is sure to have some."""
    plan = truth.plan
    doubles = [
        (entry.after, i)
        for i, entry in enumerate(plan.entries)
        if entry.kind == DUPLICATE
        and entry.after is not None
        and truth_kind(plan, entry.after, i) == "duplicate"
    ]
    seen = [
        (a, b)
        for a, b in doubles
        if not plan.entries[b].motifs or set(plan.entries[b].motifs) & set(known)
    ]
    for k, (one, two) in enumerate(seen):
        sitting = second if k % 3 == 0 else first
        if rng.random() < 0.85 or k == 0:
            sitting.judge([("DUPLICATE", one, two)])
