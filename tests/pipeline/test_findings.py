"""What `vsig run` and `vsig status` say of what was found: nobody has to read commits for it."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from command_line import document, vsig
from small_project import edit_settings, inbox_of, make_project, pictures_of, run_quietly, run_stage

from vsig_core.project import Project
from vsig_pipeline.findings import findings


def by_kind(found: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {finding["kind"]: finding["items"] for finding in found}


def on_its_own_pictures(grown: Project, finished: Project) -> Project:
    pictures = pictures_of(grown.folder)
    shutil.copytree(pictures_of(finished.folder).parent, pictures.parent)
    return edit_settings(grown, (str(pictures_of(finished.folder)), str(pictures)))


def test_a_run_says_what_it_could_not_use_and_what_it_did_not_do(tmp_path: Path, sample: Path):
    project = make_project(tmp_path / "project", sample)
    pictures = pictures_of(project.folder)
    (pictures / "page.jpg").write_text("<html>not found</html>")
    one, two = sorted(path.relative_to(pictures).as_posix() for path in pictures.rglob("*.jpg"))[:2]
    (inbox_of(project) / "broken.csv").write_bytes(b"\x00\x01\x02 no table\n")
    (inbox_of(project) / "mixed.csv").write_text(
        f"type,img1,img2\nPOSITIVE,{one},{two}\nLIKES,{one},{two}\nPOSITIVE,{one},later.jpg\n"
    )
    done = vsig("run", project=project.folder)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stderr.split())
    for words in ("page.jpg", "broken.csv", "inbox/rejected", "mixed.csv line 3", "later.jpg"):
        assert words in said, words
    assert "Nothing was trained" in said and "min_links" in said
    assert "not calibrated" in said and said.endswith("Up to date.")
    standing = by_kind(document("status", project=project.folder)["findings"])
    assert set(standing) == {
        "rejected_pictures", "rejected_files", "bad_rows", "missing_pictures", "not_trained",
        "uncalibrated",
    }  # fmt: skip
    assert "min_links" in vsig("status", project=project.folder).stderr
    # Only what is new, of what only ever grows.
    (inbox_of(project) / "again.csv").write_text(f"type,img1,img2\nHATES,{one},{two}\n")
    found = by_kind(document("run", "--from", "annotations", project=project.folder)["findings"])
    assert found["bad_rows"] == [item for item in found["bad_rows"] if "again.csv" in item] != []
    assert "rejected_files" not in found and "rejected_pictures" not in found


@pytest.mark.parametrize("sources", ["an empty folder", "none"])
def test_a_corpus_without_pictures_is_said_each_time(tmp_path: Path, sample: Path, sources: str):
    project = make_project(tmp_path / "project", sample)
    pictures = pictures_of(project.folder)
    shutil.rmtree(pictures)
    pictures.mkdir()
    if sources == "none":
        project = edit_settings(project, (f'[[source]]\nuri = "{pictures}"', ""))
    run_quietly(project)
    said = vsig("run", project=project.folder).stderr
    assert "No picture in the corpus" in said
    assert ("names no source" if sources == "none" else str(pictures)) in said
    assert "no_pictures" in by_kind(document("status", project=project.folder)["findings"])


def test_a_candidate_that_the_gate_turned_down_is_said(grown: Project):
    project = edit_settings(
        grown,
        ("epochs = 1", "epochs = 1\nlearning_rate = 3.0"),
        ("bootstrap = 100", "bootstrap = 100\nmin_components = 1"),
    )
    found = by_kind(document("run", project=project.folder)["findings"])
    (words,) = found["rejected_candidate"]
    assert "was rejected" in words
    assert words in vsig("status", project=project.folder).stderr


def test_judgements_of_a_picture_that_is_gone_are_said_to_wait_for_it(
    grown: Project, finished: Project
):
    project = on_its_own_pictures(grown, finished)
    links = project.store.read("links").to_pylist()
    uid = next(row["img1"] for row in links if row["verdict"] == "POSITIVE")
    file = pictures_of(project.folder) / uid
    file.rename(project.folder / "away.jpg")
    found = by_kind(document("run", "--from", "images", project=project.folder)["findings"])
    (words,) = found["missing_pictures"]
    assert words.startswith(uid) and "no longer there" in words and "annotations-1.csv" in words
    assert words in vsig("status", project=project.folder).stderr
    (project.folder / "away.jpg").rename(file)
    run_quietly(project)
    assert "missing_pictures" not in [finding.kind for finding in findings(project)]


def test_what_a_judgement_taken_back_names_is_not_waited_for(grown: Project):
    uid = grown.store.read("images")["uid"][0].as_py()
    rows = ["type,img1,img2,annotation_id,retracts", f"POSITIVE,{uid},later.jpg,x1,"]
    (inbox_of(grown) / "early.csv").write_text("\n".join(rows) + "\n")
    run_stage(grown, "annotate")
    assert "missing_pictures" in [finding.kind for finding in findings(grown)]
    (inbox_of(grown) / "back.csv").write_text("type,img1,img2,retracts\nRETRACT,,,x1\n")
    run_stage(grown, "annotate")
    assert "missing_pictures" not in [finding.kind for finding in findings(grown)]
