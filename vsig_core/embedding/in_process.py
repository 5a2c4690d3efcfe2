"""Pictures to unit vectors, in batches."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray

from vsig_core.errors import PictureError, WeightsError
from vsig_core.model.fusion import fused
from vsig_core.model.network import Network
from vsig_core.model.preprocess import Letterboxed, Preprocessing, decode, letterbox, stack

_DECODERS = 2


def embed(
    network: Network,
    pictures: Sequence[bytes],
    batch_size: int,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Describe pictures by vectors.

    Parameters
    ----------
    network
        Left as it is; a copy with fused batch norm does the work.
    pictures
        Encoded pictures; each is asked for once, in order, so it may read lazily.
    batch_size
        Pictures in the network at a time. It changes results in the last bits only.
    progress
        Called as (done, total).

    Returns
    -------
    Shape (n, d), float32, each row of length 1, in the order given.

    Raises
    ------
    PictureError
        A picture cannot be decoded; the message names its index. A failure
        never becomes a vector.
    WeightsError
        The network gives no usable vector (zero or not finite) for a picture.
    """
    return describe(fused(network), pictures, batch_size, progress)


def describe(
    fast: Network,
    pictures: Sequence[bytes],
    batch_size: int,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Do the same by a network that is fused already."""
    starts = range(0, len(pictures), batch_size)
    vectors: list[NDArray[np.float32]] = []
    with ThreadPoolExecutor(_DECODERS) as executor, torch.inference_mode():

        def read(start: int) -> list[Future[Letterboxed]]:
            chunk = range(start, min(start + batch_size, len(pictures)))
            return [
                executor.submit(_prepare, index, pictures[index], fast.preprocessing)
                for index in chunk
            ]

        ahead = read(0)
        for start in starts:
            batch = [future.result() for future in ahead]
            ahead = read(start + batch_size)  # decoded while the network works
            images, boxes = stack(batch)
            vectors.append(_usable(fast(images, boxes).numpy(), start))
            if progress:
                progress(start + len(batch), len(pictures))
    return np.concatenate(vectors) if vectors else np.zeros((0, 0), np.float32)


def _prepare(index: int, data: bytes, preprocessing: Preprocessing) -> Letterboxed:
    try:
        return letterbox(decode(data, preprocessing.resolution), preprocessing)
    except PictureError as error:
        raise PictureError(error.reason, f"picture {index}: {error.detail}") from error


def _usable(vectors: NDArray[np.float32], start: int) -> NDArray[np.float32]:
    """Pass vectors on, or name those that say nothing about their pictures."""
    lengths = np.linalg.norm(vectors, axis=1)
    bad = np.flatnonzero(~(np.abs(lengths - 1) < 1e-3)) + start
    if len(bad):
        raise WeightsError(
            f"The network gives no usable vector for {len(bad)} pictures, first index {bad[0]}: "
            "all zero or not finite. Its weights are damaged; choose other ones."
        )
    return vectors
