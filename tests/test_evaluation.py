"""Who is asked, what counts as found, and what is left out, worked by hand."""

from typing import Any

import numpy as np
import pyarrow as pa

from vsig_core.evaluation import Subjects, evaluate
from vsig_core.queries import Judged, queries_of
from vsig_core.settings import EvaluationSettings
from vsig_core.store import schema

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
