"""What methods without any network find: the figures that a network must be shown beside."""

import io
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vsig_core.errors import PictureError

GREY16 = "grey16"
COLOURS = "colour_histogram"
_SIDE = 16
_BINS = (16, 4, 4)  # of hue, saturation and value


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


def colour_histogram(pictures: Iterable[bytes]) -> NDArray[np.float32]:
    """Which colours a picture has, wherever they lie (Swain and Ballard 1991, "Color indexing").

    Parameters
    ----------
    pictures
        Encoded pictures; thumbnails do.

    Returns
    -------
    Shape (n, 256), float32: the roots of the shares of 16 hues, 4 saturations and 4 values, so
    that the cosine is Bhattacharyya's coefficient.

    Raises
    ------
    PictureError
        A picture cannot be decoded; the message names its index.
    """
    rows = [_shares(index, data) for index, data in enumerate(pictures)]
    return np.sqrt(np.array(rows, np.float32).reshape(-1, int(np.prod(_BINS))))


def _shares(index: int, data: bytes) -> NDArray[np.float64]:
    pixels = np.asarray(_opened(index, data).convert("RGB").convert("HSV"), np.int64).reshape(-1, 3)
    hue, saturation, value = (pixels * _BINS // 256).T
    place = (hue * _BINS[1] + saturation) * _BINS[2] + value
    return np.bincount(place, minlength=int(np.prod(_BINS))) / len(place)


def _thumbnail(index: int, data: bytes) -> NDArray[np.float64]:
    grey = _opened(index, data).convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(grey, np.float64).ravel()


def _opened(index: int, data: bytes) -> Image.Image:
    """Decoded, a large JPEG already reduced."""
    try:
        image = Image.open(io.BytesIO(data))
        image.draft("RGB", (8 * _SIDE, 8 * _SIDE))
        image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureError("unreadable", f"picture {index}: {error}") from error
    return image
