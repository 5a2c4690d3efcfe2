"""Colours that go together, and how a figure is coloured from them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsig_core.corpus.sample.figure import Role

Colours = NDArray[np.float64]


@dataclass(frozen=True)
class Palette:
    """sRGB in [0, 1]: sky, distance and land for grounds, the rest for figures."""

    sky: Colours
    distance: Colours
    land: Colours
    paper: Colours
    dark: Colours
    accents: Colours


def _rgb(words: str) -> Colours:
    return np.array([[int(w[i : i + 2], 16) / 255 for i in (0, 2, 4)] for w in words.split()])


def _palette(ground: str, accents: str) -> Palette:
    sky, distance, land, paper, dark = _rgb(ground)
    return Palette(sky, distance, land, paper, dark, _rgb(accents))


# sky, distance, land, paper, dark | accents
PALETTES = (
    _palette("a9c4cf 8aa29a 7d7a4e efe4c8 2b2420", "a3352b 2f4f7a c99a3b e8dcc0 5d6b3a 7a3b52"),
    _palette("e3d2a4 b98f5a 8a5a33 f1e6cd 30211a", "7c1f1f 1f4d4a d7b04c efe2c2 3b3b5e a8622d"),
    _palette("46617a 39505a 2f3b33 e6dcc4 14171c", "c8553d e0b04f 8fb0a9 f0e6d2 6e3b5a 3e6b8a"),
    _palette("d8c7c0 b59aa0 7f8f7a f3eadb 2c2530", "b5566a 5b7aa0 dfb36a f4e9dc 6f8a5f 8a4f3a"),
    _palette("c8b06a a88a3f 6f5a2c f0e2b8 2a1c14", "8f1d1d 1c3f73 efe0b8 2f6b4a c06a2a 4a2c5a"),
    _palette("b7cbb5 86a58d 5d7a55 ece8d2 1f2a24", "c4472f e4c15a 2c5a66 f2ead6 8a6a3f a37aa0"),
    _palette("8f9aa6 6f7884 575047 dfd9cc 1d1b1f", "9c4a3a c7a25e 47607a ece4d6 5f6b4f 7d5a74"),
    _palette("f0cfa0 d99a6c a0593f f4e4cb 36201c", "7b2d3b 2d5d6b e9b44c f6ead2 5a7247 b8563f"),
    _palette("2e2f4a 3c3f57 22262e e2d6c0 0f0e14", "d6a24a a6413a 6f8fb0 efe6d2 587a63 8d5a86"),
    _palette("cfd6c4 a7b08f 8c8f5a f2edd9 2a2a1e", "38618c a83f39 d9a93f f5efdc 4f7a52 6a4a3a"),
)

_SKINS = _rgb("e6c3a0 d9ab84 c48d66 efd3b5 a8714e")
_METALS = _rgb("d2a544 c9b27a b08a3c d8c48c")
_COATS = _rgb("d9cbb0 8a5f3e 4a3a33 b5763f c9c2b8 6d6a66 efe6d6")


def colour_figure(palette: Palette, rng: np.random.Generator) -> Colours:
    """One colour for each role, shape (number of roles, 3)."""
    cloth, lining, light, leaf = rng.permutation(palette.accents)[:4]
    colours = np.zeros((len(Role), 3))
    colours[Role.SKIN] = rng.choice(_SKINS)
    colours[Role.CLOTH] = cloth
    colours[Role.LINING] = lining
    colours[Role.METAL] = rng.choice(_METALS)
    colours[Role.DARK] = palette.dark + rng.uniform(0, 0.12)
    colours[Role.LIGHT] = light * 0.5 + palette.paper * 0.5
    colours[Role.LEAF] = leaf * 0.35 + np.array([0.33, 0.42, 0.22]) * 0.65
    colours[Role.COAT] = rng.choice(_COATS) if rng.random() < 0.6 else light
    return np.clip(colours + rng.normal(0, 0.02, colours.shape), 0, 1)


def blend(first: Colours, second: Colours, share: float) -> Colours:
    """`share` of the second colour in the first."""
    return first * (1 - share) + second * share


def draw_palette(rng: np.random.Generator) -> Palette:
    """One of the palettes."""
    return PALETTES[int(rng.integers(len(PALETTES)))]
