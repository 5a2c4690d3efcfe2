"""`vsig export atlas`: the map as a folder that any web server can host."""

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from vsig_core.corpus import what_may_leave
from vsig_core.errors import InputError
from vsig_core.project import Project
from vsig_core.review.atlas.contents import Contents, Versions
from vsig_core.review.atlas.packing import MANIFEST, Packed, Report, Thumbs, pack

STATIC = Path(__file__).parent / "static"
# What the browser needs of a pack; the rest is what these were made from.
_PARTS = ("points.bin", "colours-*.bin", "uids.json", "about-*.json", "small-*.jpg")


@dataclass(frozen=True)
class AtlasReport:
    """What was written.

    Parameters
    ----------
    out
        The folder.
    packed
        How many pictures, and of how many what is shown.
    """

    out: Path
    packed: Packed

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"format": "atlas", "out": str(self.out), **asdict(self.packed)}

    def sentences(self) -> list[str]:
        """For a person."""
        packed = self.packed
        lines = [f"{self.out}: a map of {packed.pictures:,} pictures, for any web server."]
        if withheld := packed.pictures - packed.told:
            lines.append(f"{withheld:,} may not leave (publish, embargo_until): nameless points.")
        if undrawn := packed.told - packed.drawn:
            lines.append(
                f"{undrawn:,} have no thumbnail that can be read: points with their words."
            )
        if packed.left_out:
            lines.append(f"{packed.left_out:,} have no place on the map yet: run 'vsig run'.")
        return lines


def write_atlas(
    project: Project,
    out: Path,
    *,
    overwrite: bool = False,
    report: Report | None = None,
    today: date | None = None,
) -> AtlasReport:
    """Write the map as a static folder: `out/index.html` and what it needs.

    A picture that may not leave the project (`publish`, `embargo_until`) is a nameless point:
    nothing of it is in the folder but its place.

    Parameters
    ----------
    project
        The project.
    out
        A folder that is not there yet, or is empty.
    overwrite
        Replace an earlier map in `out`.
    report
        Called with the work done and in all.
    today
        The day on which embargoes are looked at; today (UTC) where left out.

    Raises
    ------
    InputError
        `out` is a file, holds something else, or holds a map that is not to be replaced.
    TableMissingError
        There is no map yet.
    """
    _refuse_what_is_there(out, overwrite=overwrite)
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
    return AtlasReport(out, packed)


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

    def write(number: int) -> None:
        (data / f"large-{number}.jpg").write_bytes(thumbs.page(number))

    with ThreadPoolExecutor() as threads:
        for _ in threads.map(write, range(thumbs.pages)):
            pass
    manifest = json.loads((packed_in / MANIFEST).read_text("utf-8"))
    served = {"state": "ready", "version": version, "links": {}, "pages": [], **manifest}
    (whole / "atlas.json").write_text(json.dumps(served, ensure_ascii=False), "utf-8")


def _refuse_what_is_there(out: Path, *, overwrite: bool) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; name a folder for the map.")
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not (out / "atlas.json").is_file():
        raise InputError(
            f"{out} holds other things than an exported map; nothing was written. Name a new "
            "folder, or empty this one."
        )
    if not overwrite:
        raise InputError(f"{out} holds a map already; --overwrite replaces it.")
