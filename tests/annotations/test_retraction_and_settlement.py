import pytest
from annotation_rows import row, verdicts
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.annotations import build_morphograph, conflict_id
from vsig_core.annotations.judgement import judgements_of
from vsig_core.annotations.retraction import in_force


def standing(*rows):
    return {one.annotation_id for one in in_force(judgements_of(rows))}


def test_a_retract_takes_back_one_annotation():
    rows = [row("POSITIVE", "a", "b", id="1"), row("POSITIVE", "a", "c", id="2")]
    assert standing(*rows, row("RETRACT", retracts="1", id="r")) == {"2"}


def test_a_retract_of_an_act_takes_back_all_its_rows_also_those_that_come_later():
    rows = [
        row("POSITIVE", "a", "b", id="1", act="A"),
        row("NEGATIVE", "a", "c", id="2", act="A"),
        row("POSITIVE", "a", "d", id="3", act="B"),
        row("RETRACT", retracts="A", id="r"),
        row("NEGATIVE", "b", "c", id="4", act="A"),
    ]
    assert standing(*rows) == {"3"}


def test_a_retract_of_a_retract_restores():
    rows = [
        row("POSITIVE", "a", "b", id="1"),
        row("RETRACT", retracts="1", id="r1", act="undo"),
        row("RETRACT", retracts="undo", id="r2"),
    ]
    assert standing(*rows) == {"1"}
    assert standing(*rows, row("RETRACT", retracts="r2", id="r3")) == set()


def test_undoing_an_undo_restores_what_the_person_said_before():
    rows = [
        row("POSITIVE", "a", "b", id="1", by="anna", day=1),
        row("NEGATIVE", "a", "b", id="2", by="anna", day=2),
    ]
    assert verdicts(build_morphograph(rows)) == {"a b": "NEGATIVE"}
    undone = [*rows, row("RETRACT", retracts="2", day=3)]
    assert verdicts(build_morphograph(undone)) == {"a b": "POSITIVE"}


def test_retracts_that_take_back_one_another_leave_the_later_one_in_force():
    rows = [
        row("POSITIVE", "a", "b", id="1"),
        row("RETRACT", retracts="r2", id="r1", day=1),
        row("RETRACT", retracts="1", id="x", act="r2", day=2),
        row("RETRACT", retracts="r1", id="r2", day=3),
    ]
    assert standing(*rows) == set()


def test_a_retract_of_its_own_act_does_not_undo_itself():
    rows = [
        row("POSITIVE", "a", "b", id="1", act="A"),
        row("RETRACT", retracts="A", id="r", act="A"),
    ]
    assert standing(*rows) == set()


@given(st.lists(st.integers(0, 12), max_size=12))
def test_chains_of_retracts_end_as_their_slow_twin_says(targets):
    rows = [row("POSITIVE", "a", "b", id="0")]
    rows += [row("RETRACT", retracts=str(min(t, n)), id=str(n + 1)) for n, t in enumerate(targets)]
    gone: set[str] = set()
    for one in reversed(rows[1:]):  # each names an earlier row: the last is in force, and so on
        if one["annotation_id"] not in gone:
            gone.add(one["retracts"])
    assert standing(*rows) == ({"0"} - gone)


PAIR = [row("POSITIVE", "a", "b", by="anna", day=1), row("NEGATIVE", "a", "b", by="luca", day=2)]
INSIDE = [
    row("POSITIVE", "a", "b", by="anna", day=1),
    row("POSITIVE", "b", "c", by="anna", day=1),
    row("NEGATIVE", "a", "c", by="luca", day=2),
]


def settle(*pair, note, **more):
    return row("SETTLE", retracts=conflict_id(pair), note=note, id="s", **more)


@pytest.mark.parametrize("outcome", ["POSITIVE", "NEGATIVE", "SIMILAR"])
def test_a_settlement_ends_a_conflict_with_its_outcome(outcome):
    graph = build_morphograph([*PAIR, settle("a", "b", note=outcome, by="eva", day=3)])
    assert verdicts(graph) == {"a b": outcome}
    assert graph.conflicts["settled_by"].to_pylist() == ["s"]
    assert "eva" in graph.links["annotators"].to_pylist()[0]


def test_leaving_a_conflict_ends_it_and_keeps_the_pair_out_of_training():
    graph = build_morphograph([*PAIR, settle("a", "b", note="leave", day=3)])
    assert verdicts(graph) == {"a b": "POSITIVE?"}
    assert graph.conflicts["settled_by"].to_pylist() == ["s"]


def test_a_negative_inside_a_component_is_settled_either_way():
    kept = build_morphograph([*INSIDE, settle("a", "c", note="NEGATIVE", day=3)])
    assert verdicts(kept)["a c"] == "NEGATIVE"
    dropped = build_morphograph([*INSIDE, settle("c", "a", note="positive", day=3)])
    assert verdicts(dropped)["a c"] == "POSITIVE"
    assert dropped.conflicts["settled_by"].to_pylist() == ["s"]


def test_a_settlement_may_name_the_pair():
    graph = build_morphograph([*PAIR, row("SETTLE", "b", "a", note="NEGATIVE", id="s")])
    assert verdicts(graph) == {"a b": "NEGATIVE"}


def test_a_later_judgement_that_contradicts_the_outcome_opens_the_conflict_again():
    settled = [*PAIR, settle("a", "b", note="POSITIVE", day=3)]
    agreeing = build_morphograph([*settled, row("POSITIVE", "a", "b", by="eva", day=4)])
    assert verdicts(agreeing) == {"a b": "POSITIVE"}
    doubting = build_morphograph([*settled, row("NEGATIVE", "a", "b", by="eva", day=4)])
    assert verdicts(doubting) == {"a b": "POSITIVE?"}
    assert doubting.conflicts["settled_by"].to_pylist() == [None]


def test_the_latest_settlement_counts_and_a_retracted_one_does_not():
    first = settle("a", "b", note="POSITIVE", day=3)
    second = row("SETTLE", retracts=conflict_id(("a", "b")), note="NEGATIVE", id="s2", day=4)
    assert verdicts(build_morphograph([*PAIR, first, second])) == {"a b": "NEGATIVE"}
    undone = [*PAIR, first, second, row("RETRACT", retracts="s2")]
    assert verdicts(build_morphograph(undone)) == {"a b": "POSITIVE"}


def test_a_settlement_of_what_is_no_conflict_does_nothing():
    rows = [row("NEGATIVE", "a", "b"), row("SETTLE", "a", "b", note="POSITIVE")]
    assert verdicts(build_morphograph(rows)) == {"a b": "NEGATIVE"}


def test_retracting_one_side_ends_a_conflict():
    rows = [*INSIDE, row("RETRACT", retracts="x")]
    rows[1] = rows[1] | {"annotation_id": "x"}
    graph = build_morphograph(rows)
    assert verdicts(graph) == {"a b": "POSITIVE", "a c": "NEGATIVE"}
    assert graph.conflicts.num_rows == 0
