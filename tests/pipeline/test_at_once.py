"""Several processes at one project or one store: all that was judged is there, once."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from small_project import edit_settings, inbox_of, run_quietly, run_stage

from benchmarks.equal_tables import contents, differences
from vsig_core.errors import ConflictError
from vsig_core.project import Project, open_project
from vsig_core.store import Provenance, Store
from vsig_pipeline.execution import Inputs, Outcome, carry_out
from vsig_pipeline.lock import ReadingAhead, alone
from vsig_pipeline.steps import STEPS

RUN = [sys.executable, "-c", "from vsig_core.cli import main; main()", "run"]


@pytest.fixture
def stale(grown: Project) -> Project:
    """A project whose table `neighbours` is due."""
    return edit_settings(grown, ("[training]", "[neighbours]\nk = 5\n[training]"))


def others(project: Project, less: int) -> None:
    """What another process writes: the table with so many rows less."""
    rows = project.store.read("neighbours")
    project.store.write("neighbours", rows.slice(less), Provenance("by hand"))


def test_a_step_that_others_come_before_is_done_again_on_what_they_wrote(stale: Project):
    seen: list[int] = []

    def compute(inputs: Inputs) -> Outcome:
        rows = inputs.read("neighbours")
        seen.append(rows.num_rows)
        if len(seen) == 1:
            others(stale, 1)
        return Outcome({"neighbours": rows.slice(10)})

    said: list[str] = []
    carry_out(Inputs(stale, STEPS["neighbours"], log=said.append), compute)
    assert seen[1] == seen[0] - 1 and len(seen) == 2
    assert stale.store.count("neighbours") == seen[1] - 10
    assert "done again on fresh data" in said[0]


def test_a_step_that_others_come_before_each_time_says_so_and_overwrites_nothing(stale: Project):
    before = stale.store.count("neighbours")
    tries = []

    def compute(inputs: Inputs) -> Outcome:
        tries.append(inputs)
        others(stale, 1)
        return Outcome({"neighbours": inputs.read("neighbours").slice(10)})

    with pytest.raises(ConflictError, match="another process has written to it"):
        carry_out(Inputs(stale, STEPS["neighbours"]), compute)
    assert stale.store.count("neighbours") == before - len(tries)


def test_whoever_removes_what_nobody_names_waits_until_nothing_is_read_ahead(project: Project):
    reading, waits = ReadingAhead(project), threading.Event()
    steps: list[str] = []

    def take_down() -> None:
        with alone(project, lambda _line: waits.set()):
            steps.append("taken down")
            steps.append(f"another may read ahead: {ReadingAhead(project).begin()}")

    assert reading.begin()
    remover = threading.Thread(target=take_down)
    remover.start()
    assert waits.wait(60)
    steps.append("read ahead")
    reading.end()
    remover.join(60)
    assert steps == ["read ahead", "taken down", "another may read ahead: False"]
    assert reading.begin()
    reading.end()


DROPPER = """
import sys
from pathlib import Path
inbox, uids, own = Path(sys.argv[1]), sys.argv[2].split("|"), int(sys.argv[3])
for number in range(10):
    row = f"POSITIVE,{uids[own]},{uids[8 + number]},p{own}"
    # The same rows once more, in a file of another name.
    for name in (f"p{own}-{number}", f"p{own}-{number}-again"):
        partial = inbox / f".{name}"
        partial.write_text(f"type,img1,img2,annotator\\n{row}\\n")
        partial.rename(inbox / f"{name}.csv")
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_eight_processes_drop_while_two_machines_take_it_is_there_once(
    grown: Project, tmp_path: Path
):
    """Two project folders on one store and one inbox: no lock holds them apart."""
    second = tmp_path / "second"
    shutil.copytree(grown.folder, second)
    environment = {
        **os.environ,
        "VSIG_STORE": str(grown.store.location.folder),
        "VSIG_INBOX": str(grown.inbox.uri()),
        "VSIG_TRAINING__MIN_LINKS": "100000",
        "OMP_NUM_THREADS": "1",
    }
    before = grown.store.read("annotations").num_rows
    uids = grown.store.read("images")["uid"].to_pylist()[:18]
    drop = [sys.executable, "-c", DROPPER, str(grown.inbox.uri()), "|".join(uids)]
    droppers = [subprocess.Popen([*drop, str(own)]) for own in range(8)]
    takers = [
        subprocess.Popen(
            [*RUN[:3], "--project", str(folder), "run", "--from", "annotations"], env=environment
        )
        for folder in (grown.folder, second)
    ]
    assert [process.wait() for process in [*droppers, *takers]] == [0] * 10
    run_stage(grown, "annotate")  # what came while the last of them was ending
    rows = grown.store.read("annotations").to_pylist()
    ids = [row["annotation_id"] for row in rows]
    assert len(ids) == len(set(ids)) == before + 80
    judged = {(row["annotator"], row["img1"], row["img2"]) for row in rows}
    wanted = {(f"p{own}", uids[own], uids[8 + n]) for own in range(8) for n in range(10)}
    assert wanted <= {(who, *sorted(pair)) for who, *pair in judged} | judged
    assert not list(inbox_of(grown).glob("*.csv"))
    assert len(list((inbox_of(grown) / "done").glob("p*.csv"))) == 160


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_machines_that_run_at_once_end_with_the_tables_of_one(
    grown: Project, sample: Path, tmp_path: Path
):
    shutil.copy(sample / "annotations-2.csv", grown.inbox.uri())
    alone, second = tmp_path / "alone", tmp_path / "second"
    shutil.copytree(grown.folder, alone)
    shutil.copytree(grown.folder, second)
    run_quietly(open_project(alone))
    environment = {
        **os.environ,
        "VSIG_STORE": str(grown.store.location.folder),
        "VSIG_INBOX": str(grown.inbox.uri()),
        "OMP_NUM_THREADS": "1",
    }
    both = [
        subprocess.Popen([*RUN[:3], "--project", str(folder), "run"], env=environment)
        for folder in (grown.folder, second)
    ]
    assert [process.wait() for process in both] == [0, 0]
    assert run_quietly(grown) == []
    assert differences(contents(Store(str(alone / "store"))), contents(grown.store)) == []
