"""Triplets: anchor, a picture that shares its signature, and one that does not.

Negatives of a pair come in this order: all that people judged NEGATIVE or
DIFFERENT against the anchor; then the nearest pictures; then random ones. None is
of the anchor's component, of the same work, judged SIMILAR, part of a conflict, a
duplicate of anchor or positive, or of another split. Pictures without a split may
be negatives anywhere.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from vsig_core.annotations.judgement import Pair
from vsig_core.settings import TripletsSettings
from vsig_core.store.schema import SEPARATING, schema

MINED_SPLITS = ("train", "val")
"""The test split is never looked at."""

Nearest = Callable[[list[str]], Mapping[str, Sequence[str]]] | Mapping[str, Sequence[str]]

# Draws for each random negative before giving up: the pool may be all forbidden.
_PATIENCE = 20


@dataclass(frozen=True)
class TripletSources:
    """What mining needs to know of the corpus.

    `links` and `components` by the schemas of the store; `works` uid to work;
    `representatives` uid to the picture that stands for it; `pool` pictures that
    random negatives are drawn from, besides those of links and rankings.
    """

    links: pa.Table
    components: pa.Table
    works: Mapping[str, str] = field(default_factory=dict)
    representatives: Mapping[str, str] = field(default_factory=dict)
    pool: Sequence[str] = ()


def mine_triplets(
    sources: TripletSources, nearest: Nearest, settings: TripletsSettings
) -> pa.Table:
    """Draw the triplets of the splits train and val.

    Parameters
    ----------
    sources
        Links, components, works, duplicates.
    nearest
        uid to other uids, nearest first, by some network; or a function that
        gives such rankings for a list of anchors. Longer rankings than
        `hard_negatives` leave room for what must be skipped.
    settings
        How many; the seed. The same input gives the same triplets in the same order,
        and a pair's random negatives do not change when others come or go.

    Returns
    -------
    Rows of the table `triplets`, by anchor and positive, each pair in both
    directions; duplicates folded onto their representatives.
    """
    rules = _Rules(sources)
    positives = rules.positives()
    anchors = sorted(positives)
    found = nearest(anchors) if callable(nearest) else nearest
    rankings = {a: list(dict.fromkeys(map(rules.standing, found.get(a, ())))) for a in anchors}
    pool = _pool(rules, sources, rankings)
    rows = [
        {
            "anchor": anchor,
            "positive": positive,
            "negative": negative,
            "split": rules.split[anchor],
            "origin": origin,
        }
        for anchor in anchors
        for positive in positives[anchor]
        for negative, origin in _negatives(
            rules, (anchor, positive), rankings[anchor], pool, settings
        )
    ]
    return pa.Table.from_pylist(rows, schema=schema("triplets"))


class _Rules:
    """What may stand with what, all in terms of representatives."""

    def __init__(self, sources: TripletSources) -> None:
        self._stands_for = sources.representatives
        self.split: dict[str, str] = {}
        self._component: dict[str, str] = {}
        for row in sources.components.to_pylist():
            self.split[self.standing(row["uid"])] = row["split"]
            self._component[self.standing(row["uid"])] = row["component"]
        self._works: dict[str, set[str]] = defaultdict(set)
        for uid, work in sources.works.items():
            if work:
                self._works[self.standing(uid)].add(work)
        self._positive: set[Pair] = set()
        self.negatives: dict[str, set[str]] = defaultdict(set)
        self._barred: dict[str, set[str]] = defaultdict(set)
        for row in sources.links.to_pylist():
            self._take(row)

    def _take(self, row: Mapping[str, str]) -> None:
        one, other = self.standing(row["img1"]), self.standing(row["img2"])
        if row["contested"] or row["verdict"] in ("SIMILAR", "DUPLICATE"):
            self._barred[one].add(other)
            self._barred[other].add(one)
        elif row["verdict"] == "POSITIVE":
            self._positive |= {(one, other), (other, one)}
        elif row["verdict"] in SEPARATING:
            self.negatives[one].add(other)
            self.negatives[other].add(one)

    def standing(self, uid: str) -> str:
        """The picture that stands for this one."""
        return self._stands_for.get(uid, uid)

    def positives(self) -> dict[str, list[str]]:
        """Anchor to its positives, sorted, where the split is mined."""
        found: dict[str, list[str]] = defaultdict(list)
        for anchor, positive in sorted(self._positive):
            split = self.split.get(anchor)
            if anchor != positive and split in MINED_SPLITS and self.split.get(positive) == split:
                found[anchor].append(positive)
        return found

    def allow(self, pair: Pair, negative: str) -> bool:
        """Whether a picture may be the negative of an (anchor, positive)."""
        split = self.split.get(negative)
        return (
            negative not in pair
            and split in (None, self.split[pair[0]])
            and all(self._apart(uid, negative) for uid in pair)
        )

    def _apart(self, uid: str, negative: str) -> bool:
        component = self._component.get(negative)
        return (
            (component is None or component != self._component.get(uid))
            and negative not in self._barred.get(uid, ())
            and (uid, negative) not in self._positive
            and self._works.get(uid, set()).isdisjoint(self._works.get(negative, ()))
        )


def _negatives(
    rules: _Rules,
    pair: Pair,
    ranking: Sequence[str],
    pool: Sequence[str],
    settings: TripletsSettings,
) -> Iterator[tuple[str, str]]:
    taken: set[str] = set()
    for negative in sorted(rules.negatives.get(pair[0], ())):
        if rules.allow(pair, negative):
            taken.add(negative)
            yield negative, "annotated"
    # Annotated negatives fill the places of mined ones; all of them are used.
    wanted = settings.hard_negatives - len(taken)
    for negative in ranking:
        if wanted <= 0:
            break
        if negative not in taken and rules.allow(pair, negative):
            taken.add(negative)
            wanted -= 1
            yield negative, "hard"
    for negative in _random_negatives(rules, pair, pool, taken, settings):
        yield negative, "random"


def _random_negatives(
    rules: _Rules,
    pair: Pair,
    pool: Sequence[str],
    taken: set[str],
    settings: TripletsSettings,
) -> Iterator[str]:
    if not pool or not settings.random_negatives:
        return
    chance = random.Random(f"{settings.seed}\0{pair[0]}\0{pair[1]}")
    wanted = settings.random_negatives
    for _ in range(_PATIENCE * wanted):
        negative = pool[chance.randrange(len(pool))]
        if negative not in taken and rules.allow(pair, negative):
            taken.add(negative)
            wanted -= 1
            yield negative
            if not wanted:
                return


def _pool(
    rules: _Rules, sources: TripletSources, rankings: Mapping[str, Sequence[str]]
) -> list[str]:
    uids = {rules.standing(uid) for uid in sources.pool}
    uids.update(uid for ranking in rankings.values() for uid in ranking)
    uids.update(rules.split)
    uids.update(rules.negatives)
    return sorted(uids)
