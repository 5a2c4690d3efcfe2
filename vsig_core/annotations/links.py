"""What is in force about each judged pair, before the graph is looked at."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations

from vsig_core.annotations.judgement import Judgement, Pair
from vsig_core.annotations.kinds import PAIR_TYPES, contradict, replaces, strongest

_PAIR_TYPES = frozenset(PAIR_TYPES)


@dataclass
class Link:
    """A judged pair: the judgements in force on it, and what follows from them.

    `conflict` is the kind of an unsettled contradiction, else None; `contested`
    says that the pair is left out of training and relevance.
    """

    pair: Pair
    judgements: list[Judgement]
    verdict: str
    contested: bool = False
    conflict: str | None = None
    decided_by: Judgement | None = None
    witnesses: list[Judgement] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether the verdict can be built on."""
        return not self.contested

    @property
    def voices(self) -> list[Judgement]:
        """The judgements that said what the verdict says, a settlement included."""
        settled = [self.decided_by] if self.decided_by else []
        return settled + [j for j in self.judgements if j.type == self.verdict]

    @property
    def annotators(self) -> list[str]:
        """Names of those who judged so."""
        return sorted({j.annotator for j in self.voices if j.annotator})

    @property
    def decided_at(self) -> datetime | None:
        """Time of the latest judgement that says what the verdict says."""
        return max((j.made_at for j in self.voices if j.made_at), default=None)


def judged_pairs(
    judgements: Sequence[Judgement], is_suspended: Callable[[Judgement], bool]
) -> dict[Pair, Link]:
    """Links of all pairs with a judgement in force.

    Parameters
    ----------
    judgements
        In force (nobody took them back).
    is_suspended
        Whether a judgement was made on another picture than the uid now has. Where
        all judgements of a pair are, the link is contested (kind "replaced").
    """
    by_pair: dict[Pair, list[Judgement]] = defaultdict(list)
    for judgement in judgements:
        if judgement.type in _PAIR_TYPES and judgement.img1 != judgement.img2:
            by_pair[judgement.pair].append(judgement)
    return {pair: _link(pair, rows, is_suspended) for pair, rows in sorted(by_pair.items())}


def _link(pair: Pair, rows: list[Judgement], is_suspended: Callable[[Judgement], bool]) -> Link:
    valid = [j for j in rows if not is_suspended(j)]
    standing = _standing(valid or rows)
    kinds = {j.type for j in standing}
    link = Link(pair, standing, strongest(kinds))
    if not valid:
        link.contested, link.conflict = True, "replaced"
    elif any(contradict(one, other) for one, other in combinations(kinds, 2)):
        link.contested, link.conflict = True, "pair"
    return link


def _standing(rows: list[Judgement]) -> list[Judgement]:
    """The latest of each named person; all of those without a name.

    Two contradicting judgements that one person gave the same time both stand.
    """
    if len(rows) == 1:
        return rows
    kept: dict[str, list[Judgement]] = defaultdict(list)
    for row in sorted(rows, key=lambda j: j.order):
        name = row.annotator or ""
        if name:
            kept[name] = [other for other in kept[name] if not _is_replaced(other, row)]
        kept[name].append(row)
    return [row for name in sorted(kept) for row in kept[name]]


def _is_replaced(earlier: Judgement, later: Judgement) -> bool:
    tied = earlier.order == later.order and earlier.type != later.type
    return replaces(later.type, earlier.type) and not tied


def agree_on_content(
    hashes: Mapping[str, str], looks_same: Callable[[str, str], bool]
) -> Callable[[Judgement], bool]:
    """A test for judgements made on another picture than their uid has now.

    Parameters
    ----------
    hashes
        uid to the sha256 that it has now; a uid that is not there is not tested.
    looks_same
        Whether two contents, by sha256, are nearly the same picture.
    """

    def differs(uid: str, judged: str | None) -> bool:
        now = hashes.get(uid)
        return bool(judged and now and judged != now and not looks_same(judged, now))

    return lambda j: differs(j.img1, j.sha1) or differs(j.img2, j.sha2)
