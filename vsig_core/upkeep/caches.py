"""What this machine keeps beside the store.

Maps of the frozen trunk, interrupted trainings, the packed picture map, fetched pictures.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from vsig_core.corpus import present
from vsig_core.current import current_images, taken_down
from vsig_core.project import Project
from vsig_core.store import Store


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
    return sorted([*maps, *begun, *_old_packs(project), *_fetched(project)])


def _fetched(project: Project) -> list[Path]:
    """Pictures from the web that no source names any more, or that were taken down."""
    planned = present(project.store.read_or_empty("batches", columns=["uid", "uri", "gone_at"]))
    down = taken_down(project.store)
    rows = planned.to_pylist()
    return project.web.other_pictures(row["uri"] for row in rows if row["uid"] not in down)


def _old_packs(project: Project) -> list[Path]:
    """The picture map, packed from tables that have changed since: `vsig_core.review.atlas`.

    It holds thumbnails; one that is half packed is named by a dot.
    """
    packed = project.work / "map"
    known = [path.parent for path in _files(packed) if path.name == "versions.json"]
    in_force = {folder for folder in known if _versions_hold(project.store, folder)}
    return [path for path in _files(packed) if path.parent not in in_force]


def _versions_hold(store: Store, folder: Path) -> bool:
    """Whether tables are what they were when a map was packed."""
    versions = json.loads((folder / "versions.json").read_text("utf-8"))
    return all(store.version(name) == version for name, version in versions.items())


def delete(paths: Iterable[Path]) -> None:
    """Delete files, and folders that are empty then."""
    for path in paths:
        path.unlink(missing_ok=True)
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
