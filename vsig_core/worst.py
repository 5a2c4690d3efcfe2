"""The queries that a candidate answers worse than the champion: to be looked at, not counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsig_core.model import RetrievalReport
from vsig_core.queries import Queries

MOST = 6
_FALLEN, _NEAREST = 3, 3


@dataclass(frozen=True)
class Fall:
    """A picture that should be found, and at which rank it was and is; 1 is nearest."""

    uid: str
    before: int
    now: int


@dataclass(frozen=True)
class WorseQuery:
    """A query that got worse.

    Parameters
    ----------
    uid
        What was asked.
    before, now
        Average precision by champion and candidate.
    fallen
        What should be found and fell, the deepest falls first; a few.
    nearest
        What the candidate puts first, and whether it should be found; a few.
    """

    uid: str
    before: float
    now: float
    fallen: Sequence[Fall]
    nearest: Mapping[str, bool]


def shown_uids(worst: Sequence[WorseQuery]) -> set[str]:
    """Every picture that is named."""
    return {
        uid
        for query in worst
        for uid in (query.uid, *(fall.uid for fall in query.fallen), *query.nearest)
    }


def worst_queries(
    queries: Queries,
    before: tuple[NDArray[np.float32], RetrievalReport],
    now: tuple[NDArray[np.float32], RetrievalReport],
) -> list[WorseQuery]:
    """The queries of a split whose average precision fell most, at most `MOST`.

    Parameters
    ----------
    queries
        Of the split.
    before, now
        Of champion and candidate: unit vectors, shape (n, d), in the order of the candidates of
        `queries`, and the report.
    """
    then, since = (
        dict(zip(*(one.per_query[name].to_pylist() for name in ("query", "ap")), strict=True))
        for one in (before[1], now[1])
    )
    falls = sorted((since[uid] - ap, uid) for uid, ap in then.items() if since[uid] < ap)
    worst = []
    for _, uid in falls[:MOST]:
        old, new = (_ranking(queries, vectors, uid) for vectors in (before[0], now[0]))
        place_before, place_now = (
            {other: rank for rank, other in enumerate(ranking, start=1)} for ranking in (old, new)
        )
        fallen = [
            Fall(other, place_before[other], place_now[other])
            for other in queries.relevant[uid]
            if place_now[other] > place_before[other]
        ]
        fallen.sort(key=lambda fall: (fall.before - fall.now, fall.uid))
        nearest = {other: other in queries.relevant[uid] for other in new[:_NEAREST]}
        worst.append(WorseQuery(uid, then[uid], since[uid], fallen[:_FALLEN], nearest))
    return worst


def _ranking(queries: Queries, vectors: NDArray[np.float32], uid: str) -> list[str]:
    """What is ranked for a query, the nearest first."""
    near = vectors @ vectors[queries.candidates.index(uid)]
    out = queries.ignored[uid] | {uid}
    order = np.argsort(-near, kind="stable").tolist()
    return [queries.candidates[row] for row in order if queries.candidates[row] not in out]
