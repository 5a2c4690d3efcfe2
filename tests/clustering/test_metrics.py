from itertools import combinations
from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.clustering import cluster_metrics, novelty, pairs_together


def test_figures_worked_by_hand():
    # cluster 0: a b of part x, c of part y; cluster 1: d of y, e unjudged; f of x is noise
    labels = {"a": 0, "b": 0, "c": 0, "d": 1, "e": 1, "f": None}
    parts = {"a": "x", "b": "x", "f": "x", "c": "y", "d": "y"}
    figures = cluster_metrics(labels, parts)
    assert figures.pair_precision == pytest.approx(1 / 3)  # ab right; ac, bc wrong; de unjudged
    assert figures.pair_recall == pytest.approx(1 / 4)  # ab of ab af bf cd
    assert figures.component_recall == {"x": pytest.approx(1 / 3), "y": 0}
    assert figures.mean_component_recall == pytest.approx(1 / 6)
    # precision: a 2/3, b 2/3, c 1/3, d 1, f 1; recall: a 2/3, b 2/3, f 1/3, c 1/2, d 1/2
    assert figures.b3_precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
    assert figures.b3_recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2) / 5)
    assert figures.noise_share == pytest.approx(1 / 6)
    assert figures.sizes == (3, 2)
    assert (figures.n_images, figures.n_clusters, figures.n_judged) == (6, 2, 5)


def test_noise_images_are_not_together():  # defect 6
    for noise in (None, -1):
        figures = cluster_metrics({"a": noise, "b": noise}, {"a": "x", "b": "x"})
        assert figures.pair_recall == 0
        assert isnan(figures.pair_precision)
        assert figures.n_clusters == 0
        assert pairs_together({"a": noise, "b": noise}, [("a", "b")]) == 0


def test_cluster_0_counts():  # defect 6
    figures = cluster_metrics({"a": 0, "b": 0}, {"a": "x", "b": "x"})
    assert figures.pair_recall == figures.pair_precision == 1
    assert figures.n_clusters == 1


def test_nothing_measured_is_nan_and_not_0():  # defect 6
    figures = cluster_metrics({"a": 0, "b": 0}, {})
    for value in (
        figures.pair_precision,
        figures.pair_recall,
        figures.b3_f1,
        figures.mean_component_recall,
        pairs_together({"a": 0}, []),
        cluster_metrics({}, {}).noise_share,
    ):
        assert isnan(value)


def test_precision_is_a_share_of_pairs_and_not_of_kinds():  # defect 6: 1 ÷ number of label types
    labels = dict.fromkeys("abcdefghij", 0)
    parts = dict.fromkeys("abcdefghi", "x") | {"j": "y"}
    assert cluster_metrics(labels, parts).pair_precision == pytest.approx(36 / 45)


def test_a_negative_pair_together_is_wrong_wherever_its_images_lie():
    labels = dict.fromkeys("abcd", 0)
    parts = {"a": "x", "b": "x"}
    assert cluster_metrics(labels, parts).pair_precision == 1
    assert cluster_metrics(labels, parts, [("c", "a")]).pair_precision == 1 / 2
    assert cluster_metrics(labels, parts, [("c", "d"), ("d", "c")]).pair_precision == 1 / 2
    assert cluster_metrics(labels, parts, [("a", "b")]).pair_precision == 0


def test_images_that_the_clustering_lacks_are_left_out():
    assert cluster_metrics({"a": 0, "b": 0}, {"a": "x", "b": "x", "gone": "x"}).pair_recall == 1


names = st.sampled_from("abcdefghijkl")
partition = st.dictionaries(names, st.sampled_from([None, -1, 0, 1, 2]))
parts = st.dictionaries(names, st.sampled_from("xyz"))
pairs = st.lists(st.tuples(names, names).filter(lambda pair: pair[0] != pair[1]), max_size=6)


@given(labels=partition, parts=parts, negatives=pairs, decoys=st.sets(names))
def test_the_figures_are_those_of_the_definition(labels, parts, negatives, decoys):
    decoys -= parts.keys()
    judged = [uid for uid in parts if uid in labels]

    def together(a, b):
        return labels[a] not in (None, -1) and labels[a] == labels[b]

    no = {frozenset(pair) for pair in negatives}
    right = wrong = 0
    for a, b in combinations(labels, 2):
        if not together(a, b):
            continue
        if {a, b} in no:
            wrong += 1
        elif a in parts and b in parts:
            right, wrong = right + (parts[a] == parts[b]), wrong + (parts[a] != parts[b])
        elif {a, b} & parts.keys() and {a, b} & decoys:
            wrong += 1
    figures = cluster_metrics(labels, parts, negatives, decoys)
    same = [pair for pair in combinations(judged, 2) if parts[pair[0]] == parts[pair[1]]]
    nan = float("nan")
    assert figures.pair_precision == pytest.approx(
        right / (right + wrong) if right + wrong else nan, nan_ok=True
    )
    recall = sum(together(*pair) for pair in same) / len(same) if same else nan
    assert figures.pair_recall == pytest.approx(recall, nan_ok=True)
    cubed = [
        len([b for b in judged if (a == b or together(a, b)) and parts[a] == parts[b]])
        / len([b for b in judged if a == b or together(a, b)])
        for a in judged
    ]
    expected = sum(cubed) / len(cubed) if cubed else nan
    assert figures.b3_precision == pytest.approx(expected, nan_ok=True)


def test_a_round_says_what_it_brought():
    figures = novelty(
        [("a", "b")],
        [("b", "a"), ("b", "c"), ("d", "e")],
        {"a": "x", "b": "x"},
        {"a": "x", "b": "x", "c": "x", "d": "y", "e": "y"},
    )
    assert (figures.links_added, figures.components_extended, figures.components_born) == (2, 1, 1)
    assert figures.progress == 2
