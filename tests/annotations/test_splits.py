from collections import Counter

from annotation_rows import row
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.annotations import build_morphograph
from vsig_core.settings import SplitsSettings


def pairs(count, start=0):
    return [row("POSITIVE", f"a{n}", f"b{n}", id=str(n)) for n in range(start, start + count)]


def split_of(graph):
    return {one["uid"]: one["split"] for one in graph.components.to_pylist()}


def component_of(graph):
    return {one["uid"]: one["component"] for one in graph.components.to_pylist()}


def test_with_three_components_no_split_stays_empty():
    for salt in "abcdefgh":
        graph = build_morphograph(pairs(3), splits=SplitsSettings(salt=salt))
        assert sorted(set(split_of(graph).values())) == ["test", "train", "val"]


def test_a_split_that_was_empty_takes_what_comes_next():
    first = build_morphograph(pairs(1))
    second = build_morphograph(pairs(3), previous_components=first.drawn_splits)
    assert set(split_of(second).values()) == {"train", "val", "test"}
    assert split_of(second)["a0"] == split_of(first)["a0"]


def test_components_are_shared_out_as_the_settings_say():
    counts = Counter(split_of(build_morphograph(pairs(3000))).values())
    assert abs(counts["train"] / 6000 - 0.6) < 0.03
    assert abs(counts["test"] / 6000 - 0.2) < 0.03


def test_images_without_positive_links_belong_to_no_split():
    graph = build_morphograph([*pairs(3), row("NEGATIVE", "a0", "x"), row("DUPLICATE", "a1", "y")])
    assert {"x", "y"}.isdisjoint(split_of(graph))


@given(st.integers(3, 12), st.integers(1, 12))
def test_drawn_splits_and_ids_stay_when_more_components_come(count, more):
    first = build_morphograph(pairs(count))
    second = build_morphograph(pairs(count + more), previous_components=first.drawn_splits)
    assert component_of(first).items() <= component_of(second).items()
    assert split_of(first).items() <= split_of(second).items()
    assert second.split_moves.num_rows == 0


def test_a_growing_component_keeps_its_id_and_takes_newcomers_along():
    first = build_morphograph(pairs(3))
    grown = build_morphograph(
        [*pairs(3), row("POSITIVE", "a0", "A")], previous_components=first.drawn_splits
    )
    assert component_of(grown)["A"] == component_of(first)["a0"]
    assert split_of(grown)["A"] == split_of(first)["a0"]


def test_defect_2_when_components_merge_test_beats_val_beats_train_and_moves_are_reported():
    first = build_morphograph(pairs(30))
    by_split = {split: uid for uid, split in split_of(first).items() if uid.startswith("a")}
    for strong, weak in (("test", "val"), ("test", "train"), ("val", "train")):
        one, other = by_split[strong], by_split[weak]
        merged = build_morphograph(
            [*pairs(30), row("POSITIVE", one, other)], previous_components=first.drawn_splits
        )
        assert split_of(merged)[one] == split_of(merged)[other] == strong
        moved = {(m["uid"], m["before"], m["after"]) for m in merged.split_moves.to_pylist()}
        assert moved == {(other, weak, strong), ("b" + other[1:], weak, strong)}


def test_on_a_merge_the_larger_component_keeps_its_id():
    rows = [*pairs(4), row("POSITIVE", "a0", "big")]
    first = build_morphograph(rows)
    merged = build_morphograph(
        [*rows, row("POSITIVE", "a0", "a1")], previous_components=first.drawn_splits
    )
    assert component_of(merged)["a1"] == component_of(first)["a0"]


def test_retractions_redraw_nothing_not_even_when_the_links_come_back():
    first = build_morphograph(pairs(8))
    gone = build_morphograph(
        [*pairs(8), row("RETRACT", retracts="0")], previous_components=first.drawn_splits
    )
    assert "a0" not in split_of(gone)
    assert gone.drawn_splits.equals(first.drawn_splits)
    back = build_morphograph(pairs(8), previous_components=gone.drawn_splits)
    assert back.components.equals(first.components)


def test_the_parts_of_a_component_that_falls_apart_keep_its_split_and_one_its_id():
    chain = [row("POSITIVE", f"p{n}", f"p{n + 1}", id=f"p{n}") for n in range(4)]
    first = build_morphograph([*pairs(4), *chain])
    parts = build_morphograph(
        [*pairs(4), *chain, row("RETRACT", retracts="p1")], previous_components=first.drawn_splits
    )
    split, component = split_of(parts), component_of(parts)
    assert {split[f"p{n}"] for n in range(5)} == {split_of(first)["p0"]}
    assert component["p2"] == component["p3"] == component["p4"] == component_of(first)["p0"]
    assert component["p0"] == component["p1"] not in set(component_of(first).values())


def test_components_that_show_one_work_share_a_split():
    works = {f"a{n}": "book" for n in range(20)}
    assert len(set(split_of(build_morphograph(pairs(20), works=works)).values())) == 1


def test_components_of_duplicate_photographs_are_one():
    rows = [*pairs(2), row("DUPLICATE", "a0", "a1")]
    assert len(set(component_of(build_morphograph(rows)).values())) == 1
    hashes = {"a0": "same", "a1": "same", "b0": "x", "b1": "y"}
    assert len(set(component_of(build_morphograph(pairs(2), hashes=hashes)).values())) == 1


def test_another_salt_draws_other_splits():
    one = split_of(build_morphograph(pairs(30)))
    assert one == split_of(build_morphograph(pairs(30)))
    assert one != split_of(build_morphograph(pairs(30), splits=SplitsSettings(salt="other")))
