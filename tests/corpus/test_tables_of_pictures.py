"""Tables as sources: what a row may name, and what is refused without losing the others."""

import io
import json
import os
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpus_pictures import drawing, encoded
from web_server import Answer, WebServer

from vsig_core.corpus import Listing, image_columns, list_source, plan_batches
from vsig_core.corpus.tables import read_table
from vsig_core.errors import SourceError
from vsig_core.settings import SourceSettings, WebSettings
from vsig_core.store import empty
from vsig_core.web import Web


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lab = tmp_path / "lab"
    (lab / "pictures").mkdir(parents=True)
    for name in ("a.jpg", "b.jpg"):
        (lab / "pictures" / name).write_bytes(encoded(drawing(0)))
    (tmp_path / "secret.jpg").write_bytes(b"x")
    return lab


def listed(folder: Path, text: str, name: str = "list.csv") -> Listing:
    (folder / name).write_text(text)
    return list_source(SourceSettings(uri=name), folder)


def test_rows_give_id_metadata_and_place(folder: Path):
    listing = listed(folder, "id,path,title,date\n17,pictures/a.jpg,Flora,c. 1520\n")
    (file,) = listing.files
    assert (file.uid, file.metadata) == ("17", {"title": "Flora", "date": "c. 1520"})
    assert file.uri == str(folder / "pictures" / "a.jpg") and file.size


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("../secret.jpg", "lies outside"),
        ("/etc/passwd", "lies outside"),
        ("pictures/../../secret.jpg", "lies outside"),
        ("pictures/link.jpg", "lies outside"),
        ("..\\secret.jpg", "lies outside"),
        ("pictures/none.jpg", "no such file"),
        ("pictures", "no such file"),
        ("file:///etc/passwd", "only http:// and https://"),
        ("ftp://example.org/a.jpg", "only http:// and https://"),
        ("http://user:pw@example.org/a.jpg", "password"),
        ("https:///a.jpg", "only http:// and https://"),
        ("./pictures/b.jpg", "is listed by row 2"),
        ("x" * 5000, "cannot be looked at"),
    ],
)
def test_a_bad_row_is_refused_with_its_reason_and_the_rest_is_taken(
    folder: Path, row: str, why: str
):
    (folder / "pictures" / "link.jpg").symlink_to(folder.parent / "secret.jpg")
    listing = listed(folder, f"path\npictures/b.jpg\n{row}\npictures/a.jpg\n")
    assert [file.uid for file in listing.files] == ["pictures/a.jpg", "pictures/b.jpg"]
    (refused,) = listing.refused
    assert "row 3" in refused and why in refused


def test_a_row_that_names_no_picture_is_refused(folder: Path):
    listing = listed(folder, "path,id,title\npictures/a.jpg,1,A\n,2,B\n")
    assert [file.uid for file in listing.files] == ["1"]
    assert "row 3: it names no picture" in listing.refused[0]


def test_rows_with_impossible_cells_are_refused_and_the_rest_is_taken(folder: Path):
    impossible = "\npictures/c.jpg,".join(["", "C\0", "C" * 200_000, "C,too,many"])
    listing = listed(folder, f"path,title\npictures/a.jpg,A{impossible}\npictures/b.jpg,B\n")
    assert [file.metadata["title"] for file in listing.files] == ["A", "B"]
    assert ["line 3" in listing.refused[0], "line 4" in listing.refused[1]] == [True, True]
    assert "line 5: 4 cells under 2 columns" in listing.refused[2]
    lines = [json.dumps({"path": f"pictures/{n}.jpg", "title": t}) for n, t in ("ax", "b\0")]
    refused = listed(folder, "\n".join(lines), "list.jsonl").refused
    assert "line 2: a cell holds a NUL" in refused[0]


def test_a_cell_that_looks_like_a_formula_stays_what_it_is(folder: Path):
    (file,) = listed(folder, "path,title\npictures/a.jpg,=1+1\n").files
    assert file.metadata["title"] == "=1+1"


def test_addresses_of_the_web_are_called_by_what_follows_the_scheme(folder: Path):
    rows = "url,title\nhttps://museum.example/img/a%20b.jpg,A\nhttp://museum.example/x?id=7,B\n"
    listing = listed(folder, rows)
    assert {file.uid: file.uri for file in listing.files} == {
        "museum.example/img/a b.jpg": "https://museum.example/img/a%20b.jpg",
        "museum.example/x?id=7": "http://museum.example/x?id=7",
    }
    assert all(file.size is None and file.modified is None for file in listing.files)


def test_an_object_of_a_bucket_is_named_by_its_address(s3_root: str, tmp_path: Path):
    bucket = s3_root.split("/")[2]
    boto3.Session().client("s3").put_object(Bucket=bucket, Key="p/a.jpg", Body=b"x")
    (tmp_path / "list.csv").write_text(f"url\ns3://{bucket}/p/a.jpg\ns3://{bucket}/p/none.jpg\n")
    listing = list_source(SourceSettings(uri="list.csv"), tmp_path)
    assert [file.uid for file in listing.files] == [f"{bucket}/p/a.jpg"]
    assert "no such object" in listing.refused[0]


def test_rows_of_a_bucket_that_cannot_be_asked_are_refused_and_what_was_there_stays(
    s3_root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bucket = s3_root.split("/")[2]
    boto3.Session().client("s3").put_object(Bucket=bucket, Key="p/a.jpg", Body=b"x")
    (tmp_path / "b.jpg").write_bytes(encoded(drawing(0)))
    rows = f"path\nb.jpg\ns3://{bucket}/p/a.jpg\ns3://{bucket}/p/other.jpg\ns3://no_bucket!/x.jpg\n"
    (tmp_path / "list.csv").write_text(rows)
    before = list_source(SourceSettings(uri="list.csv"), tmp_path)
    assert [file.uid for file in before.files] == ["b.jpg", f"{bucket}/p/a.jpg"]
    planned = plan_batches(empty("batches"), before, 10).table
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    after = list_source(SourceSettings(uri="list.csv"), tmp_path)
    assert [file.uid for file in after.files] == ["b.jpg"]
    assert ["row 3" in after.refused[0], "row 4" in after.refused[1]] == [True, True]
    assert all("credentials" in refused for refused in after.refused[:2])
    assert plan_batches(planned, after, 10).removed == []


def test_a_table_on_the_web_may_name_pictures_beside_it_only(server: WebServer, tmp_path: Path):
    rows = b"path\nsub/a b.jpg\n../b.jpg\n//evil.example/c.jpg\n"
    url = server.put("/lab/list.csv?v=1/2", rows, "text/csv")
    web = Web(tmp_path, WebSettings(requests_per_second=1000), frozenset({"127.0.0.1"}))
    listing = list_source(SourceSettings(uri=url), tmp_path, web)
    assert [file.uri for file in listing.files] == [f"{server.address}/lab/sub/a%20b.jpg"]
    assert ["lies outside" in refused for refused in listing.refused] == [True, True]


def test_a_table_that_cannot_be_had_is_an_error_the_first_time_and_a_note_later(
    server: WebServer, tmp_path: Path
):
    web = Web(tmp_path, WebSettings(requests_per_second=1000, tries=1), frozenset({"127.0.0.1"}))
    source = SourceSettings(uri=f"{server.address}/list.csv")
    server.answer("/list.csv", Answer(503))
    with pytest.raises(SourceError, match="503"):
        list_source(source, tmp_path, web)
    for path in tmp_path.glob("failures/??/*"):
        os.utime(path, (0, 0))
    server.put("/list.csv", b"url\nhttp://a.example/a.jpg\n", "text/csv")
    first = list_source(source, tmp_path, web)
    server.answer("/list.csv", Answer(503))
    for path in tmp_path.glob("documents/??/*"):
        os.utime(path, (0, 0))
    second = list_source(source, tmp_path, web)
    assert second.files == first.files and any("as it was" in note for note in second.notes)


# Formats


def test_an_imagefolder_of_hugging_face_is_read_as_it_is(tmp_path: Path):
    """As https://huggingface.co/docs/datasets/image_dataset has it."""
    for name in ("0001.png", "0002.png"):
        (tmp_path / name).write_bytes(encoded(drawing(0)))
    rows: list[dict[str, object]] = [
        {"file_name": "0001.png", "text": "A flower", "tags": ["still life", "roses"]},
        {"file_name": "0002.png", "text": None, "objects": {"bbox": [[1, 2, 3, 4]]}, "year": 1520},
    ]
    (tmp_path / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    listing = list_source(SourceSettings(uri=str(tmp_path)), tmp_path)
    assert [file.metadata for file in listing.files] == [
        {"file_name": "0001.png", "text": "A flower", "tags": "still life; roses"},
        {"file_name": "0002.png", "objects": '{"bbox": [[1, 2, 3, 4]]}', "year": "1520"},
    ]


def test_the_example_files_of_pixplot_and_vikus_are_read_as_they_are(tmp_path: Path):
    """The columns that their own documentation names."""
    for name in ("bodleian-1.jpg", "42.jpg"):
        (tmp_path / name).write_bytes(encoded(drawing(0)))
    pixplot = (
        "filename,category,tags,description,permalink,year,label,lat,lng\n"
        "bodleian-1.jpg,Books,red|gold,A <b>book</b>,https://x.example/1,1520,Psalter,51.7,-1.2\n"
    )
    (tmp_path / "metadata.csv").write_text(pixplot)
    files = {file.uid: file for file in list_source(SourceSettings(uri="."), tmp_path).files}
    values = image_columns(files["bodleian-1.jpg"].metadata).values
    assert (values["year_from"], values["lat"], values["lon"]) == (1520, 51.7, -1.2)
    assert values["iconography"] == "Books; red; gold"
    assert values["permalink"] == "https://x.example/1"

    vikus = 'id,keywords,year,_title,_artist,_url\n42,"portrait,mask",1525,Flora,Anna,u\n'
    (tmp_path / "data.csv").write_text(vikus)
    source = SourceSettings(uri=".", metadata="data.csv")
    files = {file.uid: file for file in list_source(source, tmp_path).files}
    values = image_columns(files["42"].metadata).values
    assert (values["title"], values["year_from"]) == ("Flora", 1525)
    assert values["iconography"] == "portrait; mask"


def test_lines_that_are_no_objects_are_left_out_and_said():
    table = read_table(b'{"id": "a"}\n\nnot json\n[1]\n{"id": "b"}\n', "m.jsonl")
    assert [(row.line, row.values["id"]) for row in table.rows] == [(1, "a"), (5, "b")]
    assert ["line 3" in table.refused[0], "line 4" in table.refused[1]] == [True, True]


def test_parquet_gives_rows_of_text_and_leaves_bytes_out():
    buffer = io.BytesIO()
    columns = {
        "id": [1, 2],
        "image": [{"bytes": b"x", "path": "a"}, None],
        "Tags": [["a", "b"], []],
        "year": [1520.0, None],
    }
    pq.write_table(pa.table(columns), buffer)
    table = read_table(buffer.getvalue(), "m.parquet")
    assert [row.values for row in table.rows] == [
        {"id": "1", "tags": "a; b", "year": "1520.0"},
        {"id": "2"},
    ]
    assert "image holds bytes" in table.notes[0]


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"PAR1 but no more", "m.parquet", "not valid Parquet"),
        (b"not json\n", "m.jsonl", "no usable line of JSON"),
        (b'{"title": "A"}\n', "m.jsonl", "no column that names the picture"),
        (b"title\nA\n", "m.csv", "no column that names the picture"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(data: bytes, name: str, words: str):
    with pytest.raises(SourceError, match=words):
        read_table(data, name)
