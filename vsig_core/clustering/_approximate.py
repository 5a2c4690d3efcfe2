"""Nearest rows by an approximate index, for corpora beyond exact comparison."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAME = 1e-6  # similarities that differ by no more are rounded apart
SAMPLE = 1000  # rows whose nearest rows are found exactly too, to measure the recall


@dataclass(frozen=True)
class Approximate:
    """Lists of near rows.

    Parameters
    ----------
    indices
        Shape (n, k), int64; -1 where the index found no more.
    recall
        Share of the k listed rows of a sample that are as near as the exact k nearest;
        NaN of nothing.
    """

    indices: NDArray[np.int64]
    recall: float


def approximate_neighbours(unit: NDArray[np.float32], k: int, seed: int) -> Approximate:
    """Lists of near rows by nearest-neighbour descent, and how complete they are.

    Parameters
    ----------
    unit
        Shape (n, d), float32, rows of length 1.
    k
        Length of the lists; less where there are fewer other rows.
    seed
        Of the index.
    """
    n = unit.shape[0]
    k = max(0, min(k, n - 1))
    if not k:
        return Approximate(np.empty((n, 0), np.int64), float("nan"))
    with warnings.catch_warnings():
        # Rows without k near ones are said once more, by the recall.
        warnings.simplefilter("ignore")
        from pynndescent import NNDescent

        # On unit rows the order of Euclidean distances is that of cosine distances.
        index = NNDescent(unit, metric="euclidean", n_neighbors=k + 1, random_state=seed)
    graph: Any = index.neighbor_graph
    found = _without_self(np.asarray(graph[0], np.int64), k)
    rows = np.random.default_rng(seed).choice(n, min(n, SAMPLE), replace=False)
    return Approximate(found, _recall(unit, found, np.sort(rows)))


def _without_self(lists: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """The first k of each list that are not the row itself, shape (n, k); -1 where fewer."""
    own = lists == np.arange(len(lists))[:, None]
    order = np.argsort(own | (lists < 0), axis=1, kind="stable")
    lists = np.where(own, -1, lists)
    return np.take_along_axis(lists, order, axis=1)[:, :k]


def _recall(unit: NDArray[np.float32], found: NDArray[np.int64], rows: NDArray[np.int64]) -> float:
    k = found.shape[1]
    similarity = unit[rows] @ unit.T
    similarity[np.arange(len(rows)), rows] = -np.inf
    kth = np.partition(similarity, -k, axis=1)[:, -k]
    # Of rows as near as one another any will do, copies above all.
    reached = np.take_along_axis(similarity, found[rows], axis=1) >= kth[:, None] - SAME
    return float(np.mean(reached & (found[rows] >= 0)))
