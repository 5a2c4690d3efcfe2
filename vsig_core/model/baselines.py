"""What a method without any network finds: the figure that a network must be shown beside."""

import io
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vsig_core.errors import PictureError

GREY16 = "grey16"
_SIDE = 16


def grey16(pictures: Iterable[bytes]) -> NDArray[np.float32]:
    """Grey thumbnails of 16 × 16 pixels, centred, as unit vectors.

    Parameters
    ----------
    pictures
        Encoded pictures.

    Returns
    -------
    Shape (n, 256), float32. A blank picture, which nothing is left of after
    centring, becomes the constant vector: at right angles to every other
    picture, and equal to other blank ones.

    Raises
    ------
    PictureError
        A picture cannot be decoded; the message names its index.
    """
    rows = [_thumbnail(index, data) for index, data in enumerate(pictures)]
    if not rows:
        return np.zeros((0, _SIDE**2), np.float32)
    vectors = np.stack(rows)
    vectors -= vectors.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    blank = lengths[:, 0] < 1e-3
    vectors[blank], lengths[blank] = 1, _SIDE
    return (vectors / lengths).astype(np.float32)


def _thumbnail(index: int, data: bytes) -> NDArray[np.float64]:
    try:
        image = Image.open(io.BytesIO(data))
        image.draft("L", (8 * _SIDE, 8 * _SIDE))
        grey = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureError("unreadable", f"picture {index}: {error}") from error
    return np.asarray(grey, np.float64).ravel()
