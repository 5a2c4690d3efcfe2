"""Pictures that have another name, told from new ones."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.corpus import BatchPlan, Contents, ListedFile, Listing, plan_batches, present
from vsig_core.store.schema import empty

T0 = datetime(2026, 1, 1, tzinfo=UTC)


class Lab:
    """A folder of files, each a content; listed, planned and read as a project does it."""

    def __init__(self) -> None:
        self.table = empty("batches")
        self.read: dict[str, str] = {}
        self.asked: list[str] = []

    def see(self, files: Mapping[str, str], *, touched: int = 0, etags: bool = False) -> BatchPlan:
        """Names to contents; the length of a content is its size. Copies have new times."""
        listed = [
            ListedFile(
                name, "p", f"/p/{name}", len(content), T0 + timedelta(seconds=touched), {},
                content if etags else None,
            )
            for name, content in files.items()
        ]  # fmt: skip
        return self.see_files(listed, files)

    def see_files(self, listed: list[ListedFile], contents: Mapping[str, str]) -> BatchPlan:
        def now(file: ListedFile) -> str | None:
            self.asked.append(file.uid)
            return contents[file.uid]

        made = plan_batches(self.table, Listing(listed), 3, Contents(lambda: self.read, now))
        self.table = made.table
        self.read = dict(contents)
        return made


def moves(plan: BatchPlan) -> dict[str, str]:
    return {move.old_uid: move.uid for move in plan.moved}


def home(table: pa.Table) -> dict[str, str]:
    return {row["uid"]: row["batch"] for row in present(table).to_pylist()}


def test_a_picture_under_another_name_moved_and_stays_in_its_batch():
    lab = Lab()
    first = lab.see({"a": "one", "b": "other"})
    second = lab.see({"c": "one", "b": "other"}, touched=1)
    assert moves(second) == {"a": "c"} and second.moved[0].reason == "moved"
    assert second.added == second.removed == []
    assert home(second.table)["c"] == home(first.table)["a"]
    assert set(second.table["uid"].to_pylist()) == {"b", "c"}


def test_equal_size_alone_is_no_move_and_another_size_is_not_even_looked_at():
    lab = Lab()
    lab.see({"a": "one", "b": "other"})
    second = lab.see({"c": "two", "d": "longer"}, touched=1)
    assert moves(second) == {} and second.removed == ["a", "b"] and second.added == ["c", "d"]
    assert lab.asked == ["c"]


def test_a_copy_is_no_move():
    lab = Lab()
    lab.see({"a": "one"})
    second = lab.see({"a": "one", "b": "one"}, touched=1)
    assert moves(second) == {} and second.added == ["b"]


def test_of_two_copies_one_is_the_picture_that_moved():
    lab = Lab()
    lab.see({"a": "one"})
    second = lab.see({"x": "one", "b": "one"}, touched=1)
    assert moves(second) == {"a": "b"} and second.added == ["x"]


def test_two_pictures_that_change_names_are_both_followed():
    """Renaming leaves the time of change with the file."""
    lab = Lab()

    def files(a: str, b: str) -> list[ListedFile]:
        times = {"one": T0, "two": T0 + timedelta(days=1)}
        return [
            ListedFile(name, "p", f"/p/{name}", 3, times[content], {})
            for name, content in (("a", a), ("b", b))
        ]

    first = lab.see_files(files("one", "two"), {"a": "one", "b": "two"})
    second = lab.see_files(files("two", "one"), {"a": "two", "b": "one"})
    assert moves(second) == {"a": "b", "b": "a"} and second.changed == ["a", "b"]
    assert home(second.table) == home(first.table)


def test_a_chain_of_names_is_followed():
    lab = Lab()
    one, two = T0, T0 + timedelta(days=1)
    lab.see_files(
        [ListedFile("a", "p", "/p/a", 3, one, {}), ListedFile("b", "p", "/p/b", 3, two, {})],
        {"a": "one", "b": "two"},
    )
    second = lab.see_files(
        [ListedFile("b", "p", "/p/b", 3, one, {}), ListedFile("c", "p", "/p/c", 3, two, {})],
        {"b": "one", "c": "two"},
    )
    assert moves(second) == {"a": "b", "b": "c"}


def test_files_that_were_only_touched_are_neither_moved_nor_read():
    lab = Lab()
    lab.see({"a": "one", "b": "two"})
    second = lab.see({"a": "one", "b": "two"}, touched=1)
    assert moves(second) == {} and second.changed == ["a", "b"] and lab.asked == []


def test_an_id_given_to_a_file_that_stays_is_known_by_its_place():
    lab = Lab()
    before = [ListedFile("a.jpg", "p", "/p/a.jpg", 3, T0, {})]
    first = lab.see_files(before, {"a.jpg": "one"})
    second = lab.see_files([dataclasses.replace(before[0], uid="7")], {"7": "one"})
    assert moves(second) == {"a.jpg": "7"} and second.moved[0].reason == "id given"
    assert home(second.table)["7"] == home(first.table)["a.jpg"] and lab.asked == []


def test_a_renamed_folder_is_known_without_reading_it():
    lab = Lab()
    lab.see({f"old/{n}": f"{n} content" for n in range(5)})
    second = lab.see({f"new/{n}": f"{n} content" for n in range(5)})
    assert moves(second) == {f"old/{n}": f"new/{n}" for n in range(5)} and lab.asked == []


def test_equal_etags_are_equal_contents():
    lab = Lab()
    lab.see({"a": "one", "b": "other"}, etags=True)
    second = lab.see({"c": "one", "b": "other"}, touched=1, etags=True)
    assert moves(second) == {"a": "c"} and lab.asked == []
    assert second.changed == []  # b was copied onto itself


def test_a_picture_that_went_and_comes_back_under_another_name_has_moved():
    lab = Lab()
    first = lab.see({"a": "one", "b": "other"})
    lab.see({"b": "other"})
    third = lab.see({"b": "other", "c": "one"}, touched=1)
    assert moves(third) == {"a": "c"} and third.added == []
    assert home(third.table)["c"] == home(first.table)["a"]


def test_a_picture_moves_and_returns():
    lab = Lab()
    first = lab.see({"a": "one"})
    assert moves(lab.see({"b": "one"}, touched=1)) == {"a": "b"}
    back = lab.see({"a": "one"}, touched=2)
    assert moves(back) == {"b": "a"} and home(back.table) == home(first.table)


def test_a_new_picture_under_a_name_that_moved_on_gets_a_batch_of_its_own():
    lab = Lab()
    lab.see({"a": "one"})
    lab.see({"b": "one"}, touched=1)
    third = lab.see({"a": "two", "b": "one"}, touched=1)
    assert third.added == ["a"] and moves(third) == {}
    assert len(set(home(third.table).values())) == 2


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.sampled_from("wxyz")), max_size=5))
def test_whatever_moves_each_move_is_between_equal_contents_and_no_picture_is_in_two(
    states: list[dict[str, str]],
):
    lab = Lab()
    showed: dict[str, str] = {}
    for turn, state in enumerate(states):
        plan = lab.see(state, touched=turn)
        assert home(plan.table).keys() == state.keys()
        for old, new in moves(plan).items():
            assert showed[old] == state[new] and old != new
        assert len(set(moves(plan).values())) == len(plan.moved)
        assert all(n <= 3 for n in _sizes(plan))
        showed |= state


def _sizes(plan: BatchPlan) -> list[int]:
    batches = list(home(plan.table).values())
    return [batches.count(batch) for batch in set(batches)]
