"""The table `neighbours`, and what of it still holds when pictures came or went."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from vsig_core.clustering.graph import NeighbourGraph
from vsig_core.store.schema import schema


@dataclass(frozen=True)
class Pictures:
    """The rows of a graph.

    Parameters
    ----------
    uids
        Names, ascending.
    hashes
        What each picture showed: its sha256.
    model_id
        The network that the vectors are of.
    """

    uids: Sequence[str]
    hashes: Sequence[str]
    model_id: str


def neighbours_table(graph: NeighbourGraph, pictures: Pictures) -> pa.Table:
    """The lists of nearest rows as the table `neighbours`."""
    indices, distances = graph.knn
    n = graph.size
    found = indices >= 0
    offsets = np.concatenate([[0], np.cumsum(found.sum(axis=1))]).astype(np.int32)
    names = pa.array(pictures.uids, pa.string()).take(pa.array(indices[found]))
    columns = {
        "uid": pa.array(pictures.uids, pa.string()),
        "ids": pa.ListArray.from_arrays(offsets, names),
        "distances": pa.ListArray.from_arrays(offsets, pa.array(distances[found], pa.float32())),
        "sha256": pa.array(pictures.hashes, pa.string()),
        "model_id": pa.repeat(pictures.model_id, n),
        "recall": pa.array([graph.recall] * n, pa.float64()),
    }
    return pa.table(columns, schema=schema("neighbours"))


def lists_of(table: pa.Table, uids: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The table `neighbours` as arrays of shape (n, k): row numbers and distances.

    Where an approximate index found fewer than k, the row itself fills the list up, at
    the largest distance of the list: whoever knows that a row is not its own neighbour
    passes over it.
    """
    ids = table["ids"].combine_chunks()
    lengths = ids.value_lengths().to_numpy(zero_copy_only=False)
    n, k = len(uids), int(lengths.max(initial=0))
    filled = np.arange(k) < lengths[:, None]
    indices = np.repeat(np.arange(n)[:, None], k, axis=1)
    indices[filled] = pd.Index(uids).get_indexer(ids.flatten().to_pandas())
    distances = np.zeros((n, k), np.float32)
    distances[filled] = table["distances"].combine_chunks().flatten().to_numpy()
    return indices, np.maximum.accumulate(distances, axis=1)


def known_lists(table: pa.Table, pictures: Pictures, k: int) -> NDArray[np.int64]:
    """What lists of before say of the pictures of now, for `NeighbourGraph.from_neighbours`.

    Parameters
    ----------
    table
        Table `neighbours` of before, in the order of uid.
    pictures
        Those of now.
    k
        Length of the lists.

    Returns
    -------
    Shape (n, k): the nearest rows of each row; all -1 where the list no longer holds:
    the picture is new or another, one of its list is, or its list was shorter.
    """
    before = table.select(["uid", "sha256", "model_id", "recall"]).to_pandas()
    ids = table["ids"].combine_chunks()
    lists = np.full((len(pictures.uids), k), -1, np.int64)
    complete = ids.value_lengths().to_numpy(zero_copy_only=False) == k
    of_model = before["model_id"].eq(pictures.model_id) & before["recall"].isna()
    if not k or not (complete & of_model).all():
        return lists
    place = pd.Index(pictures.uids).get_indexer(before["uid"])
    shown_now = pd.Series(pictures.hashes, dtype=object).reindex(place)
    kept = np.flatnonzero(before["sha256"].to_numpy() == shown_now.to_numpy())
    # A neighbour that is gone, or another picture now, has no place: -1, the last.
    places = np.append(place[kept], -1)
    found = pd.Index(before["uid"].iloc[kept]).get_indexer(ids.flatten().to_pandas())
    lists[place[kept]] = places[found].reshape(-1, k)[kept]
    return lists
