"""From the graph of a corpus to the clusters of its pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from vsig_core.clustering.calibration import Calibration, Validation, calibrate
from vsig_core.clustering.graph import NeighbourGraph
from vsig_core.clustering.methods import WITHOUT_RADIUS, Clustered, find_clusters
from vsig_core.clustering.optics import Ordering, order_points
from vsig_core.settings import ClusteringSettings
from vsig_core.store.schema import schema


@dataclass(frozen=True)
class ClusteredPictures:
    """What the model says of a corpus.

    Parameters
    ----------
    labels
        Cluster of each picture from 0, in the order of the graph; -1 is noise.
    ordering
        OPTICS at the radius in force, whatever the method.
    calibration
        The radius, and how it was found.
    method
        How pictures were grouped.
    """

    labels: Mapping[str, int]
    ordering: Ordering
    calibration: Calibration
    method: str


def cluster_pictures(
    graph: NeighbourGraph,
    uids: Sequence[str],
    validation: Validation,
    settings: ClusteringSettings,
) -> ClusteredPictures:
    """Choose the radius, order the pictures by OPTICS, and label them.

    Parameters
    ----------
    graph
        Of all pictures, in the order of their uids.
    uids
        Name of each row.
    validation
        What people said about validation pictures.
    settings
        Method and its parameters.
    """
    chosen = calibrate(graph, uids, validation, settings)
    if settings.max_eps != "auto":
        note = f"{settings.max_eps:g}, set by hand in [clustering]"
        chosen = replace(chosen, max_eps=settings.max_eps, calibrated=None, note=note)
    elif settings.method in WITHOUT_RADIUS:
        note = f"{settings.method} has no radius; that of the ordering is {chosen.max_eps:.4g}"
        chosen = replace(chosen, calibrated=None, note=note)
    ordering = order_points(graph, settings.min_samples, chosen.max_eps)
    labels = find_clusters(Clustered(graph, ordering), settings)
    named = dict(zip(uids, labels.tolist(), strict=True))
    return ClusteredPictures(named, ordering, chosen, settings.method)


def clusters_table(
    found: ClusteredPictures,
    names: Mapping[str, str | None],
    model_id: str,
    recall: float | None,
) -> pa.Table:
    """The table `clusters`.

    Parameters
    ----------
    found
        Labels and ordering.
    names
        Lasting id of each picture's cluster; None is noise.
    model_id
        The network behind the vectors.
    recall
        Of an approximate graph; None where it is exact.
    """
    ordering, uids = found.ordering, list(found.labels)
    n = len(uids)
    place = np.empty(n, np.int64)
    place[ordering.ordering] = np.arange(n)
    before = ordering.predecessor
    columns = {
        "uid": uids,
        "cluster": [names[uid] for uid in uids],
        "reachability": ordering.reachability,
        "core_distance": ordering.core_distances,
        "order": place,
        "predecessor": [uids[row] if row >= 0 else None for row in before],
        "max_eps": [found.calibration.max_eps] * n,
        "calibrated": [found.calibration.calibrated] * n,
        "method": [found.method] * n,
        "model_id": [model_id] * n,
        "recall": pa.array([recall] * n, pa.float64()),
    }
    return pa.table(columns, schema=schema("clusters"))
