"""Who last said what of each pair."""

import pyarrow as pa
from annotation_rows import row, table

from vsig_core.annotations import latest_answers
from vsig_core.annotations.judgement import Judgement, judgements_of
from vsig_core.annotations.retraction import in_force


def latest(rows: pa.Table) -> list[Judgement]:
    return latest_answers(in_force(judgements_of(rows)))


def test_a_named_person_replaces_only_the_own_answer_to_the_same_question():
    found = latest(
        table(
            row("POSITIVE", "a", "b", by="anna", day=1),
            row("NOT_DUPLICATE", "a", "b", by="anna", day=2),
            row("SIMILAR", "a", "b", by="anna", day=3),
            row("NEGATIVE", "a", "b", by="luca", day=2),
        )
    )
    assert [(j.annotator, j.type) for j in found] == [
        ("anna", "NOT_DUPLICATE"),
        ("luca", "NEGATIVE"),
        ("anna", "SIMILAR"),
    ]


def test_without_a_name_nobody_replaces_anybody():
    found = latest(table(row("POSITIVE", "a", "b", day=1), row("NEGATIVE", "a", "b", day=2)))
    assert [j.type for j in found] == ["POSITIVE", "NEGATIVE"]


def test_what_was_taken_back_and_what_is_no_answer_is_left_out():
    found = latest(
        table(
            row("POSITIVE", "a", "b", by="anna", day=1, id="x"),
            row("RETRACT", retracts="x", by="anna", day=2),
            row("UNSURE", "a", "c", by="anna", day=1),
            row("WRONG", members=["a", "b"], by="anna", day=1),
        )
    )
    assert found == []
