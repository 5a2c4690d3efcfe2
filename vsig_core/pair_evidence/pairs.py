"""Two pictures of the corpus, or a part of a picture and the corpus, compared in detail."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from vsig_core.current import current_images
from vsig_core.errors import UnknownImageError
from vsig_core.evidence import Box, Cells, Match, check_box, compare, inside
from vsig_core.pair_evidence.maps import Maps, Progress, maps_of
from vsig_core.project import Project

if TYPE_CHECKING:
    from vsig_core.evidence import Trunk

_AROUND = 0.5  # least share of a side that is looked at around a part


def pair_evidence(project: Project, uid1: str, uid2: str) -> Match:
    """What two pictures have in common: score, where in either, and whether mirrored.

    Computed when it is asked for; maps that had to be made are kept in the store. torch is
    imported only where one of the pictures was never looked at.

    Parameters
    ----------
    project
        The project.
    uid1, uid2
        Pictures of the corpus.

    Returns
    -------
    `box1` is in the first picture, `box2` in the second.

    Raises
    ------
    UnknownImageError
        The corpus does not have one of them.
    TableMissingError
        No run has been made yet.
    """
    return evidence_of(project, [(uid1, uid2)])[0]


def evidence_of(
    project: Project, pairs: Sequence[tuple[str, str]], progress: Progress | None = None
) -> list[Match]:
    """The same for many pairs, in their order; pairs of one first picture belong together.

    Parameters
    ----------
    progress
        Called as (done, total) over the pictures whose maps have to be made.
    """
    hashes, copies = _contents(project, {uid for pair in pairs for uid in pair})
    maps = maps_of(project)
    keys = maps.compute({hashes[uid]: copies[uid] for uid in hashes}, progress)
    found: list[Match] = []
    for first, group in groupby(pairs, key=lambda pair: pair[0]):
        others = [hashes[second] for _, second in group]
        one = maps.cells(keys, [hashes[first]])[0]
        found += compare(one, maps.cells(keys, others))
    return found


@dataclass(frozen=True)
class Detail:
    """What is looked for: cells of a picture, or of a part of it."""

    cells: Cells


@dataclass(frozen=True)
class Ask:
    """A picture, as its working copy, and the part of it that is meant.

    Parameters
    ----------
    picture
        Encoded.
    box
        x, y, w, h in fractions of it; None means all.
    """

    picture: bytes
    box: Box | None = None


def evidence_with(project: Project, ask: Ask, uids: Sequence[str]) -> list[Match]:
    """What a picture, or a part of it, has in common with pictures of the corpus.

    Parameters
    ----------
    uids
        Pictures of the corpus; maps of theirs that had to be made are kept in the store.

    Returns
    -------
    One for each, in their order; `box1` is in the picture that is asked about.

    Raises
    ------
    InputError
        The box has no area, or leaves the picture.
    UnknownImageError
        The corpus does not have one of them.
    TableMissingError
        No run has been made yet.
    """
    hashes, copies = _contents(project, set(uids))
    maps = maps_of(project)
    keys = maps.compute({hashes[uid]: copies[uid] for uid in hashes})
    return compared(maps, detail_of(maps.trunk, ask), keys, [hashes[uid] for uid in uids])


def detail_of(trunk: "Trunk", ask: Ask) -> Detail:
    """Look at a picture, or closer at a part of it.

    A small part is looked at with what surrounds it, at up to twice the size, so that it has
    cells enough to be found by.

    Raises
    ------
    InputError
        The box has no area, or leaves the picture.
    """
    if ask.box is None:
        return Detail(next(iter(trunk.describe([ask.picture]))))
    x, y, w, h = check_box(ask.box)
    left, wide = _around(x, w)
    top, high = _around(y, h)
    part, (left, top, wide, high) = _cropped(ask.picture, (left, top, wide, high))
    cells = next(iter(trunk.describe([part])))
    near = (max(0.0, (x - left) / wide), max(0.0, (y - top) / high), w / wide, h / high)
    kept = inside(cells, (near[0], near[1], min(near[2], 1 - near[0]), min(near[3], 1 - near[1])))
    x0, y0, x1, y1 = kept.frame  # of the part; wanted is that of the whole picture
    unit_x, unit_y = (x1 - x0) / wide, (y1 - y0) / high
    start_x, start_y = x0 - left * unit_x, y0 - top * unit_y
    return Detail(replace(kept, frame=(start_x, start_y, start_x + unit_x, start_y + unit_y)))


def compared(
    maps: Maps, detail: Detail, keys: dict[str, str], wanted: Iterable[str]
) -> list[Match]:
    """A detail against pictures, some hundred in memory at a time.

    Parameters
    ----------
    keys
        sha256 to cells, as `Maps.compute` gives them.
    wanted
        sha256 of each picture, in the order of the answer.
    """
    hashes = list(wanted)
    return [
        match
        for start in range(0, len(hashes), 256)
        for match in compare(detail.cells, maps.cells(keys, hashes[start : start + 256]))
    ]


def _contents(project: Project, uids: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """uid to sha256, and to working copy."""
    columns = ["uid", "sha256", "working"]
    rows = current_images(project.store, columns, sorted(uids)).to_pylist()
    missing = sorted(uids - {row["uid"] for row in rows})
    if missing:
        raise UnknownImageError(
            f"{missing[0]!r} is not a picture of the corpus (a uid, such as 'a/b.jpg')."
        )
    return {row["uid"]: row["sha256"] for row in rows}, {row["uid"]: row["working"] for row in rows}


def _around(start: float, length: float) -> tuple[float, float]:
    """Start and length of what is looked at along a side: the part in its middle."""
    wanted = min(1.0, max(length, _AROUND))
    return min(max(start + (length - wanted) / 2, 0.0), 1 - wanted), wanted


def _cropped(picture: bytes, window: Box) -> tuple[bytes, Box]:
    """A part of an encoded picture, encoded, and its window to the pixel."""
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as image:
        width, height = image.size
        x0, y0 = int(window[0] * width), int(window[1] * height)
        x1 = min(width, max(x0 + 1, round((window[0] + window[2]) * width)))
        y1 = min(height, max(y0 + 1, round((window[1] + window[3]) * height)))
        out = io.BytesIO()
        image.convert("RGB").crop((x0, y0, x1, y1)).save(out, "PNG")
    exact = (x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height)
    return out.getvalue(), exact
