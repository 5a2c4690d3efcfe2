import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from benchmarks.dask_cluster import dask_cluster
from vsig_core import neighbours
from vsig_core.corpus import BatchRead, list_source, plan_batches, read_batch, read_picture
from vsig_core.embedding import StoredNetwork, embed_stored
from vsig_core.errors import PictureError, SettingsError, WorkerLostError, WorkersError
from vsig_core.model import load_network, save_weights
from vsig_core.settings import ImagesSettings, ModelSettings, NeighboursSettings, SourceSettings
from vsig_core.store import Provenance, Store, empty, schema
from vsig_core.workers import LocalProcesses, cluster

PICTURES = 60
NETWORK = ModelSettings(backbone="resnet18", weights="none", resolution=64)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dask_cluster(tmp_path_factory.mktemp("dask")) as address:
        yield address


@pytest.fixture(scope="module")
def workers(scheduler: str) -> Iterator[Executor]:
    with cluster(scheduler) as executor:
        yield executor


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """A planned batch."""
    folder = tmp_path_factory.mktemp("pictures")
    for seed in range(PICTURES):
        noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(noise).resize((160, 120)).save(folder / f"{seed:03}.jpg")
    (folder / "bad.jpg").write_bytes(b"bad")
    return plan_batches(
        empty("batches"), list_source(SourceSettings(uri=str(folder)), folder), 500
    ).table


def read(pictures: pa.Table, store: Store, executor: Executor, progress: Any = None) -> BatchRead:
    images = empty("images")
    return read_batch(pictures, images, store.objects, ImagesSettings(), executor, progress)


@pytest.mark.slow
def test_the_same_batch_is_read_while_a_worker_is_killed(
    pictures: pa.Table, workers: Executor, tmp_path: Path
):
    victim = workers.submit(os.getpid).result()

    def kill(done: int, total: int) -> None:
        nonlocal victim
        if victim and done < total:
            os.kill(victim, signal.SIGKILL)
            victim = 0

    local, remote = Store(str(tmp_path / "local")), Store(str(tmp_path / "remote"))
    with LocalProcesses(2) as processes:
        here = read(pictures, local, processes)
    there = read(pictures, remote, workers, kill)
    assert victim == 0
    assert there.digest == here.digest and there.rejected.equals(here.rejected)
    assert there.images.drop_columns(["added_at"]).equals(here.images.drop_columns(["added_at"]))
    for key in there.images["working"].to_pylist():
        assert remote.objects.get(key) == local.objects.get(key)


@pytest.fixture(scope="module")
def filled(
    pictures: pa.Table, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Store, StoredNetwork, list[str]]:
    """A store with a network and the working copies of the batch."""
    store = Store(str(tmp_path_factory.mktemp("filled")))
    weights = store.objects.put("models", save_weights(load_network(NETWORK)), "safetensors")
    with ThreadPoolExecutor(2) as threads:
        copies = read(pictures, store, threads).images["working"].to_pylist()
    return store, StoredNetwork(store.location.root, weights, NETWORK), copies


@pytest.mark.slow
def test_vectors_are_the_same_wherever_they_are_computed(
    filled: tuple[Store, StoredNetwork, list[str]], workers: Executor
):
    _, network, copies = filled
    told: list[tuple[int, int]] = []
    with ThreadPoolExecutor(2) as threads:
        here = embed_stored(network, copies, 8, threads)
    there = embed_stored(network, copies, 8, workers, lambda *step: told.append(step))
    assert here.shape == (PICTURES, 512)
    np.testing.assert_allclose(there, here, atol=1e-5)
    assert told[-1] == (PICTURES, PICTURES)


def test_the_neighbour_graph_is_the_same_to_the_bit(
    workers: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(neighbours, "WORTHWHILE", 0)
    monkeypatch.setattr(neighbours, "BAND", 100)
    store = Store(str(tmp_path))
    vectors = np.random.default_rng(5).standard_normal((400, 16)).astype(np.float32)
    names = [f"p{number:04}" for number in range(400)]
    rows = {
        "model_id": ["m-1"] * 400, "uid": names, "batch": ["b-1"] * 400, "sha256": names,
        "vector": vectors.tolist(),
    }  # fmt: skip
    store.append("embeddings", pa.table(rows, schema("embeddings")), Provenance("embeddings"))
    summed = [{"batch": "b-1", "model_id": "m-1", "version": 0, "images": 400, "digest": "d"}]
    store.write("vectors", pa.Table.from_pylist(summed, schema("vectors")), Provenance("vectors"))
    settings, told = NeighboursSettings(k=7), []
    here = neighbours.find_neighbours(store, {"vectors": 0}, settings, None)
    there = neighbours.find_neighbours(
        store, {"vectors": 0}, settings, workers, lambda *step: told.append(step)
    )
    assert told[-1] == (4, 4) and there.compared == 400
    for mine, theirs in zip(there.graph.knn, here.graph.knn, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_what_a_task_raises_arrives_as_it_was(workers: Executor):
    with pytest.raises(PictureError) as caught:
        workers.submit(read_picture, b"", ImagesSettings()).result()
    assert caught.value.reason == "empty"


@pytest.mark.slow
def test_a_task_that_kills_its_workers_is_named_lost(workers: Executor):
    lost = workers.submit(os._exit, 1)
    with pytest.raises(WorkerLostError):
        lost.result()
    assert workers.submit(abs, -1).result() == 1


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vsig_core.workers.on_dask._CONNECT_SECONDS", 1)
    with pytest.raises(WorkersError, match=r"tcp://127\.0\.0\.1:9 .*\[cluster\] scheduler"):
        cluster("tcp://127.0.0.1:9")


def test_without_dask_the_setting_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SettingsError, match=r"vsig\[dask\]"):
        cluster("tcp://127.0.0.1:10")


def test_dask_is_imported_only_where_it_is_used():
    words = "import sys, vsig_core.cli, vsig_core.executors; print('distributed' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
