"""The queries that a candidate answers worse, as a contact sheet."""

import io
from collections.abc import Mapping, Sequence
from typing import Literal

from PIL import Image, ImageDraw

from vsig_core.review.sheet import BLUE, GAP, GROUND, INK, RED, cut, font, small
from vsig_core.worst import WorseQuery

_LETTER = 12  # pixels high; about half as wide
_QUALITY = {"jpeg": 85, "webp": 60}
_WORDS = 96  # pixels that they need below a picture
_COLUMNS = 7  # the query, what should be found and fell, what comes first


def draw_worst(
    worst: Sequence[WorseQuery],
    pictures: Mapping[str, bytes],
    side: int = 160,
    kind: Literal["jpeg", "webp"] = "jpeg",
) -> bytes:
    """Draw a row for each query: itself, what fell and from which rank to which, what comes first.

    Parameters
    ----------
    worst
        The worst first.
    pictures
        uid to encoded picture, thumbnails do; a place is left empty where one is missing.
    side
        Of each picture at most, pixels.
    kind
        webp takes half the bytes, and is less fine.

    Returns
    -------
    The picture, encoded so; a word where nothing got worse.
    """
    high, wide = side + 3 * _LETTER + GAP, max(side, _WORDS) + GAP
    size = (_COLUMNS * wide + GAP, max(1, len(worst)) * high + 2 * _LETTER + GAP)
    sheet = Image.new("RGB", size, GROUND)
    pen = ImageDraw.Draw(sheet)
    heads = {
        0: ("asked, precision", INK),
        1: ("should be found, and fell", RED),
        4: ("found first now; belongs to it?", BLUE),
    }
    for column, (words, colour) in heads.items() if worst else ():
        pen.text((GAP + column * wide, GAP // 2), words, colour, font(_LETTER + 1))
    if not worst:
        pen.text((GAP, GAP), "no query got worse", INK, font())
    for row, query in enumerate(worst):
        top = 2 * _LETTER + GAP // 2 + row * high
        for column, uid, words, colour in _cells(query):
            left = GAP + column * wide
            _place(sheet, (left, top), pictures.get(uid), side)
            below = top + side + 2
            pen.text((left, below), cut(uid, 2 * (wide - GAP) // _LETTER), INK, font(_LETTER))
            pen.text((left, below + _LETTER + 2), words, colour, font(_LETTER))
    out = io.BytesIO()
    sheet.save(out, kind, quality=_QUALITY[kind])
    return out.getvalue()


def _cells(query: WorseQuery) -> list[tuple[int, str, str, tuple[int, int, int]]]:
    """(column, uid, words, their colour)"""
    return [
        (0, query.uid, f"{query.before:.2f}, now {query.now:.2f}", INK),
        *(
            (column, fall.uid, f"rank {fall.before}, now {fall.now}", RED)
            for column, fall in enumerate(query.fallen, start=1)
        ),
        *(
            (column, uid, "yes" if right else "not known", BLUE)
            for column, (uid, right) in enumerate(query.nearest.items(), start=4)
        ),
    ]


def _place(sheet: Image.Image, corner: tuple[int, int], data: bytes | None, side: int) -> None:
    """On the bottom line of its place, in the middle."""
    if data is None:
        return
    picture = small(data, side)
    left, top = corner
    sheet.paste(picture, (left + (side - picture.width) // 2, top + side - picture.height))
