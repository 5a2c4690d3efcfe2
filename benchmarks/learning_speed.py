"""How fast pictures are embedded and a network learns: `python -m benchmarks.learning_speed`.

Embedding is held against the original's way (each picture decoded at full size, resized, and put
through the network alone) and against the bare network on tensors that are ready; in turns, of
`corpora/art` as it is (512 px), and enlarged to the sizes of a working copy, which is what vsig
embeds, and of a scan. An epoch of training on its links, on cached maps, against one that decodes,
augments and trains the whole network, by vsig's own code and in the original's way.
"""

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from PIL import Image
from torchvision.transforms import v2

from benchmarks.corpora import art_corpus
from benchmarks.presets import Corpus, Way, mined, rankings_of, read_corpus
from vsig_core.embedding import embed
from vsig_core.model import Folders, Network, Pictures, load_network, train
from vsig_core.model.fusion import fused
from vsig_core.model.loss import CompoundHingeLoss
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
    training(asked.triplets)


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


def training(count: int) -> None:
    """Seconds of the first epoch on the same triplets of real links, whole anchors of them.

    vsig's, on cached maps and on every layer uncached; and the original's way: four triplets a
    step, each picture of each triplet decoded at full size, augmented, and sent through the whole
    network there and back.
    """
    with tempfile.TemporaryDirectory() as folder:
        corpus = read_corpus("art", Path(folder), sys.maxsize)
        triplets = _triplets(corpus, count)
        shown = Pictures({uid: uid for uid in corpus.uids}, corpus.pictures.__getitem__)
        cached, whole = (
            train(
                ModelSettings(),
                TrainingSettings(epochs=1, frozen_trunk=frozen),
                triplets,
                shown,
                Folders(Path(folder) / f"checkpoints-{frozen}", Path(folder) / "trunk"),
            )
            for frozen in (True, False)
        )
    epoch = cached.curve[0]
    started = time.perf_counter()
    _original_epoch(triplets, corpus.pictures)
    spent = {
        "cached maps": epoch["seconds"],
        "every layer, uncached": whole.curve[0]["seconds"],
        "the original's way": time.perf_counter() - started,
    }
    print(
        f"training, {len(triplets)} triplets, {epoch['violating']:.0%} of them violating; "
        f"maps cached in {cached.seconds - epoch['seconds']:.1f} s"
    )
    for way, seconds in spent.items():
        ratio = seconds / epoch["seconds"]
        print(f"training, an epoch, {way}: {seconds:.1f} s; cached maps are {ratio:.1f} x")


def _triplets(corpus: Corpus, count: int) -> pa.Table:
    """Of the training split, so many or a few more: all of an anchor or none."""
    model = ModelSettings()
    pictures = [corpus.pictures[uid] for uid in corpus.uids]
    vectors = embed(load_network(model), pictures, model.batch_size)
    found = mined(corpus.judged, corpus.uids, Way(), rankings_of(corpus, vectors))
    rows = [row for row in found.sort_by("anchor").to_pylist() if row["split"] == "train"]
    last = rows[:count][-1]["anchor"]
    return pa.Table.from_pylist([row for row in rows if row["anchor"] <= last], found.schema)


def _original_epoch(triplets: pa.Table, pictures: Mapping[str, bytes]) -> None:
    """One pass as the original made it (its transforms, batch, optimizer and loss)."""
    network = load_network(ModelSettings()).eval()
    side = network.preprocessing.resolution
    transform = v2.Compose([
        v2.Resize((side + 100, side + 100)),
        v2.RandomResizedCrop(side),
        v2.ColorJitter(0.3, 0.3, 0.3, 0.3),
        v2.RandomHorizontalFlip(0.3),
        v2.RandomRotation([-5, 5]),
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
    ])  # fmt: skip
    loss = CompoundHingeLoss(0.01, 0.1)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-6, weight_decay=1e-4)
    rows = triplets.to_pylist()
    for start in range(0, len(rows), 4):
        vectors = [
            network(torch.stack([
                transform(Image.open(io.BytesIO(pictures[row[role]])).convert("RGB"))
                for row in rows[start : start + 4]
            ]))
            for role in ("anchor", "positive", "negative")
        ]  # fmt: skip
        optimizer.zero_grad()
        loss(*vectors).sum().backward()
        optimizer.step()


if __name__ == "__main__":
    main()
