"""An export is there whole or not at all, and takes the place of nothing unasked.

It is made under another name beside its place and renamed when it is finished: a process
that is killed leaves a folder whose name begins with a dot, and the export as it was before.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vsig_core.errors import InputError

REPORT = "vsig-export.json"
"""In each exported folder: what it is. A folder without it is never replaced."""


@contextmanager
def whole_file(out: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A place to write a file to, which becomes `out` when the block ends well.

    Raises
    ------
    InputError
        There is a file already and `overwrite` is not given, `out` is a folder, or there is
        no folder to put it in.
    """
    if out.is_dir():
        raise InputError(f"{out} is a folder; this format is one file. Name a file in it.")
    _refuse(out, overwrite)
    with _beside(out) as folder:
        made = folder / "new"
        yield made
        made.rename(out)


@contextmanager
def whole_folder(out: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A folder to write into, which becomes `out` when the block ends well.

    Raises
    ------
    InputError
        There is something already and `overwrite` is not given; or it is no folder that an
        export made, and so may hold what nobody wants to lose.
    """
    if out.is_dir() and not any(out.iterdir()):
        overwrite = True
    elif out.exists() and overwrite and not (out / REPORT).is_file():
        raise InputError(
            f"{out} was not made by 'vsig export' (it holds no {REPORT}), so it is not replaced. "
            "Name another folder."
        )
    _refuse(out, overwrite)
    with _beside(out) as folder:
        made = folder / "new"
        made.mkdir()
        yield made
        _exchange(made, out, folder / "old")


def _exchange(made: Path, out: Path, old: Path) -> None:
    """Put a folder in its place; what was there comes back where that fails."""
    if out.exists():
        out.rename(old)
    try:
        made.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write one JSON document, for people to read too; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _refuse(out: Path, overwrite: bool) -> None:  # noqa: FBT001
    if out.exists() and not overwrite:
        raise InputError(
            f"{out} is there already. Give --overwrite to replace it, or another name."
        )
    if not out.parent.is_dir():
        raise InputError(f"{out.parent} is no folder, so {out.name} cannot be written there.")


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A folder on the same disk, so that renaming is one step; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    _open_to_readers(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _open_to_readers(folder: Path) -> None:
    """Readable as any new folder is; `mkdtemp` lets only its owner in."""
    mask = os.umask(0)
    os.umask(mask)
    folder.chmod(0o777 & ~mask)
