"""From the tables of now to an answer."""

import numpy as np

from vsig_core.current import current_images, require_pictures
from vsig_core.errors import StoreError, TableMissingError, UnknownImageError
from vsig_core.store import Store
from vsig_core.vectors import known_vectors
from vsig_core.why.answer import Hop, Nearest, Why
from vsig_core.why.change import changes
from vsig_core.why.judged import judged
from vsig_core.why.neighbourhood import Neighbourhood

MEMBERS = 5


def why(store: Store, uid: str, other: str | None = None) -> Why:
    """Why a picture is in its cluster or in none, or two are together or apart.

    Parameters
    ----------
    store
        The project's store; read only.
    uid
        A picture.
    other
        A second one, to ask about both.

    Raises
    ------
    UnknownImageError
        The corpus has no such picture, or the two are the same.
    TableMissingError
        There are no pictures, or the picture is in no clustering yet.
    """
    asked = [uid] if other is None else [uid, other]
    _require(store, asked)
    place = Neighbourhood.of(store, asked)
    steps = place.chain(uid, other)
    members = place.nearest_members(uid)[:MEMBERS]
    pairs = [*steps, *((uid, near) for near in members)]
    hops = _measured(store, place, [*pairs, *([(uid, other)] if other else [])])
    row = place.row(uid)
    return Why(
        uid=uid,
        other=other,
        clusters={name: place.cluster(name) for name in asked},
        groups=_groups(store, asked),
        model_id=row["model_id"],
        max_eps=row["max_eps"],
        calibrated=row["calibrated"],
        method=row["method"],
        distance=hops[-1].distance if other else None,
        rank=place.rank(uid, other) if other else None,
        chain=hops[: len(steps)],
        members=hops[len(steps) : len(pairs)],
        nearest_other=_nearest_other(store, place, uid),
        judged=judged(store, asked, set(place.members(uid))),
        change=changes(store, place, asked),
    )


def _require(store: Store, asked: list[str]) -> None:
    require_pictures(store)
    if len(set(asked)) < len(asked):
        raise UnknownImageError(
            f"{asked[0]!r} is named twice. Name another picture, or one alone: why UID."
        )
    there = set(current_images(store, ["uid"], asked)["uid"].to_pylist())
    missing = [name for name in asked if name not in there]
    if missing:
        raise UnknownImageError(
            f"The corpus has no picture {missing[0]!r}.{_renamed(store, missing[0])} "
            "'vsig similar' takes a file; 'vsig status' counts the pictures."
        )
    known = store.read_or_empty("clusters", columns=["uid"], among={"uid": asked})
    if known.num_rows < len(asked):
        waiting = set(asked) - set(known["uid"].to_pylist())
        raise TableMissingError(f"{min(waiting)} is in no clustering yet. Run 'vsig run'.")


def _renamed(store: Store, uid: str) -> str:
    rows = store.read_or_empty("aliases", among={"old_uid": [uid]}).to_pylist()
    return f" It is called {rows[-1]['uid']!r} now." if rows else ""


def _groups(store: Store, asked: list[str]) -> dict[str, list[dict[str, str]]]:
    rows = store.read_or_empty("groups", among={"uid": asked}).to_pylist()
    return {
        name: [{"group": r["group"], "why": r["why"]} for r in rows if r["uid"] == name]
        for name in asked
    }


def _nearest_other(store: Store, place: Neighbourhood, uid: str) -> Nearest | None:
    found = place.nearest_other(uid)
    if found is None:
        return None
    of, near = found
    cluster = place.cluster(near)
    assert cluster is not None  # that is how it was found
    return Nearest(cluster, near, of, _measured(store, place, [found])[0].distance)


def _measured(store: Store, place: Neighbourhood, pairs: list[tuple[str, str]]) -> list[Hop]:
    """Pairs of pictures with their distances, by the vectors that the clusters were made of."""
    names = sorted({name for pair in pairs for name in pair})
    hashes = place.hashes(names)
    vectors = known_vectors(store, place.model_id, list(hashes.values()))
    gone = [name for name in names if hashes.get(name) not in vectors]
    if gone:
        raise StoreError(
            f"The vectors of {gone[0]} by {place.model_id} are not in the store any more. "
            "'vsig run' brings clusters and vectors up to date."
        )
    of = {name: vectors[hashes[name]].astype(np.float64) for name in names}
    distances = [max(0.0, 1.0 - float(of[one] @ of[two])) for one, two in pairs]
    # The radius itself is within; float32 vectors carry the last digit.
    limit = place.max_eps + 1e-6
    return [
        Hop(*pair, distance, distance <= limit)
        for pair, distance in zip(pairs, distances, strict=True)
    ]
