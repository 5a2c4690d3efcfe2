"""Annotation files that are half there, or that break the code: the others are taken."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_project import inbox_of, run_quietly, run_stage

from vsig_core.annotations import IngestResult
from vsig_core.errors import SettingsError
from vsig_core.project import Project, open_project
from vsig_core.store import File
from vsig_pipeline import inbox
from vsig_pipeline.arrivals import pending_files
from vsig_pipeline.running import RunFailedError


def files_of(project: Project) -> set[str]:
    return set(project.store.read("annotations")["file"].to_pylist())


def test_a_file_that_is_written_to_while_it_is_read_waits_whole(
    grown: Project, sample: Path, monkeypatch: pytest.MonkeyPatch
):
    one, two = grown.store.read("images")["uid"].to_pylist()[:2]
    rows = f"type,img1,img2\nSIMILAR,{one},{two}\nSIMILAR,{one},"
    half = inbox_of(grown) / "half.csv"
    half.write_text(rows)
    shutil.copy(sample / "annotations-2.csv", grown.inbox.uri())
    read_bytes = Path.read_bytes

    def meanwhile(path: Path) -> bytes:
        data = read_bytes(path)
        if path == half:
            half.write_text(rows + f"{two}\n")
        return data

    with monkeypatch.context() as copying:
        copying.setattr(Path, "read_bytes", meanwhile)
        run_stage(grown, "annotate")
    assert "annotations-2.csv" in files_of(grown) and "half.csv" not in files_of(grown)
    assert [file.name for file in pending_files(grown)] == ["half.csv"]
    run_stage(grown, "annotate")
    assert "half.csv" in files_of(grown) and pending_files(grown) == []


def judged(project: Project) -> set[tuple[str, str]]:
    rows = project.store.read("annotations").to_pylist()
    return {(row["img1"], row["img2"]) for row in rows if row["type"] == "SIMILAR"}


def test_of_a_file_that_was_cut_off_the_whole_rows_are_taken_and_the_last_can_be_mended(
    grown: Project,
):
    one, two, three = sorted(grown.store.read("images")["uid"].to_pylist())[:3]
    inbox = inbox_of(grown)
    half = inbox / "half.csv"
    half.write_text(f"type,img1,img2\nSIMILAR,{one},{two}\nSIMILAR,{one}")
    os.utime(half, (0, 0))  # nobody is at it any more
    run_stage(grown, "annotate")
    assert (one, two) in judged(grown) and pending_files(grown) == []
    assert (inbox / "done" / "half.csv").exists()
    kept = inbox / "rejected" / "half-cut-off.csv"
    assert kept.read_text() == f"type,img1,img2\nSIMILAR,{one}"
    reason = kept.with_name("half-cut-off.csv.reason.txt").read_text()
    assert reason.startswith("half.csv ends within a row") and "half-cut-off.csv" in reason
    (inbox / "mended.csv").write_text(kept.read_text() + f",{three}\n")
    run_stage(grown, "annotate")
    assert {(one, two), (one, three)} <= judged(grown)


@pytest.mark.parametrize("so_far", ["", "type,im", "type,img1,img2\nSIMILAR,{one}"])
def test_a_file_that_is_still_being_copied_is_waited_for(
    grown: Project, monkeypatch: pytest.MonkeyPatch, so_far: str
):
    one, two = sorted(grown.store.read("images")["uid"].to_pylist())[:2]
    half = inbox_of(grown) / "half.csv"
    half.write_text(so_far.format(one=one))

    def goes_on(_file: File, _seconds: float) -> bool:
        half.write_text(f"type,img1,img2\nSIMILAR,{one},{two}\n")
        return False

    monkeypatch.setattr(inbox, "lies_still", goes_on)
    run_stage(grown, "annotate")
    assert (one, two) in judged(grown)
    assert [file.name for file in grown.inbox.list("done")] == [
        "done/annotations-1.csv",
        "done/half.csv",
    ]
    assert list(grown.inbox.list("rejected")) == []


def test_a_file_that_breaks_the_code_is_put_aside_with_the_reason_and_the_rest_is_taken(
    grown: Project, sample: Path, monkeypatch: pytest.MonkeyPatch
):
    (inbox_of(grown) / "a.csv").write_text("type,img1,img2\n")
    shutil.copy(sample / "annotations-2.csv", grown.inbox.uri())
    ingest_file = inbox.ingest_file

    def breaks(data: bytes, name: str, *rest: Any) -> IngestResult:
        return {}["no such column"] if name == "a.csv" else ingest_file(data, name, *rest)

    monkeypatch.setattr(inbox, "ingest_file", breaks)
    run_stage(grown, "annotate")
    assert "annotations-2.csv" in files_of(grown) and pending_files(grown) == []
    reason = (inbox_of(grown) / "rejected" / "a.csv.reason.txt").read_text()
    assert reason == "KeyError: 'no such column'\n"
    rejected = grown.store.read("rejected_annotations").to_pylist()
    assert ("a.csv", 0) in [(row["file"], row["row"]) for row in rejected]


def test_each_bad_row_is_in_the_run_s_metadata_up_to_a_bound_that_is_said(
    grown: Project, monkeypatch: pytest.MonkeyPatch
):
    rows = [f"LIKES,a-{number}.jpg,b.jpg" for number in range(30)]
    (inbox_of(grown) / "bad.csv").write_text("\n".join(["type,img1,img2", *rows]) + "\n")
    run_stage(grown, "annotate")

    def reported() -> list[str]:
        facts = grown.store.commits("annotations")[0].provenance.facts
        return facts["files"][0]["bad rows"]

    assert [row.split(":")[0] for row in reported()] == [f"line {n}" for n in range(2, 32)]
    monkeypatch.setattr(inbox, "MOST_BAD_ROWS", 10)
    (inbox_of(grown) / "worse.csv").write_text(
        "\n".join(["type,img1,img2", *rows, ""]) + "LIKES,c,d\n"
    )
    run_stage(grown, "annotate")
    assert len(reported()) == 11 and reported()[-1].startswith("and 21 more")


KILLED_BY = """
import os, signal
from pathlib import Path
from vsig_core.project import open_project
from vsig_pipeline import inbox
from vsig_pipeline.execution import Inputs
from vsig_pipeline.steps import STEPS
read = inbox.ingest_file
def dies(data, name, *rest):
    if name == "deadly.csv":
        os.kill(os.getpid(), signal.SIGKILL)
    return read(data, name, *rest)
inbox.ingest_file = dies
project = open_project()
inputs = Inputs(project, STEPS["annotations"])
inbox.take_files(inputs, list(project.inbox.list()))
"""


def test_a_file_that_kills_whoever_reads_it_is_put_aside_and_the_rest_is_taken(
    grown: Project, sample: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("VSIG_PROJECT", str(grown.folder))
    monkeypatch.setenv("VSIG_RUN__MAX_ATTEMPTS", "2")
    one, two = grown.store.read("images")["uid"].to_pylist()[:2]
    (inbox_of(grown) / "deadly.csv").write_text(f"type,img1,img2\nSIMILAR,{one},{two}\n")
    shutil.copy(sample / "annotations-2.csv", grown.inbox.uri())
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", KILLED_BY], check=False)
        assert done.returncode == -signal.SIGKILL
    run_stage(open_project(grown.folder), "annotate")
    assert "annotations-2.csv" in files_of(grown) and pending_files(grown) == []
    reason = (inbox_of(grown) / "rejected" / "deadly.csv.reason.txt").read_text()
    assert "was killed 2 times while it read this file" in reason
    # Put back by a person, it has all its tries again.
    (inbox_of(grown) / "rejected" / "deadly.csv").rename(inbox_of(grown) / "deadly.csv")
    run_stage(grown, "annotate")
    assert "deadly.csv" in files_of(grown)


@pytest.mark.parametrize("moment", ["before it is listed", "while files are read"])
def test_an_inbox_that_vanishes_ends_the_run_with_one_clear_line(
    grown: Project, sample: Path, monkeypatch: pytest.MonkeyPatch, moment: str
):
    shutil.copy(sample / "annotations-2.csv", grown.inbox.uri())
    inbox = inbox_of(grown)
    rows = grown.store.count("annotations")
    read_bytes = Path.read_bytes

    def vanishing(path: Path) -> bytes:
        if path.parent == inbox and inbox.exists():
            inbox.rename(grown.folder / "unmounted")
        return read_bytes(path)

    if moment == "before it is listed":
        inbox.rename(grown.folder / "unmounted")
        with pytest.raises(SettingsError, match=r"^The inbox .* No such file.*Make"):
            run_quietly(grown)
    else:
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(Path, "read_bytes", vanishing)
            with pytest.raises(RunFailedError, match=r"The inbox .* is gone\. Nothing was taken"):
                run_stage(grown, "annotate")
    assert grown.store.count("annotations") == rows
    (grown.folder / "unmounted").rename(inbox)
    run_stage(grown, "annotate")
    assert grown.store.count("annotations") > rows
