"""Ships, vessels, trees and emblems."""

import math

import numpy as np

from vsig_core.corpus.sample.figure import Figure, Part, Role, joined
from vsig_core.corpus.sample.geometry import arc, ellipse, limb, rectangle, smooth, star, towards


def ship(rng: np.random.Generator) -> Figure:
    """A ship with one to three masts."""
    depth, bow = rng.uniform(0.14, 0.26), rng.uniform(0.05, 0.25)
    hull = smooth(
        [
            (-0.5, -depth - bow * 0.6),
            (0.0, -depth),
            (0.5, -depth - bow),
            (0.38, 0.0),
            (0.0, 0.03),
            (-0.38, 0.0),
        ]
    )
    parts: list[Part] = []
    masts = int(rng.integers(1, 4))
    for k in range(masts):
        x = 0.0 if masts == 1 else -0.3 + 0.6 * k / (masts - 1)
        parts += _mast(rng, x, depth)
    planks = Part(
        hull, Role.COAT, pattern="stripes" if rng.random() < 0.5 else None, second=Role.DARK
    )
    shields = (
        [Part(ellipse((-0.3 + 0.15 * k, -depth * 0.7), (0.05, 0.05)), Role.METAL) for k in range(5)]
        if rng.random() < 0.4
        else []
    )
    return joined([parts, [planks, *shields]]).stood()


def _mast(rng: np.random.Generator, x: float, depth: float) -> list[Part]:
    height = rng.uniform(0.5, 0.95)
    top = -depth - height
    pole = Part(np.array([(x, top), (x, -depth)]), Role.DARK, width=0.022)
    flag = Part(
        np.array([(x, top), (x + rng.choice([-1, 1]) * 0.16, top + 0.04), (x, top + 0.08)]),
        Role.LINING,
    )
    belly, span = rng.uniform(0.02, 0.14), rng.uniform(0.16, 0.28)
    if rng.random() < 0.35:
        sail = np.array(
            [(x + 0.01, top + 0.1), (x + span * 1.5, -depth - 0.08), (x + 0.01, -depth - 0.06)]
        )
    else:
        sail = smooth(
            [
                (x - span * 0.8, top + 0.12),
                (x + span * 0.8, top + 0.12),
                (x + span + belly, top + height * 0.55),
                (x + span * 0.9, -depth - 0.1),
                (x - span * 0.9, -depth - 0.1),
                (x - span + belly, top + height * 0.55),
            ]
        )
    kind = [None, "stripes", "checks"][int(rng.integers(3))]
    return [pole, Part(sail, Role.LIGHT, pattern=kind, second=Role.CLOTH), flag]


def vase(rng: np.random.Generator) -> Figure:
    """A vessel turned on the wheel, with flowers or fruit."""
    heights = np.cumsum(rng.uniform(0.06, 0.16, size=5))
    widths = rng.uniform(0.05, 0.24, size=5)
    widths[0] = max(widths[0], 0.09)
    side = [(w, -h) for w, h in zip(widths, heights, strict=True)]
    outline = smooth(
        [(-widths[0], 0.0), (widths[0], 0.0), *side, *[(-w, y) for w, y in reversed(side)]]
    )
    kind = ["stripes", "dots", "lozenges", "checks", None][int(rng.integers(5))]
    body = [Part(outline, Role.CLOTH, pattern=kind, second=Role.LIGHT)]
    if rng.random() < 0.6:
        body = [
            Part(
                ellipse((s * (widths[2] + 0.03), -heights[2]), (0.09, 0.13)),
                Role.METAL,
                width=0.025,
            )
            for s in (-1, 1)
        ] + body
    top = -float(heights[-1])
    blooms: list[Part] = []
    spread = rng.uniform(0.2, 0.75)
    for _ in range(int(rng.integers(3, 9))):
        tip = towards((0.0, top), math.pi + rng.uniform(-spread, spread), rng.uniform(0.2, 0.6))
        blooms.append(Part(np.array([(0.0, top), tip]), Role.LEAF, width=0.014))
        blooms += _bloom(rng, tip)
    return joined([blooms, body]).stood()


def _bloom(rng: np.random.Generator, tip: tuple[float, float]) -> list[Part]:
    petals, size = int(rng.integers(4, 9)), rng.uniform(0.05, 0.11)
    role = Role.LINING if rng.random() < 0.5 else Role.CLOTH
    return [
        Part(ellipse((tip[0] + 0.08, tip[1] + 0.1), (0.06, 0.024), 0.6), Role.LEAF),
        Part(star(tip, (size, size * 0.55), petals, rng.uniform(0, 1)), role),
        Part(ellipse(tip, (size * 0.3, size * 0.3)), Role.METAL),
    ]


def tree(rng: np.random.Generator) -> Figure:
    """A tree with its own branching; sometimes with fruit and a serpent."""
    parts: list[Part] = []
    crown: list[Part] = []
    leafy = str(rng.choice(["cloud", "leaves", "cone"]))
    split = rng.uniform(0.35, 0.75)

    def grow(start: tuple[float, float], angle: float, length: float, depth: int) -> None:
        end = towards(start, angle, length)
        parts.append(Part(limb(start, end, (0.035 * (depth + 1), 0.03 * depth + 0.01)), Role.DARK))
        if depth == 0:
            size = rng.uniform(0.08, 0.14) if leafy == "cloud" else 0.05
            shape = (
                star(end, (size, size * 0.7), 9)
                if leafy == "cone"
                else ellipse(end, (size, size * 0.75), angle)
            )
            crown.append(
                Part(
                    shape,
                    Role.LEAF,
                    pattern="dots" if leafy == "cloud" else None,
                    second=Role.CLOTH,
                )
            )
            return
        for side in (-1, 1):
            grow(
                end,
                angle + side * split * rng.uniform(0.6, 1.3),
                length * rng.uniform(0.65, 0.85),
                depth - 1,
            )

    grow((0.0, 0.0), math.pi + rng.uniform(-0.2, 0.2), rng.uniform(0.25, 0.4), 3)
    if rng.random() < 0.5:
        coil = smooth(
            [(0.08 * s, -0.02 - 0.06 * k) for k, s in enumerate((1, -1, 1, -1, 1))], closed=False
        )
        parts.append(Part(coil, Role.CLOTH, width=0.035))
    return joined([parts, crown]).stood()


def shield(rng: np.random.Generator) -> Figure:
    """A coat of arms: a field, charges, perhaps a crown and supporters."""
    half, deep = rng.uniform(0.26, 0.36), rng.uniform(0.5, 0.75)
    outline = smooth(
        [
            (-half, -deep),
            (0, -deep * 1.02),
            (half, -deep),
            (half * 0.9, -deep * 0.4),
            (0, 0),
            (-half * 0.9, -deep * 0.4),
        ]
    )
    field = [None, "stripes", "checks", "lozenges"][int(rng.integers(4))]
    parts = [Part(outline, Role.CLOTH, pattern=field, second=Role.LIGHT)]
    charge = str(rng.choice(["star", "ring", "cross", "chevron", "beast"]))
    middle = (0.0, -deep * 0.55)
    if charge == "star":
        parts.append(
            Part(star(middle, (half * 0.7, half * 0.3), int(rng.integers(4, 9))), Role.METAL)
        )
    elif charge == "ring":
        parts += [
            Part(ellipse((x * half * 0.45, middle[1] + y * 0.14), (0.07, 0.07)), Role.METAL)
            for x, y in ((-1, -1), (1, -1), (0, 1))
        ]
    elif charge == "cross":
        parts += [
            Part(rectangle(-0.05, -deep, 0.05, -0.03), Role.METAL),
            Part(rectangle(-half, middle[1] - 0.05, half, middle[1] + 0.05), Role.METAL),
        ]
    elif charge == "chevron":
        parts.append(
            Part(
                np.array([(-half, -deep * 0.35), (0, -deep * 0.8), (half, -deep * 0.35)]),
                Role.METAL,
                width=0.1,
            )
        )
    crest = _crest(rng, half, deep)
    return joined(
        [crest, parts, _beast_charge(rng, half, deep) if charge == "beast" else []]
    ).stood()


def _beast_charge(rng: np.random.Generator, half: float, deep: float) -> list[Part]:
    from vsig_core.corpus.sample.beasts import quadruped

    size = half * 1.1
    return list(quadruped(rng).moved((0.0, -deep * 0.3), (size, size)).parts)


def _crest(rng: np.random.Generator, half: float, deep: float) -> list[Part]:
    parts: list[Part] = []
    if rng.random() < 0.6:
        tips = np.array(
            [
                (-half * 0.8, -deep - 0.2),
                (-half * 0.4, -deep - 0.08),
                (0, -deep - 0.26),
                (half * 0.4, -deep - 0.08),
                (half * 0.8, -deep - 0.2),
                (half * 0.6, -deep),
                (-half * 0.6, -deep),
            ]
        )
        parts.append(Part(tips, Role.METAL))
    if rng.random() < 0.5:
        for side in (-1, 1):
            scroll = smooth(
                [
                    (side * half * 0.6, -deep),
                    (side * half * 1.6, -deep * 1.1),
                    (side * half * 1.9, -deep * 0.6),
                    (side * half * 1.3, -deep * 0.3),
                    (side * half * 1.6, 0.0),
                    (side * half * 0.8, -deep * 0.3),
                ]
            )
            parts.append(Part(scroll, Role.LINING))
    return parts


def sun(rng: np.random.Generator) -> Figure:
    """A radiant face, moon or rosette."""
    rays, outer = int(rng.integers(7, 17)), rng.uniform(0.42, 0.55)
    inner = rng.uniform(0.2, 0.3)
    parts = [Part(star((0, -0.5), (outer, inner * rng.uniform(0.9, 1.2)), rays), Role.METAL)]
    if rng.random() < 0.5:
        parts.append(Part(star((0, -0.5), (outer * 0.8, inner), rays, math.pi / rays), Role.CLOTH))
    parts.append(Part(ellipse((0, -0.5), (inner, inner)), Role.LIGHT))
    if rng.random() < 0.6:
        parts += [
            Part(ellipse((s * inner * 0.4, -0.53), (inner * 0.14, inner * 0.09)), Role.DARK)
            for s in (-1, 1)
        ]
        parts += [
            Part(arc((0, -0.44), (inner * 0.4, inner * 0.25), (0.3, 2.8)), Role.DARK, width=0.016),
            Part(np.array([(0, -0.54), (inner * 0.13, -0.46), (0, -0.45)]), Role.DARK, width=0.012),
        ]
    else:
        petals = int(rng.integers(5, 9))
        parts += [
            Part(
                ellipse(towards((0, -0.5), a, inner * 0.55), (inner * 0.2, inner * 0.2)),
                Role.LINING,
            )
            for a in np.arange(petals) * 2 * math.pi / petals
        ]
    return Figure(tuple(parts)).stood()
