"""What was fetched, on this machine's disk: one file for each address.

A file is one line of JSON about the answer, then its bytes. Its time of change is when the
server last said that they are right.
"""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

PARTIAL = ".partial"


@dataclass(frozen=True)
class Head:
    """What a server said about its answer; `url` is where it lay after redirects."""

    url: str
    content_type: str
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True)
class Fetched:
    """An answer, and when it was right; `stale` says why it could not be asked for again."""

    data: bytes
    head: Head
    confirmed: datetime
    sha256: str
    stale: str | None = None


class Cache:
    """Answers by address.

    Parameters
    ----------
    folder
        Made where it is missing. It may be deleted while nothing runs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, url: str) -> Fetched | None:
        """An answer that was kept; None where there is none, or a damaged one."""
        try:
            with self._path(url).open("rb") as file:
                confirmed = _confirmed(file)
                line, data = file.readline(), file.read()
        except FileNotFoundError:
            return None
        said = _read_head(line)
        digest = hashlib.sha256(data).hexdigest()
        if said is None or said.pop("sha256") != digest:
            return None
        return Fetched(data, Head(**said), confirmed, digest)

    def glance(self, url: str) -> tuple[str, datetime] | None:
        """The sha256 that an answer had when it was kept, and when it was right, in no time."""
        try:
            with self._path(url).open("rb") as file:
                confirmed, said = _confirmed(file), _read_head(file.readline())
        except FileNotFoundError:
            return None
        return (said["sha256"], confirmed) if said else None

    def keep(self, url: str, data: bytes, head: Head) -> Fetched:
        """Keep an answer; whoever reads meanwhile sees the old one or the new one, whole."""
        path = self._path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(data).hexdigest()
        said = {**asdict(head), "sha256": digest}
        handle, partial = tempfile.mkstemp(suffix=PARTIAL, dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps(said).encode() + b"\n")
            file.write(data)
        Path(partial).replace(path)
        return Fetched(data, head, datetime.now(UTC), digest)

    def confirm(self, url: str) -> None:
        """Note that an answer is right still."""
        os.utime(self._path(url))

    def forget(self, url: str) -> None:
        """Delete an answer, where there is one."""
        self._path(url).unlink(missing_ok=True)

    def forget_older(self, days: float) -> None:
        """Delete answers that nobody needed, or confirmed, for so long."""
        before = time.time() - days * 86_400
        for path in self._folder.glob("*/*"):
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)

    def others(self, urls: Iterable[str]) -> list[Path]:
        """Files of answers from other addresses than these."""
        wanted = {self._path(url) for url in urls}
        return [path for path in self._folder.glob("*/*") if path not in wanted]

    def _path(self, url: str) -> Path:
        name = hashlib.sha256(url.encode()).hexdigest()
        return self._folder / name[:2] / name


def _confirmed(file: BinaryIO) -> datetime:
    return datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)


def _read_head(line: bytes) -> dict[str, Any] | None:
    """What the first line says; None where a power cut left another one."""
    names = {*Head.__dataclass_fields__, "sha256"}
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, dict) and said.keys() == names else None
