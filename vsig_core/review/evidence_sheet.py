"""What pictures have in common with one picture, as a sheet: pairs side by side, with boxes."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from vsig_core.evidence import Box, Match
from vsig_core.review.sheet import BLUE, GAP, GROUND, INK, RED, cut, font, small

_SIDE, _LINE = 260, 22
_COLUMNS = 2


@dataclass(frozen=True)
class Shared:
    """What one picture has in common with the query: `match.box1` is in the query.

    `picture` is encoded; `name` is written below.
    """

    match: Match
    picture: bytes
    name: str


def draw_evidence(query: bytes, shared: Sequence[Shared]) -> bytes:
    """Draw the query beside each picture, the part they share framed in both.

    What chance brings is not framed. What is mirrored is framed in blue and said to be.

    Parameters
    ----------
    query
        Encoded picture.
    shared
        In the order to be drawn.

    Returns
    -------
    PNG; a word where there is nothing to show.
    """
    columns = min(_COLUMNS, max(1, len(shared)))
    rows = max(1, -(-len(shared) // columns))
    wide, high = 2 * _SIDE + 3 * GAP, _SIDE + 2 * _LINE + GAP
    sheet = Image.new("RGB", (columns * wide + GAP, rows * high + GAP), GROUND)
    pen = ImageDraw.Draw(sheet)
    if not shared:
        pen.text((2 * GAP, 2 * GAP), "nothing in common was found", INK, font())
    asked = small(query, _SIDE)
    for number, one in enumerate(shared):
        row, column = divmod(number, columns)
        _draw_pair(sheet, (GAP + column * wide, GAP + row * high), asked, one)
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def _draw_pair(
    sheet: Image.Image, corner: tuple[int, int], query: Image.Image, one: Shared
) -> None:
    colour = BLUE if one.match.mirrored else RED
    left, top = corner
    shares = one.match.beyond_chance
    sides = [(query, one.match.box1), (small(one.picture, _SIDE), one.match.box2)]
    for number, (picture, box) in enumerate(sides):
        place = (left + number * (_SIDE + GAP), top)
        sheet.paste(_framed(picture, box if shares else None, colour), place)
    pen = ImageDraw.Draw(sheet)
    words = f"in common: {one.match.score:.1f}" if shares else "nothing in common beyond chance"
    if shares and one.match.mirrored:
        words += ", mirrored"
    pen.text((left, top + _SIDE + 4), cut(one.name, 70), INK, font())
    pen.text((left, top + _SIDE + 4 + _LINE), words, colour, font())


def _framed(picture: Image.Image, box: Box | None, colour: tuple[int, int, int]) -> Image.Image:
    framed = Image.new("RGB", (_SIDE, _SIDE), GROUND)
    place = ((_SIDE - picture.width) // 2, _SIDE - picture.height)
    framed.paste(picture, place)
    if box is not None:
        x, y, w, h = box
        x0, y0 = place[0] + x * picture.width, place[1] + y * picture.height
        x1, y1 = x0 + w * picture.width - 1, y0 + h * picture.height - 1
        ImageDraw.Draw(framed).rectangle((x0, y0, x1, y1), outline=colour, width=4)
    return framed
