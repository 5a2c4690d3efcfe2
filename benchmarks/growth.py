"""Corpora that grow: listing, reading and many batches, `python -m benchmarks growth`.

Each case runs in a process of its own, so that its peak memory is its own; what was measured is
written into `docs/performance.md`. `python -m benchmarks.growth --images N` reads N pictures
instead of 20,000 and writes nothing; five times as many are listed, and a twentieth make 200
batches. Pictures are drawn once and
kept in the folder named by `VSIG_BENCH_CACHE` (default: /tmp/vsig-bench).
"""

import argparse
import multiprocessing
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from rich.console import Console

from benchmarks.clustering import Measured, cells, timed
from benchmarks.performance_page import write_page
from vsig_core.project import Project, init_project, open_project

WORKING, THUMB = 1024, 128  # pixels, the defaults
BATCHES = 200
ALL = 20_000


def main() -> None:
    """Run the cases, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=ALL, help="pictures that are read")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    arguments = parser.parse_args()
    done = []
    for name, case in CASES.items():
        if arguments.only in name:
            done.append(apart(measure, case, arguments.images))
            Console(width=170).print(f"{name}: {done[-1]}", highlight=False)
    if arguments.images == ALL:
        write_page([cells(row) for row in done])


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns, from a fresh process."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as alone:
        return alone.submit(work, *arguments).result()


def measure(case: Callable[[int, Path], Measured], images: int) -> Measured:
    """One case, in this process and a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="vsig-growth-") as folder:
        found = case(images, Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return Measured(**{**vars(found), "gigabytes": peak})


def listed(images: int, folder: Path) -> Measured:
    """A folder with nothing new, and no metadata."""
    return _looked_at(5 * images, folder, "")


def described(images: int, folder: Path) -> Measured:
    """The same with a row of metadata for each picture."""
    names = (f"{n // 1000:04}/{n:06}.jpg" for n in range(5 * images))
    rows = (f"{name},inv-{n},Title {n},c. {1400 + n % 500}" for n, name in enumerate(names))
    return _looked_at(5 * images, folder, "path,id,title,date\n" + "\n".join(rows))


def _looked_at(files: int, folder: Path, metadata: str) -> Measured:
    """Looked at once more in a fresh process, against walking the folder alone."""
    pictures = folder / "pictures"
    for n in range(files):
        path = pictures / f"{n // 1000:04}" / f"{n:06}.jpg"
        if n % 1000 == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(b"x" * (n % 97))
    if metadata:
        (pictures / "metadata.csv").write_text(metadata, encoding="utf-8")
    project = _project(folder, pictures)
    apart(_plan, project.folder)
    seconds, gigabytes, touched = apart(_look, project.folder)
    _, bare = timed(lambda: _walked(pictures))
    what = f"a folder with nothing new{', with metadata' if metadata else ''}, n = {files:,}"
    found = f"{touched} batches touched; {gigabytes:.2f} GB"
    return Measured(what, seconds, "os.walk and stat", bare, found, "20 s, 0.5 GB")


def _plan(folder: Path) -> None:
    from vsig_pipeline.listing import record_sources

    project = open_project(folder)
    record_sources(project)


def _look(folder: Path) -> tuple[float, float, int]:
    """Seconds, imports among them, peak memory, and batches that differ."""
    started = time.monotonic()
    from vsig_pipeline.running import look

    found = look(open_project(folder))
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return seconds, peak, len(found.plan.touched)


def _walked(folder: Path) -> int:
    return sum(
        (Path(here) / name).stat().st_size for here, _, names in os.walk(folder) for name in names
    )


def ingested(images: int, folder: Path) -> Measured:
    """Pictures read into the store, against decoding and shrinking them alone."""
    pictures = drawn(images, _draw, "growth")
    paths = sorted(pictures.iterdir())
    some = paths[:: max(1, len(paths) // 1000)]
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as threads:
        _, part = timed(lambda: list(threads.map(_shrunk, some)))
    bare = part * len(paths) / len(some)
    project = _project(folder, pictures)
    _, seconds = timed(lambda: _ingest(project))
    read = project.store.count("images")
    found = f"{read / seconds:.0f} pictures a second, {bare / seconds:.0%} of the bare rate"
    what = f"pictures read into the store, n = {read:,}"
    return Measured(what, seconds, "Pillow: open, thumbnail", bare, found, "85 %, 1.5 GB")


def _shrunk(path: Path) -> None:
    """Decode at the scale that is wanted, and make both copies: no hash, no JPEG, no disk."""
    with Image.open(path) as image:
        image.thumbnail((WORKING, WORKING))
        image.thumbnail((THUMB, THUMB))


def one_of_many(images: int, folder: Path) -> Measured:
    """One old picture of 200 batches changes: what is due, and what the others cost."""
    from vsig_pipeline.running import look

    source = drawn(images, _draw, "growth")
    pictures = folder / "pictures"
    pictures.mkdir()
    for path in sorted(source.iterdir())[: max(BATCHES, images // 20)]:
        shutil.copy(path, pictures)
    number = len(list(pictures.iterdir()))
    project = _project(folder, pictures, f"[images]\nbatch_size = {number // BATCHES}\n")
    _ingest(project)
    first = sorted(pictures.iterdir())[0]
    with Image.open(first) as picture:
        turned = picture.transpose(Image.Transpose.ROTATE_180)
    turned.save(first, quality=85)
    due, looking = timed(lambda: look(project))
    steps = [task.step for task in due.tasks if task.stage == "ingest"]
    _, seconds = timed(lambda: _ingest(project))
    batches = project.store.count("corpus")
    found = f"due: {', '.join(steps)}; {1000 * looking / batches:.1f} ms to look at a batch, "
    found += f"{1000 * seconds / batches:.1f} ms with the reading"
    what = f"one picture of {batches} batches changed"
    return Measured(what, seconds, "", None, found, "one batch, then corpus; 50 ms each")


def _ingest(project: Project) -> None:
    """What the job `ingest` does."""
    from vsig_pipeline.listing import record_sources
    from vsig_pipeline.running import execute
    from vsig_pipeline.state import State

    record_sources(project)
    execute(project, [task for task in State(project).tasks() if task.stage == "ingest"])


def _project(folder: Path, pictures: Path, settings: str = "") -> Project:
    made = init_project(folder / "project", [str(pictures)])
    path = made.folder / "vsig.toml"
    path.write_text(f'[[source]]\nuri = "{pictures}"\n{settings}', encoding="utf-8")
    return open_project(made.folder)


def drawn(number: int, draw: Callable[[Path], None], name: str) -> Path:
    """A folder of that many different pictures, made once and kept.

    Parameters
    ----------
    draw
        Draws the picture that its file's number stands for, in a process of its own.
    name
        Of the folder, before the number.
    """
    cache = Path(os.environ.get("VSIG_BENCH_CACHE", "/tmp/vsig-bench"))
    folder = cache / f"{name}-{number}"
    if not folder.is_dir():
        making = folder.with_name(f"{folder.name}-partial-{os.getpid()}")
        making.mkdir(parents=True)
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(mp_context=spawn) as pool:
            list(pool.map(draw, [making / f"{n:06}.jpg" for n in range(number)], chunksize=50))
        making.rename(folder)
    return folder


def _draw(path: Path) -> None:
    """1,600 × 1,200 pixels, soft with sharp shapes: about as many bytes as a photograph has."""
    import numpy as np

    rng = np.random.default_rng(int(path.stem))
    grain = rng.integers(0, 256, (150, 200, 3), dtype=np.uint8)
    picture = Image.fromarray(grain).resize((1600, 1200), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for x, y, side, *colour in rng.integers(0, 256, (40, 6)).tolist():
        pen.ellipse((6 * x, 4 * y, 6 * x + side, 4 * y + side), fill=tuple(colour))
    picture.save(path, quality=85)


CASES: dict[str, Callable[[int, Path], Measured]] = {
    "listed": listed,
    "described": described,
    "ingested": ingested,
    "batches": one_of_many,
}


if __name__ == "__main__":
    main()
