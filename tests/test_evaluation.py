"""Who is asked, what counts as found, and what is left out, worked by hand."""

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from vsig_core.evaluation import Evaluation, Subjects, evaluate
from vsig_core.queries import Judged, queries_of
from vsig_core.review import draw_worst
from vsig_core.settings import EvaluationSettings
from vsig_core.store import schema
from vsig_core.worst import Fall, WorseQuery

SETTINGS = EvaluationSettings(bootstrap=100)


def test_what_was_ranked_and_what_could_not_be_is_a_figure_too():
    vectors = np.eye(4, dtype=np.float32)
    lonely = judged(*(link("a", uid, "NEGATIVE") for uid in "bcd"), link("b", "c"))
    found = evaluate(Subjects({"m-1": vectors}, "abcd", "m-1", None), lonely, SETTINGS, 3)
    rows = {(row["split"], row["metric"]): row["value"] for row in found.rows.to_pylist()}
    assert [rows["val", name] for name in ("pool_size", "left_out", "not_in_pool")] == [4, 1, 0]


def table(name: str, *rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema(name))


def link(one: str, other: str, verdict: str = "POSITIVE", *, contested: bool = False) -> dict:
    return {"img1": one, "img2": other, "verdict": verdict, "contested": contested}


def judged(
    *links: dict[str, Any], works: dict[str, str] | None = None, moved: str = "", split: str = "val"
) -> Judged:
    """Pictures a to d in one component and one motif; `links` say what else is known."""
    uids = "abcd"
    works = works or {}
    rows = [{"uid": uid, "sha256": f"sha-{uid}", "work": works.get(uid)} for uid in uids]
    parts = [{"uid": uid, "component": "c-1", "split": split} for uid in uids]
    return Judged(
        images=table("images", *rows),
        links=table("links", *links),
        components=table("components", *parts),
        split_moves=table(
            "split_moves", *({"uid": uid, "before": "train", "after": split} for uid in moved)
        ),
        motif_members=table("motif_members", *({"motif": "s-1", "uid": uid} for uid in uids)),
        same_work="fold",
    )


DUPLICATE = link("c", "d", "DUPLICATE")  # c stands for both: it has more links
JOINED = (link("a", "b"), link("b", "c"), DUPLICATE)


def test_a_duplicate_counts_once():
    queries = queries_of(judged(*JOINED), "abcd", "val")
    assert queries.candidates == ["a", "b", "c"]
    assert queries.relevant == {"a": {"b", "c"}, "b": {"a", "c"}, "c": {"a", "b"}}
    assert not any(queries.ignored.values())


def test_a_contested_link_of_a_folded_duplicate_is_one_of_its_representative():
    for doubt in (link("a", "d", contested=True), link("a", "d", "NEGATIVE")):
        queries = queries_of(judged(*JOINED, doubt), "abcd", "val")
        assert queries.ignored == {"a": {"c"}, "b": set(), "c": {"a"}}
        assert queries.relevant == {"a": {"b"}, "b": {"a", "c"}, "c": {"b"}}


def test_a_view_that_is_a_folded_duplicate_leaves_the_ranking_with_its_representative():
    queries = queries_of(judged(*JOINED, works={"a": "w", "d": "w"}), "abcd", "val")
    assert queries.ignored == {"a": {"c"}, "b": set(), "c": {"a"}}


def test_a_folded_duplicate_that_was_trained_on_marks_its_component():
    assert queries_of(judged(*JOINED, moved="d"), "abcd", "val").seen_before == {"c-1"}
    assert not queries_of(judged(*JOINED), "abcd", "val").seen_before


def figures(found: Evaluation, subject: str) -> dict[str, Any]:
    rows = found.rows.to_pylist()
    return {
        row["metric"]: row for row in rows if (row["subject"], row["split"]) == (subject, "val")
    }


def test_figures_are_told_apart_by_size_and_by_how_a_pair_was_joined():
    # On a circle, in degrees; nobody has said anything of e, which lies between a and b.
    angles = np.deg2rad([0, 21, 29, 40, 10])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    chain = judged(link("a", "b"), link("b", "c"), link("c", "d"))
    found = figures(
        evaluate(Subjects({"m-1": vectors}, "abcde", "m-1", None), chain, SETTINGS, 3), "m-1"
    )
    assert found["map_of_3_to_5"]["value"] == pytest.approx(found["map"]["value"])
    assert "map_of_2" not in found and "map_of_6_up" not in found
    # By hand, of a, b, c and d; what is relevant by the other kind is out of the ranking.
    assert found["map_judged"]["value"] == pytest.approx(np.mean([1 / 2, 5 / 6, 1, 1]))
    assert found["map_joined"]["value"] == pytest.approx(np.mean([7 / 12, 1 / 2, 1 / 2, 5 / 6]))


def test_the_queries_that_got_worst_come_first_with_what_fell():
    good = np.array([[1, 0], [0.99, 0.14], [0, 1], [0.14, 0.99]], np.float32)
    pairs = judged(
        link("a", "b"), *(link(one, other, "NEGATIVE") for one in "ab" for other in "cd")
    )
    subjects = Subjects({"m-1": good, "m-2": good[[0, 2, 1, 3]]}, "abcd", "m-2", "m-1")
    found = evaluate(subjects, pairs, SETTINGS, 3)
    before, now = (
        dict(
            zip(
                *(found.reports[name, "val"].per_query[c].to_pylist() for c in ("query", "ap")),
                strict=True,
            )
        )
        for name in ("m-1", "m-2")
    )
    drops = [query.now - query.before for query in found.worst]
    assert drops == sorted(drops) and all(drop < 0 for drop in drops)
    assert {query.uid: query.now - query.before for query in found.worst} == {
        uid: now[uid] - ap for uid, ap in before.items() if now[uid] < ap
    }
    for query in found.worst:
        assert all(fall.now > fall.before >= 1 for fall in query.fallen) and query.fallen
        assert query.uid not in query.nearest
    alone = Subjects(subjects.vectors, subjects.pool, "m-2", None)
    assert not evaluate(alone, pairs, SETTINGS, 3).worst


def test_the_sheet_of_what_got_worse_shows_every_query():
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "green").save(picture, "JPEG")
    worst = [
        WorseQuery(
            "drawer/" + "long" * 20,
            1.0,
            0.2,
            [Fall("b", 1, 9)],
            {"c": True, "d": False, "e": False},
        ),
        WorseQuery("gone", 0.5, 0.4, [], {}),
    ]
    pictures = dict.fromkeys([*"bcde", worst[0].uid], picture.getvalue())
    none, one, both = (
        Image.open(io.BytesIO(draw_worst(rows, pictures, 80))) for rows in ([], worst[:1], worst)
    )
    assert none.width == one.width == both.width and one.height < both.height
    greens = [
        sum(1 for pixel in sheet.getdata() if pixel[1] > pixel[0] + 60) for sheet in (none, both)
    ]
    assert greens[0] == 0 and greens[1] > 4 * 80 * 50, "the query, what fell, and what is nearest"
