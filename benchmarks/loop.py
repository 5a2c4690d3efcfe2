"""Does the loop learn? `python -m benchmarks.loop`.

An annotator that knows the planted signatures judges what it is shown, round after round; after
each round the network learns, and everything is clustered anew. A third of the signatures is held
out: their pictures are never judged, and retrieval is scored on them alone. Three ways to spend
the same number of judgements:

queue     what the review queue proposes, in its order
random    pairs of near neighbours, as the queue knows them, in random order
none      no new judgement: other random negatives of the judgements of the start, and about as
          many training steps

After the last round the queue and random order are followed on until enough of the links are found
(`--links`); where one of them ends before, vsig learns and draws it anew. `--unjudged` begins with
no judgement at all instead of a first sitting: the control that gets none is then the pretrained
network. `--from DIR` composes the pictures from real ones; `--wrong 0.05`: one answer in twenty is
wrong; `--evidence`: near pictures are compared in detail for the queue.
"""

import argparse
import csv
import math
import os
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.demo import pair_figures, planted_pairs
from benchmarks.oracle import Annotator, Found, Pair, Row, Truth, annotation_file, joined
from benchmarks.pooled import difference, mean_ap, pooled
from vsig_core.corpus.sample import compose_sample, draw_sample
from vsig_core.model import RetrievalReport, retrieval_metrics
from vsig_core.project import Project, init_project, open_project
from vsig_core.vectors import vectors_in_force
from vsig_pipeline.running import run

WAYS = ("queue", "random", "none")
HELD_OUT = 1 / 3
SHARES = (0.2, 0.4, 0.6, 0.8)  # of the links, of which it is asked what they cost
TOO_LONG = 1500  # judgements
EPOCHS, MINING = "VSIG_TRAINING__EPOCHS", "VSIG_TRIPLETS__SEED"
EVIDENCE = "VSIG_EVIDENCE__ENABLED"
CONSOLE = Console(width=120)


@dataclass(frozen=True)
class Standing:
    """What stands after a round."""

    judgements: int
    report: RetrievalReport
    found: float
    precision: float
    recall: float
    triplets: int

    @property
    def map(self) -> float:
        return self.report.figures["map"].value


@dataclass(frozen=True)
class Outcome:
    """What one seed brought: what stood after each round, and what most of the links cost.

    Parameters
    ----------
    rounds
        Of each way, the start first.
    spent
        Judgements of each way for each of `SHARES`; None where it did not come so far.
    """

    rounds: dict[str, list[Standing]]
    spent: dict[str, list[int | None]]


def main() -> None:
    """Run every way on every seed; print what each round brought, and what all seeds say."""
    arguments = _arguments()
    os.environ[EVIDENCE] = str(arguments.evidence)
    outcomes: dict[str, Outcome] = {}
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        with tempfile.TemporaryDirectory(prefix="vsig-loop-") as folder:
            outcomes[str(seed)] = _seed(Path(folder), seed, arguments)
        _show(seed, outcomes[str(seed)])
        _conclude(outcomes)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=150)
    parser.add_argument("--motifs", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--judgements", type=int, default=20, help="in each round")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=11, help="the first")
    parser.add_argument("--links", type=float, default=0.8, help="share of them that is enough")
    parser.add_argument("--wrong", type=float, default=0.0, help="share of wrong answers")
    parser.add_argument("--evidence", action="store_true")
    parser.add_argument("--unjudged", action="store_true", help="begin without a first sitting")
    parser.add_argument("--from", dest="source", type=Path, help="folder of real pictures")
    return parser.parse_args()


def _seed(folder: Path, seed: int, arguments: argparse.Namespace) -> Outcome:
    """The three ways from one start."""
    for variable in (EPOCHS, MINING):  # of the seed before
        os.environ.pop(variable, None)
    sample = folder / "sample"
    size = {"images": arguments.images, "motifs": arguments.motifs, "seed": seed}
    if arguments.source:
        compose_sample(sample, arguments.source, **size)
    else:
        draw_sample(sample, **size)
    truth = Truth.of(sample, HELD_OUT, seed)
    start = init_project(folder / "start", [str(sample / "images")])
    first = [] if arguments.unjudged else _first_sitting(sample, truth)
    if first:
        start.inbox.write("start.csv", annotation_file(first))
    _run(start)
    outcome = Outcome({}, {})
    for way in WAYS:
        shutil.copytree(start.folder, folder / way)
        project = open_project(folder / way)
        annotator = Annotator(truth, arguments.wrong, seed)
        found = Found(truth, joined(first))
        standings = [_standing(project, sample, truth, 0)]
        for number in range(1, arguments.rounds + 1):
            if way == "none":
                _learn_again(start, number, outcome.rounds["queue"])
            else:
                shown = _shown(project, way, truth, random.Random(f"{seed} {number}"))
                acts = number * arguments.judgements
                rows = _judged(annotator, found, shown, acts)
                project.inbox.write(f"round-{number}.csv", annotation_file(rows))
            _run(open_project(project.folder))
            standings.append(_standing(project, sample, truth, annotator.acts))
        outcome.rounds[way] = standings
        if way != "none":
            draw = random.Random(f"{seed} on")
            _until_found(arguments.links, project, way, annotator, found, draw)
            outcome.spent[way] = [found.reached(share) for share in SHARES]
    return outcome


def _first_sitting(sample: Path, truth: Truth) -> list[Row]:
    """Judgements of the first sitting that touch no picture that is held out."""
    with (sample / "annotations-1.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    unseen = truth.unseen
    return [
        {name: row[name] for name in ("type", "img1", "img2", "act", "annotator")}
        for row in rows
        if row["img1"] and not {row["img1"], row["img2"]} & unseen
    ]


def _shown(
    project: Project, way: str, truth: Truth, draw: random.Random
) -> Iterator[Sequence[str]]:
    """What is put before the annotator, in order; nothing that is held out."""
    if way == "random":
        entries: list[Sequence[str]] = [*_near_pairs(project)]
        draw.shuffle(entries)
    else:
        entries = [row["images"] for row in project.store.read("review_queue").to_pylist()]
    unseen = truth.unseen
    for images in entries:
        seen = [uid for uid in images if uid not in unseen]
        if len(seen) > 1:
            yield seen


def _near_pairs(project: Project) -> list[Pair]:
    """Pairs of near neighbours that nobody has judged."""
    judged = {(row["img1"], row["img2"]) for row in project.store.read("links").to_pylist()}
    pairs = {
        (min(row["uid"], other), max(row["uid"], other))
        for row in project.store.read("neighbours").to_pylist()
        for other in row["ids"]
    }
    return sorted(pairs - judged)


def _judged(
    annotator: Annotator,
    found: Found,
    shown: Iterator[Sequence[str]],
    acts: float = math.inf,
    links: float = math.inf,
) -> list[Row]:
    """Judge what is shown until so many judgements are given, or that share of links is found."""
    rows: list[Row] = []
    for images in shown:
        if annotator.acts >= acts or found.share >= links:
            break
        judged = annotator.judge(images)
        found.add(annotator.acts, joined(judged))
        rows += judged
    return rows


def _until_found(
    enough: float,
    project: Project,
    way: str,
    annotator: Annotator,
    found: Found,
    draw: random.Random,
) -> None:
    """Judge until enough of the links are found, nothing is shown, or it takes too long."""
    while found.share < enough and annotator.acts < TOO_LONG:
        shown = _shown(project, way, annotator.truth, draw)
        rows = _judged(annotator, found, shown, acts=TOO_LONG, links=enough)
        if not rows:
            return
        project.inbox.write(f"on-{annotator.acts}.csv", annotation_file(rows))
        if found.share < enough:
            _run(open_project(project.folder))


def _learn_again(start: Project, number: int, queue: Sequence[Standing]) -> None:
    """Draw other negatives, and take about as many steps as the queue's round took."""
    if not queue[0].triplets:
        return  # there is nothing to learn from
    factor = queue[number].triplets / queue[0].triplets
    os.environ[EPOCHS] = str(max(1, round(factor * start.settings.training.epochs)))
    os.environ[MINING] = str(start.settings.triplets.seed + number)


def _run(project: Project) -> None:
    run(project, lambda _label, _done, _total: None, lambda _task: None)


def _standing(project: Project, sample: Path, truth: Truth, judgements: int) -> Standing:
    """Retrieval on what is held out; what is known of the rest."""
    store = project.store
    in_force = vectors_in_force(store)
    component_of = {uid: n for n in sorted(truth.held_out) for uid in truth.carriers[n]}
    ignored = {uid: truth.views.get(uid, set()) for uid in component_of}
    relevant = {
        uid: set().union(*(truth.carriers[n] for n in truth.held_out if uid in truth.carriers[n]))
        - ignored[uid]
        for uid in component_of
    }
    vectors, uids = in_force.vectors, in_force.uids
    report = retrieval_metrics(vectors, uids, relevant, component_of, ignored)
    rows = store.read("clusters").to_pylist()
    clusters = {row["uid"]: row["cluster"] for row in rows if row["cluster"]}
    precision, recall = pair_figures(clusters, planted_pairs(sample))
    found = Found(truth, joined(store.read("links").to_pylist(), "verdict"))
    return Standing(judgements, report, found.share, precision, recall, store.count("triplets"))


def _show(seed: int, outcome: Outcome) -> None:
    shown = Table(title=f"Seed {seed}", title_justify="left")
    for head in ("way", "round", "judgements", "held-out mAP", "gain on the round before",
                 "links found", "cluster precision", "recall"):  # fmt: skip
        shown.add_column(head)
    for way, standings in outcome.rounds.items():
        for number, now in enumerate(standings):
            gain = difference(now.report, standings[number - 1].report) if number else ""
            figures = f"{now.found:.0%}", f"{now.precision:.2f}", f"{now.recall:.2f}"
            shown.add_row(way, str(number), str(now.judgements), f"{now.map:.3f}", gain, *figures)
    CONSOLE.print(shown)


def _conclude(outcomes: Mapping[str, Outcome]) -> None:
    """All seeds so far: each round over their held-out signatures, and what links cost."""
    shown = Table(title=f"Seeds {', '.join(outcomes)}", title_justify="left")
    for head in ("round", *(f"mAP, {way}" for way in WAYS), "queue, gain on the round before",
                 "queue over random", "queue over none"):  # fmt: skip
        shown.add_column(head)
    before: RetrievalReport | None = None
    for number in range(len(next(iter(outcomes.values())).rounds["queue"])):
        reports = {
            way: pooled({seed: one.rounds[way][number].report for seed, one in outcomes.items()})
            for way in WAYS
        }
        queue = reports["queue"]
        shown.add_row(
            str(number),
            *(f"{mean_ap(reports[way]):.3f}" for way in WAYS),
            difference(queue, before) if before else "",
            *(difference(queue, reports[way]) if number else "" for way in ("random", "none")),
        )
        before = queue
    CONSOLE.print(shown)
    for seed, one in outcomes.items():
        ends = {way: f"{one.rounds[way][-1].found:.0%}" for way in WAYS}
        shares = ", ".join(f"{share:.0%}" for share in SHARES)
        CONSOLE.print(f"seed {seed}: links found after the rounds {ends}; judgements for "
                      f"{shares} of them {one.spent}")  # fmt: skip


if __name__ == "__main__":
    main()
