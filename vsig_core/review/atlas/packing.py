"""Everything the browser needs of the map, as a folder of small files.

::

    pack.json       what follows, in words: sizes, colourings with their legends
    points.bin      n times uint16 column and row; n times uint8 shape; n times uint8 has a picture;
                    n times uint16 mean colour, 5 bits red, 6 green, 5 blue
    colours-NAME.bin
                    for each colouring n times uint16: place in its legend, 65535 without
    uids.json       ids by slot; empty where nothing may be told
    about-K.json    for slots from K × 256: [title, author, date, place, permalink], or null
    small-K.jpg     a sheet of small tiles
    thumbs.bin, thumbs.npy
                    thumbnails and where each begins, from which pages of larger tiles are made
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vsig_core.review.atlas.colourings import colourings, shortened
from vsig_core.review.atlas.contents import Contents, Versions, read_contents, thumbnails
from vsig_core.review.atlas.sheets import LARGE, PAGE, Tile, mean_colour, sheet, small_tiles, tile
from vsig_core.store import Store

ABOUT = 256  # records in one file
MANIFEST = "pack.json"

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Packed:
    """What was packed.

    Parameters
    ----------
    pictures
        On the map.
    told
        Of which anything may be told.
    drawn
        That are shown as pictures; the others are points.
    left_out
        Pictures of the corpus that have no place on the map yet.
    """

    pictures: int
    told: int
    drawn: int
    left_out: int


def pack(
    store: Store,
    versions: Versions,
    folder: Path,
    may_be_told: Callable[[Contents], Sequence[bool]],
    report: Report,
) -> Packed:
    """Write the files.

    Parameters
    ----------
    store
        The project's.
    versions
        Of its tables.
    folder
        Empty; the manifest is written last.
    may_be_told
        By slot: of other pictures nothing leaves but their place.
    report
        Called with the work done and in all.

    Raises
    ------
    TableMissingError
        There is no map yet.
    """
    contents = read_contents(store, versions)
    told = list(may_be_told(contents))
    n = len(told)
    side, along = small_tiles(n)
    _copy_thumbs(store, versions, contents, told, folder, lambda done: report(done, 2 * n))
    drawn, means = _write_small(folder, n, lambda done: report(n + done, 2 * n))
    (folder / "points.bin").write_bytes(_points(contents, drawn, means))
    found = colourings(contents, told)
    for colouring in found:
        (folder / f"colours-{colouring.name}.bin").write_bytes(colouring.codes.tobytes())
    _write_words(contents, told, folder)
    packed = Packed(n, sum(told), int(drawn.sum()), contents.left_out)
    described = {
        "n": n,
        "columns": contents.shape[0],
        "rows": contents.shape[1],
        "about": ABOUT,
        "small": {"tile": side, "along": along},
        "large": {"tile": LARGE, "along": PAGE},
        "drawn": packed.drawn,
        "told": packed.told,
        "leftOut": packed.left_out,
        "colourings": [colouring.described() for colouring in found],
    }
    _write_json(folder / MANIFEST, described)
    return packed


class Thumbs:
    """The thumbnails of a packed map.

    Parameters
    ----------
    folder
        Where it was packed.
    """

    def __init__(self, folder: Path) -> None:
        self._bytes = folder / "thumbs.bin"
        self._begins: NDArray[np.int64] = np.load(folder / "thumbs.npy")

    @property
    def pages(self) -> int:
        """Number of pages of larger tiles."""
        return math.ceil(len(self._begins) / PAGE**2)

    def page(self, number: int) -> bytes:
        """One page of larger tiles, JPEG."""
        slots = range(number * PAGE**2, min((number + 1) * PAGE**2, len(self._begins)))
        return sheet(self.tiles(slots, LARGE), LARGE, PAGE)

    def tiles(self, slots: range, side: int) -> list[Tile | None]:
        """Square tiles of some pictures; None where there is no thumbnail that can be read."""
        found = []
        with self._bytes.open("rb") as file:
            for begin, length in self._begins[slots.start : slots.stop].tolist():
                file.seek(begin)
                found.append(tile(file.read(length), side) if length else None)
        return found


def _copy_thumbs(
    store: Store,
    versions: Versions,
    contents: Contents,
    told: Sequence[bool],
    folder: Path,
    report: Callable[[int], None],
) -> None:
    begins = np.zeros((len(told), 2), np.int64)
    end = 0
    with (folder / "thumbs.bin").open("wb") as file:
        for done, (slot, thumb) in enumerate(thumbnails(store, versions, contents)):
            if thumb and told[slot]:
                begins[slot] = end, len(thumb)
                end += file.write(thumb)
            if done % 256 == 0:
                report(done)
    np.save(folder / "thumbs.npy", begins)


def _write_small(
    folder: Path, n: int, report: Callable[[int], None]
) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Sheets of small tiles; gives by slot whether there is a picture, and its mean colour."""
    thumbs, (side, along) = Thumbs(folder), small_tiles(n)
    each = along**2

    def write(number: int) -> list[tuple[bool, int]]:
        tiles = thumbs.tiles(range(number * each, min((number + 1) * each, n)), side)
        (folder / f"small-{number}.jpg").write_bytes(sheet(tiles, side, along))
        return [(picture is not None, mean_colour(picture)) for picture in tiles]

    seen: list[tuple[bool, int]] = []
    # Threads are enough: Pillow lets go of the interpreter's lock while it decodes.
    with ThreadPoolExecutor() as threads:
        for part in threads.map(write, range(math.ceil(n / each))):
            seen += part
            report(len(seen))
    return np.array([s[0] for s in seen], np.uint8), np.array([s[1] for s in seen], np.uint16)


def _points(contents: Contents, drawn: NDArray[np.uint8], means: NDArray[np.uint16]) -> bytes:
    sizes = [contents.images[side].to_numpy(zero_copy_only=False) for side in ("width", "height")]
    known = np.nan_to_num(np.array(sizes, float), nan=1.0).clip(1)
    # 32 steps for each doubling of width to height, 128 for a square.
    shapes = np.clip(np.round(128 + 32 * np.log2(known[0] / known[1])), 64, 192)
    return (
        contents.cells.astype(np.uint16).tobytes()
        + shapes.astype(np.uint8).tobytes()
        + drawn.tobytes()
        + means.tobytes()
    )


def _write_words(contents: Contents, told: Sequence[bool], folder: Path) -> None:
    told_uids = [uid if tell else "" for uid, tell in zip(contents.uids, told, strict=True)]
    _write_json(folder / "uids.json", told_uids)
    for number, records in enumerate(_records(contents, told)):
        _write_json(folder / f"about-{number}.json", records)


def _records(contents: Contents, told: Sequence[bool]) -> Iterator[list[list[str] | None]]:
    columns = ["title", "author", "date_text", "place", "permalink"]
    rows = contents.images.select(columns)
    for start in range(0, rows.num_rows, ABOUT):
        values = [column.to_pylist() for column in rows.slice(start, ABOUT).columns]
        yield [
            [shortened(value or "") for value in record] if told[start + place] else None
            for place, record in enumerate(zip(*values, strict=True))
        ]


def _write_json(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")), "utf-8")
