"""Where a walk of OPTICS stands."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Items:
    """Rows folded to items: rows of one item are equal.

    Parameters
    ----------
    first
        Shape (m,): the smallest row of each item, ascending.
    item_of
        Shape (n,): item of each row.
    following
        Shape (n,): the next row of the same item; n after the last.
    """

    first: NDArray[np.int64]
    item_of: NDArray[np.int64]
    following: NDArray[np.int64]

    @classmethod
    def of(cls, item_of: NDArray[np.int64]) -> Self:
        """From the item of each row, items numbered in the order of their first rows."""
        n = item_of.size
        order = np.argsort(item_of, kind="stable")
        following = np.full(n, n, np.int64)
        same = item_of[order][1:] == item_of[order][:-1]
        following[order[:-1][same]] = order[1:][same]
        return cls(np.unique(item_of, return_index=True)[1], item_of, following)

    @classmethod
    def single(cls, n: int) -> Self:
        """Every row an item of its own."""
        return cls(np.arange(n), np.arange(n), np.full(n, n, np.int64))

    @property
    def counts(self) -> NDArray[np.int64]:
        """Rows of each item, shape (m,)."""
        return np.bincount(self.item_of, minlength=self.first.size)


class Walk(NamedTuple):
    """Where a walk over n rows, of m items, stands; the kernels change it in place.

    Parameters
    ----------
    ordering, reachability, predecessor
        Shape (n,): the result so far, as scikit-learn gives it.
    step_of
        Shape (n,): when the walk came to each row.
    item_of, following
        As in `Items`.
    upcoming, reach, before, seen
        Shape (m,): the next row of each item (n when all are passed), at what value it is
        reached and from which row, and whether a row of it was passed.
    heap, place
        Shape (m,): items that are reached, and where each stands in the heap; -1 for none.
    pending
        Shape (m,): rows that were passed though not all their pairs are known, in order.
    counts
        Sizes of heap, walk and pending, and the smallest row that may be left.
    limit
        The distance from which on a pair of a pending row may be unknown.
    """

    ordering: NDArray[np.int64]
    reachability: NDArray[np.float64]
    predecessor: NDArray[np.int64]
    step_of: NDArray[np.int64]
    item_of: NDArray[np.int64]
    following: NDArray[np.int64]
    upcoming: NDArray[np.int64]
    reach: NDArray[np.float64]
    before: NDArray[np.int64]
    seen: NDArray[np.bool_]
    heap: NDArray[np.int64]
    place: NDArray[np.int64]
    pending: NDArray[np.int64]
    counts: NDArray[np.int64]
    limit: NDArray[np.float64]


def start_walk(items: Items) -> Walk:
    """A walk that has passed nothing."""
    n, m = items.item_of.size, items.first.size
    return Walk(
        ordering=np.empty(n, np.int64),
        reachability=np.full(n, np.inf),
        predecessor=np.full(n, -1, np.int64),
        step_of=np.empty(n, np.int64),
        item_of=items.item_of,
        following=items.following,
        upcoming=items.first.copy(),
        reach=np.full(m, np.inf),
        before=np.full(m, -1, np.int64),
        seen=np.zeros(m, np.bool_),
        heap=np.empty(m, np.int64),
        place=np.full(m, -1, np.int64),
        pending=np.empty(m, np.int64),
        counts=np.zeros(4, np.int64),
        limit=np.array([np.inf]),
    )
