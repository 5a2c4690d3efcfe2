"""Pictures that look like one photograph."""

from dataclasses import dataclass

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
    """

    uids: tuple[str, ...]
    bits: int

    @property
    def surely(self) -> bool:
        """Whether nearly all such sets are one photograph: the app ticks them beforehand."""
        return self.bits <= SURE_BITS


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
    said = edition.images.some(uids, ["phash", "sha256"])
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
    sets = [
        Alike(tuple(sorted(group))[:MOST_IN_A_SET], min(closest.get(uid, 64) for uid in group))
        for group in forest.groups()
        if len(group) > 1
    ]
    return sorted(sets, key=lambda alike: (alike.bits, alike.uids))
