"""What contact sheets are drawn with: ground, ink, small pictures, words."""

import io

from PIL import Image, ImageFont

GROUND, INK, RED, BLUE = (244, 242, 238), (58, 56, 54), (196, 60, 40), (34, 98, 160)
GAP = 12


def small(data: bytes, side: int) -> Image.Image:
    """An encoded picture, its longer side that many pixels."""
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (2 * side, 2 * side))
        picture = image.convert("RGB")
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size)


def cut(name: str, most: int) -> str:
    """A name of at most so many letters, its middle left out."""
    if len(name) <= most:
        return name
    end = most // 2
    return f"{name[: most - end - 1]}…{name[-end:]}"


def font(size: float = 15) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own, of that size in pixels."""
    return ImageFont.load_default(size=size)
