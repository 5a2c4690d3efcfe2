"""How a real picture looks when it was copied in another medium."""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from vsig_core.corpus.sample.media import PAPERS, Pixels


def _as_it_is(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(float(rng.uniform(0.85, 1.15)))


def _toned(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    dark, light = [(20, 18, 24), (48, 30, 20)][int(rng.integers(2))], (240, 228, 205)
    return ImageOps.colorize(ImageOps.autocontrast(image.convert("L")), dark, light)


def _printed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Hatched: lines that are as thick as the picture is dark."""
    tone = np.asarray(ImageOps.autocontrast(image.convert("L")), dtype=np.float32) / 255
    y, x = np.mgrid[0 : tone.shape[0], 0 : tone.shape[1]]
    angle, period = rng.uniform(-0.9, 0.9), rng.uniform(4, 6)
    screen = np.abs(((x * np.sin(angle) + y * np.cos(angle)) / period) % 1 * 2 - 1)
    ink = np.clip((0.95 - tone - screen) * 3 + 0.5, 0, 1)
    return _on_paper(ink, rng)


def _drawn(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Lines where the picture changes."""
    grey = image.convert("L").filter(ImageFilter.GaussianBlur(1.2))
    edges = np.asarray(grey.filter(ImageFilter.FIND_EDGES), dtype=np.float32) / 255
    edges[:2], edges[-2:], edges[:, :2], edges[:, -2:] = 0, 0, 0, 0
    return _on_paper(np.clip(edges * 4 - 0.1, 0, 0.9), rng)


def _on_paper(ink: Pixels, rng: np.random.Generator) -> Image.Image:
    paper = np.array(PAPERS[int(rng.integers(len(PAPERS)))])
    pixels = paper * (1 - ink[..., None]) + np.array([0.16, 0.12, 0.1]) * ink[..., None]
    return Image.fromarray((pixels * 255).astype(np.uint8))


LOOKS: Mapping[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "as it is": _as_it_is,
    "toned": _toned,
    "print": _printed,
    "drawing": _drawn,
}
