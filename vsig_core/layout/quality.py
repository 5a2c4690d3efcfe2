"""How far a map can be trusted, and how far it moved."""

from dataclasses import dataclass
from math import nan

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vsig_core.layout.placing import Points, known_positions

SAMPLE = 2000
NEIGHBOURS = 15


@dataclass(frozen=True)
class LayoutQuality:
    """Figures of one map; NaN where there was nothing to measure.

    Parameters
    ----------
    trustworthiness
        In [0, 1] (Venna and Kaski 2001), of 15 neighbours, on a sample of at
        most 2,000 pictures: 1 when what is near on the map is near in the vectors.
    neighbourhood_kept
        Share of the nearest pictures (up to 15) in the vectors that are among
        as many nearest on the map; same sample, all pictures as candidates.
    displacement
        Median distance that pictures of the map before moved ÷ diagonal of that map.
    n_common
        Pictures that both maps have.
    """

    trustworthiness: float
    neighbourhood_kept: float
    displacement: float
    n_common: int


def layout_quality(
    points: Points, layout: pa.Table, previous: pa.Table | None = None, seed: int = 7
) -> LayoutQuality:
    """Measure a map against the vectors, and against the map before."""
    positions = known_positions(points.uids, layout)
    n = len(points.uids)
    sample = np.arange(n)
    if n > SAMPLE:
        sample = np.sort(np.random.default_rng(seed).choice(n, SAMPLE, replace=False))
    moved, common = _displacement(positions, known_positions(points.uids, previous), previous)
    return LayoutQuality(
        _trustworthiness(points.vectors[sample], positions[sample]),
        _kept(points.indices, positions, sample),
        moved,
        common,
    )


def _trustworthiness(vectors: NDArray[np.floating], positions: NDArray[np.float64]) -> float:
    from sklearn.manifold import trustworthiness

    neighbours = min(NEIGHBOURS, (len(vectors) - 1) // 2)
    if neighbours < 1:
        return nan
    return float(trustworthiness(vectors, positions, n_neighbors=neighbours, metric="cosine"))


def _kept(
    indices: NDArray[np.integer], positions: NDArray[np.float64], sample: NDArray[np.integer]
) -> float:
    from scipy.spatial import KDTree

    k = min(NEIGHBOURS, indices.shape[1])
    if k < 1 or not sample.size:
        return nan
    on_map = np.asarray(KDTree(positions).query(positions[sample], k=k + 1)[1])
    kept = [
        len(set(indices[row, :k].tolist()) & (set(near.tolist()) - {row}))
        for row, near in zip(sample.tolist(), on_map, strict=True)
    ]
    return float(np.mean(kept) / k)


def _displacement(
    positions: NDArray[np.float64], old: NDArray[np.float64], previous: pa.Table | None
) -> tuple[float, int]:
    common = ~np.isnan(old[:, 0])
    if previous is None or not common.any():
        return nan, 0
    everything = np.column_stack([previous["x"].to_numpy(), previous["y"].to_numpy()])
    diagonal = float(np.linalg.norm(np.ptp(everything, axis=0)))
    moved = float(np.median(np.linalg.norm(positions[common] - old[common], axis=1)))
    return (moved / diagonal if diagonal > 0 else nan), int(common.sum())
