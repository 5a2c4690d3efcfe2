"""Projects to work on; see small_project."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from growing_lab import Lab
from shared_folders import shared
from small_project import make_project, run_quietly

from vsig_core.corpus.sample import draw_sample
from vsig_core.project import PROJECT_VARIABLE, Project, open_project


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """A run in this process names its project in the environment: the next test must not see it."""
    with patch.dict(os.environ):
        os.environ.pop(PROJECT_VARIABLE, None)
        yield


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared(
        tmp_path_factory, "sample", lambda at: draw_sample(at, images=60, motifs=12, seed=7)
    )


@pytest.fixture
def project(tmp_path: Path, sample: Path) -> Project:
    return make_project(tmp_path / "project", sample)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Project:
    """A project after its first round; tests copy it and leave it as it is."""

    def make(folder: Path) -> None:
        made = make_project(folder / "project", sample)
        shutil.copy(sample / "annotations-1.csv", made.inbox.uri())
        run_quietly(made)

    return open_project(shared(tmp_path_factory, "finished", make) / "project")


@pytest.fixture
def grown(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project, on the same pictures."""
    folder = tmp_path / "project"
    shutil.copytree(finished.folder, folder)
    return open_project(folder)


@pytest.fixture(scope="session")
def first_lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(shared(tmp_path_factory, "lab", Lab.begin))


@pytest.fixture
def lab(first_lab: Lab, tmp_path: Path) -> Lab:
    """A copy of the first one, on its own pictures."""
    return first_lab.copied_to(tmp_path)
