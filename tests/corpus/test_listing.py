import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.corpus import Listing, list_source, list_sources
from vsig_core.corpus.joining import join
from vsig_core.corpus.metadata import MetadataRow
from vsig_core.errors import SourceError
from vsig_core.settings import SourceSettings

Write = Callable[..., Path]
SOURCE = SourceSettings(uri="pictures")


def uids(listing: Listing) -> list[str]:
    return [file.uid for file in listing.files]


def by_uid(listing: Listing) -> dict[str, dict[str, str]]:
    return {file.uid: file.metadata for file in listing.files}


def said(listing: Listing, words: str) -> bool:
    return any(words in note for note in listing.notes)


# Folders


def test_a_picture_is_called_by_its_path(tmp_path: Path, write: Write):
    path = write("b/a.jpg")
    os.utime(path, ns=(0, 1_500_000_000_123_456_789))
    (file,) = list_source(SOURCE, tmp_path).files
    assert (file.uid, file.source, file.uri) == ("b/a.jpg", "pictures", str(path))
    assert file.size == path.stat().st_size and file.metadata == {}
    assert file.modified == datetime(2017, 7, 14, 2, 40, 0, 123456, UTC)


NAMES = [
    "with space.jpg",
    "quo'te\".jpg",
    "naïve.jpg",
    "Сватовство.png",
    "日本.tif",
    "a,b;c.jpg",
    "UP.JPG",
]


def test_any_name_is_listed(tmp_path: Path, write: Write):
    for name in NAMES:
        write(name)
    assert uids(list_source(SOURCE, tmp_path)) == sorted(NAMES)


def test_an_empty_folder_is_no_error_and_is_said(tmp_path: Path):
    (tmp_path / "pictures").mkdir()
    listing = list_source(SOURCE, tmp_path)
    assert listing.files == [] and said(listing, "holds no pictures")


def test_hidden_files_tables_and_stores_are_passed_over(tmp_path: Path, write: Write):
    for name in ("a.jpg", ".hidden.jpg", "._a.jpg", ".trash/b.jpg", "metadata.csv", "links.csv"):
        write(name, b"id\n" if name.endswith("csv") else 0)
    for name in ("store/tables/x/y.parquet", "store/objects/working/c.jpg"):
        write(name)
    assert uids(list_source(SOURCE, tmp_path)) == ["a.jpg"]


def test_files_that_are_no_pictures_are_counted(tmp_path: Path, write: Write):
    for name in ("a.jpg", "b.pdf", "c.pdf", "d", "notes.txt"):
        write(name)
    listing = list_source(SOURCE, tmp_path)
    assert uids(listing) == ["a.jpg"] and said(listing, ".pdf 2, no extension 1")
    assert not said(listing, ".txt")


def test_links_out_of_the_root_are_refused_and_said(tmp_path: Path, write: Write):
    outside = tmp_path / "secret.jpg"
    outside.write_bytes(b"x")
    inside = write("a.jpg")
    (inside.parent / "out.jpg").symlink_to(outside)
    (inside.parent / "same.jpg").symlink_to(inside)
    (inside.parent / "gone.jpg").symlink_to(inside.parent / "nothing.jpg")
    (inside.parent / "loop").symlink_to(inside.parent)
    listing = list_source(SOURCE, tmp_path)
    assert uids(listing) == ["a.jpg", "same.jpg"]
    assert said(listing, "out.jpg is a link out of") and said(listing, "loop is a link to a folder")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text_is_left_out_and_said(tmp_path: Path, write: Write):
    folder = write("a.jpg").parent
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.jpg")).write_bytes(b"x")
    listing = list_source(SOURCE, tmp_path)
    assert uids(listing) == ["a.jpg"] and said(listing, "not UTF-8")


def test_a_source_that_is_no_folder_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    for uri, words in [
        ("nowhere", "does not exist"),
        ("file", "is a file"),
    ]:
        with pytest.raises(SourceError, match=words) as caught:
            list_source(SourceSettings(uri=uri), tmp_path)
        assert uri in str(caught.value) and "vsig.toml" in str(caught.value)


def test_a_folder_that_cannot_be_read_is_refused(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
):
    write("a.jpg")
    write("closed/b.jpg")
    scandir = os.scandir

    def refuse(folder: str) -> object:
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied", folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SourceError, match="closed cannot be read: Permission denied"):
        list_source(SOURCE, tmp_path)


def test_a_source_may_be_absolute_or_a_file_address(tmp_path: Path, write: Write):
    folder = write("a.jpg").parent
    for uri in (str(folder), folder.as_uri()):
        assert uids(list_source(SourceSettings(uri=uri), tmp_path / "elsewhere")) == ["a.jpg"]


def test_names_are_composed_so_that_a_copy_from_a_mac_keeps_its_ids(tmp_path: Path, write: Write):
    path = write(unicodedata.normalize("NFD", "é.jpg"))
    (file,) = list_source(SOURCE, tmp_path).files
    assert file.uid == unicodedata.normalize("NFC", "é.jpg") and file.uri == str(path)
    write(unicodedata.normalize("NFC", "é.jpg"))
    assert len(set(uids(list_source(SOURCE, tmp_path)))) == 2


# Several sources


def test_two_sources_with_one_name_are_refused_unless_one_has_a_prefix(tmp_path: Path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jpg").write_bytes(b"x")
    x, y = SourceSettings(uri="x"), SourceSettings(uri="y")
    with pytest.raises(SourceError, match="prefix") as caught:
        list_sources([x, y], tmp_path)
    assert str(tmp_path / "x/a.jpg") in str(caught.value) and "'y'" in str(caught.value)
    prefixed = SourceSettings(uri="y", prefix="y-")
    assert uids(list_sources([x, prefixed], tmp_path)) == ["a.jpg", "y-a.jpg"]


def test_no_sources_are_an_empty_listing(tmp_path: Path):
    assert list_sources([], tmp_path) == Listing()


# Metadata


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("filename,title\na.jpg,A\nb.jpg,B\n", {"a.jpg": "A", "s/b.jpg": "B"}),
        ("file_name,title\na.jpg,A\ns/b.jpg,B\n", {"a.jpg": "A", "s/b.jpg": "B"}),
        ("path,title\npictures/a.jpg,A\npictures\\s\\b.jpg,B\n", {"a.jpg": "A", "s/b.jpg": "B"}),
        ("path,title\n./a.jpg,A\nS/B.JPG,B\n", {"a.jpg": "A", "s/b.jpg": "B"}),
        ("id,title\na,A\nb,B\n", {"a": "A", "b": "B"}),
        ("id,title\na.jpg,A\ns/b,B\n", {"a.jpg": "A", "s/b": "B"}),
        ("uid,filename,title\n1,a.jpg,A\n2,b.jpg,B\n", {"1": "A", "2": "B"}),
        (
            "url,title\nhttps://x.org/i/a.jpg?s=1,A\nhttps://x.org/b.jpg,B\n",
            {"a.jpg": "A", "s/b.jpg": "B"},
        ),
        ("id,url,title\n7,https://x.org/a.jpg,A\n8,https://x.org/b.jpg,B\n", {"7": "A", "8": "B"}),
        ("id,filename,title\n,a.jpg,A\n2,b.jpg,B\n", {"a.jpg": "A", "2": "B"}),
    ],
)
def test_a_row_finds_its_picture(
    tmp_path: Path, write: Write, table: str, expected: dict[str, str]
):
    write("a.jpg")
    write("s/b.jpg")
    (tmp_path / "metadata.csv").write_text(table)
    listing = list_source(SOURCE, tmp_path)
    assert {uid: row.get("title") for uid, row in by_uid(listing).items()} == expected
    assert listing.unmatched_rows == []


def test_metadata_stays_with_its_picture_whatever_the_order_of_rows(tmp_path: Path, write: Write):
    """Defect 7 of the original: lists of ids and paths were zipped, and could shift."""
    names = [f"{number}.jpg" for number in (10, 2, 33, 4)]
    for name in names:
        write(name)
    for order in (names, names[::-1], [*names[2:], "missing.jpg", *names[:2]]):
        lines = "".join(f"{name},title of {name},id-{name}\n" for name in order)
        write("metadata.csv", ("filename,title,id\n" + lines).encode())
        listing = list_source(SOURCE, tmp_path)
        for file in listing.files:
            name = Path(file.uri).name
            assert (file.uid, file.metadata["title"]) == (f"id-{name}", f"title of {name}")


@given(st.permutations(["a.jpg", "b.jpg", "s/a.jpg", "s/c d.jpg", "é.png"]))
def test_the_join_does_not_depend_on_order(order: list[str]):
    paths = ["a.jpg", "b.jpg", "s/a.jpg", "s/c d.jpg", "é.png"]
    rows = [MetadataRow(line, {"path": p, "id": p.upper()}) for line, p in enumerate(order, 2)]
    joined = join(paths, rows, "")
    assert joined.uids == {path: path.upper() for path in paths}
    assert {p: row["path"] for p, row in joined.metadata.items()} == {p: p for p in paths}


def test_rows_without_a_picture_and_pictures_without_a_row_are_reported(
    tmp_path: Path, write: Write
):
    write("a.jpg")
    write("b.jpg")
    write("metadata.csv", b"filename,title\na.jpg,A\ngone.jpg,G\n,nameless\n")
    listing = list_source(SOURCE, tmp_path)
    assert by_uid(listing)["a.jpg"]["title"] == "A" and by_uid(listing)["b.jpg"] == {}
    gone, nameless = listing.unmatched_rows
    assert "line 3" in gone and "gone.jpg" in gone
    assert "line 4" in nameless and "names no picture" in nameless
    assert said(listing, "1 pictures without a row") and said(listing, "b.jpg")


def test_a_row_that_may_mean_two_pictures_is_given_to_none(tmp_path: Path, write: Write):
    write("x/a.jpg")
    write("y/a.jpg")
    write("metadata.csv", b"filename,title\na.jpg,A\n")
    listing = list_source(SOURCE, tmp_path)
    assert by_uid(listing) == {"x/a.jpg": {}, "y/a.jpg": {}}
    assert "x/a.jpg, y/a.jpg" in listing.unmatched_rows[0]


def test_of_two_names_that_differ_in_case_the_exact_one_is_meant(tmp_path: Path, write: Write):
    write("a.jpg")
    write("A.jpg")
    write("metadata.csv", b"filename,title\nA.jpg,big\na.jpg,small\n")
    metadata = by_uid(list_source(SOURCE, tmp_path))
    assert (metadata["a.jpg"]["title"], metadata["A.jpg"]["title"]) == ("small", "big")


def test_an_id_of_several_pictures_names_none_of_them(tmp_path: Path, write: Write):
    for name in ("recto.jpg", "verso.jpg", "c.jpg"):
        write(name)
    table = b"id,filename,title\n12,recto.jpg,R\n12,verso.jpg,V\n13,c.jpg,C\n"
    write("metadata.csv", table)
    listing = list_source(SOURCE, tmp_path)
    assert {uid: row["title"] for uid, row in by_uid(listing).items()} == {
        "recto.jpg": "R",
        "verso.jpg": "V",
        "13": "C",
    }
    assert by_uid(listing)["recto.jpg"]["id"] == "12" and "id" not in by_uid(listing)["13"]
    assert said(listing, "id '12' would name 2 pictures") and said(listing, "(line 3)")


def test_an_id_that_is_the_path_of_another_picture_is_not_taken(tmp_path: Path, write: Write):
    write("a.jpg")
    write("b.jpg")
    write("metadata.csv", b"id,filename\nb.jpg,a.jpg\n")
    assert uids(list_source(SOURCE, tmp_path)) == ["a.jpg", "b.jpg"]


def test_the_second_row_of_one_picture_is_reported(tmp_path: Path, write: Write):
    write("a.jpg")
    write("metadata.csv", b"id,title\na,first\na,second\n")
    listing = list_source(SOURCE, tmp_path)
    assert by_uid(listing) == {"a": {"title": "first"}}
    assert "line 3" in listing.unmatched_rows[0] and "line 2 already" in listing.unmatched_rows[0]


def test_metadata_beside_the_pictures_goes_before_that_of_the_parent(tmp_path: Path, write: Write):
    write("a.jpg")
    (tmp_path / "metadata.csv").write_text("id,title\na,parent\n")
    assert by_uid(list_source(SOURCE, tmp_path)) == {"a": {"title": "parent"}}
    write("metadata.csv", b"id,title\na,beside\n")
    assert by_uid(list_source(SOURCE, tmp_path)) == {"a": {"title": "beside"}}
    (tmp_path / "named.csv").write_text("id,title\na,named\n")
    named = SourceSettings(uri="pictures", metadata="named.csv")
    assert by_uid(list_source(named, tmp_path)) == {"a": {"title": "named"}}


def test_a_named_metadata_file_that_is_missing_is_refused(tmp_path: Path, write: Write):
    write("a.jpg")
    with pytest.raises(SourceError, match=r"none\.csv"):
        list_source(SourceSettings(uri="pictures", metadata="none.csv"), tmp_path)


def test_what_the_source_publishes_is_the_default(tmp_path: Path, write: Write):
    write("a.jpg")
    write("b.jpg")
    write("metadata.csv", b"filename,publish\nb.jpg,full\n")
    listing = list_source(SourceSettings(uri="pictures", publish="thumb"), tmp_path)
    assert {u: m["publish"] for u, m in by_uid(listing).items()} == {
        "a.jpg": "thumb",
        "b.jpg": "full",
    }


def test_cells_that_cannot_be_used_are_said(tmp_path: Path, write: Write):
    write("a.jpg")
    write("metadata.csv", b"id,lat\na,north\n")
    assert said(list_source(SOURCE, tmp_path), "lat 'north'")


def test_the_corpus_is_imported_without_torch_umap_or_the_sample():
    code = (
        "import sys, vsig_core.corpus as c; assert all(hasattr(c, n) for n in c.__all__);"
        "print([m for m in sys.modules if m in ('torch', 'umap', 'vsig_core.corpus.sample')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
