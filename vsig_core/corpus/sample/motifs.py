"""The kinds of figures, and one figure of a kind from a seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from vsig_core.corpus.sample import beasts, buildings, people, things
from vsig_core.corpus.sample.figure import Figure

# How often a kind is drawn; people lead, as in most collections.
KINDS: Mapping[str, tuple[int, Callable[[np.random.Generator], Figure]]] = {
    "figure": (4, people.person),
    "pair": (4, people.pair),
    "trio": (3, people.trio),
    "flying figure": (2, people.floating),
    "beast": (2, beasts.quadruped),
    "rider": (4, beasts.rider),
    "bird": (3, beasts.bird),
    "sea beast": (2, beasts.sea_beast),
    "dragon": (2, beasts.dragon),
    "building": (3, buildings.building),
    "ship": (3, things.ship),
    "vase": (3, things.vase),
    "tree": (2, things.tree),
    "shield": (2, things.shield),
    "sun": (1, things.sun),
}

_EPITHETS = (
    "of the ford", "with the lamp", "at rest", "in wind", "of May", "of the hours", "turning",
    "with one shoe", "of the gate", "in arms", "at dawn", "listening", "of the island", "crowned",
    "of the well", "by night", "of the bridge", "in haste", "of winter", "unbound",
)  # fmt: skip


@dataclass(frozen=True)
class Motif:
    """One signature: a figure that travels, and what people call it."""

    kind: str
    name: str
    figure: Figure


def kinds_in_turn(count: int, rng: np.random.Generator) -> list[str]:
    """`count` kinds in shuffled order, each as often as its weight says."""
    deck = [kind for kind, (weight, _) in KINDS.items() for _ in range(weight)]
    turns = [list(rng.permutation(deck)) for _ in range(count // len(deck) + 1)]
    return [str(kind) for turn in turns for kind in turn][:count]


def draw_figure(kind: str, rng: np.random.Generator) -> Figure:
    """A figure of a kind, with proportions, pose and attributes of its own."""
    return KINDS[kind][1](rng)


def draw_motif(kind: str, number: int, rng: np.random.Generator) -> Motif:
    """The `number`-th signature (from 0); names are unique."""
    epithet = _EPITHETS[number % len(_EPITHETS)]
    again = "" if number < len(_EPITHETS) else f" {number // len(_EPITHETS) + 1}"
    return Motif(kind, f"{kind} {epithet}{again}", draw_figure(kind, rng))
