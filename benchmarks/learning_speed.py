"""How fast pictures are embedded and a network learns: `python -m benchmarks.learning_speed`.

Embedding is held against the original's way (each picture decoded at full size, resized, and put
through the network alone) and against the bare network on tensors that are ready; an epoch of
training on cached maps against one that decodes, augments and trains the whole network. All on
`corpora/art`, in one process, in turns: as it is (512 px), and enlarged to the sizes of a
working copy, which is what vsig embeds, and of a scan.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from PIL import Image

from benchmarks.corpora import art_corpus
from vsig_core.embedding import embed
from vsig_core.model import Folders, Network, Pictures, load_network, train
from vsig_core.model.fusion import fused
from vsig_core.model.preprocess import decode, letterbox, stack
from vsig_core.settings import ModelSettings, TrainingSettings

BATCH = ModelSettings().batch_size
SIDES = (1024, 2048)  # of a working copy and of a scan, pixels


def main() -> None:
    """Measure both, and print ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=256)
    parser.add_argument("--triplets", type=int, default=512)
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args()
    files = sorted((art_corpus() / "images").rglob("*.jpg"))[: asked.pictures]
    pictures = [file.read_bytes() for file in files]
    embedding(pictures, asked.turns, "512 px")
    for side in SIDES:
        large = [enlarged(one, side) for one in pictures[::4]]
        embedding(large, asked.turns, f"{side} px")
    training(pictures, asked.triplets)


def enlarged(picture: bytes, side: int) -> bytes:
    """The same picture with that longer side."""
    with Image.open(io.BytesIO(picture)) as image:
        scale = side / max(image.size)
        width, height = (round(scale * length) for length in image.size)
        scan = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    kept = io.BytesIO()
    scan.save(kept, "JPEG", quality=90)
    return kept.getvalue()


def embedding(pictures: Sequence[bytes], turns: int, size: str) -> None:
    """Pictures a second, the best of some turns."""
    network = load_network(ModelSettings())
    fast = fused(network)
    ready = [
        stack([letterbox(decode(one, network.preprocessing.resolution), network.preprocessing)
               for one in batch])
        for batch in (pictures[at : at + BATCH] for at in range(0, len(pictures), BATCH))
    ]  # fmt: skip
    ways: dict[str, Callable[[], object]] = {
        "vsig": lambda: embed(network, pictures, BATCH),
        "bare network, ready tensors": lambda: _bare(fast, ready),
        "one at a time, decoded at full size": lambda: _original(network, pictures),
    }
    best = dict.fromkeys(ways, np.inf)
    for _ in range(turns):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            best[name] = min(best[name], time.perf_counter() - started)
    for name, seconds in best.items():
        ratio = seconds / best["vsig"]
        rate = f"{len(pictures) / seconds:.1f} pictures/s"
        print(f"embedding, {size}, {name}: {rate}; vsig is {ratio:.2f} x")


def _bare(network: Network, ready: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> None:
    with torch.inference_mode():
        for images, boxes in ready:
            network(images, boxes)


def _original(network: Network, pictures: Sequence[bytes]) -> None:
    side = network.preprocessing.resolution
    with torch.inference_mode():
        for data in pictures:
            image = Image.open(io.BytesIO(data)).convert("RGB")
            pixels = np.array(image.resize((side, side), Image.Resampling.BILINEAR))
            network(torch.from_numpy(pixels).permute(2, 0, 1)[None].float().div(255))


def training(pictures: Sequence[bytes], count: int) -> None:
    """Seconds of one epoch on the same triplets."""
    uids = [f"{number:04}" for number in range(len(pictures))]
    rng = np.random.default_rng(0)
    rows = np.array([rng.choice(len(uids), 3, replace=False) for _ in range(count)])
    names = {
        role: [uids[row] for row in rows[:, place]]
        for place, role in enumerate(("anchor", "positive", "negative"))
    }
    triplets = pa.table(names | {"split": ["train"] * count})
    shown = Pictures(dict(zip(uids, uids, strict=True)), lambda uid: pictures[int(uid)])
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        for frozen in (True, False):
            settings = TrainingSettings(epochs=1, frozen_trunk=frozen)
            folders = Folders(Path(folder) / f"checkpoints-{frozen}", Path(folder) / "trunk")
            trained = train(ModelSettings(), settings, triplets, shown, folders)
            seconds[frozen] = trained.curve[0]["seconds"]
            if frozen:
                print(f"training, maps of {len(uids)} pictures cached in "
                      f"{trained.seconds - seconds[True]:.1f} s")  # fmt: skip
    print(
        f"training, an epoch of {count} triplets: {seconds[True]:.1f} s on cached maps, "
        f"{seconds[False]:.1f} s on all layers uncached: {seconds[False] / seconds[True]:.1f} x"
    )


if __name__ == "__main__":
    main()
