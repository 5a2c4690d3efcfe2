"""What every kind of source answers: one class of tests, each kind brings its own files."""

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import boto3
import pytest

from vsig_core.corpus import Listing, list_source
from vsig_core.corpus.originals import content_of, read_original
from vsig_core.errors import PictureError, SourceError, StoreError
from vsig_core.settings import SourceSettings


class Place(Protocol):
    """A source with files in it."""

    uri: str

    def put(self, name: str, data: bytes) -> None: ...

    def put_beside(self, name: str, data: bytes) -> None: ...

    def remove(self, name: str) -> None: ...


class FolderPlace:
    def __init__(self, folder: Path) -> None:
        self._root = folder / "lab" / "pictures"
        self._root.mkdir(parents=True)
        self.uri = str(self._root)

    def put(self, name: str, data: bytes) -> None:
        (self._root / name).parent.mkdir(parents=True, exist_ok=True)
        (self._root / name).write_bytes(data)

    def put_beside(self, name: str, data: bytes) -> None:
        (self._root.parent / name).write_bytes(data)

    def remove(self, name: str) -> None:
        (self._root / name).unlink()


class BucketPlace:
    def __init__(self, root: str) -> None:
        self._bucket = root.split("/")[2]
        self.uri = f"s3://{self._bucket}/the lab/pictures"
        self._client = boto3.Session().client("s3")
        self.put(".keep", b"")

    def put(self, name: str, data: bytes) -> None:
        self._put(f"the lab/pictures/{name}", data)

    def put_beside(self, name: str, data: bytes) -> None:
        self._put(f"the lab/{name}", data)

    def remove(self, name: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=f"the lab/pictures/{name}")

    def _put(self, key: str, data: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=data)


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return FolderPlace(tmp_path)
    return BucketPlace(request.getfixturevalue("s3_root"))


def listed(place: Place, **settings: str) -> Listing:
    return list_source(SourceSettings(uri=place.uri, **settings), Path("/nowhere"))


def any_size(_size: int) -> None:
    """No limit."""


class TestSources:
    def test_pictures_are_called_by_their_path_and_read_by_their_address(self, place: Place):
        names = ["b/a.jpg", "naïve &+%41 日本.png", "UP.JPG", "x'y\".tif"]
        for name in names:
            place.put(name, name.encode())
        listing = listed(place)
        assert [file.uid for file in listing.files] == sorted(names)
        for file in listing.files:
            assert file.size == len(file.uid.encode()) and file.source == place.uri
            assert read_original(file.uri, any_size) == file.uid.encode()
            assert content_of(file) is not None
            assert file.modified.tzinfo is not None

    def test_listing_again_says_the_same_and_a_change_shows(self, place: Place):
        place.put("a.jpg", b"one")
        place.put("b.jpg", b"one")
        first = listed(place)
        assert listed(place) == first
        place.put("b.jpg", b"another")
        second = listed(place)
        assert second.files[0] == first.files[0] and second.files[1] != first.files[1]

    def test_an_empty_source_is_no_error_and_is_said(self, place: Place):
        listing = listed(place)
        assert listing.files == [] and any("holds no pictures" in note for note in listing.notes)

    def test_hidden_files_tables_and_stores_are_passed_over(self, place: Place):
        for name in (
            *("a.jpg", ".hidden.jpg", ".trash/b.jpg", "links.csv", "c.pdf"),
            *("my/store/tables/links/_delta_log/0.json", "my/store/objects/working/d.jpg"),
        ):
            place.put(name, b"id\n")
        listing = listed(place)
        assert [file.uid for file in listing.files] == ["a.jpg"]
        assert any(".pdf 1" in note for note in listing.notes)

    @pytest.mark.parametrize("beside", [False, True])
    def test_metadata_lies_in_the_source_or_beside_it(self, place: Place, beside: bool):  # noqa: FBT001
        place.put("s/a.jpg", b"x")
        table = (
            b"path,id,title\npictures/s/a.jpg,7,A\n" if beside else b"path,id,title\ns/a.jpg,7,A\n"
        )
        (place.put_beside if beside else place.put)("metadata.csv", table)
        (file,) = listed(place).files
        assert (file.uid, file.metadata) == (
            "7",
            {"path": table.split(b"\n")[1].split(b",")[0].decode(), "title": "A"},
        )

    def test_paths_in_metadata_lead_nowhere_else(self, place: Place):
        place.put("a.jpg", b"x")
        place.put("metadata.csv", b"path,title\n../../etc/passwd,P\n/etc/passwd,Q\n../a.jpg,R\n")
        listing = listed(place)
        assert [(file.uid, file.metadata) for file in listing.files] == [("a.jpg", {})]
        assert len(listing.unmatched_rows) == 3

    def test_ids_that_cannot_be_shown_are_not_taken(self, place: Place):
        place.put("a.jpg", b"x")
        place.put("b.jpg", b"x")
        ids = {"a.jpg": "two\nlines", "b.jpg": "x" * 5000}
        rows = "".join(f'{name},"{uid}"\n' for name, uid in ids.items())
        place.put("metadata.csv", f"filename,id\n{rows}".encode())
        listing = listed(place)
        assert [file.uid for file in listing.files] == ["a.jpg", "b.jpg"]
        assert sum("keeps its path as id" in note for note in listing.notes) == 2

    def test_a_file_that_vanished_is_missing(self, place: Place):
        place.put("a.jpg", b"x")
        (file,) = listed(place).files
        place.remove("a.jpg")
        with pytest.raises(PictureError, match="missing"):
            read_original(file.uri, any_size)
        assert content_of(file) is None

    def test_the_size_is_asked_before_anything_is_read(self, place: Place):
        place.put("a.jpg", b"12345")
        (file,) = listed(place).files
        sizes: list[int] = []
        read_original(file.uri, sizes.append)
        assert sizes == [5]


# What only one kind has


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_with_control_characters_is_left_out_and_shown_escaped(tmp_path: Path):
    """Not put in a bucket: moto's server refuses such keys."""
    place = FolderPlace(tmp_path)
    for name in ("a.jpg", "two\nlines.jpg", "red\x1b[31m.jpg"):
        place.put(name, b"x")
    listing = listed(place)
    assert [file.uid for file in listing.files] == ["a.jpg"]
    notes = "\n".join(listing.notes)
    assert r"two\nlines.jpg" in notes and r"red\x1b[31m.jpg" in notes and "\x1b" not in notes


@pytest.mark.skipif(sys.platform != "linux", reason="pipes by name")
def test_pipes_sockets_and_rings_of_links_are_left_out(tmp_path: Path):
    place = FolderPlace(tmp_path)
    root = Path(place.uri)
    place.put("a.jpg", b"x")
    os.mkfifo(root / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "s.jpg"))
    (root / "ring.jpg").symlink_to(root / "ring.jpg")
    (root / "folder.jpg").mkdir()
    listing = listed(place)
    assert [file.uid for file in listing.files] == ["a.jpg"]
    assert sum("no file (a pipe" in note for note in listing.notes) == 2
    assert any("ring.jpg" in note for note in listing.notes)


@pytest.mark.skipif(sys.platform != "linux", reason="pipes by name")
def test_a_pipe_that_took_a_files_place_keeps_nobody_waiting(tmp_path: Path):
    place = FolderPlace(tmp_path)
    place.put("a.jpg", b"x")
    (file,) = listed(place).files
    place.remove("a.jpg")
    os.mkfifo(file.uri)
    with pytest.raises(PictureError, match="no file any more"):
        read_original(file.uri, any_size)


def test_metadata_that_is_a_link_elsewhere_is_not_followed(tmp_path: Path):
    place = FolderPlace(tmp_path)
    place.put("a.jpg", b"x")
    (tmp_path / "secret.csv").write_text("id,title\na,secret\n")
    (Path(place.uri) / "metadata.csv").symlink_to(tmp_path / "secret.csv")
    assert listed(place).files[0].metadata == {}


def test_a_file_that_is_written_to_while_it_is_read_is_read_again_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"12345")
    writes = iter([b"123456", b"1234567"])

    def grow(_size: int) -> None:
        if (more := next(writes, None)) is not None:
            path.write_bytes(more)

    assert read_original(str(path), grow) == b"1234567"
    endless = iter(range(8, 100))
    with pytest.raises(PictureError, match="changing"):
        read_original(str(path), lambda _size: path.write_bytes(b"x" * next(endless)) and None)


def test_keys_that_are_no_paths_are_left_out_and_said(s3_root: str):
    place = BucketPlace(s3_root)
    for name in ("a.jpg", "x/../b.jpg", "x//c.jpg", "folder.jpg/"):
        place.put(name, b"x")
    listing = listed(place)
    assert [file.uid for file in listing.files] == ["a.jpg"]
    assert sum("the key is no path" in note for note in listing.notes) == 2


def test_a_whole_bucket_is_a_source(s3_root: str):
    place = BucketPlace(s3_root)
    place.put("a.jpg", b"x")
    listing = list_source(SourceSettings(uri="/".join(place.uri.split("/")[:3])), Path("/nowhere"))
    assert [file.uid for file in listing.files] == ["the lab/pictures/a.jpg"]


def test_a_bucket_that_is_not_there_is_named(s3_root: str):
    with pytest.raises(StoreError, match="no such bucket"):
        list_source(SourceSettings(uri="s3://nobody-has-this-one/x"), Path("/nowhere"))
    with pytest.raises(SourceError, match="names no bucket"):
        list_source(SourceSettings(uri="s3:///x"), Path("/nowhere"))


def test_metadata_may_be_named_by_its_address(s3_root: str):
    place = BucketPlace(s3_root)
    place.put("a.jpg", b"x")
    place.put_beside("table.csv", b"filename,title\na.jpg,A\n")
    named: Mapping[str, str] = {"metadata": place.uri.replace("pictures", "table.csv")}
    assert listed(place, **named).files[0].metadata["title"] == "A"
    with pytest.raises(SourceError, match="is not there"):
        listed(place, metadata=f"{place.uri}/none.csv")
