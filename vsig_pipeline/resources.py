"""The project, as Dagster hands it to assets, checks and sensors."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from dagster import ConfigurableResource
from pydantic import PrivateAttr

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

    _opened: Project | None = PrivateAttr(None)

    def open(self) -> Project:
        """The project as it was when the run began: an edited file counts from the next one on.

        So a step that is tried again sees that a store which was there has vanished.
        """
        if (given := _given.get()) is not None:
            return given
        if self._opened is None:
            folder = self.folder or os.environ.get(PROJECT_VARIABLE, "")
            self._opened = open_project(Path(folder) if folder else None)
        return self._opened
