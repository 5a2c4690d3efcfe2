"""A figure: parts with a place, a role in the colouring, and a pattern."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from vsig_core.corpus.sample.geometry import Pair, Points, turn


class Role(IntEnum):
    """What a part is, as far as its colour goes."""

    SKIN = 0
    CLOTH = 1
    LINING = 2
    METAL = 3
    DARK = 4
    LIGHT = 5
    LEAF = 6
    COAT = 7


@dataclass(frozen=True)
class Part:
    """One outline of a figure, in the figure's own units.

    `width` 0 fills the outline; above 0 it is an open stroke of that width.
    `pattern` is a word of `canvas.PATTERNS`, drawn in the colour of `second`.
    """

    points: Points
    role: Role
    width: float = 0.0
    pattern: str | None = None
    second: Role = Role.METAL


@dataclass(frozen=True)
class Figure:
    """Parts, back to front; feet at (0, 0) and 1 unit high once `stood` has been called."""

    parts: tuple[Part, ...]

    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of all parts."""
        points = np.concatenate([part.points for part in self.parts])
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    def moved(self, shift: Pair, scale: Pair = (1.0, 1.0), angle: float = 0.0) -> "Figure":
        """Turned about the origin, scaled (a negative x scale mirrors), then shifted."""
        factor, offset = np.array(scale), np.array(shift)
        thickness = float(np.abs(factor).mean())
        return Figure(
            tuple(
                replace(
                    p, points=turn(p.points, angle) * factor + offset, width=p.width * thickness
                )
                for p in self.parts
            )
        )

    def stood(self) -> "Figure":
        """1 unit high, standing on (0, 0)."""
        left, top, right, bottom = self.bounds()
        scale = 1 / (bottom - top)
        return self.moved((-(left + right) / 2 * scale, -bottom * scale), (scale, scale))

    def aspect(self) -> float:
        """Width over height."""
        left, top, right, bottom = self.bounds()
        return (right - left) / (bottom - top)


def joined(figures: Iterable[Figure | Sequence[Part]]) -> Figure:
    """Several figures as one, the first at the back."""
    parts: list[Part] = []
    for figure in figures:
        parts.extend(figure.parts if isinstance(figure, Figure) else figure)
    return Figure(tuple(parts))
