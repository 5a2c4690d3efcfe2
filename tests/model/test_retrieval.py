import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsig_core.errors import PictureError
from vsig_core.model import (
    average_precision,
    colour_histogram,
    compare,
    grey16,
    retrieval_metrics,
)
from vsig_core.model.bootstrap import interval
from vsig_core.settings import EvaluationSettings

FEW = EvaluationSettings(bootstrap=200)


def unit(rows):
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def at_angles(**degrees):
    """Pictures on a circle: the angle to the query orders them."""
    angles = np.deg2rad(list(degrees.values()))
    return unit(np.stack([np.cos(angles), np.sin(angles)], axis=1)), list(degrees)


def slow_query(vectors, uids, query, relevant, ignore):
    """AP and ranks from the definition: walk down the list, irrelevant first among equals."""
    relevant = set(relevant) - {query} - set(ignore)
    here = vectors[uids.index(query)]
    ranked = sorted(
        (uid for uid in uids if uid != query and uid not in ignore),
        key=lambda uid: (-float(here @ vectors[uids.index(uid)]), uid in relevant),
    )
    hits, total, ranks = 0, 0.0, []
    for rank, uid in enumerate(ranked, start=1):
        if uid in relevant:
            hits += 1
            total += hits / rank
            ranks.append(rank)
    return total / len(relevant), ranks


def figure(report, name):
    return report.figures[name].value


def test_a_ranking_worked_by_hand():
    vectors, uids = at_angles(q=0, a=10, x=20, b=30, y=40)
    report = retrieval_metrics(
        vectors, uids, {"q": {"a", "b"}}, {"q": "c1"}, None, EvaluationSettings(recall_at=(1, 3))
    )
    assert figure(report, "map") == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert figure(report, "recall@1") == 0.5
    assert figure(report, "recall@3") == 1
    assert figure(report, "median_first") == 1
    assert figure(report, "mean_rank") == 2
    assert report.pool_size == 5


def test_the_query_is_not_its_own_miss():
    # Defect 1: the original gave every query a position of 400 for itself.
    vectors, uids = at_angles(q=0, a=10, x=20)
    report = retrieval_metrics(vectors, uids, {"q": {"q", "a"}}, {"q": "c"}, None, FEW)
    assert figure(report, "map") == 1
    assert figure(report, "mean_rank") == 1


def test_average_precision_divides_by_the_relevant_and_not_by_the_hits():
    # Defect 1: one of two found at rank 1 is 0.5; the original said 1.
    vectors, uids = at_angles(q=0, a=10, x=20)
    report = retrieval_metrics(
        vectors, uids, {"q": {"a", "missing"}}, {"q": "c"}, None, EvaluationSettings(recall_at=(3,))
    )
    assert figure(report, "map") == 0.5
    assert figure(report, "recall@3") == 0.5
    assert report.not_in_pool == 1


def test_a_large_component_weighs_no_more_than_a_small_one():
    # Defect 1: queries weighted by links let 20 of 399 components carry half of the figure.
    vectors, uids = at_angles(a=0, b=1, c=2, d=3, p=90, x=91, q=100)
    relevant = {u: set("abcd") - {u} for u in "abcd"} | {"p": {"q"}}
    components = dict.fromkeys("abcd", "large") | {"p": "small"}
    report = retrieval_metrics(vectors, uids, relevant, components, None, FEW)
    assert figure(report, "map") == pytest.approx((1 + 0.5) / 2)
    assert figure(report, "map_queries") == pytest.approx((4 + 0.5) / 5)
    assert report.per_component.to_pylist() == [
        {"component": "large", "n_queries": 4, "ap": 1.0},
        {"component": "small", "n_queries": 1, "ap": 0.5},
    ]


def test_ignored_images_leave_the_ranking():
    vectors, uids = at_angles(q=0, duplicate=1, a=10)
    report = retrieval_metrics(
        vectors, uids, {"q": {"a", "duplicate"}}, {"q": "c"}, {"q": {"duplicate"}}, FEW
    )
    assert figure(report, "map") == 1
    assert report.per_query["n_relevant"].to_pylist() == [1]


def test_a_network_that_maps_all_to_one_point_gets_nothing_for_it():
    vectors = np.zeros((5, 2), np.float32) + unit([[1, 0]])
    report = retrieval_metrics(vectors, list("qabxy"), {"q": {"a"}}, {"q": "c"}, None, FEW)
    assert figure(report, "map") == 0.25


def test_a_query_that_cannot_be_asked_is_left_out_and_named():
    vectors, uids = at_angles(q=0, a=10)
    relevant = {"q": {"a"}, "gone": {"a"}, "a": set()}
    report = retrieval_metrics(vectors, uids, relevant, {"q": "c"}, None, FEW)
    assert report.left_out == ["a", "gone"]
    assert figure(report, "map") == 1


def test_without_queries_a_figure_is_absent_and_not_zero():
    vectors, uids = at_angles(q=0, a=10)
    report = retrieval_metrics(vectors, uids, {}, {}, None, FEW)
    assert np.isnan(figure(report, "map"))
    assert report.figures["map"].n == 0


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_it_agrees_with_its_slow_twin(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 30))
    # Small whole numbers before normalising: ties are frequent.
    vectors = unit(rng.integers(0, 2, (n, 4)) + np.eye(4)[rng.integers(0, 4, n)] * 0.5)
    uids = [f"u{i}" for i in range(n)]
    queries = uids[:3]
    relevant = {q: {str(u) for u in rng.choice(uids, 3, replace=False)} | {q} for q in queries}
    ignore = {q: {str(u) for u in rng.choice(uids, 1)} for q in queries}
    report = retrieval_metrics(vectors, uids, relevant, dict.fromkeys(uids, "c"), ignore, FEW)
    for row in report.per_query.to_pylist():
        query = row["query"]
        ap, ranks = slow_query(vectors, uids, query, relevant[query], ignore[query])
        # Similarities that differ in the last bit only may be ordered either way.
        if len({round(float(s), 5) for s in vectors @ vectors[uids.index(query)]}) == n:
            assert row["ap"] == pytest.approx(ap)
            assert row["first"] == ranks[0]
            assert row["median_rank"] == np.median(ranks)
        assert 0 < row["ap"] <= 1


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_random_rankings_agree_with_the_slow_twin(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 40))
    vectors, uids = unit(rng.normal(size=(n, 6))), [f"u{i}" for i in range(n)]
    relevant = {q: {str(u) for u in rng.choice(uids, 3, replace=False)} for q in uids[:4]}
    report = retrieval_metrics(vectors, uids, relevant, dict.fromkeys(uids, "c"), None, FEW)
    for row in report.per_query.to_pylist():
        ap, ranks = slow_query(vectors, uids, row["query"], relevant[row["query"]], ())
        assert row["ap"] == pytest.approx(ap)
        assert row["mean_rank"] == pytest.approx(np.mean(ranks))


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_average_precision_agrees_with_the_sum_of_precisions(hits):
    expected = [sum(hits[:i]) / i for i, hit in enumerate(hits, start=1) if hit]
    value = average_precision(np.array(hits))
    assert value == pytest.approx(np.mean(expected)) if expected else np.isnan(value)


def test_the_interval_agrees_with_a_loop():
    values = np.random.default_rng(5).random(30)
    figure = interval(30, lambda drawn: values[drawn].mean(axis=1), EvaluationSettings())
    rng = np.random.default_rng(11)
    means = [np.mean([values[rng.integers(30)] for _ in range(30)]) for _ in range(2000)]
    assert figure.value == pytest.approx(values.mean())
    assert [figure.ci_low, figure.ci_high] == pytest.approx(
        list(np.percentile(means, [2.5, 97.5])), abs=0.02
    )


def test_one_component_has_a_value_but_no_interval():
    vectors, uids = at_angles(q=0, a=10)
    figure = retrieval_metrics(vectors, uids, {"q": {"a"}}, {"q": "c"}, None, FEW).figures["map"]
    assert (figure.value, figure.n) == (1, 1)
    assert np.isnan(figure.ci_low)


def test_two_networks_are_compared_on_the_queries_that_both_were_asked():
    good, uids = at_angles(p=0, a=1, x=50, q=90, b=91)
    bad, _ = at_angles(p=0, a=60, x=50, q=90, b=91)
    relevant, components = {"p": {"a"}, "q": {"b"}}, {"p": "c1", "q": "c2"}
    first = retrieval_metrics(good, uids, relevant, components, None, FEW)
    second = retrieval_metrics(bad, uids, relevant, components, None, FEW)
    paired = compare(first, second, FEW)
    assert paired is not None
    assert (paired.difference, paired.n) == (pytest.approx(0.25), 2)
    only_p = retrieval_metrics(bad, uids, {"p": {"a"}}, components, None, FEW)
    assert compare(first, only_p, FEW).n == 1  # type: ignore[union-attr]
    nobody = retrieval_metrics(bad, uids, {}, {}, None, FEW)
    assert compare(first, nobody, FEW) is None


@pytest.mark.parametrize(
    ("vectors", "uids", "components", "message"),
    [
        (np.ones((2, 2)), ["a"], {"a": "c"}, "wanted one row"),
        (np.ones((2, 2)), ["a", "a"], {"a": "c"}, "wanted one row"),
        (np.array([[1.0, 0], [np.nan, 0]]), ["a", "b"], {"a": "c"}, "first that of b"),
        (np.ones((2, 2)), ["a", "b"], {}, "belong to no component"),
    ],
)
def test_broken_input_is_refused(vectors, uids, components, message):
    with pytest.raises(ValueError, match=message):
        retrieval_metrics(vectors.astype(np.float32), uids, {"a": {"b"}}, components, None, FEW)


def test_a_thousand_queries_in_a_pool_of_five_thousand_take_seconds():
    rng = np.random.default_rng(0)
    vectors = unit(rng.normal(size=(5000, 64)))
    uids = [f"u{i}" for i in range(5000)]
    relevant = {f"u{i}": {f"u{i ^ 1}"} for i in range(1000)}
    components = {f"u{i}": f"c{i // 2}" for i in range(1000)}
    started = time.monotonic()
    retrieval_metrics(vectors, uids, relevant, components, None, EvaluationSettings())
    assert time.monotonic() - started < 20


def test_grey_thumbnails_do_not_see_brightness_and_blank_ones_stay_apart(jpeg):
    ramp = np.tile(np.arange(64, dtype=np.uint8), (64, 1))
    rows = grey16([jpeg(ramp), jpeg(ramp + 100), jpeg(ramp * 0), jpeg(ramp * 0 + 200)])
    assert rows.shape == (4, 256)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert rows[0] @ rows[1] > 0.99
    assert abs(rows[0] @ rows[2]) < 1e-3
    assert rows[2] @ rows[3] == pytest.approx(1)


def test_a_colour_histogram_asks_what_colours_there_are_and_not_where(jpeg):
    red, blue = np.zeros((2, 64, 64, 3), np.uint8)
    red[..., 0], blue[..., 2] = 255, 255
    halves = np.concatenate([red[:, :32], blue[:, :32]], axis=1)
    rows = colour_histogram([jpeg(picture) for picture in (red, blue, halves, halves[:, ::-1])])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    likeness = rows @ rows.T
    assert likeness[0, 1] < 0.01 and likeness[2, 3] > 0.99
    # Bhattacharyya's coefficient of a colour with a half of it.
    assert likeness[0, 2] == pytest.approx(0.5**0.5, abs=0.05)
    assert colour_histogram([]).shape == (0, 256)
    with pytest.raises(PictureError, match="picture 1"):
        colour_histogram([jpeg(red), b"broken"])
