"""What people said about some pictures."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vsig_core.annotations import ids_in_force
from vsig_core.current import current_annotations
from vsig_core.store import Store
from vsig_core.why.answer import Judged

_SHOWN = ["annotation_id", "act", "type", "img1", "img2", "members", "annotator", "made_at"]
_SHOWN += ["file", "row", "note"]


def judged(store: Store, asked: list[str], mates: set[str]) -> Judged:
    """Judgements that bear on one picture and its cluster, or on two pictures.

    Parameters
    ----------
    store
        The store.
    asked
        One picture or two.
    mates
        Pictures of the cluster of the first.
    """
    partners = set(asked[1:]) or mates - set(asked)
    links = [
        row for row in store.read_or_empty("links").to_pylist() if _bears(row, asked[0], partners)
    ]
    rows = _rows(current_annotations(store), asked, partners)
    named = {row["annotation_id"] for row in rows}
    conflicts = store.read_or_empty("conflicts").to_pylist()
    return Judged(
        links=links,
        rows=rows,
        conflicts=[
            row["conflict_id"]
            for row in conflicts
            if row["settled_by"] is None and named & set(row["annotations"])
        ],
        component=next(iter(_shared(store, "components", "component", asked)), None),
        motifs=_motifs(store, asked),
    )


def _bears(row: dict[str, Any], uid: str, partners: set[str]) -> bool:
    """Whether a row is about the picture and one of its partners."""
    pair = {row["img1"], row["img2"]}
    return uid in pair and bool(pair & partners)


def _rows(log: pa.Table, asked: list[str], partners: set[str]) -> list[dict[str, Any]]:
    """Rows of the log, each with whether it is in force."""
    named = pc.field("img1").isin(asked) | pc.field("img2").isin(asked)
    touching = log.filter(named | pc.field("members").is_valid())
    found = [
        row
        for row in touching.select(_SHOWN).to_pylist()
        if _bears(row, asked[0], partners) or set(asked) <= set(row["members"] or ())
    ]
    # What was taken back is told by the RETRACT rows alone, whatever they are about.
    ids = pa.array([row["annotation_id"] for row in found], pa.string())
    own = pc.field("annotation_id").isin(ids)
    standing = ids_in_force(log.filter(own | (pc.field("type") == "RETRACT")))
    return [{**row, "in_force": row["annotation_id"] in standing} for row in found]


def _shared(store: Store, table: str, column: str, asked: list[str]) -> list[str]:
    """What of a table all the pictures asked about are in."""
    rows = store.read_or_empty(table, columns=["uid", column], among={"uid": asked}).to_pylist()
    each = [{row[column] for row in rows if row["uid"] == uid} for uid in asked]
    return sorted(set.intersection(*each))


def _motifs(store: Store, asked: list[str]) -> dict[str, str | None]:
    shared = _shared(store, "motif_members", "motif", asked)
    rows = store.read_or_empty("motifs", among={"motif": shared}).to_pylist()
    names = {row["motif"]: row["name"] for row in rows}
    return {motif: names.get(motif) for motif in shared}
