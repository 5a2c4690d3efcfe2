"""The project, as Dagster hands it to assets, checks and sensors."""

import os
from pathlib import Path

from dagster import ConfigurableResource

from vsig_core.project import PROJECT_VARIABLE, Project, open_project


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
        folder = self.folder or os.environ.get(PROJECT_VARIABLE, "")
        return open_project(Path(folder) if folder else None)
