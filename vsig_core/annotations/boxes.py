"""Boxes: `x,y,w,h` in fractions of the picture."""

import math

Box = tuple[float, float, float, float]

# Fractions are written with few digits: x + w may exceed 1 by rounding.
_SLACK = 1e-3


def read_box(text: str) -> Box:
    """Read `x,y,w,h`.

    Raises
    ------
    ValueError
        Not four finite numbers, empty, or outside the picture; the message says which.
    """
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 4 or not all(map(math.isfinite, values)):
        raise ValueError(f"box {text!r} is not four numbers x,y,w,h")
    x, y, w, h = values
    if w <= 0 or h <= 0:
        raise ValueError(f"box {text!r} has no area")
    if x < 0 or y < 0 or x + w > 1 + _SLACK or y + h > 1 + _SLACK:
        raise ValueError(f"box {text!r} leaves the picture: x,y,w,h are fractions of it")
    return x, y, w, h


def write_box(box: Box) -> str:
    """The one way in which a box is written.

    >>> write_box((0.10, 0.2, 0.5, 0.25))
    '0.1,0.2,0.5,0.25'
    """
    return ",".join(f"{value:.6g}" for value in box)


def shared_area(one: Box, other: Box) -> float:
    """Intersection over union, in [0, 1]; 0 where the boxes are disjoint or only touch."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (one[2] * one[3] + other[2] * other[3] - common)
