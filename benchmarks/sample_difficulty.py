"""How hard the sample is: grey thumbnails, the pretrained network, a first and a second round.

    python -m benchmarks.sample_difficulty [--seeds 7 8 9] [--train] [--folder DIR]

Queries: the pictures of the components that the first sitting knows, on their
splits. Relevant: all other pictures that truly share a signature with the query
(signatures.csv); duplicates and other views of its work leave the ranking.
Candidates: all pictures of the sample.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from benchmarks.planted import carriers_of, rows_of, views_of
from vsig_core.annotations import (
    Morphograph,
    TripletSources,
    build_morphograph,
    mine_triplets,
    read_annotations,
    representatives,
)
from vsig_core.corpus.sample import draw_sample
from vsig_core.model import (
    GREY16,
    Folders,
    Network,
    Pictures,
    grey16,
    load_network,
    retrieval_metrics,
    train,
)
from vsig_core.model.preprocess import decode, letterbox, stack
from vsig_core.settings import (
    EvaluationSettings,
    ModelSettings,
    TrainingSettings,
    TripletsSettings,
)

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """A sample as the measurement needs it."""

    folder: Path
    uids: list[str]
    works: dict[str, str]
    relevant: dict[str, set[str]]
    ignored: dict[str, set[str]]

    def read(self, uid: str) -> bytes:
        return (self.folder / "images" / uid).read_bytes()

    def morphograph(self, sittings: int, previous: Morphograph | None = None) -> Morphograph:
        names = [f"annotations-{n}.csv" for n in range(1, sittings + 1)]
        files = [read_annotations((self.folder / name).read_bytes(), name) for name in names]
        return build_morphograph(
            pa.concat_tables([file.annotations for file in files]),
            previous_components=previous.drawn_splits if previous else None,
            works=self.works,
        )


def load_sample(folder: Path) -> Sample:
    metadata = rows_of(folder / "metadata.csv")
    relevant: dict[str, set[str]] = defaultdict(set)
    for carriers in carriers_of(folder).values():
        for uid in carriers:
            relevant[uid] |= carriers - {uid}
    works = {row["path"]: row["work"] for row in metadata if row["work"]}
    return Sample(folder, [row["path"] for row in metadata], works, relevant, views_of(folder))


def embed(sample: Sample, network: Network) -> Vectors:
    vectors = []
    with torch.inference_mode():
        for start in range(0, len(sample.uids), 32):
            pictures = [
                decode(sample.read(uid), network.preprocessing.resolution)
                for uid in sample.uids[start : start + 32]
            ]
            boxed = [letterbox(picture, network.preprocessing) for picture in pictures]
            vectors.append(network.eval()(*stack(boxed)).numpy())
    return np.concatenate(vectors)


def triplets_of(sample: Sample, morphograph: Morphograph, vectors: Vectors) -> pa.Table:
    row_of = {uid: row for row, uid in enumerate(sample.uids)}
    ranked = np.argsort(-(vectors @ vectors.T), axis=1)[:, 1:61]
    sources = TripletSources(
        morphograph.links,
        morphograph.components,
        sample.works,
        representatives(morphograph.links),
        sample.uids,
    )

    def nearest(anchors: list[str]) -> dict[str, list[str]]:
        return {a: [sample.uids[row] for row in ranked[row_of[a]]] for a in anchors}

    return mine_triplets(sources, nearest, TripletsSettings())


def figure(sample: Sample, vectors: Vectors, components: pa.Table, split: str) -> str:
    rows = [row for row in components.to_pylist() if row["split"] == split]
    component = {row["uid"]: row["component"] for row in rows}
    relevant = {uid: sample.relevant[uid] - sample.ignored[uid] for uid in component}
    ignored = {uid: sample.ignored[uid] for uid in component}
    report = retrieval_metrics(
        vectors, sample.uids, relevant, component, ignored, EvaluationSettings()
    )
    value = report.figures["map"]
    return f"{value.value:.3f} [{value.ci_low:.2f}, {value.ci_high:.2f}] n={value.n}"


def measure(folder: Path, name: str, training: TrainingSettings | None) -> None:
    sample = load_sample(folder)
    first = sample.morphograph(1)

    def show(subject: str, vectors: Vectors) -> None:
        cells = [figure(sample, vectors, first.components, split) for split in ("test", "val")]
        print(f"{name:>8}  {subject:<11} {cells[0]:<30} {cells[1]}", flush=True)

    show(GREY16, grey16(sample.read(uid) for uid in sample.uids))
    vectors = embed(sample, load_network(ModelSettings()))
    show("pretrained", vectors)
    if training is None:
        return
    for sitting, morphograph in ((1, first), (2, sample.morphograph(2, first))):
        started = time.monotonic()
        triplets = triplets_of(sample, morphograph, vectors)
        with tempfile.TemporaryDirectory() as work:
            folders = Folders(Path(work) / "checkpoints", Path(work) / "trunk")
            pictures = Pictures({uid: uid for uid in sample.uids}, sample.read)
            trained = train(ModelSettings(), training, triplets, pictures, folders)
        losses = " ".join(f"{epoch['loss']:.3f}" for epoch in trained.curve)
        seconds = time.monotonic() - started
        print(f"          {len(triplets)} triplets, loss {losses}, {seconds:.0f} s")
        # The next round is mined with the pretrained network too, from which it starts.
        show(f"round {sitting}", embed(sample, load_network(ModelSettings(), trained.weights)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[7, 8, 9])
    parser.add_argument("--folder", type=Path, help="a sample that lies there already")
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--motifs", type=int, default=80)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--epochs", type=int, default=TrainingSettings().epochs)
    args = parser.parse_args()
    torch.set_num_threads(2)
    training = TrainingSettings(epochs=args.epochs) if args.train else None
    print(f"{'seed':>8}  {'subject':<11} {'test mAP':<30} val mAP")
    if args.folder:
        measure(args.folder, args.folder.name, training)
        return
    for seed in args.seeds:
        with tempfile.TemporaryDirectory() as folder:
            sample = Path(folder) / "sample"
            draw_sample(sample, images=args.images, motifs=args.motifs, seed=seed)
            measure(sample, str(seed), training)


if __name__ == "__main__":
    main()
