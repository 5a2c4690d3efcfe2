import json
from datetime import date
from pathlib import Path

import pytest

from vsig_core.corpus import image_columns
from vsig_core.corpus.metadata import read_metadata
from vsig_core.errors import SourceError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "metadata.csv"


def rows(file: Path, content: bytes | str) -> list[dict[str, str]]:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return [row.values for row in read_metadata(file.read_bytes(), str(file)).rows]


EXPECTED = [{"id": "a", "title": "Fête, galante"}, {"id": "b", "title": "Zwei; drei"}]
TABLE = 'id,title\na,"Fête, galante"\nb,"Zwei; drei"\n'


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(),
        TABLE.encode("utf-8-sig"),
        TABLE.encode("utf-16"),
        TABLE.encode("utf-16-le"),
        TABLE.encode("utf-16-be"),
        TABLE.encode("latin-1"),
        TABLE.replace("\n", "\r\n").encode(),
        TABLE.replace("\n", "\r").encode(),
        TABLE.rstrip("\n").encode(),
        b'id;title\na;"F\xc3\xaate, galante"\nb;"Zwei; drei"\n',
        b"id\ttitle\na\tF\xc3\xaate, galante\nb\tZwei; drei\n",
        b' ID , Title \n a ,"F\xc3\xaate, galante"\n\n b ,"Zwei; drei"\n,\n',
        b'id,title,,\na,"F\xc3\xaate, galante",,\nb,"Zwei; drei"\n',
    ],
)
def test_every_way_of_saving_a_table_reads_the_same(file: Path, content: bytes):
    assert rows(file, content) == EXPECTED


def test_latin_1_is_said(file: Path):
    rows(file, TABLE.encode("latin-1"))
    assert any("not UTF-8" in note for note in read_metadata(file.read_bytes(), str(file)).notes)


def test_lines_count_from_the_header_also_after_a_cell_of_several_lines(file: Path):
    rows(file, 'id,title\na,"one\ntwo"\n\nb,x\n')
    assert [row.line for row in read_metadata(file.read_bytes(), str(file)).rows] == [2, 5]


def test_a_row_with_too_many_cells_is_left_out_and_named(file: Path):
    assert rows(file, "id,title\na,one, two\nb,x\n") == [{"id": "b", "title": "x"}]
    (refused,) = read_metadata(file.read_bytes(), str(file)).refused
    assert "line 2" in refused and "3 cells under 2 columns" in refused


@pytest.mark.parametrize(
    ("cell", "why"), [("B\0B", "holds a NUL"), ("B" * 5_000_000, "5,000,000 characters")]
)
def test_a_row_with_an_impossible_cell_is_left_out_and_named(file: Path, cell: str, why: str):
    assert rows(file, f"id,title\na,x\nb,{cell}\nc,z\n") == [
        {"id": "a", "title": "x"},
        {"id": "c", "title": "z"},
    ]
    (refused,) = read_metadata(file.read_bytes(), str(file)).refused
    assert "line 3" in refused and why in refused


def test_loose_quotation_marks_are_read_as_they_stand(file: Path):
    assert rows(file, 'id,title\na,"The" last supper\nb,x\n')[1] == {"id": "b", "title": "x"}
    assert any("loosely" in note for note in read_metadata(file.read_bytes(), str(file)).notes)


def test_blank_lines_before_the_header_are_passed_over(file: Path):
    assert rows(file, "\n\nid,title\na,x\n") == [{"id": "a", "title": "x"}]


def test_of_two_columns_with_one_name_the_first_that_is_not_blank_stands(file: Path):
    assert rows(file, "id,title,title\na,,x\nb,y,z\n") == [
        {"id": "a", "title": "x"},
        {"id": "b", "title": "y"},
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no column that names"),
        (b"title,author\nx,y\n", "no column that names"),
        (b"PK\x03\x04 a spreadsheet", "not text"),
        (b"id,ti\x00tle\na,x", "not text"),
        (b'id,title\na,"never closed\nb,x\n', "line 2: a quotation mark .* never closed"),
        (b'id,title\na,"loose" one\nb,"never closed\nc,x\n', "line 3: .* never closed"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(file: Path, content: bytes, said: str):
    with pytest.raises(SourceError, match=said) as caught:
        rows(file, content)
    assert str(file) in str(caught.value)


# Columns


def columns(**metadata: str) -> dict[str, object]:
    return image_columns(metadata).values


def extra(**metadata: str) -> dict[str, str] | None:
    text = columns(**metadata)["extra"]
    return None if text is None else json.loads(str(text))


def test_known_columns_go_where_they_are_named_and_others_to_extra():
    values = columns(title="T", author="A", work="w1", part="detail", inventory="12", rights="CC0")
    assert [values[n] for n in ("title", "author", "work", "part")] == ["T", "A", "w1", "detail"]
    assert json.loads(str(values["extra"])) == {"inventory": "12"}


def test_a_picture_without_metadata_has_nothing_and_is_not_published():
    values = columns()
    assert values.pop("publish") == "none"
    assert set(values.values()) == {None}


def test_a_date_becomes_years_and_keeps_its_words():
    values = columns(date="c. 1520")
    assert (values["date_text"], values["year_from"], values["year_to"]) == ("c. 1520", 1515, 1525)


def test_an_unknown_date_keeps_its_words_and_has_no_years():
    values = columns(date="before the flood")
    assert values["date_text"] == "before the flood"
    assert values["year_from"] is None and values["year_to"] is None


def test_the_year_column_helps_where_the_date_is_not_understood():
    values = columns(date="before the flood", year="1520")
    assert (values["date_text"], values["year_from"]) == ("before the flood", 1520)
    assert columns(year="1852.0")["date_text"] == "1852"


def test_written_years_go_before_read_ones():
    values = columns(date="16th c.", year_from="1510", year_to="1512")
    assert (values["year_from"], values["year_to"], values["extra"]) == (1510, 1512, None)
    assert extra(year_from="1512", year_to="1510") == {"year_from": "1512", "year_to": "1510"}


def test_subjects_of_all_columns_are_one_list():
    values = columns(iconography="Venus; Mars", keywords="Mars,shield", tags="shield|net")
    assert values["iconography"] == "Venus; Mars; shield; net"
    assert columns(category="portrait, full-length")["iconography"] == "portrait, full-length"


def test_pixplot_and_vikus_names_are_understood():
    values = columns(lat="45.4", lng="12.3", label="x", _author="Titian", permalink="http://x/1")
    assert (values["lat"], values["lon"], values["author"]) == (45.4, 12.3, "Titian")
    assert extra(label="x", _unknown="y") == {"label": "x", "_unknown": "y"}


def test_a_value_that_its_column_cannot_hold_is_reported_and_kept():
    read = image_columns({"lat": "95", "lon": "12,5"})
    assert read.values["lat"] is None and read.values["lon"] == 12.5
    assert json.loads(str(read.values["extra"])) == {"lat": "95"}
    assert "95" in read.problems[0]
    assert image_columns({"lat": "nan"}).values["lat"] is None


def test_rights_to_show_fail_closed():
    assert columns(publish="Thumb")["publish"] == "thumb"
    assert columns(publish="yes")["publish"] == "none"
    assert columns(publish="full", embargo_until="2031-12-31")["embargo_until"] == date(
        2031, 12, 31
    )
    closed = image_columns({"publish": "full", "embargo_until": "next spring"})
    assert closed.values["publish"] == "none"
    assert "next spring" in closed.problems[0] and "next spring" in str(closed.values["extra"])


def test_names_of_the_file_are_not_repeated_in_extra():
    assert extra(filename="a.jpg", path="x/a.jpg", file_name="a.jpg") is None
    assert extra(url="http://x/a.jpg", id="7") == {"url": "http://x/a.jpg", "id": "7"}
