"""Does the loop learn? `python -m benchmarks.loop`.

An annotator that knows the planted signatures judges what it is shown, round after round; after
each round the network learns, and everything is clustered anew. A third of the signatures is held
out: their pictures are never judged, and retrieval is scored on them alone. Three ways to spend
the same number of judgements:

queue     what the review queue proposes, in its order
random    pairs of near neighbours, as the queue knows them, in random order
none      no new judgement, the same number of training steps on those of the start

`--from DIR` composes the pictures from real ones; `--wrong 0.05`: one answer in twenty is wrong.
"""

import argparse
import csv
import os
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.demo import pair_figures, planted_pairs
from benchmarks.oracle import Annotator, Row, Truth, annotation_file
from vsig_core.corpus.sample import compose_sample, draw_sample
from vsig_core.model import Paired, RetrievalReport, compare, retrieval_metrics
from vsig_core.project import Project, init_project, open_project
from vsig_core.settings import EvaluationSettings
from vsig_core.vectors import vectors_in_force
from vsig_pipeline.running import run

WAYS = ("queue", "random", "none")
HELD_OUT = 1 / 3
CONSOLE = Console(width=120)


@dataclass(frozen=True)
class Standing:
    """What stands after a round."""

    judgements: int
    report: RetrievalReport
    found: float
    precision: float
    recall: float

    @property
    def map(self) -> float:
        return self.report.figures["map"].value


def main() -> None:
    """Run every way on every seed, and print what each round brought."""
    arguments = _arguments()
    ends: list[dict[str, Standing]] = []
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        with tempfile.TemporaryDirectory(prefix="vsig-loop-") as folder:
            rounds = _seed(Path(folder), seed, arguments)
        _show(seed, rounds)
        ends.append({way: standing[-1] for way, standing in rounds.items()})
    _conclude(ends)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--motifs", type=int, default=45)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--judgements", type=int, default=30, help="in each round")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=11, help="the first")
    parser.add_argument("--wrong", type=float, default=0.0, help="share of wrong answers")
    parser.add_argument("--from", dest="source", type=Path, help="folder of real pictures")
    return parser.parse_args()


def _seed(folder: Path, seed: int, arguments: argparse.Namespace) -> dict[str, list[Standing]]:
    """The three ways from one start."""
    os.environ.pop("VSIG_TRAINING__EPOCHS", None)  # of the seed before
    sample = folder / "sample"
    size = {"images": arguments.images, "motifs": arguments.motifs, "seed": seed}
    if arguments.source:
        compose_sample(sample, arguments.source, **size)
    else:
        draw_sample(sample, **size)
    truth = Truth.of(sample, HELD_OUT, seed)
    start = init_project(folder / "start", [str(sample / "images")])
    start.inbox.write("start.csv", _first_sitting(sample, truth))
    _run(start)
    rounds: dict[str, list[Standing]] = {}
    steps: list[int] = []
    for way in WAYS:
        shutil.copytree(start.folder, folder / way)
        project = open_project(folder / way)
        annotator = Annotator(truth, arguments.wrong, seed)
        rounds[way] = [_standing(project, sample, truth, 0)]
        for number in range(1, arguments.rounds + 1):
            if way == "none":
                _learn_longer(start, steps[number] / steps[0])
            else:
                shown = _shown(project, way, truth, random.Random(f"{seed} {number}"))
                rows = _judged(annotator, shown, number * arguments.judgements)
                project.inbox.write(f"round-{number}.csv", annotation_file(rows))
            _run(open_project(project.folder))
            rounds[way].append(_standing(project, sample, truth, annotator.acts))
            if way == "queue":
                steps = [*(steps or [_triplets(start)]), _triplets(project)]
    return rounds


def _first_sitting(sample: Path, truth: Truth) -> bytes:
    """Judgements of the first sitting that touch no picture that is held out."""
    with (sample / "annotations-1.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    unseen = truth.unseen
    return annotation_file(
        [
            {name: row[name] for name in ("type", "img1", "img2", "act", "annotator")}
            for row in rows
            if row["img1"] and not {row["img1"], row["img2"]} & unseen
        ]
    )


def _shown(
    project: Project, way: str, truth: Truth, draw: random.Random
) -> Iterator[Sequence[str]]:
    """What is put before the annotator, in order; nothing that is held out."""
    entries = [row["images"] for row in project.store.read("review_queue").to_pylist()]
    if way == "random":
        entries = _near_pairs(project)
        draw.shuffle(entries)
    unseen = truth.unseen
    for images in entries:
        seen = [uid for uid in images if uid not in unseen]
        if len(seen) > 1:
            yield seen


def _near_pairs(project: Project) -> list[Sequence[str]]:
    """Pairs of near neighbours that nobody has judged."""
    judged = {(row["img1"], row["img2"]) for row in project.store.read("links").to_pylist()}
    pairs = {
        (min(row["uid"], other), max(row["uid"], other))
        for row in project.store.read("neighbours").to_pylist()
        for other in row["ids"]
    }
    return sorted(pairs - judged)


def _judged(annotator: Annotator, shown: Iterator[Sequence[str]], until: int) -> list[Row]:
    rows: list[Row] = []
    for images in shown:
        if annotator.acts >= until:
            break
        rows += annotator.judge(images)
    return rows


def _learn_longer(start: Project, factor: float) -> None:
    """As many training steps on the same judgements as the queue's round took."""
    epochs = max(1, round(factor * start.settings.training.epochs))
    os.environ["VSIG_TRAINING__EPOCHS"] = str(epochs)


def _triplets(project: Project) -> int:
    return project.store.count("triplets")


def _run(project: Project) -> None:
    run(project, lambda _label, _done, _total: None, lambda _task: None)


def _standing(project: Project, sample: Path, truth: Truth, judgements: int) -> Standing:
    """Retrieval on what is held out; what is known of the rest."""
    store = project.store
    in_force = vectors_in_force(store)
    component_of = {uid: name for name in truth.held_out for uid in truth.carriers[name]}
    relevant = {
        uid: set().union(*(truth.carriers[n] for n in truth.held_out if uid in truth.carriers[n]))
        for uid in component_of
    }
    report = retrieval_metrics(in_force.vectors, in_force.uids, relevant, component_of)
    rows = store.read("clusters").to_pylist()
    clusters = {row["uid"]: row["cluster"] for row in rows if row["cluster"]}
    precision, recall = pair_figures(clusters, planted_pairs(sample))
    return Standing(judgements, report, _found(project, truth), precision, recall)


def _found(project: Project, truth: Truth) -> float:
    """Share of the pairs to be found that POSITIVE links join."""
    links = project.store.read("links").to_pylist()
    graph = nx.Graph((r["img1"], r["img2"]) for r in links if r["verdict"] == "POSITIVE")
    part = {uid: n for n, uids in enumerate(nx.connected_components(graph)) for uid in uids}
    pairs = truth.pairs()
    joined = [one in part and part[one] == part.get(other) for one, other in pairs]
    return float(np.mean(joined))


def _show(seed: int, rounds: dict[str, list[Standing]]) -> None:
    shown = Table(title=f"Seed {seed}", title_justify="left")
    for head in ("way", "round", "judgements", "held-out mAP", "gain on the round before",
                 "links found", "cluster precision", "recall"):  # fmt: skip
        shown.add_column(head)
    for way, standings in rounds.items():
        for number, now in enumerate(standings):
            gain = _gain(now, standings[number - 1]) if number else None
            shown.add_row(
                way,
                str(number),
                str(now.judgements),
                f"{now.map:.3f}",
                _signed(gain) if gain else "",
                f"{now.found:.0%}",
                f"{now.precision:.2f}",
                f"{now.recall:.2f}",
            )
    CONSOLE.print(shown)


def _gain(now: Standing, before: Standing) -> Paired | None:
    return compare(now.report, before.report, EvaluationSettings())


def _signed(gain: Paired | None) -> str:
    if gain is None:
        return "too few signatures to tell"
    return f"{gain.difference:+.3f} ({gain.ci_low:+.3f} to {gain.ci_high:+.3f})"


def _conclude(ends: list[dict[str, Standing]]) -> None:
    """The queue against each control, on the same held-out queries."""
    for way in WAYS[1:]:
        for number, end in enumerate(ends):
            gain = _gain(end["queue"], end[way])
            CONSOLE.print(f"seed {number}: queue against {way}: held-out mAP {_signed(gain)}")
        found = [f"{end['queue'].found:.0%} and {end[way].found:.0%}" for end in ends]
        CONSOLE.print(f"links found, queue and {way}: {', '.join(found)}")


if __name__ == "__main__":
    main()
