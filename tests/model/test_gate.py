import numpy as np
import pytest

from vsig_core.model import Collapse, Paired, collapse_figures, decide
from vsig_core.settings import EvaluationSettings

SETTINGS = EvaluationSettings()
HEALTHY = Collapse(mean_cosine=0.3, effective_rank=200, n=500)


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_a_candidate_that_is_surely_not_worse_is_promoted():
    decision = decide(Paired(0.05, -0.019, 0.1, 30), HEALTHY, SETTINGS)
    assert decision.promote
    assert "+0.050" in decision.reason


def test_a_candidate_that_may_be_worse_is_rejected():
    decision = decide(Paired(0.05, -0.02, 0.1, 30), HEALTHY, SETTINGS)
    assert not decision.promote
    assert "may be worse" in decision.reason


def test_a_candidate_that_pulls_rejected_pairs_together_is_rejected_whatever_it_gains():
    better = Paired(0.5, 0.4, 0.6, 30)
    together = Paired(-0.1, -0.15, -0.05, 12)
    decision = decide(better, HEALTHY, SETTINGS, rejected_apart=together)
    assert not decision.promote
    assert "12" in decision.reason and "10.0%" in decision.reason
    for fine in (None, Paired(-0.1, -0.2, -0.01, 12), Paired(-0.1, -0.15, -0.05, 7)):
        assert decide(better, HEALTHY, SETTINGS, fine).promote, "not sure, or too few to tell"
    one_pair, asked = Paired(-0.1, np.nan, np.nan, 1), EvaluationSettings(min_components=1)
    assert decide(better, HEALTHY, asked, one_pair).promote, "one pair has no interval"
    alone = decide(Paired(0.2, np.nan, np.nan, 1), HEALTHY, asked)
    assert alone.promote and "too few to tell: 1 validation components, 2" in alone.reason


@pytest.mark.parametrize("paired", [None, Paired(-0.5, -0.9, -0.1, 7)])
def test_with_few_components_only_collapse_counts(paired):
    decision = decide(paired, HEALTHY, SETTINGS)
    assert decision.promote
    assert "too few to tell" in decision.reason


@pytest.mark.parametrize(
    "collapse",
    [Collapse(0.95, 200, 500), Collapse(0.3, 2, 500), Collapse(np.nan, np.nan, 500)],
)
@pytest.mark.parametrize("paired", [None, Paired(0.5, 0.4, 0.6, 30)])
def test_a_collapsed_candidate_is_rejected_whatever_it_gains(collapse, paired):
    assert not decide(paired, collapse, SETTINGS).promote


def test_a_small_healthy_corpus_is_not_called_collapsed():
    vectors = unit(np.eye(6) + 0.1)
    assert decide(None, collapse_figures(vectors), SETTINGS).promote


def test_mean_cosine_is_that_of_all_pairs():
    vectors = unit(np.random.default_rng(0).normal(size=(20, 5)) + 1)
    pairs = [float(vectors[i] @ vectors[j]) for i in range(20) for j in range(i)]
    assert collapse_figures(vectors).mean_cosine == pytest.approx(np.mean(pairs), abs=1e-6)


def test_effective_rank_counts_directions():
    plus_minus = np.concatenate([np.eye(12), -np.eye(12)])
    assert collapse_figures(unit(plus_minus)).effective_rank == pytest.approx(12)
    line = unit(np.stack([np.ones(50), np.linspace(-0.01, 0.01, 50)], axis=1))
    assert collapse_figures(line).effective_rank == pytest.approx(1, abs=0.1)
    assert collapse_figures(unit(np.ones((9, 4)))).effective_rank == 0


def test_vectors_that_are_not_finite_have_no_figures():
    assert np.isnan(collapse_figures(np.full((5, 3), np.nan, np.float32)).mean_cosine)
    assert np.isnan(collapse_figures(np.ones((1, 3), np.float32)).mean_cosine)
