"""Digests of what a commit wrote, kept beside it: Delta's log knows sizes, but no contents.

A seal is an object of the kind `seals`. It is written after its commit, so a process
that is killed in between leaves files without one; `vsig verify` counts them.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from vsig_core.store.contents import content, sha256_of
from vsig_core.store.files import Files
from vsig_core.store.log import actions_of, entry_name
from vsig_core.store.objects import Objects

KIND = "seals"


@dataclass(frozen=True)
class Seal:
    """One commit's files, the log's entry among them, and the sha256 of each."""

    table: str
    version: int
    files: Mapping[str, str]

    @classmethod
    def from_json(cls, text: bytes) -> "Seal":
        """Read back what `seal` wrote."""
        said = json.loads(text)
        return cls(said["table"], said["version"], said["files"])


def seal(files: Files, objects: Objects, table: str, version: int) -> None:
    """Keep the digests of what a version added.

    Raises
    ------
    StoreError
        What was written cannot be read back, or the digests cannot be kept.
    """
    entry = entry_name(table, version)
    names = [f"tables/{table}/{path}" for path in _added(content(files, entry))]
    said = {
        "table": table,
        "version": version,
        "files": {name: sha256_of(files, name) for name in [entry, *names]},
    }
    objects.put(KIND, json.dumps(said, sort_keys=True).encode(), "json")


def _added(entry: bytes) -> Iterator[str]:
    for action in actions_of(entry):
        add = action.get("add")
        if add is not None:
            yield unquote(add["path"])
