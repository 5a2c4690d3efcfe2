"""Pairs worth a question: near one another, and in no group together.

Most pictures lie in no cluster, and most copies that are still to be found are just beyond
the radius. What stands out from a picture's other neighbours is asked about first.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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


def propose_pairs(groups: pa.Table, standing: Standing, most: int) -> list[Entry]:
    """Entries of the queue, one for each pair, those that stand out most first.

    Parameters
    ----------
    groups
        Table `groups`: pictures that share one are judged there.
    standing
        What is known. Pairs that are judged, or share a signature, are settled.
    most
        Entries at most.
    """
    together = _groups_of(groups)
    proposed: list[Entry] = []
    asked: Counter[str] = Counter()
    seen: set[frozenset[str]] = set()
    for closeness, (one, other) in _near(standing.evidence.neighbours):
        if len(proposed) >= most:
            break
        objects = frozenset(standing.evidence.objects.get(uid, uid) for uid in (one, other))
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
        proposed.append(_entry((one, other), closeness, standing))
    return proposed


def _near(neighbours: pa.Table) -> Iterator[tuple[float, Pair]]:
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
        yield float(closeness[row]), (uids[int(low[row])].as_py(), uids[int(high[row])].as_py())


def _nearest(neighbours: pa.Table, column: str) -> pa.ListArray:
    """The first of each list."""
    options = pc.ListSliceOptions(0, NEAREST)
    return pc.call_function("list_slice", [neighbours[column].combine_chunks()], options)


def _groups_of(groups: pa.Table) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in groups.select(["uid", "group"]).to_pylist():
        found[row["uid"]].add(row["group"])
    return found


def _entry(pair: Pair, closeness: float, standing: Standing) -> Entry:
    motifs = [standing.motifs.get(uid, set()) for uid in pair]
    return {
        "name": " ".join(pair),
        "kind": "pair",
        "images": sorted(pair, key=lambda uid: (uid in standing.motifs, uid)),
        "cluster": None,
        "score": round(PAIR + CLOSE * closeness, 6),
        "reasons": [_reason(motifs, standing), *_standing_out(closeness)],
    }


def _reason(motifs: list[set[str]], standing: Standing) -> str:
    if all(motifs):
        names = standing.names(set().union(*motifs))
        return f"carry {names}, and are near one another: are they one?"
    if any(motifs):
        return f"one carries {standing.names(set().union(*motifs))}: does the other too?"
    return "nearer to one another than to all but a few others, and no group holds both"


def _standing_out(closeness: float) -> list[str]:
    return ["far nearer than anything else"] if closeness > 0.5 else []
