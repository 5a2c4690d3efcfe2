"""Where a network finds what it should, and where not: by component size, by kind of link.

A figure over all components hides that a network finds every pair and loses the large
signatures, or finds again what people linked pair by pair and not what follows from it.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vsig_core.model import Figure, RetrievalReport
from vsig_core.model.bootstrap import interval
from vsig_core.queries import Queries, ask
from vsig_core.settings import EvaluationSettings

# Metric to the smallest and the largest size, in pictures that are asked about.
SIZES: Mapping[str, tuple[float, float]] = {
    "map_of_2": (0, 2),
    "map_of_3_to_5": (3, 5),
    "map_of_6_up": (6, np.inf),
}
JUDGED, JOINED = "map_judged", "map_joined"


def by_size(report: RetrievalReport, settings: EvaluationSettings) -> dict[str, Figure]:
    """mAP over the components of each size that there is; the keys are those of `SIZES`."""
    sizes = report.per_component["n_queries"].to_numpy()
    precision = report.per_component["ap"].to_numpy()
    found = {}
    for metric, (least, most) in SIZES.items():
        own = precision[(sizes >= least) & (sizes <= most)]
        if len(own):
            found[metric] = interval(len(own), lambda drawn, own=own: own[drawn].mean(1), settings)
    return found


def by_link(
    vectors: NDArray[np.float32], queries: Queries, settings: EvaluationSettings
) -> dict[str, Figure]:
    """mAP of pairs that people judged themselves, and of those that only others join.

    Parameters
    ----------
    vectors
        Shape (n, d), unit length, rows in the order of `queries.candidates`.
    queries
        Of one split. What is relevant by the other kind of link leaves a query's ranking.

    Returns
    -------
    `JUDGED` and `JOINED`, where there are such pairs.
    """
    judged = {uid: relevant & queries.judged[uid] for uid, relevant in queries.relevant.items()}
    joined = {uid: relevant - judged[uid] for uid, relevant in queries.relevant.items()}
    found = {}
    for metric, asked, other in ((JUDGED, judged, joined), (JOINED, joined, judged)):
        ignored = {uid: out | other[uid] for uid, out in queries.ignored.items()}
        kind = replace(queries, relevant=asked, ignored=ignored)
        report = ask(vectors, kind, settings)
        if report.figures["map"].n:
            found[metric] = report.figures["map"]
    return found
