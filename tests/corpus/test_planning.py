import dataclasses
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.corpus import BatchPlan, ListedFile, Listing, plan_batches, present
from vsig_core.store.schema import empty, schema

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def file(uid: str, size: int = 1) -> ListedFile:
    return ListedFile(uid, "pictures", f"/pictures/{uid}", size, T0, {"title": uid})


def plan(before: pa.Table, files: list[ListedFile], size: int = 3) -> BatchPlan:
    return plan_batches(before, Listing(files), size)


def batches(plan: BatchPlan) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for row in present(plan.table).to_pylist():
        members.setdefault(row["batch"], []).append(row["uid"])
    return members


FIVE = [file(uid) for uid in "abcde"]


def test_new_pictures_form_batches_of_at_most_the_given_size():
    first = plan(empty("batches"), FIVE)
    assert sorted(batches(first).values()) == [["a", "b", "c"], ["d", "e"]]
    assert first.table.schema.equals(schema("batches"))
    assert first.added == list("abcde") and first.changed == first.removed == []
    assert first.touched == sorted(batches(first))
    assert all(len(batch) == 14 and batch.startswith("b-") for batch in batches(first))


def test_the_same_listing_again_touches_nothing():
    first = plan(empty("batches"), FIVE)
    again = plan(first.table, FIVE[::-1])
    assert again.table.equals(first.table)
    assert (again.touched, again.added, again.changed, again.removed) == ([], [], [], [])


def test_the_plan_does_not_depend_on_the_order_of_the_listing():
    assert plan(empty("batches"), FIVE).table.equals(plan(empty("batches"), FIVE[::-1]).table)


def test_twenty_new_pictures_touch_only_their_own_batch():
    first = plan(empty("batches"), FIVE)
    more = [file(f"new{number:02}") for number in range(20)]
    second = plan(first.table, FIVE + more, 50)
    (batch,) = second.touched
    assert batch not in batches(first) and len(batches(second)[batch]) == 20
    assert second.added == [f.uid for f in more]


def test_a_changed_picture_stays_in_its_batch_and_touches_it():
    first = plan(empty("batches"), FIVE)
    home = {uid: batch for batch, uids in batches(first).items() for uid in uids}
    for change in (
        {"size": 2},
        {"modified": T0 + timedelta(microseconds=1)},
        {"metadata": {"title": "other"}},
        {"uri": "/elsewhere/a"},
    ):
        second = plan(first.table, [dataclasses.replace(FIVE[0], **change), *FIVE[1:]])
        assert second.changed == ["a"] and second.touched == [home["a"]]
        assert batches(second) == batches(first)


def test_a_removed_picture_leaves_and_an_emptied_batch_is_touched():
    first = plan(empty("batches"), FIVE)
    second = plan(first.table, FIVE[1:3])
    assert second.removed == ["a", "d", "e"]
    assert second.touched == first.touched
    assert list(batches(second).values()) == [["b", "c"]]
    assert plan(second.table, FIVE[1:3]).touched == []


def test_a_picture_that_comes_back_is_in_the_batch_it_left():
    first = plan(empty("batches"), FIVE)
    back = plan(plan(first.table, FIVE[1:3]).table, [*FIVE, file("f")])
    assert back.returned == ["a", "d", "e"] and back.added == ["f"] and back.changed == []
    assert batches(back).items() > batches(first).items()


def test_no_pictures_are_an_empty_plan():
    nothing = plan(empty("batches"), [])
    assert nothing.table.num_rows == 0 and nothing.touched == []


@given(st.lists(st.sets(st.sampled_from("abcdefghij")), max_size=6), st.integers(1, 4))
def test_whatever_comes_and_goes_every_picture_has_one_batch_of_bounded_size(
    states: list[set[str]], size: int
):
    table = empty("batches")
    for state in states:
        before = {row["uid"]: row["batch"] for row in table.to_pylist()}
        known = set(before)
        now = plan(table, [file(uid) for uid in state], size)
        after = {row["uid"]: row["batch"] for row in present(now.table).to_pylist()}
        assert after.keys() == state and now.table.num_rows == len(known | state)
        assert all(after[uid] == before[uid] for uid in after.keys() & before.keys())
        assert all(len(uids) <= size for uids in batches(now).values())
        assert set(now.added) == state - known
        assert {after[uid] for uid in now.added}.isdisjoint(before.values())
        table = now.table
