"""Which ways of learning earn their place: `python -m benchmarks.presets`.

One setting at a time is changed from the default (several in its forerunner). Components in test
are put aside; the others are dealt into as many parts as there are seeds, and each way trains once
for each part, on the links of the other parts, and is asked for what it never saw: validation mAP
over the components of all parts, each asked once, with the paired difference to the default; test
mAP is the mean of the trainings, and decides nothing. Corpora: drawn sample, cases composed from
real pictures (a part of one in another), and `corpora/art` itself; `together` trains on all three
and asks of each.

`python -m benchmarks.presets [--corpora sample composed art] [--seeds 3] [--only NAME ...]`
"""

import argparse
import csv
import functools
import sys
import tempfile
from collections.abc import Callable, Mapping
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
from benchmarks.pooled import difference, mean_ap, pooled
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
    load_network,
    train,
)
from vsig_core.queries import Judged, ask, queries_of
from vsig_core.settings import (
    EvaluationSettings,
    ModelSettings,
    TrainingSettings,
    TripletsSettings,
)
from vsig_core.store import schema

CONSOLE = Console(width=130)
CORPORA = ("sample", "composed", "art")
Reports = list[dict[str, RetrievalReport]]  # of each seed, by split
FIRST_SEED = 7
RANKED = 60  # nearest pictures among which negatives are mined


@dataclass(frozen=True)
class Way:
    """One way of learning, by what it changes."""

    training: Mapping[str, Any] | None = None
    model: Mapping[str, Any] | None = None
    triplets: Mapping[str, Any] | None = None
    loss: Callable[[Tensor, Tensor, Tensor], Tensor] | None = None
    judged_first: bool = True
    trained: bool = True


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


BEFORE = {"margin": 0.2, "intra_margin": 0.3}
WAYS: Mapping[str, Way] = {
    "default": Way(),
    "pretrained": Way(trained=False),
    "default before 2026-11-28": Way(
        {**BEFORE, "trained_stages": 3, "epochs": 4}, {"pooling": "mean"}
    ),
    "original's margins (0.01, 0.1)": Way({"margin": 0.01, "intra_margin": 0.1}),
    "margins 0.2 and 0.3": Way(BEFORE),
    "margins 0.4 and 0.5": Way({"margin": 0.4, "intra_margin": 0.5}),
    "margin 0.4": Way({"margin": 0.4}),
    "sum, not mean": Way({"reduction": "sum"}),
    "triplet margin loss": Way(loss=_known(TripletMarginLoss, margin=0.2)),
    "contrastive loss": Way(loss=_known(ContrastiveLoss, pos_margin=0.9, neg_margin=0.5)),
    "NT-Xent": Way(loss=_known(NTXentLoss, temperature=0.1)),
    "max pooling": Way(model={"pooling": "max"}),
    "mean pooling": Way(model={"pooling": "mean"}),
    "160 px": Way(model={"resolution": 160}),
    "320 px": Way(model={"resolution": 320}),
    "last stage": Way({"trained_stages": 1}),
    "last 3 stages": Way({"trained_stages": 3}),
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
    """Pictures, what was judged of them, and splits.

    Parameters
    ----------
    parts
        The corpora it is made of, and what their uids begin with.
    uids, pictures, judged
        Of all of them.
    """

    parts: Mapping[str, str]
    uids: list[str]
    pictures: Mapping[str, bytes]
    judged: Judged

    def without(self, part: int, parts: int) -> Judged:
        """What was judged, one part of all that is not test put aside to validate on."""
        rows = self.judged.components.to_pylist()
        dealt = sorted({row["component"] for row in rows if row["split"] != "test"})
        aside = set(dealt[part::parts])
        for row in rows:
            if row["split"] != "test":
                row["split"] = "val" if row["component"] in aside else "train"
        dealt_rows = pa.Table.from_pylist(rows, self.judged.components.schema)
        return replace(self.judged, components=dealt_rows)


def main() -> None:
    """Train every way on every corpus; a table for each corpus, and one over all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpora", nargs="*", default=[*CORPORA])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=300, help="of each corpus")
    parser.add_argument("--only", nargs="*", default=list(WAYS))
    asked = parser.parse_args()
    if unknown := set(asked.only) - set(WAYS):
        sys.exit(f"There is no way {', '.join(unknown)}; known are {'; '.join(WAYS)}.")
    ways = {way: WAYS[way] for way in dict.fromkeys(["default", *asked.only])}
    found: dict[str, dict[str, Reports]] = {}
    for name in asked.corpora:
        with tempfile.TemporaryDirectory() as folder:
            corpus = read_corpus(name, Path(folder), asked.images)
            found[name] = {}
            for way, changed in ways.items():
                found[name][way] = scored(corpus, changed, asked.seeds, Path(folder))
                print(f"{name}, {way}: {_each(found[name][way])}", file=sys.stderr, flush=True)
        for part, prefix in corpus.parts.items():
            of_part = {way: _of_part(reports, prefix) for way, reports in found[name].items()}
            show(name if name == part else f"{name}, {part}", of_part)
    show_all(found)


def read_corpus(name: str, folder: Path, images: int) -> Corpus:
    """Make it, or read it; all that was ever judged of it. Of several, uids begin with the name."""
    parts = {part: f"{part}/" for part in CORPORA} if name == "together" else {name: ""}
    pictures: dict[str, bytes] = {}
    rows: list[pa.Table] = []
    for part, prefix in parts.items():
        place = _place(part, folder, images)
        files = sorted((place / "images").rglob("*.jpg"))[:images]
        named = {file.relative_to(place / "images").as_posix(): file for file in files}
        pictures |= {f"{prefix}{uid}": file.read_bytes() for uid, file in named.items()}
        rows.append(_judgements(place, prefix))
    uids = sorted(pictures)
    graph = build_morphograph(pa.concat_tables(rows), uids=set(uids))
    images_table = pa.table(
        {"uid": uids, "sha256": uids, "work": pa.array([None] * len(uids), pa.string())}
    )
    empty = schema("split_moves").empty_table()
    judged = Judged(images_table, graph.links, graph.components, empty, graph.motif_members, "fold")
    return Corpus(parts, uids, pictures, judged)


def _place(name: str, folder: Path, images: int) -> Path:
    """The folder of one corpus."""
    if name == "art":
        return art_corpus()
    motifs = images // 7
    if name == "sample":
        draw_sample(folder / name, images=images, motifs=motifs, seed=31)
    else:
        source = art_corpus() / "images"
        compose_sample(folder / name, source, images=images, motifs=motifs, seed=31)
    return folder / name


def _judgements(place: Path, prefix: str) -> pa.Table:
    """All judgements of a corpus; of `art` its links, which are judgements of one day."""
    files = sorted(place.glob("annotations-*.csv"))
    if files:
        texts = [file.read_bytes() for file in files]
    else:
        with (place / "links.csv").open(encoding="utf-8") as lines:
            pairs = [(row["img1"], row["img2"]) for row in csv.DictReader(lines)]
        joined = "".join(f'POSITIVE,"{one}","{other}"\n' for one, other in pairs)
        texts = [f"type,img1,img2\n{joined}".encode()]
    tables = [read_annotations(text, f"file {at}").annotations for at, text in enumerate(texts)]
    rows = pa.concat_tables(tables).to_pylist()
    for row in rows:
        row |= {column: row[column] and prefix + row[column] for column in ("img1", "img2")}
        row["annotation_id"] = prefix + row["annotation_id"]
        row["members"] = row["members"] and [prefix + uid for uid in row["members"]]
    return pa.Table.from_pylist(rows, tables[0].schema)


def scored(corpus: Corpus, way: Way, seeds: int, folder: Path) -> Reports:
    """Validation and test reports, one for each seed."""
    model = ModelSettings(**(way.model or {}))
    pictures = [corpus.pictures[uid] for uid in corpus.uids]
    ranked = embed(load_network(model), pictures, model.batch_size)
    rankings = rankings_of(corpus, ranked)
    found: Reports = []
    for number in range(seeds):
        judged = corpus.without(number, max(2, seeds))  # what is asked for cannot be all
        vectors = ranked
        if way.trained:
            settings = TrainingSettings(**(way.training or {}), seed=FIRST_SEED + number)
            rows = mined(judged, corpus.uids, way, rankings)
            shown = Pictures({uid: uid for uid in corpus.uids}, corpus.pictures.__getitem__)
            checkpoints = folder / f"checkpoints-{len(list(folder.iterdir()))}"
            with _by(way.loss):
                trained = train(
                    model, settings, rows, shown, Folders(checkpoints, folder / "trunk")
                )
            vectors = embed(load_network(model, trained.weights), pictures, model.batch_size)
        found.append(
            {split: _report(judged, corpus.uids, vectors, split) for split in ("val", "test")}
        )
    return found


def _by(loss: Callable[[Tensor, Tensor, Tensor], Tensor] | None) -> AbstractContextManager[Any]:
    """Training by another loss than ours, which vsig has no setting for."""
    if loss is None:
        return nullcontext()
    return mock.patch("vsig_core.model.training.CompoundHingeLoss", lambda *_: loss)


def rankings_of(corpus: Corpus, vectors: np.ndarray) -> dict[str, list[str]]:
    """Nearest pictures of each one, by vectors in the corpus's order."""
    nearest = NeighbourGraph.build(vectors, RANKED).knn[0]
    return {uid: [corpus.uids[row] for row in nearest[at]] for at, uid in enumerate(corpus.uids)}


def mined(judged: Judged, uids: list[str], way: Way, rankings: Mapping[str, list[str]]) -> pa.Table:
    """Triplets of all splits, negatives by these rankings."""
    links = judged.links
    if not way.judged_first:
        # They still keep a picture out of the positives; they are only not put first.
        verdicts = links["verdict"].to_pylist()
        kept = [verdict not in SEPARATING for verdict in verdicts]
        links = links.filter(pa.array(kept, pa.bool_()))
    hashes = {uid: uid for uid in uids}
    sources = TripletSources(
        links,
        judged.components,
        representatives=representatives(links, hashes),
        pool=uids,
    )
    return mine_triplets(sources, rankings, TripletsSettings(**(way.triplets or {})))


def _report(judged: Judged, uids: list[str], vectors: np.ndarray, split: str) -> RetrievalReport:
    queries = queries_of(judged, uids, split)
    place = {uid: row for row, uid in enumerate(uids)}
    order = [place[uid] for uid in queries.candidates]
    return ask(vectors[order], queries, EvaluationSettings())


def show(title: str, found: Mapping[str, Reports]) -> None:
    """Each way's figures, and its paired difference to the default."""
    base = _pooled(found["default"], "val")
    asked = len(base.per_query["component"].unique())
    shown = Table(title=f"{title}: {asked} validation components", title_justify="left")
    for head in ("way", "validation mAP", "of each part", "test mAP", "validation, to default"):
        shown.add_column(head)
    for name, reports in found.items():
        val, test = (_pooled(reports, split) for split in ("val", "test"))
        gain = "" if name == "default" else difference(val, base)
        shown.add_row(name, f"{mean_ap(val):.3f}", _each(reports), f"{mean_ap(test):.3f}", gain)
    CONSOLE.print(shown)


def show_all(found: Mapping[str, Mapping[str, Reports]]) -> None:
    """The differences over the validation components of all corpora together."""
    shown = Table(title=f"All corpora: {', '.join(found)}", title_justify="left")
    shown.add_column("way")
    shown.add_column("validation, to default")
    for way in next(iter(found.values())):
        if way != "default":
            mine, base = (
                pooled({name: _pooled(ways[which], "val") for name, ways in found.items()})
                for which in (way, "default")
            )
            shown.add_row(way, difference(mine, base))
    CONSOLE.print(shown)


def _each(reports: Reports) -> str:
    return ", ".join(f"{mean_ap(report['val']):.3f}" for report in reports)


def _pooled(reports: Reports, split: str) -> RetrievalReport:
    """All trainings as one."""
    return pooled({str(number): report[split] for number, report in enumerate(reports)})


def _of_part(reports: Reports, prefix: str) -> Reports:
    """Only the queries of one of the corpora that were put together."""

    def asked(report: RetrievalReport) -> RetrievalReport:
        queries = report.per_query["query"].to_pylist()
        mine = pa.array([query.startswith(prefix) for query in queries], pa.bool_())
        return replace(report, per_query=report.per_query.filter(mine))

    return [{split: asked(report) for split, report in one.items()} for one in reports]


if __name__ == "__main__":
    main()
