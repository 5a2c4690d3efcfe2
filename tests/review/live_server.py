"""The review app as a process of its own, so that it can be killed, and the browser.

Where a test replaces parts of the app it is `served` in the test's own process.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from vsig_core.annotations import read_annotations
from vsig_core.project import Project

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE = 120_000  # milliseconds: the machine may be busy


def browser_or_skip() -> Any:
    """playwright's API; a module that asks is skipped where it or Chromium is missing."""
    if not CHROMIUM.exists():
        pytest.skip(
            "Chromium is not installed (Debian: apt-get install chromium; .ci/run does it)",
            allow_module_level=True,
        )
    found = pytest.importorskip("playwright.sync_api")
    found.expect.set_options(timeout=PATIENCE)
    return found


def launch(playwright: Any, *options: str) -> Any:
    """Debian's Chromium."""
    return playwright.chromium.launch(
        executable_path=str(CHROMIUM), args=["--no-sandbox", *options]
    )


class LiveServer:
    """`vsig review` on a project; keeps its address when it is started again."""

    def __init__(self, project: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._project = project
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, environment: dict[str, str] | None = None, of: Path | None = None) -> None:
        """Start it, and wait until it answers; on another project where one is given."""
        run = "from vsig_core.cli import main; main()"
        words = ["--project", str(of or self._project), "review", "--port", str(self.port)]
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
        self.kill()
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
