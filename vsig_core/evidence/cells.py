"""What each cell of a picture's map shows, and where in the picture it lies."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vsig_core.errors import InputError

Box = tuple[float, float, float, float]

# Fractions are written with few digits: x + w may exceed 1 by rounding.
_SLACK = 1e-3


@dataclass(frozen=True)
class Cells:
    """The cells of a map that show a picture, or a part of one.

    Parameters
    ----------
    vectors
        Shape (rows, columns, d), float32; each of length 1, or 0 where a cell says nothing.
    frame
        Left, top, right, bottom of the whole picture, in cells; cell (r, c) is the square from
        (c, r) to (c + 1, r + 1).
    """

    vectors: NDArray[np.float32]
    frame: tuple[float, float, float, float]

    @property
    def flat(self) -> NDArray[np.float32]:
        """All cells, row by row, shape (rows · columns, d)."""
        return self.vectors.reshape(-1, self.vectors.shape[2])

    def box(self, left: float, top: float, right: float, bottom: float) -> Box:
        """A rectangle in cells as x, y, w, h in fractions of the picture, cut at its edges."""
        x0, x1 = (_share(x, self.frame[0], self.frame[2]) for x in (left, right))
        y0, y1 = (_share(y, self.frame[1], self.frame[3]) for y in (top, bottom))
        return x0, y0, x1 - x0, y1 - y0


def _share(at: float, start: float, end: float) -> float:
    return min(max((at - start) / (end - start), 0.0), 1.0)


def cells_of(maps: NDArray[np.floating], box: tuple[float, float, float, float]) -> Cells:
    """Cells of a map that show the picture rather than what it was letterboxed with.

    Parameters
    ----------
    maps
        Shape (d, h, w).
    box
        Top, left, bottom, right of the picture in fractions of the map.

    Returns
    -------
    The cells whose middle lies in the picture; at least one row and one column.
    """
    _, height, width = maps.shape
    rows, columns = _middles(box[0], box[2], height), _middles(box[1], box[3], width)
    kept = np.moveaxis(maps[:, rows, columns], 0, 2).astype(np.float32)
    frame = (
        box[1] * width - columns.start,
        box[0] * height - rows.start,
        box[3] * width - columns.start,
        box[2] * height - rows.start,
    )
    return Cells(_unit(kept), frame)


def inside(cells: Cells, box: Box) -> Cells:
    """The cells of a part of a picture; the frame stays that of the whole picture.

    Parameters
    ----------
    cells
        Of the whole picture.
    box
        x, y, w, h in fractions of it.

    Raises
    ------
    InputError
        The box has no area, or leaves the picture.
    """
    x, y, w, h = check_box(box)
    left, top, right, bottom = cells.frame
    height, width = cells.vectors.shape[:2]
    wide, high = right - left, bottom - top
    columns = _middles((left + x * wide) / width, (left + (x + w) * wide) / width, width)
    rows = _middles((top + y * high) / height, (top + (y + h) * high) / height, height)
    over, down = columns.start, rows.start
    frame = (left - over, top - down, right - over, bottom - down)
    return Cells(np.ascontiguousarray(cells.vectors[rows, columns]), frame)


def mirrored(cells: Cells) -> Cells:
    """The same cells, left and right exchanged."""
    left, top, right, bottom = cells.frame
    width = cells.vectors.shape[1]
    turned = np.ascontiguousarray(cells.vectors[:, ::-1])
    return Cells(turned, (width - right, top, width - left, bottom))


def check_box(box: Box) -> Box:
    """Refuse a box that is none.

    Raises
    ------
    InputError
        It is not finite, has no area, or leaves the picture.
    """
    x, y, w, h = box
    if not np.isfinite(box).all():
        raise InputError(f"The box {_said(box)} is not four finite numbers x,y,w,h.")
    if w <= 0 or h <= 0:
        raise InputError(
            f"The box {_said(box)} has no area: x,y,w,h are its left and upper edge, width and "
            "height, in fractions of the picture."
        )
    if x < 0 or y < 0 or x + w > 1 + _SLACK or y + h > 1 + _SLACK:
        raise InputError(
            f"The box {_said(box)} leaves the picture: x,y,w,h are fractions of it, x + w and "
            "y + h at most 1."
        )
    return box


def pack(cells: Cells) -> bytes:
    """Cells as safetensors, each number in eight bits: `cells`, int8, and `frame`, float32."""
    import safetensors.numpy

    largest = np.abs(cells.vectors).max(axis=2, keepdims=True)
    scaled = np.rint(cells.vectors * (127 / np.maximum(largest, 1e-12)))
    frame = np.array(cells.frame, np.float32)
    return safetensors.numpy.save({"cells": scaled.astype(np.int8), "frame": frame})


def unpack(data: bytes) -> Cells:
    """The cells that `pack` gave these bytes for; cosines differ by less than 0.01."""
    import safetensors.numpy

    tensors = safetensors.numpy.load(data)
    left, top, right, bottom = tensors["frame"].tolist()
    return Cells(_unit(tensors["cells"].astype(np.float32)), (left, top, right, bottom))


def _middles(start: float, end: float, count: int) -> slice:
    """Which of `count` equal parts of [0, 1] have their middle between two fractions."""
    low, high = round(start * count), round(end * count)
    low = min(max(low, 0), count - 1)
    return slice(low, min(max(high, low + 1), count))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=2, keepdims=True)
    return np.ascontiguousarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _said(box: Box) -> str:
    return ",".join(f"{value:g}" for value in box)
