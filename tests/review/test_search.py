"""Searching the metadata: every sign is plain text."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.review.search import SearchIndex, fold

PICTURES = pa.table(
    {
        "uid": ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg", "6.jpg", "100%.jpg"],
        "title": [
            "Madonna (copia da)",
            "Veduta di L’Aquila",
            'The "Ecstasy"',
            "Saint Jerome",
            "Sogno",
            "copia del Perugino",
            None,
        ],
        "author": ["Pérez", "van Goÿen", "Łukasz", "Dürer", "L'Aquila maestro", None, None],
        "description": [
            None,
            "oil\\canvas",
            None,
            "after Albrecht Dürer",
            "da Madonna",
            None,
            "under_score",
        ],
        "extra": ['{"inventory": "17 b", "school": null}', None, *["{}"] * 5],
    }
)


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    return SearchIndex.of(PICTURES)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("(copia da)", ["1.jpg"]),
        ("(", ["1.jpg"]),
        ("%", ["100%.jpg"]),
        ("\\", ["2.jpg"]),
        ("_", ["100%.jpg"]),
        ('"Ecstasy"', ["3.jpg"]),
        ("“ecstasy”", ["3.jpg"]),
        ("L'Aquila", ["2.jpg", "5.jpg"]),
        ("l’aquila", ["2.jpg", "5.jpg"]),
        ("PEREZ", ["1.jpg"]),
        ("goyen", ["2.jpg"]),
        ("lukasz", ["3.jpg"]),
        ("durer", ["4.jpg"]),
        ("jerome dürer", ["4.jpg"]),
        ("inventory 17", ["1.jpg"]),
        ('{"', []),
        (".*", []),
        ("[a-z]", []),
        ("nothing of the kind", []),
        ("", []),
        ("   ", []),
        ("\x00", []),
    ],
)
def test_a_query_is_plain_text(index: SearchIndex, query: str, found: list[str]):
    assert index.find(query) == (found, len(found))


def test_what_holds_the_query_as_written_comes_before_its_words_apart(index: SearchIndex):
    assert index.find("da madonna")[0] == ["5.jpg", "1.jpg"]


def test_a_hit_in_the_title_comes_before_one_in_the_author():
    index = SearchIndex.of(
        pa.table(
            {
                "uid": ["a", "b", "c"],
                "title": ["x", "Rome", "y"],
                "author": ["Rome", "", ""],
                "place": ["", "", "Rome"],
            }
        )
    )
    assert index.find("rome") == (["b", "a", "c"], 3)


def test_no_query_reaches_from_one_column_into_the_next():
    index = SearchIndex.of(pa.table({"uid": ["a"], "title": ["Saint"], "author": ["Jerome"]}))
    assert index.find("saintjerome") == ([], 0)
    assert index.find("saint jerome") == (["a"], 1)


def test_the_answer_is_cut_but_all_are_counted(index: SearchIndex):
    found, all_of_them = index.find("jpg", most=2)
    assert (found, all_of_them) == (["1.jpg", "2.jpg"], 7)


def test_an_empty_corpus_is_searched_too():
    index = SearchIndex.of(PICTURES.slice(0, 0))
    assert index.find("a") == ([], 0)


@given(st.text(max_size=30), st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_the_index_agrees_with_looking_at_each_row(query: str, titles: list[str]):
    uids = [f"#{n}" for n in range(len(titles))]
    words = fold(query).split()
    expected = {
        uid
        for uid, title in zip(uids, titles, strict=True)
        if words and all(word in fold(title) or word in fold(uid) for word in words)
    }
    found, count = SearchIndex.of(pa.table({"uid": uids, "title": titles})).find(query)
    assert set(found) == expected
    assert count == len(expected)


def test_a_title_of_a_hundred_thousand_letters_is_found_by_its_end():
    index = SearchIndex.of(pa.table({"uid": ["a"], "title": ["א" * 100_000 + " סוף"]}))
    assert index.find("סוף") == (["a"], 1)
