"""A picture, and a cluster of them."""

from collections.abc import Callable
from typing import Any

from vsig_core.current import current_images, require_pictures
from vsig_core.errors import UnknownImageError
from vsig_core.store import Commit, Store
from vsig_core.tracing.history import History, runs
from vsig_core.tracing.judgements import (
    comes_from,
    judgements,
    models_that_learnt,
    require_known,
)

_TEXTS = ["uid", "source", "uri", "batch", "sha256", "added_at", "title", "author", "date_text"]


def trace_image(store: Store, uid: str) -> dict[str, Any]:
    """A picture: its file, batch, judgements, cluster, what came of it, and the versions behind.

    Raises
    ------
    UnknownImageError
        The corpus has no such picture.
    TableMissingError
        It has none yet.
    """
    require_known(store, [uid])
    (image,) = current_images(store, _TEXTS, [uid]).to_pylist()
    history, said = History(store), judgements(store, [uid])
    read = _reading(store, history, image["batch"])
    newest = history.newest("clusters")
    tree = history.up(newest) if newest else None
    clusters = store.read_or_empty("clusters", among={"uid": [uid]}).to_pylist()
    return {
        "image": image,
        "aliases": store.read_or_empty("aliases", among={"uid": [uid]}).to_pylist(),
        "judgements": said,
        "cluster": clusters[0] if clusters else None,
        "comes_from": comes_from(said, [image["uri"]], runs(tree)),
        "leads_to": _of_picture(store, uid)
        | {"vectors_of": _models_of(store, image["sha256"])}
        | {"models": models_that_learnt(store, history, [uid])},
        "read": history.up(read) if read else None,
        "lineage": tree,
        "descent": history.down("images", read.version) if read else None,
    }


def trace_cluster(store: Store, cluster: str) -> dict[str, Any]:
    """A cluster: its pictures, changes, judgements, what came of it, and the versions behind.

    Raises
    ------
    UnknownImageError
        There is no such cluster now.
    TableMissingError
        There are no pictures or no clusters yet.
    """
    require_pictures(store)
    members = store.read("clusters", among={"cluster": [cluster]}).to_pylist()
    if not members:
        raise UnknownImageError(f"There is no cluster {cluster!r} in the newest clustering.")
    history, uids = History(store), [row["uid"] for row in members]
    newest = history.newest("clusters")
    assert newest is not None  # it has members
    tree, said = history.up(newest), judgements(store, uids)
    files = current_images(store, ["uid", "uri"], uids)["uri"].to_pylist()
    born = store.read_or_empty("cluster_ids", among={"cluster": [cluster]}).to_pylist()
    return {
        "cluster": cluster,
        "born": born[0]["at"] if born else None,
        "model_id": members[0]["model_id"],
        "max_eps": members[0]["max_eps"],
        "images": uids,
        "changes": _changes(store, cluster),
        "judgements": said,
        "comes_from": comes_from(said, files, runs(tree)),
        "leads_to": {
            "groups": _groups(store, cluster),
            "review_queue": _queue(store, lambda row: row["cluster"] == cluster),
        },
        "lineage": tree,
        "descent": history.down("clusters", newest.version),
    }


def _reading(store: Store, history: History, batch: str) -> Commit | None:
    """The version of `images` that holds a batch as it is now."""
    rows = store.read_or_empty("corpus", among={"batch": [batch]}).to_pylist()
    version = rows[0]["version"] if rows else None
    return None if version is None else history.at("images", version)


def _of_picture(store: Store, uid: str) -> dict[str, Any]:
    """What stands in the tables of now about a picture."""
    links = [
        f"{row['img1']} ~ {row['img2']} {row['verdict']}"
        for row in store.read_or_empty("links").to_pylist()
        if uid in (row["img1"], row["img2"])
    ]
    found: dict[str, Any] = {"links": links}
    for table, column in (
        ("components", "component"),
        ("motif_members", "motif"),
        ("groups", "group"),
    ):
        rows = store.read_or_empty(table, columns=["uid", column], among={"uid": [uid]})
        found[table] = rows[column].to_pylist()
    place = store.read_or_empty("layout", among={"uid": [uid]}).to_pylist()
    found["layout"] = [place[0]["x"], place[0]["y"]] if place else None
    found["review_queue"] = _queue(store, lambda row: uid in row["images"])
    return found


def _models_of(store: Store, sha256: str) -> list[str]:
    """Models that described what a picture shows."""
    found: set[str] = set()
    for table in ("embeddings", "pool_vectors"):
        rows = store.read_or_empty(
            table, columns=["model_id", "sha256"], among={"sha256": [sha256]}
        )
        found.update(rows["model_id"].to_pylist())
    return sorted(found)


def _changes(store: Store, cluster: str) -> list[dict[str, Any]]:
    rows = store.read_or_empty("cluster_changes").to_pylist()
    return [
        row
        for row in rows
        if cluster in (row["cluster"], *(row["before"] or ()), *(row["after"] or ()))
    ]


def _groups(store: Store, cluster: str) -> list[str]:
    rows = store.read_or_empty("groups", among={"cluster": [cluster]})
    return sorted(set(rows["group"].to_pylist()))


def _queue(store: Store, wanted: Callable[[dict[str, Any]], bool]) -> list[int]:
    """Places in the queue of what is to be judged next."""
    return [row["rank"] for row in store.read_or_empty("review_queue").to_pylist() if wanted(row)]
