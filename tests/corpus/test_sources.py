"""What every kind of source answers: one class of tests, each kind brings its own files."""

import csv
import io
import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from iiif_documents import canvas3, image3, manifest3
from web_server import WebServer

from vsig_core.corpus import Listing, list_source
from vsig_core.corpus.originals import content_of, read_original
from vsig_core.errors import PictureError, SourceError, StoreError
from vsig_core.settings import SourceSettings, WebSettings
from vsig_core.web import Web


class Place(Protocol):
    """A source with pictures in it."""

    uri: str

    def uid(self, name: str) -> str: ...

    def put(self, name: str, data: bytes) -> None: ...

    def remove(self, name: str) -> None: ...


class WithFiles(Place, Protocol):
    """A source that is whatever lies in a place."""

    def put_beside(self, name: str, data: bytes) -> None: ...


class FolderPlace:
    def __init__(self, folder: Path) -> None:
        self._root = folder / "lab" / "pictures"
        self._root.mkdir(parents=True)
        self.uri = str(self._root)

    def uid(self, name: str) -> str:
        return name

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

    def uid(self, name: str) -> str:
        return name

    def put(self, name: str, data: bytes) -> None:
        self._put(f"the lab/pictures/{name}", data)

    def put_beside(self, name: str, data: bytes) -> None:
        self._put(f"the lab/{name}", data)

    def remove(self, name: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=f"the lab/pictures/{name}")

    def _put(self, key: str, data: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=data)


class TablePlace:
    """Files, and a table beside them that names each; on S3 where the files are."""

    def __init__(self, files: FolderPlace | BucketPlace, extension: str) -> None:
        self._files = files
        self._names: list[str] = []
        self._name = f"list{extension}"
        self.uri = f"{files.uri}/{self._name}"
        self._write()

    def uid(self, name: str) -> str:
        return name

    def put(self, name: str, data: bytes) -> None:
        self._files.put(name, data)
        self._names = [*dict.fromkeys([*self._names, name])]
        self._write()

    def remove(self, name: str) -> None:
        self._files.remove(name)

    def _write(self) -> None:
        self._files.put(self._name, table_of("file_name", self._names, self._name))


class WebPlace:
    """Pictures and a table of their addresses on a web server."""

    def __init__(self, server: WebServer) -> None:
        self._server = server
        self._names: list[str] = []
        self.uri = f"{server.address}/lab/list.csv"
        self._write()

    def uid(self, name: str) -> str:
        return f"{self._server.address.removeprefix('http://')}/lab/{name}"

    def put(self, name: str, data: bytes) -> None:
        self._server.put(f"/lab/{quote(name)}", data)
        self._names = [*dict.fromkeys([*self._names, name])]
        self._write()

    def remove(self, name: str) -> None:
        self._server.remove(f"/lab/{quote(name)}")

    def _write(self) -> None:
        addresses = [f"{self._server.address}/lab/{quote(name)}" for name in self._names]
        self._server.put("/lab/list.csv", table_of("url", addresses, "list.csv"), "text/csv")


class IiifPlace:
    """Pictures on a web server, each on a canvas of one manifest."""

    def __init__(self, server: WebServer) -> None:
        self._server = server
        self._names: list[str] = []
        self.uri = f"{server.address}/manifest"
        self._write()

    def uid(self, name: str) -> str:
        return f"{self._server.address}/canvas/{quote(name)}"

    def put(self, name: str, data: bytes) -> None:
        self._server.put(f"/images/{quote(name)}", data)
        self._names = [*dict.fromkeys([*self._names, name])]
        self._write()

    def remove(self, name: str) -> None:
        self._server.remove(f"/images/{quote(name)}")

    def _write(self) -> None:
        address = self._server.address
        canvases = [
            canvas3(self.uid(name), image3(f"{address}/images/{quote(name)}"))
            for name in self._names
        ]
        self._server.put_json("/manifest", manifest3(self.uri, *canvases))


def table_of(column: str, values: list[str], name: str) -> bytes:
    if name.endswith(".parquet"):
        buffer = io.BytesIO()
        pq.write_table(pa.table({column: pa.array(values, pa.string())}), buffer)
        return buffer.getvalue()
    if name.endswith(".jsonl"):
        return "".join(json.dumps({column: value}) + "\n" for value in values).encode()
    text = io.StringIO()
    csv.writer(text).writerows([[column], *([value] for value in values)])
    return text.getvalue().encode()


@pytest.fixture(
    params=[
        *("folder", "bucket", "csv", "jsonl", "parquet"),
        *("table in a bucket", "table on the web", "iiif"),
    ]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each kind of source."""
    if request.param == "table on the web":
        return WebPlace(request.getfixturevalue("server"))
    if request.param == "iiif":
        return IiifPlace(request.getfixturevalue("server"))
    if request.param in {"csv", "jsonl", "parquet"}:
        return TablePlace(FolderPlace(tmp_path), f".{request.param}")
    if request.param == "table in a bucket":
        return TablePlace(BucketPlace(request.getfixturevalue("s3_root")), ".csv")
    return _with_files(request, request.param, tmp_path)


@pytest.fixture(params=["folder", "bucket"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> WithFiles:
    """Each kind of source that is whatever lies in a place."""
    return _with_files(request, request.param, tmp_path)


def _with_files(request: pytest.FixtureRequest, kind: str, folder: Path) -> WithFiles:
    if kind == "folder":
        return FolderPlace(folder)
    return BucketPlace(request.getfixturevalue("s3_root"))


@pytest.fixture
def web(tmp_path: Path) -> Web:
    settings = WebSettings(requests_per_second=1000, tries=1)
    return Web(tmp_path / "web", settings, frozenset({"127.0.0.1"}))


def listed(place: Place, web: Web | None = None, **settings: str) -> Listing:
    return list_source(SourceSettings(uri=place.uri, **settings), Path("/nowhere"), web)


def any_size(_size: int) -> None:
    """No limit."""


def make_old(web: Web) -> None:
    """Make what was fetched so old that it is asked for again."""
    for path in web.folder.glob("documents/??/*"):
        then = time.time() - 3600
        os.utime(path, (then, then))


class TestSources:
    def test_pictures_are_called_by_their_path_and_read_by_their_address(
        self, place: Place, web: Web
    ):
        names = ["b/a.jpg", "naïve &+%41 日本.png", "UP.JPG", "x'y\".tif"]
        for name in names:
            place.put(name, name.encode())
        listing = listed(place, web)
        assert [file.uid for file in listing.files] == sorted(map(place.uid, names))
        named = {place.uid(name): name for name in names}
        for file in listing.files:
            name = named[file.uid]
            assert file.source == place.uri
            assert read_original(file.uri, any_size, web) == name.encode()
            assert file.size in {len(name.encode()), None}
            assert file.modified is None or file.modified.tzinfo is not None

    def test_listing_again_says_the_same_and_what_is_new_shows(self, place: Place, web: Web):
        place.put("a.jpg", b"one")
        place.put("b.jpg", b"two")
        first = listed(place, web)
        assert listed(place, web) == first
        place.put("c.jpg", b"another")
        make_old(web)
        second = listed(place, web)
        assert second.files[:2] == first.files and second.files[2].uid == place.uid("c.jpg")

    def test_an_empty_source_is_no_error_and_is_said(self, place: Place, web: Web):
        listing = listed(place, web)
        assert listing.files == [] and any("holds no pictures" in note for note in listing.notes)

    def test_metadata_may_be_named_and_gives_ids(self, place: Place, web: Web, tmp_path: Path):
        place.put("s/a.jpg", b"x")
        table = tmp_path / "words.csv"
        table.write_text("path,id,title\n" + f"{place.uid('s/a.jpg')},7,A\n")
        (file,) = listed(place, web, metadata=str(table)).files
        assert (file.uid, file.metadata["title"]) == ("7", "A")

    def test_a_picture_that_vanished_is_missing(self, place: Place, web: Web):
        place.put("a.jpg", b"x")
        (file,) = listed(place, web).files
        place.remove("a.jpg")
        with pytest.raises(PictureError, match="missing"):
            read_original(file.uri, any_size, web)
        assert content_of(file) is None

    def test_the_size_is_asked_before_anything_is_read(self, place: Place, web: Web):
        place.put("a.jpg", b"12345")
        (file,) = listed(place, web).files

        def refuse(size: int) -> None:
            raise PictureError("too_many_bytes", str(size))

        with pytest.raises(PictureError, match="too_many_bytes: 5"):
            read_original(file.uri, refuse, web)


class TestPlacesOfFiles:
    def test_a_change_shows(self, files: WithFiles):
        files.put("a.jpg", b"one")
        files.put("b.jpg", b"one")
        first = listed(files)
        files.put("b.jpg", b"another")
        second = listed(files)
        assert second.files[0] == first.files[0] and second.files[1] != first.files[1]
        assert content_of(second.files[1]) is not None

    def test_hidden_files_tables_and_stores_are_passed_over(self, files: WithFiles):
        for name in (
            *("a.jpg", ".hidden.jpg", ".trash/b.jpg", "links.csv", "c.pdf"),
            *("my/store/tables/links/_delta_log/0.json", "my/store/objects/working/d.jpg"),
        ):
            files.put(name, b"id\n")
        listing = listed(files)
        assert [file.uid for file in listing.files] == ["a.jpg"]
        assert any(".pdf 1" in note for note in listing.notes)

    @pytest.mark.parametrize("beside", [False, True])
    def test_metadata_lies_in_the_source_or_beside_it(self, files: WithFiles, beside: bool):  # noqa: FBT001
        files.put("s/a.jpg", b"x")
        table = (
            b"path,id,title\npictures/s/a.jpg,7,A\n" if beside else b"path,id,title\ns/a.jpg,7,A\n"
        )
        (files.put_beside if beside else files.put)("metadata.csv", table)
        (file,) = listed(files).files
        assert (file.uid, file.metadata) == (
            "7",
            {"path": table.split(b"\n")[1].split(b",")[0].decode(), "title": "A"},
        )

    def test_paths_in_metadata_lead_nowhere_else(self, files: WithFiles):
        files.put("a.jpg", b"x")
        files.put("metadata.csv", b"path,title\n../../etc/passwd,P\n/etc/passwd,Q\n../a.jpg,R\n")
        listing = listed(files)
        assert [(file.uid, file.metadata) for file in listing.files] == [("a.jpg", {})]
        assert len(listing.unmatched_rows) == 3

    def test_ids_that_cannot_be_shown_are_not_taken(self, files: WithFiles):
        files.put("a.jpg", b"x")
        files.put("b.jpg", b"x")
        ids = {"a.jpg": "two\nlines", "b.jpg": "x" * 5000}
        rows = "".join(f'{name},"{uid}"\n' for name, uid in ids.items())
        files.put("metadata.csv", f"filename,id\n{rows}".encode())
        listing = listed(files)
        assert [file.uid for file in listing.files] == ["a.jpg", "b.jpg"]
        assert sum("keeps its path as id" in note for note in listing.notes) == 2


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


def test_an_object_that_its_server_does_not_give_out_stops_no_other(s3_root: str):
    """As one that was moved to an archive of tapes: listed, and not readable now."""
    place = BucketPlace(s3_root)
    place.put("a.jpg", b"x")
    bucket, _, key = place.uri.removeprefix("s3://").partition("/")
    source = {"Bucket": bucket, "Key": f"{key}/a.jpg"}
    boto3.Session().client("s3").copy_object(
        Bucket=bucket, Key=f"{key}/b.jpg", CopySource=source, StorageClass="GLACIER"
    )
    first, second = listed(place).files
    assert read_original(first.uri, any_size) == b"x"
    with pytest.raises(PictureError, match=r"unreachable.*InvalidObjectState"):
        read_original(second.uri, any_size)


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
