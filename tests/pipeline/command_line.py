"""The `vsig` command in this process: another one would take seconds to import each time."""

import contextlib
import io
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from vsig_core.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def vsig(*words: object, project: Path | None = None) -> Ended:
    """Run a command from its words to its exit status; what would be a traceback is raised."""
    before = ["--project", str(project)] if project else []
    arguments = patch.object(sys, "argv", ["vsig", *before, *map(str, words)])
    environment = patch.dict(os.environ)  # a run sets Dagster's home there
    with (
        contextlib.redirect_stdout(io.StringIO()) as stdout,
        contextlib.redirect_stderr(io.StringIO()) as stderr,
        arguments,
        environment,
    ):
        try:
            main()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Ended(status, stdout.getvalue(), stderr.getvalue())


def document(*words: object, project: Path | None = None) -> Any:
    """What a command reports with `--json`."""
    done = vsig(*words, "--json", project=project)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
