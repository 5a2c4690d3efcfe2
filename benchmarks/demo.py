"""`make demo`: the whole loop on a drawn sample, two rounds of judgements, a table, a map.

What is there already is not done again: a second run computes nothing.
"""

import argparse
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.csv
from rich.console import Console
from rich.table import Table

from benchmarks.pooled import signed
from vsig_core.console import bars
from vsig_core.corpus.sample import draw_sample
from vsig_core.evaluation import Contest, Evaluation, score
from vsig_core.model import COLOURS, GREY16, compare
from vsig_core.project import Project, init_project, open_project
from vsig_core.queries import judged_now
from vsig_core.settings import PROJECT_FILE
from vsig_core.store import Commit, Provenance, Store
from vsig_pipeline.running import run

ROUNDS = ("annotations-1.csv", "annotations-2.csv")
CONSOLE = Console(width=110)


@dataclass(frozen=True)
class Round:
    """What stood after one round: the model in force, and the version of `clusters`."""

    model_id: str
    clusters: int


def main() -> None:
    """Draw, run two rounds, show."""
    arguments = _arguments()
    started = time.monotonic()
    folder = arguments.folder
    sample = folder / "sample"
    project = _project(folder, sample, arguments)
    for name in ROUNDS:
        _round(project, sample, name)
    rounds = [stood_before(project.store, name) for name in (*ROUNDS[1:], None)]
    with bars() as progress:
        evaluation = _score(project, rounds, progress)
    _show(project, sample, rounds, evaluation)
    picture = project.store.read("atlas")["picture"][0].as_py()
    shutil.copyfile(project.store.objects.uri(picture), folder / "map.png")
    CONSOLE.print(f"Map:     {folder / 'map.png'}")
    CONSOLE.print(f"Dagster: .venv/bin/vsig --project {folder} ui, then http://127.0.0.1:3000")
    CONSOLE.print(f"{time.monotonic() - started:.0f} s")
    CONSOLE.print(f"Judge:   .venv/bin/vsig --project {folder} review, then http://127.0.0.1:8765")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("demo"))
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--motifs", type=int, default=80)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def _project(folder: Path, sample: Path, arguments: argparse.Namespace) -> Project:
    if not (sample / "links.csv").exists():
        with bars() as progress:
            draw_sample(
                sample,
                images=arguments.images,
                motifs=arguments.motifs,
                seed=arguments.seed,
                progress=progress("drawing pictures"),
            )
    if not (folder / PROJECT_FILE).exists():
        return init_project(folder, [str(sample / "images")])
    return open_project(folder)


def _round(project: Project, sample: Path, name: str) -> None:
    """Put one sitting's file in the inbox, unless it was taken before, and run."""
    if not project.inbox.find(f"done/{name}"):
        shutil.copyfile(sample / name, project.inbox.uri(name))
    with bars() as progress:
        run(
            project,
            lambda label, part, whole: progress(label)(part, whole),
            lambda task: CONSOLE.print(f"  {task.step} {task.partition or ''}", highlight=False),
        )


def stood_before(store: Store, file: str | None) -> Round:
    """What stood when a file of judgements was taken; what stands now where it is None.

    From the provenance of the clusters, so that a demo that was killed loses nothing.
    """
    taken = store.version("annotations")
    assert taken is not None
    if file is not None:
        taken = min(c.version for c in store.commits("annotations") if file in _files(c)) - 1
    links = {c.version: c.provenance.inputs["annotations"] for c in store.commits("links")}
    for commit in store.commits("clusters"):
        if links[commit.provenance.inputs["links"]] <= taken:
            rows = store.read("clusters", version=commit.version, columns=["model_id"])
            return Round(rows["model_id"][0].as_py(), commit.version)
    raise LookupError(f"No clusters were made before {file} was taken.")


def _files(commit: Commit) -> list[str]:
    return [report["file"] for report in commit.provenance.facts.get("files", [])]


def _score(project: Project, rounds: list[Round], progress: Any) -> Evaluation:
    """All models on the same queries: those of the links of now."""
    models = project.store.read("models").to_pylist()
    pretrained = next(row["model_id"] for row in models if row["origin"] == "pretrained")
    names = [pretrained, *[entry.model_id for entry in rounds]]
    judged = judged_now(project.store, project.settings.annotations.same_work)
    return score(project, Contest(names, names[-1]), judged, Provenance("demo"), progress)


def _show(project: Project, sample: Path, rounds: list[Round], evaluation: Evaluation) -> None:
    store = project.store
    corpus = Table(title="Corpus and judgements", title_justify="left", show_header=False)
    conflicts = store.read("conflicts").to_pylist()
    components = set(store.read("components")["component"].to_pylist())
    for name, count in {
        "images": store.count("images"),
        "rejected": store.count("rejected_images"),
        "links": store.count("links"),
        "components": len(components),
        "open conflicts": sum(row["settled_by"] is None for row in conflicts),
        "triplets": store.count("triplets"),
    }.items():
        corpus.add_row(name, str(count))
    CONSOLE.print(corpus)
    CONSOLE.print(_retrieval(project, rounds, evaluation))
    for number, verdict in enumerate(_verdicts(store), start=1):
        CONSOLE.print(f"Gate, round {number}: {verdict}", highlight=False)
    CONSOLE.print(_clusters(project, sample, rounds))
    changes = store.read("cluster_changes").to_pylist()
    events = [row["event"] for row in changes]
    counted = ", ".join(f"{events.count(event)} {event}" for event in sorted(set(events)))
    CONSOLE.print(f"Clusters between the rounds: {counted or 'no change'}", highlight=False)


def _retrieval(project: Project, rounds: list[Round], evaluation: Evaluation) -> Table:
    first = evaluation.reports[COLOURS, "test"]
    shown = Table(
        title=f"Retrieval, on the same {first.figures['map'].n} test components among "
        f"{first.pool_size} pictures",
        title_justify="left",
    )
    for column in ("", "test mAP", "95 % interval", "gain on the row above", "recall@5"):
        shown.add_column(column, no_wrap=True)
    models = project.store.read("models").to_pylist()
    pretrained = next(row["model_id"] for row in models if row["origin"] == "pretrained")
    named = [("colour histogram", COLOURS), ("grey thumbnail 16 × 16", GREY16)]
    named.append(("pretrained", pretrained))
    named += [(f"after round {n}", entry.model_id) for n, entry in enumerate(rounds, start=1)]
    before = None
    for label, subject in named:
        report = evaluation.reports[subject, "test"]
        figure = report.figures["map"]
        gain = before and compare(report, before, project.settings.evaluation)
        before = report
        shown.add_row(
            label,
            f"{figure.value:.3f}",
            f"{figure.ci_low:.3f} to {figure.ci_high:.3f}",
            signed(gain) if gain else "",
            f"{report.figures['recall@5'].value:.3f}",
        )
    return shown


def _verdicts(store: Store) -> list[str]:
    """What the gate said of each round's candidate."""
    gates = [c.provenance.facts for c in store.commits("models") if c.provenance.step == "model"]
    said = {True: "took over", False: "was rejected"}
    return [
        f"{facts['candidate']} {said[facts['promoted']]}: {facts['why']}"
        for facts in reversed(gates)
        if "promoted" in facts
    ]


def _clusters(project: Project, sample: Path, rounds: list[Round]) -> Table:
    shown = Table(title="Clusters against the planted signatures")
    shown.title_justify = "left"
    for column in ("", "clusters", "in clusters", "pair precision", "pair recall", "radius"):
        shown.add_column(column)
    truth = planted_pairs(sample)
    for n, entry in enumerate(rounds, start=1):
        rows = project.store.read("clusters", version=entry.clusters).to_pylist()
        cluster_of = {row["uid"]: row["cluster"] for row in rows if row["cluster"]}
        precision, recall = pair_figures(cluster_of, truth)
        kind = "uncalibrated" if rows[0]["calibrated"] is False else "calibrated"
        shown.add_row(
            f"after round {n}",
            str(len(set(cluster_of.values()))),
            f"{len(cluster_of)} of {len(rows)}",
            f"{precision:.3f}",
            f"{recall:.3f}",
            f"{rows[0]['max_eps']:.4f} ({kind})",
        )
    return shown


def planted_pairs(sample: Path) -> set[frozenset[str]]:
    """Pairs of pictures that share a signature, by the sample's own truth."""
    rows = pyarrow.csv.read_csv(sample / "links.csv").to_pylist()
    return {frozenset((row["img1"], row["img2"])) for row in rows}


def pair_figures(cluster_of: Mapping[str, str], truth: set[frozenset[str]]) -> tuple[float, float]:
    """Precision and recall over pairs that lie together in a cluster."""
    members: dict[str, list[str]] = {}
    for uid, cluster in cluster_of.items():
        members.setdefault(cluster, []).append(uid)
    together = {
        frozenset((one, other))
        for uids in members.values()
        for place, one in enumerate(uids)
        for other in uids[place + 1 :]
    }
    right = len(together & truth)
    return (right / len(together) if together else float("nan")), right / len(truth)


if __name__ == "__main__":
    main()
