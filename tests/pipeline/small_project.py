"""A small project: a sample of 60 pictures, ResNet-18 with random weights, one epoch."""

import shutil
from pathlib import Path

from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult, materialize

from vsig_core.project import Project, init_project, open_project
from vsig_core.store import TABLES
from vsig_pipeline.assets import ASSETS
from vsig_pipeline.listing import record_sources
from vsig_pipeline.resources import ProjectResource
from vsig_pipeline.running import execute, run
from vsig_pipeline.state import State, Task
from vsig_pipeline.steps import Stage

SMALL = """
[model]
backbone = "resnet18"
weights = "none"
resolution = 64

[training]
views = 2
epochs = 1
min_links = 4

[triplets]
hard_negatives = 2
random_negatives = 1

[evaluation]
bootstrap = 100
"""


def make_project(folder: Path, sample: Path, settings: str = SMALL) -> Project:
    """A project beside a copy of the sample's pictures, which a test may change."""
    pictures = pictures_of(folder)
    shutil.copytree(sample / "images", pictures)
    shutil.copy(sample / "metadata.csv", pictures.parent)
    init_project(folder, [str(pictures)])
    path = folder / "vsig.toml"
    path.write_text(f'[[source]]\nuri = "{pictures}"\n{settings}')
    return open_project(folder)


def pictures_of(folder: Path) -> Path:
    """Where `make_project` puts the pictures of a project."""
    return folder.parent / "pictures" / "images"


def inbox_of(project: Project) -> Path:
    """The folder of a project's inbox."""
    return Path(project.inbox.uri())


def edit_settings(project: Project, *changes: tuple[str, str]) -> Project:
    """The project with words of its settings replaced."""
    path = project.folder / "vsig.toml"
    text = path.read_text()
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    path.write_text(text)
    return open_project(project.folder)


def run_quietly(project: Project, start: str | None = None) -> list[Task]:
    return run(project, lambda _label, _done, _total: None, lambda _task: None, start).tasks


def run_stage(project: Project, stage: Stage) -> None:
    """What the job of a stage does, without what follows it."""
    record_sources(project)
    execute(project, [task for task in State(project).tasks() if task.stage == stage])


def versions(project: Project) -> dict[str, int | None]:
    return {name: project.store.version(name) for name in TABLES}


def materialise(project: Project, name: str) -> ExecuteInProcessResult:
    """One asset alone, as a click in the Dagster UI computes it; it may fail."""
    asset = next(a for a in ASSETS if a.key == AssetKey(name))
    with DagsterInstance.ephemeral() as instance:
        return materialize(
            [asset],
            resources={"project": ProjectResource(folder=str(project.folder))},
            instance=instance,
            raise_on_error=False,
        )
