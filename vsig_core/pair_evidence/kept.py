"""What is known of pairs already, for lists that cannot wait until pictures are looked at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from vsig_core.annotations.boxes import read_box
from vsig_core.current import current_images
from vsig_core.errors import TableMissingError
from vsig_core.evidence import Box, Cells, Match, compare, inside
from vsig_core.pair_evidence.maps import maps_of
from vsig_core.project import Project
from vsig_core.store import Store

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
    """What pairs have in common: by the table `pair_evidence`, else by maps that are kept.

    No picture is looked at.

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
    uids = sorted({uid for pair in pairs for uid in (pair.uid1, pair.uid2)})
    rows = current_images(project.store, ["uid", "sha256"], uids).to_pylist()
    contents = {row["uid"]: row["sha256"] for row in rows}
    known = _by_the_table(project.store, contents)
    known |= _by_maps(project, (pair for pair in pairs if pair not in known), contents)
    return [known.get(pair) for pair in pairs]


def _by_the_table(store: Store, contents: Mapping[str, str]) -> dict[Pair, Match]:
    """Whole pictures that were compared as they are now."""
    rows = store.read_or_empty("pair_evidence", among={"img1": list(contents)}).to_pylist()
    found: dict[Pair, Match] = {}
    for row in rows:
        one, other = row["img1"], row["img2"]
        same = (contents[one], contents.get(other)) == (row["sha1"], row["sha2"])
        if same and row["cells"]:  # an older vsig kept none
            box1, box2 = _box(row["box1"]), _box(row["box2"])
            match = Match(row["score"], box1, box2, row["mirrored"], row["cells"])
            found |= {Pair(one, other): match, Pair(other, one): match.turned}
    return found


def _by_maps(
    project: Project, pairs: Iterable[Pair], contents: Mapping[str, str]
) -> dict[Pair, Match]:
    """Pairs of pictures, or of parts of them, that were both looked at."""
    try:
        maps = maps_of(project)
    except TableMissingError:
        return {}
    keys = maps.keys(sorted(set(contents.values())))
    seen = {uid for uid, sha in contents.items() if sha in keys}
    wanted = [pair for pair in pairs if pair.uid1 in seen and pair.uid2 in seen]
    wanted.sort(key=lambda pair: (pair.uid1, pair.box1 or ()))
    found: dict[Pair, Match] = {}
    for (uid, box), group in groupby(wanted, key=lambda pair: (pair.uid1, pair.box1)):
        one, others = _part(maps.cells(keys, [contents[uid]])[0], box), list(group)
        for start in range(0, len(others), _AT_ONCE):
            chunk = others[start : start + _AT_ONCE]
            whole = maps.cells(keys, [contents[pair.uid2] for pair in chunk])
            parts = [_part(cells, pair.box2) for cells, pair in zip(whole, chunk, strict=True)]
            found |= dict(zip(chunk, compare(one, parts), strict=True))
    return found


def _box(text: str | None) -> Box | None:
    return read_box(text) if text else None


def _part(cells: Cells, box: Box | None) -> Cells:
    return cells if box is None else inside(cells, box)
