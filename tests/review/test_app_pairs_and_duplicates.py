"""Pictures that look like one, pairs, and their pages."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from judging_project import PAIR, SEVEN, THREE

from vsig_core.review.app.alike import near_duplicates
from vsig_core.review.app.edition import pair_key
from vsig_core.review.app.rows import Rows
from vsig_core.store import schema


def edition(rows: list[dict[str, Any]]) -> Any:
    """As much of an edition as is looked at; neighbours by hand."""
    near = [{"uid": r["uid"], "ids": list(r["near"]), "distances": list(r["near"].values())}
            for r in rows]  # fmt: skip
    known = ("author", "year_from", "year_to")
    images = [{"uid": r["uid"], "phash": r.get("phash", "0" * 16),
               "sha256": r.get("sha256", r["uid"]),
               **{name: r.get(name) for name in known}} for r in rows]  # fmt: skip
    return SimpleNamespace(
        neighbours=Rows(pa.Table.from_pylist(near, schema("neighbours"))),
        images=Rows(pa.Table.from_pylist(images, schema("images"))),
    )


def test_pictures_whose_hashes_differ_in_few_bits_look_like_one():
    found = near_duplicates(
        edition(
            [
                {"uid": "a", "phash": "00000000000000ff", "near": {"b": 0.1, "c": 0.1}},
                {"uid": "b", "phash": "00000000000000fe", "near": {"a": 0.1}},  # 1 bit
                {"uid": "c", "phash": "000000000000ffff", "near": {"a": 0.1}},  # 8 bits
                {"uid": "d", "phash": "00000000000000ff", "near": {}},  # near nothing
            ]
        )
    )
    assert [(alike.uids, alike.bits, alike.surely) for alike in found] == [(("a", "b"), 1, True)]


def test_equal_files_and_pictures_of_one_colour_are_not_proposed():
    same = {"phash": "00000000000000ff", "sha256": "x"}
    rows = [{"uid": "a", **same, "near": {"b": 0}}, {"uid": "b", **same, "near": {"a": 0}}]
    rows += [{"uid": "c", "near": {"d": 0}}, {"uid": "d", "near": {"c": 0}}]
    assert near_duplicates(edition(rows)) == []


@pytest.mark.parametrize(
    ("one", "other", "sure"),
    [
        ({}, {"author": "Tiziano", "year_from": 1520, "year_to": 1530}, True),
        ({"author": "tiziano"}, {"author": "Tiziano"}, True),
        ({"author": "Tiziano"}, {"author": "Tiziano (copia da)"}, False),
        ({"year_from": 1500, "year_to": 1525}, {"year_from": 1520, "year_to": 1530}, True),
        ({"year_from": 1500, "year_to": 1510}, {"year_from": 1520, "year_to": 1530}, False),
    ],
)
def test_what_records_tell_apart_is_not_ticked_beforehand(one: dict, other: dict, *, sure: bool):
    same = {"phash": "00000000000000ff"}
    rows = [{"uid": "a", **same, **one, "near": {"b": 0.0}}]
    rows += [{"uid": "b", **same, **other, "near": {"a": 0.0}}]
    (found,) = near_duplicates(edition(rows))
    assert found.surely == sure


def test_a_pair_has_one_name_whichever_comes_first():
    assert pair_key(["a", "b"]) == pair_key(["b", "a"]) != pair_key(["a", "c"])


def test_any_two_pictures_can_be_judged_as_a_pair(anna):
    pair = {"a": SEVEN[1], "b": THREE[0]}
    page = anna.get("/pair", params=pair).text
    assert f"Title of {SEVEN[1]}" in page and f"Title of {THREE[0]}" in page
    key = pair_key(list(pair.values()))
    assert anna.judge(1, "not_same", ticked=list(pair.values()), cluster=key).status_code == 200
    assert "Not the same signature, Anna" in anna.get("/pair", params=pair).text


def test_works_of_one_hand_are_marked_as_such(anna):
    page = anna.get("/pair", params={"a": SEVEN[0], "b": SEVEN[1]}).text
    assert "both by the same hand" in page.lower()


def test_a_picture_is_no_pair_with_itself(anna):
    refused = anna.get("/pair", params={"a": PAIR[0], "b": PAIR[0]})
    assert refused.status_code == 400 and "one" in refused.text


def test_the_lists_of_pairs_and_duplicates_say_when_they_are_empty(anna, finished: Path):
    assert "There is no such pair" in anna.get("/pairs").text
    assert "look like one photograph, or all" in anna.get("/duplicates").text
