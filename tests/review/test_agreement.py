"""How far people agree, and who judges what a second time."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sklearn.metrics import cohen_kappa_score

from vsig_core.annotations.judgement import judgements_of
from vsig_core.annotations.retraction import in_force
from vsig_core.review.agreement import (
    agreement,
    answers_of,
    cohens_kappa,
    goes_to_a_second,
    second_opinions,
)

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def row(kind: str, *pair: str, by: str | None = None, day: int, **more: str) -> dict[str, Any]:
    said = {"type": kind, "annotator": by, "made_at": DAY + timedelta(days=day), **more}
    return said | dict(zip(("img1", "img2"), pair, strict=False))


def said(rows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, str]]:
    return answers_of(in_force(judgements_of(rows)))


def test_the_latest_answer_that_nobody_took_back_counts():
    answers = said(
        [
            row("POSITIVE", "a", "b", by="anna", day=1),
            row("NEGATIVE", "a", "b", by="anna", day=2),
            row("SIMILAR", "a", "b", by="luca", day=1),
            row("NEGATIVE", "c", "d", by="anna", day=1, annotation_id="x"),
            row("RETRACT", retracts="x", by="anna", day=2),
            row("DUPLICATE", "e", "f", by="anna", day=1),
            row("UNSURE", "g", "h", by="anna", day=1),
            row("POSITIVE", "i", "j", day=1),
        ]
    )
    assert answers == {("a", "b"): {"anna": "apart", "luca": "similar"}}


def test_kappa_by_hand():
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, expected 0.5, kappa 0.4."""
    both = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert cohens_kappa(both) == pytest.approx(0.4)


@pytest.mark.parametrize("seed", range(8))
def test_kappa_agrees_with_scikit_learn(seed: int):
    rng = random.Random(seed)
    both = [(rng.choice("abc"), rng.choice("abc")) for _ in range(40)]
    ones, others = zip(*both, strict=True)
    assert cohens_kappa(both) == pytest.approx(cohen_kappa_score(ones, others))


def test_where_both_always_say_the_same_kappa_is_not_told():
    assert cohens_kappa([("same", "same")] * 9) is None
    assert cohens_kappa([]) is None


def test_people_are_compared_on_what_both_judged():
    answers = {
        ("a", "b"): {"anna": "same", "luca": "same", "mia": "apart"},
        ("a", "c"): {"anna": "same", "luca": "apart"},
        ("a", "d"): {"anna": "same"},
    }
    found = {(row.one, row.other): (row.pairs, row.agreed) for row in agreement(answers)}
    assert found == {("anna", "luca"): (2, 1), ("anna", "mia"): (1, 0), ("luca", "mia"): (1, 0)}
    only = agreement(answers, lambda pair: pair == ("a", "c"))
    assert [(row.one, row.other, row.share) for row in only] == [("anna", "luca", 0.0)]


def test_about_the_share_asked_for_goes_to_a_second_person():
    pairs = [(f"a{n}", f"b{n}") for n in range(4000)]
    chosen = [pair for pair in pairs if goes_to_a_second(pair, 0.05)]
    assert 140 <= len(chosen) <= 260
    assert all(goes_to_a_second(pair, 0.2) for pair in chosen), "a larger share holds a smaller one"
    assert not any(goes_to_a_second(pair, 0) for pair in pairs)
    assert all(goes_to_a_second(pair, 1) for pair in pairs)


def test_the_choice_does_not_depend_on_the_order_of_the_two():
    assert all(
        goes_to_a_second((f"a{n}", f"b{n}"), 0.3) == goes_to_a_second((f"b{n}", f"a{n}"), 0.3)
        for n in range(100)
    )


def test_a_second_opinion_is_asked_of_somebody_else_and_once():
    answers = {
        ("a", "b"): {"anna": "same"},
        ("a", "c"): {"anna": "same", "luca": "same"},
        ("a", "d"): {"luca": "same"},
    }
    assert second_opinions(answers, "luca", 1.0) == [("a", "b")]
    assert second_opinions(answers, "anna", 1.0) == [("a", "d")]
    assert set(second_opinions(answers, "mia", 1.0)) == {("a", "b"), ("a", "d")}
    assert second_opinions(answers, "mia", 0.0) == []
