"""What is other than in the version before."""

from typing import TypeVar

from vsig_core.store import Commit, Store
from vsig_core.why.answer import Change
from vsig_core.why.neighbourhood import Neighbourhood

_T = TypeVar("_T")
_COLUMNS = ("uid", "cluster", "model_id", "max_eps")


def changes(store: Store, place: Neighbourhood, asked: list[str]) -> Change | None:
    """Compare with the version before of the clusters; None where none can be read."""
    commits = store.commits("clusters")
    before = next((commit for commit in commits[1:] if commit.readable), None)
    if before is None:
        return None
    read = store.read("clusters", version=before.version, columns=list(_COLUMNS)).to_pylist()
    rows = {row["uid"]: row for row in read}
    if not rows:
        return None
    cluster, some = place.cluster(asked[0]), next(iter(rows.values()))
    now = set(place.members(asked[0])) if cluster else set()
    then = {uid for uid, row in rows.items() if cluster and row["cluster"] == cluster}
    return Change(
        since=commits[0].at,
        clusters={uid: rows[uid]["cluster"] for uid in asked if uid in rows},
        new=[uid for uid in asked if uid not in rows],
        joined=sorted(now - then),
        left=sorted(then - now),
        events=_events(store, commits[0], cluster),
        model_id=_other(some["model_id"], place.model_id),
        max_eps=_other(some["max_eps"], place.max_eps),
    )


def _events(store: Store, newest: Commit, cluster: str | None) -> list[dict[str, object]]:
    """What `cluster_changes` says of a cluster in the version of now."""
    version = newest.provenance.beside.get("cluster_changes")
    if cluster is None or version is None:
        return []
    return [
        row
        for row in store.read("cluster_changes", version=version).to_pylist()
        if cluster in (row["cluster"], *(row["before"] or ()), *(row["after"] or ()))
    ]


def _other(before: _T, now: _T) -> _T | None:
    return None if before == now else before
