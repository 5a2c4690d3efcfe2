"""Pairs worth a question: near one another or alike in a part, and in no group together.

Most pictures lie in no cluster, and most copies that are still to be found are just beyond
the radius. What stands out from a picture's other neighbours is asked about first.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vsig_core.evidence import chance
from vsig_core.review.standing import Standing

# One has to be among so many nearest of the other.
NEAREST = 10
# A picture is asked about in no more than so many pairs: an answer to one may settle the others.
MOST_OF_ONE = 3
# Below a group that nobody has seen, which one click may settle as a whole; and by how far the
# two stand out from their other neighbours, in [0, 1] before its weight.
PAIR, CLOSE = 0.4, 0.6

Entry = dict[str, Any]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Near:
    """Two pictures, and how far they stand out from what else is near to either: 0 to 1.

    `shared` says in words what they have in common in a part; None where they are near as a
    whole.
    """

    closeness: float
    pair: Pair
    shared: str | None = None


def propose_pairs(
    groups: Mapping[str, Sequence[str]], standing: Standing, most: int
) -> list[Entry]:
    """Entries of the queue, one for each pair, those that stand out most first.

    Parameters
    ----------
    groups
        Pictures that each group shows: those that share one are judged there. Pictures that
        judgements put out of a group may still share a signature with one another.
    standing
        What is known. Pairs that are judged, or share a signature, are settled.
    most
        Entries at most.
    """
    together = _groups_of(groups)
    proposed: list[Entry] = []
    asked: Counter[str] = Counter()
    seen: set[frozenset[str]] = set()
    known = standing.evidence
    near = heapq.merge(
        _alike_in_part(known.pair_evidence),
        _near(known.neighbours),
        key=lambda near: -near.closeness,
    )
    for found in near:
        one, other = found.pair
        if len(proposed) >= most:
            break
        objects = frozenset(known.objects.get(uid, uid) for uid in (one, other))
        if (
            len(objects) < 2
            or objects in seen
            or together[one] & together[other]
            or other in standing.settled(one)
            or max(asked[one], asked[other]) >= MOST_OF_ONE
        ):
            continue
        seen.add(objects)
        asked.update((one, other))
        proposed.append(_entry(found, standing))
    return proposed


def _near(neighbours: pa.Table) -> Iterator[Near]:
    """Near neighbours, and how far they stand out: 1 is an exact copy, 0 is like the others.

    Those that stand out most come first. The distance is held against that to the last of the
    `NEAREST` of either picture (local scaling; Zelnik-Manor and Perona 2004, "Self-tuning
    spectral clustering"): what is near in one part of the corpus is far in another. On the
    sample after two rounds this order finds 8, 13 and 18 links in its first 10, 25 and 50
    pairs, the bare distance 1, 2 and 5.
    """
    uids = neighbours["uid"].combine_chunks()
    near, distances = (_nearest(neighbours, name) for name in ("ids", "distances"))
    lengths = near.value_lengths().to_numpy()
    place = pc.SetLookupOptions(value_set=uids)
    other = pc.call_function("index_in", [near.flatten()], place).fill_null(-1).to_numpy()
    one = np.repeat(np.arange(len(uids)), lengths)
    gap = distances.flatten().to_numpy()
    scale = np.zeros(len(uids))
    np.maximum.at(scale, one, gap)
    usual = np.sqrt(scale[one] * scale[other])
    closeness = 1 - np.minimum(np.divide(gap, usual, out=np.zeros_like(gap), where=usual > 0), 1)
    low, high = np.minimum(one, other), np.maximum(one, other)
    _, first = np.unique(low * len(uids) + high, return_index=True)  # each is there from both sides
    first = first[other[first] >= 0]
    for row in first[np.lexsort((high[first], low[first], -closeness[first]))]:
        pair = (uids[int(low[row])].as_py(), uids[int(high[row])].as_py())
        yield Near(float(closeness[row]), pair)


def _alike_in_part(evidence: pa.Table) -> Iterator[Near]:
    """Pairs that share a part, those that stand out most first; not what chance brings.

    The score is held against the tenth best of either picture, as the distance in `_near`: a
    picture full of ornament has something in common with everything.
    """
    if not evidence.num_rows:
        return
    uids = pa.concat_arrays([evidence[name].combine_chunks() for name in ("img1", "img2")]).unique()
    one, other = (_places(evidence[name], uids) for name in ("img1", "img2"))
    score, cells = evidence["score"].to_numpy(), evidence["cells"].to_numpy()
    usual = _tenth_best(np.concatenate([one, other]), np.concatenate([score, score]), len(uids))
    expected = np.sqrt(usual[one] * usual[other])
    closeness = 1 - np.divide(expected, score, out=np.ones(len(score)), where=score > expected)
    for row in np.lexsort((other, one, -closeness)):
        if closeness[row] <= 0:
            return
        if not score[row] > chance(cells[row]):  # cells are NaN where an older vsig kept none
            continue
        pair = (uids[int(one[row])].as_py(), uids[int(other[row])].as_py())
        mirrored = evidence["mirrored"][int(row)].as_py()
        yield Near(float(closeness[row]), pair, "share a part" + ", mirrored" * mirrored)


def _places(column: pa.ChunkedArray, uids: pa.Array) -> NDArray[np.int64]:
    options = pc.SetLookupOptions(value_set=uids)
    return pc.call_function("index_in", [column.combine_chunks()], options).to_numpy()


def _tenth_best(
    place: NDArray[np.int64], score: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """The `NEAREST`th highest score of each place; its lowest where it has fewer."""
    order = np.lexsort((-score, place))
    starts = np.searchsorted(place[order], np.arange(count))
    ends = np.append(starts[1:], len(order))
    return score[order][np.minimum(starts + NEAREST, ends) - 1]


def _nearest(neighbours: pa.Table, column: str) -> pa.ListArray:
    """The first of each list."""
    options = pc.ListSliceOptions(0, NEAREST)
    return pc.call_function("list_slice", [neighbours[column].combine_chunks()], options)


def _groups_of(groups: Mapping[str, Sequence[str]]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for name, uids in groups.items():
        for uid in uids:
            found[uid].add(name)
    return found


def _entry(near: Near, standing: Standing) -> Entry:
    pair = near.pair
    motifs = [standing.motifs.get(uid, set()) for uid in pair]
    return {
        "name": " ".join(pair),
        "kind": "pair",
        "images": sorted(pair, key=lambda uid: (uid in standing.motifs, uid)),
        "cluster": None,
        "score": round(PAIR + CLOSE * near.closeness, 6),
        "reasons": [_reason(motifs, near, standing), *_standing_out(near)],
    }


def _reason(motifs: list[set[str]], near: Near, standing: Standing) -> str:
    if all(motifs):
        names = standing.names(set().union(*motifs))
        return f"carry {names}, and {near.shared or 'are near one another'}: are they one?"
    if any(motifs):
        return f"one carries {standing.names(set().union(*motifs))}: does the other too?"
    alike = near.shared or "nearer to one another than to all but a few others"
    return f"{alike}, and no group holds both"


def _standing_out(near: Near) -> list[str]:
    if near.closeness <= 0.5:
        return []
    return [
        "more in common than with anything else" if near.shared else "far nearer than anything else"
    ]
