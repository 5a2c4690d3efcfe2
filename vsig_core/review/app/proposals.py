"""Pairs that the model cannot decide, and pictures that look like one photograph."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vsig_core.annotations.forest import Forest
from vsig_core.clustering.lists import lists_of
from vsig_core.review.app.edition import Edition, Entry, pair_key

MOST_PAIRS = 300
# Pairs up to this share beyond the radius are nearly in one group.
_NEARLY = 1.25
# Perceptual hashes of the same photograph, scaled or compressed again, differ in few of 64 bits.
MOST_BITS, SURE_BITS = 6, 2
MOST_IN_A_SET = 12


@dataclass(frozen=True)
class Alike:
    """Pictures that look like one photograph.

    Parameters
    ----------
    uids
        Sorted.
    bits
        How many of 64 the two most alike differ in.
    """

    uids: tuple[str, ...]
    bits: int

    @property
    def surely(self) -> bool:
        """Whether nearly all such sets are one photograph: the app ticks them beforehand."""
        return self.bits <= SURE_BITS


class Proposals:
    """What is proposed beside the queue, worked out when it is asked for first."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition

    @cached_property
    def uncertain(self) -> Sequence[Entry]:
        """See `uncertain_pairs`."""
        return uncertain_pairs(self._edition)

    @cached_property
    def near_duplicates(self) -> Sequence[Alike]:
        """See `near_duplicates`."""
        return near_duplicates(self._edition)


@dataclass(frozen=True)
class _Lists:
    """The lists of nearest pictures as arrays: row numbers and distances, shape (n, k)."""

    uids: Sequence[str]
    indices: NDArray[np.int64]
    distances: NDArray[np.float32]

    @classmethod
    def of(cls, edition: Edition) -> "_Lists":
        table = edition.neighbours.table
        uids = table["uid"].to_pylist()
        return cls(uids, *lists_of(table, uids))


def uncertain_pairs(edition: Edition) -> list[Entry]:
    """Pairs of different groups that are nearly near enough, the nearest first.

    Each picture is in at most one of them, so that one odd picture does not fill the list;
    views of one work, and pairs that were judged before, are left out.
    """
    radius = edition.radius
    if radius is None or not len(edition.neighbours):
        return []
    lists = _Lists.of(edition)
    rows, places = np.nonzero(lists.distances <= radius * _NEARLY)
    others = lists.indices[rows, places]
    clusters = _codes(edition, lists.uids, "cluster")
    apart = (rows != others) & ((clusters[rows] != clusters[others]) | (clusters[rows] < 0))
    distances = lists.distances[rows, places]
    order = np.argsort(distances[apart], kind="stable")
    judged = _judged(edition)
    found: list[Entry] = []
    taken: set[int] = set()
    works = _codes(edition, lists.uids, "work")
    for n in np.flatnonzero(apart)[order]:
        one, other = int(rows[n]), int(others[n])
        pair = tuple(sorted((lists.uids[one], lists.uids[other])))
        same_work = works[one] >= 0 and works[one] == works[other]
        if same_work or pair in judged or not taken.isdisjoint((one, other)):
            continue
        taken |= {one, other}
        found.append(_entry(len(found) + 1, pair, float(distances[n]), radius))
        if len(found) == MOST_PAIRS:
            break
    return found


def _entry(rank: int, pair: tuple[str, ...], distance: float, radius: float) -> Entry:
    side = "nearer than" if distance <= radius else "just beyond"
    reason = f"in different groups, yet {side} the radius ({distance:.3f}, radius {radius:.3f})"
    return Entry(pair_key(pair), rank, "pair", pair, None, -distance, (reason,))


def _judged(edition: Edition) -> set[tuple[str, str]]:
    links = edition.table("links")
    return set(zip(links["img1"].to_pylist(), links["img2"].to_pylist(), strict=True))


def _codes(edition: Edition, uids: Sequence[str], column: str) -> NDArray[np.int64]:
    """What a column of `clusters` or `images` says, as numbers; -1 where it says nothing."""
    rows = edition.clusters if column == "cluster" else edition.images
    said = rows.some(uids, [column])
    numbers: dict[str, int] = {}
    values = [said[uid][column] if uid in said else None for uid in uids]
    return np.array([-1 if v is None else numbers.setdefault(v, len(numbers)) for v in values])


def near_duplicates(edition: Edition) -> list[Alike]:
    """Sets of pictures that look like one photograph, the most alike first.

    Among the nearest of each picture, those whose perceptual hashes differ in at most
    `MOST_BITS` bits. Equal files are left out: they fold by themselves.
    """
    if not len(edition.neighbours):
        return []
    lists = _Lists.of(edition)
    said = edition.images.some(lists.uids, ["phash", "sha256"])
    hashes = [said[uid]["phash"] if uid in said else None for uid in lists.uids]
    known = np.array([bool(text) and set(text) != {"0"} for text in hashes])
    bits = np.array([int(text, 16) if text else 0 for text in hashes], np.uint64)
    differing = np.bitwise_count(bits[:, None] ^ bits[lists.indices])
    alike = (differing <= MOST_BITS) & known[:, None] & known[lists.indices]
    forest: Forest[str] = Forest()
    closest: dict[str, int] = {}
    for row, place in zip(*map(np.ndarray.tolist, np.nonzero(alike)), strict=True):
        one, other = lists.uids[row], lists.uids[int(lists.indices[row, place])]
        if one != other and said[one]["sha256"] != said[other]["sha256"]:
            forest.join(one, other)
            closest[one] = min(closest.get(one, 64), int(differing[row, place]))
    sets = [
        Alike(tuple(sorted(group))[:MOST_IN_A_SET], min(closest.get(uid, 64) for uid in group))
        for group in forest.groups()
        if len(group) > 1
    ]
    return sorted(sets, key=lambda alike: (alike.bits, alike.uids))
