"""Cells that are each other's nearest, and the geometry on which they agree."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsig_core.evidence import Cells, chance, compare, mirrored


def drawn(seed: int, height: int = 6, width: int = 7, d: int = 24) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(height, width, d)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=2, keepdims=True)


def cells(vectors: np.ndarray) -> Cells:
    height, width, _ = vectors.shape
    return Cells(np.ascontiguousarray(vectors), (0.0, 0.0, float(width), float(height)))


def placed(detail: np.ndarray, row: int, column: int, seed: int = 1) -> Cells:
    """A detail in a picture of 10 × 10 cells that has nothing else in common with anything."""
    host = drawn(seed, 10, 10, detail.shape[2])
    host[row : row + detail.shape[0], column : column + detail.shape[1]] = detail
    return cells(host)


def test_a_detail_of_three_by_two_cells_worked_by_hand():
    # Each cell of the detail has a direction of its own; all else points elsewhere.
    axes = np.eye(8, dtype=np.float32)
    one, other = np.zeros((2, 4, 4, 8), np.float32)
    one[0:3, 1:3] = axes[:6].reshape(3, 2, 8)  # rows 0 to 2, columns 1 and 2
    other[1:4, 2:4] = axes[:6].reshape(3, 2, 8)  # one cell to the right, one down
    (match,) = compare(cells(one), [cells(other)])
    assert match.score == pytest.approx(6)  # six pairs, each of cosine 1
    assert match.box1 == pytest.approx((0.25, 0.0, 0.5, 0.75))
    assert match.box2 == pytest.approx((0.5, 0.25, 0.5, 0.75))
    assert not match.mirrored


@pytest.mark.parametrize("agreeing", [6, 9])
def test_what_chance_brings_is_no_shared_part_worked_by_hand(agreeing: int):
    # Of 16 by 16 cells 8 may agree by chance: half the root of their number.
    one, other = np.zeros((2, 16, 16, 16), np.float32)
    axes = np.eye(16, dtype=np.float32)[:agreeing]
    one[3, :agreeing], other[5, 2 : 2 + agreeing] = axes, axes
    (match,) = compare(cells(one), [cells(other)])
    assert chance(16 * 16) == 8
    assert match.score == pytest.approx(agreeing)
    assert match.beyond_chance == match.turned.beyond_chance == (agreeing > 8)


def test_a_small_detail_is_held_against_its_own_size():
    # All its 9 cells agree: more than 1.5; of two whole pictures 9 would be chance.
    detail = drawn(0, 3, 3)
    (match,) = compare(cells(detail), [placed(detail, 2, 4)])
    assert match.cells == 9 and match.beyond_chance
    assert match.score < chance(400)


def test_pictures_without_a_cell_in_common_have_no_boxes():
    one, other = np.zeros((2, 2, 2, 8), np.float32)
    one[..., 0], other[..., 1] = 1, 1
    (match,) = compare(cells(one), [cells(other)])
    assert (match.score, match.box1, match.box2, match.mirrored) == (0, None, None, False)


@pytest.mark.parametrize("seed", range(5))
def test_moving_a_detail_moves_its_box_and_nothing_else(seed: int):
    detail = drawn(seed, 4, 5)
    one = placed(detail, 1, 2, seed + 100)
    here, there = compare(one, [placed(detail, 0, 0, seed + 200), placed(detail, 5, 3, seed + 200)])
    for match, left, top in ((here, 0.0, 0.0), (there, 0.3, 0.5)):
        assert match.box2 is not None and match.box1 is not None
        assert match.box2[:2] == pytest.approx((left, top), abs=0.11)
        assert match.box2[2:] == pytest.approx((0.5, 0.4), abs=0.11)
        assert match.score >= 20 - 1e-3
    assert not here.mirrored and not there.mirrored


@pytest.mark.parametrize("seed", range(5))
def test_mirroring_a_picture_flips_mirrored_and_its_box(seed: int):
    detail = drawn(seed, 4, 5)
    one, other = placed(detail, 1, 2, seed + 100), placed(detail, 3, 0, seed + 200)
    straight, flipped = compare(one, [other, mirrored(other)])
    assert flipped.mirrored != straight.mirrored
    assert flipped.score == pytest.approx(straight.score)
    assert straight.box2 is not None and flipped.box2 is not None
    x, y, w, h = straight.box2
    assert flipped.box2 == pytest.approx((1 - x - w, y, w, h))
    assert flipped.box1 == pytest.approx(straight.box1)


@pytest.mark.parametrize("seed", range(3))
def test_exchanging_the_pictures_exchanges_the_boxes(seed: int):
    detail = drawn(seed, 5, 5)
    one, other = placed(detail, 1, 2, seed + 100), placed(detail, 3, 0, seed + 200)
    there, back = compare(one, [other])[0], compare(other, [one])[0]
    assert back.score == pytest.approx(there.score)
    assert (back.turned.box1, back.turned.box2) == (there.box1, there.box2)


def test_a_detail_at_twice_the_size_is_found():
    detail = drawn(0, 4, 4)
    large = detail.repeat(2, axis=0).repeat(2, axis=1)
    large[1::2] = drawn(5, 4, 8)  # the cells in between show something of their own
    large[:, 1::2] = drawn(6, 8, 4)
    (match,) = compare(placed(detail, 2, 2), [placed(large, 1, 1, 9)])
    assert match.score >= 15.9
    assert match.box2 is not None and match.box2[2] > 0.6


def test_all_at_once_is_the_same_as_one_by_one():
    one, others = cells(drawn(0)), [cells(drawn(seed, 5, seed % 4 + 2)) for seed in range(1, 40)]
    together = compare(one, others)
    for match, other in zip(together, others, strict=True):
        (alone,) = compare(one, [other])
        assert match.score == pytest.approx(alone.score)
        assert match.box2 == alone.box2


def test_nothing_to_compare_with_gives_nothing():
    assert compare(cells(drawn(0)), []) == []


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 5))
def test_the_score_agrees_with_the_slow_twin(seed: int, height: int, width: int):
    one, other = drawn(seed, 4, 5, 4), drawn(seed + 1, height, width, 4)
    (match,) = compare(cells(one), [cells(other)])
    assert match.score == pytest.approx(slow_score(one, other), abs=1e-4)


def slow_score(one: np.ndarray, other: np.ndarray) -> float:
    """From the definition, in plain Python: nearest both ways, votes, three fits."""
    pairs = slow_pairs(one, other)
    if not pairs:
        return 0.0
    votes = [(slow_vote(pairs, sign), sign) for sign in (1, -1)]
    (straight, _), (across, _) = votes
    (_, scale, x, y), sign = votes[1] if across[0] > straight[0] + 1e-9 else votes[0]
    return slow_fit([((sign * a, b), p, w) for (a, b), p, w in pairs], scale, x, y)


def slow_pairs(one: np.ndarray, other: np.ndarray) -> list:
    here = [(r, c) for r in range(one.shape[0]) for c in range(one.shape[1])]
    there = [(r, c) for r in range(other.shape[0]) for c in range(other.shape[1])]

    def cosine(p, q):
        return float(one[p] @ other[q])

    pairs = []
    for p in here:
        q = max(there, key=lambda q: cosine(p, q))
        if max(here, key=lambda p2: cosine(p2, q)) == p and cosine(p, q) > 0:
            at, to = (p[1] + 0.5, p[0] + 0.5), (q[1] + 0.5, q[0] + 0.5)
            pairs.append((at, to, cosine(p, q) ** 2))
    return pairs


def slow_vote(pairs: list, sign: int) -> tuple[float, float, float, float]:
    best = (0.0, 1.0, 0.0, 0.0)
    for step in (0, 1, -1, 2, -2, 3, -3, 4, -4):
        scale = 2.0 ** (step / 3)
        votes: dict[tuple[int, int], float] = {}
        for (a, b), (x, y), weight in pairs:
            column, row = math.floor(x - scale * sign * a), math.floor(y - scale * b)
            for r in (row - 1, row, row + 1):
                for c in (column - 1, column, column + 1):
                    votes[r, c] = votes.get((r, c), 0.0) + weight
        for (r, c), weight in sorted(votes.items()):
            if weight > best[0] + 1e-9:
                best = (weight, scale, c + 0.5, r + 0.5)
    return best


def slow_fit(pairs: list, scale: float, x: float, y: float) -> float:
    total = 0.0
    for _ in range(3):
        near = [
            (p, q, w)
            for p, q, w in pairs
            if (q[0] - scale * p[0] - x) ** 2 + (q[1] - scale * p[1] - y) ** 2 <= 4
        ]
        total = sum(w for _, _, w in near)
        if total <= 0:
            break
        px, py = (sum(w * p[axis] for p, _, w in near) / total for axis in (0, 1))
        qx, qy = (sum(w * q[axis] for _, q, w in near) / total for axis in (0, 1))
        along = sum(w * ((p[0] - px) * (q[0] - qx) + (p[1] - py) * (q[1] - qy)) for p, q, w in near)
        square = sum(w * ((p[0] - px) ** 2 + (p[1] - py) ** 2) for p, _, w in near)
        if square <= 0 or not square / 3 <= along <= 3 * square:
            break
        scale = along / square
        x, y = qx - scale * px, qy - scale * py
    return total
