"""Castles, churches and temples."""

import math

import numpy as np

from vsig_core.corpus.sample.figure import Figure, Part, Role
from vsig_core.corpus.sample.geometry import arc, rectangle


def building(rng: np.random.Generator) -> Figure:
    """A castle, church or temple: towers of different heights side by side."""
    parts: list[Part] = []
    x = 0.0
    for _ in range(int(rng.integers(2, 5))):
        width, height = rng.uniform(0.14, 0.36), rng.uniform(0.3, 0.85)
        parts += _tower(rng, x, width, height)
        x += width * rng.uniform(0.8, 1.05)
    return Figure(tuple(parts)).stood()


def _tower(rng: np.random.Generator, x: float, width: float, height: float) -> list[Part]:
    wall = "bricks" if rng.random() < 0.4 else None
    parts = [Part(rectangle(x, -height, x + width, 0), Role.COAT, pattern=wall, second=Role.DARK)]
    middle, top = x + width / 2, -height
    roof = str(rng.choice(["cone", "dome", "battlement", "gable", "spire"]))
    if roof == "dome":
        parts.append(
            Part(arc((middle, top), (width / 2, width * 0.5), (math.pi, 2 * math.pi)), Role.CLOTH)
        )
        parts.append(
            Part(
                np.array([(middle, top - width * 0.5), (middle, top - width * 0.8)]),
                Role.METAL,
                width=0.02,
            )
        )
    elif roof == "battlement":
        teeth = int(rng.integers(3, 5))
        step = width / (2 * teeth - 1)
        parts += [
            Part(
                rectangle(x + 2 * k * step, top - 0.05, x + (2 * k + 1) * step, top + 0.01),
                Role.COAT,
            )
            for k in range(teeth)
        ]
    else:
        rise = {"cone": 1.1, "gable": 0.55, "spire": 1.9}[roof] * width
        parts.append(
            Part(
                np.array([(x - 0.02, top), (middle, top - rise), (x + width + 0.02, top)]),
                Role.CLOTH,
                pattern="scales" if roof == "cone" else None,
                second=Role.DARK,
            )
        )
    return parts + _openings(rng, (x, width), height)


def _openings(rng: np.random.Generator, span: tuple[float, float], height: float) -> list[Part]:
    x, width = span
    door = width * rng.uniform(0.25, 0.5)
    tall = min(0.28, height * 0.4)
    middle = x + width / 2
    outline = np.concatenate(
        [
            arc((middle, -tall), (door / 2, door / 2), (math.pi, 2 * math.pi)),
            [(middle + door / 2, 0.0), (middle - door / 2, 0.0)],
        ]
    )
    parts = [Part(outline, Role.DARK)]
    for row in range(int((height - tall) / 0.22)):
        y = -tall - 0.16 - 0.2 * row
        count = 1 if width < 0.22 else 2
        for k in range(count):
            px = x + width * (k + 1) / (count + 1)
            parts.append(Part(rectangle(px - 0.022, y - 0.05, px + 0.022, y + 0.03), Role.DARK))
    return parts
