"""Kill -9 at random moments of the loop: `python -m benchmarks.crashes --kills 50`.

Two rounds on a drawn sample: from nothing with a first file of judgements, and from there
with a second file, new pictures and one that is gone. Each trial starts one of the rounds,
kills `vsig run` at a moment drawn over its whole duration, runs it again, and compares all
tables with those of an undisturbed run: equal without times and run ids, floats within
1e-5. No process and no half-written file may be left. Exit status 1 where anything differs.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.equal_tables import Rows, contents, differences
from vsig_core.corpus.sample import draw_sample
from vsig_core.project import Project, init_project, open_project
from vsig_core.store import Store
from vsig_core.store.aws import aws

RUN = [sys.executable, "-c", "from vsig_core.cli import main; main()"]
MARK = "CRASH_TRIAL"
SMALL = """
[images]
batch_size = 40
[model]
backbone = "resnet18"
weights = "none"
resolution = 64
[training]
views = 2
epochs = 2
min_links = 4
[triplets]
hard_negatives = 2
random_negatives = 1
[evaluation]
bootstrap = 100
"""


@dataclass(frozen=True)
class Round:
    """A project as it is before a round, and the tables that an undisturbed run ends with."""

    name: str
    start: Path
    seconds: float
    tables: dict[str, Rows]


@dataclass(frozen=True)
class Trial:
    """What became of one kill."""

    round: str
    after: float
    during: str
    faults: list[str]


class Bench:
    """One place where every trial happens, so that paths are equal; the store may lie on S3.

    Parameters
    ----------
    folder
        Emptied for each trial: `here/project`, `here/pictures`.
    store
        `s3://bucket/prefix`, of which each trial uses a part of its own; a folder where left out.
    """

    def __init__(self, folder: Path, store: str | None = None) -> None:
        self.folder = folder
        self.here = folder / "here"
        self.store = store
        self._trials = 0

    @property
    def project(self) -> Project:
        """The project of the trial that is going on."""
        return open_project(self.here / "project")

    def begin(self, start: Path) -> None:
        """Put a trial's project in its place."""
        self.end()
        self._trials += 1
        shutil.copytree(start, self.here, symlinks=True)
        if self.store:
            os.environ["VSIG_STORE"] = f"{self.store}/trial-{os.getpid()}-{self._trials}"
            _upload(self.here / "project" / "store", Store(os.environ["VSIG_STORE"]))

    def keep(self, place: Path) -> None:
        """Keep the project as it is now, to begin others from."""
        shutil.copytree(self.here, place, symlinks=True)
        if self.store:
            shutil.rmtree(place / "project" / "store", ignore_errors=True)
            _download(self.project.store, place / "project" / "store")

    def end(self) -> None:
        """Remove a trial's project."""
        shutil.rmtree(self.here, ignore_errors=True)
        if self.store and self._trials:
            _remove(Store(os.environ["VSIG_STORE"]))

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """`vsig run` in a session of its own, its output in `here/run.log`."""
        mark = f"{os.getpid()}-{self._trials}"
        temporary = self.here / "tmp"
        temporary.mkdir(exist_ok=True)
        environment = {**os.environ, MARK: mark, "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"}
        command = [*RUN, "--project", str(self.here / "project"), "run"]
        with (self.here / "run.log").open("ab") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, env=environment, start_new_session=True
            )
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()

    def run(self) -> float:
        """Run to the end; seconds."""
        started = time.monotonic()
        with self.running() as process:
            if process.wait():
                sys.exit(f"vsig run failed:\n{(self.here / 'run.log').read_text()[-3000:]}")
        return time.monotonic() - started

    def processes(self) -> list[int]:
        """Processes of the trial that live."""
        return _processes(f"{MARK}={os.getpid()}-{self._trials}".encode())

    def half_files(self) -> list[str]:
        """Files that are half there, or tell of a process that is gone."""
        return [
            f"{path.relative_to(self.here)} is left"
            for path in sorted(self.here.rglob("*"))
            if ("partial" in path.name and path.is_file())
            or path.parent.name == ".partial"
            or path.name.startswith("alive-")
            or (path.parent == self.here / "tmp" and "torchinductor" not in path.name)
        ]


def draw_rounds(bench: Bench, images: int, motifs: int, settings: str) -> list[Round]:
    """Make the project, and run both rounds undisturbed."""
    sample = bench.folder / "sample"
    draw_sample(sample, images=images, motifs=motifs, seed=7)
    pictures = sorted((sample / "images").rglob("*.jpg"))
    held_back = pictures[:: len(pictures) // 5]
    first = _first_start(bench, sample, set(held_back), settings)
    bench.begin(first)
    one = Round("first round", first, bench.run(), contents(bench.project.store))
    target = bench.here / "pictures" / "images"
    for path in held_back:
        shutil.copy(path, target / path.relative_to(sample / "images"))
    (target / pictures[1].relative_to(sample / "images")).unlink()
    shutil.copy(sample / "annotations-2.csv", bench.project.inbox.uri())
    second = bench.folder / "second"
    bench.keep(second)
    bench.begin(second)
    two = Round("second round", second, bench.run(), contents(bench.project.store))
    return [one, two]


def _first_start(bench: Bench, sample: Path, without: set[Path], settings: str) -> Path:
    """A project that has never run, on most of the pictures, with a file in its inbox."""
    for path in sample.joinpath("images").rglob("*.jpg"):
        if path not in without:
            place = bench.here / "pictures" / "images" / path.relative_to(sample / "images")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)
    shutil.copy(sample / "metadata.csv", bench.here / "pictures")
    project = init_project(bench.here / "project", [str(bench.here / "pictures" / "images")])
    source = f'[[source]]\nuri = "{bench.here / "pictures" / "images"}"\n'
    (project.folder / "vsig.toml").write_text(source + settings)
    shutil.copy(sample / "annotations-1.csv", project.inbox.uri())
    start = bench.folder / "first"
    shutil.copytree(bench.here, start)
    return start


def kill_once(bench: Bench, one: Round, draw: random.Random) -> Trial:
    """One trial: begin, kill, run again, compare."""
    after = _killed(bench, one, draw)
    during = _last_line(bench.here / "run.log")
    faults = _outlived(bench)
    bench.run()
    got = contents(bench.project.store)
    faults += differences(one.tables, got) + _outlived(bench) + bench.half_files()
    return Trial(one.name, after, during, faults)


def _killed(bench: Bench, one: Round, draw: random.Random) -> float:
    """Kill a run at a moment of its life, and give the moment, in seconds."""
    while True:
        after = draw.uniform(0, one.seconds)
        bench.begin(one.start)
        with bench.running() as process:
            try:
                process.wait(after)
            except subprocess.TimeoutExpired:
                # The main process alone, as the kernel does it for want of memory, or all.
                if draw.random() < 0.5:
                    process.kill()
                else:
                    os.killpg(process.pid, signal.SIGKILL)
                return after
        # It was faster than the undisturbed one, and had ended.


def _outlived(bench: Bench) -> list[str]:
    """Worker processes that live on 5 s after their parent."""
    deadline = time.monotonic() + 5
    while alive := bench.processes():
        if time.monotonic() > deadline:
            break
        time.sleep(0.2)
    return [f"process {pid} lives 5 s after its parent" for pid in alive]


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1][:60] if lines else "start"


def _processes(mark: bytes) -> list[int]:
    """Processes that carry the trial's mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue  # gone, or another user's
    return found


def _upload(folder: Path, store: Store) -> None:
    place = store.location
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = "/".join([place.prefix, *path.relative_to(folder).parts])
            aws().client.upload_file(str(path), place.bucket, name)


def _keys(store: Store) -> list[str]:
    pages = (
        aws()
        .client.get_paginator("list_objects_v2")
        .paginate(Bucket=store.location.bucket, Prefix=store.location.prefix + "/")
    )
    return [entry["Key"] for page in pages for entry in page.get("Contents", ())]


def _download(store: Store, folder: Path) -> None:
    for key in _keys(store):
        place = folder / key.removeprefix(store.location.prefix + "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        aws().client.download_file(store.location.bucket, key, str(place))


def _remove(store: Store) -> None:
    for key in _keys(store):
        aws().client.delete_object(Bucket=store.location.bucket, Key=key)


def main() -> None:
    """Draw, run undisturbed, kill, compare, sum up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--motifs", type=int, default=12)
    parser.add_argument("--store", help="s3://bucket/prefix; a folder where left out")
    chosen = parser.parse_args()
    draw = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), chosen.store)
        rounds = draw_rounds(bench, chosen.images, chosen.motifs, SMALL)
        for one in rounds:
            print(f"{one.name}, undisturbed: {one.seconds:.0f} s", flush=True)
        trials = []
        for number in range(1, chosen.kills + 1):
            trial = kill_once(bench, draw.choice(rounds), draw)
            trials.append(trial)
            verdict = "; ".join(trial.faults) or "equal tables"
            print(
                f"{number:3} {trial.round} killed after {trial.after:5.1f} s "
                f"({trial.during}): {verdict}",
                flush=True,
            )
        bench.end()
    failed = [trial for trial in trials if trial.faults]
    print(f"{len(trials) - len(failed)} of {len(trials)} kills ended with equal tables")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
