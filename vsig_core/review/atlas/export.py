"""`vsig export atlas`: the map as a folder that any web server can host."""

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from vsig_core.corpus import what_may_leave
from vsig_core.errors import InputError
from vsig_core.project import Project
from vsig_core.review.atlas.contents import Contents, Versions
from vsig_core.review.atlas.packing import MANIFEST, Packed, Report, Thumbs, pack

STATIC = Path(__file__).parent / "static"
# What the browser needs of a pack; the rest is what these were made from.
_PARTS = ("points.bin", "colours.bin", "uids.json", "about-*.json", "small-*.jpg")

AtlasReport = Packed


def write_atlas(
    project: Project, out: Path, report: Report | None = None, today: date | None = None
) -> AtlasReport:
    """Write the map as a static folder: `out/index.html` and what it needs.

    A picture that may not leave the project (`publish`, `embargo_until`) is a nameless point:
    nothing of it is in the folder but its place.

    Parameters
    ----------
    project
        The project.
    out
        A folder that is not there yet, is empty, or holds such an export, which is replaced.
    report
        Called with the work done and in all.
    today
        The day on which embargoes are looked at; today (UTC) where left out.

    Raises
    ------
    InputError
        `out` is a file, or holds something else.
    TableMissingError
        There is no map yet.
    """
    _refuse_what_is_another(out)
    versions = Versions.now(project.store)
    out.parent.mkdir(parents=True, exist_ok=True)
    day = today or datetime.now(UTC).date()
    with tempfile.TemporaryDirectory(prefix=".vsig-atlas-", dir=out.parent) as place:
        packed_in, whole = Path(place) / "pack", Path(place) / "atlas"
        packed_in.mkdir()
        packed = pack(
            project.store, versions, packed_in, _may_leave(day), report or (lambda *_: None)
        )
        _assemble(packed_in, whole, versions.key)
        if out.exists():
            shutil.rmtree(out)
        whole.rename(out)
    return packed


def _may_leave(day: date) -> Callable[[Contents], Sequence[bool]]:
    def told(contents: Contents) -> list[bool]:
        leaving = what_may_leave(contents.images, day)
        return [uid in leaving for uid in contents.uids]

    return told


def _assemble(packed_in: Path, whole: Path, version: str) -> None:
    """The page, its scripts, and the pack with its pages of larger tiles."""
    shutil.copytree(STATIC, whole)
    data = whole / version
    data.mkdir()
    for pattern in _PARTS:
        for path in packed_in.glob(pattern):
            path.rename(data / path.name)
    thumbs = Thumbs(packed_in)
    for number in range(thumbs.pages):
        (data / f"large-{number}.jpg").write_bytes(thumbs.page(number))
    manifest = json.loads((packed_in / MANIFEST).read_text("utf-8"))
    served = {"state": "ready", "version": version, "links": {}, **manifest}
    (whole / "atlas.json").write_text(json.dumps(served, ensure_ascii=False), "utf-8")


def _refuse_what_is_another(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; name a folder for the map.")
    if out.is_dir() and any(out.iterdir()) and not (out / "atlas.json").is_file():
        raise InputError(
            f"{out} holds other things than an exported map; nothing was written. Name a new "
            "folder, or empty this one."
        )
