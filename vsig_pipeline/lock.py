"""One step at a time in a project, whoever started it: `vsig run`, a daemon, a click in the UI.

Steps read a table, change it and write it whole; two at once would lose updates and
train the same network twice in one folder. Dagster's queue holds only the runs that
go through it, and those of `vsig run` do not.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
    project.work.mkdir(parents=True, exist_ok=True)
    with (project.work / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another run is at it in {project.folder}; waiting until its step is done")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
