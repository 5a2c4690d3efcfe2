"""Clusters held against what people said of pairs."""

from vsig_core.clustering import contradictions, judged_pairs
from vsig_core.store import schema

LABELS = {"a": "cl-1", "b": "cl-1", "c": "cl-2", "d": None, "e": None}


def links(*rows: tuple[str, str, str, bool]):
    empty = schema("links").empty_table()
    named = [
        dict.fromkeys(empty.column_names)
        | {"img1": one, "img2": other, "verdict": verdict, "contested": contested}
        for one, other, verdict, contested in rows
    ]
    return type(empty).from_pylist(named, schema=schema("links"))


def test_rejected_pairs_in_one_cluster_and_confirmed_ones_in_none_are_listed():
    table = links(
        ("a", "b", "NEGATIVE", False),
        ("a", "c", "POSITIVE", False),
        ("d", "e", "POSITIVE", False),
        ("c", "d", "DIFFERENT", False),
    )
    found = contradictions(LABELS, table)
    assert [(c.pair, c.kind, c.cluster) for c in found] == [
        (("a", "b"), "together", "cl-1"),
        (("a", "c"), "apart", None),
        (("d", "e"), "apart", None),
    ]


def test_two_noise_pictures_are_not_together():
    assert contradictions(LABELS, links(("d", "e", "NEGATIVE", False))) == []


def test_contested_pairs_and_unknown_pictures_are_passed_over():
    table = links(("a", "b", "NEGATIVE", True), ("a", "gone", "POSITIVE", False))
    assert contradictions(LABELS, table) == []
    assert judged_pairs(table, {"POSITIVE"}) == [("a", "gone")]
