"""The project, as Dagster hands it to assets, checks and sensors."""

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from dagster import ConfigurableResource

from vsig_core.project import PROJECT_VARIABLE, Project, open_project

_given: ContextVar[Project | None] = ContextVar("project", default=None)


@contextmanager
def working_on(project: Project) -> Iterator[None]:
    """Have the runs of this context work on a project that is open already.

    So that what was seen of its store holds from one run to the next.
    """
    token = _given.set(project)
    try:
        yield
    finally:
        _given.reset(token)


class ProjectResource(ConfigurableResource):
    """A vsig project.

    Parameters
    ----------
    folder
        Folder that holds `vsig.toml`. Where empty, the one that `VSIG_PROJECT`
        names, else the current folder: so the graph loads without a project, and
        its assets end with the advice to run 'vsig init'.
    """

    folder: str = ""

    def open(self) -> Project:
        """Read the settings afresh: an edited file counts from the next run on."""
        return _given.get() or _open(self._named)

    def of_run(self, run_id: str) -> Project:
        """The project as it was opened when a run began.

        So a step that is tried again sees that a store which was there has vanished.
        """
        return _given.get() or _opened_for(self._named, run_id)

    @property
    def _named(self) -> str:
        return self.folder or os.environ.get(PROJECT_VARIABLE, "")


def _open(folder: str) -> Project:
    return open_project(Path(folder) if folder else None)


@functools.lru_cache(maxsize=1)
def _opened_for(folder: str, _run_id: str) -> Project:
    return _open(folder)
