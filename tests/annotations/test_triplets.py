from itertools import combinations

import pyarrow as pa
from annotation_rows import row, table
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.annotations import (
    TripletSources,
    build_morphograph,
    mine_triplets,
    representatives,
)
from vsig_core.settings import TripletsSettings
from vsig_core.store.schema import schema

HARD = TripletsSettings(hard_negatives=2, random_negatives=0)


def sources(rows, splits, works=None, pool=(), hashes=None):
    """Sources whose components have the given splits, by one of their pictures."""
    graph = build_morphograph(rows, hashes=hashes)
    name = {one["uid"]: one["component"] for one in graph.components.to_pylist()}
    chosen = {name[uid]: split for uid, split in splits.items()}
    components = [
        one | {"split": chosen.get(one["component"], "train")}
        for one in graph.components.to_pylist()
    ]
    return TripletSources(
        links=graph.links,
        components=pa.Table.from_pylist(components, schema=schema("components")),
        works=works or {},
        representatives=representatives(graph.links, hashes),
        pool=pool,
    )


def mined(given_sources, nearest, settings=HARD):
    return [
        (one["anchor"], one["positive"], one["negative"], one["origin"])
        for one in mine_triplets(given_sources, nearest, settings).to_pylist()
    ]


def negatives(triplets, anchor):
    return [(negative, origin) for a, _, negative, origin in triplets if a == anchor]


def test_each_positive_pair_is_mined_in_both_directions_nearest_first():
    given_sources = sources([row("POSITIVE", "a", "b")], {"a": "train"})
    nearest = {"a": ["b", "x", "y", "z"], "b": ["a", "z"]}
    assert mined(given_sources, nearest) == [
        ("a", "b", "x", "hard"),
        ("a", "b", "y", "hard"),
        ("b", "a", "z", "hard"),
    ]


def test_defect_5_members_of_the_component_not_directly_linked_are_never_negatives():
    rows = [row("POSITIVE", "a", "b"), row("POSITIVE", "b", "c"), row("POSITIVE", "c", "d")]
    given_sources = sources(rows, {"a": "train"})
    triplets = mined(given_sources, {"a": ["d", "c", "x"], "d": ["a", "b", "x"]})
    assert {negative for _, _, negative, _ in triplets} == {"x"}


def test_annotated_negatives_come_first_in_both_directions_and_take_places_of_mined_ones():
    rows = [
        row("POSITIVE", "a", "b"),
        row("POSITIVE", "m", "n"),
        row("NEGATIVE", "a", "m"),
        row("DIFFERENT", "a", "w"),
    ]
    given_sources = sources(rows, {"a": "train", "m": "train"})
    triplets = mined(given_sources, {"a": ["x"], "b": ["x", "y", "z"], "m": ["x"]})
    assert negatives(triplets, "a") == [("m", "annotated"), ("w", "annotated")]
    assert negatives(triplets, "m") == [("a", "annotated"), ("x", "hard")]
    assert negatives(triplets, "b") == [("x", "hard"), ("y", "hard")]


def test_no_negative_is_of_another_split_and_those_without_split_may_be_anywhere():
    rows = [row("POSITIVE", "a", "b"), row("POSITIVE", "v", "w"), row("POSITIVE", "s", "t")]
    rows += [row("NEGATIVE", "a", "v"), row("NEGATIVE", "a", "s")]
    given_sources = sources(rows, {"a": "train", "v": "val", "s": "test"})
    triplets = mined(given_sources, {uid: ["v", "s", "a", "x"] for uid in "abvwst"})
    assert negatives(triplets, "a") == negatives(triplets, "v") == [("x", "hard")]
    assert negatives(triplets, "s") == []
    splits = {
        one["anchor"]: one["split"]
        for one in mine_triplets(given_sources, {"a": ["x"], "v": ["x"]}, HARD).to_pylist()
    }
    assert splits == {"a": "train", "v": "val"}


def test_no_negative_is_another_view_of_the_work_of_anchor_or_positive():
    given_sources = sources(
        [row("POSITIVE", "a", "b")], {"a": "train"}, works={"a": "W", "x": "W", "b": "V", "y": "V"}
    )
    assert negatives(mined(given_sources, {"a": ["x", "y", "z"]}), "a") == [("z", "hard")]


def test_no_negative_is_similar_contested_or_a_duplicate():
    rows = [
        row("POSITIVE", "a", "b"),
        row("SIMILAR", "a", "s"),
        row("SIMILAR", "b", "t"),
        row("SIMILAR", "a", "c", by="anna"),
        row("DIFFERENT", "a", "c", by="luca"),
        row("DUPLICATE", "a", "d"),
        row("DUPLICATE", "x", "y"),
    ]
    given_sources = sources(rows, {"a": "train"})
    found = negatives(mined(given_sources, {"a": ["s", "t", "c", "d", "y", "x", "z"]}), "a")
    assert found == [("x", "hard"), ("z", "hard")]


def test_a_negative_inside_the_component_is_not_used_until_settled():
    rows = [row("POSITIVE", "a", "b"), row("POSITIVE", "b", "c"), row("NEGATIVE", "a", "c")]
    given_sources = sources(rows, {"a": "train"})
    assert negatives(mined(given_sources, {"a": ["x"]}), "a") == [("x", "hard")]


def test_rankings_may_come_from_a_function_that_is_asked_once_for_all_anchors():
    asked = []

    def nearest(anchors):
        asked.append(anchors)
        return {anchor: ["x"] for anchor in anchors}

    assert len(mined(sources([row("POSITIVE", "a", "b")], {"a": "val"}), nearest)) == 2
    assert asked == [["a", "b"]]


def test_random_negatives_are_drawn_by_the_seed_and_from_the_pool():
    pool = [f"p{n}" for n in range(50)]
    given_sources = sources([row("POSITIVE", "a", "b")], {"a": "train"}, pool=pool)
    few = TripletsSettings(hard_negatives=0, random_negatives=5, seed=1)
    other = TripletsSettings(hard_negatives=0, random_negatives=5, seed=2)
    first = mined(given_sources, {}, few)
    assert [origin for *_, origin in first] == ["random"] * 10
    assert (
        len({negative for _, negative in negatives([(a, p, n, n) for a, p, n, _ in first], "a")})
        == 5
    )
    assert first == mined(given_sources, {}, few) != mined(given_sources, {}, other)


def test_without_links_there_are_no_triplets():
    assert mined(sources([], {}), {}) == []


_rows = st.lists(
    st.tuples(
        st.sampled_from(["POSITIVE", "NEGATIVE", "SIMILAR", "DIFFERENT", "DUPLICATE"]),
        st.sampled_from(list(combinations("abcdefghij", 2))),
    ),
    max_size=20,
)


@given(_rows, st.dictionaries(st.sampled_from("abcdefghij"), st.sampled_from("UVW")))
def test_no_triplet_ever_breaks_a_rule(drawn, works):
    graph = build_morphograph(table(*(row(kind, *pair) for kind, pair in drawn)), works=works)
    folded = representatives(graph.links)
    given_sources = TripletSources(graph.links, graph.components, works, folded)
    nearest = {uid: list("jihgfedcba") for uid in "abcdefghij"}
    component = {one["uid"]: one["component"] for one in graph.components.to_pylist()}
    split = {one["uid"]: one["split"] for one in graph.components.to_pylist()}
    barred = {
        frozenset((one["img1"], one["img2"]))
        for one in graph.links.to_pylist()
        if one["contested"] or one["verdict"] in ("SIMILAR", "POSITIVE", "DUPLICATE")
    }
    found = mine_triplets(given_sources, nearest, TripletsSettings()).to_pylist()
    keys = [(one["anchor"], one["positive"], one["negative"]) for one in found]
    assert len(set(keys)) == len(keys)
    for one in found:
        anchor, positive, negative = one["anchor"], one["positive"], one["negative"]
        assert len({folded.get(uid, uid) for uid in (anchor, positive, negative)}) == 3
        assert {anchor, positive, negative} <= {folded.get(uid, uid) for uid in "abcdefghij"}
        assert one["split"] in ("train", "val")
        assert split.get(negative, one["split"]) == one["split"] == split[positive]
        assert component.get(negative) != component[anchor] == component[positive]
        for uid in (anchor, positive):
            assert frozenset((uid, negative)) not in barred
            assert uid not in works or works.get(negative) != works[uid]
