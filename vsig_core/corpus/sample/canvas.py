"""Where a scene is laid out: which colour lies where, and which contours show.

Nothing here is paint yet: a medium turns the two layers into a painting, an
engraving or a drawing, so that a print after a painting shows the same scene.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw

from vsig_core.corpus.sample.figure import Figure
from vsig_core.corpus.sample.geometry import Points
from vsig_core.corpus.sample.palettes import Colours

Values = NDArray[np.floating[Any]]

# The layers are twice the picture's size: halving them smooths the edges.
OVERSAMPLING = 2
PATTERNS = ("stripes", "dots", "checks", "lozenges", "scales", "bricks")
_TILE = 1600
# Repeats come in steps, so that few tiles are made.
_REPEATS = (6, 9, 13, 19, 27, 38, 54, 76)


@cache
def _pattern(name: str, size: int) -> Image.Image:
    """Mask of a pattern, larger than any picture; `size` of its repeat in layer pixels."""
    # All patterns repeat after four sizes in both directions.
    steps = np.arange(4 * size, dtype=np.float32) / size
    y, x = np.meshgrid(steps, steps, indexing="ij")
    fields = {
        "stripes": lambda: (x % 1) < 0.4,
        "dots": lambda: ((x % 1) - 0.5) ** 2 + ((y + np.floor(x) / 2) % 1 - 0.5) ** 2 < 0.07,
        "checks": lambda: (np.floor(x) + np.floor(y)) % 2 == 0,
        "lozenges": lambda: (np.floor(x + y / 2) + np.floor(x - y / 2)) % 2 == 0,
        "scales": lambda: np.abs(_scale_ring(x, y) - 0.3) < 0.08,
        "bricks": lambda: ((y % 1) < 0.16) | (((x + np.floor(y)) / 2 % 1) < 0.07),
    }
    cell = np.where(fields[name](), 255, 0).astype(np.uint8)
    times = -(-_TILE // len(cell))
    return Image.fromarray(np.tile(cell, (times, times)))


def _scale_ring(x: Values, y: Values) -> Values:
    return ((x + np.floor(y) / 2) % 1 - 0.5) ** 2 + (y % 1 - 0.1) ** 2


class Canvas:
    """Layers of one scene, in pixels of the finished picture.

    Parameters
    ----------
    width, height
        Of the finished picture, pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        size = (width * OVERSAMPLING, height * OVERSAMPLING)
        self.slots = Image.new("L", size)
        self.lines = Image.new("L", size)
        self._slots = ImageDraw.Draw(self.slots)
        self._lines = ImageDraw.Draw(self.lines)
        self._colours: list[tuple[float, ...]] = []
        self.flat: set[int] = set()
        """Slots of areas without contour, which no light models."""

    @property
    def colours(self) -> Colours:
        """Colour of each slot, shape (slots, 3)."""
        return np.array(self._colours)

    def slot(self, colour: Colours) -> int:
        """The slot of a colour; when all 256 are taken, that of the nearest one."""
        key = tuple(float(v) for v in np.round(np.clip(colour, 0, 1), 3))
        if key in self._colours:
            return self._colours.index(key)
        if len(self._colours) == 256:
            return int(((self.colours - np.array(key)) ** 2).sum(axis=1).argmin())
        self._colours.append(key)
        return len(self._colours) - 1

    def fill(self, points: Points, colour: Colours, contour: float = 1.0) -> None:
        """A filled outline; `contour` is the width of its line, 0 for none."""
        flat = self._flat(points)
        slot = self.slot(colour)
        self._slots.polygon(flat, fill=slot)
        self._lines.polygon(flat, fill=0)
        if contour == 0:
            self.flat.add(slot)
        else:
            self._lines.line([*flat, flat[0]], fill=255, width=self._thick(contour), joint="curve")

    def stroke(self, points: Points, colour: Colours, width: float, contour: float = 1.0) -> None:
        """An open line; a contour runs along both its sides."""
        flat, inner = self._flat(points), self._thick(width)
        self._slots.line(flat, fill=self.slot(colour), width=inner, joint="curve")
        self._lines.line(flat, fill=255, width=inner + 2 * self._thick(contour), joint="curve")
        if width > 2 * contour:
            self._lines.line(flat, fill=0, width=inner, joint="curve")

    def pattern(self, points: Points, colour: Colours, name: str, size: float) -> None:
        """A pattern inside an outline; `size` of its repeat, pixels."""
        flat = self._flat(points)
        left, top, right, bottom = (
            max(0, min(x for x, _ in flat)),
            max(0, min(y for _, y in flat)),
            min(self.slots.width, max(x for x, _ in flat) + 1),
            min(self.slots.height, max(y for _, y in flat) + 1),
        )
        if right <= left or bottom <= top:
            return
        mask = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in flat], fill=255)
        # The pattern hangs on its figure's corner, so that it travels with it.
        offset_x, offset_y = left - min(x for x, _ in flat), top - min(y for _, y in flat)
        tile = _pattern(name, min(_REPEATS, key=lambda repeat: abs(repeat - size * OVERSAMPLING)))
        window = (offset_x, offset_y, offset_x + mask.width, offset_y + mask.height)
        clipped = ImageChops.multiply(mask, tile.crop(window))
        self.slots.paste(self.slot(colour), (left, top), clipped)

    def figure(self, figure: Figure, colours: Colours, height: float, contour: float = 1.4) -> None:
        """A placed figure; `height` pixels it would be high when whole sets its pattern's size."""
        for part in figure.parts:
            if part.width > 0:
                self.stroke(part.points, colours[part.role], part.width, contour * 0.7)
                continue
            self.fill(part.points, colours[part.role], contour)
            if part.pattern:
                self.pattern(part.points, colours[part.second], part.pattern, height * 0.045)

    def _flat(self, points: Points) -> list[tuple[int, int]]:
        return [(round(x), round(y)) for x, y in (points * OVERSAMPLING).tolist()]

    def _thick(self, width: float) -> int:
        return max(1, round(width * OVERSAMPLING))


def slot_table(values: NDArray[np.float64]) -> list[int]:
    """Values in [0, 1] per slot as a look-up table for `Image.point`."""
    table = np.zeros(256)
    table[: len(values)] = np.clip(values, 0, 1) * 255
    return [round(v) for v in table.tolist()]
