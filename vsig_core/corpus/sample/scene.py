"""A composition: a ground, figures in their places, and how one object shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vsig_core.corpus.sample.canvas import Canvas
from vsig_core.corpus.sample.figure import Figure
from vsig_core.corpus.sample.grounds import GROUNDS
from vsig_core.corpus.sample.media import MEDIA, Sheet
from vsig_core.corpus.sample.motifs import KINDS, draw_figure
from vsig_core.corpus.sample.palettes import PALETTES, colour_figure
from vsig_core.corpus.sample.pictures import Box, Picture, bordered, mirrored, to_image

_LONGER_SIDE = (420, 640)
_ASPECTS = (0.68, 0.75, 0.8, 1.0, 1.25, 1.33, 1.5)
# A signature mostly stays near the workshop it comes from: the shares of its pictures that
# keep its medium, its colours, its ground. They set how hard the sample is
# (benchmarks/sample_difficulty.py).
HOME_MEDIUM, HOME_COLOURS, HOME_GROUND = 0.85, 0.9, 0.6
# Share of the copies that are replicas in the same medium.
REPLICAS = 0.45
# Drawings often have no ground at all.
_BARE = {"pen": 0.6, "chalk": 0.7, "engraving": 0.15, "woodcut": 0.2}


@dataclass(frozen=True)
class Home:
    """Where a signature comes from; what its pictures often keep of it."""

    medium: str
    palette: int
    ground: str
    ground_seed: int


@dataclass(frozen=True)
class Lead:
    """A signature as a scene needs it; `colours` is the seed of its colours at home."""

    kind: str
    figure: Figure
    home: Home
    colours: int


@dataclass(frozen=True)
class Actor:
    """A figure of a kind in its place: centre and foot in fractions of the picture, height too.

    `colours` is the palette and the seed of its colours where it is not recoloured.
    """

    kind: str
    figure: Figure
    colours: tuple[int, int]
    motif: int | None
    x: float
    foot: float
    height: float
    mirrored: bool


@dataclass(frozen=True)
class Scene:
    """All that a copy repeats. Actors stand back to front."""

    width: int
    height: int
    ground: str
    ground_seed: int
    actors: tuple[Actor, ...]


@dataclass(frozen=True)
class Look:
    """All that differs from one copy to the next; figures that are not `recoloured` keep theirs."""

    medium: str
    palette: int
    mirrored: bool
    recoloured: bool
    seed: int


def draw_home(rng: np.random.Generator) -> Home:
    """The workshop of a signature."""
    return Home(
        medium=str(rng.choice(list(MEDIA))),
        palette=int(rng.integers(len(PALETTES))),
        ground=str(rng.choice(list(GROUNDS))),
        ground_seed=int(rng.integers(2**31)),
    )


def draw_scene(leads: Mapping[int, Lead], rng: np.random.Generator) -> Scene:
    """A new composition around some signatures (none, one or two)."""
    aspect = float(rng.choice(_ASPECTS[3:] if len(leads) > 1 else _ASPECTS))
    longer = int(rng.integers(*_LONGER_SIDE))
    width, height = (
        (longer, round(longer / aspect)) if aspect >= 1 else (round(longer * aspect), longer)
    )
    leading = _place_leads(leads, width / height, rng)
    others = _place_others(width / height, len(leads), rng)
    ground, seed = str(rng.choice(list(GROUNDS))), int(rng.integers(2**31))
    if leads and rng.random() < HOME_GROUND:
        home = next(iter(leads.values())).home
        ground, seed = home.ground, home.ground_seed
    front = [other for other in others if other.foot > 0.95]
    back = [other for other in others if other.foot <= 0.95]
    return Scene(width, height, ground, seed, (*back, *leading, *front))


def _place_leads(leads: Mapping[int, Lead], aspect: float, rng: np.random.Generator) -> list[Actor]:
    room = 1.0 / max(1, len(leads))
    actors = []
    for k, motif in enumerate(rng.permutation(list(leads)).tolist()):
        figure, home = leads[motif].figure, leads[motif].home
        widest = 0.94 * room * aspect / figure.aspect()
        height = min(rng.uniform(0.66, 0.93), widest)
        slack = max(0.0, room - height * figure.aspect() / aspect)
        x = k * room + room / 2 + rng.uniform(-0.45, 0.45) * slack
        foot = rng.uniform(max(height, 0.86), 0.98) if height > 0.5 else rng.uniform(0.72, 0.95)
        if len(leads) == 1 and rng.random() < 0.14:
            # A figure that the edge of the picture cuts.
            foot += height * rng.uniform(0.1, 0.28)
            height *= 1.15
        turned = bool(rng.random() < 0.4)
        colours = (home.palette, leads[motif].colours)
        actors.append(
            Actor(leads[motif].kind, figure, colours, motif, x, min(foot, 1.3), height, turned)
        )
    return actors


def _place_others(aspect: float, leads: int, rng: np.random.Generator) -> list[Actor]:
    """Figures seen nowhere else; larger where no signature leads."""
    actors = []
    kinds = list(KINDS)
    weights = np.array([weight for weight, _ in KINDS.values()], dtype=np.float64)
    count = int(rng.choice(3, p=(0.65, 0.25, 0.1))) if leads else int(rng.integers(1, 4))
    for k in range(count):
        kind = str(rng.choice(kinds, p=weights / weights.sum()))
        figure = draw_figure(kind, rng)
        tallest = 0.4 if leads else (0.9 if k == 0 else 0.45)
        height = min(rng.uniform(0.6, 1.0) * tallest, 0.9 * aspect / figure.aspect())
        near = rng.random() < 0.15 and not leads
        foot = rng.uniform(0.98, 1.1) if near else rng.uniform(0.66, 0.92)
        colours = (int(rng.integers(len(PALETTES))), int(rng.integers(2**31)))
        turned = bool(rng.random() < 0.5)
        actors.append(
            Actor(kind, figure, colours, None, rng.uniform(0.08, 0.92), foot, height, turned)
        )
    return actors[::-1]


def draw_look(rng: np.random.Generator, home: Home | None) -> Look:
    """How the first picture of a composition looks."""
    look = Look(
        medium=str(rng.choice(list(MEDIA))),
        palette=int(rng.integers(len(PALETTES))),
        mirrored=False,
        recoloured=home is None or bool(rng.random() > HOME_COLOURS),
        seed=int(rng.integers(2**31)),
    )
    if home and rng.random() < HOME_MEDIUM:
        look = replace(look, medium=home.medium)
    return look if look.recoloured or not home else replace(look, palette=home.palette)


def draw_copy(look: Look, rng: np.random.Generator) -> Look:
    """How a copy looks: a replica of the workshop, or another medium, often reversed (a print)."""
    replica = rng.random() < REPLICAS
    others = [medium for medium in MEDIA if medium != look.medium]
    return Look(
        medium=look.medium if replica else str(rng.choice(others)),
        palette=look.palette if rng.random() < 0.65 else int(rng.integers(len(PALETTES))),
        mirrored=not replica and bool(rng.random() < 0.5),
        recoloured=look.recoloured or bool(rng.random() < 0.3),
        seed=int(rng.integers(2**31)),
    )


def paint(scene: Scene, look: Look) -> Picture:
    """The scene in a medium, with the border that goes with it."""
    rng = np.random.default_rng(look.seed)
    palette = PALETTES[look.palette]
    canvas = Canvas(scene.width, scene.height)
    bare = rng.random() < _BARE.get(look.medium, 0.0)
    ground = "blank" if bare else scene.ground
    GROUNDS[ground](canvas, palette, np.random.default_rng(scene.ground_seed))
    boxes: dict[int, Box] = {}
    for actor in scene.actors:
        placed, size = _placed(actor, scene)
        colours = colour_figure(palette, rng)
        if not look.recoloured:
            own, seed = actor.colours
            colours = colour_figure(PALETTES[own], np.random.default_rng(seed))
        canvas.figure(placed, colours, size)
        if actor.motif is not None:
            boxes[actor.motif] = _box(placed, scene)
    pixels = MEDIA[look.medium].render(Sheet(canvas, palette, rng))
    picture = Picture(to_image(pixels), boxes)
    picture = mirrored(picture) if look.mirrored else picture
    return bordered(picture, MEDIA[look.medium].border, rng)


def _placed(actor: Actor, scene: Scene) -> tuple[Figure, float]:
    size = actor.height * scene.height
    scale = (-size if actor.mirrored else size, size)
    return actor.figure.moved((actor.x * scene.width, actor.foot * scene.height), scale), size


def _box(figure: Figure, scene: Scene) -> Box:
    left, top, right, bottom = figure.bounds()
    return (
        max(0.0, left / scene.width),
        max(0.0, top / scene.height),
        min(1.0, right / scene.width),
        min(1.0, bottom / scene.height),
    )


def without_one(scene: Scene, rng: np.random.Generator) -> Scene:
    """The scene as a copyist changes it: now and then a minor figure is left out."""
    minor: Sequence[int] = [i for i, actor in enumerate(scene.actors) if actor.motif is None]
    if not minor or rng.random() < 0.5:
        return scene
    dropped = int(rng.choice(minor))
    actors = tuple(a for i, a in enumerate(scene.actors) if i != dropped)
    return Scene(scene.width, scene.height, scene.ground, scene.ground_seed, actors)
