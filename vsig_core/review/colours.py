"""A colour for each name, so that it keeps it from map to map."""

import colorsys
import hashlib
from collections.abc import Sequence

Colour = tuple[int, int, int]

HUES = 24


def name_colours(names: Sequence[str]) -> dict[str, Colour]:
    """A colour for each name, from the name itself.

    Parameters
    ----------
    names
        The most important first: of two of the first `HUES` with one hue the later takes the
        next free one.
    """
    taken: set[int] = set()
    colours = {}
    for rank, name in enumerate(names):
        hue = hashlib.sha256(name.encode()).digest()[0] % HUES
        while rank < HUES and hue in taken:
            hue = (hue + 7) % HUES
        taken.add(hue)
        lightness = 0.40 if hue % 2 else 0.56
        red, green, blue = colorsys.hls_to_rgb(hue / HUES, lightness, 0.6)
        colours[name] = (round(255 * red), round(255 * green), round(255 * blue))
    return colours
