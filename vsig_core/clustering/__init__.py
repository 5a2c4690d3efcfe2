"""Neighbour graph, OPTICS, radius calibration, lasting identity, groups and metrics."""

from vsig_core.clustering.bands import BandFound, Bands
from vsig_core.clustering.calibration import Calibration, Validation, calibrate
from vsig_core.clustering.graph import NeighbourGraph
from vsig_core.clustering.groups import Judgements, build_groups
from vsig_core.clustering.identity import (
    Change,
    changes_between,
    changes_table,
    match_clusters,
    replay,
)
from vsig_core.clustering.judged import Contradiction, contradictions, judged_pairs
from vsig_core.clustering.lists import Pictures, known_lists, lists_of, neighbours_table
from vsig_core.clustering.methods import Clustered, find_clusters
from vsig_core.clustering.metrics import (
    ClusterMetrics,
    Novelty,
    UidPair,
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
from vsig_core.clustering.pictures import ClusteredPictures, cluster_pictures, clusters_table
from vsig_core.clustering.radius_graph import GraphTooLargeError, RadiusGraph
from vsig_core.clustering.vectors import check_vectors
from vsig_core.clustering.verdicts import Verdict, verdict_on

__all__ = [
    "BandFound",
    "Bands",
    "Calibration",
    "Change",
    "ClusterMetrics",
    "Clustered",
    "ClusteredPictures",
    "Contradiction",
    "GraphTooLargeError",
    "Judgements",
    "NeighbourGraph",
    "Novelty",
    "OpticsResult",
    "Ordering",
    "Pictures",
    "RadiusGraph",
    "UidPair",
    "Validation",
    "Verdict",
    "build_groups",
    "calibrate",
    "changes_between",
    "changes_table",
    "check_vectors",
    "cluster_metrics",
    "cluster_pictures",
    "clusters_table",
    "contradictions",
    "extract",
    "find_clusters",
    "judged_pairs",
    "known_lists",
    "lists_of",
    "match_clusters",
    "neighbours_table",
    "novelty",
    "optics",
    "order_points",
    "pairs_together",
    "replay",
    "verdict_on",
]
