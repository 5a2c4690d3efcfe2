"""Contradictions: how they are found in the graph, settled, and listed.

Two kinds come with the pair itself (see `links`): "pair", judged differently, and
"replaced", judged on another picture than the uid has now. A third needs the graph:
"inside", a NEGATIVE or DIFFERENT between pictures that POSITIVE links join anyway,
or a NOT_DUPLICATE between pictures that DUPLICATE links join.
"""

import hashlib
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from vsig_core.annotations.duplicates import fold_forest
from vsig_core.annotations.forest import Forest
from vsig_core.annotations.judgement import Judgement, Pair
from vsig_core.annotations.kinds import LEAVE, contradict, read_outcome
from vsig_core.annotations.links import Link
from vsig_core.store.schema import SEPARATING, schema

Settlements = dict[str, Judgement]


def conflict_id(pair: Pair) -> str:
    """The id of a conflict about a pair: the same whoever judges it again.

    >>> conflict_id(("a", "b")) == conflict_id(("b", "a"))
    True
    """
    return "k-" + hashlib.sha256("\0".join(sorted(pair)).encode()).hexdigest()[:16]


def settlements(judgements: Iterable[Judgement]) -> Settlements:
    """The latest SETTLE on each conflict, by conflict_id; a SETTLE may name the pair instead."""
    found: Settlements = {}
    for row in sorted((j for j in judgements if j.type == "SETTLE"), key=lambda j: j.order):
        found[row.retracts or conflict_id(row.pair)] = row
    return found


def settle_pairs(links: Iterable[Link], settled: Settlements) -> None:
    """Let settlements decide pairs that are contested by themselves."""
    for link in links:
        if link.contested:
            _settle(link, settled)


def contest_inside(links: Mapping[Pair, Link], hashes: Mapping[str, str], settled: Settlements):
    """Contest the links that what joins their two pictures contradicts.

    Marks them in place, with the judgements along a chain of links that joins the
    two as witnesses, then lets settlements decide them.
    """
    folded = fold_forest(links.values(), hashes)
    _contest(links, {"NOT_DUPLICATE"}, folded, {"DUPLICATE"}, settled)
    _contest(links, SEPARATING, joined_forest(links.values(), folded), {"POSITIVE"}, settled)


def joined_forest(links: Iterable[Link], folded: Forest[str]) -> Forest[str]:
    """Pictures joined by POSITIVE links that hold, duplicates counting as one picture."""
    forest: Forest[str] = Forest()
    for group in folded.groups():
        for uid in group[1:]:
            forest.join(group[0], uid)
    for link in links:
        if link.verdict == "POSITIVE" and link.holds:
            forest.join(*link.pair)
    return forest


def conflicts_table(links: Iterable[Link]) -> pa.Table:
    """Rows of the table `conflicts`: the two pictures first, then those that join them."""
    rows = [
        {
            "conflict_id": conflict_id(link.pair),
            "kind": link.conflict,
            "images": [*link.pair, *_between(link)],
            "annotations": [j.annotation_id for j in (*link.judgements, *link.witnesses)],
            "settled_by": link.decided_by and link.decided_by.annotation_id,
        }
        for link in links
        if link.conflict
    ]
    rows.sort(key=lambda row: row["conflict_id"])
    return pa.Table.from_pylist(rows, schema=schema("conflicts"))


def _between(link: Link) -> list[str]:
    uids = dict.fromkeys(uid for witness in link.witnesses for uid in witness.pair)
    return [uid for uid in uids if uid not in link.pair]


def _settle(link: Link, settled: Settlements) -> None:
    decision = settled.get(conflict_id(link.pair))
    outcome = read_outcome(decision.note) if decision else None
    if decision is None or outcome is None:
        return
    if outcome == LEAVE:
        link.decided_by = decision
        return
    reopened = any(j.is_later(decision) and contradict(j.type, outcome) for j in link.judgements)
    if not reopened:
        link.verdict, link.contested, link.decided_by = outcome, False, decision


def _contest(
    links: Mapping[Pair, Link],
    separating: Iterable[str],
    forest: Forest[str],
    joining: set[str],
    settled: Settlements,
) -> None:
    inside = [
        link
        for link in links.values()
        if link.verdict in separating
        and not link.contested
        and not link.decided_by
        and forest.together(*link.pair)
    ]
    if not inside:
        return
    chains = _Chains(
        [x for x in links.values() if x.holds and x.verdict in {*joining, "DUPLICATE"}]
    )
    for link in inside:
        link.conflict, link.contested = "inside", True
        link.witnesses = [j for step in chains.between(link.pair) for j in links[step].judgements]
        _settle(link, settled)


class _Chains:
    """Short chains of links between two pictures: through one other, else along a tree."""

    def __init__(self, links: Sequence[Link]) -> None:
        self._next: dict[str, set[str]] = defaultdict(set)
        for link in links:
            one, other = link.pair
            self._next[one].add(other)
            self._next[other].add(one)
        self._parent: dict[str, str | None] = {}
        self._depth: dict[str, int] = {}
        for uid in sorted(self._next, key=lambda uid: (-len(self._next[uid]), uid)):
            if uid not in self._parent:
                self._grow(uid)

    def _grow(self, root: str) -> None:
        self._parent[root], self._depth[root] = None, 0
        queue = deque([root])
        while queue:
            uid = queue.popleft()
            for other in sorted(self._next[uid]):
                if other not in self._parent:
                    self._parent[other], self._depth[other] = uid, self._depth[uid] + 1
                    queue.append(other)

    def between(self, pair: Pair) -> list[Pair]:
        """Links of a chain; empty where only equal contents join the two."""
        one, other = pair
        if one not in self._next or other not in self._next:
            return []
        common = self._next[one] & self._next[other]
        if common:
            middle = min(common)
            return [_pair(one, middle), _pair(middle, other)]
        return self._along_tree(one, other)

    def _along_tree(self, one: str, other: str) -> list[Pair]:
        left: list[Pair] = []
        right: list[Pair] = []
        while one != other:
            if self._depth[one] >= self._depth[other]:
                side, uid = left, one
            else:
                side, uid = right, other
            parent = self._parent[uid]
            if parent is None:
                return []
            side.append(_pair(uid, parent))
            one, other = (parent, other) if side is left else (one, parent)
        return left + right[::-1]


def _pair(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)
