"""From vectors to neighbours and clusters."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from vsig_core.annotations import SEPARATING
from vsig_core.clustering import (
    Calibration,
    Change,
    ClusteredPictures,
    NeighbourGraph,
    UidPair,
    Validation,
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
from vsig_core.errors import StoreError
from vsig_core.executors import cluster_of
from vsig_core.neighbours import find_neighbours
from vsig_core.review import (
    plot_calibration,
    plot_cluster_sizes,
    plot_reachability,
)
from vsig_core.store import schema
from vsig_core.vectors import InForce, vectors_in_force
from vsig_pipeline.assets.declare import computes
from vsig_pipeline.assets.figures import caveats, cluster_names, recall_of, rounded
from vsig_pipeline.execution import Inputs, Outcome
from vsig_pipeline.renaming import Renaming


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
    facts = {"images": images, "k": settings.k, "compared": compared, **caveats(table)}
    return Outcome({"neighbours": table}, facts=facts)


def _graph(inputs: Inputs, in_force: InForce) -> NeighbourGraph:
    """The graph that `neighbours` holds."""
    table = inputs.read("neighbours")
    if table["uid"].to_pylist() != in_force.uids:
        raise StoreError(
            "The table 'neighbours' is of other pictures than 'vectors'. Bring it up to date "
            "first: vsig run --from neighbours."
        )
    indices, _ = lists_of(table, in_force.uids)
    return NeighbourGraph.from_neighbours(in_force.vectors, indices, recall=recall_of(table))


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
    before = cluster_names(renaming.read("clusters"))
    used = set(inputs.read("cluster_ids")["cluster"].to_pylist())
    names, changes = match_clusters(before, found.labels, used)
    versions = _Versions(before, names, changes)
    table = clusters_table(found, names, in_force.model_id, graph.recall)
    return Outcome(
        tables={"clusters": table, "cluster_changes": changes_table(changes)},
        added={"cluster_ids": _born(set(names.values()) - used)},
        facts=_cluster_facts(inputs, found.calibration, versions) | caveats(table) | renaming.facts,
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
