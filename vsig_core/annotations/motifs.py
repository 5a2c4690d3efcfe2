"""Motifs: which links speak of one visual signature.

Links that meet in a picture are of one motif, unless their boxes there are
disjoint or people gave them different names: a painting may carry two signatures.
A link without box or name that meets several motifs in a picture says nothing
about which it is; what it says in its other picture decides, else it is one of its
own: splitting too much costs a person less than merging too much.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from vsig_core.annotations.boxes import Box, shared_area, write_box
from vsig_core.annotations.forest import Forest
from vsig_core.annotations.judgement import Judgement, Pair
from vsig_core.annotations.links import Link
from vsig_core.annotations.naming import keep_ids
from vsig_core.store.schema import schema


@dataclass(frozen=True)
class _End:
    """One end of a link: the box that was drawn there, and the motif's name."""

    pair: Pair
    box: Box | None
    name: str | None


@dataclass
class _Signature:
    """What is known of one motif in one picture."""

    ends: list[_End] = field(default_factory=list)
    boxes: set[Box] = field(default_factory=set)
    name: str | None = None


def build_motifs(
    links: Sequence[Link], folded: Forest[str], previous: pa.Table | None
) -> tuple[pa.Table, pa.Table]:
    """Tables `motifs` and `motif_members`.

    Parameters
    ----------
    links
        POSITIVE links that hold.
    folded
        Pictures that count as one; their links meet.
    previous
        `motif_members` of earlier, whose ids are kept where most pictures are the
        same. Without it an id comes from the oldest link of a motif.
    """
    groups = [[links[number] for number in group] for group in _groups(links, folded)]
    members = [sorted({uid for link in group for uid in link.pair}) for group in groups]
    earlier: dict[str, list[str]] = defaultdict(list)
    for row in previous.to_pylist() if previous is not None else ():
        earlier[row["uid"]].append(row["motif"])
    ids = keep_ids(
        members, earlier, ["\0".join(min(group, key=_age).pair) for group in groups], "s-"
    )
    named = sorted(zip(ids, groups, strict=True), key=lambda item: item[0])
    motifs = [_motif_row(motif, group) for motif, group in named]
    carried = [row for motif, group in named for row in _member_rows(motif, group)]
    return (
        pa.Table.from_pylist(motifs, schema=schema("motifs")),
        pa.Table.from_pylist(carried, schema=schema("motif_members")),
    )


def _groups(links: Sequence[Link], folded: Forest[str]) -> list[list[int]]:
    number_of = {link.pair: number for number, link in enumerate(links)}
    ends: dict[str, list[_End]] = defaultdict(list)
    for link in links:
        name = _latest(link, "motif")
        for uid, side in zip(link.pair, ("box1", "box2"), strict=True):
            ends[folded.root(uid)].append(_End(link.pair, _latest(link, side), name))
    forest: Forest[int] = Forest()
    for number in range(len(links)):
        forest.root(number)
    for meeting in ends.values():
        for signature in _signatures(meeting):
            numbers = [number_of[end.pair] for end in signature]
            for number in numbers[1:]:
                forest.join(numbers[0], number)
    return forest.groups()


def _signatures(ends: list[_End]) -> list[list[_End]]:
    """The ends of links that meet in one picture, parted by motif."""
    told = [end for end in ends if end.box or end.name]
    untold = [end for end in ends if not (end.box or end.name)]
    found: list[_Signature] = []
    for end in sorted(told, key=_clearest_first):
        fitting = [signature for signature in found if _fits(end, signature)]
        best = max(fitting, key=lambda s: _overlap(end, s), default=None)
        if best is None or (len(fitting) > 1 and not _overlap(end, best)):
            best = _Signature(name=end.name)
            found.append(best)
        best.ends.append(end)
        best.name = best.name or end.name
        if end.box:
            best.boxes.add(end.box)
    if untold and len(found) == 1:
        found[0].ends.extend(untold)
    elif untold:
        found.append(_Signature(untold))
    return [signature.ends for signature in found]


def _clearest_first(end: _End) -> tuple[bool, bool, str, float, Box, Pair]:
    # Small boxes found motifs; one drawn over several figures then joins the nearest.
    box = end.box or (0.0, 0.0, 0.0, 0.0)
    return end.name is None, end.box is None, end.name or "", box[2] * box[3], box, end.pair


def _fits(end: _End, signature: _Signature) -> bool:
    if end.name and signature.name:
        return end.name == signature.name  # a person's word comes before geometry
    return not end.box or not signature.boxes or _overlap(end, signature) > 0


def _overlap(end: _End, signature: _Signature) -> float:
    if end.name and end.name == signature.name:
        return 2.0  # more than any overlap
    return max((shared_area(end.box, box) for box in signature.boxes), default=0) if end.box else 0


def _latest(link: Link, column: str) -> Any:
    """Box or name that the latest judgement that gives one gives."""
    said = [j for j in _positives(link) if getattr(j, column)]
    return getattr(max(said, key=lambda j: (j.order, j.annotation_id)), column) if said else None


def _positives(link: Link) -> list[Judgement]:
    return [j for j in link.judgements if j.type == "POSITIVE"]


def _age(link: Link) -> tuple[Any, Pair]:
    return min(j.order for j in _positives(link) or link.voices), link.pair


def _motif_row(motif: str, group: Sequence[Link]) -> Mapping[str, Any]:
    named = [j for link in group for j in _positives(link) if j.motif]
    named.sort(key=lambda j: (j.order, j.annotation_id), reverse=True)
    names = list(dict.fromkeys(j.motif for j in named if j.motif))
    also = f"also called {', '.join(names[1:])}" if names[1:] else None
    return {"motif": motif, "name": names[0] if names else None, "note": also}


def _member_rows(motif: str, group: Sequence[Link]) -> list[Mapping[str, Any]]:
    drawn: dict[str, list[tuple[Any, Box]]] = defaultdict(list)
    for link in group:
        for judgement in _positives(link):
            for uid, box in zip(link.pair, (judgement.box1, judgement.box2), strict=True):
                if box:
                    drawn[uid].append(((judgement.order, judgement.annotation_id), box))
    uids = sorted({uid for link in group for uid in link.pair})
    return [
        {"motif": motif, "uid": uid, "box": write_box(max(drawn[uid])[1]) if drawn[uid] else None}
        for uid in uids
    ]
