"""A store with something in each kind of table, in a folder and on S3."""

from pathlib import Path

import pytest
from small_store import fill

from vsig_core.store import Store


@pytest.fixture(params=["folder", "s3"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return (
        str(tmp_path / "store") if request.param == "folder" else request.getfixturevalue("s3_root")
    )


@pytest.fixture
def store(root: str) -> Store:
    """Two batches of two pictures, with vectors, clusters, a model and judgements."""
    made = Store(root)
    fill(made)
    return made
