"""Judgements: the inbox, the morphograph, and the triplets mined from it."""

from typing import Any

import numpy as np
import pyarrow as pa

from vsig_core.annotations import (
    TripletSources,
    build_morphograph,
    mine_triplets,
    representatives,
)
from vsig_core.clustering import NeighbourGraph, judged_pairs, novelty
from vsig_core.current import current_images
from vsig_core.executors import embedding
from vsig_core.model import known
from vsig_core.pool import pool_images
from vsig_core.registered import register_pretrained, vectors_of
from vsig_core.store import digest, schema
from vsig_pipeline.arrivals import pending_files
from vsig_pipeline.assets.declare import computes
from vsig_pipeline.execution import Inputs, Outcome
from vsig_pipeline.inbox import take_files
from vsig_pipeline.renaming import Renaming

# Rankings must outlast what mining skips: the anchor's component, views, duplicates.
RANKING_LENGTH = 100


@computes("python")
def annotations(inputs: Inputs) -> Outcome:
    """Takes the inbox's files into the log of judgements, to which rows are only ever added.

    Good rows count; each bad row is reported with its line. A file that cannot be read at all
    moves to `inbox/rejected/` with its reason beside it; taken ones to `inbox/done/`.
    """
    taken = take_files(inputs, pending_files(inputs.project))
    nothing_new = not taken.annotations.num_rows and not taken.rejected.num_rows
    if nothing_new and inputs.state.latest(inputs.step):
        return Outcome(after=taken.move)
    log = pa.concat_tables([inputs.read("annotations"), taken.annotations])
    ids = log["annotation_id"].to_pylist()
    return Outcome(
        added={"annotations": taken.annotations, "rejected_annotations": taken.rejected},
        facts={"rows": len(ids), "new": taken.annotations.num_rows, "files": taken.reports},
        data_version=digest(sorted(ids)),
        after=taken.move,
    )


@computes("networkx")
def morphograph(inputs: Inputs) -> Outcome:
    """What is in force about each judged pair: links, components, signatures, contradictions.

    Components are drawn into train, validation and test once and for good. A contradiction is
    listed with both judgements and left out of training until somebody settles it.
    """
    images = current_images(inputs.store, ["uid", "sha256", "work"]).to_pylist()
    contents = inputs.read("contents").to_pylist()
    renaming = Renaming(inputs)
    graph = build_morphograph(
        inputs.judgements(),
        uids={row["uid"] for row in images},
        previous_components=renaming.read("drawn_splits"),
        previous_motif_members=renaming.read("motif_members"),
        works={row["uid"]: row["work"] for row in images if row["work"]},
        hashes={row["uid"]: row["sha256"] for row in images},
        phashes={row["sha256"]: row["phash"] for row in contents},
        splits=inputs.settings.splits,
    )
    open_conflicts = [row for row in graph.conflicts.to_pylist() if row["settled_by"] is None]
    return Outcome(
        tables={
            "drawn_splits": graph.drawn_splits,
            "motifs": graph.motifs,
            "motif_members": graph.motif_members,
            "conflicts": graph.conflicts,
            "components": graph.components,
            "links": graph.links,
        },
        added={"split_moves": graph.split_moves},
        facts={
            "links": _counted(graph.links["verdict"].to_pylist()),
            "components": _counted_parts(graph.components),
            "motifs": graph.motifs.num_rows,
            "open conflicts": len(open_conflicts),
            "pictures that changed split": graph.split_moves.num_rows,
            "new since last time": _novelty(inputs, graph.links, graph.components),
            **renaming.facts,
        },
        data_version=graph.digest,
    )


def _novelty(inputs: Inputs, links: pa.Table, components: pa.Table) -> dict[str, Any]:
    """What the judgements since the version before brought."""
    found = novelty(
        judged_pairs(inputs.read("links"), {"POSITIVE"}),
        judged_pairs(links, {"POSITIVE"}),
        _component_of(inputs.read("components")),
        _component_of(components),
    )
    return vars(found) | {"progress": known(found.progress)}


def _component_of(components: pa.Table) -> dict[str, str]:
    uids, names = components["uid"].to_pylist(), components["component"].to_pylist()
    return dict(zip(uids, names, strict=True))


def _counted(values: list[str]) -> dict[str, int]:
    return {value: values.count(value) for value in sorted(set(values))}


def _counted_parts(components: pa.Table) -> dict[str, int]:
    """Number of components in each split."""
    parts = {(row["split"], row["component"]) for row in components.to_pylist()}
    return _counted([split for split, _ in parts])


@computes("numpy")
def triplets(inputs: Inputs) -> Outcome:
    """What the network learns from: anchor, a picture of the same signature, one that is not.

    Judged negatives come first, then the nearest pictures by the pretrained network that are
    outside the anchor's component; never another view of the same work, a similar pair, or a
    picture of another split.
    """
    provenance = inputs.provenance(Outcome())
    pretrained = register_pretrained(inputs.store, inputs.settings.model, provenance)
    links, components = inputs.read("links"), inputs.read("components")
    if not components.num_rows:
        why = "no POSITIVE link in force, so there is nothing to learn from yet"
        return Outcome({"triplets": schema("triplets").empty_table()}, facts={"why": why})
    settings = inputs.settings.triplets
    images = pool_images(inputs.store, settings.pool_size, ["uid", "sha256", "working", "work"])
    uids = images["uid"].to_pylist()
    hashes = dict(zip(uids, images["sha256"].to_pylist(), strict=True))
    works = dict(zip(uids, images["work"].to_pylist(), strict=True))
    sources = TripletSources(
        links,
        components,
        works={uid: work for uid, work in works.items() if work},
        representatives=representatives(links, hashes),
        pool=uids,
    )
    # By the network that every candidate starts from: what it confuses must be learnt each time.
    # The model in force does not confuse it any more, and what it finds near but nobody has
    # judged is often the same signature: mined by it, the second round of the sample came to
    # a test mAP of 0.41 instead of 0.56.
    executor = embedding(inputs.settings)
    found = vectors_of(inputs.store, pretrained, images, executor, provenance, inputs.progress)
    rows = mine_triplets(sources, _rankings(uids, found), settings)
    return Outcome(
        {"triplets": rows},
        facts={
            "mined with": pretrained,
            "pool": len(uids),
            "split": _counted(rows["split"].to_pylist()),
            "origin": _counted(rows["origin"].to_pylist()),
        },
    )


def _rankings(uids: list[str], vectors: np.ndarray) -> dict[str, list[str]]:
    """Picture of the pool to its nearest ones."""
    indices, _ = NeighbourGraph.build(vectors, RANKING_LENGTH).knn
    return {uid: [uids[row] for row in near] for uid, near in zip(uids, indices, strict=True)}
