"""The whole loop with its heavy work on a Dask cluster."""

import shutil
from pathlib import Path

import pytest
from small_project import run_quietly

from benchmarks.dask_cluster import dask_cluster
from benchmarks.equal_tables import contents, differences
from vsig_core.project import Project, open_project


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_whole_run_on_a_cluster_ends_with_the_tables_of_a_run_on_this_machine(
    finished: Project, tmp_path: Path
):
    folder = tmp_path / "project"
    folder.mkdir()
    settings = (finished.folder / "vsig.toml").read_text()
    with dask_cluster(tmp_path) as scheduler:
        cluster = f'\n[cluster]\nscheduler = "{scheduler}"\n'
        (folder / "vsig.toml").write_text(settings + cluster)
        for place in ("inbox", "store"):
            (folder / place).mkdir()
        shutil.copy(finished.inbox.folder / "done" / "annotations-1.csv", folder / "inbox")
        project = open_project(folder)
        run_quietly(project)
        assert run_quietly(project) == []
    assert differences(contents(finished.store), contents(project.store)) == []
