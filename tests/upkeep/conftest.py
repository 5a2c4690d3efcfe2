"""A store with something in each kind of table, in a folder and on S3."""

from pathlib import Path

import pytest
from small_store import fill

from vsig_core.store import Store, content, open_files


@pytest.fixture(params=["folder", "s3"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return (
        str(tmp_path / "store") if request.param == "folder" else request.getfixturevalue("s3_root")
    )


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two batches of two pictures, with vectors, clusters, a model and judgements."""
    made = Store(str(tmp_path_factory.mktemp("filled") / "store"))
    fill(made)
    return made


@pytest.fixture
def store(root: str, filled: Store) -> Store:
    """A copy of it, file by file: to write each commit anew on S3 takes seconds."""
    there = open_files(root)
    there.make()
    for file in filled.files.list(deep=True):
        there.write(file.name, content(filled.files, file.name))
    return Store(root)
