"""One picture: from the bytes of a file to thumbnail, working copy and hash, in one decode."""

import io
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from vsig_core.corpus.colour import to_eight_bit, to_rgb
from vsig_core.corpus.signs import is_cut_short, what_it_is
from vsig_core.errors import PictureError
from vsig_core.settings import ImagesSettings

# Below one JPEG block, and one cell of the hash, there is nothing to see.
SMALLEST_SIDE = 8

# Pillow's other decoders are left out: some start programs (EPS), some guess (TGA). A
# stereo JPEG (MPO) is read as JPEG.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM")
# What makes a picture upright, by EXIF orientation; from 5 on the sides change places.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_HASH_SIDE = 32


class _PillowLimit:
    """Pillow's own limit of pixels, out of force while any thread reads a picture.

    It is process-wide and lies below ours; `max_pixels` decides instead. Afterwards it
    holds again for whoever else uses Pillow in this process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._before: int | None = None

    @contextmanager
    def lifted(self) -> Iterator[None]:
        with self._lock:
            if not self._readers:
                self._before = Image.MAX_IMAGE_PIXELS
                Image.MAX_IMAGE_PIXELS = None
            self._readers += 1
        try:
            yield
        finally:
            with self._lock:
                self._readers -= 1
                if not self._readers:
                    Image.MAX_IMAGE_PIXELS = self._before


_pillow_limit = _PillowLimit()


@dataclass(frozen=True)
class Picture:
    """What is kept of one picture.

    `width` and `height` are the original's, upright, pixels; `phash` is 16 hex digits;
    `thumb` and `working` are JPEGs, never larger than the original.
    """

    width: int
    height: int
    phash: str
    thumb: bytes
    working: bytes


def read_picture(data: bytes, settings: ImagesSettings) -> Picture:
    """Decode a picture once, and make all that is kept of it.

    The first frame of an animation counts. EXIF orientation is applied; every colour
    mode becomes RGB, transparency on white. A large JPEG is decoded at a fraction of
    its size.

    Raises
    ------
    PictureError
        With a reason of `rejected_images`: empty, not_a_picture, unsupported,
        truncated, unreadable, too_many_bytes, too_many_pixels (before decoding), or
        too_small: a side below `SMALLEST_SIDE` pixels.
    """
    if not data:
        raise PictureError("empty", "the file has no bytes")
    check_bytes(len(data), settings)
    with _pillow_limit.lifted(), _opened(data) as image:
        width, height = image.size
        _check_size(width, height, settings)
        working, turned = _decoded(image, data, settings.working_px)
    if turned:
        width, height = height, width
    thumb = _shrunk(working, settings.thumb_px)
    return Picture(
        width,
        height,
        perceptual_hash(working),
        _jpeg(thumb, settings.jpeg_quality),
        _jpeg(working, settings.jpeg_quality),
    )


def check_bytes(size: int, settings: ImagesSettings) -> None:
    """Refuse a file that is larger than the settings allow.

    Raises
    ------
    PictureError
        too_many_bytes.
    """
    if size > settings.max_bytes:
        raise PictureError(
            "too_many_bytes", f"{size:,} bytes; [images] max_bytes is {settings.max_bytes:,}"
        )


def perceptual_hash(image: Image.Image) -> str:
    """64 bits that hardly change when a picture is scaled or compressed again.

    The signs, against their median, of the 8 × 8 lowest cosine frequencies of a
    32 × 32 grey picture, the constant ones left out (Zauner 2010, "Implementation and
    benchmarking of perceptual image hash functions"). 16 hex digits; a picture of one
    colour has all zeros.
    """
    side = (_HASH_SIDE, _HASH_SIDE)
    grey = image.convert("L").resize(side, Image.Resampling.LANCZOS, reducing_gap=4.0)
    place = np.arange(_HASH_SIDE)
    waves = np.cos(np.pi / _HASH_SIDE * np.outer(np.arange(1, 9), place + 0.5))
    # Rounded, so that the last bits of the product do not decide a sign.
    low = np.round(waves @ np.asarray(grey, dtype=np.float64) @ waves.T, 6).ravel()
    return np.packbits(low > np.median(low)).tobytes().hex()


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError:
        raise _unidentified(data) from None
    except MemoryError:
        raise  # says nothing about the picture
    except Exception as error:
        raise _undecodable(data, error) from error
    with image:
        yield image


def _check_size(width: int, height: int, settings: ImagesSettings) -> None:
    if width * height > settings.max_pixels:
        raise PictureError(
            "too_many_pixels",
            f"{width:,} × {height:,} pixels; [images] max_pixels is {settings.max_pixels:,}",
        )
    if min(width, height) < SMALLEST_SIDE:
        raise PictureError(
            "too_small",
            f"{width} × {height} pixels; each side needs at least {SMALLEST_SIDE}",
        )


def _decoded(image: Image.Image, data: bytes, longer: int) -> tuple[Image.Image, bool]:
    """The working copy, and whether width and height changed places."""
    try:
        share = 2 * longer / max(image.size)  # twice what is kept, for a clean reduction
        if share < 1:
            image.draft(None, (math.ceil(image.width * share), math.ceil(image.height * share)))
        image.load()
        # After loading: a PNG may say it late, and a TIFF is upright by then.
        orientation = _orientation(image)
        upright = to_rgb(_shrunk(to_eight_bit(image), longer))
        if orientation in _TURNS:
            upright = upright.transpose(_TURNS[orientation])
        upright.info.clear()  # else comments of the original travel into every copy
    except MemoryError:
        raise
    except Exception as error:
        raise _undecodable(data, error) from error
    return upright, orientation >= 5


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001  a damaged EXIF block raises anything, and is no reason to refuse
        return 1
    return value if value in _TURNS else 1


def _shrunk(image: Image.Image, longer: int) -> Image.Image:
    """A copy whose longer side is at most `longer` pixels; smaller ones stay as they are.

    By the gap of Pillow's own `thumbnail`, and a filter that is as sharp as its bicubic one
    where a picture shrinks, in two thirds of the time (Pillow's table of filters).
    """
    share = longer / max(image.size)
    if share >= 1:
        return image
    if image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode in {"P", "1"}:  # which Pillow reduces by the nearest pixel only
        image = image.convert("RGB" if image.mode == "P" else "L")
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    return image.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _unidentified(data: bytes) -> PictureError:
    kind, known = what_it_is(data)
    if not known:
        return PictureError("not_a_picture", kind)
    if kind.split()[0] not in _FORMATS:
        return PictureError("unsupported", f"{kind}; convert it to JPEG, PNG or TIFF")
    if is_cut_short(data):
        return PictureError("truncated", f"{kind} that ends before its header does")
    return PictureError("unreadable", f"{kind} with a damaged header")


def _undecodable(data: bytes, error: Exception) -> PictureError:
    said = f"{type(error).__name__}: {error}"
    if "truncated" in str(error).lower() or is_cut_short(data):
        return PictureError("truncated", f"the file ends too early ({said})")
    return PictureError("unreadable", said)
