"""What commands print: results on stdout, all else on stderr."""

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from vsig_core.errors import InputError
from vsig_core.project import PROJECT_VARIABLE, Project, open_project
from vsig_core.settings import PROJECT_FILE

# What is printed are names of files and people's words: "[/z]" in them is no markup, ":smile:"
# no emoji.
STDOUT = Console(markup=False, emoji=False)
STDERR = Console(stderr=True, markup=False, emoji=False)


@dataclass(frozen=True)
class Context:
    """What all commands share.

    Parameters
    ----------
    folder
        The project that `--project` names; None where it does not.
    """

    folder: Path | None

    @classmethod
    def of(cls, context: typer.Context) -> Self:
        """That of a running command."""
        return context.obj

    @cached_property
    def project(self) -> Project:
        """The project, opened when a command asks for it."""
        project = open_project(self.folder)
        project.check()
        return project

    @property
    def project_if_any(self) -> Project | None:
        """The project; None where none is named and the current folder holds none."""
        named = self.folder or os.environ.get(PROJECT_VARIABLE)
        return self.project if named or Path(PROJECT_FILE).exists() else None


def emit(document: Any) -> None:
    """One JSON document on stdout; JSON has no infinity and no NaN, so they are null."""
    text = json.dumps(_finite(document), indent=2, ensure_ascii=False, default=str)
    STDOUT.file.write(text + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_file(path: Path, content: bytes) -> None:
    """Write a file that a person named.

    Raises
    ------
    InputError
        It cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error


def note(line: str) -> None:
    """A line for a person, on stderr, as it is."""
    STDERR.print(line, highlight=False, soft_wrap=True)


@contextmanager
def bars() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Progress bars on stderr; gives what makes a callback `(done, total)` for a label."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=STDERR, transient=True) as shown:
        rows: dict[str, TaskID] = {}

        def for_label(label: str) -> Callable[[int, int], None]:
            def report(done: int, total: int) -> None:
                if label not in rows:
                    rows[label] = shown.add_task(label, total=total)
                shown.update(rows[label], completed=done, total=total)

            return report

        yield for_label


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table on stdout."""
    shown = Table(title=title, title_justify="left")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*["" if cell is None else str(cell) for cell in row])
    STDOUT.print(shown)
