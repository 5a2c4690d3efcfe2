"""Vectors by content: from the store where a network has seen a picture, else computed.

A vector is known by (sha256, model_id); nothing known is computed again.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vsig_core.embedding import StoredNetwork, embed_stored
from vsig_core.errors import VectorsError
from vsig_core.store import Store, schema

Progress = Callable[[int, int], None]


def known_vectors(store: Store, model_id: str, hashes: list[str]) -> dict[str, NDArray[np.float32]]:
    """Sha256 to vector, for those of `hashes` that the store has of this network."""
    found: dict[str, NDArray[np.float32]] = {}
    wanted = sorted(set(hashes))
    for table in ("embeddings", "pool_vectors"):
        missing = [sha for sha in wanted if sha not in found]
        found |= _vectors_of(store, table, model_id, missing)
    return found


def _vectors_of(
    store: Store, table: str, model_id: str, hashes: list[str]
) -> dict[str, NDArray[np.float32]]:
    """What one table has; vectors are read where some are, for they weigh fifty times a name."""
    where = {"model_id": model_id}
    batched = "batch" in schema(table).names
    names = ["sha256", "batch"] if batched else ["sha256"]
    there = store.read_or_empty(table, columns=names, where=where, among={"sha256": hashes})
    if not there.num_rows:
        return {}
    among = {"sha256": hashes}
    if batched:
        among["batch"] = there["batch"].unique().to_pylist()
    rows = store.read(table, columns=["sha256", "vector"], where=where, among=among)
    return dict(zip(rows["sha256"].to_pylist(), matrix(rows["vector"]), strict=True))


def matrix(column: pa.ChunkedArray) -> NDArray[np.float32]:
    """A column of vectors as an array of shape (n, d).

    Raises
    ------
    VectorsError
        The vectors differ in width: they are of different networks.
    """
    whole = column.combine_chunks()
    if not len(whole):
        return np.empty((0, 1), dtype=np.float32)
    lengths = whole.value_lengths().to_numpy()
    widths, counts = np.unique(lengths, return_counts=True)
    usual = int(widths[counts.argmax()])
    rare = np.flatnonzero(lengths != usual)
    if len(rare):
        raise VectorsError(
            f"{len(rare)} of {len(whole)} vectors are not {usual} wide as the others, first row "
            f"{rare[0]} ({lengths[rare[0]]} wide): they are of different models. Embed all "
            "pictures with one."
        )
    return whole.flatten().to_numpy().reshape(len(whole), usual)


def vector_column(vectors: NDArray[np.float32]) -> pa.Array:
    """An array of shape (n, d) as a column of vectors."""
    offsets = np.arange(len(vectors) + 1, dtype=np.int32) * (
        vectors.shape[1] if len(vectors) else 0
    )
    return pa.ListArray.from_arrays(offsets, pa.array(vectors.ravel(), pa.float32()))


@dataclass(frozen=True)
class Model:
    """A registered model.

    Parameters
    ----------
    model_id
        Its name.
    network
        Where it lies.
    """

    model_id: str
    network: StoredNetwork


@dataclass(frozen=True)
class Embedded:
    """Vectors of some pictures.

    Parameters
    ----------
    vectors
        Shape (n, d), float32, unit rows, in the order that was asked for.
    new
        Rows for `pool_vectors`: what was not known before.
    """

    vectors: NDArray[np.float32]
    new: pa.Table


def embed_known(
    store: Store,
    model: Model,
    images: pa.Table,
    batch_size: int,
    executor: Executor,
    progress: Progress | None = None,
) -> Embedded:
    """Vectors of pictures, computing only those that the store does not have.

    Parameters
    ----------
    store
        Where known vectors and working copies lie.
    model
        Who describes them; read only where something is not known.
    images
        Columns sha256 and working, in the order of the answer.
    batch_size
        Pictures at a time.
    executor
        Threads of this process, or workers that see the store.
    progress
        Called as (done, total) over what has to be computed.
    """
    hashes = images["sha256"].to_pylist()
    copies = dict(zip(hashes, images["working"].to_pylist(), strict=True))
    found = known_vectors(store, model.model_id, hashes)
    missing = [sha for sha in copies if sha not in found]
    wanted = [copies[sha] for sha in missing]
    new = embed_stored(model.network, wanted, batch_size, executor, progress)
    found |= dict(zip(missing, new, strict=True))
    vectors = np.stack([found[sha] for sha in hashes]) if hashes else new
    columns = {"model_id": [model.model_id] * len(missing), "sha256": missing}
    rows = pa.table({**columns, "vector": vector_column(new)}, schema=schema("pool_vectors"))
    return Embedded(vectors, rows)


@dataclass(frozen=True)
class InForce:
    """The vectors of all pictures, in the order of their uids.

    So a corpus has one answer, however it arrived.

    Parameters
    ----------
    uids
        Names of the pictures, ascending.
    vectors
        Shape (n, d), float32, unit rows; (0, 1) where there is none.
    hashes
        What each picture showed: its sha256.
    model_id
        The network they are of; empty where there is none.
    """

    uids: list[str]
    vectors: NDArray[np.float32]
    hashes: list[str]
    model_id: str


def vectors_in_force(store: Store, versions: Mapping[str, int] | None = None) -> InForce:
    """Vectors of all pictures: those that the table `vectors` sums up.

    Parameters
    ----------
    store
        Where they lie.
    versions
        Version to read of `vectors` and of `embeddings`; the newest where left out.

    Raises
    ------
    VectorsError
        They are of several widths.
    """
    at = versions or {}
    if store.version("vectors") is None:
        return InForce([], np.empty((0, 1), np.float32), [], "")
    listed = store.read("vectors", version=at.get("vectors")).to_pylist()
    if not listed:
        return InForce([], np.empty((0, 1), np.float32), [], "")
    model_id = listed[0]["model_id"]
    rows = store.read(
        "embeddings",
        version=at.get("embeddings"),
        columns=["uid", "sha256", "vector"],
        where={"model_id": model_id},
        among={"batch": [row["batch"] for row in listed]},
    ).sort_by("uid")
    return InForce(
        rows["uid"].to_pylist(), matrix(rows["vector"]), rows["sha256"].to_pylist(), model_id
    )
