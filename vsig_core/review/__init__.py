"""The queue of what to judge, the picture of the map, and plots for the log."""

from vsig_core.review.evidence_sheet import Shared, draw_evidence
from vsig_core.review.map_picture import MapStyle, draw_map
from vsig_core.review.plots import (
    MOST_BYTES,
    Bar,
    plot_calibration,
    plot_cluster_sizes,
    plot_dots,
    plot_reachability,
    plot_retrieval,
    plot_training,
)
from vsig_core.review.queue import rank_queue
from vsig_core.review.standing import Evidence
from vsig_core.review.worst_sheet import draw_worst

__all__ = [
    "MOST_BYTES",
    "Bar",
    "Evidence",
    "MapStyle",
    "Shared",
    "draw_evidence",
    "draw_map",
    "draw_worst",
    "plot_calibration",
    "plot_cluster_sizes",
    "plot_dots",
    "plot_reachability",
    "plot_retrieval",
    "plot_training",
    "rank_queue",
]
