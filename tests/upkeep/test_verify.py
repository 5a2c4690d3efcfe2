"""What is damaged is found and named, with what depends on it."""

import importlib
from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pytest
from small_store import flip, names, overwrite, recluster, working

from vsig_core.errors import StoreError
from vsig_core.store import TABLES, Provenance, Store, content, empty, read_log, remove_all
from vsig_core.store.schema import Column
from vsig_core.upkeep import Damage, Report, mend, verify


def check(store: Store) -> Report:
    return verify(store, lambda _label: lambda _done, _total: None)


def only(store: Store) -> Damage:
    (damage,) = check(store).damaged
    return damage


def data_of(store: Store, table: str, holding: str = "") -> str:
    """Name of a data file of a table."""
    return next(
        name for name in names(store) if name.startswith(f"tables/{table}/") and holding in name
        and name.endswith(".parquet") and "_delta_log" not in name
    )  # fmt: skip


def test_a_store_as_it_was_written_is_whole(store: Store):
    report = check(store)
    assert report.damaged == []
    assert (report.unsealed, report.orphan_objects, report.orphan_files) == (0, 0, 0)
    assert report.files > 10 and report.objects > 10 and report.tables > 10


def test_a_changed_working_copy_names_its_picture_and_its_cluster(store: Store):
    key = store.objects.put("working", working("c.jpg"), "jpg")
    flip(store, f"objects/{key}")
    damage = only(store)
    assert damage.name == f"objects/{key}" and damage.kind == "object"
    assert damage.needed_by == {"pictures": ["c.jpg"], "clusters": ["c-1"]}
    assert "vsig verify --mend" in damage.remedy and "c.jpg" in damage.in_words()


def test_a_damaged_working_copy_is_mended_by_reading_its_batch_again(store: Store):
    key = store.objects.put("working", working("c.jpg"), "jpg")
    flip(store, f"objects/{key}")
    assert mend(store, check(store).damaged) == ["b-2"]
    assert store.read("images")["uid"].to_pylist() == ["a.jpg", "b.jpg", "d.jpg"]
    assert store.read("corpus")["batch"].to_pylist() == ["b-1"]
    newest = store.commits("images")[0].provenance
    assert (newest.step, newest.partition, newest.key) == ("images", "batch=b-2", "")
    assert [damage.what for damage in check(store).damaged] == [
        "is missing, though the table names it"  # by the version before
    ]
    store.objects.put("working", working("c.jpg"), "jpg")
    assert check(store).damaged == []


@pytest.mark.parametrize("what", ["sha256_of", "patiently"])
def test_a_server_that_stops_answering_is_no_damage(
    store: Store, monkeypatch: pytest.MonkeyPatch, what: str
):
    def busy(*_: object) -> str:
        raise StoreError("it is busy") from OSError("AWS Error SLOW_DOWN during GetObject")

    # The package's attribute of that name is the function.
    monkeypatch.setattr(importlib.import_module("vsig_core.upkeep.verify"), what, busy)
    with pytest.raises(StoreError, match=r"busy|SLOW_DOWN"):
        check(store)


def test_a_missing_object_is_found_by_the_table_that_names_it(store: Store):
    weights = store.read("models")["weights"][0].as_py()
    store.files.remove(f"objects/{weights}")
    damage = only(store)
    assert damage.table == "models" and "missing" in damage.what
    assert damage.needed_by == {"models": ["m-1 (champion)"]}
    assert "backup" in damage.remedy


@pytest.mark.parametrize("place", [8, 60, -5, -40])
def test_one_changed_bit_of_a_data_file_is_found_wherever_it_is(store: Store, place: int):
    name = data_of(store, "embeddings", "batch=b-2")
    flip(store, name, place)
    damage = only(store)
    assert (damage.name, damage.table, damage.in_force) == (name, "embeddings", True)
    assert damage.needed_by["pictures"] == ["c.jpg", "d.jpg"]
    assert damage.needed_by["batches"] == ["b-2"]
    assert set(damage.needed_by["tables"]) >= {"embeddings", "vectors", "clusters", "atlas"}
    assert "triplets" not in damage.needed_by["tables"]


@pytest.mark.parametrize(
    ("damaged", "says"),
    [
        (lambda s, n: s.files.remove(n), "is missing"),
        (lambda s, n: overwrite(s, n, content(s.files, n)[:-50]), "the log says"),
        (lambda s, n: overwrite(s, n, b""), "has 0 bytes"),
    ],
    ids=["deleted", "cut short", "emptied"],
)
def test_a_data_file_that_is_gone_or_cut_is_found(
    store: Store, damaged: Callable[[Store, str], None], says: str
):
    name = data_of(store, "links")
    damaged(store, name)
    damage = only(store)
    assert damage.name == name and says in damage.what
    assert damage.needed_by["tables"][0] == "links"
    assert {"triplets", "models", "clusters", "review_queue"} < set(damage.needed_by["tables"])
    assert "annotations" not in damage.needed_by["tables"]


def test_without_a_digest_a_data_file_is_read_from_end_to_end(store: Store):
    remove_all(store.files, [name for name in names(store) if "/seals/" in name])
    assert check(store).damaged == []
    assert check(store).unsealed > 10
    name = data_of(store, "images")
    data = content(store.files, name)
    overwrite(store, name, data[:40] + bytes(20) + data[60:])
    assert only(store).name == name


def test_damage_that_only_an_old_version_has_is_told_apart(store: Store):
    recluster(store, "k-1")
    log = read_log(store.files, "clusters")
    assert log is not None
    old, new = sorted(log.files.values(), key=lambda file: file.first)
    flip(store, old.name)
    damage = only(store)
    assert (damage.versions, damage.in_force, damage.needed_by) == ((0, 0), False, {})
    flip(store, new.name)
    assert {damage.in_force for damage in check(store).damaged} == {False, True}


def test_a_store_of_a_newer_vsig_is_refused_and_not_called_damaged(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    spec = TABLES["clusters"]
    newer = replace(
        spec,
        version=spec.version + 1,
        columns=(*spec.columns, Column("mood", pa.string(), "of the day")),
    )
    with monkeypatch.context() as later:
        later.setitem(TABLES, "clusters", newer)
        store.write("clusters", store.read("clusters"), Provenance("x"))
    with pytest.raises(StoreError, match="newer vsig"):
        check(store)


@pytest.mark.parametrize("how", ["torn", "changed", "deleted"])
def test_a_broken_log_is_named_with_all_that_comes_after(store: Store, how: str):
    name = f"tables/links/_delta_log/{0:020d}.json"
    entry = content(store.files, name)
    if how == "deleted":
        recluster(store, "k-1")
        name = f"tables/clusters/_delta_log/{0:020d}.json"
        store.files.remove(name)
    elif how == "torn":
        overwrite(store, name, entry[: len(entry) // 2])
    else:
        overwrite(store, name, entry.replace(b"POSITIVE", b"NEGATIVE"))
    damaged = check(store).damaged
    assert {damage.kind for damage in damaged} == {"log"}
    table = "clusters" if how == "deleted" else "links"
    assert {damage.table for damage in damaged} == {table}
    assert table in damaged[0].needed_by["tables"]


def test_what_no_version_names_is_counted_and_no_damage(store: Store):
    store.objects.put("working", b"of a run that was killed", "jpg")
    overwrite(store, "tables/links/part-lost.parquet", b"x" * 1000)
    report = check(store)
    assert report.damaged == []
    assert (report.orphan_objects, report.orphan_files) == (1, 1)
    assert report.orphan_bytes > 1000


def test_an_empty_store_is_whole(root: str):
    assert check(Store(root)).damaged == []


def test_a_table_without_rows_is_whole(root: str):
    made = Store(root)
    made.write("links", empty("links"), Provenance("x"))
    assert check(made).damaged == []
