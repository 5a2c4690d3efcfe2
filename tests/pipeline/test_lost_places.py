"""A store, a source, an inbox or a file that is away for a while: nothing is lost for it."""

import os
import pickle
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from growing_lab import Lab, drawn
from small_project import inbox_of, run_stage, versions

from vsig_core.corpus import due_again, present
from vsig_core.current import current_images
from vsig_core.errors import InputError, SourceError, StoreGoneError
from vsig_core.project import open_project
from vsig_pipeline.arrivals import left_alone, pending_files
from vsig_pipeline.execution import Inputs
from vsig_pipeline.inbox import Taken, take_files
from vsig_pipeline.listing import plan_sources, record_plan, record_sources
from vsig_pipeline.running import RunFailedError, due, execute, run
from vsig_pipeline.state import State
from vsig_pipeline.status import project_status
from vsig_pipeline.steps import STEPS

# The package gives the asset of that name.
annotations_step = sys.modules["vsig_pipeline.assets.annotations"]


def uids(lab: Lab) -> list[str]:
    return current_images(lab.project.store)["uid"].to_pylist()


@pytest.mark.parametrize("left", ["an empty folder", "nothing"])
def test_a_store_that_is_gone_is_not_begun_anew_and_swallows_no_judgements(lab: Lab, left: str):
    store = lab.project.folder / "store"
    store.rename(lab.project.folder / "unmounted")
    if left == "an empty folder":
        store.mkdir()
    lab.judge("SIMILAR,p4.jpg,p5.jpg")
    away = open_project(lab.project.folder)
    with pytest.raises(InputError, match=r"holds no judgements, but 1 .*done/rows\.csv.*mounted"):
        run(away, lambda *_: None, lambda _task: None)
    with pytest.raises(InputError, match="holds no judgements"):
        project_status(away)
    assert [file.name for file in pending_files(away)] == ["rows.csv"]
    shutil.rmtree(store, ignore_errors=True)
    (lab.project.folder / "unmounted").rename(store)
    lab.project = open_project(lab.project.folder)
    lab.go()
    assert lab.links()["p4.jpg", "p5.jpg"] == "SIMILAR" and ("p1.jpg", "p2.jpg") in lab.links()


def test_a_store_is_begun_anew_when_its_files_are_put_back_into_the_inbox(lab: Lab):
    shutil.rmtree(lab.project.folder / "store")
    inbox = inbox_of(lab.project)
    (inbox / "done" / "rows.csv").rename(inbox / "rows.csv")
    lab.project = open_project(lab.project.folder)
    lab.go()
    assert lab.links()["p1.jpg", "p2.jpg"] == "POSITIVE"


def test_a_source_that_shows_no_picture_any_more_removes_none(lab: Lab):
    before, there = versions(lab.project), uids(lab)
    lab.pictures.rename(lab.pictures.with_name("unmounted"))
    lab.pictures.mkdir()
    with pytest.raises(SourceError, match=r"holds no pictures any more, where it held 10.*mounted"):
        record_sources(lab.project)
    assert versions(lab.project) == before
    lab.pictures.rmdir()
    lab.pictures.with_name("unmounted").rename(lab.pictures)
    lab.go()
    assert uids(lab) == there and due(lab.project)[0].stage == "retrain"


def test_a_source_taken_out_of_the_settings_takes_its_pictures_with_it(lab: Lab, tmp_path: Path):
    drawn(tmp_path / "others" / "q.jpg", 77)
    path = lab.project.folder / "vsig.toml"
    path.write_text(path.read_text().replace(str(lab.pictures), str(tmp_path / "others")))
    lab.project = open_project(lab.project.folder)
    lab.go()
    assert uids(lab) == ["q.jpg"]


def test_a_source_that_vanishes_between_listing_and_reading_stops_the_reading(lab: Lab):
    drawn(lab.pictures / "new.jpg", 55)
    record_sources(lab.project)
    lab.pictures.rename(lab.pictures.with_name("unmounted"))
    with pytest.raises(SourceError, match="does not exist"):
        run_stage(lab.project, "ingest")
    there = uids(lab)
    lab.pictures.with_name("unmounted").rename(lab.pictures)
    lab.go()
    assert uids(lab) == sorted([*there, "new.jpg"])


def ingest_what_is_planned(lab: Lab) -> None:
    tasks = State(lab.project).tasks()
    execute(lab.project, [task for task in tasks if task.stage == "ingest"])


def unlisted_reading(lab: Lab, name: str) -> None:
    """A picture is away just while its batch is read; its listing never changes."""
    record_sources(lab.project)
    away = lab.pictures.with_name("away.jpg")
    (lab.pictures / name).rename(away)
    ingest_what_is_planned(lab)
    away.rename(lab.pictures / name)


def test_a_picture_that_was_missing_for_a_moment_is_asked_for_again(lab: Lab):
    drawn(lab.pictures / "new.jpg", 55)
    unlisted_reading(lab, "new.jpg")
    assert "new.jpg" not in uids(lab)
    plan = plan_sources(lab.project)
    assert plan.again == ["new.jpg"] and plan.added == plan.changed == []
    assert any("asked for again: new.jpg" in remark for remark in plan.remarks)
    record_plan(lab.project, plan)
    assert plan_sources(lab.project).again == []  # a pause, then once more
    assert plan_sources(lab.project, at_once=True).again == ["new.jpg"]
    lab.go()
    assert "new.jpg" in uids(lab) and lab.decoded() == 1
    assert plan_sources(lab.project, at_once=True).again == []


@pytest.mark.parametrize(("asked", "minutes"), [(1, 1), (2, 2), (4, 8), (90, 24 * 60)])
def test_pauses_double_up_to_a_day(asked: int, minutes: int):
    pause = timedelta(minutes=minutes)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    row = {"uid": "a", "gone_at": None, "asked": asked, "asked_at": at}
    assert due_again([row], {"a"}, at + pause) == {"a"}
    assert due_again([row], {"a"}, at + pause - timedelta(seconds=1)) == set()
    assert due_again([row], {"a"}, at, at_once=True) == {"a"}
    assert due_again([row | {"gone_at": at}], {"a"}, at, at_once=True) == set()
    assert due_again([row], set(), at + pause, at_once=True) == set()


def test_what_the_system_does_not_give_out_is_unreachable_and_asked_for_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
):
    shown = lab.pictures / "new.jpg"
    drawn(shown, 55)
    # A ring of links is refused whoever asks; a right that is lacking would not stop root.
    record_sources(lab.project)
    data = shown.read_bytes()
    status = shown.stat()
    shown.unlink()
    shown.symlink_to(shown)
    ingest_what_is_planned(lab)
    (row,) = lab.table("rejected_images")
    assert row["reason"] == "unreachable" and "symbolic links" in row["detail"]
    shown.unlink()
    shown.write_bytes(data)
    os.utime(shown, ns=(status.st_atime_ns, status.st_mtime_ns))
    lab.go()
    assert "new.jpg" in uids(lab) and lab.table("rejected_images") == []


def test_an_id_given_together_with_new_bytes_keeps_the_judgements(lab: Lab):
    picture = lab.pictures / "p1.jpg"
    drawn(picture, 1, quality=60)  # saved again: nearly the same
    rows = "".join(f"inv-{n},p{n}.jpg\n" for n in range(10))
    (lab.pictures / "metadata.csv").write_text("id,filename\n" + rows)
    lab.go()
    assert lab.links() == {("inv-1", "inv-2"): "POSITIVE", ("inv-1", "inv-3"): "NEGATIVE"}
    assert {(row["old_uid"], row["uid"]) for row in lab.table("aliases")} == {
        (f"p{n}.jpg", f"inv-{n}") for n in range(10)
    }


def test_an_id_given_to_another_picture_at_the_same_place_suspends_its_judgements(lab: Lab):
    drawn(lab.pictures / "p1.jpg", 400)
    rows = "".join(f"inv-{n},p{n}.jpg\n" for n in range(10))
    (lab.pictures / "metadata.csv").write_text("id,filename\n" + rows)
    lab.go()
    assert lab.links() == {}
    assert {row["kind"] for row in lab.table("conflicts")} == {"replaced"}


def test_what_is_left_alone_in_the_inbox_is_said_and_the_rest_is_taken(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    inbox = inbox_of(lab.project)
    secret = tmp_path / "secret.csv"
    secret.write_text("type,img1,img2\nSIMILAR,p6.jpg,p7.jpg\n")
    (inbox / "link.csv").symlink_to(secret)
    (inbox / "nothing.csv").symlink_to(tmp_path / "no such file")
    os.mkfifo(inbox / "pipe.csv")
    (inbox / "march").mkdir()
    (inbox / "march" / "more.csv").write_text("type,img1,img2\n")
    (inbox / "links.xlsx").write_bytes(b"PK")
    (inbox / "private.csv").write_text("type,img1,img2\nSIMILAR,p6.jpg,p8.jpg\n")
    lab.judge("SIMILAR,p4.jpg,p5.jpg")
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path).name != "private.csv" and access(path, mode)
    )
    assert set(left_alone(lab.project)) == {
        "link.csv", "nothing.csv", "pipe.csv", "march", "links.xlsx", "private.csv",
    }  # fmt: skip
    shown = {entry.what: entry.why for entry in project_status(lab.project).waiting}
    assert "may not read it" in shown["private.csv"] and "copy the file" in shown["link.csv"]
    lab.go()
    assert ("p4.jpg", "p5.jpg") in lab.links() and ("p6.jpg", "p7.jpg") not in lab.links()
    monkeypatch.undo()
    lab.go()
    assert ("p6.jpg", "p8.jpg") in lab.links()
    assert present(lab.project.store.read("batches")).num_rows == 10


@pytest.mark.parametrize("left", ["an empty folder", "nothing"])
@pytest.mark.parametrize("moment", ["while pictures are read", "while judgements are taken"])
def test_a_store_that_vanishes_in_mid_run_ends_it_and_nothing_is_written_in_its_place(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, moment: str, left: str
):
    store, away = lab.project.folder / "store", lab.project.folder / "unmounted"

    gone: list[Path] = []

    def vanish(*_: object) -> None:
        if not gone:
            gone.append(store.rename(away))
            if left == "an empty folder":
                store.mkdir()

    drawn(lab.pictures / "new.jpg", 55)
    lab.judge("SIMILAR,p4.jpg,p5.jpg")
    before = uids(lab)
    reading = moment == "while pictures are read"
    take_files = annotations_step.take_files

    def taken(*given: Any) -> Taken:
        found = take_files(*given)
        vanish()
        return found

    monkeypatch.setattr(annotations_step, "take_files", taken)
    with pytest.raises(RunFailedError, match=r"gone.*ring it back, then run again\.$") as told:
        run(lab.project, vanish if reading else lambda *_: None, lambda _task: None)
    assert "\n" not in str(told.value)
    assert sorted(store.rglob("*")) == [] and store.exists() is (left == "an empty folder")
    if store.exists():
        store.rmdir()
    away.rename(store)
    lab.project = open_project(lab.project.folder)
    lab.go()
    assert uids(lab) == sorted([*before, "new.jpg"])
    assert lab.links()["p4.jpg", "p5.jpg"] == "SIMILAR"


def test_workers_write_no_picture_where_a_store_was(lab: Lab):
    objects = lab.project.store.objects
    lab.project.store.version("images")
    (lab.project.folder / "store").rename(lab.project.folder / "unmounted")
    there = pickle.loads(pickle.dumps(objects))
    with pytest.raises(StoreGoneError, match=r"store/objects is gone.*bring it back"):
        there.put("working", b"1", "jpg")
    assert not (lab.project.folder / "store").exists()


def test_an_inbox_that_vanishes_before_its_files_are_put_away_is_not_made_anew(lab: Lab):
    lab.judge("SIMILAR,p4.jpg,p5.jpg")
    inbox, away = inbox_of(lab.project), lab.project.folder / "unmounted"
    inputs = Inputs(lab.project, STEPS["annotations"])
    taken = take_files(inputs, pending_files(lab.project))
    inbox.rename(away)
    with pytest.raises(StoreGoneError, match=r"inbox is gone"):
        lab.project.inbox.write("requests/learn.json", b"{}")
    taken.move()
    assert not inbox.exists()
    away.rename(inbox)
    lab.go()
    assert lab.links()["p4.jpg", "p5.jpg"] == "SIMILAR" and not pending_files(lab.project)
