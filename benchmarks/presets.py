"""Which ways of learning earn their place: `python -m benchmarks.presets`.

One setting at a time is changed from the default; each way trains three times (seeds of what is
drawn) on the same links and splits, and is scored by held-out mAP over components, validation and
test, with the paired difference to the default on validation. Corpora: drawn sample, cases composed
from real pictures (a part of one in another), and `corpora/art` itself.

`python -m benchmarks.presets [--corpora sample composed art] [--seeds 3] [--only NAME ...]`
"""

import argparse
import csv
import functools
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import torch
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.losses import ContrastiveLoss, NTXentLoss, TripletMarginLoss
from pytorch_metric_learning.reducers import DoNothingReducer
from rich.console import Console
from rich.table import Table
from torch import Tensor

from benchmarks.corpora import art_corpus
from vsig_core.annotations import (
    SEPARATING,
    TripletSources,
    build_morphograph,
    mine_triplets,
    read_annotations,
    representatives,
)
from vsig_core.clustering import NeighbourGraph
from vsig_core.corpus.sample import compose_sample, draw_sample
from vsig_core.embedding import embed
from vsig_core.model import (
    Folders,
    Pictures,
    RetrievalReport,
    compare,
    load_network,
    retrieval_metrics,
    train,
)
from vsig_core.queries import Judged, queries_of
from vsig_core.settings import EvaluationSettings, ModelSettings, TrainingSettings, TripletsSettings
from vsig_core.store import schema

CONSOLE = Console(width=130)
RANKED = 60  # nearest pictures among which negatives are mined


@dataclass(frozen=True)
class Way:
    """One way of learning, by what it changes."""

    training: Mapping[str, Any] | None = None
    model: Mapping[str, Any] | None = None
    triplets: Mapping[str, Any] | None = None
    loss: Callable[[Tensor, Tensor, Tensor], Tensor] | None = None
    judged_first: bool = True


def _triples(loss: Any, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """A loss of pytorch-metric-learning on triplets, one value for each."""
    n = len(anchor)
    one, two, three = (torch.arange(n) + n * place for place in range(3))
    vectors = torch.cat([anchor, positive, negative])
    if isinstance(loss, TripletMarginLoss):
        return loss(vectors, indices_tuple=(one, two, three))["loss"]["losses"]
    total = anchor.new_zeros(n)
    for part in loss(vectors, indices_tuple=(one, two, one, three)).values():
        if torch.is_tensor(part["losses"]):  # 0 where there is no such pair
            total = total + part["losses"]
    return total


def _known(kind: Any, **options: Any) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    made = kind(distance=CosineSimilarity(), reducer=DoNothingReducer(), **options)
    return functools.partial(_triples, made)


WAYS: Mapping[str, Way] = {
    "default": Way(),
    "original's margins (0.01, 0.1)": Way({"margin": 0.01, "intra_margin": 0.1}),
    "larger margins (0.4, 0.5)": Way({"margin": 0.4, "intra_margin": 0.5}),
    "sum, not mean": Way({"reduction": "sum"}),
    "triplet margin loss": Way(loss=_known(TripletMarginLoss, margin=0.2)),
    "contrastive loss": Way(loss=_known(ContrastiveLoss, pos_margin=0.9, neg_margin=0.5)),
    "NT-Xent": Way(loss=_known(NTXentLoss, temperature=0.1)),
    "max pooling": Way(model={"pooling": "max"}),
    "GeM pooling": Way(model={"pooling": "gem"}),
    "160 px": Way(model={"resolution": 160}),
    "320 px": Way(model={"resolution": 320}),
    "last stage": Way({"trained_stages": 1}),
    "last 5 stages": Way({"trained_stages": 5}),
    "1 view": Way({"views": 1}),
    "8 views": Way({"views": 8}),
    "no blend": Way({"blend": 1.0}),
    "1 hard negative": Way(triplets={"hard_negatives": 1}),
    "10 hard negatives": Way(triplets={"hard_negatives": 10}),
    "judged negatives not first": Way(judged_first=False),
}


@dataclass(frozen=True)
class Corpus:
    """Pictures, what was judged of them, and splits."""

    name: str
    uids: list[str]
    pictures: Mapping[str, bytes]
    judged: Judged


def main() -> None:
    """Train every way on every corpus, and print a table for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpora", nargs="*", default=["sample", "composed", "art"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=300, help="of drawn and composed corpora")
    parser.add_argument("--only", nargs="*", default=list(WAYS))
    asked = parser.parse_args()
    if unknown := set(asked.only) - set(WAYS):
        sys.exit(f"There is no way {', '.join(unknown)}; known are {'; '.join(WAYS)}.")
    for name in asked.corpora:
        with tempfile.TemporaryDirectory() as folder:
            corpus = read_corpus(name, Path(folder), asked.images)
            ways = {way: WAYS[way] for way in dict.fromkeys(["default", *asked.only])}
            show(corpus, {w: scored(corpus, way, asked.seeds, Path(folder))
                          for w, way in ways.items()})  # fmt: skip


def read_corpus(name: str, folder: Path, images: int) -> Corpus:
    """Make it, or read it; all that was ever judged of it."""
    art = art_corpus()
    motifs = images // 7
    if name == "sample":
        draw_sample(folder / name, images=images, motifs=motifs, seed=31)
    elif name == "composed":
        compose_sample(folder / name, art / "images", images=images, motifs=motifs, seed=31)
    place = art if name == "art" else folder / name
    uids = sorted(p.relative_to(place / "images").as_posix() for p in place.rglob("*.jpg"))
    pictures = {uid: (place / "images" / uid).read_bytes() for uid in uids}
    rows = pa.concat_tables(_judgements(place))
    graph = build_morphograph(rows)
    images_table = pa.table(
        {"uid": uids, "sha256": uids, "work": pa.array([None] * len(uids), pa.string())}
    )
    empty = schema("split_moves").empty_table()
    judged = Judged(images_table, graph.links, graph.components, empty, graph.motif_members, "fold")
    return Corpus(name, uids, pictures, judged)


def _judgements(place: Path) -> list[pa.Table]:
    if (place / "links.csv").exists() and not list(place.glob("annotations-*.csv")):
        with (place / "links.csv").open(encoding="utf-8") as lines:
            rows = [(row["img1"], row["img2"]) for row in csv.DictReader(lines)]
        text = "type,img1,img2\n" + "".join(f'POSITIVE,"{a}","{b}"\n' for a, b in rows)
        return [read_annotations(text.encode(), "links.csv").annotations]
    files = sorted(place.glob("annotations-*.csv"))
    return [read_annotations(file.read_bytes(), file.name).annotations for file in files]


def scored(
    corpus: Corpus, way: Way, seeds: int, folder: Path
) -> list[Mapping[str, RetrievalReport]]:
    """Validation and test reports, one for each seed."""
    model = ModelSettings(**(way.model or {}))
    pictures = [corpus.pictures[uid] for uid in corpus.uids]
    ranked = embed(load_network(model), pictures, model.batch_size)
    nearest = NeighbourGraph.build(ranked, RANKED).knn[0]
    rankings = {uid: [corpus.uids[row] for row in nearest[at]]
                for at, uid in enumerate(corpus.uids)}  # fmt: skip
    found = []
    for seed in range(7, 7 + seeds):
        settings = TrainingSettings(**(way.training or {}), seed=seed)
        rows = _mined(corpus, way, rankings, seed)
        shown = Pictures({uid: uid for uid in corpus.uids}, corpus.pictures.__getitem__)
        checkpoints = folder / f"checkpoints-{len(list(folder.iterdir()))}"
        with _by(way.loss):
            trained = train(model, settings, rows, shown, Folders(checkpoints, folder / "trunk"))
        vectors = embed(load_network(model, trained.weights), pictures, model.batch_size)
        found.append({split: _report(corpus, vectors, split) for split in ("val", "test")})
    return found


def _by(loss: Callable[[Tensor, Tensor, Tensor], Tensor] | None) -> AbstractContextManager[Any]:
    """Training by another loss than ours, which vsig has no setting for."""
    if loss is None:
        return nullcontext()
    return mock.patch("vsig_core.model.training.CompoundHingeLoss", lambda *_: loss)


def _mined(corpus: Corpus, way: Way, rankings: Mapping[str, list[str]], seed: int) -> pa.Table:
    links = corpus.judged.links
    if not way.judged_first:
        # They still keep a picture out of the positives; they are only not put first.
        verdicts = links["verdict"].to_pylist()
        kept = [verdict not in SEPARATING for verdict in verdicts]
        links = links.filter(pa.array(kept, pa.bool_()))
    hashes = {uid: uid for uid in corpus.uids}
    sources = TripletSources(
        links,
        corpus.judged.components,
        representatives=representatives(links, hashes),
        pool=corpus.uids,
    )
    return mine_triplets(sources, rankings, TripletsSettings(**(way.triplets or {}), seed=seed))


def _report(corpus: Corpus, vectors: np.ndarray, split: str) -> RetrievalReport:
    queries = queries_of(corpus.judged, corpus.uids, split)
    place = {uid: row for row, uid in enumerate(corpus.uids)}
    return retrieval_metrics(
        vectors[[place[uid] for uid in queries.candidates]],
        queries.candidates,
        queries.relevant,
        queries.component_of,
        queries.ignored,
    )


def show(corpus: Corpus, found: Mapping[str, Sequence[Mapping[str, RetrievalReport]]]) -> None:
    """Each way's mean over seeds; the difference is paired over components, seeds put together."""
    n = found["default"][0]["val"].figures["map"].n, found["default"][0]["test"].figures["map"].n
    shown = Table(title=f"{corpus.name}: {len(corpus.uids)} pictures, {n[0]} validation and "
                  f"{n[1]} test components", title_justify="left")  # fmt: skip
    for head in ("way", "validation mAP, each seed", "test mAP, mean", "validation, to default"):
        shown.add_column(head)
    for name, reports in found.items():
        each = [report["val"].figures["map"].value for report in reports]
        test = np.mean([report["test"].figures["map"].value for report in reports])
        difference = "" if name == "default" else _difference(reports, found["default"])
        shown.add_row(name, ", ".join(f"{v:.3f}" for v in each), f"{test:.3f}", difference)
    CONSOLE.print(shown)


def _difference(
    reports: Sequence[Mapping[str, RetrievalReport]],
    default: Sequence[Mapping[str, RetrievalReport]],
) -> str:
    """Queries keep their component over the seeds: seeds are no new components."""
    mean, base = (_over_seeds([report["val"] for report in some]) for some in (reports, default))
    paired = compare(mean, base, EvaluationSettings())
    assert paired is not None
    return f"{paired.difference:+.3f} ({paired.ci_low:+.3f} to {paired.ci_high:+.3f})"


def _over_seeds(reports: Sequence[RetrievalReport]) -> RetrievalReport:
    """One report whose average precision of each query is the mean over the seeds."""
    first = reports[0].per_query
    ap = np.mean([report.per_query["ap"].to_numpy() for report in reports], axis=0)
    place = first.schema.get_field_index("ap")
    return replace(reports[0], per_query=first.set_column(place, "ap", pa.array(ap)))


if __name__ == "__main__":
    main()
