"""What `vsig run --plan` says a run would cost."""

import shutil
from pathlib import Path

from small_project import edit_settings, pictures_of

from vsig_core.project import Project
from vsig_pipeline.estimate import Estimate, estimate
from vsig_pipeline.running import due
from vsig_pipeline.state import plan_sources, record_plan


def cost(project: Project) -> Estimate:
    return estimate(project, due(project))


def test_pictures_are_counted_until_they_are_read_not_until_they_are_listed(project: Project):
    assert cost(project).to_read == 60
    record_plan(project, plan_sources(project))  # as the sensor does, or a run that broke off
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
    record_plan(project, plan_sources(project))
    shutil.copy(second, pictures / "late.jpg")
    assert (cost(project).to_read, cost(project).to_embed) == (1, 1)


def test_other_settings_of_pictures_decode_all_of_them_again(grown: Project):
    project = edit_settings(grown, ("[training]", "[images]\nthumb_px = 64\n[training]"))
    assert cost(project).to_read == 60
