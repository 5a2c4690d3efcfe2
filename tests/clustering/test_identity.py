import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.clustering import changes_table, match_clusters, replay
from vsig_core.store.schema import schema

names = st.sampled_from([f"u{i:02}" for i in range(16)])
partitions = st.dictionaries(names, st.sampled_from([None, 0, 1, 2, 3]))


def clusters(**groups: str) -> dict[str, str | None]:
    """clusters(A="abc") is {a: A, b: A, c: A}."""
    return {uid: name for name, members in groups.items() for uid in members}


def events(changes) -> dict[tuple[str, str], str]:
    return {(change.cluster, change.event): "".join(change.images) for change in changes}


def test_the_labels_that_optics_gives_are_taken_as_they_are():
    labels = dict(zip("abcd", np.array([0, 0, -1, -1]), strict=True))
    names, changes = match_clusters({}, labels)
    assert names["a"] == names["b"] is not None
    assert names["c"] is names["d"] is None
    assert [change.event for change in changes] == ["born"]


def test_one_shared_picture_does_not_carry_a_name_over():
    old = {f"a{n}": "cl-a" for n in range(100)}
    names, _ = match_clusters(old, {"a1": 0, "x": 0} | {f"a{n}": -1 for n in range(2, 100)})
    assert names["a1"] not in (None, "cl-a")
    names, _ = match_clusters({"p": "cl-p", "q": "cl-p"}, {"p": 0, "q": -1, "r": 0, "s": 0})
    assert names["p"] not in (None, "cl-p")


def test_a_first_version_is_all_born():
    ids, changes = match_clusters({}, {"a": 0, "b": 0, "c": None, "d": -1})
    assert ids["a"] == ids["b"]
    assert ids["a"].startswith("cl-")
    assert ids["c"] is None
    assert ids["d"] is None
    assert events(changes) == {(ids["a"], "born"): "ab"}


def test_nothing_new_changes_nothing():
    before = clusters(A="abc", B="de")
    assert match_clusters(before, {"a": 7, "b": 7, "c": 7, "d": 0, "e": 0}) == (before, [])


def test_a_merger_keeps_the_id_of_the_larger():
    ids, changes = match_clusters(clusters(A="ab", B="cdef"), dict.fromkeys("abcdef", 0))
    assert set(ids.values()) == {"B"}
    assert events(changes) == {("A", "dissolved"): "ab", ("B", "merged"): "ab"}
    merged = changes[1]
    assert (merged.before, merged.after) == (("A", "B"), ("B",))


def test_of_a_split_the_largest_part_keeps_the_id():
    ids, changes = match_clusters(clusters(A="abcde"), clusters(x="abc", y="de"))
    assert {ids[u] for u in "abc"} == {"A"}
    (new,) = {ids[u] for u in "de"}
    assert events(changes) == {("A", "split"): "de", (new, "born"): "de"}
    assert next(c for c in changes if c.event == "split").after == tuple(sorted(("A", new)))


def test_growing_shrinking_and_both_are_told_apart():
    before = clusters(A="abc", B="def", C="ghi")
    after = clusters(x="abcz", y="de", w="ghk")
    ids, changes = match_clusters(before, after)
    assert (ids["a"], ids["d"], ids["g"]) == ("A", "B", "C")
    assert events(changes) == {("A", "grew"): "z", ("B", "shrank"): "f", ("C", "changed"): "ik"}


def test_what_shares_less_than_half_of_the_smaller_is_another_cluster():
    ids, changes = match_clusters(clusters(A="abcdef"), clusters(x="auvwxyz"))
    assert ids["a"] != "A"
    assert {change.event for change in changes} == {"dissolved", "born"}


def test_an_id_is_never_used_again():
    first, _ = match_clusters({}, {"a": 0, "b": 0})
    gone, _ = match_clusters(first, {"a": None, "b": None})
    again, _ = match_clusters(gone, {"a": 0, "b": 0}, used_ids={first["a"]})
    assert again["a"] not in (None, first["a"])


@given(before=partitions, after=partitions, shift=st.integers(1, 9))
def test_relabelling_either_run_changes_no_persistent_id(before, after, shift):
    ids, _ = match_clusters({}, before)
    relabelled, _ = match_clusters(
        {},
        {u: None if v is None else shift - v for u, v in before.items() if v is None or v < shift}
        | {u: v + 100 for u, v in before.items() if v is not None and v >= shift},
    )
    assert relabelled == ids
    numbered = {uid: None if label is None else (label * 7 + shift) for uid, label in after.items()}
    shuffled = dict(reversed(numbered.items()))
    assert match_clusters(ids, shuffled)[0] == match_clusters(ids, after)[0]
    assert match_clusters(ids, shuffled)[1] == match_clusters(ids, after)[1]


@given(versions=st.lists(partitions, min_size=2, max_size=5))
def test_the_changes_replayed_over_a_version_give_the_next(versions):
    current: dict[str, str | None] = {}
    used: set[str] = set()
    for labels in versions:
        following, changes = match_clusters(current, labels, used)
        clustered = {uid: cluster for uid, cluster in following.items() if cluster is not None}
        assert replay(current, changes) == clustered
        keys = [(change.cluster, change.event) for change in changes]
        assert len(keys) == len(set(keys))
        for change in changes:
            if change.event == "born":
                assert change.cluster not in used
        used |= set(clustered.values())
        current = following


@given(before=partitions, after=partitions)
def test_ids_are_as_many_as_clusters(before, after):
    ids, _ = match_clusters(match_clusters({}, before)[0], after)
    pairs = {(after[uid], cluster) for uid, cluster in ids.items() if cluster is not None}
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def test_adding_5_percent_leaves_the_untouched_their_ids():
    before = match_clusters({}, {f"u{i}": i // 4 for i in range(4000)})[0]
    labels = {f"u{i}": 5000 - i // 4 for i in range(4000)}
    labels |= {f"new{i}": 5000 - i for i in range(200)}
    ids, changes = match_clusters(before, labels)
    assert all(ids[uid] == cluster for uid, cluster in before.items())
    assert {change.event for change in changes} == {"grew"}


def test_changes_make_the_table():
    _, changes = match_clusters(clusters(A="ab"), {"a": None, "b": None})
    table = changes_table(changes)
    assert table.schema == schema("cluster_changes")
    assert table.to_pylist() == [
        {"cluster": "A", "event": "dissolved", "before": ["A"], "after": [], "images": ["a", "b"]}
    ]
