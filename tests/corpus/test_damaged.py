"""Damaged files: each is read or refused with a reason, and none ends the process."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vsig_core.corpus import read_picture
from vsig_core.corpus.sample import draw_sample
from vsig_core.errors import PictureError
from vsig_core.settings import ImagesSettings
from vsig_core.store import TABLES

KINDS = {
    "jpg": {"format": "JPEG", "quality": 85},
    "progressive.jpg": {"format": "JPEG", "quality": 70, "progressive": True},
    "png": {"format": "PNG"},
    "gif": {"format": "GIF"},
    "tif": {"format": "TIFF", "compression": "tiff_lzw"},
    "raw.tif": {"format": "TIFF"},
    "webp": {"format": "WEBP"},
    "lossless.webp": {"format": "WEBP", "lossless": True},
    "bmp": {"format": "BMP"},
    "jp2": {"format": "JPEG2000"},
    "avif": {"format": "AVIF"},
    "ppm": {"format": "PPM"},
}
REASONS = next(c.meaning for c in TABLES["rejected_images"].columns if c.name == "reason")


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Drawn pictures in every kind of file that is read."""
    folder = tmp_path_factory.mktemp("sample")
    draw_sample(folder, images=60, motifs=12, seed=3)
    paths = sorted((folder / "images").rglob("*.jpg"))[: len(KINDS)]
    return [_as(path, options) for path, options in zip(paths, KINDS.values(), strict=True)]


def _as(path: Path, options: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    with Image.open(path) as picture:
        picture.convert("RGB").resize((200, 150)).save(buffer, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def damaged(originals: list[bytes], number: int, seed: int) -> Iterator[bytes]:
    """Files with bytes flipped, the header among them, cut short, cut out, or run together."""
    rng = np.random.default_rng(seed)
    for turn in range(number):
        data = bytearray(originals[turn % len(originals)])
        how = turn // len(originals) % 5
        if how in (0, 1):
            reach = len(data) if how == 0 else min(len(data), 200)
            for place in rng.integers(0, reach, int(rng.integers(1, 20))):
                data[place] ^= 1 << int(rng.integers(8))
        elif how == 2:
            del data[int(rng.integers(len(data))) :]
        elif how == 3:
            start = int(rng.integers(len(data)))
            del data[start : start + int(rng.integers(1, 400))]
        else:
            other = originals[int(rng.integers(len(originals)))]
            data[int(rng.integers(len(data))) :] = other[int(rng.integers(len(other))) :]
        yield bytes(data)


def read_or_refused(files: Iterator[bytes]) -> tuple[int, dict[str, int]]:
    """Number of those read, and of those refused by reason."""
    read, refused = 0, dict[str, int]()
    for data in files:
        try:
            picture = read_picture(data, ImagesSettings(max_pixels=4_000_000))
        except PictureError as error:
            assert error.reason in REASONS.split(", ") and error.detail
            refused[error.reason] = refused.get(error.reason, 0) + 1
        else:
            assert picture.width > 0 and picture.thumb.startswith(b"\xff\xd8")
            read += 1
    return read, refused


def test_a_damaged_file_is_read_or_refused(originals: list[bytes]):
    read, refused = read_or_refused(damaged(originals, 120, seed=1))
    assert read + sum(refused.values()) == 120 and {"truncated", "unreadable"} <= refused.keys()


@pytest.mark.slow
def test_a_thousand_damaged_files_are_read_or_refused(originals: list[bytes]):
    read, refused = read_or_refused(damaged(originals, 1000, seed=2))
    assert read + sum(refused.values()) == 1000


def test_what_is_called_a_picture_and_is_something_else_is_refused():
    svg = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><image href="x"/></svg>'
    for data in (svg, b"<svg/>", b"%PDF-1.7", b"MZ" + bytes(200), b"\x7fELF" + bytes(200)):
        with pytest.raises(PictureError) as caught:
            read_picture(data, ImagesSettings())
        assert caught.value.reason in {"not_a_picture", "unsupported"}


BOMBS = """
import io, resource, struct, sys, zlib
from PIL import Image
from vsig_core.corpus import read_picture
from vsig_core.errors import PictureError
from vsig_core.settings import ImagesSettings

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

def png(width, height, *more):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    lines = zlib.compress(bytes(3_000_000))
    chunks = [head, *more, chunk(b"IDAT", lines), chunk(b"IEND", b"")]
    return b"\\x89PNG\\r\\n\\x1a\\n" + b"".join(chunks)

def tiff(width, height):
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1),
            (262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, 100)]
    body = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + body + bytes(104)

gif = io.BytesIO()
Image.new("P", (16, 16)).save(gif, "GIF")
gif = bytearray(gif.getvalue())
gif[6:10] = struct.pack("<HH", 65535, 65535)
text = chunk(b"zTXt", b"Comment\\0\\0" + zlib.compress(bytes(300_000_000)))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for data in (png(60000, 60000), tiff(60000, 60000), bytes(gif), png(500, 500, text)):
    try:
        read_picture(data, ImagesSettings())
        print("read")
    except PictureError as error:
        print(error.reason)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print("memory kept" if grown < 200_000 else f"grew by {grown} kB", file=sys.stderr)
"""


def test_bombs_are_refused_before_they_unfold():
    """Pixels, frames and compressed comments that would not fit: in a process of its own."""
    done = subprocess.run([sys.executable, "-c", BOMBS], capture_output=True, text=True, check=True)
    assert done.stdout.split()[:3] == ["too_many_pixels"] * 3
    assert "memory kept" in done.stderr
