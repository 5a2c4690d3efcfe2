"""A link: who judged it, in which files, what is in force, and what learnt from it."""

from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vsig_core.annotations import ids_in_force
from vsig_core.current import current_annotations, current_images, require_pictures
from vsig_core.errors import InputError, UnknownImageError
from vsig_core.store import Store
from vsig_core.tracing.history import History, runs

_SHOWN = ["annotation_id", "act", "type", "img1", "img2", "members", "annotator"]
_SHOWN += ["made_at", "file", "row"]
REMOVED = "not known: its triplets were removed by 'vsig clean'"


def trace_link(store: Store, one: str, other: str) -> dict[str, Any]:
    """A judged pair: its judgements, what is in force, and what came of it.

    Raises
    ------
    UnknownImageError
        The corpus has no such picture.
    InputError
        Nobody ever judged the pair.
    TableMissingError
        There are no pictures yet.
    """
    pair = {one, other}
    require_known(store, [one, other])
    said = [row for row in judgements(store, [one, other]) if {row["img1"], row["img2"]} == pair]
    if not said or len(pair) < 2:
        raise InputError(
            f"Nobody has judged {one!r} with {other!r}. 'vsig why' says how near they are."
        )
    history = History(store)
    newest = history.newest("links")
    tree = history.up(newest) if newest else None
    named = {row["annotation_id"] for row in said}
    return {
        "link": _link(store, pair),
        "judgements": said,
        "comes_from": comes_from(said, [], runs(tree)),
        "leads_to": {
            "conflicts": [
                row["conflict_id"]
                for row in store.read_or_empty("conflicts").to_pylist()
                if named & set(row["annotations"])
            ],
            "component": _shared(store, "components", "component", pair),
            "split": _shared(store, "components", "split", pair),
            "motifs": _shared(store, "motif_members", "motif", pair),
            "triplets": _triplets(store.read_or_empty("triplets"), pair).num_rows,
            "models": models_that_learnt(store, history, pair),
        },
        "lineage": tree,
        "descent": history.down("links", newest.version) if newest else None,
    }


def require_known(store: Store, uids: Collection[str]) -> None:
    """Refuse pictures that the corpus does not have.

    Raises
    ------
    UnknownImageError
        There is no such picture.
    TableMissingError
        The corpus has no pictures.
    """
    require_pictures(store)
    there = set(current_images(store, ["uid"], list(uids))["uid"].to_pylist())
    for uid in uids:
        if uid not in there:
            raise UnknownImageError(
                f"The corpus has no picture {uid!r}. 'vsig similar' takes a file; "
                "'vsig status' counts the pictures."
            )


def judgements(store: Store, uids: Collection[str]) -> list[dict[str, Any]]:
    """Rows of the log that name one of the pictures, each with whether it stands."""
    log = current_annotations(store)
    names = pa.array(list(uids), pa.string())
    named = pc.field("img1").isin(names) | pc.field("img2").isin(names)
    touching = log.filter(named | pc.field("members").is_valid())
    wanted = set(uids)
    found = [
        row
        for row in touching.select(_SHOWN).to_pylist()
        if wanted & {row["img1"], row["img2"], *(row["members"] or ())}
    ]
    ids = pa.array([row["annotation_id"] for row in found], pa.string())
    own = pc.field("annotation_id").isin(ids)
    standing = ids_in_force(log.filter(own | (pc.field("type") == "RETRACT")))
    return [{**row, "in_force": row["annotation_id"] in standing} for row in found]


def comes_from(
    said: list[dict[str, Any]], pictures: list[str], behind: list[dict[str, Any]]
) -> dict[str, Any]:
    """Files, people and runs behind something."""
    files = {row["file"] for row in said if row["file"]}
    people = {row["annotator"] for row in said if row["annotator"]}
    return {
        "pictures": pictures,
        "annotation_files": sorted(files),
        "people": sorted(people),
        "runs": behind,
    }


def models_that_learnt(
    store: Store, history: History, uids: Collection[str]
) -> list[dict[str, Any]]:
    """Trained models, and how many of the triplets that each learnt from name all the pictures."""
    rows = store.read_or_empty(
        "models", columns=["model_id", "status", "trained_on", "origin"]
    ).to_pylist()
    made = {commit.provenance.data_version: commit for commit in history.commits("triplets")}
    found = []
    for row in rows:
        if row["origin"] != "trained":
            continue
        commit = made.get(row["trained_on"])
        triplets: int | str = REMOVED
        if commit is not None and commit.readable:
            triplets = _triplets(
                store.read("triplets", version=commit.version), uids, learnt=True
            ).num_rows
        if triplets:
            found.append({"model": row["model_id"], "status": row["status"], "triplets": triplets})
    return found


def _triplets(rows: pa.Table, uids: Collection[str], *, learnt: bool = False) -> pa.Table:
    """Triplets that name all the pictures; only those of the training split where asked for."""
    for uid in uids:
        named = [pc.field(name) == uid for name in ("anchor", "positive", "negative")]
        rows = rows.filter(named[0] | named[1] | named[2])
    return rows.filter(pc.field("split") == "train") if learnt else rows


def _link(store: Store, pair: set[str]) -> dict[str, Any] | None:
    first, second = sorted(pair)
    rows = store.read_or_empty("links", among={"img1": [first], "img2": [second]}).to_pylist()
    return rows[0] if rows else None


def _shared(store: Store, table: str, column: str, uids: Collection[str]) -> list[str]:
    """What of a table all the pictures are in."""
    names = list(uids)
    rows = store.read_or_empty(table, columns=["uid", column], among={"uid": names}).to_pylist()
    return sorted(
        set.intersection(*({r[column] for r in rows if r["uid"] == uid} for uid in names))
    )
