"""How a whole `vsig run` grows with the corpus: `python -m benchmarks.whole_run`.

For each size a new project runs once, from pictures to map and queue, with no judgement yet, in a
process of its own; then it runs again, with nothing new. Seconds are those that Dagster recorded
for each asset, over all batches; what lies between the assets is listing, and starting a run for
each batch. Of what a picture costs in all, the ratio to the first size is told.
Pictures are drawn once and kept in the folder named by `VSIG_BENCH_CACHE` (default:
/tmp/vsig-bench).
"""

import argparse
import os
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from rich.console import Console
from rich.table import Table

from benchmarks.growth import apart, drawn
from vsig_core.project import Project, init_project, open_project
from vsig_pipeline.running import run
from vsig_pipeline.steps import STEPS

SIDES = (800, 600)  # of a picture, pixels: about what WikiArt gives
CANVAS = (2400, 1800)
CANVASES = 32
SHAPES = 30


@dataclass(frozen=True)
class Ran:
    """What one size took.

    Parameters
    ----------
    pictures
        Their number.
    assets
        Seconds of each asset, over all batches, in the order of the graph; those of `checks` last.
    whole, again
        Seconds of the run, and of the one after it.
    gigabytes
        Peak memory of the run's process.
    stored
        What the project's store weighs, GB.
    """

    pictures: int
    assets: dict[str, float]
    whole: float
    again: float
    gigabytes: float
    stored: float


def main() -> None:
    """Run every size, and print after each what is known so far."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000], help="pictures")
    sizes = parser.parse_args().sizes
    done: list[Ran] = []
    for size in sizes:
        pictures = drawn(size, _draw, "whole-run")
        with tempfile.TemporaryDirectory(prefix="vsig-whole-run-") as name:
            done.append(apart(measure, Path(name) / "project", pictures))
        show(done)


def _draw(path: Path) -> None:
    """A soft ground with sharp shapes on it."""
    rng = np.random.default_rng(int(path.stem))
    x, y = (int(rng.integers(0, CANVAS[axis] - SIDES[axis])) for axis in (0, 1))
    picture = _canvas(int(rng.integers(CANVASES))).crop((x, y, x + SIDES[0], y + SIDES[1]))
    pen = ImageDraw.Draw(picture)
    for x, y, side, *colour in rng.integers(0, 256, (SHAPES, 6)).tolist():
        box = (3 * x, 2 * y, 3 * x + side, 2 * y + side)
        (pen.ellipse if side % 2 else pen.rectangle)(box, fill=tuple(colour))
    picture.save(path, quality=85)


@cache
def _canvas(seed: int) -> Image.Image:
    """Drawn once in each process: to draw soft colours costs more than all the rest."""
    grain = np.random.default_rng(seed).integers(0, 256, (225, 300, 3), dtype=np.uint8)
    return Image.fromarray(grain).resize(CANVAS, Image.Resampling.BICUBIC)


def measure(folder: Path, pictures: Path) -> Ran:
    """One size, in this process."""
    init_project(folder, [str(pictures)])
    project = open_project(folder)
    whole, again = _run(project), _run(open_project(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    read = project.store.count("images")
    stored = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e9
    return Ran(read, _assets(project), whole, again, peak, stored)


def _run(project: Project) -> float:
    started = time.monotonic()
    run(project, lambda _label, _done, _total: None, lambda _task: None)
    return time.monotonic() - started


def _assets(project: Project) -> dict[str, float]:
    """Seconds of each asset and of all checks, as Dagster recorded them."""
    from dagster import DagsterInstance

    seconds: dict[str, float] = defaultdict(float)
    with DagsterInstance.from_config(str(project.dagster_home)) as instance:
        for record in instance.get_run_records():
            for step in instance.get_run_step_stats(record.dagster_run.run_id):
                name = step.step_key if step.step_key in STEPS else "checks"
                seconds[name] += (step.end_time or 0) - (step.start_time or 0)
    return {name: seconds[name] for name in (*STEPS, "checks")}


def show(done: Sequence[Ran]) -> None:
    """A row for each asset, a column for each size."""
    table = Table(title=f"vsig run from nothing, {os.cpu_count()} cores: seconds")
    table.add_column("what")
    for one in done:
        table.add_column(f"{one.pictures:,} pictures", justify="right")
    for asset in done[0].assets:
        table.add_row(asset.replace("_", " "), *(f"{one.assets[asset]:,.1f}" for one in done))
    between = (one.whole - sum(one.assets.values()) for one in done)
    table.add_row("between them", *(f"{seconds:,.1f}" for seconds in between))
    table.add_row("whole", *(f"{one.whole:,.1f}" for one in done))
    each = [1e3 * one.whole / one.pictures for one in done]
    table.add_row("ms a picture", *(f"{cost:.1f} ({cost / each[0]:.2f} ×)" for cost in each))
    table.add_row("again, nothing new", *(f"{one.again:,.1f}" for one in done))
    table.add_row("peak memory, GB", *(f"{one.gigabytes:.1f}" for one in done))
    table.add_row("store, GB", *(f"{one.stored:,.1f}" for one in done))
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
