"""What `vsig run --plan` says a run would cost."""

import shutil
from pathlib import Path

from small_project import edit_settings, pictures_of

from vsig_core.project import Project
from vsig_pipeline.estimate import Estimate, estimate
from vsig_pipeline.listing import record_sources
from vsig_pipeline.running import look


def cost(project: Project) -> Estimate:
    found = look(project)
    return estimate(project, found.tasks, found.plan.table)


def test_pictures_are_counted_until_they_are_read_not_until_they_are_listed(project: Project):
    assert cost(project).to_read == 60
    record_sources(project)  # as the sensor does, or a run that broke off
    assert (cost(project).to_read, cost(project).to_embed) == (60, 60)


def test_only_new_and_changed_files_of_a_batch_are_counted(
    grown: Project, finished: Project, tmp_path: Path
):
    assert cost(grown).to_read == 0
    pictures = tmp_path / "more" / "images"
    pictures.mkdir(parents=True)
    source = f'uri = "{pictures_of(finished.folder)}"'
    project = edit_settings(grown, (source, f'{source}\n[[source]]\nuri = "{pictures}"'))
    first, second = sorted(pictures_of(finished.folder).rglob("*.jpg"))[:2]
    shutil.copy(first, pictures / "late.jpg")
    assert cost(project).to_read == 1
    record_sources(project)
    shutil.copy(second, pictures / "late.jpg")
    assert (cost(project).to_read, cost(project).to_embed) == (1, 1)


def test_other_settings_of_pictures_decode_all_of_them_again(grown: Project):
    project = edit_settings(grown, ("[training]", "[images]\nthumb_px = 64\n[training]"))
    assert cost(project).to_read == 60


def test_without_judgements_enough_nothing_is_said_to_be_trained(project: Project, sample: Path):
    assert not cost(project).training
    (project.inbox.folder / "broken.csv").write_bytes(b"\x00\x01 no table")
    (project.inbox.folder / "few.csv").write_text("type,img1,img2\nPOSITIVE,a.jpg,b.jpg\n")
    assert "trains nothing" in cost(project).in_words()
    shutil.copy(sample / "annotations-1.csv", project.inbox.uri())
    assert "may train a network" in cost(project).in_words()


def test_an_empty_folder_costs_no_picture_and_no_training(project: Project):
    shutil.rmtree(pictures_of(project.folder))
    pictures_of(project.folder).mkdir()
    needed = cost(project)
    assert (needed.to_read, needed.to_embed, needed.training) == (0, 0, False)


def test_pictures_that_moved_elsewhere_are_each_counted_once(
    grown: Project, finished: Project, tmp_path: Path
):
    shutil.copytree(pictures_of(finished.folder).parent, tmp_path / "elsewhere")
    places = (str(pictures_of(finished.folder)), str(tmp_path / "elsewhere" / "images"))
    needed = cost(edit_settings(grown, places))
    assert (needed.to_read, needed.to_embed) == (60, 60)
    assert "may train a network" in needed.in_words()
