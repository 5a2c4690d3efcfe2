"""From vectors to clusters, map, groups and what people should look at next."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vsig_core.annotations import representatives, verdicts_in_force
from vsig_core.clustering import (
    Calibration,
    Change,
    Judgements,
    NeighbourGraph,
    OpticsResult,
    Validation,
    build_groups,
    calibrate,
    changes_table,
    cluster_metrics,
    match_clusters,
    optics,
)
from vsig_core.current import current_images
from vsig_core.layout import Points, lay_out, layout_quality
from vsig_core.registered import vectors_of
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
from vsig_core.vectors import vector_column, vectors_in_force
from vsig_pipeline.assets.declare import computes
from vsig_pipeline.execution import Inputs, Outcome
from vsig_pipeline.state import State
from vsig_pipeline.steps import STEPS


@computes("torch")
def embeddings(inputs: Inputs) -> Outcome:
    """One unit vector for each picture of a batch, by the model in force.

    A vector is known by the picture's content and the model; none is computed twice.
    """
    model_id = inputs.state.champion
    assert model_id is not None  # without one this step has no key
    images = inputs.read(
        "images", columns=["uid", "sha256", "working"], where={"batch": inputs.batch}
    )
    found = vectors_of(
        inputs.store, model_id, images, inputs.provenance(Outcome()), inputs.progress
    )
    rows = pa.table(
        {
            "model_id": [model_id] * images.num_rows,
            "uid": images["uid"],
            "batch": [inputs.batch] * images.num_rows,
            "sha256": images["sha256"],
            "vector": vector_column(found),
        },
        schema=schema("embeddings"),
    )
    return Outcome({"embeddings": rows}, facts={"model": model_id, "images": images.num_rows})


@computes("python")
def vectors(inputs: Inputs) -> Outcome:
    """Which versions hold the vectors of the model in force, and that they are complete.

    Until every batch has vectors of a new model, the old one's stay in force.
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
    """The nearest pictures of each picture, exactly: the one graph that all below shares."""
    uids, found = vectors_in_force(inputs.store)
    graph = NeighbourGraph.build(
        found, inputs.settings.neighbours.k, progress=inputs.progress("comparing pictures")
    )
    indices, distances = graph.knn
    names = np.array(uids, dtype=object)
    rows = pa.table(
        {
            "uid": uids,
            "ids": [names[row].tolist() for row in indices],
            "distances": [row.tolist() for row in distances.astype(np.float32)],
        },
        schema=schema("neighbours"),
    )
    return Outcome({"neighbours": rows}, facts={"images": len(uids), "k": indices.shape[1]})


def _validation(inputs: Inputs) -> Validation:
    rows = inputs.read("components").to_pylist()
    components = {row["uid"]: row["component"] for row in rows if row["split"] == "val"}
    decoys = {row["uid"] for row in rows if row["split"] == "train"}
    least = inputs.settings.evaluation.min_components
    return Validation(components, _apart(inputs), decoys, least)


def _apart(inputs: Inputs) -> list[tuple[str, str]]:
    """Uncontested pairs that were judged not to belong together."""
    return [
        (row["img1"], row["img2"])
        for row in inputs.read("links").to_pylist()
        if row["verdict"] in ("NEGATIVE", "DIFFERENT") and not row["contested"]
    ]


@computes("scikitlearn")
def clusters(inputs: Inputs) -> Outcome:
    """Groups of pictures that lie close together (OPTICS), with ids that last.

    The radius is calibrated on validation links where there are enough of them; else it keeps
    clusters small, and everything made from it says "uncalibrated".
    """
    settings = inputs.settings.clustering
    uids, found = vectors_in_force(inputs.store)
    graph = NeighbourGraph.build(found, k=max(settings.min_samples, 10))
    chosen = calibrate(graph, uids, _validation(inputs), settings)
    if settings.max_eps != "auto":
        note = f"{settings.max_eps:g}, set by hand in [clustering]"
        chosen = replace(chosen, max_eps=settings.max_eps, calibrated=False, note=note)
    result = optics(
        graph,
        min_samples=settings.min_samples,
        max_eps=chosen.max_eps,
        xi=settings.xi,
        extraction=settings.extraction,
    )
    labels = {uid: int(label) for uid, label in zip(uids, result.labels, strict=True)}
    before = inputs.read("clusters", columns=["uid", "cluster"])
    previous = _cluster_names(before)
    used = set(inputs.read("cluster_ids")["cluster"].to_pylist())
    names, changes = match_clusters(previous, labels, used)
    return Outcome(
        tables={
            "clusters": _clusters_table(inputs, uids, names, result, chosen),
            "cluster_changes": changes_table(changes),
        },
        added={"cluster_ids": _born(set(names.values()) - used)},
        facts=_cluster_facts(inputs, names, chosen, changes),
        plots={
            "calibration": plot_calibration(chosen.curve, chosen.max_eps, chosen.note),
            "cluster sizes": plot_cluster_sizes(*_sizes(names)),
            "reachability": plot_reachability(
                result.ordering, result.reachability, result.labels, chosen.max_eps
            ),
        },
    )


def _sizes(names: dict[str, str | None]) -> tuple[list[int], int]:
    """Pictures of each cluster, and pictures in none."""
    counts = Counter(names.values())
    noise = counts.pop(None, 0)
    return sorted(counts.values(), reverse=True), noise


def _clusters_table(
    inputs: Inputs,
    uids: list[str],
    names: dict[str, str | None],
    result: OpticsResult,
    chosen: Calibration,
) -> pa.Table:
    place = np.empty(len(uids), np.int64)
    place[result.ordering] = np.arange(len(uids))
    return pa.table(
        {
            "uid": uids,
            "cluster": [names[uid] for uid in uids],
            "reachability": result.reachability,
            "core_distance": result.core_distances,
            "order": place,
            "predecessor": [uids[row] if row >= 0 else None for row in result.predecessor],
            "max_eps": [chosen.max_eps] * len(uids),
            "calibrated": [chosen.calibrated] * len(uids),
            "model_id": [inputs.state.champion] * len(uids),
        },
        schema=schema("clusters"),
    )


def _born(names: set[str | None]) -> pa.Table:
    rows = [{"cluster": name, "at": datetime.now(UTC)} for name in sorted(filter(None, names))]
    return pa.Table.from_pylist(rows, schema("cluster_ids"))


def _cluster_facts(
    inputs: Inputs, names: dict[str, str | None], chosen: Calibration, changes: list[Change]
) -> dict[str, Any]:
    """Figures against the morphograph, on validation and test components together."""
    held_out = {
        row["uid"]: row["component"]
        for row in inputs.read("components").to_pylist()
        if row["split"] != "train"
    }
    figures = cluster_metrics(names, held_out, _apart(inputs))
    events = [change.event for change in changes]
    return {
        "clusters": figures.n_clusters,
        "largest": max(figures.sizes, default=0),
        "noise share": round(figures.noise_share, 4),
        "pair precision (val and test)": known(figures.pair_precision),
        "pair recall (val and test)": known(figures.pair_recall),
        "radius": chosen.max_eps,
        "calibrated": chosen.calibrated,
        "radius chosen": chosen.note,
        "changes": {event: events.count(event) for event in sorted(set(events))},
    }


def known(value: float) -> float | None:
    """An absent measurement is null, not NaN and not 0."""
    return None if np.isnan(value) else round(float(value), 4)


@computes("umaplearn")
def layout(inputs: Inputs) -> Outcome:
    """The 2D map, continued from the map before, so that people find pictures where they were."""
    uids, found = vectors_in_force(inputs.store)
    indices, distances = _neighbour_rows(inputs.read("neighbours"), uids)
    points = Points(uids, found, indices, distances)
    before = inputs.read("layout")
    previous = before if before.num_rows else None
    placed = lay_out(points, previous, inputs.settings.layout)
    quality = layout_quality(points, placed, previous)
    return Outcome(
        {"layout": placed},
        facts={
            "trustworthiness": known(quality.trustworthiness),
            "neighbourhood kept": known(quality.neighbourhood_kept),
            "median displacement": known(quality.displacement),
        },
    )


def _neighbour_rows(
    table: pa.Table, uids: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The table `neighbours` as arrays of shape (n, k)."""
    place = {uid: row for row, uid in enumerate(uids)}
    lists = table["ids"].to_pylist()
    shape = (len(uids), len(lists[0]) if lists else 0)
    indices = np.array([[place[uid] for uid in ids] for ids in lists], np.int64).reshape(shape)
    distances = np.array(table["distances"].to_pylist(), np.float32).reshape(shape)
    return indices, distances


@computes("python")
def groups(inputs: Inputs) -> Outcome:
    """What people are shown: clusters with duplicates folded, rejected pictures out, motifs whole.

    `clusters` stays the model's opinion, and is what is scored.
    """
    images = current_images(inputs.store, ["uid", "sha256", "work"]).to_pylist()
    links = inputs.read("links")
    judgements = Judgements(
        links=links,
        motif_members=inputs.read("motif_members"),
        representatives=representatives(links, {row["uid"]: row["sha256"] for row in images}),
        works={row["uid"]: row["work"] for row in images},
        verdicts=verdicts_in_force(inputs.read("annotations")),
    )
    rows = build_groups(inputs.read("clusters"), judgements, inputs.settings.annotations.same_work)
    facts = {"groups": len(set(rows["group"].to_pylist())), "images": rows.num_rows}
    return Outcome({"groups": rows}, facts=facts)


@computes("pillow")
def atlas(inputs: Inputs) -> Outcome:
    """A picture of the whole map: thumbnails where they lie, framed by cluster.

    It stays in the store; Dagster's log gets dots, not pictures (`publish`).
    """
    rows, clusters_of = inputs.read("layout"), _cluster_names(inputs.read("clusters"))
    images = current_images(inputs.store, ["uid", "thumb"])
    thumbs = dict(zip(images["uid"].to_pylist(), images["thumb"].to_pylist(), strict=True))
    picture = inputs.store.objects.put("atlas", draw_map(rows, clusters_of, thumbs), "png")
    return Outcome(
        {"atlas": pa.Table.from_pylist([{"name": "map", "picture": picture}], schema("atlas"))},
        facts={"picture": inputs.store.objects.uri(picture)},
        plots={"map": plot_dots(rows, clusters_of)},
    )


def _cluster_names(clusters: pa.Table) -> dict[str, str | None]:
    return dict(zip(clusters["uid"].to_pylist(), clusters["cluster"].to_pylist(), strict=True))


@computes("python")
def review_queue(inputs: Inputs) -> Outcome:
    """What is worth a person's judgement next, the most promising first, each with its reason."""
    motifs = inputs.read("motifs").to_pylist()
    evidence = Evidence(
        links=inputs.read("links"),
        motif_members=inputs.read("motif_members"),
        motif_names={row["motif"]: row["name"] for row in motifs},
        verdicts=verdicts_in_force(inputs.read("annotations")),
        new_images=_new_images(inputs),
    )
    groups_now, clusters_now = inputs.read("groups"), inputs.read("clusters")
    rows = rank_queue(groups_now, clusters_now, evidence, inputs.settings.review)
    return Outcome({"review_queue": rows}, facts={"entries": rows.num_rows})


def _new_images(inputs: Inputs) -> set[str]:
    """Pictures that arrived since the queue was ranked last; none in a first queue."""
    ranked = inputs.state.commits(inputs.step)
    if not ranked:
        return set()
    images = current_images(inputs.store, ["uid", "added_at"]).to_pylist()
    return {row["uid"] for row in images if row["added_at"] > ranked[0].at}
