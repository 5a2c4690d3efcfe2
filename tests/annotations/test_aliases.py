"""Judgements follow their pictures to new names."""

import pytest
from annotation_rows import row, table

from vsig_core.annotations import Aliases, build_morphograph, conflict_id, follow_aliases, renames


def aliases(*names: tuple[str, str], **hashes: str) -> Aliases:
    return Aliases([{"old_uid": old, "uid": uid} for old, uid in names], hashes)


@pytest.mark.parametrize(
    ("names", "pictures", "judged", "meant"),
    [
        ([("a", "b")], {"b": "A"}, ("a", "A"), "b"),
        ([("a", "b")], {"b": "A"}, ("a", None), "b"),
        ([("a", "b"), ("b", "c")], {"c": "A"}, ("a", "A"), "c"),
        # it came back
        ([("a", "b"), ("b", "a")], {"a": "A"}, ("a", "A"), "a"),
        ([("a", "b"), ("b", "a")], {"a": "A"}, ("b", "A"), "a"),
        # two changed names: what was judged before, and after
        ([("a", "b"), ("b", "a")], {"a": "B", "b": "A"}, ("a", "A"), "b"),
        ([("a", "b"), ("b", "a")], {"a": "B", "b": "A"}, ("a", "B"), "a"),
        # three did
        ([("a", "b"), ("b", "c"), ("c", "a")], {"a": "C", "b": "A", "c": "B"}, ("c", "C"), "a"),
        # another picture has the old name now
        ([("a", "b")], {"a": "N", "b": "A"}, ("a", "A"), "b"),
        ([("a", "b")], {"a": "N", "b": "A"}, ("a", "N"), "a"),
        ([("a", "b")], {"a": "N", "b": "A"}, ("a", None), "a"),
        # and moved on as well
        ([("a", "b"), ("a", "c")], {"b": "A", "c": "N"}, ("a", "A"), "b"),
        ([("a", "b"), ("a", "c")], {"b": "A", "c": "N"}, ("a", "N"), "c"),
        # replaced since, or gone
        ([("a", "b")], {"b": "X"}, ("a", "A"), "b"),
        ([("a", "b")], {}, ("a", "A"), "b"),
        ([("a", "a")], {}, ("a", "A"), "a"),
    ],
)
def test_a_judgement_means_the_picture_that_it_was_made_on(
    names: list[tuple[str, str]],
    pictures: dict[str, str],
    judged: tuple[str, str | None],
    meant: str,
):
    assert aliases(*names, **pictures).now(*judged) == meant


def test_a_picture_that_was_saved_again_after_it_moved_is_still_meant():
    """Another has its old name; only how it looks tells the two apart."""
    rows = [{"old_uid": "a", "uid": "b"}]
    found = Aliases(rows, {"a": "N", "b": "A2"}, lambda one, other: {one, other} == {"A", "A2"})
    assert found.now("a", "A") == "b"
    found = Aliases(rows, {"a": "N2", "b": "A"}, lambda one, other: {one, other} == {"N", "N2"})
    assert found.now("a", "N") == "a"


def test_a_settled_conflict_stays_settled_when_its_pictures_move():
    log = table(
        row("POSITIVE", "a", "x", annotator="anna"),
        row("NEGATIVE", "a", "x", annotator="luca"),
        row("SETTLE", retracts=conflict_id(("a", "x")), note="POSITIVE"),
    )
    moved = follow_aliases(log, aliases(("a", "z"), z="1", x="2"))
    (link,) = build_morphograph(moved).links.to_pylist()
    assert (link["img1"], link["img2"], link["contested"]) == ("x", "z", False)


def test_moves_at_one_time_happen_at_once_and_later_ones_follow():
    swap = [{"old_uid": "a", "uid": "b", "at": 1}, {"old_uid": "b", "uid": "a", "at": 1}]
    assert renames(swap) == {"a": "b", "b": "a"}
    assert renames([*swap, {"old_uid": "b", "uid": "c", "at": 2}]) == {"a": "c", "b": "a"}
