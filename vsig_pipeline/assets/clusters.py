"""From vectors to clusters, map, groups and what people should look at next."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from vsig_core.annotations import SEPARATING, representatives, verdicts_in_force
from vsig_core.clustering import (
    Calibration,
    Change,
    ClusteredPictures,
    Judgements,
    NeighbourGraph,
    UidPair,
    Validation,
    build_groups,
    changes_table,
    cluster_metrics,
    cluster_pictures,
    clusters_table,
    contradictions,
    judged_pairs,
    lists_of,
    match_clusters,
    neighbours_table,
    pairs_together,
)
from vsig_core.current import current_images
from vsig_core.errors import StoreError
from vsig_core.executors import cluster_of, embedding
from vsig_core.layout import Points, lay_out, layout_quality
from vsig_core.model import known
from vsig_core.neighbours import find_neighbours
from vsig_core.registered import stored_model
from vsig_core.review import (
    Evidence,
    draw_map,
    plot_calibration,
    plot_cluster_sizes,
    plot_dots,
    plot_reachability,
    rank_queue,
)
from vsig_core.store import digest, schema
from vsig_core.vectors import InForce, embed_known, vector_column, vectors_in_force
from vsig_pipeline.assets.declare import computes
from vsig_pipeline.execution import Inputs, Outcome
from vsig_pipeline.renaming import Renaming
from vsig_pipeline.state import State
from vsig_pipeline.steps import STEPS


@computes("torch")
def embeddings(inputs: Inputs) -> Outcome:
    """Describes each picture of a batch by numbers: alike for the network means close together.

    One unit vector for each picture, by the model in force. It is known by the picture's
    content and the model; none is computed twice, and a renamed file keeps its own.
    """
    model_id = inputs.state.champion
    assert model_id is not None  # without one this step has no key
    images = inputs.read(
        "images", columns=["uid", "sha256", "working"], where={"batch": inputs.batch}
    )
    found = embed_known(
        inputs.store,
        stored_model(inputs.store, model_id),
        images,
        inputs.settings.model.batch_size,
        embedding(inputs.settings),
        inputs.progress(f"embedding pictures with {model_id}"),
    )
    rows = pa.table(
        {
            "model_id": [model_id] * images.num_rows,
            "uid": images["uid"],
            "batch": [inputs.batch] * images.num_rows,
            "sha256": images["sha256"],
            "vector": vector_column(found.vectors),
        },
        schema=schema("embeddings"),
    )
    return Outcome({"embeddings": rows}, facts={"model": model_id, "images": images.num_rows})


@computes("python")
def vectors(inputs: Inputs) -> Outcome:
    """Says which descriptions all that follows works with, and that none is missing.

    Until every batch is described by a new network, the old one's descriptions stay in force:
    pictures of two networks are never compared with one another.
    """
    state: State = inputs.state
    done = state.embedded_batches()
    missing = [batch for batch, key in state.vector_keys.items() if done.get(batch) != key]
    if missing:
        table = inputs.store.read_or_empty("vectors")
        waiting = {"waiting for batches": len(missing)}
        return Outcome({"vectors": table}, facts=waiting, data_version=_vectors_digest(table))
    rows = []
    for batch, key in state.vector_keys.items():
        partition = f"model_id={state.champion},batch={batch}"
        commit = state.commits(STEPS["embeddings"], partition)[0]
        rows.append(
            {
                "batch": batch,
                "model_id": state.champion,
                "version": commit.version,
                "images": commit.provenance.facts["images"],
                "digest": key,
            }
        )
    table = pa.Table.from_pylist(rows, schema("vectors"))
    facts = {"model": state.champion, "images": sum(row["images"] for row in rows)}
    return Outcome({"vectors": table}, facts=facts, data_version=_vectors_digest(table))


def _vectors_digest(table: pa.Table) -> str:
    return digest(sorted(table["digest"].to_pylist()))


@computes("numba")
def neighbours(inputs: Inputs) -> Outcome:
    """For each picture, those that look most alike to the network, the nearest first.

    Clusters, map, queue and search all read this one list, so they never disagree.
    Exact, up to [neighbours] approximate_above pictures. Lists that still hold are taken over:
    only pictures that came or changed, and those that lost a neighbour, are compared anew.
    """
    settings = inputs.settings.neighbours
    inputs.pin("neighbours")
    progress, cluster = inputs.progress("comparing pictures"), cluster_of(inputs.settings)
    found = find_neighbours(inputs.store, inputs.versions, settings, cluster, progress)
    table = neighbours_table(found.graph, found.pictures)
    images, compared = found.graph.size, found.compared
    facts = {"images": images, "k": settings.k, "compared": compared, **_caveats(table)}
    return Outcome({"neighbours": table}, facts=facts)


def _caveats(table: pa.Table) -> dict[str, Any]:
    """What everything says that is made from an approximate graph or an uncalibrated radius."""
    recall = _recall(table)
    said: dict[str, Any] = {} if recall is None else {"recall": recall}
    if "calibrated" in table.column_names and False in table["calibrated"].to_pylist():
        said["calibrated"] = False
    return said


def _recall(table: pa.Table) -> float | None:
    return table["recall"][0].as_py() if table.num_rows else None


def _graph(inputs: Inputs, in_force: InForce) -> NeighbourGraph:
    """The graph that `neighbours` holds."""
    table = inputs.read("neighbours")
    if table["uid"].to_pylist() != in_force.uids:
        raise StoreError(
            "The table 'neighbours' is of other pictures than 'vectors'. Bring it up to date "
            "first: vsig run --from neighbours."
        )
    indices, _ = lists_of(table, in_force.uids)
    return NeighbourGraph.from_neighbours(in_force.vectors, indices, recall=_recall(table))


def _validation(inputs: Inputs) -> Validation:
    splits = _splits(inputs)
    components = {
        row["uid"]: row["component"]
        for row in inputs.read("components").to_pylist()
        if row["split"] == "val"
    }
    decoys = {uid for uid, split in splits.items() if split == "train"}
    least = inputs.settings.evaluation.min_components
    return Validation(components, _apart(inputs, {"val"}), decoys, least)


def _splits(inputs: Inputs) -> dict[str, str]:
    return {row["uid"]: row["split"] for row in inputs.read("components").to_pylist()}


def _apart(inputs: Inputs, scored: set[str]) -> list[UidPair]:
    """Pairs judged not to belong together that touch the scored splits and no other."""
    splits = _splits(inputs)
    return [
        pair
        for pair in judged_pairs(inputs.read("links"), SEPARATING)
        if {splits[uid] for uid in pair if uid in splits} & scored
        and {splits[uid] for uid in pair if uid in splits} <= scored
    ]


@computes("scikitlearn")
def clusters(inputs: Inputs) -> Outcome:
    """The network's own proposal of what belongs together, before any person is heard.

    Pictures that hang together by steps no longer than a radius are a cluster (OPTICS); one that
    is near to nothing is in none. A cluster keeps its name as long as it lasts. The radius is
    calibrated on validation links where there are enough of them; else it keeps clusters small,
    and everything made from it says "uncalibrated".
    """
    in_force = vectors_in_force(inputs.store)
    graph = _graph(inputs, in_force)
    found = cluster_pictures(graph, in_force.uids, _validation(inputs), inputs.settings.clustering)
    renaming = Renaming(inputs)
    before = _cluster_names(renaming.read("clusters"))
    used = set(inputs.read("cluster_ids")["cluster"].to_pylist())
    names, changes = match_clusters(before, found.labels, used)
    versions = _Versions(before, names, changes)
    table = clusters_table(found, names, in_force.model_id, graph.recall)
    return Outcome(
        tables={"clusters": table, "cluster_changes": changes_table(changes)},
        added={"cluster_ids": _born(set(names.values()) - used)},
        facts=_cluster_facts(inputs, found.calibration, versions)
        | _caveats(table)
        | renaming.facts,
        plots=_cluster_plots(found, names),
    )


@dataclass(frozen=True)
class _Versions:
    """The clusters of the version before and of this one: picture to id."""

    before: dict[str, str | None]
    now: dict[str, str | None]
    changes: list[Change]


def _cluster_plots(found: ClusteredPictures, names: dict[str, str | None]) -> dict[str, bytes]:
    chosen, ordering = found.calibration, found.ordering
    labels = np.array(list(found.labels.values()), np.int64)
    return {
        "calibration": plot_calibration(chosen.curve, chosen.max_eps, chosen.note),
        "cluster sizes": plot_cluster_sizes(*_sizes(names)),
        "reachability": plot_reachability(
            ordering.ordering, ordering.reachability, labels, chosen.max_eps
        ),
    }


def _sizes(names: dict[str, str | None]) -> tuple[list[int], int]:
    """Pictures of each cluster, and pictures in none."""
    counts = Counter(names.values())
    noise = counts.pop(None, 0)
    return sorted(counts.values(), reverse=True), noise


def _born(names: set[str | None]) -> pa.Table:
    rows = [{"cluster": name, "at": datetime.now(UTC)} for name in sorted(filter(None, names))]
    return pa.Table.from_pylist(rows, schema("cluster_ids"))


def _cluster_facts(inputs: Inputs, chosen: Calibration, versions: _Versions) -> dict[str, Any]:
    """Figures against the morphograph: held out, and of all judged pairs before and now."""
    held_out = {
        row["uid"]: row["component"]
        for row in inputs.read("components").to_pylist()
        if row["split"] != "train"
    }
    figures = cluster_metrics(versions.now, held_out, _apart(inputs, {"val", "test"}))
    events = [change.event for change in versions.changes]
    return {
        "clusters": figures.n_clusters,
        "largest": max(figures.sizes, default=0),
        "noise share": round(figures.noise_share, 4),
        "pair precision (val and test)": rounded(figures.pair_precision),
        "pair recall (val and test)": rounded(figures.pair_recall),
        "component recall (val and test)": rounded(figures.mean_component_recall),
        "B³ F1 (val and test)": rounded(figures.b3_f1),
        "radius": chosen.max_eps,
        "calibrated": chosen.calibrated,
        "radius chosen": chosen.note,
        "contradictions": len(contradictions(versions.now, inputs.read("links"))),
        "changes": {event: events.count(event) for event in sorted(set(events))},
        **_judged_pairs_kept(inputs.read("links"), versions),
    }


def _judged_pairs_kept(links: pa.Table, versions: _Versions) -> dict[str, Any]:
    """Share of confirmed pairs that lie together, and of rejected ones that do not."""
    together = {
        verdicts: [
            pairs_together(labels, judged_pairs(links, verdicts))
            for labels in (versions.before, versions.now)
        ]
        for verdicts in (frozenset({"POSITIVE"}), SEPARATING)
    }
    joined, parted = together.values()
    return {
        "positives together, before": rounded(joined[0]),
        "positives together": rounded(joined[1]),
        "negatives apart, before": rounded(1 - parted[0]),
        "negatives apart": rounded(1 - parted[1]),
    }


def rounded(value: float) -> float | None:
    """Four digits are enough for people."""
    return known(round(value, 4))


@computes("umaplearn")
def layout(inputs: Inputs) -> Outcome:
    """The map: what looks alike lies close, in two dimensions.

    It goes on from the map before, so that people find pictures where they were. Distances
    across the map mean little; what lies side by side does.
    """
    in_force = vectors_in_force(inputs.store)
    neighbours_now = inputs.read("neighbours")
    lists = lists_of(neighbours_now, in_force.uids)
    points = Points(in_force.uids, in_force.vectors, *lists)
    renaming = Renaming(inputs)
    before = renaming.read("layout")
    previous = before if before.num_rows else None
    placed = lay_out(points, previous, inputs.settings.layout)
    quality = layout_quality(points, placed, previous)
    return Outcome(
        {"layout": placed},
        facts={
            "trustworthiness": rounded(quality.trustworthiness),
            "neighbourhood kept": rounded(quality.neighbourhood_kept),
            "median displacement": rounded(quality.displacement),
            **_caveats(neighbours_now),
            **renaming.facts,
        },
    )


@computes("python")
def groups(inputs: Inputs) -> Outcome:
    """What people are shown: clusters with duplicates folded, rejected pictures out, motifs whole.

    A pattern that somebody confirmed is never torn apart here, and a picture that somebody
    rejected is not shown again, whatever the network says. `clusters` stays the model's opinion,
    and is what is scored.
    """
    images = current_images(inputs.store, ["uid", "sha256", "work"]).to_pylist()
    links = inputs.read("links")
    judgements = Judgements(
        links=links,
        motif_members=inputs.read("motif_members"),
        representatives=representatives(links, {row["uid"]: row["sha256"] for row in images}),
        works={row["uid"]: row["work"] for row in images},
        verdicts=verdicts_in_force(inputs.judgements()),
    )
    clusters_now = inputs.read("clusters")
    rows = build_groups(clusters_now, judgements, inputs.settings.annotations.same_work)
    facts = {"groups": len(set(rows["group"].to_pylist())), "images": rows.num_rows}
    return Outcome({"groups": rows}, facts=facts | _caveats(clusters_now))


@computes("pillow")
def atlas(inputs: Inputs) -> Outcome:
    """A picture of the whole map: thumbnails where they lie, framed by cluster.

    It stays in the store; Dagster's log gets dots, not pictures (`publish`).
    """
    rows, clusters_now = inputs.read("layout"), inputs.read("clusters")
    clusters_of = _cluster_names(clusters_now)
    images = current_images(inputs.store, ["uid", "thumb"])
    thumbs = dict(zip(images["uid"].to_pylist(), images["thumb"].to_pylist(), strict=True))
    picture = inputs.store.objects.put("atlas", draw_map(rows, clusters_of, thumbs), "png")
    return Outcome(
        {"atlas": pa.Table.from_pylist([{"name": "map", "picture": picture}], schema("atlas"))},
        facts={"picture": inputs.store.objects.uri(picture), **_caveats(clusters_now)},
        plots={"map": plot_dots(rows, clusters_of)},
    )


def _cluster_names(clusters: pa.Table) -> dict[str, str | None]:
    return dict(zip(clusters["uid"].to_pylist(), clusters["cluster"].to_pylist(), strict=True))


@computes("python")
def review_queue(inputs: Inputs) -> Outcome:
    """What is worth a person's judgement next, the most promising first, each with its reason.

    A look at the top of this list teaches the next network most for each minute spent.
    """
    motifs, links = inputs.read("motifs").to_pylist(), inputs.read("links")
    evidence = Evidence(
        links=links,
        motif_members=inputs.read("motif_members"),
        motif_names={row["motif"]: row["name"] for row in motifs},
        verdicts=verdicts_in_force(inputs.judgements()),
        new_images=_new_images(inputs),
        neighbours=inputs.read("neighbours"),
        pair_evidence=inputs.read("pair_evidence"),
        objects=_objects(inputs, links),
    )
    groups_now, clusters_now = inputs.read("groups"), inputs.read("clusters")
    rows = rank_queue(groups_now, clusters_now, evidence, inputs.settings.review)
    facts = {"entries": rows.num_rows, **_caveats(clusters_now)}
    return Outcome({"review_queue": rows}, facts=facts)


def _objects(inputs: Inputs, links: pa.Table) -> dict[str, str]:
    """Picture to the object that it shows, where several may show one."""
    images = current_images(inputs.store, ["uid", "sha256", "work"]).to_pylist()
    objects = representatives(links, {row["uid"]: row["sha256"] for row in images})
    if inputs.settings.annotations.same_work != "show":
        objects |= {row["uid"]: f"work {row['work']}" for row in images if row["work"]}
    return objects


def _new_images(inputs: Inputs) -> set[str]:
    """Pictures that arrived since the queue was ranked last; none in a first queue."""
    ranked = inputs.state.commits(inputs.step)
    if not ranked:
        return set()
    images = current_images(inputs.store, ["uid", "added_at"]).to_pylist()
    return {row["uid"] for row in images if row["added_at"] > ranked[0].at}
