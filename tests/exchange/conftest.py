"""A project by hand; see shown_project."""

import shutil
from pathlib import Path

import pytest
from shown_project import make_shown_project

from vsig_core.project import Project, open_project


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shown_project(tmp_path_factory.mktemp("shown") / "project").folder


@pytest.fixture
def project(made_once: Path, tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    shutil.copytree(made_once, folder)
    return open_project(folder)
