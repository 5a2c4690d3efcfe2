"""The radius of the clusters, chosen on judged pictures and not guessed (DESIGN 5.11).

The largest radius whose clusters reach the target pair precision on validation
components. Precision sees judged pictures only, and a few of them can make a
giant cluster look precise; so no cluster may hold more than `size_limit`
pictures. With too few components that limit alone decides, and the result says
"uncalibrated".
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vsig_core.clustering.graph import NeighbourGraph
from vsig_core.clustering.metrics import UidPair, cluster_metrics
from vsig_core.clustering.optics import Ordering, extract, order_points
from vsig_core.clustering.radius_graph import GraphTooLargeError, RadiusGraph
from vsig_core.settings import ClusteringSettings

# A cluster may hold this share of the corpus where links calibrate the radius …
LARGEST_SHARE = 0.05
# … and this one, at most `uncalibrated_max_size`, where they are too few.
UNCALIBRATED_SHARE = 0.2

# A radius of 0 is none: copies are together at the smallest radius there is.
SMALLEST_RADIUS = 1e-9

CURVE_POINTS = 120  # radii tried by extraction from one ordering
XI_POINTS = 24  # radii tried where each needs its own ordering

_CURVE = pa.schema(
    [
        ("radius", pa.float64()),
        ("precision", pa.float64()),
        ("recall", pa.float64()),
        ("noise_share", pa.float64()),
        ("largest", pa.int64()),
        ("n_clusters", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Validation:
    """What people said about validation pictures.

    Parameters
    ----------
    components
        Component of each picture that lies in a validation component.
    negatives
        Uncontested NEGATIVE or DIFFERENT pairs: wrong when they lie together.
    decoys
        Pictures of training components: wrong when they lie with a validation picture.
        Without them a few validation pictures can make a giant cluster look precise.
    min_components
        Fewer components calibrate nothing.
    """

    components: Mapping[str, str]
    negatives: Sequence[UidPair] = field(default=())
    decoys: Collection[str] = field(default=())
    min_components: int = 8

    def among(self, uids: Collection[str]) -> Self:
        """Components with two pictures or more in a corpus: others say nothing of a radius."""
        there = set(uids)
        components = {uid: part for uid, part in self.components.items() if uid in there}
        sizes = Counter(components.values())
        whole = {uid: part for uid, part in components.items() if sizes[part] > 1}
        return replace(self, components=whole)

    @property
    def is_enough(self) -> bool:
        """Whether there are components enough to choose a radius on."""
        return len(set(self.components.values())) >= self.min_components


@dataclass(frozen=True)
class Calibration:
    """The radius, how it was found, and what other radii would give.

    Parameters
    ----------
    max_eps
        Cosine distance.
    calibrated
        Whether validation links chose it; None where a person did, or where the method
        has no radius.
    curve
        Columns radius, precision, recall, noise_share, largest, n_clusters;
        ascending by radius; figures on validation, null where not measurable.
    note
        In words, for a person.
    """

    max_eps: float
    calibrated: bool | None
    curve: pa.Table
    note: str


def calibrate(
    graph: NeighbourGraph,
    uids: Sequence[str],
    validation: Validation,
    settings: ClusteringSettings,
) -> Calibration:
    """Choose the radius; rules at the head of this module.

    Parameters
    ----------
    graph
        Of all pictures, with lists of nearest rows (k ≥ min_samples − 1 finds
        the range of radii at once).
    uids
        Name of each row.
    validation
        Judged pictures and pairs of the validation split only.
    settings
        min_samples, extraction, xi, target_precision, uncalibrated_max_size.
    """
    validation = validation.among(uids)
    limit = size_limit(graph.size, validation, settings)
    ordering, radius_graph = _ordering_beyond(graph, limit, settings.min_samples)
    levels = _levels(ordering)
    if not levels.size:
        return Calibration(
            _nothing_near(graph),
            calibrated=False,
            curve=_CURVE.empty_table(),
            note="Uncalibrated: there are too few pictures, or none is near another.",
        )
    trial = _Trial(ordering, radius_graph, uids, validation, settings)
    allowed = levels[: _allowed(trial, levels, limit)]
    if not allowed.size:  # even the closest copies make more than the limit
        allowed = levels[:1]
    points = XI_POINTS if settings.extraction == "xi" else CURVE_POINTS
    tried = [trial.at(radius) for radius in _thinned(levels, points)]
    tried += [trial.at(radius) for radius in _thinned(allowed, points)]
    if not validation.is_enough:
        return _uncalibrated(trial, allowed, tried, limit)
    return _calibrated(trial, allowed, tried, limit)


def size_limit(n: int, validation: Validation, settings: ClusteringSettings) -> int:
    """Most pictures that a cluster may hold for its radius to be chosen.

    Uncalibrated: `uncalibrated_max_size`, but no more than a fifth of the
    corpus (in a corpus of 40, a cluster of 50 would be no limit). Calibrated: 5 %
    of the corpus, but not below the uncalibrated limit, nor below twice the
    largest judged component.
    """
    few = min(settings.uncalibrated_max_size, max(int(UNCALIBRATED_SHARE * n), min(6, n // 2), 2))
    if not validation.is_enough:
        return few
    largest = max(Counter(validation.components.values()).values(), default=0)
    return max(few, int(LARGEST_SHARE * n), 2 * largest)


@dataclass(frozen=True)
class _Point:
    """What one radius gives."""

    radius: float
    precision: float
    recall: float
    noise_share: float
    largest: int
    n_clusters: int


@dataclass(frozen=True)
class _Trial:
    """Everything that a radius is tried on."""

    ordering: Ordering
    graph: RadiusGraph | NeighbourGraph
    uids: Sequence[str]
    validation: Validation
    settings: ClusteringSettings

    @cached_property
    def judged_rows(self) -> dict[str, int]:
        """Where the pictures stand that were judged; the others need not be looked at."""
        said = self.validation
        seen = {*said.components, *said.decoys, *(u for p in said.negatives for u in p)}
        return {uid: row for row, uid in enumerate(self.uids) if uid in seen}

    def labels(self, radius: float) -> NDArray[np.int64]:
        if self.settings.extraction == "dbscan":
            return extract(self.ordering, eps=radius)
        own = order_points(self.graph, self.settings.min_samples, radius)
        return extract(own, extraction="xi", xi=self.settings.xi)

    def at(self, radius: float) -> _Point:
        labels = self.labels(radius)
        said = self.validation
        judged = {uid: int(labels[row]) for uid, row in self.judged_rows.items()}
        figures = cluster_metrics(judged, said.components, said.negatives, said.decoys)
        sizes = np.bincount(labels[labels >= 0], minlength=1)
        return _Point(
            radius,
            figures.pair_precision,
            figures.pair_recall,
            float(np.mean(labels < 0)),
            int(sizes.max()),
            int(np.count_nonzero(sizes)),
        )


def _calibrated(
    trial: _Trial, allowed: NDArray[np.float64], tried: list[_Point], limit: int
) -> Calibration:
    target = trial.settings.target_precision
    good = [p.radius for p in tried if _is_good(p, target, limit)]
    if not good:
        return _never_precise(trial, allowed, tried, limit)
    # Between the best radius tried and the next one tried there may be better ones.
    later = [p.radius for p in tried if p.radius > max(good)]
    between = allowed[(allowed > max(good)) & (allowed < min(later, default=np.inf))]
    tried += [trial.at(radius) for radius in _thinned(between, CURVE_POINTS // 2)]
    best = max((p for p in tried if _is_good(p, target, limit)), key=lambda p: p.radius)
    note = (
        f"Calibrated: at radius {best.radius:.4g} the clusters reach pair precision "
        f"{best.precision:.2f} (asked: {target:g}) and recall {best.recall:.2f} on "
        f"{len(set(trial.validation.components.values()))} validation components."
    )
    if best.radius == allowed[-1]:
        note += f" A larger radius would make a cluster of more than {limit} pictures."
    return Calibration(best.radius, calibrated=True, curve=_curve(tried), note=note)


def _is_good(point: _Point, target: float, limit: int) -> bool:
    return point.precision >= target and point.largest <= limit


def _never_precise(
    trial: _Trial, allowed: NDArray[np.float64], tried: list[_Point], limit: int
) -> Calibration:
    """No radius is precise enough: the most precise one that is not too large."""
    measured = [p for p in tried if not np.isnan(p.precision) and p.largest <= limit]
    if not measured:
        return _uncalibrated(trial, allowed, tried, limit)
    best = max(measured, key=lambda p: (p.precision, p.radius))
    note = (
        f"Uncalibrated: no radius reaches pair precision {trial.settings.target_precision:g} on "
        f"validation; the best, {best.precision:.2f}, is at radius {best.radius:.4g}."
    )
    return Calibration(best.radius, calibrated=False, curve=_curve(tried), note=note)


def _uncalibrated(
    trial: _Trial, allowed: NDArray[np.float64], tried: list[_Point], limit: int
) -> Calibration:
    found = len(set(trial.validation.components.values()))
    radius = float(allowed[-1])
    if trial.settings.extraction == "xi":
        fitting = [p.radius for p in tried if p.largest <= limit]
        radius = max(fitting, default=float(allowed[0]))
    note = (
        f"Uncalibrated: {found} validation components, at least "
        f"{trial.validation.min_components} are needed. Radius {radius:.4g} is the largest at "
        f"which no cluster exceeds {limit} pictures."
    )
    return Calibration(radius, calibrated=False, curve=_curve(tried), note=note)


def _ordering_beyond(
    graph: NeighbourGraph, limit: int, min_samples: int
) -> tuple[Ordering, RadiusGraph | NeighbourGraph]:
    """One ordering at a radius where a cluster is past the limit, or nothing is left to find."""
    radius = _radius_past_limit(graph, limit, min_samples)
    previous: tuple[Ordering, RadiusGraph] | None = None
    while True:
        try:
            near = graph.within(radius)
        except GraphTooLargeError:
            if previous is not None:
                return previous
            return order_points(graph, min_samples, radius), graph
        ordering = order_points(near, min_samples, radius)
        sizes = np.bincount(extract(ordering) + 1)[1:]
        if radius >= 2 or sizes.max(initial=0) > limit:
            return ordering, near
        previous = ordering, near
        radius = min(2.0, 2 * radius)


def _radius_past_limit(graph: NeighbourGraph, limit: int, min_samples: int) -> float:
    """A radius at which the lists of nearest rows alone join more than the limit.

    Single linkage over the listed pairs, each weighed by what OPTICS would
    reach it at: the whole graph has these pairs too, so its clusters are no
    smaller. Where the lists never join so many, the longest listed distance.
    """
    from vsig_core.clustering._kernels import radius_of_overflow

    indices, distances = graph.knn
    n, k = indices.shape
    if k < min_samples - 1 or not k:
        return 0.1
    core = distances[:, min_samples - 2]
    own = np.repeat(np.arange(n), k)
    other = indices.ravel()
    weights = np.maximum(distances.ravel(), np.maximum(core[own], core[other]))
    order = np.argsort(weights, kind="stable")
    radius = radius_of_overflow(n, own[order], other[order], weights[order], limit)
    if not np.isfinite(radius):
        radius = float(distances.max())
    return float(np.clip(radius, SMALLEST_RADIUS, 2.0))


def _levels(ordering: Ordering) -> NDArray[np.float64]:
    """The radii at which clusters change, ascending."""
    values = np.concatenate([ordering.reachability, ordering.core_distances])
    values = np.unique(values[np.isfinite(values)])
    return np.unique(np.maximum(values, SMALLEST_RADIUS))


def _allowed(trial: _Trial, levels: NDArray[np.float64], limit: int) -> int:
    """How many of the levels, from the smallest, keep every cluster within the limit."""
    low, high = 0, levels.size
    while low < high:
        middle = (low + high) // 2
        labels = extract(trial.ordering, eps=float(levels[middle]))
        if np.bincount(labels + 1)[1:].max(initial=0) > limit:
            high = middle
        else:
            low = middle + 1
    return low


def _thinned(levels: NDArray[np.float64], points: int) -> list[float]:
    """At most so many of the levels, evenly by rank, the last among them."""
    if levels.size <= points:
        return levels.tolist()
    return levels[np.unique(np.linspace(0, levels.size - 1, points).round().astype(int))].tolist()


def _curve(tried: Sequence[_Point]) -> pa.Table:
    points = sorted({p.radius: p for p in tried}.values(), key=lambda p: p.radius)
    rows = [
        {
            name: None if isinstance(value, float) and np.isnan(value) else value
            for name, value in vars(point).items()
        }
        for point in points
    ]
    return pa.Table.from_pylist(rows, schema=_CURVE)


def _nothing_near(graph: NeighbourGraph) -> float:
    """A radius for a corpus without any neighbours: it is not used for anything."""
    _, distances = graph.knn
    return float(np.clip(distances.min(initial=0.1), SMALLEST_RADIUS, 2.0))
