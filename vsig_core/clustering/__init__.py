"""Neighbour graph, OPTICS, radius calibration, lasting identity, groups and metrics."""

from vsig_core.clustering.calibration import Calibration, Validation, calibrate
from vsig_core.clustering.graph import GraphTooLargeError, NeighbourGraph, RadiusGraph
from vsig_core.clustering.groups import Judgements, build_groups
from vsig_core.clustering.identity import Change, changes_table, match_clusters, replay
from vsig_core.clustering.metrics import (
    ClusterMetrics,
    Novelty,
    cluster_metrics,
    novelty,
    pairs_together,
)
from vsig_core.clustering.optics import (
    OpticsResult,
    Ordering,
    extract,
    optics,
    order_points,
)
from vsig_core.clustering.vectors import check_vectors
from vsig_core.clustering.verdicts import Verdict, verdict_on

__all__ = [
    "Calibration",
    "Change",
    "ClusterMetrics",
    "GraphTooLargeError",
    "Judgements",
    "NeighbourGraph",
    "Novelty",
    "OpticsResult",
    "Ordering",
    "RadiusGraph",
    "Validation",
    "Verdict",
    "build_groups",
    "calibrate",
    "changes_table",
    "check_vectors",
    "cluster_metrics",
    "extract",
    "match_clusters",
    "novelty",
    "optics",
    "order_points",
    "pairs_together",
    "replay",
    "verdict_on",
]
