"""Animals, real and imagined, and riders."""

import math

import numpy as np

from vsig_core.corpus.sample.figure import Figure, Part, Role, joined
from vsig_core.corpus.sample.geometry import Pair, arc, ellipse, limb, smooth, star, towards
from vsig_core.corpus.sample.people import person

COATS = (None, None, "dots", "stripes", "checks")


def quadruped(rng: np.random.Generator) -> Figure:
    """A horse, stag, lion, hound, bull or unicorn, in a gait of its own."""
    length, depth = rng.uniform(0.5, 0.85), rng.uniform(0.17, 0.3)
    leg = rng.uniform(0.3, 0.55)
    coat = COATS[int(rng.integers(len(COATS)))]
    rearing = -rng.uniform(0.3, 0.6) if rng.random() < 0.3 else rng.uniform(-0.05, 0.05)
    back = -leg - depth / 2
    trunk = smooth(
        [
            (-length / 2, back - depth * 0.4),
            (0, back - depth * rng.uniform(0.25, 0.5)),
            (length / 2, back - depth * 0.5),
            (length / 2 + 0.06, back + depth * 0.2),
            (length * 0.2, back + depth * 0.5),
            (-length * 0.3, back + depth * 0.3),
            (-length / 2 - 0.05, back + depth * 0.2),
        ]
    )
    legs = _legs(rng, length, leg, back + depth * 0.2)
    front, mane = _neck_and_head(rng, (length / 2, back - depth * 0.3))
    tail = _tail(rng, (-length / 2 - 0.03, back - depth * 0.2))
    body = [*tail, *legs[:2], *mane, Part(trunk, Role.COAT, pattern=coat, second=Role.LIGHT)]
    upright = joined([body, legs[2:], front])
    return upright.moved((0.0, 0.0), angle=rearing).stood()


def _legs(rng: np.random.Generator, length: float, leg: float, top: float) -> list[Part]:
    parts = []
    for x in (-length * 0.42, length * 0.42):
        for _ in range(2):
            thigh = rng.uniform(-0.5, 0.5)
            knee = towards((x, top), thigh, leg * 0.5)
            hoof = towards(knee, thigh + rng.uniform(-0.9, 0.5), leg * 0.5)
            shape = np.concatenate(
                [limb((x, top), knee, (0.12, 0.07)), limb(knee, hoof, (0.065, 0.045))]
            )
            parts += [
                Part(shape[:14], Role.COAT),
                Part(shape[14:], Role.COAT),
            ]
    return [parts[i] for i in (0, 1, 4, 5, 2, 3, 6, 7)]


def _neck_and_head(rng: np.random.Generator, base: Pair) -> tuple[list[Part], list[Part]]:
    angle = math.pi - rng.uniform(0.1, 1.2)
    poll = towards(base, angle, rng.uniform(0.14, 0.36))
    nose = towards(poll, math.pi / 2 - rng.uniform(-0.3, 0.9), rng.uniform(0.14, 0.26))
    head = [
        Part(limb(base, poll, (0.2, 0.12)), Role.COAT),
        Part(limb(poll, nose, (0.13, 0.07)), Role.COAT),
        Part(ellipse((poll[0] + 0.03, poll[1] - 0.01), (0.014, 0.014), steps=8), Role.DARK),
        Part(limb(poll, (poll[0] - 0.03, poll[1] - 0.12), (0.05, 0.015)), Role.COAT),
    ]
    crest = str(rng.choice(["none", "mane", "ruff", "antlers", "horn", "horns"]))
    mane: list[Part] = []
    if crest == "mane":
        knots = [
            poll,
            (poll[0] - 0.12, poll[1]),
            (base[0] - 0.2, base[1]),
            (base[0] - 0.05, base[1] + 0.04),
        ]
        head.append(Part(smooth(knots), Role.DARK))
    elif crest == "ruff":
        mane.append(Part(star(poll, (0.26, 0.2), 11), Role.DARK))
    elif crest == "antlers":
        for side in (-1, 1):
            beam = smooth(
                [
                    poll,
                    (poll[0] + side * 0.16, poll[1] - 0.18),
                    (poll[0] + side * 0.1, poll[1] - 0.36),
                ],
                closed=False,
            )
            head.append(Part(beam, Role.METAL, width=0.024))
            head.append(
                Part(
                    np.array([beam[6], (beam[6][0] + side * 0.1, beam[6][1] - 0.12)]),
                    Role.METAL,
                    width=0.02,
                )
            )
    elif crest == "horn":
        head.append(Part(limb(poll, (poll[0] + 0.16, poll[1] - 0.34), (0.035, 0.006)), Role.LIGHT))
    elif crest == "horns":
        ring = arc((poll[0], poll[1] - 0.11), (0.12, 0.12), (0.2, math.pi - 0.2))
        head.append(Part(ring, Role.LIGHT, width=0.03))
    return head, mane


def _tail(rng: np.random.Generator, root: Pair) -> list[Part]:
    rise, reach = rng.uniform(-0.35, 0.3), rng.uniform(0.1, 0.3)
    curve = smooth(
        [
            root,
            (root[0] - reach, root[1] + rise * 0.3),
            (root[0] - reach * 1.2, root[1] + rise),
            (root[0] - reach * 0.7, root[1] + rise * 1.6),
        ],
        closed=False,
    )
    tuft = ellipse((curve[-1][0], curve[-1][1]), (0.05, 0.07))
    return [Part(curve, Role.COAT, width=0.035), Part(tuft, Role.DARK)]


def rider(rng: np.random.Generator) -> Figure:
    """A person on the back of a beast."""
    mount = quadruped(rng)
    seat = person(rng).moved((rng.uniform(-0.12, 0.08), -0.36), (0.72, 0.72))
    cloth = Part(
        smooth([(-0.14, -0.62), (0.12, -0.62), (0.14, -0.35), (-0.16, -0.35)]),
        Role.LINING,
        pattern="lozenges",
    )
    return joined([mount.moved((0.0, 0.0), (0.9, 0.9)), [cloth], seat]).stood()


def bird(rng: np.random.Generator) -> Figure:
    """A wader, swan, peacock or eagle."""
    leg, neck = rng.uniform(0.05, 0.5), rng.uniform(0.08, 0.5)
    body_length, body_depth = rng.uniform(0.2, 0.34), rng.uniform(0.1, 0.2)
    centre = (0.0, -leg - body_depth)
    throat = (body_length * 0.8, centre[1] - body_depth * 0.4)
    bend = rng.uniform(-0.15, 0.2)
    head = (throat[0] + rng.uniform(-0.1, 0.18), throat[1] - neck)
    stalk = smooth([throat, (throat[0] + bend, throat[1] - neck * 0.5), head], closed=False)
    beak = limb(
        head, (head[0] + rng.uniform(0.1, 0.24), head[1] + rng.uniform(-0.05, 0.1)), (0.04, 0.008)
    )
    legs = [
        Part(
            np.array([(x, centre[1]), (x + k, -leg * 0.5), (x, 0.0), (x + 0.06, 0.0)]),
            Role.METAL,
            width=0.016,
        )
        for x, k in ((-0.03, rng.uniform(-0.1, 0.1)), (0.05, rng.uniform(-0.1, 0.1)))
    ]
    trunk = Part(ellipse(centre, (body_length, body_depth), rng.uniform(-0.5, 0.2)), Role.COAT)
    front = [
        Part(stalk, Role.COAT, width=rng.uniform(0.03, 0.08)),
        Part(ellipse(head, (0.05, 0.042)), Role.COAT),
        Part(beak, Role.METAL),
        Part(ellipse((head[0] + 0.012, head[1] - 0.01), (0.009, 0.009), steps=8), Role.DARK),
    ]
    return joined(
        [legs, _plumage(rng, centre, body_length), [trunk], front, _wing(rng, centre)]
    ).stood()


def _plumage(rng: np.random.Generator, centre: Pair, length: float) -> list[Part]:
    root = (centre[0] - length * 0.8, centre[1])
    count, reach = int(rng.integers(2, 8)), rng.uniform(0.15, 0.5)
    spread, aim = rng.uniform(0.05, 0.3), rng.uniform(-1.9, -1.2)
    parts = []
    for k in range(count):
        tip = towards(root, aim - spread * (k - count / 2), reach)
        parts += [
            Part(limb(root, tip, (0.03, 0.07)), Role.CLOTH),
            Part(ellipse(tip, (0.03, 0.03)), Role.METAL),
        ]
    return parts


def _wing(rng: np.random.Generator, centre: Pair) -> list[Part]:
    lift, reach = rng.uniform(-0.6, 0.15), rng.uniform(0.2, 0.45)
    x, y = centre
    shape = smooth(
        [(x + 0.12, y), (x, y + lift - 0.05), (x - reach, y + lift), (x - reach * 0.6, y + 0.06)]
    )
    return [Part(shape, Role.LINING, pattern="scales", second=Role.LIGHT)]


def sea_beast(rng: np.random.Generator) -> Figure:
    """A fish, dolphin or serpent in coils."""
    coils, swell = rng.uniform(0.5, 2.2), rng.uniform(0.06, 0.16)
    thick = rng.uniform(0.08, 0.2)
    t = np.linspace(0, 1, 24)
    spine = np.stack(
        [t * 1.1 - 0.55, -0.3 + swell * np.sin(t * coils * 2 * math.pi + rng.uniform(0, 6))], axis=1
    )
    girth = thick * np.sin(np.pi * np.clip(t * 0.9 + 0.12, 0, 1)) ** 0.7
    upper, lower = spine - np.stack([0 * t, girth], 1), spine + np.stack([0 * t, girth], 1)
    body = Part(
        np.concatenate([upper, lower[::-1]]), Role.COAT, pattern="scales", second=Role.LIGHT
    )
    end = spine[0]
    fork = rng.uniform(0.1, 0.24)
    tail = Part(
        smooth(
            [
                tuple(end),
                (end[0] - fork, end[1] - fork),
                (end[0] - fork * 0.5, end[1]),
                (end[0] - fork, end[1] + fork),
            ]
        ),
        Role.LINING,
    )
    fins = [
        Part(
            np.array(
                [
                    upper[i],
                    (upper[i][0] - 0.05, upper[i][1] - rng.uniform(0.06, 0.22)),
                    upper[i + 3],
                ]
            ),
            Role.LINING,
        )
        for i in range(6, 19, int(rng.integers(3, 7)))
    ]
    nose = spine[-2]
    eye = [
        Part(ellipse((nose[0] - 0.07, nose[1] - 0.02), (0.022, 0.022)), Role.LIGHT),
        Part(ellipse((nose[0] - 0.07, nose[1] - 0.02), (0.01, 0.01)), Role.DARK),
    ]
    return joined([[tail, *fins, body], eye]).stood()


def dragon(rng: np.random.Generator) -> Figure:
    """A winged beast: four legs, a wing over the back."""
    beast = quadruped(rng)
    lift, reach = rng.uniform(0.4, 0.8), rng.uniform(0.3, 0.6)
    tips = [
        (0.08, -0.62),
        (-0.05, -0.6 - lift),
        (-reach * 0.5, -0.5 - lift * 0.5),
        (-reach, -0.6 - lift * 0.6),
        (-reach * 0.8, -0.62),
    ]
    wing = Part(np.array(tips), Role.LINING, pattern="stripes", second=Role.DARK)
    return joined([beast, [wing]]).stood()
