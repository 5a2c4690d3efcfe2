"""One step at a time in a project, whoever started it: `vsig run`, a daemon, a click in the UI.

Steps read a table, change it and write it whole; two at once would lose updates and
train the same network twice in one folder. Dagster's queue holds only the runs that
go through it, and those of `vsig run` do not.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from vsig_core.project import Project


@contextmanager
def one_at_a_time(project: Project, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the project's lock; the kernel releases it when the process dies, however it does.

    It binds the processes of one machine. On several that share a store, one at a time
    has to be kept to by whoever starts the runs.

    Parameters
    ----------
    project
        The project.
    say
        Takes a line where another run has the lock and this one waits.
    """
    with _opened(project, "lock") as file:
        _wait_for(file, project, say)
        yield


@contextmanager
def alone(project: Project, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the project's lock while nothing is read ahead either (see `ReadingAhead`).

    For who removes what no table names: a working copy that was read ahead is not named yet.
    Parameters are those of `one_at_a_time`.
    """
    with _opened(project, "ahead") as file:
        _wait_for(file, project, say)
        with one_at_a_time(project, say):
            yield


class ReadingAhead:
    """The right to read between two steps, while nobody holds the project's lock.

    Parameters
    ----------
    project
        The project.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._file: IO[str] | None = None

    def begin(self) -> bool:
        """Take it; False where somebody waits to be alone, and nothing is to be read ahead."""
        self.end()
        file = _opened(self._project, "ahead")
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            self._file = file
            return True
        file.close()
        return False

    def end(self) -> None:
        """Give it back: what was read ahead is in a step's hands, or given up."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _opened(project: Project, name: str) -> IO[str]:
    project.work.mkdir(parents=True, exist_ok=True)
    return (project.work / name).open("w")


def _wait_for(file: IO[str], project: Project, say: Callable[[str], None]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say(f"another run is at it in {project.folder}; waiting until its step is done")
        fcntl.flock(file, fcntl.LOCK_EX)
