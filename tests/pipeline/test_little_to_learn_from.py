"""Judgements from which nothing can be learnt: the run says so, and the network in force stays."""

import errno
import itertools
import os
import shutil
from pathlib import Path

import pytest
from small_project import inbox_of, make_project, pictures_of, run_quietly

from vsig_core.model import champion
from vsig_core.project import Project, open_project
from vsig_pipeline.findings import findings
from vsig_pipeline.running import RunFailedError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Project:
    """A project whose pictures nobody has judged."""
    made = make_project(tmp_path_factory.mktemp("little") / "project", sample)
    run_quietly(made)
    return made


APART = "a contradiction in every pair"
SAID = {
    "one link": "min_links",
    "one component": "was rejected",
    APART: "min_links",
    "pictures that are missing": "min_links",
    "nothing but rejections": "min_links",
}


def judgements(kind: str, uids: list[str]) -> list[tuple[str, ...]]:
    pairs = [*zip(uids[::2], uids[1::2], strict=True)]
    both = (("POSITIVE", "anna"), ("NEGATIVE", "bert"))
    return {
        "one link": [("POSITIVE", *pairs[0], "anna")],
        "one component": [
            ("POSITIVE", *pair, "anna") for pair in itertools.combinations(uids[:6], 2)
        ],
        APART: [(verdict, *pair, who) for pair in pairs for verdict, who in both],
        "pictures that are missing": [
            ("POSITIVE", f"gone/{one}", f"gone/{other}", "anna") for one, other in pairs
        ],
        "nothing but rejections": [("NEGATIVE", *pair, "anna") for pair in pairs],
    }[kind]


@pytest.mark.parametrize("kind", SAID)
def test_the_run_goes_on_with_the_network_in_force(looked_at: Project, tmp_path: Path, kind: str):
    shutil.copytree(looked_at.folder, tmp_path / "project")
    project = open_project(tmp_path / "project")
    pictures = pictures_of(looked_at.folder)
    uids = sorted(path.relative_to(pictures).as_posix() for path in pictures.rglob("*.jpg"))
    lines = ["type,img1,img2,annotator", *map(",".join, judgements(kind, uids))]
    (inbox_of(project) / "file.csv").write_text("\n".join(lines))
    before = champion(project.store.read("models"))
    run_quietly(project)
    assert champion(project.store.read("models")) == before
    assert project.store.count("review_queue") > 0
    said = [words for finding in findings(project) for words in finding.items]
    assert any(SAID[kind] in words for words in said), said


def test_a_disk_that_is_full_while_a_checkpoint_is_kept_costs_the_run_and_nothing_else(
    looked_at: Project, tmp_path: Path, sample: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(looked_at.folder, tmp_path / "project")
    project = open_project(tmp_path / "project")
    shutil.copy(sample / "annotations-1.csv", inbox_of(project))
    before = champion(project.store.read("models"))
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name.startswith("epoch-"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(RunFailedError, match="No space left on device"):
            run_quietly(project)
    assert champion(project.store.read("models")) == before
    assert project.store.count("annotations") > 0
    assert "candidate_model" in {task.step for task in run_quietly(project)}
