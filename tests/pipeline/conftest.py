"""Projects to work on; see small_project."""

import shutil
from pathlib import Path

import pytest
from growing_lab import Lab
from small_project import make_project, run_quietly

from vsig_core.corpus.sample import draw_sample
from vsig_core.project import Project, open_project


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    draw_sample(folder, images=60, motifs=12, seed=7)
    return folder


@pytest.fixture
def project(tmp_path: Path, sample: Path) -> Project:
    return make_project(tmp_path / "project", sample)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Project:
    """A project after its first round; tests copy it and leave it as it is."""
    made = make_project(tmp_path_factory.mktemp("finished") / "project", sample)
    shutil.copy(sample / "annotations-1.csv", made.inbox.uri())
    run_quietly(made)
    return made


@pytest.fixture
def grown(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project, on the same pictures."""
    folder = tmp_path / "project"
    shutil.copytree(finished.folder, folder)
    return open_project(folder)


@pytest.fixture(scope="module")
def first_lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab"))


@pytest.fixture
def lab(first_lab: Lab, tmp_path: Path) -> Lab:
    """A copy of the first one, on its own pictures."""
    return first_lab.copied_to(tmp_path)
