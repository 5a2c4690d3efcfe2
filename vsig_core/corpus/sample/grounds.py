"""What lies behind the figures."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from vsig_core.corpus.sample.canvas import Canvas
from vsig_core.corpus.sample.geometry import arc, ellipse, rectangle, smooth, star
from vsig_core.corpus.sample.palettes import Colours, Palette, blend


def _bands(canvas: Canvas, colours: tuple[Colours, Colours], span: tuple[float, float]) -> None:
    """Bands from one colour to another, between two heights (fractions)."""
    steps = 9
    edges = np.linspace(span[0], span[1], steps + 1) * canvas.height
    for k in range(steps):
        shade = blend(colours[0], colours[1], k / (steps - 1))
        canvas.fill(rectangle(-9, edges[k], canvas.width + 9, edges[k + 1] + 1), shade, contour=0)


def _hill(
    canvas: Canvas, colour: Colours, level: float, rough: float, rng: np.random.Generator
) -> None:
    knots = 7
    x = np.linspace(-0.05, 1.05, knots) * canvas.width
    y = (level + rng.uniform(-rough, rough, knots)) * canvas.height
    ridge = smooth(np.stack([x, y], axis=1), closed=False)
    bottom = np.array([(canvas.width + 9.0, canvas.height + 9.0), (-9.0, canvas.height + 9.0)])
    canvas.fill(np.concatenate([ridge, bottom]), colour, contour=0.8)


def _bushes(canvas: Canvas, palette: Palette, level: float, rng: np.random.Generator) -> None:
    green = blend(palette.land, np.array([0.25, 0.33, 0.2]), 0.5)
    for _ in range(int(rng.integers(2, 8))):
        x, size = rng.uniform(0, canvas.width), rng.uniform(0.02, 0.08) * canvas.height
        y = (level + rng.uniform(-0.02, 0.1)) * canvas.height
        canvas.fill(
            rectangle(x - size * 0.1, y - size, x + size * 0.1, y), palette.dark, contour=0.5
        )
        shade = blend(green, palette.distance, rng.uniform(0, 0.5))
        canvas.fill(
            ellipse((x, y - size * 1.6), (size * rng.uniform(0.5, 1), size * 1.2)), shade, 0.8
        )


def landscape(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """Sky, ridges one behind another, and land."""
    horizon = rng.uniform(0.35, 0.68)
    _bands(canvas, (palette.sky, blend(palette.paper, palette.sky, 0.35)), (0.0, horizon + 0.08))
    for _ in range(int(rng.integers(0, 4))):
        x, y = rng.uniform(0, canvas.width), rng.uniform(0.04, 0.3) * canvas.height
        size = rng.uniform(0.05, 0.14) * canvas.width
        canvas.fill(
            ellipse((x, y), (size, size * 0.28)), blend(palette.sky, palette.paper, 0.6), 0.4
        )
    for k in range(int(rng.integers(1, 4))):
        far = blend(palette.distance, palette.sky, 0.5 - 0.15 * k)
        _hill(canvas, far, horizon + 0.04 * k, 0.07, rng)
    _hill(canvas, palette.land, horizon + 0.1, 0.03, rng)
    _bushes(canvas, palette, horizon + 0.1, rng)
    _hill(canvas, blend(palette.land, palette.dark, 0.25), 0.88, 0.03, rng)


def sea(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """Sky over water with waves."""
    horizon = rng.uniform(0.3, 0.6)
    _bands(canvas, (palette.sky, blend(palette.paper, palette.sky, 0.3)), (0.0, horizon))
    water = blend(palette.sky, np.array([0.12, 0.25, 0.33]), 0.55)
    _bands(canvas, (blend(water, palette.paper, 0.25), water), (horizon, 1.02))
    for _ in range(int(rng.integers(14, 40))):
        depth = rng.uniform(0, 1) ** 0.7
        x, y = rng.uniform(0, canvas.width), (horizon + depth * (1 - horizon)) * canvas.height
        size = (0.012 + 0.04 * depth) * canvas.width
        crest = arc((x, y), (size, size * 0.35), (math.pi, 2 * math.pi), steps=8)
        canvas.stroke(crest, blend(water, palette.paper, 0.5), 1.0 + depth, 0.4)


def interior(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """A wall, a tiled floor in perspective, a window or a curtain."""
    w, h = canvas.width, canvas.height
    edge = rng.uniform(0.6, 0.78) * h
    wall = blend(palette.distance, palette.paper, rng.uniform(0.0, 0.5))
    canvas.fill(rectangle(-9, -9, w + 9, h + 9), wall, contour=0)
    vanish = rng.uniform(0.3, 0.7) * w
    canvas.fill(
        rectangle(-9, edge, w + 9, h + 9), blend(palette.land, palette.paper, 0.3), contour=1
    )
    tile, rows = blend(palette.land, palette.dark, 0.3), int(rng.integers(3, 6))
    depth = edge + (h - edge) * (np.arange(rows + 1) / rows) ** 1.6
    for r in range(rows):
        for c in range(-6, 7):
            if (r + c) % 2:
                continue
            x = [
                vanish + (c + s) * 0.14 * w * (0.55 + 0.75 * (depth[r + t] - edge) / (h - edge))
                for s, t in ((0, 0), (1, 0), (1, 1), (0, 1))
            ]
            y = [depth[r], depth[r], depth[r + 1], depth[r + 1]]
            canvas.fill(np.stack([x, y], axis=1), tile, contour=0.4)
    if rng.random() < 0.6:
        _window(canvas, palette, rng)
    if rng.random() < 0.5:
        _curtain(canvas, palette, rng)


def _window(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    w, h = canvas.width, canvas.height
    x, half, top, sill = rng.uniform(0.12, 0.88) * w, rng.uniform(0.06, 0.12) * w, 0.22 * h, 0.5 * h
    arch = arc((x, top), (half, half * 0.9), (math.pi, 2 * math.pi))
    outline = np.concatenate([arch, [(x + half, sill), (x - half, sill)]])
    canvas.fill(outline, blend(palette.sky, palette.paper, 0.4), contour=3)
    canvas.stroke(np.array([(x, top - half * 0.9), (x, sill)]), palette.dark, 2.0)
    canvas.stroke(
        np.array([(x - half, (top + sill) / 2), (x + half, (top + sill) / 2)]), palette.dark, 2.0
    )


def _curtain(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    w, h = canvas.width, canvas.height
    colour = palette.accents[int(rng.integers(len(palette.accents)))]
    side = 0 if rng.random() < 0.5 else w
    reach = rng.uniform(0.12, 0.24) * w * (1 if side == 0 else -1)
    for k in range(5):
        x0, x1 = side + reach * (1 - k / 5), side + reach * (0.45 - k / 10)
        fold = smooth(
            [
                (side, -9.0),
                (x0, -9.0),
                (x0 * 0.7 + x1 * 0.3, h * 0.3),
                (x1, h * 0.62),
                (side, h * 0.66),
            ]
        )
        canvas.fill(fold, blend(colour, palette.dark, 0.12 * (k % 2)), contour=0.8)


def arcade(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """Columns and arches with a view."""
    w, h = canvas.width, canvas.height
    landscape(canvas, palette, rng)
    bays = int(rng.integers(1, 4))
    stone = blend(palette.paper, palette.distance, rng.uniform(0.1, 0.5))
    spring, thick = rng.uniform(0.28, 0.4) * h, 0.05 * w
    span = w / bays
    for k in range(bays):
        middle, half = (k + 0.5) * span, span / 2 - thick / 2
        arch = arc((middle, spring), (half, spring * 0.75), (math.pi, 2 * math.pi), steps=30)
        spandrel = np.concatenate(
            [
                [(k * span, -9.0)],
                [(k * span, spring)],
                arch,
                [((k + 1) * span, spring)],
                [((k + 1) * span, -9.0)],
            ]
        )
        canvas.fill(spandrel, stone, contour=1)
    for k in range(bays + 1):
        x = k * span
        canvas.fill(rectangle(x - thick / 2, spring, x + thick / 2, h * 0.93), stone, contour=1)
        canvas.fill(
            rectangle(x - thick, spring - thick * 0.4, x + thick, spring + thick * 0.3),
            blend(stone, palette.dark, 0.2),
            1,
        )
    canvas.fill(rectangle(-9, h * 0.93, w + 9, h + 9), blend(stone, palette.dark, 0.3), contour=1)


def diaper(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """A gilded or coloured wall with a small pattern."""
    w, h = canvas.width, canvas.height
    whole = rectangle(-9, -9, w + 9, h + 9)
    colour = (
        palette.sky
        if rng.random() < 0.5
        else palette.accents[int(rng.integers(len(palette.accents)))]
    )
    canvas.fill(whole, colour, contour=0)
    name = str(rng.choice(["lozenges", "dots", "checks", "scales"]))
    canvas.pattern(
        whole,
        blend(colour, palette.paper, rng.uniform(0.12, 0.3)),
        name,
        rng.uniform(0.03, 0.07) * h,
    )
    if rng.random() < 0.7:
        _hill(canvas, palette.land, rng.uniform(0.8, 0.9), 0.015, rng)


def meadow(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """A ground strewn with flowers."""
    w, h = canvas.width, canvas.height
    canvas.fill(
        rectangle(-9, -9, w + 9, h + 9), blend(palette.land, palette.dark, rng.uniform(0, 0.45)), 0
    )
    for _ in range(int(rng.integers(40, 90))):
        x, y = rng.uniform(0, w), rng.uniform(0, h)
        size = rng.uniform(0.01, 0.022) * h
        canvas.stroke(np.array([(x, y), (x, y + size * 2)]), palette.distance, 1.2, 0.3)
        bloom = palette.accents[int(rng.integers(len(palette.accents)))]
        canvas.fill(star((x, y), (size, size * 0.5), 5), bloom, contour=0.4)


def night(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """Stars and a moon over dark land."""
    deep = blend(palette.sky, np.array([0.08, 0.1, 0.2]), 0.8)
    _bands(canvas, (deep, blend(deep, palette.distance, 0.4)), (0.0, 0.8))
    for _ in range(int(rng.integers(15, 45))):
        centre = (rng.uniform(0, canvas.width), rng.uniform(0, 0.6) * canvas.height)
        canvas.fill(star(centre, (rng.uniform(1.5, 5), 1.0), 5), palette.paper, contour=0)
    x, y, size = (
        rng.uniform(0.1, 0.9) * canvas.width,
        rng.uniform(0.1, 0.25) * canvas.height,
        0.05 * canvas.width,
    )
    canvas.fill(ellipse((x, y), (size, size)), palette.paper, contour=1)
    canvas.fill(
        ellipse((x + size * 0.5, y - size * 0.2), (size * 0.85, size * 0.85)), deep, contour=0
    )
    _hill(canvas, blend(palette.land, palette.dark, 0.5), 0.75, 0.05, rng)
    _hill(canvas, blend(palette.land, palette.dark, 0.7), 0.88, 0.03, rng)


def blank(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """Bare paper or wall, at most with a line to stand on."""
    w, h = canvas.width, canvas.height
    canvas.fill(rectangle(-9, -9, w + 9, h + 9), palette.paper, contour=0)
    if rng.random() < 0.6:
        level = rng.uniform(0.8, 0.92)
        _hill(canvas, blend(palette.paper, palette.distance, 0.35), level, 0.012, rng)


GROUNDS: Mapping[str, Callable[[Canvas, Palette, np.random.Generator], None]] = {
    "landscape": landscape,
    "sea": sea,
    "interior": interior,
    "arcade": arcade,
    "diaper": diaper,
    "meadow": meadow,
    "night": night,
    "blank": blank,
}
