"""How a laid-out scene becomes a painting, a print or a drawing.

A medium takes the canvas and returns sRGB in [0, 1], shape (h, w, 3).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from vsig_core.corpus.sample.canvas import OVERSAMPLING, Canvas, slot_table
from vsig_core.corpus.sample.palettes import Palette

Pixels = NDArray[np.floating[Any]]

PAPERS = ((0.94, 0.90, 0.80), (0.91, 0.87, 0.77), (0.96, 0.94, 0.88), (0.86, 0.80, 0.67))
TINTED = ((0.66, 0.70, 0.74), (0.76, 0.68, 0.56), (0.62, 0.66, 0.58), (0.74, 0.62, 0.58))
INKS = ((0.13, 0.11, 0.10), (0.30, 0.19, 0.12), (0.20, 0.16, 0.20), (0.42, 0.20, 0.14))


@dataclass(frozen=True)
class Sheet:
    """What a medium may look at besides the canvas."""

    canvas: Canvas
    palette: Palette
    rng: np.random.Generator


def noise(rng: np.random.Generator, shape: tuple[int, int], cell: tuple[float, float]) -> Pixels:
    """Smooth noise in [-1, 1]; `cell` is the size of its grains (height, width), pixels."""
    rows, columns = (max(2, round(n / c) + 2) for n, c in zip(shape, cell, strict=True))
    grid = rng.random((rows, columns), dtype=np.float32) * 2 - 1
    return np.asarray(Image.fromarray(grid).resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


def _halved(layer: Image.Image) -> Pixels:
    return np.asarray(layer.reduce(OVERSAMPLING), dtype=np.float32) / 255


def _colours(sheet: Sheet) -> Pixels:
    canvas = sheet.canvas
    image = canvas.slots.copy()
    image.putpalette([round(v * 255) for v in canvas.colours.ravel().tolist()])
    return _halved(image.convert("RGB"))


def _brightness(sheet: Sheet) -> NDArray[np.float64]:
    """Luma of each slot."""
    return sheet.canvas.colours @ np.array([0.299, 0.587, 0.114])


def _tones(sheet: Sheet, contrast: float = 1.0) -> Image.Image:
    """The layer of brightness, at the layers' size."""
    tone = (_brightness(sheet) - 0.5) * contrast + 0.5
    return sheet.canvas.slots.point(slot_table(tone))


def _relief(sheet: Sheet, radius: float) -> Pixels:
    """Light from the upper left on rounded parts, about [-1, 1]."""
    height = sheet.rng.random(256)
    height[list(sheet.canvas.flat)] = 0.5
    bumps = sheet.canvas.slots.point(slot_table(height)).reduce(OVERSAMPLING)
    soft = np.asarray(bumps.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32) / 255
    rise = np.zeros_like(soft)
    rise[1:, 1:] = soft[1:, 1:] - soft[:-1, :-1]
    return np.clip(rise * radius * 1.5, -1, 1)


def _lines(sheet: Sheet, strength: float) -> Pixels:
    return (_halved(sheet.canvas.lines) * strength)[..., None]


def _shape(sheet: Sheet) -> tuple[int, int]:
    return sheet.canvas.height, sheet.canvas.width


def panel(sheet: Sheet) -> Pixels:
    """Oil or tempera: modelled, brushed, varnished."""
    rng, shape = sheet.rng, _shape(sheet)
    pixels = _colours(sheet)
    light = (
        0.35 * _relief(sheet, 5)
        + 0.07 * noise(rng, shape, (3, 14))
        + 0.08 * noise(rng, shape, (60, 90))
    )
    pixels = pixels * (1 + light)[..., None]
    pixels = pixels * (1 - _lines(sheet, 0.55))
    varnish = np.array([1.0, 0.965, 0.87], dtype=np.float32)
    return pixels * (varnish if rng.random() < 0.5 else 1)


def miniature(sheet: Sheet) -> Pixels:
    """Flat clear colours with firm contours on vellum."""
    rng, shape = sheet.rng, _shape(sheet)
    pixels = 0.5 + (_colours(sheet) - 0.5) * 1.15
    pixels = pixels + (0.04 * noise(rng, shape, (5, 5)))[..., None]
    return pixels * (1 - _lines(sheet, 0.85))


def fresco(sheet: Sheet) -> Pixels:
    """Faded colours on a stained and cracked wall."""
    rng, shape = sheet.rng, _shape(sheet)
    wall = np.array([0.86, 0.81, 0.71], dtype=np.float32)
    pixels = _colours(sheet) * (1 - _lines(sheet, 0.5)) * 0.76 + wall * 0.24
    stain = noise(rng, shape, (70, 70)) + 0.6 * noise(rng, shape, (18, 18))
    loss = (stain > 1.0)[..., None]
    pixels = np.where(loss, wall * 0.95, pixels)
    crack = np.abs(noise(rng, shape, (45, 45)) + 0.4 * noise(rng, shape, (11, 11))) < 0.012
    pixels = pixels * (1 - 0.3 * crack[..., None])
    return pixels * (1 + 0.06 * stain + 0.05 * noise(rng, shape, (2, 2)))[..., None]


def tapestry(sheet: Sheet) -> Pixels:
    """Woven: coarse threads, softened colours."""
    rng, (h, w) = sheet.rng, _shape(sheet)
    pixels = _colours(sheet) * (1 - _lines(sheet, 0.7))
    coarse = Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8)).reduce(3)
    woven = np.asarray(coarse.resize((w, h), Image.Resampling.NEAREST), dtype=np.float32) / 255
    y, x = np.mgrid[0:h, 0:w]
    thread = 0.1 * (np.where((x // 3 + y // 3) % 2, y % 3, x % 3) - 1).astype(np.float32)
    faded = woven * 0.85 + woven.mean(axis=2, keepdims=True) * 0.1 + 0.03
    return faded * (1 + thread + 0.06 * noise(rng, (h, w), (3, 30)))[..., None]


def grisaille(sheet: Sheet) -> Pixels:
    """Painted in one colour."""
    rng, shape = sheet.rng, _shape(sheet)
    tone = _halved(_tones(sheet, 1.1)) * (1 + 0.5 * _relief(sheet, 6)) + 0.05 * noise(
        rng, shape, (4, 10)
    )
    tone = np.clip(tone[..., None] * (1 - _lines(sheet, 0.5)), 0, 1)
    dark, light = (
        np.array(INKS[int(rng.integers(len(INKS)))]),
        np.array(PAPERS[int(rng.integers(len(PAPERS)))]),
    )
    return (dark + (light - dark) * tone).astype(np.float32)


def _screen(
    shape: tuple[int, int], period: float, angle: float, rng: np.random.Generator
) -> Pixels:
    """A field of hatching lines in [0, 1]: its share below t is t; lines waver a little."""
    h, w = shape
    y = np.arange(h, dtype=np.float32)[:, None]
    x = np.arange(w, dtype=np.float32)[None, :]
    phase = (x * np.float32(np.sin(angle)) + y * np.float32(np.cos(angle))) / np.float32(period)
    phase = phase + 0.35 * noise(rng, shape, (h / 6, w / 6)) + 0.08 * noise(rng, shape, (14, 14))
    return np.abs((phase % 1) * 2 - 1)


def _on_paper(sheet: Sheet, ink: Pixels) -> Pixels:
    """Ink (1 is full) on an aged sheet."""
    rng, shape = sheet.rng, _shape(sheet)
    paper = np.array(PAPERS[int(rng.integers(len(PAPERS)))], dtype=np.float32)
    colour = np.array(INKS[int(rng.integers(len(INKS)))], dtype=np.float32)
    age = 1 + 0.04 * noise(rng, shape, (80, 80)) + 0.03 * noise(rng, shape, (2, 3))
    return (paper * age[..., None]) * (1 - ink[..., None]) + colour * ink[..., None]


def engraving(sheet: Sheet) -> Pixels:
    """Hatching, crossed in the darks."""
    rng = sheet.rng
    size = sheet.canvas.slots.size
    lift = Image.fromarray((128 + 100 * _relief(sheet, 6)).astype(np.uint8)).resize(
        size, Image.Resampling.BILINEAR
    )
    light = (
        np.asarray(_tones(sheet, 1.2), dtype=np.float32) / 255
        + (np.asarray(lift, dtype=np.float32) - 128) / 255
    )
    dark = np.clip(0.82 - light, 0, 0.9)
    period, angle = rng.uniform(6.5, 9.5), rng.uniform(-0.9, 0.9)
    first = _screen((size[1], size[0]), period, angle, rng) < dark
    second = _screen((size[1], size[0]), period, angle + rng.uniform(0.9, 1.5), rng) < dark - 0.34
    ink = np.where(first | second, 255, 0).astype(np.uint8)
    return _on_paper(
        sheet, np.maximum(_halved(Image.fromarray(ink)), _halved(sheet.canvas.lines)) * 0.92
    )


def woodcut(sheet: Sheet) -> Pixels:
    """Thick lines, few tones, sometimes coloured by hand."""
    rng, shape = sheet.rng, _shape(sheet)
    thick = sheet.canvas.lines.filter(ImageFilter.MaxFilter(5))
    light = np.asarray(_tones(sheet, 1.4), dtype=np.float32) / 255
    size = sheet.canvas.slots.size
    screen = _screen((size[1], size[0]), rng.uniform(13, 18), rng.uniform(-0.4, 0.4), rng)
    cut = np.where((screen < np.clip(0.62 - light, 0, 0.6)), 255, 0).astype(np.uint8)
    ink = np.maximum(_halved(Image.fromarray(cut)), _halved(thick))
    ink = ink * (0.9 + 0.15 * noise(rng, shape, (2, 2)))
    pixels = _on_paper(sheet, np.clip(ink, 0, 1))
    if rng.random() < 0.4:
        pixels = pixels * (0.45 + 0.55 * np.sqrt(_colours(sheet)))
    return pixels


def pen(sheet: Sheet) -> Pixels:
    """Pen lines, with or without a wash."""
    rng, shape = sheet.rng, _shape(sheet)
    ink = _halved(sheet.canvas.lines) * (1.1 + 0.3 * noise(rng, shape, (9, 9)))
    if rng.random() < 0.5:
        wash = np.clip(0.6 - _halved(_tones(sheet)), 0, 1) * (
            0.7 + 0.3 * noise(rng, shape, (25, 25))
        )
        ink = np.maximum(ink, wash * 0.75)
    return _on_paper(sheet, np.clip(ink, 0, 1))


def chalk(sheet: Sheet) -> Pixels:
    """Soft dark lines and white heightening on tinted paper."""
    rng, shape = sheet.rng, _shape(sheet)
    paper = np.array(TINTED[int(rng.integers(len(TINTED)))], dtype=np.float32)
    grain = 0.75 + 0.5 * noise(rng, shape, (1.6, 1.6))
    soft = sheet.canvas.lines.filter(ImageFilter.GaussianBlur(2.2))
    tone = _halved(_tones(sheet, 1.2)) + 0.5 * _relief(sheet, 6)
    dark = np.clip(_halved(soft) * 1.5 + np.clip(0.42 - tone, 0, 1) * 0.9, 0, 1) * np.clip(
        grain, 0, 1.1
    )
    white = np.clip((tone - 0.74) * 2.2, 0, 0.75) * np.clip(grain, 0, 1.1)
    pixels = paper * (1 + 0.05 * noise(rng, shape, (3, 3)))[..., None]
    pixels = pixels + (0.97 - pixels) * np.clip(white, 0, 1)[..., None]
    ink = np.array(
        (0.2, 0.15, 0.13) if rng.random() < 0.6 else (0.45, 0.18, 0.12), dtype=np.float32
    )
    return pixels + (ink - pixels) * np.clip(dark, 0, 0.92)[..., None]


@dataclass(frozen=True)
class Medium:
    """A way to render, and the words a catalogue has for it."""

    render: Callable[[Sheet], Pixels]
    words: str
    border: str


MEDIA: Mapping[str, Medium] = {
    "panel": Medium(panel, "oil on panel", "frame"),
    "miniature": Medium(miniature, "miniature on vellum", "ornament"),
    "fresco": Medium(fresco, "fresco, detached", "none"),
    "tapestry": Medium(tapestry, "tapestry, wool", "ornament"),
    "grisaille": Medium(grisaille, "grisaille on canvas", "frame"),
    "engraving": Medium(engraving, "engraving", "plate"),
    "woodcut": Medium(woodcut, "woodcut", "plate"),
    "pen": Medium(pen, "pen and ink", "sheet"),
    "chalk": Medium(chalk, "chalk on tinted paper", "none"),
}
