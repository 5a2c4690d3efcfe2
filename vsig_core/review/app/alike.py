"""Pictures that look like one photograph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vsig_core.annotations.forest import Forest
from vsig_core.clustering.lists import lists_of
from vsig_core.review.app.edition import Edition

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
    told_apart
        Whether their records name different authors, or years that do not meet: a copy looks
        like its model too.
    """

    uids: tuple[str, ...]
    bits: int
    told_apart: bool

    @property
    def surely(self) -> bool:
        """Whether nearly all such sets are one photograph: the app ticks them beforehand."""
        return self.bits <= SURE_BITS and not self.told_apart


def near_duplicates(edition: Edition) -> list[Alike]:
    """Sets of pictures that look like one photograph, the most alike first.

    Among the nearest of each picture, those whose perceptual hashes differ in at most
    `MOST_BITS` bits. Equal files are left out: they fold by themselves.
    """
    if not len(edition.neighbours):
        return []
    table = edition.neighbours.table
    uids = table["uid"].to_pylist()
    nearest, _ = lists_of(table, uids)
    said = edition.images.some(uids, ["phash", "sha256", "author", "year_from", "year_to"])
    hashes = [said[uid]["phash"] if uid in said else None for uid in uids]
    known = np.array([bool(text) and set(text) != {"0"} for text in hashes])
    bits = np.array([int(text, 16) if text else 0 for text in hashes], np.uint64)
    differing = np.bitwise_count(bits[:, None] ^ bits[nearest])
    alike = (differing <= MOST_BITS) & known[:, None] & known[nearest]
    forest: Forest[str] = Forest()
    closest: dict[str, int] = {}
    for row, place in zip(*map(np.ndarray.tolist, np.nonzero(alike)), strict=True):
        one, other = uids[row], uids[int(nearest[row, place])]
        if one != other and said[one]["sha256"] != said[other]["sha256"]:
            forest.join(one, other)
            closest[one] = min(closest.get(one, 64), int(differing[row, place]))
    sets = []
    for group in forest.groups():
        shown = tuple(sorted(group))[:MOST_IN_A_SET]
        bits = min(closest.get(uid, 64) for uid in group)
        if len(shown) > 1:
            sets.append(Alike(shown, bits, _told_apart([said[uid] for uid in shown])))
    return sorted(sets, key=lambda alike: (not alike.surely, alike.bits, alike.uids))


def _told_apart(records: Sequence[Mapping[str, Any]]) -> bool:
    """Whether records name different authors, or years that do not meet.

    What is unknown tells nothing apart.
    """
    authors = {record["author"].casefold() for record in records if record["author"]}
    first = [record["year_from"] for record in records if record["year_from"] is not None]
    last = [record["year_to"] for record in records if record["year_to"] is not None]
    return len(authors) > 1 or bool(first and last and max(first) > min(last))
