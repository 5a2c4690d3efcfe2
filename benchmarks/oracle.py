"""An annotator that knows which pictures share a signature, and may be wrong at times."""

import csv
import io
import itertools
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from networkx.utils import UnionFind

from benchmarks.planted import carriers_of, views_of

Pair = tuple[str, str]
Row = dict[str, str]


@dataclass(frozen=True)
class Truth:
    """What is planted in a sample.

    Parameters
    ----------
    carriers
        Signature to its pictures.
    held_out
        Signatures that are never judged, and only scored.
    views
        Picture to others that show the same object, which is no signature that travels.
    """

    carriers: dict[str, frozenset[str]]
    held_out: frozenset[str]
    views: Mapping[str, set[str]]

    @classmethod
    def of(cls, sample: Path, share: float, seed: int) -> "Truth":
        """A sample's own, with a share of its signatures held out."""
        carriers = carriers_of(sample)
        names = sorted(carriers)
        held_out = random.Random(seed).sample(names, round(share * len(names)))
        known = {name: frozenset(uids) for name, uids in carriers.items()}
        return cls(known, frozenset(held_out), views_of(sample))

    @property
    def unseen(self) -> frozenset[str]:
        """Pictures with a signature that is held out."""
        return frozenset().union(*(self.carriers[name] for name in self.held_out))

    def pairs(self) -> set[Pair]:
        """Pairs, in order, of different objects that share a signature and may be judged."""
        unseen = self.unseen
        seen = (uids - unseen for name, uids in self.carriers.items() if name not in self.held_out)
        pairs = {pair for uids in seen for pair in itertools.combinations(sorted(uids), 2)}
        return {(one, other) for one, other in pairs if other not in self.views.get(one, ())}

    def share(self, one: str, other: str) -> bool:
        """Whether two pictures have a signature in common."""
        return any({one, other} <= uids for uids in self.carriers.values())


class Found:
    """Which of the pairs to be found are joined by what was judged, directly or by others.

    Parameters
    ----------
    truth
        What is to be found.
    judged
        Pairs of which it was said before that they share a signature.
    """

    def __init__(self, truth: Truth, judged: Iterable[Pair]) -> None:
        self._pairs = sorted(truth.pairs())
        self._joined = UnionFind()
        self._shares: dict[int, float] = {}
        self.add(0, judged)

    def add(self, acts: int, judged: Iterable[Pair]) -> None:
        """Take in what was judged up to so many acts."""
        for one, other in judged:
            self._joined.union(one, other)
        joined = [self._joined[one] == self._joined[other] for one, other in self._pairs]
        self._shares[acts] = sum(joined) / len(joined)

    @property
    def share(self) -> float:
        """Share of the pairs that is joined now."""
        return self._shares[max(self._shares)]

    def reached(self, share: float) -> int | None:
        """Acts after which this share was joined; None where it is not yet."""
        return min((acts for acts, now in self._shares.items() if now >= share), default=None)


class Annotator:
    """Judges what is put before it, as the cluster and pair pages of the review app write it.

    In a group it ticks the pictures of the signature of which most is still to be said, and
    says that the others do not carry it where none of them shares another one with them. A
    group in which nothing is left to be ticked it calls wrong.

    Parameters
    ----------
    truth
        What is right.
    wrong
        Share of answers that are not.
    seed
        Of the wrong ones.
    """

    def __init__(self, truth: Truth, wrong: float = 0.0, seed: int = 0) -> None:
        self.truth, self._wrong = truth, wrong
        self._random = random.Random(seed)
        self._said: set[Pair] = set()
        self.acts = 0

    def judge(self, images: Sequence[str]) -> list[Row]:
        """One act: rows of an annotation file."""
        self.acts += 1
        rows = self._pair(*images) if len(images) == 2 else self._group(images)
        self._said.update(_ordered(row["img1"], row["img2"]) for row in rows if "img1" in row)
        return [row | {"act": f"oracle-{self.acts}", "annotator": "oracle"} for row in rows]

    def _pair(self, one: str, other: str) -> list[Row]:
        kind = "POSITIVE" if self.truth.share(one, other) != self._slips() else "NEGATIVE"
        return [{"type": kind, "img1": one, "img2": other}]

    def _group(self, images: Sequence[str]) -> list[Row]:
        ticked = self._ticked(images)
        if not ticked:
            members = "[" + ", ".join(f'"{uid}"' for uid in images) + "]"
            return [{"type": "WRONG", "members": members}]
        rest = sorted(set(images) - set(ticked))
        if rest and self._slips():
            ticked.append(rest.pop())
        apart = [(one, other) for one in ticked for other in rest]
        if any(self.truth.share(*pair) for pair in apart):
            apart = []
        same = itertools.combinations(ticked, 2)
        return [
            {"type": kind, "img1": one, "img2": other}
            for kind, pairs in (("POSITIVE", same), ("NEGATIVE", apart))
            for one, other in pairs
        ]

    def _ticked(self, images: Sequence[str]) -> list[str]:
        """Pictures of the signature with most pairs not judged yet; none where all are judged."""
        among = set(images)
        best: list[str] = []
        most = 0
        for name in sorted(self.truth.carriers):
            carriers = sorted(self.truth.carriers[name] & among)
            unsaid = len(set(itertools.combinations(carriers, 2)) - self._said)
            if unsaid > most:
                best, most = carriers, unsaid
        return best

    def _slips(self) -> bool:
        return self._random.random() < self._wrong


def joined(rows: Iterable[Mapping[str, Any]], verdict: str = "type") -> list[Pair]:
    """Pairs of which rows say that they share a signature."""
    return [(row["img1"], row["img2"]) for row in rows if row[verdict] == "POSITIVE"]


def _ordered(one: str, other: str) -> Pair:
    return min(one, other), max(one, other)


def annotation_file(rows: Collection[Row]) -> bytes:
    """Rows as a file for the inbox."""
    text = io.StringIO()
    columns = ["type", "img1", "img2", "act", "members", "annotator"]
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
