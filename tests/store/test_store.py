import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vsig_core.errors import StoreError, TableMissingError
from vsig_core.store import TABLES, Objects, Provenance, Store, empty, schema


def link(img1: str, img2: str, verdict: str = "POSITIVE") -> dict[str, object]:
    return {"img1": img1, "img2": img2, "verdict": verdict, "annotators": ["anna"]}


def links(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema("links"))


def embedding(batch: str, uid: str, vector: list[float]) -> dict[str, object]:
    return {"model_id": "m-1", "batch": batch, "uid": uid, "sha256": uid, "vector": vector}


def embeddings(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema("embeddings"))


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest) -> Store:
    return Store(request.getfixturevalue(f"{request.param}_root"))


@pytest.fixture
def folder_root(tmp_path) -> str:
    return str(tmp_path / "sto re é")


class TestTables:
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

    def test_columns_have_the_types_of_the_schema(self, store: Store):
        store.write("embeddings", embeddings(embedding("b-0001", "a", [1, 0])), Provenance("x"))
        read = store.read("embeddings")
        assert read.schema.field("vector").type == pa.list_(pa.float32())
        assert read["batch"].to_pylist() == ["b-0001"]

    def test_an_unknown_table_is_refused_with_the_known_ones(self, store: Store):
        with pytest.raises(StoreError, match="links"):
            store.read("link")


class TestObjects:
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
