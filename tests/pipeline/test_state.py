"""What looking at the store costs, and that it answers the same."""

from pathlib import Path
from typing import Any

import pytest
from small_project import SMALL, make_project

from vsig_core.store import digest
from vsig_pipeline import state
from vsig_pipeline.listing import record_sources
from vsig_pipeline.state import State


def test_the_key_of_one_batch_is_that_among_all_and_looks_at_no_other(
    tmp_path: Path, sample: Path, monkeypatch: pytest.MonkeyPatch
):
    project = make_project(tmp_path / "p", sample, f"[images]\nbatch_size = 20\n{SMALL}")
    record_sources(project)
    keys = State(project).batch_keys
    assert len(keys) == 3
    looked_at: set[str] = set()

    def noted(value: Any) -> str:
        rows = value[-1] if isinstance(value, list) else []
        looked_at.update(row["uid"] for row in rows)
        return digest(value)

    monkeypatch.setattr(state, "digest", noted)
    for batch, key in keys.items():
        looked_at.clear()
        assert State(project).key("images", batch) == key
        assert len(looked_at) == 20
