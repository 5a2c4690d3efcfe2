"""What nothing needs goes; where it came from stays; what is left is whole."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from small_store import fill, names, overwrite, recluster

from vsig_core.errors import StoreError, TableMissingError
from vsig_core.store import Provenance, Store, schema
from vsig_core.store.folder import FolderFiles
from vsig_core.tracing import lineage, trace_model
from vsig_core.upkeep import Removal, plan_clean, remove, verify

TOMORROW = datetime.now(UTC) + timedelta(days=2)


def clean(store: Store, keep: int = 1) -> Removal:
    removal = plan_clean(store, keep, TOMORROW)
    remove(store, removal, Provenance("clean"))
    return removal


def whole(store: Store) -> bool:
    return verify(store, lambda _label: lambda _done, _total: None).damaged == []


def grow(store: Store, times: int = 4) -> None:
    for number in range(1, times + 1):
        recluster(store, f"k-{number}")


def test_a_store_whose_versions_are_all_needed_is_left_as_it_is(store: Store):
    before = names(store)
    removal = clean(store)
    assert (removal.tables, removal.objects, removal.bytes) == ([], [], 0)
    assert names(store) == before


def test_a_plan_removes_nothing_and_says_how_much_it_would(store: Store):
    grow(store)
    before = names(store)
    plan = plan_clean(store, 2, TOMORROW)
    assert names(store) == before
    (clusters,) = plan.as_dict()["tables"]
    # The map and the queue were made from version 0: it stays.
    assert (clusters["table"], clusters["versions"]) == ("clusters", [1, 2])
    assert plan.bytes >= clusters["bytes"] > 0


def test_removed_versions_keep_their_provenance_and_their_place_in_the_history(store: Store):
    grow(store)
    before = store.commits("clusters")
    newest = store.read("clusters")
    clean(store)
    after = store.commits("clusters")
    assert [(c.version, c.provenance) for c in after] == [(c.version, c.provenance) for c in before]
    assert [c.version for c in after if not c.readable] == [3, 2, 1]
    assert store.read("clusters").equals(newest) and store.read("clusters", version=0).num_rows
    with pytest.raises(TableMissingError, match="vsig clean"):
        store.read("clusters", version=2)
    assert [store.readable_since("clusters", n) for n in (0, 1, 4)] == [0, 4, 4]
    assert whole(store)
    assert {row["step"] for row in store.read("provenance").to_pylist()} == {"clusters"}


def test_what_the_newest_work_was_written_with_stays(store: Store):
    splits = pa.Table.from_pylist([{"uid": "a.jpg", "split": "train"}], schema("drawn_splits"))
    for key in ("g", "of a try that was broken off"):
        store.write("drawn_splits", splits, Provenance("morphograph", key=key))
    made = Provenance("morphograph", {"annotations": 1}, key="g", beside={"drawn_splits": 0})
    store.write("links", store.read("links"), made)
    clean(store)
    assert store.read("drawn_splits", version=0).num_rows == 1


def test_the_log_is_cut_where_no_version_before_is_needed(store: Store):
    grow(store, 3)
    made = Provenance("atlas", {"layout": 0, "clusters": 3}, key="p2")
    store.write("atlas", store.read("atlas"), made)
    made = Provenance("review_queue", {"clusters": 3}, key="q2")
    store.write("review_queue", store.read("review_queue"), made)
    before = store.commits("clusters")
    clean(store)
    entries = [name for name in names(store, "clusters") if name.endswith(".json")]
    assert [int(name[-25:-5]) for name in entries] == [3]
    assert [c.provenance for c in store.commits("clusters")] == [c.provenance for c in before]
    assert whole(store)
    recluster(store, "k-9")
    assert store.version("clusters") == 4 and whole(store)
    assert store.read("clusters", version=3).num_rows == 4
    tree = lineage(store, "clusters")
    assert tree is not None and tree["step"] == "clusters" and tree["inputs"]
    assert clean(store).tables == []  # the map still stands on version 3


def test_what_a_model_learnt_from_stays(store: Store):
    for number in range(3):
        made = Provenance("triplets", {"links": 0}, key=f"t{number}", data_version=f"t{number}")
        store.write("triplets", store.read("triplets").slice(1), made)
    clean(store)
    assert store.read("triplets", version=0).num_rows == 1  # m-1 was trained on it
    assert trace_model(store, "m-1")["lineage"]["inputs"]


def test_objects_that_no_version_names_go_but_not_young_ones(store: Store):
    store.objects.put("working", b"of a run that was killed", "jpg")
    overwrite(store, "objects/working/.partial-x", b"half")
    overwrite(store, "tables/links/part-lost.parquet", b"x" * 1000)
    assert plan_clean(store, 1).bytes == 0
    removal = clean(store)
    assert len(removal.objects) == 2 and removal.bytes > 1000
    assert whole(store)
    report = verify(store, lambda _label: lambda _done, _total: None)
    assert (report.orphan_objects, report.orphan_files) == (0, 0)


@pytest.mark.parametrize("moment", range(12))
def test_a_clean_that_is_killed_at_any_moment_is_ended_by_the_next(
    tmp_path, monkeypatch: pytest.MonkeyPatch, moment: int
):
    store = Store(str(tmp_path))
    fill(store)
    grow(store, 3)
    store.write("atlas", store.read("atlas"), Provenance("atlas", {"clusters": 3}))
    store.write("review_queue", store.read("review_queue"), Provenance("q", {"clusters": 3}))
    history = [c.provenance for c in store.commits("clusters")]
    left = iter(range(moment))

    def removes(files: FolderFiles, name: str) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        one(files, name)

    one = FolderFiles.remove
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(FolderFiles, "remove", removes)
        clean(store)
        raise KeyboardInterrupt
    assert whole(store)
    assert [c.provenance for c in store.commits("clusters")] == history
    clean(store)
    assert whole(store) and clean(store).bytes == 0
    assert [c.provenance for c in store.commits("clusters")] == history


def test_nothing_is_removed_from_a_store_with_a_damaged_log(store: Store):
    grow(store)
    overwrite(store, f"tables/links/_delta_log/{0:020d}.json", b'{"add":')
    with pytest.raises(StoreError, match="links"):
        plan_clean(store, 1)
