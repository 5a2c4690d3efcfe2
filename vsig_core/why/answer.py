"""What `why` answers, as values."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Hop:
    """One step of a chain of pictures, each near to the next.

    Parameters
    ----------
    start, end
        Pictures.
    distance
        Cosine distance between them.
    within
        Whether that is within the radius in force.
    """

    start: str
    end: str
    distance: float
    within: bool


@dataclass(frozen=True)
class Nearest:
    """The nearest picture of another cluster.

    Parameters
    ----------
    cluster
        That cluster.
    uid
        Its picture.
    of
        The picture that it is near to.
    distance
        Cosine distance between the two.
    """

    cluster: str
    uid: str
    of: str
    distance: float


@dataclass(frozen=True)
class Judged:
    """What people said, as far as it touches the question.

    Parameters
    ----------
    links
        Rows of `links` between the pictures asked about, or of the one with its cluster;
        what is in force now.
    rows
        Rows of the log behind them, and verdicts on clusters that hold the pictures; each
        with `in_force`: whether nobody took it back.
    conflicts
        Ids of open contradictions among them.
    component
        The component of confirmed links that all the pictures asked about are in; None
        where there is none.
    motifs
        Signatures that all of them carry: id to the name that a person gave, if any.
    """

    links: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    component: str | None = None
    motifs: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What is other than in the version before of the clusters.

    Parameters
    ----------
    since
        When the clusters of now were made, UTC.
    clusters
        Picture asked about to its cluster before; None is noise. New pictures are left out.
    new
        Pictures asked about that were not there.
    joined, left
        Pictures that came into the cluster of now, or went from it.
    events
        Rows of `cluster_changes` that name the cluster.
    model_id, max_eps
        Before, where they were other than now; else None.
    """

    since: datetime
    clusters: dict[str, str | None]
    new: list[str]
    joined: list[str]
    left: list[str]
    events: list[dict[str, Any]]
    model_id: str | None
    max_eps: float | None


@dataclass(frozen=True)
class Why:
    """The answer.

    Parameters
    ----------
    uid, other
        The pictures asked about; `other` is None for one.
    clusters
        Each to its cluster; None is noise.
    groups
        Each to the groups in which people are shown it, and why there (table `groups`).
    model_id, max_eps, calibrated, method
        Network, radius in force, whether validation links chose it, and how pictures were
        grouped.
    distance, rank
        Of two: between them, and at which place of the list of `uid` the other stands, from
        1; None where it is not among the nearest, or for one picture.
    chain
        Of two: from one to the other by steps that are as short as can be. Of one: from it
        to the picture from which its cluster was reached; of noise, to its nearest picture.
    members
        The nearest pictures of its cluster, each a hop from `uid`.
    nearest_other
        The nearest picture of another cluster than that of `uid`.
    judged
        What people said.
    change
        Since the version before; None where there is none that can be read.
    """

    uid: str
    other: str | None
    clusters: dict[str, str | None]
    groups: dict[str, list[dict[str, Any]]]
    model_id: str
    max_eps: float
    calibrated: bool | None
    method: str
    distance: float | None
    rank: int | None
    chain: list[Hop]
    members: list[Hop]
    nearest_other: Nearest | None
    judged: Judged
    change: Change | None

    @property
    def together(self) -> bool:
        """Whether the pictures asked about lie in one cluster."""
        found = set(self.clusters.values())
        return len(found) == 1 and None not in found

    @property
    def longest(self) -> Hop | None:
        """The step of the chain on which it hangs."""
        return max(self.chain, key=lambda hop: hop.distance, default=None)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "together": self.together}
