"""Real embeddings in any number: windows of the pictures of `corpora/art`.

Each picture goes through the default network once, at 448 px; a window of its last map,
pooled as a whole picture is, describes a crop of it. So 100,000 crops take a minute or two
instead of an hour. They are kept in the folder named by `VSIG_BENCH_CACHE` (default:
/tmp/vsig-bench).
"""

import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.corpora import art_corpus

SIDE = 448
SMALLEST = 3  # cells of the map on a side of a window


def crop_vectors(n: int) -> NDArray[np.float32]:
    """Unit vectors of `n` crops, shape (n, 1280), float32; always the same ones."""
    maps = _kept_maps()
    vectors = np.empty((n, maps[0].shape[0]), np.float32)
    for number in range(n):
        rng = np.random.default_rng([7, number])
        cells = maps[number % len(maps)]
        side = rng.uniform(SMALLEST, min(cells.shape[1:]))
        rows, columns = (_window(length, side, rng) for length in cells.shape[1:])
        vectors[number] = (cells @ columns) @ rows
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _window(length: int, side: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """How much of each cell along one direction a window at a random place holds."""
    start = rng.uniform(0, length - side)
    edges = np.clip(np.arange(length + 1), start, start + side)
    return np.diff(edges).astype(np.float32)


def _kept_maps() -> list[NDArray[np.float32]]:
    """The last map of each picture, shape (d, h, w), what was letterboxed left out."""
    folder = Path(os.environ.get("VSIG_BENCH_CACHE", Path(tempfile.gettempdir()) / "vsig-bench"))
    kept = folder / f"maps-{SIDE}.npz"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(".part.npz")
        np.savez(partial, *_maps())
        partial.replace(kept)
    with np.load(kept) as found:
        return [found[name] for name in found.files]


def _maps() -> list[NDArray[np.float32]]:
    import torch

    from vsig_core.model import load_network
    from vsig_core.model.fusion import fused
    from vsig_core.model.preprocess import decode, letterbox, stack
    from vsig_core.settings import ModelSettings

    art = art_corpus() / "images"
    network = fused(load_network(ModelSettings(resolution=SIDE)))
    maps = []
    with torch.inference_mode():
        for file in sorted(art.iterdir()):
            boxed = letterbox(decode(file.read_bytes(), SIDE), network.preprocessing)
            whole = network.trunk(stack([boxed])[0], len(network.stages))[0].numpy()
            top, left, bottom, right = boxed.box
            rows, columns = _cells(top, bottom, whole.shape[1]), _cells(left, right, whole.shape[2])
            maps.append(np.ascontiguousarray(whole[:, rows, columns]))
    return maps


def _cells(start: float, end: float, count: int) -> slice:
    """Cells that lie wholly between two fractions, at least `SMALLEST`."""
    low, high = int(np.ceil(start * count)), int(end * count)
    return slice(low, high) if high - low >= SMALLEST else slice(0, count)
