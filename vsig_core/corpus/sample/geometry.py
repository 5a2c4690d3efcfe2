"""Outlines that figures and grounds are made of.

A point list is a float64 array of shape (n, 2): x to the right, y downwards.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Pair = tuple[float, float]


def ellipse(centre: Pair, radii: Pair, tilt: float = 0.0, steps: int = 28) -> Points:
    """Outline of an ellipse; `tilt` in radians."""
    return arc(centre, radii, (0.0, 2 * math.pi), tilt, steps)[:-1]


def arc(centre: Pair, radii: Pair, span: Pair, tilt: float = 0.0, steps: int = 20) -> Points:
    """Points of an elliptic arc from angle `span[0]` to `span[1]`, both included (radians)."""
    angle = np.linspace(span[0], span[1], steps + 1)
    points = np.stack([radii[0] * np.cos(angle), radii[1] * np.sin(angle)], axis=1)
    return turn(points, tilt) + np.array(centre)


def turn(points: Points, angle: float, centre: Pair = (0.0, 0.0)) -> Points:
    """Points turned by `angle` radians (clockwise on the picture) about `centre`."""
    c, s = math.cos(angle), math.sin(angle)
    middle = np.array(centre)
    return (points - middle) @ np.array([[c, s], [-s, c]]) + middle


def limb(start: Pair, end: Pair, widths: Pair) -> Points:
    """A tapered limb with round ends, `widths` at its start and end."""
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    half = math.pi / 2
    tail = arc(start, (widths[0] / 2, widths[0] / 2), (angle + half, angle + 3 * half), steps=6)
    head = arc(end, (widths[1] / 2, widths[1] / 2), (angle - half, angle + half), steps=6)
    return np.concatenate([tail, head])


def smooth(knots: Sequence[Pair] | Points, *, closed: bool = True, steps: int = 6) -> Points:
    """A Catmull-Rom curve through the knots."""
    p = np.asarray(knots, dtype=np.float64)
    if not closed:
        p = np.concatenate([p[:1], p, p[-1:]])
    before, here, after, later = (np.roll(p, shift, axis=0) for shift in (1, 0, -1, -2))
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    b, h, a, n = (q[:, None, :] for q in (before, here, after, later))
    curve = h + 0.5 * t * ((a - b) + t * ((2 * b - 5 * h + 4 * a - n) + t * (3 * (h - a) + n - b)))
    if closed:
        return curve.reshape(-1, 2)
    return np.concatenate([curve[1:-2].reshape(-1, 2), p[-1:]])


def towards(start: Pair, angle: float, length: float) -> Pair:
    """The point at `length` from `start`; angle 0 points down, positive to the right."""
    return (start[0] + length * math.sin(angle), start[1] + length * math.cos(angle))


def star(centre: Pair, radii: Pair, spikes: int, tilt: float = 0.0) -> Points:
    """A star; `radii` of its spikes and of its notches."""
    angle = np.arange(2 * spikes) * math.pi / spikes + tilt
    radius = np.where(np.arange(2 * spikes) % 2 == 0, radii[0], radii[1])
    points = np.stack([radius * np.sin(angle), -radius * np.cos(angle)], axis=1)
    return points + np.array(centre)


def rectangle(left: float, top: float, right: float, bottom: float) -> Points:
    """The four corners."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float64)
