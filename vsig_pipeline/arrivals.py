"""What has come into the inbox: files to take, and what is left alone and why."""

import os
import time
from pathlib import PurePosixPath

from vsig_core.errors import SettingsError, StoreError
from vsig_core.project import Project
from vsig_core.settings import Settings
from vsig_core.store import File, FolderFiles

# A file that was written to a moment ago may be half-copied.
QUIET_SECONDS = 5
# Where files go that were taken, or could not be.
_OURS = {"done", "rejected"}


def pending_files(project: Project, quiet_seconds: float = 0) -> list[File]:
    """Annotation files that wait in the inbox, by name.

    Parameters
    ----------
    project
        The project.
    quiet_seconds
        Only files that nobody has written to for so long.

    Raises
    ------
    SettingsError
        The inbox is no folder: files put where it was meant to be would wait for ever.
    StoreError
        The inbox is in a bucket that cannot be listed.
    """
    return [
        file
        for file in _inbox(project)
        if _left_because(project, file.name) is None and lies_still(file, quiet_seconds)
    ]


def left_alone(project: Project) -> dict[str, str]:
    """What lies in the inbox and is not taken: its name to the reason, for a person.

    Raises
    ------
    SettingsError, StoreError
        As for `pending_files`.
    """
    names = {file.name for file in _inbox(project)}
    if isinstance(project.inbox, FolderFiles) and project.inbox.folder.is_dir():
        names |= {entry.name for entry in project.inbox.folder.iterdir()}
    reasons = {name: _left_because(project, name) for name in sorted(names - _OURS)}
    return {name: why for name, why in reasons.items() if why and not name.startswith(".")}


def _left_because(project: Project, name: str) -> str | None:
    """Why something in the inbox is not taken; None where it is."""
    if isinstance(project.inbox, FolderFiles):
        path = project.inbox.folder / name
        if path.is_symlink():
            return "it is a link, and none is followed: copy the file itself here"
        if path.is_dir():
            return "it is a folder: files in it are not looked for; move them up"
        if path.exists() and not path.is_file():
            return "it is no file but a pipe, a socket or a device: take it away"
        if path.exists() and not os.access(path, os.R_OK):
            return f"user {os.geteuid()} may not read it: make it readable"
    return (
        None if is_annotation_file(name) else "it is no .csv file, so no judgements are read of it"
    )


def is_annotation_file(name: str) -> bool:
    """Whether a file of the inbox is one of judgements, by its name."""
    name = PurePosixPath(name).name
    return name.lower().endswith(".csv") and not name.startswith(".")


def _inbox(project: Project) -> list[File]:
    """What lies in the inbox; nothing where a project has not made the usual one yet."""
    try:
        return list(project.inbox.list())
    except StoreError as error:
        usual = project.settings.inbox == Settings().inbox
        missing = isinstance(error.__cause__, FileNotFoundError)
        if usual and missing and project.store.version("annotations") is None:
            return []
        if not isinstance(error.__cause__, OSError):
            raise  # the server's words say what to do
        raise SettingsError(
            f"The inbox {error} Make the folder, or name another one: inbox in vsig.toml, or the "
            "variable VSIG_INBOX."
        ) from error


def lies_still(file: File, seconds: float) -> bool:
    """Whether nobody has written to a file for so long.

    A time to come, by a clock that is wrong, is no bar.
    """
    return abs(time.time() - file.modified.timestamp()) >= seconds
