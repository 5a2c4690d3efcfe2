"""Pairs of rows within a radius, and the graph they make."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsig_core.errors import VectorsError

# 30 million pairs take about 1.3 GB on the way to 0.7 GB of rows.
MAX_PAIRS = 30_000_000


class GraphTooLargeError(VectorsError):
    """More pairs lie within the radius than memory is meant to hold."""


@dataclass(frozen=True)
class RadiusGraph:
    """All pairs of rows within a radius, both directions, as CSR.

    Parameters
    ----------
    indptr
        Shape (n + 1,): row i's neighbours stand at indptr[i]:indptr[i + 1].
    indices
        Neighbours, ascending by row number; a row is not its own neighbour.
    distances
        Cosine distances, float64.
    radius
        Cosine distance, inclusive.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    distances: NDArray[np.float64]
    radius: float

    @property
    def size(self) -> int:
        """How many rows there are."""
        return self.indptr.shape[0] - 1


class NearPairs:
    """Unordered pairs within a radius, each once, as they are found.

    Parameters
    ----------
    radius
        Cosine distance, inclusive.
    """

    def __init__(self, radius: float) -> None:
        self.radius = radius
        self._rows: list[NDArray[np.int32]] = []
        self._columns: list[NDArray[np.int32]] = []
        self._distances: list[NDArray[np.float64]] = []
        self._found = 0

    def add(
        self,
        rows: NDArray[np.integer],
        columns: NDArray[np.integer],
        distances: NDArray[np.float64],
    ) -> None:
        """Keep those of some pairs that lie within the radius.

        Raises
        ------
        GraphTooLargeError
            More than 30 million pairs do.
        """
        near = distances <= self.radius
        self._rows.append(rows[near].astype(np.int32))
        self._columns.append(columns[near].astype(np.int32))
        self._distances.append(distances[near])
        self._found += int(near.sum())
        if self._found > MAX_PAIRS:
            raise GraphTooLargeError(
                f"More than {MAX_PAIRS:,} pairs lie within the radius {self.radius:g}: the "
                "vectors are too close together for it. Take a smaller radius, or look at the "
                "model: its vectors may have collapsed."
            )

    def graph(self, n: int, radius: float) -> RadiusGraph:
        """The graph of n rows at a radius, at most that of the pairs."""
        from vsig_core.clustering._kernels import rows_from_pairs

        rows = np.concatenate([np.empty(0, np.int32), *self._rows])
        columns = np.concatenate([np.empty(0, np.int32), *self._columns])
        distances = np.concatenate([np.empty(0), *self._distances])
        near = distances <= radius
        if not near.all():
            rows, columns, distances = rows[near], columns[near], distances[near]
        return RadiusGraph(*rows_from_pairs(n, rows, columns, distances), radius)
