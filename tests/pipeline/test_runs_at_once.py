"""Several runs as processes of their own on one S3 store, each with another batch."""

import subprocess
import sys
from pathlib import Path

import pytest
from small_project import make_project, run_stage

from vsig_core.project import Project, open_project
from vsig_pipeline.listing import record_sources

RUN = """
import sys
from pathlib import Path
from vsig_core.project import open_project
from vsig_pipeline.running import execute
from vsig_pipeline.state import State
project = open_project(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for task in State(project).tasks():
    if task.step == "images" and task.partition == sys.argv[2]:
        execute(project, [task])
"""
IMAGES = "[images]\nbatch_size = 20\n[run]\nworkers = 1\n"


def machine(folder: Path, sample: Path, pictures: str) -> Project:
    """Another machine's folder of the same project."""
    folder.mkdir(parents=True)
    (folder / "vsig.toml").write_text(f'[[source]]\nuri = "{pictures}"\n{IMAGES}')
    return open_project(folder)


@pytest.mark.slow
def test_machines_read_a_batch_each_at_the_same_time(
    tmp_path: Path, sample: Path, s3_root: str, monkeypatch: pytest.MonkeyPatch
):
    alone = make_project(tmp_path / "alone", sample, IMAGES)
    run_stage(alone, "ingest")
    monkeypatch.setenv("VSIG_STORE", s3_root)
    pictures = alone.settings.source[0].uri
    first = machine(tmp_path / "machine", sample, pictures)
    record_sources(first)
    batches = sorted(set(first.store.read("batches")["batch"].to_pylist()))
    assert len(batches) == 3
    runs = []
    for batch in batches:
        folder = machine(tmp_path / batch, sample, pictures).folder
        command = [sys.executable, "-c", RUN, str(folder), batch]
        pipe = subprocess.PIPE
        runs.append(subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=pipe))
    for run in runs:
        assert run.stdout is not None and run.stdout.readline() == "ready\n"
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("\n")
        run.stdin.flush()
    for run in runs:
        _, said = run.communicate()
        assert run.returncode == 0, said
    run_stage(first, "ingest")
    assert (
        first.store.read("images")
        .drop_columns(["added_at"])
        .equals(alone.store.read("images").drop_columns(["added_at"]))
    )
    assert first.store.read("contents")["sha256"].equals(alone.store.read("contents")["sha256"])
    assert first.store.read("corpus")["digest"].equals(alone.store.read("corpus")["digest"])
    # One commit for each batch: nobody did another's work again.
    assert len(first.store.commits("images")) == len(batches)
