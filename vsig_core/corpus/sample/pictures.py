"""A finished picture with the places of its motifs, and its border."""

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from vsig_core.corpus.sample.media import PAPERS, Pixels

# Left, top, right, bottom; fractions of the picture, inside [0, 1].
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Picture:
    """An RGB image and the box of each motif that is seen in it."""

    image: Image.Image
    boxes: Mapping[int, Box]

    def cropped(self, window: Box) -> "Picture":
        """The part of the picture inside a window; motifs less than a third inside are dropped."""
        w, h = self.image.size
        pixels = (
            round(window[0] * w),
            round(window[1] * h),
            round(window[2] * w),
            round(window[3] * h),
        )
        wide, high = window[2] - window[0], window[3] - window[1]
        boxes = {}
        for motif, box in self.boxes.items():
            seen = (
                max(0.0, (box[0] - window[0]) / wide),
                max(0.0, (box[1] - window[1]) / high),
                min(1.0, (box[2] - window[0]) / wide),
                min(1.0, (box[3] - window[1]) / high),
            )
            if area(seen) * wide * high > area(box) / 3:
                boxes[motif] = seen
        return Picture(self.image.crop(pixels), boxes)

    def fitted(self, longer: int) -> "Picture":
        """Scaled so that the longer side has `longer` pixels."""
        scale = longer / max(self.image.size)
        size = (max(1, round(self.image.width * scale)), max(1, round(self.image.height * scale)))
        return Picture(self.image.resize(size, Image.Resampling.BICUBIC), self.boxes)


def area(box: Box) -> float:
    """Of a box; 0 where it is empty."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def to_image(pixels: Pixels) -> Image.Image:
    """Pixels in [0, 1] as an 8-bit picture."""
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))


def bordered(picture: Picture, style: str, rng: np.random.Generator) -> Picture:
    """With a frame, an ornamental border, a plate mark or the sheet around it."""
    w, h = picture.image.size
    share = {"frame": 0.045, "ornament": 0.06, "plate": 0.05, "sheet": 0.03}.get(style, 0.0)
    margin = round(share * max(w, h) * rng.uniform(0.6, 1.3))
    if margin < 4 or rng.random() < 0.3:
        return picture
    size = (w + 2 * margin, h + 2 * margin)
    paper = np.array(PAPERS[int(rng.integers(len(PAPERS)))])
    if style == "frame":
        image = _frame(size, margin, rng)
    elif style == "ornament":
        image = _ornament(size, margin, rng)
    else:
        image = Image.new("RGB", size, tuple(round(v * 255) for v in paper.tolist()))
        if style == "plate":
            edge = (margin - 3, margin - 3, w + margin + 2, h + margin + 2)
            ImageDraw.Draw(image).rectangle(
                edge, outline=tuple(round(v * 190) for v in paper.tolist()), width=2
            )
    image.paste(picture.image, (margin, margin))
    boxes = {
        motif: (
            (box[0] * w + margin) / size[0],
            (box[1] * h + margin) / size[1],
            (box[2] * w + margin) / size[0],
            (box[3] * h + margin) / size[1],
        )
        for motif, box in picture.boxes.items()
    }
    return Picture(image, boxes)


def _frame(size: tuple[int, int], margin: int, rng: np.random.Generator) -> Image.Image:
    gold = np.array(
        [(196, 158, 84), (120, 84, 48), (60, 46, 38), (176, 150, 104)][int(rng.integers(4))]
    )
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    for k in range(margin):
        light = 0.65 + 0.45 * math.sin(math.pi * (k / margin) * 2.2) ** 2
        colour = tuple(min(255, round(v * light)) for v in gold.tolist())
        draw.rectangle((k, k, size[0] - 1 - k, size[1] - 1 - k), outline=colour)
    return image


def _ornament(size: tuple[int, int], margin: int, rng: np.random.Generator) -> Image.Image:
    ground, figure = (
        ((126, 44, 38), (222, 186, 110)) if rng.random() < 0.5 else ((38, 60, 88), (226, 206, 160))
    )
    image = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(image)
    step, radius = margin * float(rng.uniform(0.8, 1.4)), margin * 0.28
    for along, across in ((0, 1), (1, 0)):
        count = max(2, round(size[along] / step))
        for k in range(count):
            middle = (k + 0.5) * size[along] / count
            for edge in (margin / 2, size[across] - margin / 2):
                x, y = (middle, edge) if along == 0 else (edge, middle)
                draw.polygon(
                    [(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)],
                    fill=figure,
                )
    return image


def mirrored(picture: Picture) -> Picture:
    """Left and right exchanged."""
    boxes = {m: (1 - b[2], b[1], 1 - b[0], b[3]) for m, b in picture.boxes.items()}
    return Picture(ImageOps.mirror(picture.image), boxes)


def soft_mask(size: tuple[int, int], feather: float) -> Image.Image:
    """A rectangular mask with soft edges; `feather` in pixels."""
    w, h = size
    x = np.minimum(np.arange(w), np.arange(w)[::-1])[None, :] / max(1.0, feather)
    y = np.minimum(np.arange(h), np.arange(h)[::-1])[:, None] / max(1.0, feather)
    ramp = np.clip(x, 0, 1) * np.clip(y, 0, 1)
    smooth = ramp * ramp * (3 - 2 * ramp)
    return Image.fromarray((smooth * 255).astype(np.uint8))


def to_jpeg(picture: Picture, quality: int) -> bytes:
    """The bytes of the file."""
    out = io.BytesIO()
    picture.image.save(out, "JPEG", quality=quality)
    return out.getvalue()
