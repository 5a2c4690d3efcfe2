"""Files of a batch, read by workers: a few at a time, and the next batch's while one is committed.

Each file is read, hashed and decoded by a worker, which keeps the working copy in
the store and sends back some kilobytes: decoded pictures never leave it.
"""

import hashlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vsig_core.corpus.originals import read_original
from vsig_core.corpus.pictures import check_bytes, read_picture
from vsig_core.errors import PictureError, WorkerLostError
from vsig_core.settings import ImagesSettings
from vsig_core.store import Objects
from vsig_core.web import Web
from vsig_core.workers import IN_FLIGHT, as_done, require_living

# Files that a worker takes at a time: to ask for one costs a millisecond, to read it ten or more.
CHUNK = 8

Progress = Callable[[int, int], None]

# Columns that come from the file's bytes, and so outlive a change of its metadata.
_FROM_DECODING = ("phash", "width", "height", "thumb")
FROM_CONTENT = ("sha256", *_FROM_DECODING, "working")


@dataclass(frozen=True)
class WantedFile:
    """A file to be read.

    Parameters
    ----------
    uri
        Where it lies.
    known
        The sha256 that need not be decoded again; None where any content has to be.
    modified
        When it changed last by its listing.
    """

    uri: str
    known: str | None = None
    modified: datetime | None = None


@dataclass(frozen=True)
class FileReader:
    """How files are read; see `read_batch`."""

    objects: Objects
    settings: ImagesSettings
    taken_down: AbstractSet[str] = frozenset()
    web: Web | None = None

    def chunks(self, files: Sequence[WantedFile]) -> list["Chunk"]:
        """The files, some at a time."""
        starts = range(0, len(files), CHUNK)
        return [Chunk(self, tuple(files[start : start + CHUNK])) for start in starts]


@dataclass(frozen=True)
class Chunk:
    """Files that a worker takes at a time."""

    reader: FileReader
    files: tuple[WantedFile, ...]

    @property
    def asks(self) -> Hashable:
        """What decides what comes of it: two that ask the same are answered by one reading."""
        reader = self.reader
        return self.files, reader.settings, reader.taken_down, reader.web is None


@dataclass(frozen=True)
class FileRead:
    """Content columns of one file, or why there are none; neither where it is known."""

    content: dict[str, Any] | None = None
    refused: tuple[str, str] | None = None


PURGED = FileRead(
    refused=("purged", "it was taken down with 'vsig purge'; take the file out of the source")
)


class ReadAhead:
    """Files of the batch that comes next, read while the one at hand is put into the store.

    So the workers have something to do then. The next batch takes what was begun where it
    asks for just that.
    """

    def __init__(self) -> None:
        self._begun: dict[Hashable, Future[list[FileRead]]] = {}

    def begin(self, executor: Executor, chunks: Sequence[Chunk]) -> None:
        """Begin to read; at most as much as an executor has at a time."""
        self.give_up()
        self._begun = {
            chunk.asks: executor.submit(read_files, chunk) for chunk in chunks[:IN_FLIGHT]
        }

    def take(self, executor: Executor, chunk: Chunk) -> Future[list[FileRead]]:
        """The reading of a chunk, which may have begun."""
        return self._begun.pop(chunk.asks, None) or executor.submit(read_files, chunk)

    def give_up(self) -> None:
        """Drop what nobody took; when it is done, nobody writes for it any more."""
        wait([future for future in self._begun.values() if not future.cancel()])
        self._begun = {}


def read_chunks(
    chunks: Sequence[Chunk],
    executor: Executor,
    progress: Progress | None,
    ahead: ReadAhead,
    following: Sequence[Chunk],
) -> Iterator[FileRead]:
    """What became of each file, in their order; the first unexpected failure stops the rest.

    Parameters
    ----------
    chunks
        The files.
    executor, progress
        See `read_batch`.
    ahead
        Holds what was begun of them.
    following
        Begun when all of these have been: their places are free by then.
    """
    total, done = sum(len(chunk.files) for chunk in chunks), 0
    read: list[list[FileRead]] = [[] for _ in chunks]
    left = len(chunks)
    for place, future in as_done(lambda chunk: ahead.take(executor, chunk), chunks):
        left -= 1
        if following and left < IN_FLIGHT:
            ahead.begin(executor, following)
            following = ()
        try:
            read[place] = future.result()
        except WorkerLostError:
            read[place] = [
                _read_alone(file, chunks[place].reader, executor) for file in chunks[place].files
            ]
        done += len(read[place])
        if progress:
            progress(done, total)
    if following:
        ahead.begin(executor, following)
    return (one for several in read for one in several)


def _read_alone(file: WantedFile, reader: FileReader, executor: Executor) -> FileRead:
    """One file of several that a worker died of: the decoder may crash on it."""
    try:
        return executor.submit(read_files, Chunk(reader, (file,))).result()[0]
    except WorkerLostError as error:
        require_living(executor)
        return FileRead(refused=("crashes", str(error)))


def read_files(chunk: Chunk) -> list[FileRead]:
    """The worker: a working copy is on its way to the disk while the next file is decoded."""
    with ThreadPoolExecutor(1) as keeping:
        reads = [_read_file(file, chunk.reader, keeping) for file in chunk.files]
        return [kept() for kept in reads]


def _read_file(file: WantedFile, reader: FileReader, keeping: Executor) -> Callable[[], FileRead]:
    """Bytes are read once, hashed, and decoded if they are new; the rest is done when called."""
    try:
        data = read_original(
            file.uri,
            lambda size: check_bytes(size, reader.settings),
            reader.web,
            file.modified,
        )
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 in reader.taken_down:
            return lambda: PURGED
        if sha256 == file.known:
            return FileRead
        picture = read_picture(data, reader.settings)
    except PictureError as error:
        refused = (error.reason, error.detail)
        return lambda: FileRead(refused=refused)
    content = {"sha256": sha256, **{name: getattr(picture, name) for name in _FROM_DECODING}}
    working = keeping.submit(reader.objects.put, "working", picture.working, "jpg")
    return lambda: FileRead(content={**content, "working": working.result()})
