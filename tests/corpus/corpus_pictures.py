"""Pictures that the tests of the corpus share."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image


def drawing(seed: int = 0, size: tuple[int, int] = (96, 64)) -> Image.Image:
    """A picture of soft colour patches, different for each seed."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def png(width: int, height: int, depth: int, pixels: bytes) -> bytes:
    """An RGB PNG made by hand; `pixels` are its lines, a filter byte before each."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(pixels))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def bomb(width: int, height: int) -> bytes:
    """A PNG that promises more pixels than it holds."""
    return png(width, height, 8, bytes(1000))
