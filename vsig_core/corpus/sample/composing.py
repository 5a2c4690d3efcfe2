"""A sample from real pictures: a part of one placed in others."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from vsig_core.corpus.sample.looks import LOOKS
from vsig_core.corpus.sample.making import LONGER_SIDE, Made, Progress, SampleReport, make_sample
from vsig_core.corpus.sample.pictures import Box, Picture, mirrored, soft_mask
from vsig_core.corpus.sample.plan import MIN_IMAGES, MIN_MOTIFS, Plan, draw_plan
from vsig_core.corpus.sample.records import Shown
from vsig_core.errors import InputError

_EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"})
# Cosine of centred thumbnails above which two pictures are taken for one work.
_ALIKE = 0.8
_THUMB = 16


@dataclass(frozen=True)
class _Placing:
    """A part of a picture in another one: centre and height in fractions of the host."""

    motif: int
    x: float
    y: float
    height: float
    mirrored: bool
    tint: tuple[float, float, float]


@dataclass(frozen=True)
class _Composition:
    """All that a copy repeats."""

    host: Path
    placings: tuple[_Placing, ...]
    look: str


@dataclass(frozen=True)
class _Source:
    """A picture and the window of it (fractions) that is the signature."""

    path: Path
    window: Box


def compose_sample(
    folder: Path,
    pictures: Path,
    *,
    images: int = 600,
    motifs: int = 80,
    seed: int = 7,
    progress: Progress | None = None,
) -> SampleReport:
    """Compose a corpus with known signatures from real pictures.

    A signature is a part of one picture; its carriers are other pictures that
    the part was placed in (soft edges, mirrored, recoloured, rescaled), and the
    picture it comes from. Of pictures that look alike as thumbnails only one is
    used; what else the pictures have in common is not known to the truth.
    Rights are those of the pictures: publish is "none".

    Parameters
    ----------
    pictures
        A folder of pictures, searched with all its subfolders.

    Raises
    ------
    InputError
        When the counts are too small, there is no such folder, or it has too few
        different pictures.
    """
    if not pictures.is_dir():
        what = "is a file" if pictures.exists() else "does not exist"
        raise InputError(f"{pictures} {what}; wanted: a folder of pictures to compose from.")
    plan = draw_plan(images, motifs, np.random.default_rng([seed, 0]))
    rng = np.random.default_rng([seed, 2])
    found = _different_pictures(pictures)
    works = sum(entry.after is None for entry in plan.entries)
    if len(found) < works:
        fitting = max(MIN_IMAGES, int(images * len(found) / works) // 10 * 10)
        fewer = max(MIN_MOTIFS, fitting * motifs // images)
        raise InputError(
            f"{pictures} has {len(found)} different pictures; --images {images} --motifs {motifs} "
            f"needs {works}. Try --images {fitting} --motifs {fewer}."
        )
    order = [found[i] for i in rng.permutation(len(found)).tolist()]
    studio = _ComposingStudio(plan, order[:motifs], order[motifs:], rng)
    return make_sample(folder, plan, studio, seed, progress)


def _different_pictures(folder: Path) -> list[Path]:
    """All pictures of a folder that can be opened, each look once, in order of their paths."""
    kept: list[Path] = []
    thumbs = np.zeros((0, _THUMB**2))
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in _EXTENSIONS):
        looks = _thumbnails(path)
        if looks is None or (thumbs @ looks.T > _ALIKE).any():
            continue
        kept.append(path)
        thumbs = np.concatenate([thumbs, looks])
    return kept


def _thumbnails(path: Path) -> NDArray[np.float64] | None:
    """The whole and its middle square, so that a cropped photograph is known again."""
    try:
        with Image.open(path) as image:
            image.draft("L", (8 * _THUMB, 8 * _THUMB))
            grey = image.convert("L")
    except (OSError, ValueError):
        return None
    views = [grey.resize((_THUMB, _THUMB)), ImageOps.fit(grey, (_THUMB, _THUMB))]
    looks = np.stack([np.asarray(view, dtype=np.float64).ravel() for view in views])
    looks -= looks.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(looks, axis=1, keepdims=True)
    return looks / lengths if lengths.min() > 0 else None


class _ComposingStudio:
    """Places parts of source pictures in host pictures."""

    def __init__(
        self, plan: Plan, sources: list[Path], hosts: list[Path], rng: np.random.Generator
    ) -> None:
        self._sources = [_Source(path, _draw_window(path, rng)) for path in sources]
        # Settled before any is made: works are made side by side, in no order.
        self._shown_by = _first_alone(plan)
        works = (index for index, entry in enumerate(plan.entries) if entry.after is None)
        shown = set(self._shown_by.values())
        placed = [index for index in works if index not in shown]
        self._hosts = dict(zip(placed, hosts, strict=False))
        self.titles = [f"detail {n + 1} of {s.path.stem}" for n, s in enumerate(self._sources)]
        self.kinds = [f"tone {int(_mean_tone(source.path) * 5)}" for source in self._sources]

    def work(
        self, index: int, motifs: tuple[int, ...], rng: np.random.Generator
    ) -> Made[_Composition]:
        if len(motifs) == 1 and self._shown_by[motifs[0]] == index:
            source = self._sources[motifs[0]]
            composition = _Composition(source.path, (), "as it is")
            return Made(Picture(_opened(source.path), {motifs[0]: source.window}), composition)
        room = 1 / max(1, len(motifs))
        placings = tuple(_draw_placing(m, k, room, rng) for k, m in enumerate(motifs))
        look = str(rng.choice(["as it is", "toned", "print", "drawing"], p=(0.64, 0.14, 0.12, 0.1)))
        return self._composed(_Composition(self._hosts[index], placings, look), rng)

    def copy(self, model: Made[_Composition], rng: np.random.Generator) -> Made[_Composition]:
        others = [look for look in LOOKS if look != model.spec.look]
        picture = model.picture
        look = str(rng.choice(others))
        image = LOOKS[look](picture.image, rng)
        image = ImageEnhance.Color(image).enhance(float(rng.uniform(0.5, 1.3)))
        copied = Picture(image, picture.boxes)
        copied = mirrored(copied) if rng.random() < 0.4 else copied
        return Made(copied, _Composition(model.spec.host, model.spec.placings, look))

    def shown(self, made: Made[_Composition], motifs: tuple[int, ...]) -> Shown:  # noqa: ARG002
        used = [made.spec.host, *(self._sources[p.motif].path for p in made.spec.placings)]
        names = ", ".join(path.name for path in used)
        return Shown((), f"composed from {names}", rights=f"as of {names}", publish="none")

    def _composed(self, composition: _Composition, rng: np.random.Generator) -> Made[_Composition]:
        image = _opened(composition.host)
        boxes: dict[int, Box] = {}
        for placing in composition.placings:
            source = self._sources[placing.motif]
            boxes[placing.motif] = _place(image, _part(source), placing)
        image = LOOKS[composition.look](image, rng)
        return Made(Picture(image, boxes), composition)


def _first_alone(plan: Plan) -> dict[int, int]:
    """Signature to the first work that carries it alone: the picture that it comes from."""
    found: dict[int, int] = {}
    for index, entry in enumerate(plan.entries):
        if entry.after is None and len(entry.motifs) == 1:
            found.setdefault(entry.motifs[0], index)
    return found


def _draw_window(path: Path, rng: np.random.Generator) -> Box:
    """Of a few windows the one with most in it."""
    grey = Picture(_opened(path).convert("L"), {})
    windows: list[Box] = []
    for _ in range(8):
        wide, high = rng.uniform(0.45, 0.7), rng.uniform(0.45, 0.7)
        left, top = rng.uniform(0.08, 0.92 - wide), rng.uniform(0.05, 0.92 - high)
        windows.append((left, top, left + wide, top + high))
    return max(windows, key=lambda window: float(np.asarray(grey.cropped(window).image).std()))


def _draw_placing(motif: int, place: int, room: float, rng: np.random.Generator) -> _Placing:
    """In the `place`-th of equal parts of the host, each `room` wide."""
    height = float(rng.uniform(0.5, 0.85)) * (0.75 if room < 1 else 1)
    return _Placing(
        motif=motif,
        x=(place + 0.5 + float(rng.uniform(-0.12, 0.12))) * room,
        y=float(rng.uniform(0.4, 0.6)),
        height=height,
        mirrored=bool(rng.random() < 0.4),
        tint=(_gain(rng), _gain(rng), _gain(rng)),
    )


def _gain(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.75, 1.2))


def _opened(path: Path) -> Image.Image:
    """RGB, at most the sample's largest side."""
    with Image.open(path) as image:
        image.draft("RGB", (LONGER_SIDE[1], LONGER_SIDE[1]))
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((LONGER_SIDE[1], LONGER_SIDE[1]))
    return upright


def _mean_tone(path: Path) -> float:
    """Brightness in [0, 1)."""
    return float(np.asarray(_opened(path).convert("L")).mean()) / 256


def _part(source: _Source) -> Image.Image:
    return Picture(_opened(source.path), {}).cropped(source.window).image


def _place(host: Image.Image, part: Image.Image, placing: _Placing) -> Box:
    """Paste the part into the host, in place; returns where it is seen."""
    high = placing.height * host.height
    wide = min(high * part.width / part.height, host.width * 0.9)
    size = (max(8, round(wide)), max(8, round(wide * part.height / part.width)))
    fitted = part.resize(size, Image.Resampling.BICUBIC)
    fitted = ImageOps.mirror(fitted) if placing.mirrored else fitted
    channels = [
        band.point([min(255, round(v * gain)) for v in range(256)])
        for band, gain in zip(fitted.split(), placing.tint, strict=True)
    ]
    left = round(placing.x * host.width - size[0] / 2)
    top = round(placing.y * host.height - size[1] / 2)
    mask = soft_mask(size, 0.14 * min(size))
    host.paste(Image.merge("RGB", channels), (left, top), mask)
    return (
        max(0.0, left / host.width),
        max(0.0, top / host.height),
        min(1.0, (left + size[0]) / host.width),
        min(1.0, (top + size[1]) / host.height),
    )
