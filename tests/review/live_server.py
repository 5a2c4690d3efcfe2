"""The review app as a process of its own, so that it can be killed."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from vsig_core.annotations import read_annotations
from vsig_core.project import Project


class LiveServer:
    """`vsig review` on a project; keeps its address when it is started again."""

    def __init__(self, project: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._project = project
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, environment: dict[str, str] | None = None) -> None:
        """Start it, and wait until it answers."""
        run = "from vsig_core.cli import main; main()"
        words = ["--project", str(self._project), "review", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", run, *words],
            env={**os.environ, **(environment or {})},
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline and self._process.poll() is None:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"{self.address}/name", timeout=5),
            ):
                return
            time.sleep(0.1)
        ended = self._process.poll()
        raise RuntimeError(f"the review app did not answer on {self.address}; ended: {ended}")

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as Ctrl+C does."""
        self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(300)
            self._process = None


def rows_in(project: Project) -> list[dict]:
    """All rows that wait in the inbox."""
    return [
        row
        for file in project.inbox.list()
        for row in read_annotations(
            project.inbox.read(file.name) or b"", file.name
        ).annotations.to_pylist()
    ]
