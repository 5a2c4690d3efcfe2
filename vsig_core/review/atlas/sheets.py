"""Many pictures in one: sheets of small ones for all, pages of larger ones for what is in view.

Each picture fills its square tile, whatever its shape: nothing is wasted on margins, and
the browser draws it in its own proportions again.
"""

import io
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LARGE = 128  # side of a large tile, pixels
PAGE = 8  # large tiles along a page's side
SMALL = ((50_000, 32, 32), (math.inf, 16, 64))
QUALITY = 82
# Tile of a picture without a thumbnail; the browser draws a point there.
BLANK = 128

Tile = NDArray[np.uint8]


def small_tiles(n: int) -> tuple[int, int]:
    """Pixels along a small tile, and tiles along a sheet, so that all fit a browser's memory.

    A browser takes at least 256 sheets; pages of larger tiles do not straddle two.

    >>> small_tiles(20_000), small_tiles(100_000)
    ((32, 32), (16, 64))
    """
    return next((side, along) for most, side, along in SMALL if n <= most)


def tile(thumb: bytes, side: int) -> Tile | None:
    """A thumbnail as a square tile, shape (side, side, 3); None where it cannot be read."""
    try:
        with Image.open(io.BytesIO(thumb)) as opened:
            opened.draft("RGB", (2 * side, 2 * side))
            square = opened.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return np.asarray(square)


def mean_colour(picture: Tile | None) -> int:
    """Mean of a tile as 5 bits red, 6 green, 5 blue; that of a blank one where it is None.

    >>> mean_colour(np.full((2, 2, 3), (255, 0, 8), np.uint8)) == 0b11111_000000_00001
    True
    """
    red, green, blue = (BLANK,) * 3 if picture is None else picture.mean(axis=(0, 1)).astype(int)
    return int(red) >> 3 << 11 | int(green) >> 2 << 5 | int(blue) >> 3


def sheet(tiles: Sequence[Tile | None], side: int, along: int) -> bytes:
    """Tiles row by row in a square of `along` times `along`, as JPEG.

    Parameters
    ----------
    tiles
        At most `along`²; None leaves its place blank.
    side
        Of a tile, pixels.
    along
        Tiles along a side.
    """
    rows = -(-len(tiles) // along)
    whole = np.full((rows * side, along * side, 3), BLANK, np.uint8)
    for place, picture in enumerate(tiles):
        if picture is not None:
            top, left = place // along * side, place % along * side
            whole[top : top + side, left : left + side] = picture
    out = io.BytesIO()
    # Colours at full resolution: else those of neighbours run into one another.
    Image.fromarray(whole).save(out, "JPEG", quality=QUALITY, subsampling=0)
    return out.getvalue()
