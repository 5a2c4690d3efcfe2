"""Pictures to unit vectors, in batches."""

import copy
import functools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from vsig_core.errors import SilentNetworkError
from vsig_core.model.fusion import fused
from vsig_core.model.lanes import for_lanes, in_lanes, piecewise
from vsig_core.model.network import Network
from vsig_core.model.preprocess import prepare, stack
from vsig_core.workers import gpu


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
        Left as it is; a copy with fused batch norm does the work, on a GPU in mixed precision
        (float16 where torch's autocast holds it safe).
    pictures
        Encoded pictures; each is asked for once, in order, so it may read lazily.
    batch_size
        Pictures read at a time, for all lanes; on a GPU so many are in the network at a time.
        It changes results in the last bits only.
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
    return describe(ready(network), pictures, batch_size, progress)


def ready(network: Network) -> Network:
    """A copy to describe pictures with: batch norm fused, on the GPU where there is one."""
    fast, device = fused(network), gpu()
    return fast if device is None else copy.deepcopy(fast).to(device)


def describe(
    fast: Network,
    pictures: Sequence[bytes],
    batch_size: int,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Do the same by a network that is ready."""
    vectors: list[NDArray[np.float32]] = []
    done = 0
    chunks = for_lanes(pictures, batch_size)
    for found in in_lanes(functools.partial(_describe_some, fast), chunks):
        vectors.append(found)
        done += len(found)
        if progress:
            progress(done, len(pictures))
    return np.concatenate(vectors) if vectors else np.zeros((0, 0), np.float32)


@torch.inference_mode()
def _describe_some(fast: Network, chunk: tuple[int, list[bytes]]) -> NDArray[np.float32]:
    start, pictures = chunk
    images, boxes = stack(prepare(pictures, fast.preprocessing, start))
    device = next(fast.parameters()).device
    with torch.autocast(device.type, torch.float16, enabled=device.type != "cpu"):
        if device.type == "cpu":
            vectors = piecewise(fast, images, boxes)
        else:
            vectors = fast(images.to(device), boxes.to(device)).float().cpu()
    return _usable(vectors.numpy(), start)


def _usable(vectors: NDArray[np.float32], start: int) -> NDArray[np.float32]:
    """Pass vectors on, or name those that say nothing about their pictures."""
    lengths = np.linalg.norm(vectors, axis=1)
    bad = np.flatnonzero(~(np.abs(lengths - 1) < 1e-3)) + start
    if len(bad):
        raise SilentNetworkError(
            f"The network gives no usable vector for {len(bad)} pictures, first index {bad[0]}: "
            "all zero or not finite. Its weights are damaged; choose other ones."
        )
    return vectors
