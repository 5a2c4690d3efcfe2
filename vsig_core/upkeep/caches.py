"""What this machine keeps beside the store: maps of the frozen trunk, interrupted trainings."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from vsig_core.current import current_images
from vsig_core.project import Project


def stale_caches(project: Project, training: str | None) -> list[Path]:
    """Files that nothing asks for any more.

    Parameters
    ----------
    project
        The project.
    training
        Name of the training that may be gone on with; None where none is due.
    """
    copies = current_images(project.store, ["working"])["working"].to_pylist()
    # As the cache names them: `vsig_core.model.maps`.
    wanted = {hashlib.sha256(key.encode()).hexdigest() for key in copies}
    frozen = project.settings.training.frozen_trunk
    maps = [
        path
        for path in _files(project.work / "trunk")
        if not frozen or path.name.partition("-")[0] not in wanted
    ]
    trainings = project.work / "training"
    begun = [
        path
        for path in _files(trainings)
        if training is None or path.relative_to(trainings).parts[0] != training
    ]
    return sorted([*maps, *begun])


def delete(paths: Iterable[Path]) -> None:
    """Delete files, and folders that are empty then."""
    for path in paths:
        path.unlink(missing_ok=True)
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
