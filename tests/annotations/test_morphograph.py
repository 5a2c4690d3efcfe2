from datetime import timedelta
from itertools import combinations

import networkx as nx
import pyarrow as pa
import pytest
from annotation_rows import DAY, groups, row, table, verdicts
from hypothesis import given, settings
from hypothesis import strategies as st

from vsig_core.annotations import build_morphograph, conflict_id, unsure_pairs
from vsig_core.annotations.kinds import PAIR_TYPES


def test_positive_links_join_components_and_other_types_do_not():
    graph = build_morphograph(
        table(
            row("POSITIVE", "a", "b"),
            row("POSITIVE", "c", "b"),
            row("NEGATIVE", "c", "d"),
            row("SIMILAR", "d", "e"),
            row("UNSURE", "e", "f"),
            row("PROPOSAL", "f", "g"),
            row("CORRECT", members=["a", "z"]),
        )
    )
    assert verdicts(graph) == {
        "a b": "POSITIVE",
        "b c": "POSITIVE",
        "c d": "NEGATIVE",
        "d e": "SIMILAR",
    }
    assert groups(graph) == {frozenset("abc")}
    assert graph.conflicts.num_rows == 0


def test_mappings_do_as_well_as_a_table():
    rows = [row("POSITIVE", "b", "a"), row("POSITIVE", "a", "b"), row("SIMILAR", "b", "a")]
    assert verdicts(build_morphograph(rows)) == {"a b": "POSITIVE"}


def test_defect_4_a_correct_verdict_hides_no_positive_of_the_same_pair():
    graph = build_morphograph(
        [
            row("POSITIVE", "a", "b", day=1),
            row("CORRECT", members=["a", "b"], day=2),
            row("WRONG", members=["a", "b"], day=3),
        ]
    )
    assert verdicts(graph) == {"a b": "POSITIVE"}
    assert graph.conflicts.num_rows == 0


def test_defect_4_a_negative_inside_a_component_is_listed_with_all_judgements_and_left_out():
    graph = build_morphograph(
        [
            row("POSITIVE", "a", "b", by="anna", id="1"),
            row("POSITIVE", "b", "c", by="luca", id="2"),
            row("NEGATIVE", "a", "c", by="anna", id="3"),
        ]
    )
    assert verdicts(graph) == {"a b": "POSITIVE", "b c": "POSITIVE", "a c": "NEGATIVE?"}
    assert groups(graph) == {frozenset("abc")}
    assert graph.conflicts.to_pylist() == [
        {
            "conflict_id": conflict_id(("c", "a")),
            "kind": "inside",
            "images": ["a", "c", "b"],
            "annotations": ["3", "1", "2"],
            "settled_by": None,
        }
    ]


def test_the_chain_of_an_inside_conflict_is_followed_through_many_links():
    chain = [row("POSITIVE", f"p{n}", f"p{n + 1}", id=str(n)) for n in range(6)]
    graph = build_morphograph([*chain, row("DIFFERENT", "p0", "p6", id="d")])
    (conflict,) = graph.conflicts.to_pylist()
    assert conflict["images"][:2] == ["p0", "p6"]
    assert sorted(conflict["images"]) == [f"p{n}" for n in range(7)]
    assert conflict["annotations"] == ["d", "0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("POSITIVE", "NEGATIVE", "POSITIVE?"),
        ("POSITIVE", "DIFFERENT", "POSITIVE?"),
        ("SIMILAR", "DIFFERENT", "DIFFERENT?"),
        ("DUPLICATE", "NOT_DUPLICATE", "DUPLICATE?"),
        ("DUPLICATE", "NEGATIVE", "DUPLICATE?"),
        ("POSITIVE", "SIMILAR", "POSITIVE"),
        ("POSITIVE", "NOT_DUPLICATE", "POSITIVE"),
        ("POSITIVE", "DUPLICATE", "DUPLICATE"),
        ("NEGATIVE", "DIFFERENT", "NEGATIVE"),
    ],
)
def test_two_people_conflict_only_where_both_cannot_be_right(one, other, expected):
    rows = [row(one, "a", "b", by="anna"), row(other, "b", "a", by="luca")]
    graph = build_morphograph(rows)
    assert verdicts(graph) == {"a b": expected}
    assert graph.conflicts.num_rows == expected.count("?")


def test_a_contested_positive_joins_nothing():
    rows = [row("POSITIVE", "a", "b", by="anna"), row("NEGATIVE", "a", "b", by="luca")]
    assert groups(build_morphograph(rows)) == set()


def test_the_latest_judgement_of_a_named_person_is_hers():
    rows = [
        row("NEGATIVE", "a", "b", by="anna", day=2),
        row("POSITIVE", "a", "b", by="anna", day=1),
    ]
    graph = build_morphograph(rows)
    assert verdicts(graph) == {"a b": "NEGATIVE"}
    assert graph.links["n_annotations"].to_pylist() == [1]


def test_without_times_the_later_place_in_the_log_is_the_later_judgement():
    rows = [row("NEGATIVE", "a", "b", by="anna"), row("POSITIVE", "a", "b", by="anna")]
    assert verdicts(build_morphograph(rows)) == {"a b": "POSITIVE"}


def test_people_without_a_name_never_override_one_another():
    rows = [row("POSITIVE", "a", "b", day=1), row("NEGATIVE", "a", "b", day=2)]
    graph = build_morphograph(rows)
    assert verdicts(graph) == {"a b": "POSITIVE?"}
    assert graph.conflicts["kind"].to_pylist() == ["pair"]


def test_saying_that_a_print_is_no_duplicate_keeps_its_positive():
    rows = [
        row("POSITIVE", "a", "b", by="anna", day=1),
        row("NOT_DUPLICATE", "a", "b", by="anna", day=2),
    ]
    assert verdicts(build_morphograph(rows)) == {"a b": "POSITIVE"}


def test_not_duplicate_takes_back_ones_own_duplicate():
    rows = [
        row("DUPLICATE", "a", "b", by="anna", day=1),
        row("NOT_DUPLICATE", "a", "b", by="anna", day=2),
    ]
    assert verdicts(build_morphograph(rows)) == {"a b": "NOT_DUPLICATE"}


def test_unsure_changes_no_link_and_is_remembered_for_that_person():
    rows = [row("POSITIVE", "a", "b", by="anna", day=1), row("UNSURE", "a", "b", by="anna", day=2)]
    assert verdicts(build_morphograph(rows)) == {"a b": "POSITIVE"}
    assert unsure_pairs(rows) == {"anna": {("a", "b")}}
    assert unsure_pairs([*rows, row("NEGATIVE", "a", "b", by="anna", day=3)]) == {}


def test_annotators_of_a_link_are_those_who_judged_so():
    rows = [
        row("POSITIVE", "a", "b", by="luca", day=1),
        row("POSITIVE", "a", "b", by="anna", day=2),
        row("SIMILAR", "a", "b", by="eva", day=3),
    ]
    (link,) = build_morphograph(rows).links.to_pylist()
    assert link["annotators"] == ["anna", "luca"]
    assert link["n_annotations"] == 3
    assert link["decided_at"] == DAY + timedelta(days=2)


def test_links_to_pictures_that_are_not_there_wait_for_them():
    rows = table(row("POSITIVE", "a", "b"), row("POSITIVE", "b", "c"))
    assert groups(build_morphograph(rows, uids={"a", "b"})) == {frozenset("ab")}
    assert groups(build_morphograph(rows, uids={"a", "b", "c"})) == {frozenset("abc")}


def test_a_picture_replaced_by_another_one_suspends_its_judgements_until_settled():
    rows = [row("POSITIVE", "a", "b", sha1="old", sha2="s", id="1")]
    hashes = {"a": "new", "b": "s"}
    graph = build_morphograph(rows, hashes=hashes)
    assert verdicts(graph) == {"a b": "POSITIVE?"}
    assert graph.conflicts["kind"].to_pylist() == ["replaced"]
    settled = [*rows, row("SETTLE", "a", "b", note="POSITIVE")]
    assert verdicts(build_morphograph(settled, hashes=hashes)) == {"a b": "POSITIVE"}


def test_a_picture_replaced_by_nearly_the_same_one_keeps_its_judgements():
    rows = [row("POSITIVE", "a", "b", sha1="old", sha2="s", id="1")]
    hashes = {"a": "new", "b": "s"}
    near = {"old": "ff00ff00ff00ff00", "new": "ff00ff00ff00ff01"}
    far = {"old": "ff00ff00ff00ff00", "new": "00ff00ff00ff00ff"}
    assert verdicts(build_morphograph(rows, hashes=hashes, phashes=near)) == {"a b": "POSITIVE"}
    assert verdicts(build_morphograph(rows, hashes=hashes, phashes=far)) == {"a b": "POSITIVE?"}


# Few pictures and people, so that judgements meet; minutes apart, so that order is told.
_judgements = st.lists(
    st.tuples(
        st.sampled_from(PAIR_TYPES),
        st.sampled_from(list(combinations("abcdefgh", 2))),
        st.sampled_from(["anna", "luca", None]),
        st.integers(0, 5),
    ),
    max_size=25,
)


def _rows(drawn):
    return [row(kind, *pair, by=by, day=day) for kind, pair, by, day in drawn]


@given(_judgements, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_when_times_are_given(drawn, chance):
    rows = _rows(drawn)
    shuffled = list(rows)
    chance.shuffle(shuffled)
    one, other = build_morphograph(table(*rows)), build_morphograph(table(*shuffled))
    assert one.links.equals(other.links)
    assert one.components.equals(other.components)
    assert one.motif_members.equals(other.motif_members)
    assert one.conflicts["conflict_id"].equals(other.conflicts["conflict_id"])


@given(_judgements)
def test_retracting_everything_leaves_nothing(drawn):
    rows = table(*_rows(drawn))
    undo = table(*(row("RETRACT", retracts=name) for name in rows["annotation_id"].to_pylist()))
    graph = build_morphograph(pa.concat_tables([rows, undo]))
    assert graph.links.num_rows == graph.components.num_rows == graph.conflicts.num_rows == 0
    assert graph.motifs.num_rows == graph.motif_members.num_rows == 0


@given(_judgements)
@settings(max_examples=50)
def test_components_are_those_of_networkx(drawn):
    positive = [item for item in drawn if item[0] == "POSITIVE"]
    graph = nx.Graph([pair for _, pair, _, _ in positive])
    expected = {frozenset(group) for group in nx.connected_components(graph)}
    assert groups(build_morphograph(table(*_rows(positive)))) == expected


@given(_judgements)
def test_links_that_hold_never_contradict_their_component(drawn):
    graph = build_morphograph(table(*_rows(drawn)))
    component = {one["uid"]: one["component"] for one in graph.components.to_pylist()}
    for link in graph.links.to_pylist():
        same = component.get(link["img1"], 1) == component.get(link["img2"], 2)
        if link["verdict"] in ("NEGATIVE", "DIFFERENT") and not link["contested"]:
            assert not same
        if link["verdict"] == "POSITIVE" and not link["contested"]:
            assert same


def test_equal_judgements_have_equal_digests():
    rows = [row("POSITIVE", "a", "b", day=1), row("POSITIVE", "c", "b", day=2)]
    assert build_morphograph(rows).digest == build_morphograph(table(*rows[::-1])).digest
    assert build_morphograph(rows).digest != build_morphograph(rows[:1]).digest
