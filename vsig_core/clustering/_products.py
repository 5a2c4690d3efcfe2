"""Products of blocks of rows in float32, on a GPU where there is one."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vsig_core.workers import gpu

Product = Callable[[slice, slice], NDArray[np.float32]]


def product_of(vectors: NDArray[np.float32]) -> Product:
    """A function that multiplies two blocks of rows: (rows, columns) -> shape (r, c).

    Parameters
    ----------
    vectors
        Shape (n, w), float32.
    """
    device = gpu()
    if device is not None:
        return on_device(vectors, device)
    return lambda rows, columns: vectors[rows] @ vectors[columns].T


def on_device(vectors: NDArray[np.float32], device: str) -> Product:
    """The same by torch, the vectors lying on a device; in full float32, not TF32."""
    import torch

    held = torch.from_numpy(np.ascontiguousarray(vectors)).to(device)

    def product(rows: slice, columns: slice) -> NDArray[np.float32]:
        with torch.inference_mode():
            return (held[rows] @ held[columns].T).cpu().numpy()

    return product
