import hashlib
import pickle
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from corpus_pictures import bomb, drawing, encoded, opened
from PIL import Image

from vsig_core.corpus import (
    BatchRead,
    NextBatch,
    ReadAhead,
    images,
    list_source,
    plan_batches,
    read_batch,
    reading,
)
from vsig_core.errors import StoreError, WorkersError
from vsig_core.settings import ImagesSettings, SourceSettings
from vsig_core.store import Objects
from vsig_core.store.schema import empty, schema
from vsig_core.workers import LocalProcesses

Write = Callable[..., Path]
SETTINGS = ImagesSettings()


@pytest.fixture
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(str(tmp_path / "store"))


def planned(tmp_path: Path) -> pa.Table:
    listing = list_source(SourceSettings(uri="pictures"), tmp_path)
    return plan_batches(empty("batches"), listing, 500).table


def rows(table: pa.Table, *columns: str) -> list[tuple[object, ...]]:
    return [tuple(row[column] for column in columns) for row in table.to_pylist()]


def without_time(read: BatchRead) -> pa.Table:
    return read.images.drop_columns(["added_at"])


def test_a_batch_becomes_rows_objects_and_reasons(
    tmp_path: Path, write: Write, objects: Objects, pool: Executor
):
    data = write("b.jpg", 1).read_bytes()
    write("a.png", encoded(drawing(2, (2000, 1000)), "PNG"))
    write("zero.jpg", b"")
    write("cut.jpg", data[: len(data) // 2])
    write("page.jpg", b"<!DOCTYPE html><html></html>")
    write("dot.png", encoded(Image.new("RGB", (1, 1)), "PNG"))
    write("bomb.png", bomb(20_000, 20_000))
    write("moves.gif", encoded(drawing(3), "GIF", save_all=True, append_images=[drawing(4)]))
    read = read_batch(planned(tmp_path), empty("images"), objects, SETTINGS, pool)
    assert read.images.schema.equals(schema("images"))
    assert read.rejected.schema.equals(schema("rejected_images"))
    assert rows(read.images, "uid", "width", "height") == [
        ("a.png", 2000, 1000),
        ("b.jpg", 96, 64),
        ("moves.gif", 96, 64),
    ]
    assert rows(read.rejected, "uid", "reason") == [
        ("bomb.png", "too_many_pixels"),
        ("cut.jpg", "truncated"),
        ("dot.png", "too_small"),
        ("page.jpg", "not_a_picture"),
        ("zero.jpg", "empty"),
    ]
    assert read.decoded == 3
    row = read.images.to_pylist()[1]
    assert row["sha256"] == hashlib.sha256(data).hexdigest()
    assert opened(row["thumb"]).size == opened(objects.get(row["working"])).size == (96, 64)
    assert row["working"].startswith("working/") and row["publish"] == "none"


def test_every_reason_is_one_that_the_table_declares():
    from vsig_core.store.schema import TABLES

    meaning = next(c.meaning for c in TABLES["rejected_images"].columns if c.name == "reason")
    package = Path(images.__file__).parent
    source = "".join((package / name).read_text() for name in ("pictures.py", "images.py"))
    used = {part.split('"')[1] for part in source.split("PictureError(")[1:] if '"' in part[:40]}
    assert used and used <= set(meaning.split(", "))


def test_metadata_lands_on_the_picture_it_describes(
    tmp_path: Path, write: Write, objects: Objects, pool: Executor
):
    """Defect 7 of the original: an unreadable file shifted the ids of all that followed."""
    hashes = {}
    for seed, name in enumerate(["d.jpg", "a.jpg", "c.jpg", "b.jpg"]):
        hashes[name] = hashlib.sha256(write(name, seed).read_bytes()).hexdigest()
    write("aa.jpg", b"unreadable")
    lines = [f"{name},{name} title,1520" for name in ("c.jpg", "aa.jpg", "d.jpg", "a.jpg", "b.jpg")]
    write("metadata.csv", "\n".join(["filename,title,year", *lines]).encode())
    read = read_batch(planned(tmp_path), empty("images"), objects, SETTINGS, pool)
    assert rows(read.images, "uid", "title", "sha256", "year_from") == [
        (name, f"{name} title", hashes[name], 1520) for name in sorted(hashes)
    ]
    assert rows(read.rejected, "uid") == [("aa.jpg",)]


def test_a_known_picture_is_not_decoded_again_and_its_metadata_is_refreshed(
    tmp_path: Path, write: Write, objects: Objects, pool: Executor, monkeypatch: pytest.MonkeyPatch
):
    write("a.jpg", 1)
    write("b.jpg", 2)
    first = read_batch(planned(tmp_path), empty("images"), objects, SETTINGS, pool)
    write("b.jpg", 3)
    write("metadata.csv", b"filename,title\na.jpg,New\n")
    second = read_batch(planned(tmp_path), first.images, objects, SETTINGS, pool)
    assert second.decoded == 1 and second.digest != first.digest
    assert rows(second.images, "uid", "title") == [("a.jpg", "New"), ("b.jpg", None)]
    assert rows(second.images, "thumb", "added_at")[0] == rows(first.images, "thumb", "added_at")[0]
    assert rows(second.images, "sha256")[1] != rows(first.images, "sha256")[1]
    assert rows(second.images, "added_at")[1] == rows(first.images, "added_at")[1]
    monkeypatch.setattr(reading, "read_picture", lambda *_: pytest.fail("decoded"))
    third = read_batch(planned(tmp_path), second.images, objects, SETTINGS, pool)
    assert third.decoded == 0 and third.digest == second.digest
    assert third.images.equals(second.images)


def test_pictures_that_are_decoded_again_keep_the_time_when_they_were_first_read(
    tmp_path: Path, write: Write, objects: Objects, pool: Executor
):
    write("a.jpg", 1)
    first = read_batch(planned(tmp_path), empty("images"), objects, SETTINGS, pool)
    smaller = ImagesSettings(thumb_px=16)
    table = planned(tmp_path)
    again = read_batch(table, first.images, objects, smaller, pool, decode_again=True)
    assert again.decoded == 1
    assert rows(again.images, "thumb") != rows(first.images, "thumb")
    assert rows(again.images, "added_at") == rows(first.images, "added_at")


def test_a_touched_time_stamp_does_not_change_the_digest(
    tmp_path: Path, write: Write, objects: Objects, pool: Executor
):
    path = write("a.jpg")
    first = read_batch(planned(tmp_path), empty("images"), objects, SETTINGS, pool)
    path.touch()
    again = read_batch(planned(tmp_path), empty("images"), objects, SETTINGS, pool)
    assert again.digest == first.digest and without_time(again).equals(without_time(first))


def test_the_digest_sees_names_contents_metadata_and_refusals(
    tmp_path: Path, write: Write, objects: Objects, pool: Executor
):
    def digest() -> str:
        return read_batch(planned(tmp_path), empty("images"), objects, SETTINGS, pool).digest

    write("a.jpg", 1)
    seen = [digest()]
    write("a.jpg", 2)
    seen.append(digest())
    write("b.jpg", b"")
    seen.append(digest())
    write("metadata.csv", b"id,title\na,x\n")
    seen.append(digest())
    assert len(set(seen)) == len(seen)


def test_two_files_with_the_same_content_are_two_pictures_and_one_object(
    tmp_path: Path, write: Write, objects: Objects, pool: Executor
):
    write("a.jpg", 1)
    write("b c.jpg", 1)
    read = read_batch(planned(tmp_path), empty("images"), objects, SETTINGS, pool)
    first, second = rows(read.images, "sha256", "phash", "working")
    assert first == second
    assert len(list((tmp_path / "store/objects/working").iterdir())) == 1


def test_a_file_that_is_gone_since_it_was_listed_is_missing(
    tmp_path: Path, write: Write, objects: Objects, pool: Executor
):
    write("a.jpg")
    gone = write("b.jpg")
    table = planned(tmp_path)
    gone.unlink()
    read = read_batch(table, empty("images"), objects, SETTINGS, pool)
    assert rows(read.images, "uid") == [("a.jpg",)]
    assert rows(read.rejected, "uid", "uri", "reason") == [("b.jpg", str(gone), "missing")]


def test_a_file_that_cannot_be_opened_is_unreadable(
    tmp_path: Path, write: Write, objects: Objects, pool: Executor
):
    path = write("a.jpg")
    table = planned(tmp_path)
    path.unlink()
    path.mkdir()
    read = read_batch(table, empty("images"), objects, SETTINGS, pool)
    assert rows(read.rejected, "reason") == [("unreadable",)]


def test_a_file_above_the_limit_is_not_even_read(
    tmp_path: Path, write: Write, objects: Objects, pool: Executor, monkeypatch: pytest.MonkeyPatch
):
    write("a.jpg")
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("read"))
    settings = ImagesSettings(max_bytes=10)
    read = read_batch(planned(tmp_path), empty("images"), objects, settings, pool)
    assert rows(read.rejected, "reason") == [("too_many_bytes",)]


def test_an_empty_batch_is_two_empty_tables(objects: Objects, pool: Executor):
    read = read_batch(empty("batches"), empty("images"), objects, SETTINGS, pool)
    assert read.images.num_rows == read.rejected.num_rows == read.decoded == 0


def test_progress_counts_every_file_once(
    tmp_path: Path, write: Write, objects: Objects, pool: Executor
):
    for seed in range(reading.CHUNK + 1):
        write(f"{seed}.jpg", seed)
    write("b.jpg", b"")
    calls: list[tuple[int, int]] = []
    read_batch(
        planned(tmp_path), empty("images"), objects, SETTINGS, pool,
        lambda done, total: calls.append((done, total)),
    )  # fmt: skip
    assert calls == sorted(calls) and len(calls) == 2
    assert calls[-1] == (reading.CHUNK + 2, reading.CHUNK + 2)


def test_a_store_that_fails_stops_the_batch(
    tmp_path: Path, write: Write, objects: Objects, pool: Executor, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> str:
        raise StoreError("No space left on device.")

    write("a.jpg")
    monkeypatch.setattr(Objects, "put", full)
    with pytest.raises(StoreError, match="No space"):
        read_batch(planned(tmp_path), empty("images"), objects, SETTINGS, pool)


def test_what_a_worker_sends_back_is_small(tmp_path: Path, write: Write, objects: Objects):
    """Memory stays bounded: neither originals nor decoded pictures leave the worker."""
    path = write("a.png", encoded(drawing(1, (3000, 3000)), "PNG"))
    reader = reading.FileReader(objects, SETTINGS)
    chunk = reading.Chunk(reader, (reading.WantedFile(str(path)),))
    outcome = reading.read_files(pickle.loads(pickle.dumps(chunk)))
    assert len(pickle.dumps(outcome)) < 20_000


def test_worker_processes_read_the_same_as_threads(
    tmp_path: Path, write: Write, objects: Objects, pool: Executor
):
    for seed in range(4):
        write(f"{seed}.jpg", seed)
    write("bad.jpg", b"bad")
    table = planned(tmp_path)
    threads = read_batch(table, empty("images"), objects, SETTINGS, pool)
    with LocalProcesses(2) as processes:
        spawned = read_batch(table, empty("images"), objects, SETTINGS, processes)
    assert spawned.digest == threads.digest and spawned.rejected.equals(threads.rejected)
    assert without_time(spawned).equals(without_time(threads))


def test_a_picture_that_crashes_the_decoder_is_refused_and_the_others_are_read(
    tmp_path: Path, write: Write, objects: Objects
):
    for seed in range(3):
        write(f"{seed}.jpg", seed)
    write("deadly.jpg", 3)
    with Deadly(1) as workers:
        read = read_batch(planned(tmp_path), empty("images"), objects, SETTINGS, workers)
    assert rows(read.images, "uid") == [("0.jpg",), ("1.jpg",), ("2.jpg",)]
    assert rows(read.rejected, "uid", "reason") == [("deadly.jpg", "crashes")]


def test_workers_that_die_of_nothing_condemn_no_picture(
    tmp_path: Path, write: Write, objects: Objects
):
    write("a.jpg")
    with Doomed(1) as workers, pytest.raises(WorkersError, match="before they do anything"):
        read_batch(planned(tmp_path), empty("images"), objects, SETTINGS, workers)


class Counting(ThreadPoolExecutor):
    """Threads that remember which files they were given."""

    def __init__(self) -> None:
        super().__init__(1)
        self.given: list[str] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.given += [Path(file.uri).name for file in args[0].files]
        return super().submit(fn, *args, **kwargs)


def test_the_next_batch_is_read_while_this_one_is_committed_and_by_nobody_twice(
    tmp_path: Path, write: Write, objects: Objects
):
    for seed in range(4):
        write(f"{seed}.jpg", seed)
    listing = list_source(SourceSettings(uri="pictures"), tmp_path)
    table = plan_batches(empty("batches"), listing, 2).table
    one, two = (table.filter(pc.field("batch") == name) for name in batches_of(table))
    alone = read_batch(two, empty("images"), objects, SETTINGS, Counting())
    executor, ahead = Counting(), ReadAhead()
    coming = NextBatch(two, ahead)
    read_batch(one, empty("images"), objects, SETTINGS, executor, following=coming)
    assert sorted(executor.given) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    last = NextBatch(empty("batches"), ahead)
    read = read_batch(two, empty("images"), objects, SETTINGS, executor, following=last)
    assert len(executor.given) == 4
    assert read.digest == alone.digest and without_time(read).equals(without_time(alone))


def test_what_is_asked_for_otherwise_than_it_was_read_ahead_is_read_anew(
    tmp_path: Path, write: Write, objects: Objects
):
    for seed in range(2):
        write(f"{seed}.jpg", seed)
    table, executor = planned(tmp_path), Counting()
    sha256 = hashlib.sha256((tmp_path / "pictures" / "1.jpg").read_bytes()).hexdigest()
    ahead, nothing = ReadAhead(), empty("batches")
    coming = NextBatch(table, ahead)
    read_batch(nothing, empty("images"), objects, SETTINGS, executor, following=coming)
    assert len(executor.given) == 2
    read = read_batch(
        table, empty("images"), objects, SETTINGS, executor,
        taken_down=frozenset({sha256}), following=NextBatch(nothing, ahead),
    )  # fmt: skip
    assert len(executor.given) == 4
    assert rows(read.rejected, "uid", "reason") == [("1.jpg", "purged")]


def batches_of(table: pa.Table) -> list[str]:
    return sorted(set(table["batch"].to_pylist()))


class Deadly(LocalProcesses):
    """Workers in which a picture of that name is a decoder's segmentation fault."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(_dies_of_deadly, fn, *args, **kwargs)


class Doomed(LocalProcesses):
    """Workers that the kernel kills whatever they do."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(signal.raise_signal, signal.SIGKILL)


def _dies_of_deadly(fn: Callable[..., Any], *args: Any) -> Any:
    if "deadly" in repr(args):
        signal.raise_signal(signal.SIGSEGV)
    return fn(*args)
