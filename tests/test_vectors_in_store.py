"""Vectors that the store has already, and what it costs to find them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from vsig_core.store import Provenance, Store, schema
from vsig_core.vectors import known_vectors


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three batches of two pictures by one network, and one picture of the pool."""
    made = Store(str(tmp_path))
    for place, batch in enumerate(("b-1", "b-2", "b-3")):
        rows = [
            {"model_id": "m-1", "uid": s, "batch": batch, "sha256": s, "vector": [float(n), 0.0]}
            for n, s in enumerate((f"{2 * place}", f"{2 * place + 1}"), start=2 * place)
        ]
        made.append("embeddings", pa.Table.from_pylist(rows, schema("embeddings")), Provenance("x"))
    rows = [{"model_id": "m-1", "sha256": "9", "vector": [9.0, 0.0]}]
    made.append("pool_vectors", pa.Table.from_pylist(rows, schema("pool_vectors")), Provenance("x"))
    return made


def test_vectors_are_found_in_any_batch_and_in_the_pool(store: Store):
    found = known_vectors(store, "m-1", ["5", "0", "9", "new"])
    assert sorted(found) == ["0", "5", "9"]
    assert {sha: vector.tolist() for sha, vector in found.items()} == {
        sha: [float(sha), 0.0] for sha in ("0", "5", "9")
    }
    assert known_vectors(store, "m-2", ["5"]) == known_vectors(store, "m-1", []) == {}


def test_only_batches_that_hold_a_wanted_vector_are_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    read: list[Any] = []
    plain = Store.read

    def noted(self: Store, name: str, **how: Any) -> pa.Table:
        if "vector" in how["columns"]:
            read.append((name, how["among"].get("batch")))
        return plain(self, name, **how)

    monkeypatch.setattr(Store, "read", noted)
    known_vectors(store, "m-1", ["2", "new"])
    assert read == [("embeddings", ["b-2"])]
    known_vectors(store, "m-1", ["new"])
    assert len(read) == 1
