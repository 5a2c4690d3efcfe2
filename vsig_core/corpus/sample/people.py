"""Articulated human figures, alone and in groups."""

import math
from dataclasses import dataclass

import numpy as np

from vsig_core.corpus.sample.attributes import HATS, HELD, behind_head, hat, held
from vsig_core.corpus.sample.figure import Figure, Part, Role, joined
from vsig_core.corpus.sample.geometry import (
    Pair,
    arc,
    ellipse,
    limb,
    smooth,
    towards,
)

PATTERNS = (None, None, "stripes", "dots", "checks", "lozenges")


@dataclass(frozen=True)
class Body:
    """Proportions and pose of one person; angles in radians from straight down."""

    lean: float
    hips: float
    arms: tuple[Pair, Pair]
    legs: tuple[Pair, Pair]
    robe: float
    flare: float
    girth: float
    hat: str
    held: tuple[str, str]
    wings: float
    pattern: str | None
    cloak: bool


def draw_body(rng: np.random.Generator) -> Body:
    """A body with a pose of its own."""

    def arm(side: int) -> Pair:
        upper = rng.uniform(0.15, 2.6)
        return side * upper, side * (upper + rng.uniform(-0.3, 1.7))

    kneeling = rng.random() < 0.2
    stride = rng.uniform(0.0, 0.65)
    bend = (1.35, -0.1) if kneeling else (stride, stride - rng.uniform(0, 0.7))
    return Body(
        lean=rng.uniform(-0.3, 0.3),
        hips=rng.uniform(0.34, 0.5),
        arms=(arm(-1), arm(1)),
        legs=((-stride * 0.8, -stride * 0.6 - rng.uniform(0, 0.8)), bend),
        robe=float(rng.choice([0.0, 0.35, 0.7, 0.97, 0.97])),
        flare=rng.uniform(0.12, 0.34),
        girth=rng.uniform(0.75, 1.3),
        hat=str(rng.choice(HATS)),
        held=(str(rng.choice(HELD)), str(rng.choice(HELD)) if rng.random() < 0.35 else "nothing"),
        wings=rng.uniform(0.35, 0.7) if rng.random() < 0.22 else 0.0,
        pattern=PATTERNS[int(rng.integers(len(PATTERNS)))],
        cloak=bool(rng.random() < 0.35),
    )


def person(rng: np.random.Generator) -> Figure:
    """One person in a pose of its own, with dress and attributes."""
    return dressed(draw_body(rng)).stood()


def dressed(body: Body) -> Figure:
    """The parts of a body, back to front, about one unit high."""
    hip = (0.0, -body.hips)
    chest = towards(hip, math.pi - body.lean, 0.27)
    neck = towards(hip, math.pi - body.lean, 0.33)
    head = towards(neck, math.pi - body.lean * 0.5, 0.085)
    w = body.girth
    back = [*_wings(chest, body.wings), *(_cloak(chest, hip, body) if body.cloak else [])]
    far_arm = _arm(chest, -1, body)
    near_arm = _arm(chest, 1, body)
    torso = Part(
        smooth(
            [
                (chest[0] - 0.09 * w, chest[1] - 0.02),
                (chest[0] + 0.09 * w, chest[1] - 0.02),
                (hip[0] + 0.075 * w, hip[1]),
                (hip[0] - 0.075 * w, hip[1]),
            ]
        ),
        Role.CLOTH,
        pattern=body.pattern,
        second=Role.LINING,
    )
    throat = Part(limb(chest, head, (0.06, 0.05)), Role.SKIN)
    return joined(
        [
            back,
            far_arm,
            _legs(hip, body),
            [throat, torso],
            _robe(hip, body),
            _head(head, body),
            near_arm,
        ]
    )


def _legs(hip: Pair, body: Body) -> list[Part]:
    parts = []
    length = body.hips / 2
    for side, (thigh, shin) in zip((-1, 1), body.legs, strict=True):
        top = (hip[0] + side * 0.035, hip[1])
        knee = towards(top, thigh, length)
        foot = towards(knee, shin, length)
        parts += [
            Part(limb(knee, foot, (0.07, 0.045)), Role.SKIN),
            Part(limb(top, knee, (0.1 * body.girth, 0.075)), Role.LINING),
            Part(ellipse((foot[0] + 0.03, foot[1]), (0.055, 0.022)), Role.DARK),
        ]
    return parts


def _robe(hip: Pair, body: Body) -> list[Part]:
    if not body.robe:
        return [Part(limb((-0.08, hip[1]), (0.08, hip[1]), (0.035, 0.035)), Role.METAL)]
    hem = hip[1] * (1 - body.robe)
    swing = body.lean * 0.35
    skirt = smooth(
        [
            (hip[0] - 0.07 * body.girth, hip[1] - 0.05),
            (hip[0] + 0.07 * body.girth, hip[1] - 0.05),
            (body.flare * 0.7 - swing, (hip[1] + hem) / 2),
            (body.flare - swing, hem),
            (-swing, hem + 0.015),
            (-body.flare - swing, hem),
            (-body.flare * 0.7 - swing, (hip[1] + hem) / 2),
        ]
    )
    folds = [
        Part(
            np.array([(k * 0.03, hip[1]), (k * body.flare * 0.6 - swing, hem - 0.02)]),
            Role.LINING,
            width=0.008,
        )
        for k in (-1, 0, 1)
    ]
    belt = Part(limb((-0.075, hip[1] - 0.03), (0.075, hip[1] - 0.03), (0.03, 0.03)), Role.METAL)
    return [Part(skirt, Role.CLOTH, pattern=body.pattern, second=Role.LINING), *folds, belt]


def _arm(chest: Pair, side: int, body: Body) -> list[Part]:
    upper, lower = body.arms[0 if side < 0 else 1]
    shoulder = (chest[0] + side * 0.085 * body.girth, chest[1] + 0.01)
    elbow = towards(shoulder, upper, 0.16)
    hand = towards(elbow, lower, 0.16)
    return [
        *held(hand, lower, body.held[0 if side > 0 else 1]),
        Part(limb(elbow, hand, (0.05, 0.04)), Role.SKIN),
        Part(limb(shoulder, elbow, (0.085, 0.06)), Role.CLOTH),
        Part(ellipse(hand, (0.027, 0.027)), Role.SKIN),
    ]


def _wings(chest: Pair, span: float) -> list[Part]:
    if not span:
        return []
    parts = []
    for side in (-1, 1):
        wing = smooth(
            [
                (chest[0], chest[1] + 0.05),
                (chest[0] + side * 0.45 * span, chest[1] - 0.45 * span),
                (chest[0] + side * span, chest[1] - 0.3 * span),
                (chest[0] + side * 0.8 * span, chest[1] + 0.25 * span),
                (chest[0] + side * 0.35 * span, chest[1] + 0.45 * span),
            ]
        )
        parts.append(Part(wing, Role.LIGHT, pattern="scales", second=Role.METAL))
    return parts


def _cloak(chest: Pair, hip: Pair, body: Body) -> list[Part]:
    blown = 0.3 + body.flare
    side = -1 if body.lean > 0 else 1
    knots = [
        (chest[0] - 0.1, chest[1]),
        (chest[0] + 0.1, chest[1]),
        (side * blown * 0.8, hip[1]),
        (side * blown, hip[1] * 0.4),
        (side * 0.1, hip[1] * 0.5),
        (-side * 0.08, hip[1]),
    ]
    return [Part(smooth(knots), Role.LINING)]


def _head(head: Pair, body: Body) -> list[Part]:
    x, y = head
    hair = Part(ellipse((x, y - 0.018), (0.07, 0.078)), Role.DARK)
    fringe = Part(arc((x, y - 0.028), (0.056, 0.046), (math.pi, 2 * math.pi), steps=10), Role.DARK)
    face = [
        Part(ellipse(head, (0.058, 0.072)), Role.SKIN),
        Part(ellipse((x - 0.022, y + 0.002), (0.007, 0.009), steps=8), Role.DARK),
        Part(ellipse((x + 0.022, y + 0.002), (0.007, 0.009), steps=8), Role.DARK),
        Part(arc((x, y + 0.02), (0.022, 0.016), (0.3, 2.8), steps=6), Role.DARK, width=0.008),
    ]
    return [*behind_head(head, body.hat), hair, *face, fringe, *hat(head, body.hat)]


def pair(rng: np.random.Generator) -> Figure:
    """Two persons who face, embrace, lead or fight one another."""
    gap = rng.uniform(0.2, 0.42)
    first, second = person(rng), person(rng)
    small = rng.uniform(0.55, 1.05)
    return joined([first.moved((-gap, 0.0)), second.moved((gap, 0.0), (-small, small))]).stood()


def trio(rng: np.random.Generator) -> Figure:
    """Three persons in a row or a pyramid."""
    gap = rng.uniform(0.28, 0.42)
    rise = rng.uniform(0.0, 0.35)
    sides = [person(rng).moved((s * gap, 0.0), (s * 0.9, 0.9)) for s in (-1, 1)]
    return joined([person(rng).moved((0.0, -rise)), *sides]).stood()


def floating(rng: np.random.Generator) -> Figure:
    """A person who flies or lies: the body turned as a whole."""
    angle = rng.choice([-1, 1]) * rng.uniform(0.8, 1.35)
    return dressed(draw_body(rng)).moved((0.0, 0.0), angle=float(angle)).stood()
