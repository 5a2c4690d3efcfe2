"""How near pictures are to one another, by the lists of nearest pictures alone.

The vectors of 100,000 pictures weigh half a gigabyte; the lists of the nearest thirty hold
every distance that matters inside a group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vsig_core.review.app.edition import Edition


@dataclass(frozen=True)
class Distances:
    """Cosine distances between the pictures of a group, as far as the lists hold them.

    Parameters
    ----------
    known
        Both ways: (uid, uid) to distance.
    beyond
        What stands for a pair that no list holds: it is farther than any that one holds.
    """

    known: Mapping[tuple[str, str], float]
    beyond: float

    def between(self, one: str, other: str) -> float:
        """The distance of two pictures, 0 of one to itself."""
        return 0.0 if one == other else self.known.get((one, other), self.beyond)


def distances(edition: Edition, uids: Sequence[str]) -> Distances:
    """Distances among pictures."""
    inside = set(uids)
    known: dict[tuple[str, str], float] = {}
    farthest = edition.radius or 0.0
    for uid, row in edition.neighbours.some(uids, ["ids", "distances"]).items():
        farthest = max([farthest, *row["distances"]])
        for other, distance in zip(row["ids"], row["distances"], strict=True):
            if other in inside:
                known[uid, other] = known[other, uid] = distance
    return Distances(known, farthest)


def medoid(uids: Sequence[str], found: Distances) -> str:
    """The picture in the middle: the smallest sum of distances to the others, then the uid."""
    return min(uids, key=lambda uid: (sum(found.between(uid, other) for other in uids), uid))


def doubtful_first(edition: Edition, uids: Sequence[str]) -> list[tuple[str, float]]:
    """Pictures and their distance from the medoid, the farthest first, the medoid last."""
    if not uids:
        return []
    found = distances(edition, uids)
    middle = medoid(uids, found)
    away = [(uid, found.between(uid, middle)) for uid in uids]
    return sorted(away, key=lambda item: (-item[1], item[0] == middle, item[0]))
