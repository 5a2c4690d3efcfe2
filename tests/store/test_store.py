import json
import subprocess
import sys
from dataclasses import replace
from importlib import metadata

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vsig_core.errors import StoreError, TableMissingError
from vsig_core.store import TABLES, Objects, Provenance, Store, empty, open_files, schema
from vsig_core.store.schema import Column


def link(img1: str, img2: str, verdict: str = "POSITIVE") -> dict[str, object]:
    return {"img1": img1, "img2": img2, "verdict": verdict, "annotators": ["anna"]}


def links(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema("links"))


def embedding(batch: str, uid: str, vector: list[float]) -> dict[str, object]:
    return {"model_id": "m-1", "batch": batch, "uid": uid, "sha256": uid, "vector": vector}


def embeddings(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema("embeddings"))


@pytest.fixture
def store(root: str) -> Store:
    return Store(root)


class TestContract:
    """What every store does, wherever it lies. Several writers at once: see test_conflicts."""

    def test_a_table_that_was_never_written_is_missing_and_says_what_to_do(self, store: Store):
        assert store.version("links") is None
        assert store.commits("links") == []
        assert store.read_or_empty("links", columns=["img1"]).column_names == ["img1"]
        with pytest.raises(TableMissingError, match="vsig run"):
            store.read("links")

    def test_every_version_stays_readable(self, store: Store):
        assert store.write("links", links(link("a", "b")), Provenance("x")) == 0
        assert store.write("links", links(link("a", "c")), Provenance("x")) == 1
        assert store.read("links")["img2"].to_pylist() == ["c"]
        assert store.read("links", version=0)["img2"].to_pylist() == ["b"]

    def test_rows_come_in_the_order_of_the_key(self, store: Store):
        store.append("links", links(link("b", "c"), link("a", "z")), Provenance("x"))
        store.append("links", links(link("a", "b")), Provenance("x"))
        pairs = [(row["img1"], row["img2"]) for row in store.read("links").to_pylist()]
        assert pairs == [("a", "b"), ("a", "z"), ("b", "c")]
        assert store.count("links") == 3

    def test_a_partition_is_replaced_apart(self, store: Store):
        first = {"model_id": "m-1", "batch": "b-1"}
        second = {"model_id": "m-1", "batch": "b-2"}
        store.write(
            "embeddings",
            embeddings(embedding("b-1", "a", [1, 0])),
            Provenance("x"),
            partition=first,
        )
        store.write(
            "embeddings",
            embeddings(embedding("b-2", "b", [0, 1])),
            Provenance("x"),
            partition=second,
        )
        store.write(
            "embeddings",
            embeddings(embedding("b-1", "c", [1, 0])),
            Provenance("x"),
            partition=first,
        )
        assert store.read("embeddings")["uid"].to_pylist() == ["b", "c"]
        assert store.read("embeddings", where=first)["uid"].to_pylist() == ["c"]
        assert store.read("embeddings", among={"sha256": ["b"]})["uid"].to_pylist() == ["b"]
        store.write("embeddings", empty("embeddings"), Provenance("x"), partition=first)
        assert store.read("embeddings")["uid"].to_pylist() == ["b"]

    def test_provenance_comes_back_as_it_was_written(self, store: Store):
        written = Provenance(
            "morphograph",
            inputs={"annotations": 3},
            params="p",
            code="2",
            run_id="r",
            key="k",
            data_version="d",
            partition="",
            facts={"links": {"POSITIVE": 2}, "why": "é"},
        )
        store.write("links", links(link("a", "b")), written)
        commit = store.commits("links")[0]
        assert (commit.version, commit.provenance) == (0, written)
        assert commit.provenance.release == metadata.version("vsig")

    def test_columns_have_the_types_of_the_schema(self, store: Store):
        store.write("embeddings", embeddings(embedding("b-0001", "a", [1, 0])), Provenance("x"))
        read = store.read("embeddings")
        assert read.schema.field("vector").type == pa.list_(pa.float32())
        assert read["batch"].to_pylist() == ["b-0001"]

    def test_an_unknown_table_is_refused_with_the_known_ones(self, store: Store):
        with pytest.raises(StoreError, match="links"):
            store.read("link")

    def test_an_older_version_that_does_not_exist_is_missing(self, store: Store):
        store.write("links", links(link("a", "b")), Provenance("x"))
        with pytest.raises(TableMissingError):
            store.read("links", version=7)

    def test_what_was_read_is_written_back_equal(self, store: Store):
        rows = links(
            link("a/Ä b.jpg", "日本 'x'.jpg"),
            link("b", "c") | {"annotators": [], "n_annotations": 3},
        )
        store.write("links", rows, Provenance("x"))
        read = store.read("links")
        assert read.to_pylist() == rows.to_pylist()
        store.write("links", read, Provenance("x"))
        assert store.read("links").equals(read)

    def test_an_empty_table_is_computed_and_has_no_rows(self, store: Store):
        assert store.write("embeddings", empty("embeddings"), Provenance("x")) == 0
        assert store.version("embeddings") == 0 and store.count("embeddings") == 0
        assert store.read("embeddings").equals(empty("embeddings"))
        store.write("embeddings", embeddings(embedding("b-1", "a", [1, 0])), Provenance("x"))
        assert store.count("embeddings") == 1

    def test_history_is_kept_through_checkpoints(self, store: Store):
        for number in range(12):
            store.append("links", links(link("a", str(number))), Provenance(f"step {number}"))
        assert [commit.version for commit in store.commits("links")] == list(range(11, -1, -1))
        assert store.commits("links")[-1].provenance.step == "step 0"
        assert store.read("links", version=3).num_rows == 4

    def test_what_another_one_writes_is_seen_at_once(self, store: Store, root: str):
        store.write("links", links(link("a", "b")), Provenance("x"))
        assert store.read("links")["img2"].to_pylist() == ["b"]
        other = Store(root)
        for uid in "cde":
            other.write("links", links(link("a", uid)), Provenance("x"))
            assert store.read("links")["img2"].to_pylist() == [uid]
            assert store.version("links") == other.version("links")
            assert [commit.version for commit in store.commits("links", 1)] == [
                other.version("links")
            ]

    def test_a_log_that_is_cut_meanwhile_is_told_as_it_is_now(self, store: Store):
        for uid in "bcde":
            store.write("links", links(link("a", uid)), Provenance("x", key=uid))
        assert [commit.provenance.key for commit in store.commits("links")] == list("edcb")
        store.checkpoint("links", 2)
        for version in range(2):
            store.files.remove(f"tables/links/_delta_log/{version:020d}.json")
        assert [(commit.version, commit.provenance.key) for commit in store.commits("links")] == [
            (3, "e"),
            (2, "d"),
        ]
        assert [commit.version for commit in store.commits("links", 1)] == [3]

    def test_a_table_that_was_made_anew_meanwhile_is_read_as_it_is_now(
        self, store: Store, root: str
    ):
        store.write("links", links(link("a", "b")), Provenance("x"))
        assert store.count("links") == 1
        for file in list(store.files.list("tables/links", deep=True)):
            store.files.remove(file.name)
        Store(root).write("links", links(link("x", "y"), link("x", "z")), Provenance("y"))
        assert store.read("links")["img2"].to_pylist() == ["y", "z"]
        assert [commit.provenance.step for commit in store.commits("links")] == ["y"]

    def test_a_table_that_was_there_and_is_gone_is_not_begun_anew(self, store: Store, root: str):
        store.write("links", links(link("a", "b")), Provenance("x"))
        files = open_files(root)
        for file in list(files.list(deep=True)):
            files.remove(file.name)
        with pytest.raises(StoreError, match="vanished"):
            store.read_or_empty("links")
        with pytest.raises(StoreError, match="vanished"):
            store.write("links", links(link("a", "b")), Provenance("x"))

    def test_a_table_of_a_newer_vsig_is_refused_with_its_version(
        self, store: Store, root: str, monkeypatch: pytest.MonkeyPatch
    ):
        store.write("links", links(link("a", "b")), Provenance("x"))
        spec = TABLES["links"]
        newer = replace(
            spec, version=2, columns=(*spec.columns, Column("mood", pa.string(), "of the day"))
        )
        with monkeypatch.context() as later:
            later.setitem(TABLES, "links", newer)
            cheerful = pa.Table.from_pylist([link("a", "c") | {"mood": "glad"}], newer.schema)
            store.append("links", cheerful, Provenance("x"))
            assert store.read("links")["mood"].to_pylist() == [None, "glad"]
        older = Store(root)
        for action in (
            lambda: older.read("links"),
            lambda: older.append("links", links(link("a", "d")), Provenance("x")),
        ):
            with pytest.raises(StoreError, match=r"newer vsig.*version 2.*knows version 1"):
                action()

    def test_equal_content_has_one_key(self, store: Store):
        key = store.objects.put("working", b"abc", "jpg")
        assert key == store.objects.put("working", b"abc", "jpg")
        assert store.objects.get(key) == b"abc"
        assert store.objects.exists(key)

    def test_a_missing_object_is_named(self, store: Store):
        assert not store.objects.exists("working/0.jpg")
        with pytest.raises(StoreError, match=r"working/0\.jpg"):
            store.objects.get("working/0.jpg")


def test_a_column_that_an_old_file_lacks_is_null(tmp_path):
    store = Store(str(tmp_path))
    store.write("links", links(link("a", "b")), Provenance("x"))
    file = next((tmp_path / "tables" / "links").glob("*.parquet"))
    pq.write_table(pq.read_table(file).drop_columns(["n_annotations"]), file)
    assert store.read("links")["n_annotations"].to_pylist() == [None]


def test_nothing_of_the_history_is_ever_deleted_by_itself(tmp_path):
    store = Store(str(tmp_path))
    store.write("links", links(link("a", "b")), Provenance("x"))
    log = tmp_path / "tables" / "links" / "_delta_log" / "00000000000000000000.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    configuration = next(a["metaData"]["configuration"] for a in actions if "metaData" in a)
    assert configuration["delta.logRetentionDuration"] == "interval 36500 days"
    assert configuration["delta.enableExpiredLogCleanup"] == "false"


def test_a_name_that_delta_lake_would_decode_is_refused(tmp_path):
    with pytest.raises(StoreError, match="Choose another folder"):
        Store(str(tmp_path / "a%20b"))


@pytest.mark.parametrize("inside", ["", "deeper/still"])
def test_a_file_is_refused_as_a_store(tmp_path, inside):
    (tmp_path / "list.txt").touch()
    with pytest.raises(StoreError, match=r"list\.txt is a file.*VSIG_STORE"):
        Store(str(tmp_path / "list.txt" / inside))


def test_objects_travel_to_worker_processes(tmp_path):
    import pickle

    objects = pickle.loads(pickle.dumps(Objects(str(tmp_path))))
    assert objects.get(objects.put("x", b"1", "bin")) == b"1"


def test_reading_does_not_abort_the_interpreter_at_its_end(tmp_path):
    """deltalake's own reader does, about half of the time."""
    store = Store(str(tmp_path))
    store.write("links", links(link("a", "b")), Provenance("x"))
    code = (
        "import sys; from vsig_core.store import Store; "
        "print(Store(sys.argv[1]).read('links').num_rows)"
    )
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True)
        assert (done.returncode, done.stdout.strip()) == (0, b"1")


def test_every_table_has_a_key_among_its_columns():
    for spec in TABLES.values():
        assert set(spec.key) <= set(spec.schema.names), spec.name
        assert set(spec.partitions) <= set(spec.schema.names), spec.name
