"""What people wear on their heads and hold in their hands."""

import math

import numpy as np

from vsig_core.corpus.sample.figure import Part, Role
from vsig_core.corpus.sample.geometry import (
    Pair,
    arc,
    ellipse,
    limb,
    rectangle,
    smooth,
    star,
    towards,
)

HATS = ("none", "hood", "crown", "brim", "halo", "turban", "helmet", "wreath")
HELD = ("nothing", "staff", "sword", "banner", "book", "orb", "jug", "lyre", "branch", "lantern")


def behind_head(head: Pair, worn: str) -> list[Part]:
    """What of a hat lies behind the head at `head`."""
    if worn == "halo":
        return [Part(ellipse(head, (0.125, 0.125)), Role.METAL)]
    if worn == "hood":
        return [Part(ellipse((head[0], head[1] + 0.01), (0.092, 0.11)), Role.LINING)]
    return []


def hat(head: Pair, worn: str) -> list[Part]:
    """What of a hat lies on the head at `head`."""
    x, y = head
    if worn == "crown":
        tips = [(-0.08, -0.15), (-0.04, -0.09), (0.0, -0.17), (0.04, -0.09), (0.08, -0.15)]
        rim = [(0.065, -0.045), (-0.065, -0.045)]
        return [Part(np.array([(x + a, y + b) for a, b in [*tips, *rim]]), Role.METAL)]
    if worn == "brim":
        return [
            Part(ellipse((x, y - 0.05), (0.15, 0.028)), Role.CLOTH),
            Part(arc((x, y - 0.05), (0.07, 0.09), (math.pi, 2 * math.pi)), Role.CLOTH),
        ]
    if worn == "turban":
        return [
            Part(ellipse((x, y - 0.06), (0.095, 0.055)), Role.LIGHT, pattern="stripes"),
            Part(ellipse((x, y - 0.1), (0.03, 0.03)), Role.METAL),
        ]
    if worn == "helmet":
        plume = smooth(
            [(x, y - 0.1), (x + 0.08, y - 0.2), (x + 0.17, y - 0.1), (x + 0.08, y - 0.12)]
        )
        dome = arc((x, y - 0.02), (0.08, 0.09), (math.pi, 2 * math.pi))
        return [Part(plume, Role.LINING), Part(dome, Role.METAL)]
    if worn == "wreath":
        ring = arc((x, y - 0.04), (0.07, 0.035), (math.pi, 2 * math.pi))[::4]
        return [Part(ellipse((px, py), (0.022, 0.016)), Role.LEAF) for px, py in ring]
    return []


def held(hand: Pair, angle: float, item: str) -> list[Part]:
    """A thing in the hand at `hand` of a forearm at `angle`."""
    x, y = hand
    if item == "staff":
        pole = np.array([(x, y - 0.42), (x, y + 0.4)])
        return [
            Part(pole, Role.DARK, width=0.02),
            Part(star((x, y - 0.45), (0.06, 0.03), 6), Role.METAL),
        ]
    if item == "sword":
        tip = towards(hand, angle + math.pi / 2, 0.42)
        guard = [towards(hand, angle, 0.06), towards(hand, angle, -0.06)]
        return [
            Part(limb(hand, tip, (0.035, 0.012)), Role.LIGHT),
            Part(np.array(guard), Role.METAL, width=0.022),
        ]
    if item == "banner":
        cloth = smooth(
            [
                (x, y - 0.5),
                (x + 0.18, y - 0.54),
                (x + 0.36, y - 0.46),
                (x + 0.34, y - 0.3),
                (x + 0.17, y - 0.34),
                (x, y - 0.28),
            ]
        )
        pole = np.array([(x, y - 0.55), (x, y + 0.25)])
        return [
            Part(pole, Role.DARK, width=0.018),
            Part(cloth, Role.LINING, pattern="checks", second=Role.LIGHT),
        ]
    return _small_thing(hand, item)


def _small_thing(hand: Pair, item: str) -> list[Part]:
    x, y = hand
    if item == "book":
        pages = rectangle(x - 0.075, y - 0.075, x + 0.075, y + 0.045)
        return [
            Part(pages, Role.LIGHT),
            Part(np.array([(x, y - 0.075), (x, y + 0.045)]), Role.DARK, width=0.01),
        ]
    if item == "orb":
        cross = np.array([(x, y - 0.09), (x, y - 0.2)])
        return [
            Part(cross, Role.METAL, width=0.02),
            Part(ellipse((x, y - 0.06), (0.065, 0.065)), Role.METAL),
        ]
    if item == "jug":
        belly = smooth(
            [
                (x - 0.03, y - 0.14),
                (x + 0.03, y - 0.14),
                (x + 0.08, y),
                (x, y + 0.07),
                (x - 0.08, y),
            ]
        )
        return [Part(belly, Role.LIGHT, pattern="stripes", second=Role.DARK)]
    if item == "lyre":
        frame = smooth(
            [(x - 0.1, y - 0.2), (x - 0.06, y + 0.03), (x + 0.06, y + 0.03), (x + 0.1, y - 0.2)],
            closed=False,
        )
        strings = [
            Part(np.array([(x + k, y - 0.16), (x + k, y + 0.02)]), Role.LIGHT, width=0.006)
            for k in (-0.03, 0, 0.03)
        ]
        return [*strings, Part(frame, Role.METAL, width=0.03)]
    if item == "branch":
        stem = np.array([(x, y + 0.05), (x + 0.03, y - 0.3)])
        leaves = [
            Part(ellipse((x + 0.05 * side, y - 0.08 * k), (0.05, 0.02), -side * 0.5), Role.LEAF)
            for k in range(1, 4)
            for side in (-1, 1)
        ]
        return [Part(stem, Role.DARK, width=0.012), *leaves]
    if item == "lantern":
        chain = np.array([(x, y), (x, y + 0.07)])
        return [
            Part(chain, Role.DARK, width=0.01),
            Part(rectangle(x - 0.045, y + 0.07, x + 0.045, y + 0.19), Role.METAL),
        ]
    return []
