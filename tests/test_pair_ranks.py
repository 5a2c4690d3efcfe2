"""Judged pairs in the rankings of two networks, against ranks counted by hand."""

import numpy as np
import pytest

from vsig_core.pair_ranks import rank_pairs
from vsig_core.settings import EvaluationSettings

POOL = [f"{number:02}" for number in range(40)]


def network(seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(len(POOL), 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def rank_by_hand(vectors: np.ndarray, one: str, other: str) -> float:
    ranks = []
    for asking, asked in ((one, other), (other, one)):
        query = vectors[POOL.index(asking)]
        order = sorted(
            (uid for uid in POOL if uid != asking), key=lambda u: -vectors[int(u)] @ query
        )
        ranks.append(order.index(asked) + 1)
    return sum(ranks) / 2


def test_ranks_are_those_counted_by_hand_and_falls_are_listed_deepest_first():
    pairs = [("00", "01"), ("02", "30"), ("05", "06"), ("39", "07"), ("00", "gone")]
    before, now = network(1), network(2)
    found = rank_pairs(pairs, POOL, before, now)
    assert list(found.pairs) == pairs[:4], "a picture outside the pool has no rank"
    for place, pair in enumerate(found.pairs):
        assert found.before[place] == rank_by_hand(before, *pair)
        assert found.now[place] == rank_by_hand(now, *pair)
    rows = found.fallen("m-2", "m-1").to_pylist()
    falls = [row["rank"] - row["rank_before"] for row in rows]
    assert len(rows) == sum(found.now > found.before) and min(falls) > 0
    assert falls == sorted(falls, reverse=True)
    assert {(row["model_id"], row["against"]) for row in rows} == {("m-2", "m-1")}


def test_pairs_that_are_pulled_together_have_a_negative_difference():
    before = network(3)
    now = before.copy()
    pairs = [(POOL[place], POOL[place + 1]) for place in range(0, 40, 2)]
    now[1::2] = now[::2]
    settings = EvaluationSettings(bootstrap=100)
    moved = rank_pairs(pairs, POOL, before, now).moved(settings)
    assert moved is not None and moved.n == 20
    expected = np.mean([(rank_by_hand(now, *p) - rank_by_hand(before, *p)) / 40 for p in pairs])
    assert moved.difference == pytest.approx(expected)
    assert moved.ci_low <= moved.difference <= moved.ci_high < 0
    assert rank_pairs([], POOL, before, now).moved(settings) is None


def test_pairs_of_one_picture_are_no_more_evidence_than_the_picture():
    # One picture moves to where eight others are: eight pairs, of which none moved by itself.
    before, now = network(4), network(4)
    now[0] = now[1:9].mean(axis=0) / np.linalg.norm(now[1:9].mean(axis=0))
    star = [("00", POOL[place]) for place in range(1, 9)]
    settings = EvaluationSettings(bootstrap=400)
    moved = rank_pairs(star, POOL, before, now).moved(settings)
    assert moved is not None and moved.n == 8 and moved.difference < 0
    assert moved.ci_high >= 0, "a draw without that picture says that nothing moved"
