"""A real scheduler with three worker processes on loopback, for tests and benchmarks."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WORKERS = 3
LOOPBACK = ("--host", "127.0.0.1", "--no-dashboard")


@contextmanager
def dask_cluster(folder: Path) -> Iterator[str]:
    """Start it, give the scheduler's address, and end it."""
    file = folder / "scheduler.json"
    scheduler = _start("scheduler", *LOOPBACK, "--port", "0", "--scheduler-file", str(file))
    try:
        address = _address(file, scheduler)
        workers = _start(
            "worker", address, *LOOPBACK, "--nworkers", str(WORKERS), "--nthreads", "1",
            "--local-directory", str(folder),
        )  # fmt: skip
        try:
            yield address
        finally:
            _end(workers)
    finally:
        _end(scheduler)


def _start(what: str, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *words]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def _address(file: Path, scheduler: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and scheduler.poll() is None:
        try:
            return json.loads(file.read_text())["address"]
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(0.1)
    raise RuntimeError("Dask's scheduler did not start")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        # Its own session: the nannies and workers that it started, and nobody else.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
