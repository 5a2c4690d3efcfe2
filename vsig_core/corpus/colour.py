"""Any picture mode that Pillow decodes, as 8-bit RGB on white."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_DEEP_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
_SRGB = ImageCms.createProfile("sRGB")


def to_eight_bit(image: Image.Image) -> Image.Image:
    """Bring greys of more than 8 bits to 8; other pictures are returned as they are."""
    if image.mode not in _DEEP_MODES:
        return image
    return Image.fromarray(eight_bit(np.asarray(image)))


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert any 8-bit mode to RGB: embedded profile applied, alpha laid on white."""
    if image.has_transparency_data:
        opaque = Image.new("RGBA", image.size, "white")
        opaque.alpha_composite(image.convert("RGBA"))
        return opaque.convert("RGB")
    return _in_srgb(image).convert("RGB")


def eight_bit(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale grey values of more than 8 bits to 0–255.

    16-bit values keep their place between black and white (the upper byte, as Pillow
    does for 16-bit colour), and so do floats within [0, 1]. Other ranges have no
    agreed white: they are stretched from their least to their greatest value.
    """
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return np.right_shift(values, 8, dtype=np.uint16).astype(np.uint8)
    finite = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(finite.min()), float(finite.max())
    white = 1.0 if values.dtype.kind == "f" else 65_535.0
    if low >= 0 and high <= white:
        low, high = 0.0, white
    finite -= low
    finite *= 255 / ((high - low) or 1.0)
    return np.rint(finite, out=finite).astype(np.uint8)


def _in_srgb(image: Image.Image) -> Image.Image:
    """Apply the embedded colour profile; a damaged or unfitting one is passed over."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in {"RGB", "CMYK", "L"}:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return converted or image
