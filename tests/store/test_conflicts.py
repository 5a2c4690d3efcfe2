"""Several writers of one table: nobody's rows are overwritten unseen, none are there twice."""

import subprocess
import sys

import pyarrow as pa
import pytest

from vsig_core.errors import ConflictError, StoreError
from vsig_core.store import Provenance, Store, schema

MADE = Provenance("x")


@pytest.fixture
def store(root: str) -> Store:
    return Store(root)


def links(*pairs: str) -> pa.Table:
    rows = [{"img1": pair[0], "img2": pair[1], "verdict": "POSITIVE"} for pair in pairs]
    return pa.Table.from_pylist(rows, schema("links"))


def vectors(batch: str, *uids: str) -> pa.Table:
    rows = [{"model_id": "m-1", "batch": batch, "uid": uid, "vector": [1.0]} for uid in uids]
    return pa.Table.from_pylist(rows, schema("embeddings"))


def pairs(store: Store) -> list[str]:
    return [row["img1"] + row["img2"] for row in store.read("links").to_pylist()]


def test_what_was_derived_from_an_older_version_is_refused(store: Store):
    store.write("links", links("ab"), MADE, base=None)
    store.write("links", links("ab", "ac"), MADE, base=0)
    with pytest.raises(ConflictError, match=r"at version 1, not 0 any more.*Nothing was written"):
        store.write("links", links("ab", "ad"), MADE, base=0)
    with pytest.raises(ConflictError, match="at version 1, not 0"):
        store.append("links", links("ad"), MADE, base=0)
    assert pairs(store) == ["ab", "ac"]
    assert issubclass(ConflictError, StoreError)


def test_a_table_that_another_one_makes_meanwhile_is_left_alone(store: Store):
    store.write("links", links("ab"), MADE)
    with pytest.raises(ConflictError):
        store.write("links", links("ac"), MADE, base=None)
    assert pairs(store) == ["ab"]


def test_writers_of_different_partitions_do_not_hinder_one_another(store: Store):
    one, two = ({"model_id": "m-1", "batch": batch} for batch in ("b-1", "b-2"))
    store.write("embeddings", vectors("b-1", "a"), MADE, partition=one, base=None)
    store.write("embeddings", vectors("b-2", "b"), MADE, partition=two, base=None)
    store.write("embeddings", vectors("b-1", "a", "c"), MADE, partition=one, base=1)
    store.write("embeddings", vectors("b-2", "b", "d"), MADE, partition=two, base=1)
    with pytest.raises(ConflictError):
        store.write("embeddings", vectors("b-2", "e"), MADE, partition=two, base=1)
    assert store.read("embeddings")["uid"].to_pylist() == ["a", "b", "c", "d"]


def test_rows_that_are_there_are_not_added_again(store: Store):
    store.append("links", links("ab", "ac"), MADE)
    store.append("links", links("ac", "ad"), MADE)
    assert pairs(store) == ["ab", "ac", "ad"]


APPENDER = """
import sys
import pyarrow as pa
from vsig_core.store import Provenance, Store, schema
root, own = sys.argv[1:]
store = Store(root)
for number in range(6):
    rows = [{"img1": name, "img2": str(number)} for name in (own, "all")]
    store.append("links", pa.Table.from_pylist(rows, schema("links")), Provenance("x"))
"""


# Not on moto: one thread of Python answers all of its requests, for minutes.
@pytest.mark.parametrize(
    "root", ["folder_root", pytest.param("ceph_root", marks=pytest.mark.slow)], indirect=True
)
def test_eight_processes_that_add_rows_at_once_add_each_row_once(store: Store):
    command = [sys.executable, "-c", APPENDER, store.location.root]
    adding = [subprocess.Popen([*command, f"p{number}"]) for number in range(8)]
    seen = 0
    while any(process.poll() is None for process in adding):
        rows = store.read_or_empty("links").num_rows  # reading beside them
        assert rows >= seen
        seen = rows
    assert [process.returncode for process in adding] == [0] * 8
    names = [f"p{number}" for number in range(8)]
    wanted = sorted((name, str(number)) for name in [*names, "all"] for number in range(6))
    assert [(row["img1"], row["img2"]) for row in store.read("links").to_pylist()] == wanted
