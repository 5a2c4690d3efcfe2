"""Where something comes from: `vsig trace`.

Every commit says which versions it read. From the newest version of a table this
walks up to the versions, runs, files and judgements behind it.
"""

from typing import Any

from vsig_core.current import current_annotations, current_images, require_pictures
from vsig_core.errors import UnknownImageError
from vsig_core.registered import model_row
from vsig_core.store import Commit, Store

_TEXTS = ("uid", "source", "uri", "batch", "sha256", "added_at", "title", "author", "date_text")


def trace_image(store: Store, uid: str) -> dict[str, Any]:
    """A picture: its file, batch, judgements, cluster, and the versions behind them.

    Raises
    ------
    UnknownImageError
        The corpus has no such picture.
    TableMissingError
        It has none yet.
    """
    require_pictures(store)
    rows = current_images(store, list(_TEXTS), [uid]).to_pylist()
    if not rows:
        raise UnknownImageError(
            f"The corpus has no picture {uid!r}. 'vsig similar' takes a file; "
            "'vsig status' counts the pictures."
        )
    clusters = store.read_or_empty("clusters").to_pylist()
    cluster = next((row for row in clusters if row["uid"] == uid), None)
    return {
        "image": rows[0],
        "judgements": _judgements(store, {uid}),
        "cluster": cluster,
        "lineage": lineage(store, "clusters"),
    }


def trace_cluster(store: Store, cluster: str) -> dict[str, Any]:
    """A cluster: its pictures, changes, judgements, and the versions behind it.

    Raises
    ------
    UnknownImageError
        There is no such cluster now.
    TableMissingError
        There are no pictures or no clusters yet.
    """
    require_pictures(store)
    rows = store.read("clusters").to_pylist()
    members = [row for row in rows if row["cluster"] == cluster]
    if not members:
        raise UnknownImageError(f"There is no cluster {cluster!r} in the newest clustering.")
    changes = store.read_or_empty("cluster_changes").to_pylist()
    return {
        "cluster": cluster,
        "model_id": members[0]["model_id"],
        "max_eps": members[0]["max_eps"],
        "images": [row["uid"] for row in members],
        "changes": [row for row in changes if row["cluster"] == cluster],
        "judgements": _judgements(store, {row["uid"] for row in members}),
        "lineage": lineage(store, "clusters"),
    }


def trace_model(store: Store, model_id: str) -> dict[str, Any]:
    """A model: what it was trained on, its figures, and the versions behind it.

    Raises
    ------
    InputError
        There is no such model.
    """
    row = model_row(store, model_id)
    figures = [
        entry
        for entry in store.read_or_empty("evaluations").to_pylist()
        if entry["subject"] == model_id and entry["metric"] in ("map", "map_difference")
    ]
    commits = store.commits("models")
    made = [
        commit
        for commit in commits
        if commit.provenance.data_version == model_id
        and commit.provenance.step == "candidate_model"
    ]
    return {
        "model": row,
        "figures": figures,
        # What no training made, the pretrained network, was there from the first version on.
        "lineage": _walk(store, (made or commits)[-1], set()),
    }


def lineage(store: Store, table: str) -> dict[str, Any] | None:
    """The newest version of a table, and all versions it was made from, as a tree."""
    commits = store.commits(table, limit=1)
    return _walk(store, commits[0], set()) if commits else None


def _walk(store: Store, commit: Commit, seen: set[tuple[str, int]]) -> dict[str, Any]:
    """One version and what it read; what stands elsewhere in the tree is only named."""
    node: dict[str, Any] = {
        "table": commit.table,
        "version": commit.version,
        "at": commit.at.isoformat(timespec="seconds"),
        "step": commit.provenance.step,
        "run_id": commit.provenance.run_id,
        "partition": commit.provenance.partition,
    }
    place = (commit.table, commit.version)
    if place in seen:
        return {**node, "inputs": "above"}
    seen.add(place)
    return {**node, "inputs": _inputs(store, commit, seen)}


def _inputs(store: Store, commit: Commit, seen: set[tuple[str, int]]) -> list[dict[str, Any]]:
    """What a version read, but for the step's own earlier work: it continues itself without end."""
    read = [
        older
        for table, version in sorted(commit.provenance.inputs.items())
        for older in store.commits(table)
        if older.version == version and older.provenance.step != commit.provenance.step
    ]
    return [_walk(store, older, seen) for older in read]


def _judgements(store: Store, uids: set[str]) -> list[dict[str, Any]]:
    """Rows of the log that name one of the pictures."""
    columns = ["annotation_id", "act", "type", "img1", "img2", "members", "annotator"]
    columns += ["made_at", "file", "row"]
    return [
        row
        for row in current_annotations(store).select(columns).to_pylist()
        if uids & {row["img1"], row["img2"], *(row["members"] or ())}
    ]
