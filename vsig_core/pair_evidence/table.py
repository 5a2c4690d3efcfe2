"""The table `pair_evidence`: what near pictures of the corpus have in common, part by part.

Compared are each picture's nearest as a whole and the nearest by its regions; a pair that was
compared before, on the same contents and by the same trunk, is taken over.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from vsig_core.annotations.boxes import write_box
from vsig_core.evidence import Match, compare
from vsig_core.pair_evidence.maps import Maps, Progress
from vsig_core.store import schema

Pair = tuple[str, str]
Row = dict[str, Any]

_TOLD = 256  # pairs between two words on the progress


def evidence_table(
    maps: Maps,
    contents: Mapping[str, str],
    neighbours: Mapping[str, Sequence[str]],
    before: pa.Table,
    most: int,
    progress: Progress,
) -> pa.Table:
    """Make the table `pair_evidence`.

    Parameters
    ----------
    maps
        They hold every picture; see `Maps.compute`.
    contents
        Picture to its sha256.
    neighbours
        Picture to the nearest as a whole, the nearest first.
    before
        The table as it was.
    most
        How many of the nearest as a whole, and as many by regions, are compared with each.
    progress
        Called as (done, total) over the pairs that have to be compared.

    Returns
    -------
    One row for each pair of pictures, also where they have nothing in common (score 0).
    """
    wanted = _by_contents(_candidates(maps, contents, neighbours, most), contents)
    found = _known(before, maps.name, wanted)
    found |= dict(_compared(maps, sorted(set(wanted) - set(found)), progress))
    rows = [
        _row(pair, (sha1, sha2), maps.name, found[sha1, sha2])
        for (sha1, sha2), pairs in wanted.items()
        for pair in pairs
    ]
    rows.sort(key=lambda row: (row["img1"], row["img2"]))
    return pa.Table.from_pylist(rows, schema("pair_evidence"))


def _candidates(
    maps: Maps, contents: Mapping[str, str], neighbours: Mapping[str, Sequence[str]], most: int
) -> set[Pair]:
    """Pairs to compare, smaller uid first."""
    uids_of: dict[str, list[str]] = defaultdict(list)
    for uid, sha in contents.items():
        uids_of[sha].append(uid)
    regions = maps.regions()
    here = np.array([sha in uids_of for sha in regions.hashes], np.bool_)
    nominated = regions.index.nominate_all(most, here)
    pairs = {
        (one, other)
        for sha, others in zip(regions.hashes, nominated, strict=True)
        for one in uids_of.get(sha, ())
        for place in others
        for other in uids_of[regions.hashes[place]]
    }
    pairs |= {(one, other) for one, near in neighbours.items() for other in near[:most]}
    return {
        (min(pair), max(pair))
        for pair in pairs
        if len({contents[uid] for uid in pair if uid in contents}) == 2
    }


def _by_contents(
    pairs: Collection[Pair], contents: Mapping[str, str]
) -> dict[tuple[str, str], list[Pair]]:
    """Pairs of contents, smaller first, to the pairs of pictures that show them in that order.

    Always compared in one order: what a pair has in common does not hang on its names.
    """
    found: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        one, other = sorted(pair, key=contents.__getitem__)
        found[contents[one], contents[other]].append((one, other))
    return found


def _known(before: pa.Table, trunk: str, wanted: Collection[tuple[str, str]]) -> dict[Pair, Row]:
    """What was compared already, by contents."""
    asked = set(wanted)
    found: dict[Pair, Row] = {}
    for row in before.to_pylist():
        turned = row["sha1"] > row["sha2"]
        key = (row["sha2"], row["sha1"]) if turned else (row["sha1"], row["sha2"])
        if row["trunk"] == trunk and key in asked and row["cells"]:  # an older vsig kept none
            found[key] = row | ({"box1": row["box2"], "box2": row["box1"]} if turned else {})
    return found


def _compared(
    maps: Maps, pairs: Sequence[Pair], progress: Progress
) -> Iterator[tuple[Pair, Mapping[str, Any]]]:
    keys = maps.keys(sorted({sha for pair in pairs for sha in pair}))
    done = 0
    for one, group in groupby(pairs, key=lambda pair: pair[0]):
        others = [other for _, other in group]
        for start in range(0, len(others), _TOLD):
            chunk = others[start : start + _TOLD]
            cells = maps.cells(keys, [one, *chunk])
            for other, match in zip(chunk, compare(cells[0], cells[1:]), strict=True):
                yield (one, other), _facts(match)
            done += len(chunk)
            progress(done, len(pairs))


def _facts(match: Match) -> Row:
    return {
        "score": match.score,
        "box1": match.box1 and write_box(match.box1),
        "box2": match.box2 and write_box(match.box2),
        "mirrored": match.mirrored,
        "cells": match.cells,
    }


def _row(pair: Pair, shas: Pair, trunk: str, facts: Mapping[str, Any]) -> Row:
    one, other = pair
    kept = {name: facts[name] for name in ("score", "box1", "box2", "mirrored", "cells")}
    row: Row = {"img1": one, "img2": other, "sha1": shas[0], "sha2": shas[1], "trunk": trunk} | kept
    if one > other:
        names = (("img1", "img2"), ("sha1", "sha2"), ("box1", "box2"))
        for first, second in names:
            row[first], row[second] = row[second], row[first]
    return row
