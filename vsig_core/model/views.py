"""Augmented views of training pictures.

From the original's list (random crop, colour jitter 0.3, flip 0.3, rotation by
up to 5°), with grey views added, since a print and its painting share no colour.
"""

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

_SMALLEST_AREA = 0.4  # share of the picture that a crop keeps at least
_STRETCH = 4 / 3  # of a crop's proportions against the picture's own
_JITTER = 0.3
_FLIP = 0.3
_GREY = 0.2
_DEGREES = 5.0


def augmented(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """One view of an RGB picture, drawn at random; proportions change by a third at most."""
    image = _cropped(image, rng)
    if rng.random() < _FLIP:
        image = ImageOps.mirror(image)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = enhance(image).enhance(rng.uniform(1 - _JITTER, 1 + _JITTER))
    if rng.random() < _GREY:
        image = ImageOps.grayscale(image).convert("RGB")
    return image


def _cropped(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Turn by a few degrees and cut out a part, as one resampling of the source."""
    area = rng.uniform(_SMALLEST_AREA, 1)
    stretch = np.exp(rng.uniform(-np.log(_STRETCH), np.log(_STRETCH)))
    width = round(image.width * min(1, (area * stretch) ** 0.5))
    height = round(image.height * min(1, (area / stretch) ** 0.5))
    left = rng.integers(0, image.width - width + 1)
    top = rng.integers(0, image.height - height + 1)
    angle = np.deg2rad(rng.uniform(-_DEGREES, _DEGREES))
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = left + width / 2, top + height / 2
    # Maps a pixel of the view back to one of the source, turned about the crop's middle.
    matrix = (
        cos, -sin, x - cos * width / 2 + sin * height / 2,
        sin, cos, y - sin * width / 2 - cos * height / 2,
    )  # fmt: skip
    size = (max(1, width), max(1, height))
    corner = tuple(int(value) for value in np.asarray(image.resize((1, 1)))[0, 0])
    return image.transform(
        size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=corner
    )
