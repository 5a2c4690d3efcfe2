"""The whole loop on real artworks (`corpora/art`): `python -m benchmarks.art`.

Its links become one annotation file. Prints held-out mAP of what needs no network, of
the pretrained one and of the one in force, and how long each part took.
"""

import csv
import tempfile
import time
from pathlib import Path

from benchmarks.corpora import art_corpus
from vsig_core.console import bars
from vsig_core.current import champion_id
from vsig_core.evaluation import Contest, score
from vsig_core.model import COLOURS, GREY16
from vsig_core.project import Project, init_project
from vsig_core.queries import judged_now
from vsig_core.store import Provenance
from vsig_pipeline.running import run


def main() -> None:
    """Make a project, run it twice, score."""
    art = art_corpus()
    with tempfile.TemporaryDirectory() as folder:
        project = init_project(Path(folder) / "art", [str(art / "images")])
        write_annotations(art / "links.csv", Path(project.inbox.uri("links.csv")))
        first, second = timed_run(project), timed_run(project)
        print(f"vsig run: {first:.0f} s; again, nothing to do: {second:.1f} s")
        show(project)


def write_annotations(links: Path, target: Path) -> None:
    """The corpus's links as a file of judgements."""
    with links.open(encoding="utf-8") as source, target.open("w", encoding="utf-8") as out:
        print("type,img1,img2", file=out)
        for row in csv.DictReader(source):
            print(f'POSITIVE,"{row["img1"]}","{row["img2"]}"', file=out)


def timed_run(project: Project) -> float:
    started = time.monotonic()
    with bars() as progress:
        run(project, lambda label, n, of: progress(label)(n, of), lambda _: None)
    return time.monotonic() - started


def show(project: Project) -> None:
    store = project.store
    models = store.read("models").to_pylist()
    in_force = champion_id(store)
    pretrained = next(row["model_id"] for row in models if row["origin"] == "pretrained")
    judged = judged_now(store, project.settings.annotations.same_work)
    contest = Contest([pretrained, in_force], in_force)
    with bars() as progress:
        found = score(project, contest, judged, Provenance("benchmark"), progress)
    for label, subject in {
        "colour histogram": COLOURS,
        "grey thumbnail": GREY16,
        "pretrained": pretrained,
        "in force": in_force,
    }.items():
        for split in ("val", "test"):
            figure = found.reports[subject, split].figures["map"]
            print(
                f"{label:<16} {split:<5} mAP {figure.value:.3f} "
                f"[{figure.ci_low:.3f}, {figure.ci_high:.3f}] on {figure.n} components"
            )
    facts = store.commits("clusters")[0].provenance.facts
    for name, value in facts.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
