"""Corpora that change: pictures that move, go, come back, and are replaced."""

import os
import shutil
from dataclasses import replace

import boto3
import pytest
from growing_lab import Lab, drawn
from PIL import Image

from vsig_core.current import current_annotations, current_images
from vsig_core.errors import ConflictError
from vsig_core.project import open_project
from vsig_pipeline.listing import plan_sources, record_plan, record_sources
from vsig_pipeline.running import due, look
from vsig_pipeline.state import State

BEFORE = {("p1.jpg", "p2.jpg"): "POSITIVE", ("p1.jpg", "p3.jpg"): "NEGATIVE"}


def test_a_picture_that_moves_keeps_its_judgements_split_and_rows(lab: Lab):
    before = {row["uid"]: row for row in current_images(lab.project.store).to_pylist()}
    splits = {row["uid"]: row for row in lab.table("components")}
    lab.rename("p1.jpg", "room 2/masters.jpg")
    lab.go()
    assert lab.links() == {
        ("p2.jpg", "room 2/masters.jpg"): "POSITIVE",
        ("p3.jpg", "room 2/masters.jpg"): "NEGATIVE",
    }
    (alias,) = lab.table("aliases")
    assert (alias["old_uid"], alias["uid"], alias["reason"]) == (
        "p1.jpg", "room 2/masters.jpg", "moved",
    )  # fmt: skip
    after = {row["uid"]: row for row in current_images(lab.project.store).to_pylist()}
    kept = ("batch", "sha256", "thumb", "working", "added_at")
    assert [after["room 2/masters.jpg"][name] for name in kept] == [
        before["p1.jpg"][name] for name in kept
    ]
    assert lab.decoded() == 0
    now = {row["uid"]: row for row in lab.table("components")}
    for name in ("component", "split"):
        assert now["room 2/masters.jpg"][name] == splits["p1.jpg"][name]
    assert lab.found("moved_pictures")[0].startswith("p1.jpg → room 2/masters.jpg (moved")
    assert lab.found("missing_pictures") == lab.found("removed_pictures") == []
    assert not due(lab.project) or {task.stage for task in due(lab.project)} <= {
        "retrain", "embed", "recluster",
    }  # fmt: skip


def test_all_pictures_of_a_component_may_move_at_once(lab: Lab):
    before = {row["component"]: row["split"] for row in lab.table("components")}
    motifs = {row["motif"] for row in lab.table("motif_members")}
    for name in ("p1.jpg", "p2.jpg", "p3.jpg"):
        lab.rename(name, f"deposit/{name}")
    lab.go()
    assert {row["component"]: row["split"] for row in lab.table("components")} == before
    assert {row["motif"] for row in lab.table("motif_members")} == motifs
    assert lab.table("split_moves") == []


def test_moves_follow_one_another_and_lead_back(lab: Lab):
    for old, new in (("p1.jpg", "x.jpg"), ("x.jpg", "y.jpg")):
        lab.rename(old, new)
        lab.go()
    assert ("p2.jpg", "y.jpg") in lab.links()
    lab.rename("y.jpg", "p1.jpg")
    lab.go()
    assert lab.links() == BEFORE and lab.decoded() == 0


def test_two_pictures_change_names(lab: Lab):
    lab.rename("p1.jpg", "aside.jpg")
    lab.rename("p9.jpg", "p1.jpg")
    lab.rename("aside.jpg", "p9.jpg")
    lab.go()
    assert lab.links() == {("p2.jpg", "p9.jpg"): "POSITIVE", ("p3.jpg", "p9.jpg"): "NEGATIVE"}
    assert {row["uid"] for row in lab.table("components")} == {"p2.jpg", "p9.jpg"}
    lab.judge("SIMILAR,p1.jpg,p5.jpg")
    lab.go()
    assert lab.links()["p1.jpg", "p5.jpg"] == "SIMILAR"


def test_a_new_picture_under_an_old_name_takes_nothing_over(lab: Lab):
    lab.rename("p1.jpg", "moved.jpg")
    lab.go()
    drawn(lab.pictures / "p1.jpg", 77)
    lab.go()
    assert set(lab.links()) == {("moved.jpg", "p2.jpg"), ("moved.jpg", "p3.jpg")}
    lab.judge("NEGATIVE,p1.jpg,p2.jpg")
    lab.go()
    assert lab.links()["p1.jpg", "p2.jpg"] == "NEGATIVE"
    assert lab.links()["moved.jpg", "p2.jpg"] == "POSITIVE"


def test_an_id_column_that_comes_later_keeps_judgements(lab: Lab):
    rows = "".join(f"p{n}.jpg,inv-{n}\n" for n in range(10))
    (lab.pictures / "metadata.csv").write_text(f"filename,id\n{rows}")
    lab.go()
    assert lab.links() == {("inv-1", "inv-2"): "POSITIVE", ("inv-1", "inv-3"): "NEGATIVE"}
    assert {row["reason"] for row in lab.table("aliases")} == {"id given"}
    assert lab.decoded() == 0
    (lab.pictures / "metadata.csv").unlink()
    lab.go()
    assert lab.links() == BEFORE


def test_what_goes_leaves_the_corpus_and_comes_back_without_being_decoded(lab: Lab):
    data = {name: (lab.pictures / name).read_bytes() for name in ("p1.jpg", "p5.jpg", "p8.jpg")}
    images = lab.project.store.read("images")
    for name in data:
        (lab.pictures / name).unlink()
    assert look(lab.project).plan.removed == sorted(data)
    lab.go()
    assert lab.links() == {} and len(current_images(lab.project.store)) == 7
    assert [item.split()[0] for item in lab.found("removed_pictures")] == sorted(data)
    assert any("p1.jpg (no longer there" in item for item in lab.found("missing_pictures"))
    for name, content in data.items():
        (lab.pictures / name).write_bytes(content)
    assert look(lab.project).plan.returned == sorted(data)
    lab.go()
    assert lab.links() == BEFORE and lab.decoded() == 0
    assert lab.project.store.read("images").equals(images)
    assert lab.found("removed_pictures") == []


def test_a_folder_of_which_one_picture_was_left_comes_back_as_it_was(lab: Lab):
    images, corpus = lab.project.store.read("images"), lab.project.store.read("corpus")
    lab.pictures.rename(lab.pictures.with_name("elsewhere"))
    lab.pictures.mkdir()
    shutil.copy2(lab.pictures.with_name("elsewhere") / "p9.jpg", lab.pictures)
    lab.go()
    assert current_images(lab.project.store).num_rows == 1 and lab.links() == {}
    shutil.rmtree(lab.pictures)
    lab.pictures.with_name("elsewhere").rename(lab.pictures)
    # Batches that went as a whole stand as they were read; that of the one picture does not.
    assert len([task for task in due(lab.project) if task.step == "images"]) == 1
    lab.go()
    assert lab.decoded() == 0
    assert lab.project.store.read("images").equals(images)
    now = lab.project.store.read("corpus")
    assert now.drop_columns(["version"]).equals(corpus.drop_columns(["version"]))
    assert lab.links() == BEFORE


def test_a_picture_that_went_and_comes_back_under_another_name(lab: Lab):
    data = (lab.pictures / "p1.jpg").read_bytes()
    (lab.pictures / "p1.jpg").unlink()
    lab.go()
    (lab.pictures / "found again.jpg").write_bytes(data)
    lab.go()
    assert ("found again.jpg", "p2.jpg") in lab.links()
    assert lab.decoded() == 0


def test_a_replaced_picture_is_listed_and_one_that_was_saved_again_is_not(lab: Lab):
    with Image.open(lab.pictures / "p1.jpg") as picture:
        again = picture.convert("RGB")
    again.save(lab.pictures / "p1.jpg", quality=70)
    lab.go()
    assert lab.links() == BEFORE and lab.found("replaced_pictures") == []
    drawn(lab.pictures / "p1.jpg", 55)
    lab.go()
    assert lab.links() == {}
    assert [item.split()[0] for item in lab.found("replaced_pictures")] == ["p1.jpg"]
    assert {row["kind"] for row in lab.table("conflicts")} == {"replaced"}
    rows = sorted(lab.table("replaced_images"), key=lambda row: row["at"])
    assert [row["nearly"] for row in rows] == [True, False]


def test_one_old_picture_that_changes_has_its_own_batch_read_and_no_other_file(lab: Lab):
    images = {row["uid"]: row for row in lab.table("images")}
    batch = images["p5.jpg"]["batch"]
    for uid in images.keys() - {"p5.jpg"}:  # would be refused, were they opened
        path = lab.pictures / uid
        times = path.stat().st_mtime_ns
        path.write_bytes(bytes(path.stat().st_size))
        os.utime(path, ns=(times, times))
    drawn(lab.pictures / "p5.jpg", 99)
    tasks = [task for task in due(lab.project) if task.stage == "ingest"]
    assert [(task.step, task.partition) for task in tasks] == [("images", batch), ("corpus", None)]
    lab.go()
    after = {row["uid"]: row for row in lab.table("images")}
    assert [uid for uid, row in after.items() if row != images[uid]] == ["p5.jpg"]
    assert after.keys() == images.keys() and lab.decoded() == 1


def test_a_batch_of_which_nothing_can_be_read_blocks_nothing(lab: Lab):
    for n in range(4):
        (lab.pictures / f"bad{n}.jpg").write_bytes(b"<html>")
    lab.go()
    assert 0 in [row["images"] for row in lab.table("corpus")]
    assert not [task for task in due(lab.project) if task.stage in ("ingest", "annotate")]
    drawn(lab.pictures / "late.jpg", 50)
    lab.go()
    assert len(current_images(lab.project.store)) == 11
    assert len(lab.found("rejected_pictures")) == 4


def test_moves_that_a_crash_left_half_recorded_are_recorded_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
):
    lab.rename("p1.jpg", "x.jpg")
    plan = plan_sources(lab.project)

    def killed(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr(type(lab.project.store), "write", killed)
        with pytest.raises(KeyboardInterrupt):
            record_plan(lab.project, plan)
    assert len(lab.table("aliases")) == 1
    lab.go()
    assert len(lab.table("aliases")) == 1 and ("p2.jpg", "x.jpg") in lab.links()


def test_a_plan_that_another_process_came_before_is_made_again(lab: Lab):
    older = plan_sources(lab.project)
    drawn(lab.pictures / "new.jpg", 60)
    record_sources(lab.project)
    lab.rename("p1.jpg", "x.jpg")
    newer = plan_sources(lab.project)
    drawn(lab.pictures / "last.jpg", 61)
    record_sources(lab.project)
    for plan in (replace(older, touched=["b-x"]), newer):
        with pytest.raises(ConflictError, match="Nothing was written"):
            record_plan(lab.project, plan)
    lab.go()
    uids = {row["uid"] for row in lab.table("batches")}
    assert uids >= {"new.jpg", "last.jpg", "x.jpg"} and ("p2.jpg", "x.jpg") in lab.links()


def test_judgements_are_shown_by_the_ids_of_now(lab: Lab):
    lab.rename("p1.jpg", "x.jpg")
    lab.go()
    log = current_annotations(lab.project.store)
    assert {*log["img1"].to_pylist(), *log["img2"].to_pylist()} == {"p2.jpg", "p3.jpg", "x.jpg"}


def test_a_prefix_of_a_bucket_is_a_source_like_a_folder(
    lab: Lab, s3_root: str, monkeypatch: pytest.MonkeyPatch
):
    bucket = s3_root.split("/")[2]
    client = boto3.Session().client("s3")

    def put(name: str, content: bytes) -> None:
        client.put_object(Bucket=bucket, Key=f"lab/{name}", Body=content)

    contents = {path.name: path.read_bytes() for path in lab.pictures.iterdir()}
    for name, content in contents.items():
        put(name, content)
    path = lab.project.folder / "vsig.toml"
    path.write_text(path.read_text().replace(str(lab.pictures), f"s3://{bucket}/lab"))
    lab.project = open_project(lab.project.folder)
    lab.go()
    assert lab.decoded() == 0 and lab.links() == BEFORE
    client.delete_object(Bucket=bucket, Key="lab/p1.jpg")
    put("masters/p1.jpg", contents["p1.jpg"])
    put("p3.jpg", contents["p3.jpg"])  # the same content, written anew
    plan = plan_sources(lab.project)
    assert [move.uid for move in plan.moved] == ["masters/p1.jpg"] and plan.changed == []
    lab.go()
    assert ("masters/p1.jpg", "p2.jpg") in lab.links() and lab.decoded() == 0
    assert State(lab.project).read_batches().keys() == {row["batch"] for row in lab.table("corpus")}
    assert not list(lab.project.inbox.list("rejected"))
