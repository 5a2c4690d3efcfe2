"""Folders that the tests of the corpus share."""

from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_pictures import drawing, encoded


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file under `pictures/`: bytes as they are, else a drawing of that seed."""

    def write(name: str, content: bytes | int = 0) -> Path:
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else encoded(drawing(content)))
        return path

    return write
