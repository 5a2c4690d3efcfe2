"""What photography does to a picture: light, crops, second photographs, details."""

import numpy as np
from PIL import Image, ImageEnhance

from vsig_core.corpus.sample.media import noise
from vsig_core.corpus.sample.pictures import Picture, to_image


def photographed(picture: Picture, rng: np.random.Generator) -> Picture:
    """Uneven light and a slight cast, as any reproduction has."""
    pixels = np.asarray(picture.image, dtype=np.float32) / 255
    shape = (pixels.shape[0], pixels.shape[1])
    light = 1 + 0.05 * noise(rng, shape, (shape[0], shape[1]))
    cast = 1 + rng.uniform(-0.03, 0.03, 3)
    grain = 0.008 * rng.standard_normal(shape, dtype=np.float32)
    return Picture(
        to_image(pixels * light[..., None] * cast.astype(np.float32) + grain[..., None]),
        picture.boxes,
    )


def rephotographed(picture: Picture, rng: np.random.Generator) -> Picture:
    """Another photograph of the same object: slightly turned, cropped, exposed otherwise."""
    turned = picture.image.rotate(rng.uniform(-1.2, 1.2), Image.Resampling.BICUBIC)
    edges = rng.uniform(0.02, 0.05, 4)
    near = Picture(turned, picture.boxes).cropped((edges[0], edges[1], 1 - edges[2], 1 - edges[3]))
    image = ImageEnhance.Brightness(near.image).enhance(float(rng.uniform(0.8, 1.2)))
    image = ImageEnhance.Color(image).enhance(float(rng.choice([0.0, 0.7, 1.15])))
    return photographed(Picture(image, near.boxes), rng)


def detail(picture: Picture, motif: int | None, rng: np.random.Generator) -> Picture:
    """A part of the picture: about the motif where there is one."""
    middle = (0.2, 0.2, 0.75, 0.75)
    left, top, right, bottom = middle if motif is None else picture.boxes.get(motif, middle)
    aside = (right - left) * rng.uniform(-0.08, 0.12)
    above, below = (
        (bottom - top) * rng.uniform(-0.1, 0.03),
        (bottom - top) * rng.uniform(-0.15, 0.05),
    )
    window = (
        max(0.0, left - aside),
        max(0.0, top - above),
        min(1.0, right + aside),
        min(1.0, bottom + below),
    )
    return picture.cropped(window)


def second_view(picture: Picture, rng: np.random.Generator) -> Picture:
    """The object from somewhat nearer, in other light."""
    edges = rng.uniform(0.0, 0.14, 4)
    near = picture.cropped((edges[0], edges[1], 1 - edges[2], 1 - edges[3]))
    return rephotographed(near, rng)
