"""What is known of pairs already, for lists that cannot wait until pictures are looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from vsig_core.current import current_images
from vsig_core.errors import TableMissingError
from vsig_core.evidence import Box, Cells, Match, compare, inside
from vsig_core.pair_evidence.maps import Maps, maps_of
from vsig_core.project import Project

_AT_ONCE = 256  # pictures in memory


@dataclass(frozen=True)
class Pair:
    """Two pictures, and the part of either that is meant; None means all of it.

    Parameters
    ----------
    uid1, uid2
        Pictures of the corpus.
    box1, box2
        x, y, w, h in fractions of the picture.
    """

    uid1: str
    uid2: str
    box1: Box | None = None
    box2: Box | None = None


def kept_evidence(project: Project, pairs: Sequence[Pair]) -> list[Match | None]:
    """What pairs have in common, from maps that are kept: no picture is looked at.

    Parameters
    ----------
    project
        The project.
    pairs
        In any order.

    Returns
    -------
    One for each pair, in their order; None where one of the two was never looked at.
    """
    found: list[Match | None] = [None] * len(pairs)
    try:
        maps = maps_of(project)
    except TableMissingError:
        return found
    hashes, keys = _kept(maps, {uid for pair in pairs for uid in (pair.uid1, pair.uid2)})
    known = [n for n, p in enumerate(pairs) if p.uid1 in hashes and p.uid2 in hashes]
    known.sort(key=lambda n: (pairs[n].uid1, pairs[n].box1 or ()))
    for (uid, box), group in groupby(known, key=lambda n: (pairs[n].uid1, pairs[n].box1)):
        one = _part(maps.cells(keys, [hashes[uid]])[0], box)
        numbers = list(group)
        for start in range(0, len(numbers), _AT_ONCE):
            chunk = numbers[start : start + _AT_ONCE]
            whole = maps.cells(keys, [hashes[pairs[n].uid2] for n in chunk])
            parts = [_part(cells, pairs[n].box2) for n, cells in zip(chunk, whole, strict=True)]
            for n, match in zip(chunk, compare(one, parts), strict=True):
                found[n] = match
    return found


def _kept(maps: Maps, uids: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """uid to sha256, and sha256 to cells, of the pictures that were looked at."""
    rows = current_images(maps.store, ["uid", "sha256"], sorted(uids)).to_pylist()
    keys = maps.known(sorted({row["sha256"] for row in rows}))
    return {row["uid"]: row["sha256"] for row in rows if row["sha256"] in keys}, keys


def _part(cells: Cells, box: Box | None) -> Cells:
    return cells if box is None else inside(cells, box)
