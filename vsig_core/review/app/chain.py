"""Why a picture is in its group: the chain of nearest pictures that the model walked."""

from dataclasses import dataclass

from vsig_core.review.app.edition import Edition

_LONGEST = 12


@dataclass(frozen=True)
class Step:
    """A picture of the chain, and how far it is from the one before; None for the first."""

    uid: str
    distance: float | None


@dataclass(frozen=True)
class Why:
    """What the model saw.

    Parameters
    ----------
    chain
        From the picture to that from which its cluster was begun; a long one is cut.
    radius
        Largest distance of a step, cosine; None where there are no clusters yet.
    elsewhere
        The nearest picture of another cluster, with its cluster.
    """

    chain: tuple[Step, ...]
    radius: float | None
    elsewhere: Step | None
    elsewhere_cluster: str | None


def why_here(edition: Edition, uid: str) -> Why:
    """The chain of a picture, and what of another cluster is nearest."""
    row = edition.clusters.get(uid)
    cluster: str | None = row["cluster"] if row else None
    other = _elsewhere(edition, uid, cluster)
    chain = _chain(edition, uid, cluster)
    return Why(chain, edition.radius, other and other[0], other and other[1])


def _chain(edition: Edition, uid: str, cluster: str | None) -> tuple[Step, ...]:
    steps = [Step(uid, None)]
    row = edition.clusters.get(uid)
    while cluster and row and row["predecessor"] and len(steps) < _LONGEST:
        before = edition.clusters.get(row["predecessor"])
        if before is None or before["cluster"] != cluster:
            break
        steps.append(Step(before["uid"], row["reachability"]))
        row = before
    return tuple(steps)


def _elsewhere(edition: Edition, uid: str, cluster: str | None) -> tuple[Step, str] | None:
    row = edition.neighbours.get(uid)
    if row is None:
        return None
    clusters = edition.clusters.some(row["ids"], ["cluster"])
    for other, distance in zip(row["ids"], row["distances"], strict=True):
        name = clusters.get(other, {}).get("cluster")
        if name is not None and name != cluster:
            return Step(other, distance), name
    return None
