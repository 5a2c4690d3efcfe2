"""The `vsig` command on a small project: what it prints, its JSON, its exit status."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import document, vsig
from PIL import Image
from small_project import pictures_of, versions

from vsig_core.cli import build
from vsig_core.corpus.sample import draw_sample
from vsig_core.project import Project, init_project

PROCESS = [sys.executable, "-c", "import sys; from vsig_core.cli import main; main()"]


def test_a_process_of_its_own_prints_and_ends_as_the_command_does_here(tmp_path: Path):
    for words, status in ((["check-annotations", "--help"], 0), (["status"], 2)):
        command = [*PROCESS, "--project", str(tmp_path), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        here = vsig(*words, project=tmp_path)
        assert (done.returncode, done.stderr) == (here.returncode, here.stderr)
        assert done.returncode == status and "Traceback" not in done.stderr


def test_a_stranger_gets_from_a_sample_to_a_plan(tmp_path: Path):
    drawn = document("sample", tmp_path / "s", "--images", 60, "--motifs", 12)
    assert (drawn["images"], drawn["motifs"]) == (60, 12)
    made = document("init", tmp_path / "p", "--source", tmp_path / "s" / "images")
    assert Path(made["project"]) == tmp_path / "p"
    planned = document("run", "--plan", project=tmp_path / "p")
    assert {task["asset"] for task in planned["tasks"]} >= {"images", "clusters", "layout"}
    needed = planned["estimate"]
    assert needed["minutes"] > 0 and needed["gigabytes"] > 0
    shown = vsig("run", "--plan", project=tmp_path / "p")
    assert "minutes" in shown.stdout + shown.stderr


def test_status_says_what_is_fresh_and_what_is_in_force(finished: Project):
    status = document("status", project=finished.folder)
    assert {entry["table"] for entry in status["tables"]} == set(versions(finished))
    assert all(entry["fresh"] for entry in status["tables"]), status["tables"]
    assert status["champion"]["model_id"].startswith("m-")
    assert vsig("status", project=finished.folder).returncode == 0


def test_a_run_with_nothing_to_do_says_so(finished: Project):
    assert document("run", project=finished.folder)["done"] == []
    assert "Nothing was stale" in vsig("run", project=finished.folder).stderr


def test_a_run_in_a_folder_that_is_read_only_says_so_in_one_line(small_disk: Path):
    project = init_project(small_disk / "p")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = vsig("run", project=project.folder)
    said = f"vsig: {project.folder}/store cannot be written: Read-only file system.\n"
    assert (done.returncode, done.stderr.lstrip()) == (1, said)


def test_what_is_amiss_in_the_sources_is_said_wherever_a_person_looks(tmp_path: Path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.new("RGB", (64, 64), "red").save(pictures / "a.jpg")
    Image.new("RGB", (64, 64), "blue").save(pictures / "b.jpg")
    rows = ["file,id,lat", "a.jpg,1,north", *(f"gone-{n}.jpg,,1" for n in range(7))]
    (pictures / "metadata.csv").write_text("\n".join(rows).replace("file,", "filename,"))
    made = Path(document("init", tmp_path / "p", "--source", pictures)["project"])
    for words in (["status"], ["run", "--plan"], ["run", "--from", "atlas"]):
        said = document(*words, project=made)["sources"]
        notes = " ".join(said["notes"])
        assert "1 pictures without a row" in notes and "1 metadata cells" in notes, words
        assert len(said["unmatched_rows"]) == 7 and "gone-6.jpg" in said["unmatched_rows"][6]
        shown = vsig(*words, project=made).stderr
        assert "7 metadata rows match no picture" in " ".join(shown.split()), words
        assert "and 2 more" in shown, words


def test_evaluate_scores_every_model_on_the_same_queries(finished: Project):
    rows = document("evaluate", project=finished.folder)["evaluations"]
    subjects = set(finished.store.read("models")["model_id"].to_pylist())
    subjects |= {"grey16", "colour_histogram"}
    assert {row["subject"] for row in rows} == subjects
    counts = {(row["split"], row["n"]) for row in rows if row["metric"] == "map"}
    assert len({split for split, _ in counts}) == len(counts)


def test_evaluate_draws_what_got_worse(finished: Project, tmp_path: Path):
    sheet = tmp_path / "worst.jpg"
    document("evaluate", "--worst", sheet, project=finished.folder)
    with Image.open(sheet) as drawn:
        assert drawn.width > 1000
    model = finished.store.read("models")["model_id"][0].as_py()
    for words in (["--worst", sheet, "--model", model], ["--worst", tmp_path / "no" / "x.jpg"]):
        refused = vsig("evaluate", *words, project=finished.folder)
        assert refused.returncode == 2, refused.stderr
    assert "x.jpg cannot be written" in refused.stderr.replace("\n", "")


def test_similar_takes_a_uid_or_a_file(finished: Project):
    uid = finished.store.read("images")["uid"][0].as_py()
    by_uid = document("similar", uid, "-k", 5, project=finished.folder)["similar"]
    assert [entry["rank"] for entry in by_uid] == [1, 2, 3, 4, 5]
    assert uid not in [entry["uid"] for entry in by_uid]
    file = pictures_of(finished.folder) / uid
    by_file = document("similar", file, "-k", 1, project=finished.folder)["similar"]
    assert by_file[0]["uid"] == uid and by_file[0]["distance"] < 1e-3


def test_trace_leads_to_runs_and_files(finished: Project):
    store = finished.store
    uid = store.read("links")["img1"][0].as_py()
    cluster = next(filter(None, store.read("clusters")["cluster"].to_pylist()))
    model = store.read("models")["model_id"][0].as_py()
    for words in ([uid], ["--cluster", cluster], ["--model", model]):
        traced = document("trace", *words, project=finished.folder)
        assert traced["lineage"]["run_id"], words
    assert "annotations-1.csv" in json.dumps(document("trace", uid, project=finished.folder))


def test_check_annotations_changes_nothing_and_names_bad_lines(finished: Project, tmp_path: Path):
    before = versions(finished)
    one, two = finished.store.read("images")["uid"].to_pylist()[:2]
    file = tmp_path / "judged.csv"
    file.write_text(
        f"type,img1,img2\nPOSITIVE,{one},{two}\nPOSITIVE,{one},later.jpg\nLIKES,{one},{two}\n"
    )
    (report,) = document("check-annotations", file, project=finished.folder)["files"]
    assert set(report) >= {
        "path", "rows", "by_type", "folded_verdicts", "components", "unknown_images",
        "conflicts", "bad_rows",
    }  # fmt: skip
    assert report["unknown_images"] == ["later.jpg"]
    assert [row["row"] for row in report["bad_rows"]] == [4]
    assert versions(finished) == before
    shown = vsig("check-annotations", file, project=finished.folder)
    assert shown.returncode == 0 and "line 4" in shown.stderr


def test_check_annotations_counts_the_file_of_the_replica_project(corpora: Path):
    file = corpora / "replica" / "morphograph_clusters.csv"
    (report,) = document("check-annotations", file)["files"]
    assert report["rows"] == 1380
    assert report["by_type"] == {"POSITIVE": 1254, "DUPLICATE": 75, "SIMILAR": 51}
    assert report["components"]["count"] == 253
    assert report["components"]["images"] == 761
    assert report["components"]["largest"] == 12


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["status"], 2, "vsig init"),
        (["run", "--from", "cluster"], 2, "clusters"),
        (["similar", "nothing.jpg"], 2, "neither a picture"),
        (["trace"], 2, "Name one thing"),
        (["trace", "nothing.jpg"], 2, "nothing.jpg"),
        (["dance"], 2, "No such command"),
        (["init", "p", "--source", "gs://bucket/pictures"], 2, "s3://bucket/prefix"),
        (["check-annotations", "nowhere.csv"], 2, "nowhere.csv"),
        (["sample", "s", "--images", "60", "--motifs", "40"], 2, "images for each motif"),
    ],
)
def test_wrong_use_ends_with_status_2_and_a_way_out(
    finished: Project, tmp_path: Path, words: list[str], status: int, says: str
):
    folder = tmp_path if words == ["status"] else finished.folder
    done = vsig(*words, project=folder)
    assert done.returncode == status, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_similar_names_a_file_that_is_no_picture_and_keeps_its_content_to_itself(
    finished: Project, tmp_path: Path
):
    file = tmp_path / "accounts.txt"
    file.write_text("root:x:0:0:root:/root:/bin/bash\n")
    done = vsig("similar", file, project=finished.folder)
    assert done.returncode == 2
    assert "accounts.txt" in done.stderr and "root:" not in done.stderr


@pytest.mark.parametrize(
    "words", [["similar", "a.jpg"], ["trace", "a.jpg"], ["trace", "--cluster", "c-1"]]
)
def test_what_needs_pictures_names_the_run_where_there_are_none(tmp_path: Path, words: list[str]):
    folder = init_project(tmp_path / "p").folder
    done = vsig(*words, project=folder)
    assert done.returncode == 1, done.stderr
    assert "vsig run" in done.stderr and "no pictures yet" in done.stderr


def test_evaluate_without_judgements_says_why_there_is_nothing_to_score(grown: Project):
    shutil.rmtree(grown.folder / "store" / "tables" / "components")
    said = document("evaluate", project=grown.folder)
    assert not [row for row in said["evaluations"] if row["metric"] == "map"]
    assert "No picture" in said["notes"][0]
    shown = vsig("evaluate", project=grown.folder)
    assert shown.returncode == 0 and str(grown.inbox.uri()) in shown.stderr


@pytest.mark.parametrize(
    ("place", "says"), [("nowhere", "No such file"), ("vsig.toml", "Not a directory")]
)
def test_an_inbox_that_is_no_folder_is_said(
    finished: Project, monkeypatch: pytest.MonkeyPatch, place: str, says: str
):
    monkeypatch.setenv("VSIG_INBOX", str(finished.folder / place))
    for words in (["run"], ["run", "--plan"], ["status"]):
        done = vsig(*words, project=finished.folder)
        assert done.returncode == 2 and says in done.stderr, words
        assert place in done.stderr and "VSIG_INBOX" in done.stderr


def test_a_step_that_fails_ends_with_status_1_and_its_own_words(grown: Project):
    damaged = grown.folder / "store" / "tables" / "embeddings"
    shutil.rmtree(damaged / "_delta_log")
    done = vsig("similar", "x", project=grown.folder)
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr


def test_weights_that_cannot_be_had_are_one_error_with_the_way_out(tmp_path: Path):
    draw_sample(tmp_path / "s", images=60, motifs=12, seed=7)
    vsig("init", tmp_path / "p", "--source", tmp_path / "s" / "images")
    toml = tmp_path / "p" / "vsig.toml"
    text = toml.read_text().replace('# backbone = "efficientnet_lite0"', 'backbone = "resnet18"')
    toml.write_text(text)
    done = vsig("run", project=tmp_path / "p")
    assert done.returncode == 1
    assert "weights" in done.stderr and "none" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_has_a_help_text():
    for command in build().registered_commands:
        assert command.callback is not None
        assert (command.callback.__doc__ or "").strip(), command.name
