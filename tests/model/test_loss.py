import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.reducers import DoNothingReducer

from vsig_core.model import CompoundHingeLoss


def slow_loss(anchor, positive, negative, m=0.01, m2=0.1, *, swap=True):
    def distance(a, b):
        return 1 - float(a @ b) / (float(a @ a) * float(b @ b)) ** 0.5

    values = []
    for a, p, n in zip(anchor, positive, negative, strict=True):
        away = min(distance(a, n), distance(p, n)) if swap else distance(a, n)
        values.append(max(0.0, m + distance(a, p) - away + max(0.0, distance(a, p) - m2)))
    return values


def rows(seed, n=7, d=5):
    rng = np.random.default_rng(seed)
    return tuple(torch.from_numpy(rng.normal(size=(n, d))) for _ in range(3))


def test_a_triplet_worked_by_hand():
    # d(A,P) = 1, d(A,N) = 1 - 0.6 = 0.4, d(P,N) = 1 - 0.8 = 0.2
    loss = CompoundHingeLoss(margin=0.1, intra_margin=0.3)
    value = loss(*(torch.tensor([row]) for row in ([2.0, 0.0], [0.0, 5.0], [0.6, 0.8])))
    assert value.shape == (1,)
    assert value.item() == pytest.approx(0.1 + 1 - 0.2 + 0.7)


def test_the_intra_term_lies_inside_the_outer_hinge():
    # d(A,P) = 0.4 breaks m2 by 0.3, but the negative is opposite: the triplet is satisfied.
    anchor, positive = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.6, 0.8]])
    assert CompoundHingeLoss()(anchor, positive, -anchor - positive).item() == 0


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=50, deadline=None)
def test_it_agrees_with_its_slow_twin(seed, swap):
    triplets = rows(seed)
    fast = CompoundHingeLoss(0.05, 0.2, swap)(*triplets).tolist()
    slow = slow_loss(*(t.numpy() for t in triplets), m=0.05, m2=0.2, swap=swap)
    assert fast == pytest.approx(slow, abs=1e-9)


@pytest.mark.parametrize("swap", [True, False])
def test_without_intra_term_it_is_the_triplet_margin_loss(swap):
    triplets = rows(3, n=20)
    oracle = TripletMarginLoss(
        margin=0.3, swap=swap, distance=CosineSimilarity(), reducer=DoNothingReducer()
    )
    n = len(triplets[0])
    index = tuple(torch.arange(n) + i * n for i in range(3))
    theirs = oracle(torch.cat(triplets), indices_tuple=index)["loss"]["losses"]
    ours = CompoundHingeLoss(0.3, 2.0, swap)(*triplets)
    assert ours.tolist() == pytest.approx(theirs.tolist(), abs=1e-6)


def test_the_length_of_one_vector_changes_nothing():
    # Defect 3: the original divided by the norm of the whole batch.
    anchor, positive, negative = rows(1)
    longer = anchor.clone()
    longer[0] *= 1000
    loss = CompoundHingeLoss()
    assert loss(longer, positive, negative).tolist() == pytest.approx(
        loss(anchor, positive, negative).tolist()
    )


def test_anchor_and_positive_may_be_exchanged():
    anchor, positive, negative = rows(2)
    loss = CompoundHingeLoss(0.5, 0.1)
    assert torch.equal(loss(anchor, positive, negative), loss(positive, anchor, negative))
