"""The whole map as one picture: thumbnails at their places, framed in their cluster's colour.

Pictures are moved apart as little as it takes: each goes to the free cell of a
fine grid that is nearest to its place. Those in clusters choose first, the
largest cluster before all; noise comes after, smaller, dimmed and without a
frame.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw, ImageFont

from vsig_core.review.cells import choosing_order, free_cells, largest_first, spread
from vsig_core.review.colours import Colour, name_colours

GROUND: Colour = (244, 242, 238)
INK: Colour = (58, 56, 54)
FAINT: Colour = (176, 172, 166)
NOISE_OPACITY = 0.45
NOISE_SCALE = 0.62
LEGEND_ENTRIES = 12
FILLED = 0.5  # share of the map's area that thumbnails may cover
LARGEST_THUMB, SMALLEST_THUMB = 128, 14
EVENNESS = 0.65  # 0 keeps the gaps between islands, 1 leaves none
SAMPLES = 4  # pictures of a cluster beside its name


@dataclass(frozen=True)
class MapStyle:
    """Size of the picture in pixels, legend included."""

    width: int = 2400
    height: int = 1600
    margin: int = 48
    legend: int = 330


def draw_map(
    layout: pa.Table,
    clusters: Mapping[str, str | None],
    thumbs: Mapping[str, bytes | None],
    style: MapStyle = MapStyle(),
) -> bytes:
    """Draw the map.

    Parameters
    ----------
    layout
        Table `layout`.
    clusters
        Cluster of each picture; None, or missing, is noise.
    thumbs
        Thumbnail of each picture, JPEG or PNG; a dot stands for what has none
        or may not be shown.
    style
        Size.

    Returns
    -------
    PNG.
    """
    canvas = Image.new("RGB", (style.width, style.height), GROUND)
    uids = layout["uid"].to_pylist()
    names = [clusters.get(uid) for uid in uids]
    largest, sizes = largest_first(dict(zip(uids, names, strict=True)))
    colours = name_colours(largest)
    if uids:
        order = choosing_order(uids, clusters, largest)
        grid = _Grid.fitting(len(uids), style)
        positions = np.column_stack([layout["x"].to_numpy(), layout["y"].to_numpy()])
        cells = free_cells(spread(positions, EVENNESS), order, (grid.columns, grid.rows))
        for row in reversed(order):
            colour = colours.get(names[row] or "")
            place = grid.centre(*cells[row].tolist())
            _draw_one(canvas, thumbs.get(uids[row]), place, grid.cell, colour)
    samples = {
        name: [thumb for uid in uids if clusters.get(uid) == name and (thumb := thumbs.get(uid))]
        for name in largest[:LEGEND_ENTRIES]
    }
    _draw_legend(canvas, _Legend(largest, sizes, colours, samples, len(uids)), style)
    out = io.BytesIO()
    canvas.save(out, "PNG", optimize=True)
    return out.getvalue()


@dataclass(frozen=True)
class _Grid:
    """Cells of the map, one for each picture at most."""

    left: int
    top: int
    columns: int
    rows: int
    cell: int

    @classmethod
    def fitting(cls, n: int, style: MapStyle) -> "_Grid":
        width = style.width - 2 * style.margin - style.legend
        height = style.height - 2 * style.margin
        side = int((FILLED * width * height / n) ** 0.5)
        cell = int(np.clip(side, SMALLEST_THUMB, LARGEST_THUMB))
        while (width // cell) * (height // cell) < n:  # so many that dots must do
            cell -= 1
        columns, rows = width // cell, height // cell
        left = style.margin + (width - columns * cell) // 2
        return cls(left, style.margin + (height - rows * cell) // 2, columns, rows, cell)

    def centre(self, column: int, row: int) -> tuple[int, int]:
        half = self.cell // 2
        return self.left + column * self.cell + half, self.top + row * self.cell + half


def _draw_one(
    canvas: Image.Image,
    thumb: bytes | None,
    centre: tuple[int, int],
    cell: int,
    colour: Colour | None,
) -> None:
    """One picture, or its dot."""
    x, y = centre
    if thumb is None or cell < SMALLEST_THUMB:
        radius = max(1, round(cell * (0.16 if colour is None else 0.3)))
        box = (x - radius, y - radius, x + radius, y + radius)
        ImageDraw.Draw(canvas).ellipse(box, fill=colour or FAINT)
        return
    frame = max(1, round(cell * 0.055))
    side = round(cell * NOISE_SCALE) if colour is None else cell - 2 * frame - 3
    with Image.open(io.BytesIO(thumb)) as opened:
        picture = opened.convert("RGB")
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    corner = (x - size[0] // 2, y - size[1] // 2)
    if colour is None:
        under = Image.new("RGB", size, GROUND)
        canvas.paste(Image.blend(under, picture, NOISE_OPACITY), corner)
        return
    box = (
        corner[0] - frame,
        corner[1] - frame,
        corner[0] + size[0] + frame - 1,
        corner[1] + size[1] + frame - 1,
    )
    ImageDraw.Draw(canvas).rectangle(box, fill=colour)
    canvas.paste(picture, corner)


@dataclass(frozen=True)
class _Legend:
    largest: list[str]
    sizes: Mapping[str, int]
    colours: Mapping[str, Colour]
    samples: Mapping[str, list[bytes]]
    n_images: int


def _draw_legend(canvas: Image.Image, legend: _Legend, style: MapStyle) -> None:
    """The largest clusters with their counts, and what the rest is."""
    draw = ImageDraw.Draw(canvas)
    x = style.width - style.legend + 10
    y = style.margin
    clustered = sum(legend.sizes.values())
    draw.text((x, y), f"{legend.n_images:,} pictures", INK, _font(34))
    draw.text((x, y + 48), f"{len(legend.largest):,} clusters", INK, _font(24))
    draw.text((x, y + 80), f"{legend.n_images - clustered:,} in no cluster", FAINT, _font(24))
    y += 150
    if legend.largest:
        draw.text((x, y), "largest clusters", INK, _font(20))
        y += 40
    for name in legend.largest[:LEGEND_ENTRIES]:
        draw.rounded_rectangle((x, y, x + 24, y + 24), 5, fill=legend.colours[name])
        draw.text((x + 36, y - 2), name, INK, _font(22))
        draw.text((x + 160, y - 2), f"{legend.sizes[name]:,} pictures", INK, _font(22))
        for number, thumb in enumerate(legend.samples[name][:SAMPLES]):
            centre = (x + 36 + 30 + 64 * number, y + 62)
            _draw_one(canvas, thumb, centre, 60, legend.colours[name])
        y += 104 if legend.samples[name] else 42
    if len(legend.largest) > LEGEND_ENTRIES:
        more = len(legend.largest) - LEGEND_ENTRIES
        draw.text((x, y), f"and {more:,} smaller ones", FAINT, _font(20))


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
