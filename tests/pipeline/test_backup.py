"""Back-up and restore, as docs/operate.md says to: whole at any moment, and work goes on."""

import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from small_project import run_quietly

from vsig_core.project import Project, open_project
from vsig_core.upkeep import verify
from vsig_pipeline.running import due

PAGE = Path(__file__).parent.parent.parent / "docs" / "operate.md"


def recipe() -> str:
    """The commands of the page, for the folder `corpus`."""
    section = PAGE.read_text().partition("## Back-up and restore")[2]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[0]


def restored(project: Project, folder: Path) -> Project:
    """A back-up of a project that is called `corpus`, put back elsewhere."""
    subprocess.run(["bash", "-euc", recipe()], cwd=project.folder.parent, check=True)
    with tarfile.open(project.folder.parent / "corpus.tar") as packed:
        packed.extractall(folder, filter="data")
    return open_project(folder)


def whole(project: Project) -> bool:
    found = verify(project.store, lambda _label: lambda _done, _total: None)
    return found.damaged == []


@pytest.fixture
def corpus(project: Project) -> Project:
    return open_project(project.folder.rename(project.folder.parent / "corpus"))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_copy_that_is_taken_while_a_run_writes_is_whole_and_the_run_goes_on_in_it(
    corpus: Project, sample: Path, tmp_path: Path
):
    shutil.copy(sample / "annotations-1.csv", corpus.inbox.uri())
    command = [sys.executable, "-m", "vsig_core", "--project", str(corpus.folder), "run"]
    first, waiting = None, {b"images", b"corpus", b"candidate_model", b"embeddings", b"clusters"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as running:
        assert running.stderr
        for line in running.stderr:  # each tells of a step that is about to begin
            step = re.split(rb"[ :]", line)[0]
            if step not in waiting:
                continue
            waiting.remove(step)
            copy = restored(corpus, tmp_path / f"copy {len(waiting)}")
            assert whole(copy)
            left = {task.step for task in due(copy)}
            if first is None and "clusters" in left and "images" not in left:
                first = copy
    assert running.returncode == 0
    assert first is not None, "no copy was taken in the middle of the run"
    done = {name: first.store.version(name) for name in ("images", "corpus")}
    has = {name: version for name, version in done.items() if version is not None}
    run_quietly(first)
    assert {name: first.store.version(name) for name in has} == has, "what is there is not redone"
    assert run_quietly(first) == [] and whole(first)
    for name in ("links", "components", "drawn_splits", "groups"):
        ours, theirs = (p.store.read(name).num_rows for p in (first, corpus))
        assert ours == theirs, name


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_finished_project_has_nothing_to_do_where_it_is_restored(
    finished: Project, tmp_path: Path
):
    shutil.copytree(finished.folder, tmp_path / "corpus")
    copy = restored(open_project(tmp_path / "corpus"), tmp_path / "elsewhere")
    assert not (copy.folder / ".dagster").exists() and not (copy.folder / ".vsig").exists()
    assert whole(copy) and run_quietly(copy) == []
