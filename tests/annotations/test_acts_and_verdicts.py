import pytest
from annotation_rows import DAY, row, verdicts

from vsig_core.annotations import (
    Act,
    build_morphograph,
    read_annotations,
    rows_of_act,
    verdicts_in_force,
    write_annotations,
)
from vsig_core.errors import AnnotationError


def written(kind, ticked=(), unticked=(), **more):
    rows = rows_of_act(Act(kind, DAY, ticked, unticked, annotator="anna", **more)).to_pylist()
    return {(one["type"], one["img1"], one["img2"]) for one in rows}


@pytest.mark.parametrize(
    ("kind", "ticked_type", "unticked_type"),
    [("same", "POSITIVE", "NEGATIVE"), ("similar", "SIMILAR", "DIFFERENT")],
)
def test_what_is_ticked_is_linked_and_the_unticked_only_where_said(
    kind, ticked_type, unticked_type
):
    ticked = {(ticked_type, "a", "b"), (ticked_type, "a", "d"), (ticked_type, "b", "d")}
    against = {(unticked_type, *sorted((t, u))) for t in "abd" for u in "ce"}
    assert written(kind, "dab", "ec") == ticked
    assert written(kind, "dab", "ec", unticked_are_not=True) == ticked | against


@pytest.mark.parametrize(
    ("kind", "row_type"),
    [("duplicate", "DUPLICATE"), ("not_duplicate", "NOT_DUPLICATE"), ("unsure", "UNSURE")],
)
def test_other_acts_on_pairs_write_one_row_for_each(kind, row_type):
    assert written(kind, "ba") == {(row_type, "a", "b")}


def test_a_verdict_on_a_cluster_is_one_row_with_its_members():
    (one,) = rows_of_act(Act("wrong", DAY, "cab", context="cl-7")).to_pylist()
    assert (one["type"], one["members"], one["context"]) == ("WRONG", ["a", "b", "c"], "cl-7")
    assert build_morphograph([one]).links.num_rows == 0


def test_settle_and_undo_name_what_they_end():
    (one,) = rows_of_act(Act("settle", DAY, target="k-1", note="leave")).to_pylist()
    assert (one["type"], one["retracts"], one["note"]) == ("SETTLE", "k-1", "leave")
    rows = rows_of_act(Act("same", DAY, "abc")).to_pylist()
    undo = rows_of_act(Act("undo", DAY, target=rows[0]["act"])).to_pylist()
    assert len(verdicts(build_morphograph(rows))) == 3
    assert verdicts(build_morphograph(rows + undo)) == {}


def test_an_act_written_to_a_file_reads_back_as_the_same_rows():
    rows = rows_of_act(Act("same", DAY, "ab", "c", unticked_are_not=True, annotator="anna"))
    back = read_annotations(write_annotations(rows), "x.csv").annotations
    assert back["annotation_id"].equals(rows["annotation_id"])
    assert back["act"].equals(rows["act"])


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (Act("same", DAY, "a"), "at least 2"),
        (Act("same", DAY, "ab", "bc"), "b: both ticked and unticked"),
        (Act("right", DAY), "at least 1"),
        (Act("settle", DAY, note="POSITIVE"), "name the conflict"),
        (Act("settle", DAY, target="k-1", note="hm"), "outcome or leave"),
        (Act("undo", DAY), "name the annotation or the act"),
        (Act("duplicate", DAY, "ab", "c", unticked_are_not=True), "says nothing"),
    ],
)
def test_an_act_that_says_too_little_is_refused(act, says):
    with pytest.raises(AnnotationError, match=says):
        rows_of_act(act)


def test_verdicts_come_by_date_without_those_that_were_taken_back():
    rows = [
        row("CORRECT", members=["a", "b"], id="late", day=2),
        row("WRONG", members=["a", "b"], id="early", day=1),
        row("WRONG", members=["c", "d"], id="undated"),
        row("WRONG", members=["e", "f"], id="gone"),
        row("RETRACT", retracts="gone"),
        row("POSITIVE", "a", "b"),
    ]
    assert [v.annotation_id for v in verdicts_in_force(rows)] == ["undated", "early", "late"]


def test_a_part_of_a_picture_goes_with_that_picture_in_every_row():
    act = Act("same", DAY, ticked=["b", "a", "c"], boxes={"b": "0.10,0.2,0.5,0.5"})
    rows = rows_of_act(act).to_pylist()
    assert [(r["img1"], r["box1"], r["img2"], r["box2"]) for r in rows] == [
        ("a", None, "b", "0.1,0.2,0.5,0.5"),
        ("a", None, "c", None),
        ("b", "0.1,0.2,0.5,0.5", "c", None),
    ]


@pytest.mark.parametrize("box", ["", "1,2", "0,0,2,2", "<script>"])
def test_a_part_that_is_none_is_refused(box: str):
    with pytest.raises(AnnotationError, match="box"):
        rows_of_act(Act("same", DAY, ticked=["a", "b"], boxes={"a": box}))
