"""What the first and last bytes of a file say about it, where decoding failed."""

import struct

# The first bytes, what has them, and whether that is a picture at all.
_SIGNS: tuple[tuple[bytes, str, bool], ...] = (
    (b"\xff\xd8", "JPEG", True),
    (b"\x89PNG", "PNG", True),
    (b"GIF8", "GIF", True),
    (b"II*\x00", "TIFF", True),
    (b"MM\x00*", "TIFF", True),
    (b"II+\x00", "TIFF", True),
    (b"MM\x00+", "TIFF", True),
    (b"BM", "BMP", True),
    (b"\x00\x00\x00\x0cjP", "JPEG2000", True),
    (b"\xff\x4f\xff\x51", "JPEG2000", True),
    (b"8BPS", "Photoshop file", True),
    (b"%!PS", "PostScript file", True),
    (b"\x76\x2f\x31\x01", "OpenEXR picture", True),
    (b"\xff\x0a", "JPEG XL picture", True),
    (b"\x00\x00\x00\x0cJXL", "JPEG XL picture", True),
    (b"%PDF", "PDF document", True),
    (b"PK\x03\x04", "ZIP archive", False),
    (b"\x1f\x8b", "gzip archive", False),
)
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF"}


def what_it_is(data: bytes) -> tuple[str, bool]:
    """A name for the content, and whether it is a picture of a known kind."""
    for sign, name, picture in _SIGNS:
        if data.startswith(sign):
            return name, picture
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP", True
    if data[4:8] == b"ftyp":
        if data[8:12] in _BRANDS:
            return _BRANDS[data[8:12]], True
        is_heif = data[8:12] in {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}
        return ("HEIC picture", True) if is_heif else ("film", False)
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start:
        return "SVG drawing", True
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        return "a web page (HTML); the download failed?", False
    return f"begins with {bytes(data[:16])!r}", False


def is_cut_short(data: bytes) -> bool:
    """Whether a file of a known kind lacks its end.

    False also where its kind does not tell.
    """
    if data.startswith(b"\xff\xd8"):
        return b"\xff\xd9" not in data[-1024:]
    if data.startswith(b"\x89PNG"):
        return b"IEND" not in data[-1024:]
    if data.startswith(b"GIF8"):
        return not data.rstrip(b"\x00").endswith(b";")
    if data.startswith(b"RIFF"):
        return len(data) < 8 or len(data) < struct.unpack("<I", data[4:8])[0] + 8
    if data.startswith(b"BM"):
        return len(data) < 6 or len(data) < struct.unpack("<I", data[2:6])[0]
    if data[:4] in {b"II*\x00", b"MM\x00*"}:
        order = "<" if data[0] == 0x49 else ">"
        return len(data) < 8 or len(data) <= struct.unpack(order + "I", data[4:8])[0]
    return False
