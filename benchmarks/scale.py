"""From one machine to many: `python -m benchmarks.scale --sizes 300 1000`.

Reads, embeds and compares pictures by this machine's own workers and by three workers of a
Dask cluster on loopback, in the same run. What it measures for each picture is then carried
on to 10 million, on paper: storage, requests, core hours, money.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.dask_cluster import WORKERS, dask_cluster
from vsig_core import executors, neighbours
from vsig_core.corpus import list_source, plan_batches, read_batch
from vsig_core.embedding import StoredNetwork, embed_stored
from vsig_core.model import load_network, save_weights
from vsig_core.settings import (
    ImagesSettings,
    ModelSettings,
    NeighboursSettings,
    Settings,
    SourceSettings,
)
from vsig_core.store import Provenance, Store, empty, schema
from vsig_core.vectors import vector_column
from vsig_core.workers import cluster

PAPER = (100_000, 1_000_000, 10_000_000)
SIDES = (1500, 1100)  # of the pictures that are read, pixels
WARM = 64 * WORKERS  # enough tasks that each worker has loaded torch and the network before
# List prices in US dollars of Amazon's us-east-1, rounded: S3 Standard and a core of c7i.
GB_MONTH, THOUSAND_WRITES, THOUSAND_READS, CORE_HOUR = 0.023, 0.005, 0.0004, 0.045
# Of one picture: is the working copy there, put it; get the original, get the working copy.
WRITES, READS = 1, 3
# Of the commits of one batch: an estimate, small beside its pictures.
BATCH, COMMIT_WRITES, COMMIT_READS = 500, 12, 40


@dataclass(frozen=True)
class Cost:
    """Of one size, in seconds by one way to work.

    Parameters
    ----------
    reading, embedding, comparing
        Seconds.
    """

    reading: float
    embedding: float
    comparing: float


def pictures(folder: Path, n: int) -> pa.Table:
    """A planned batch of soft noise, each picture another."""
    folder.mkdir()
    for seed in range(n):
        patches = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
        drawn = Image.fromarray(patches).resize(SIDES, Image.Resampling.BICUBIC)
        drawn.save(folder / f"{seed:06}.jpg", quality=90)
    listing = list_source(SourceSettings(uri=str(folder)), folder)
    return plan_batches(empty("batches"), listing, n).table


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.monotonic()
    return work(), time.monotonic() - started


def cost(
    planned: pa.Table, root: Path, workers: tuple[Executor, Executor, Executor | None]
) -> tuple[Cost, pa.Table]:
    """Read, embed and compare one batch in a new store; gives the rows of its pictures, too."""
    decoding, embedding, comparing = workers
    store, settings = Store(str(root)), ModelSettings()
    weights = store.objects.put("models", save_weights(load_network(settings)), "safetensors")
    network = StoredNetwork(store.location.root, weights, settings)
    images = ImagesSettings()
    read, reading = timed(
        lambda: read_batch(planned, empty("images"), store.objects, images, decoding)
    )
    copies = read.images["working"].to_pylist()
    vectors, embedded = timed(lambda: embed_stored(network, copies, 32, embedding))
    keep(store, read.images, vectors)
    _, compared = timed(
        lambda: neighbours.find_neighbours(store, {"vectors": 0}, NeighboursSettings(), comparing)
    )
    return Cost(reading, embedded, compared), read.images


def keep(store: Store, images: pa.Table, vectors: np.ndarray) -> None:
    """The tables that workers read."""
    n = images.num_rows
    columns = {
        "model_id": ["m-1"] * n,
        "uid": images["uid"],
        "batch": ["b-1"] * n,
        "sha256": images["sha256"],
        "vector": vector_column(vectors),
    }
    store.append("embeddings", pa.table(columns, schema("embeddings")), Provenance("embeddings"))
    summed = [{"batch": "b-1", "model_id": "m-1", "version": 0, "images": n, "digest": "d"}]
    store.write("vectors", pa.Table.from_pylist(summed, schema("vectors")), Provenance("vectors"))
    store.write("images", images, Provenance("images"))


def gigabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e9


def measure(sizes: Sequence[int]) -> list[tuple[int, Cost, Cost, float]]:
    """Each size: by this machine's workers, by a cluster, and what the store weighs."""
    here = executors.decoding(Settings()), executors.embedding(Settings()), None
    measured = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "dask").mkdir()
        with dask_cluster(folder / "dask") as address:
            there = cluster(address)
            warm = pictures(folder / "warm", WARM)
            neighbours.WORTHWHILE = 0  # compare on the cluster even what is not worth it
            for place, way in enumerate((here, (there, there, there))):
                cost(warm, folder / f"warm-{place}", way)
            for n in sizes:
                planned = pictures(folder / f"pictures-{n}", n)
                local, _ = cost(planned, folder / f"here-{n}", here)
                remote, _ = cost(planned, folder / f"there-{n}", (there, there, there))
                weights = gigabytes(folder / f"here-{n}" / "objects" / "models")
                measured.append((n, local, remote, gigabytes(folder / f"here-{n}") - weights))
    return measured


def show(measured: Sequence[tuple[int, Cost, Cost, float]]) -> None:
    console = Console(width=130)
    table = Table(
        title=f"This machine ({os.cpu_count()} cores) against {WORKERS} Dask workers on it"
    )
    for head in ("pictures", "what", "here, s", "Dask, s", "ratio", "here, pictures/s"):
        table.add_column(head, justify="right")
    for n, local, remote, _ in measured:
        for what in ("reading", "embedding", "comparing"):
            mine, theirs = getattr(local, what), getattr(remote, what)
            cells = f"{mine:.1f}", f"{theirs:.1f}", f"{theirs / mine:.2f}", f"{n / mine:.0f}"
            table.add_row(f"{n:,}", what, *cells)
    console.print(table)
    console.print(on_paper(measured[-1]))


def on_paper(largest: tuple[int, Cost, Cost, float]) -> Table:
    """What was measured for one picture, many times over; comparing grows with the square."""
    n, local, _, stored = largest
    cores = os.cpu_count() or 1
    table = Table(title="On paper, from the largest size measured")
    for head in (
        "pictures",
        "store, GB",
        "requests, million",
        "core hours",
        "once, $",
        "a month, $",
    ):
        table.add_column(head, justify="right")
    for size in PAPER:
        writes = size * WRITES + size / BATCH * COMMIT_WRITES
        reads = size * READS + size / BATCH * COMMIT_READS
        seconds = (local.reading + local.embedding) * size / n
        hours = seconds * cores / 3600 + comparing_hours(size)
        money = hours * CORE_HOUR + writes / 1e3 * THOUSAND_WRITES + reads / 1e3 * THOUSAND_READS
        store = stored * size / n
        cells = f"{store:,.0f}", f"{(writes + reads) / 1e6:.1f}", f"{hours:,.0f}"
        table.add_row(f"{size:,}", *cells, f"{money:,.0f}", f"{store * GB_MONTH:,.0f}")
    return table


def comparing_hours(size: int) -> float:
    """Core hours of the exact graph, from the bare product of blocks as wide as stand-ins."""
    rows = np.random.default_rng(7).standard_normal((4096, 65)).astype(np.float32)
    _, seconds = timed(lambda: rows @ rows.T)
    pairs = float(size) ** 2  # in bands, each pair is looked at from both sides
    return seconds * (os.cpu_count() or 1) * pairs / len(rows) ** 2 / 3600 * LOOKING


# Looking at a product costs about twice what multiplying 65 numbers does (`_standins.LOOK`).
LOOKING = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 1000], help="pictures")
    show(measure(parser.parse_args().sizes))


if __name__ == "__main__":
    main()
