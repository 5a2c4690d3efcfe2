import json
import string
import time
from datetime import UTC, datetime, timedelta

import pytest
from annotation_rows import row, table
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.annotations import read_annotations, write_annotations
from vsig_core.annotations.kinds import PAIR_TYPES
from vsig_core.errors import AnnotationError

OLD = "uid_connection,type,img1,img2,date,cluster_file,cluster\n"


def read(text, file="x.csv"):
    return read_annotations(text if isinstance(text, bytes) else text.encode(), file)


def good(text):
    return read(text).annotations.to_pylist()


def reasons(text):
    return [(one["row"], one["reason"].split(":")[0]) for one in read(text).rejected.to_pylist()]


def test_the_three_required_columns_are_enough():
    (one,) = good("type,img1,img2\nPOSITIVE,b.jpg,a.jpg\n")
    assert (one["type"], one["img1"], one["img2"]) == ("POSITIVE", "a.jpg", "b.jpg")
    assert one["annotation_id"].startswith("h-")
    assert (one["file"], one["row"]) == ("x.csv", 2)
    assert len(one["file_sha256"]) == 64
    assert one["made_at"] is None
    assert one["annotator"] is None


def test_an_original_row_is_read_with_its_date_as_written_and_its_cluster_as_context():
    (one,) = good(OLD + "x_y,POSITIVE,x,y,14-06-2022_20:12:15,01-06-2022/c_0.13,682.0\n")
    assert one["made_at"] == datetime(2022, 6, 14, 20, 12, 15, tzinfo=UTC)
    assert json.loads(one["context"]) == {"cluster_file": "01-06-2022/c_0.13", "cluster": "682"}


def test_all_three_forms_of_old_link_ids_give_one_identity_in_both_directions():
    a, b = "0" * 16 + "1" * 16, "2" * 16 + "3" * 16
    tail = "10-06-2022_14:52:40,morphograph,94"
    rows = [
        f"7c3c9718d04f4961b258a109ffd338d9,POSITIVE,{a},{b},{tail}",
        f"{a[:16]}{b[16:]},POSITIVE,{a},{b},{tail}.0",
        f"{b[:16]}{a[16:]},POSITIVE,{b},{a},{tail}",
        f"{a}_{b},POSITIVE,{b},{a},{tail}.0",
    ]
    ids = {good(OLD + one)[0]["annotation_id"] for one in rows}
    assert len(ids) == 1
    read_whole = read(OLD + "\n".join(rows))
    assert read_whole.annotations.num_rows == 1
    assert read_whole.by_type == {"POSITIVE": 4}
    assert "counted once: 3" in " ".join(read_whole.notes)


def test_types_and_times_make_different_judgements_of_one_pair():
    text = OLD + (
        "u,POSITIVE,a,b,10-06-2022_14:52:40,m,1\n"
        "u,SIMILAR,a,b,10-06-2022_14:52:40,m,1\n"
        "u,POSITIVE,a,b,10-06-2022_14:52:41,m,1\n"
    )
    assert len({one["annotation_id"] for one in good(text)}) == 3


def test_boxes_and_contents_turn_with_their_pictures():
    (one,) = good(
        'type,img1,img2,box1,box2,sha1,sha2\nPOSITIVE,b,a,"0.1,0.2,0.30,0.4","0,0,1,1",sb,sa\n'
    )
    assert (one["img1"], one["box1"], one["sha1"]) == ("a", "0,0,1,1", "sa")
    assert (one["img2"], one["box2"], one["sha2"]) == ("b", "0.1,0.2,0.3,0.4", "sb")


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace(",", "\t").encode(),
        lambda text: text.encode("latin-1"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\n\n").encode(),
        lambda text: text.replace("type", " Type ").encode(),
        lambda text: text.rstrip("\n").encode(),
    ],
    ids=["bom", "crlf", "cr", "semicolon", "tab", "latin-1", "utf-16", "blanks", "case", "no end"],
)
def test_what_spreadsheets_write_is_read_the_same(encode):
    text = "type,img1,img2,annotator\nPOSITIVE,é b.jpg,a.jpg,Zoë\nNON-DUPLICATE,c,d,\n"
    rows = read(encode(text)).annotations.to_pylist()
    assert [(one["type"], one["img1"], one["img2"], one["annotator"]) for one in rows] == [
        ("POSITIVE", "a.jpg", "é b.jpg", "Zoë"),
        ("NOT_DUPLICATE", "c", "d", None),
    ]


def test_latin_1_is_said_so():
    assert "Latin-1" in read("type,img1,img2\nPOSITIVE,é,b\n".encode("latin-1")).notes[0]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n \n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not text"),
        (b"\xff\xfea", "not text"),
        (b",,,\n", "lacks the columns"),
        (b"img1,img2\na,b\n", "lacks the column type"),
        (b"a,b,POSITIVE\n", "lacks the columns type, img1, img2"),
        (b"type,img1,img2,type\nPOSITIVE,a,b,POSITIVE\n", "column type twice"),
        (b"<html><body>Sign in</body></html>", "lacks the columns"),
        (b'"type,img1,img2\nPOSITIVE,a,b\n', "lacks the columns"),
    ],
)
def test_a_file_of_which_no_row_can_be_taken_is_refused_with_its_name(data, says):
    with pytest.raises(AnnotationError, match=says) as refused:
        read_annotations(data, "sitting.csv")
    assert "sitting.csv" in str(refused.value)


def test_a_header_alone_is_a_file_without_judgements():
    found = read("type,img1,img2\n")
    assert (found.rows, found.annotations.num_rows, found.rejected.num_rows) == (0, 0, 0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("FOO,a,b,,,,,,", "unknown_type"),
        (",a,b,,,,,,", "unknown_type"),
        ("POSITIVE,a,a,,,,,,", "self_link"),
        ("POSITIVE,a,,,,,,,", "missing_image"),
        ("UNSURE,,,,,,,,", "missing_image"),
        ("CORRECT,a,,,,,,,", "missing_image"),
        ("POSITIVE,a,b", "cells"),
        ("POSITIVE,a,b,,,,,,,,,", "cells"),
        ("POSITIVE,a,b,2026-02-30,,,,,", "bad_date"),
        ("POSITIVE,a,b,31-02-2022_10:00:00,,,,,", "bad_date"),
        ("POSITIVE,a,b,yesterday,,,,,", "bad_date"),
        ("POSITIVE,a,b,0001-01-01T00:00:00+05:00,,,,,", "bad_date"),
        ("POSITIVE,a,b,3024-03-01T10:00:00Z,,,,,", "bad_date"),
        ("POSITIVE,a,b,01-03-3024_10:00:00,,,,,", "bad_date"),
        ('POSITIVE,a,b,,"0,0,1",,,,', "bad_box"),
        ('POSITIVE,a,b,,"0,0,nan,1",,,,', "bad_box"),
        ('POSITIVE,a,b,,"0.5,0,0.6,1",,,,', "bad_box"),
        ('POSITIVE,a,b,,"10,10,200,300",,,,', "bad_box"),
        ('POSITIVE,a,b,,"0,0,0,1",,,,', "bad_box"),
        ("CORRECT,,,,,not json,,,", "bad_members"),
        ("CORRECT,,,,,[],,,", "bad_members"),
        ("CORRECT,,,,,[1],,,", "bad_members"),
        ('CORRECT,,,,,"{""a"": 1}",,,', "bad_members"),
        ("RETRACT,,,,,,,,", "missing_retracts"),
        ("SETTLE,,,,,,,POSITIVE,", "missing_retracts"),
        ("SETTLE,,,,,,k-1,perhaps,", "bad_outcome"),
        ('POSITIVE,"a"x,b,,,,,,', "quotes"),
        ('POSITIVE,"a,b,,,,,,', "quotes"),
        ("POSITIVE,a\0,b,,,,,,", "nul"),
    ],
)
def test_a_bad_row_comes_with_its_line_and_reason_and_the_good_ones_count(line, reason):
    header = "type,img1,img2,made_at,box1,members,retracts,note,annotator\n"
    text = f"{header}POSITIVE,c,d,,,,,,\n{line}\nNEGATIVE,e,f,,,,,,\n"
    assert reasons(text) == [(3, reason)]
    assert [one["type"] for one in good(text)] == ["POSITIVE", "NEGATIVE"]
    (bad,) = read(text).rejected.to_pylist()
    assert bad["text"] == line
    assert bad["file"] == "x.csv"


def test_a_time_to_come_is_refused_but_for_the_hours_that_zones_differ():
    now = datetime.now(UTC).replace(tzinfo=None)
    lines = [f"POSITIVE,a,{n},{now + timedelta(hours=n)}" for n in (14, 26)]
    found = read("\n".join(["type,img1,img2,made_at", *lines]))
    assert found.annotations["img1"].to_pylist() == ["14"]
    (bad,) = found.rejected["reason"].to_pylist()
    assert "yet to come" in bad


def test_lines_are_counted_in_the_file_also_where_a_cell_spans_several():
    text = 'type,img1,img2,note\nPOSITIVE,a,b,"two\nlines"\n\nPOSITIVE,a,a,\n'
    assert [one["row"] for one in good(text)] == [2]
    assert reasons(text) == [(5, "self_link")]


def test_one_id_for_two_judgements_keeps_the_first():
    text = "type,img1,img2,annotation_id\nPOSITIVE,a,b,x\nPOSITIVE,b,a,x\nNEGATIVE,a,b,x\n"
    assert reasons(text) == [(4, "repeated_id")]
    assert [one["type"] for one in good(text)] == ["POSITIVE"]


def test_settle_and_retract_need_no_images():
    rows = good("type,img1,img2,retracts,note\nSETTLE,,,k-1,leave\nRETRACT,,,x,\n")
    assert [(one["type"], one["img1"], one["retracts"]) for one in rows] == [
        ("SETTLE", None, "k-1"),
        ("RETRACT", None, "x"),
    ]


def burst(size, kind="WRONG", date="10-06-2022_14:52:40", cluster="7.0"):
    return "".join(
        f"{i}_{j},{kind},u{i:03},u{j:03},{date},c.csv,{cluster}\n"
        for i in range(size)
        for j in range(size)
        if i != j
    )


def test_a_burst_of_the_original_is_one_verdict_with_members_in_seconds():
    text = OLD + burst(75)  # 75 · 74 ordered pairs
    started = time.perf_counter()
    found = read(text)
    assert time.perf_counter() - started < 3
    (verdict,) = found.annotations.to_pylist()
    assert (verdict["type"], verdict["img1"], verdict["img2"]) == ("WRONG", None, None)
    assert verdict["members"] == [f"u{n:03}" for n in range(75)]
    assert json.loads(verdict["context"])["cluster"] == "7"
    assert (found.rows, found.by_type, found.folded_verdicts) == (5550, {"WRONG": 5550}, 1)


def test_bursts_of_other_clusters_types_and_sittings_stay_apart():
    text = OLD + (
        burst(3)
        + burst(4, cluster="8.0")
        + burst(3, "CORRECT")
        + burst(3, date="11-06-2022_09:00:00")
        + "u,POSITIVE,u000,u001,10-06-2022_14:52:40,c.csv,7.0\n"
    )
    found = read(text)
    assert found.folded_verdicts == 4
    assert sorted(found.annotations["type"].to_pylist()) == [
        "CORRECT",
        "POSITIVE",
        *["WRONG"] * 3,
    ]


def test_a_burst_written_over_several_seconds_is_one_verdict():
    lines = burst(3).splitlines()
    slow = [one.replace("14:52:40", f"14:52:{40 + n}") for n, one in enumerate(lines)]
    found = read(OLD + "\n".join(slow))
    assert found.folded_verdicts == 1
    (verdict,) = found.annotations.to_pylist()
    assert verdict["made_at"] == datetime(2022, 6, 10, 14, 52, 40, tzinfo=UTC)


def test_without_a_named_cluster_only_pairs_that_hang_together_are_folded():
    text = "type,img1,img2\nCORRECT,a,b\nCORRECT,b,c\nCORRECT,x,y\n"
    assert sorted(one["members"] for one in good(text)) == [["a", "b", "c"], ["x", "y"]]


def test_the_order_of_a_burst_does_not_change_its_identity():
    lines = burst(5).splitlines()
    one, other = good(OLD + "\n".join(lines)), good(OLD + "\n".join(reversed(lines)))
    assert one[0]["annotation_id"] == other[0]["annotation_id"]


def test_twelve_thousand_rows_take_seconds():
    rows = [f"u{n},POSITIVE,a{n},b{n},10-06-2022_14:52:40,m,{n}.0" for n in range(12_000)]
    started = time.perf_counter()
    assert read(OLD + "\n".join(rows)).annotations.num_rows == 12_000
    assert time.perf_counter() - started < 5


def test_a_verdict_on_thousands_of_members_fits_in_its_cell():
    members = [f"collection/{n:05}/a rather long name of a picture.jpg" for n in range(5000)]
    rows = table(row("CORRECT", members=members))
    (back,) = read(write_annotations(rows)).annotations.to_pylist()
    assert back["members"] == members


_text = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=("Cs",)), min_size=1
).filter(lambda text: text == text.strip())
_maybe = st.none() | _text
_part = st.integers(0, 50).map(lambda n: n / 100)
_boxes = st.none() | st.tuples(_part, _part, st.just(0.5), st.just(0.25)).map(
    lambda box: ",".join(f"{value:.6g}" for value in box)
)
_LATEST = datetime(2026, 1, 1)  # noqa: DTZ001  hypothesis wants it without a zone
_times = st.none() | st.datetimes(max_value=_LATEST, timezones=st.just(UTC))
_uids = st.text(string.ascii_letters + "éß ,;\"'/.", min_size=1).filter(
    lambda text: text == text.strip()
)


@st.composite
def _logs(draw):
    pairs = draw(st.lists(st.lists(_uids, min_size=2, max_size=2, unique=True), max_size=6))
    rows = [
        row(
            draw(st.sampled_from([*PAIR_TYPES, "UNSURE", "PROPOSAL"])),
            *pair,
            box1=draw(_boxes),
            box2=draw(_boxes),
            **{name: draw(_maybe) for name in ("motif", "annotator", "note", "act", "context")},
            made_at=draw(_times),
            sha1=draw(_maybe),
        )
        for pair in pairs
    ]
    members = draw(st.none() | st.lists(_uids, min_size=1, unique=True).map(sorted))
    if members:
        rows.append(row("WRONG", members=members, made_at=draw(_times)))
    return table(*{table(one)["annotation_id"][0].as_py(): one for one in rows}.values())


@given(_logs())
def test_what_is_written_reads_back_the_same(log):
    back = read(write_annotations(log))
    said = [name for name in log.column_names if name not in ("file", "file_sha256", "row")]
    assert back.rejected.num_rows == 0
    assert back.annotations.select(said).to_pylist() == log.select(said).to_pylist()


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_a_refusal(data):
    for start in (b"", b"type,img1,img2\n", b"type;img1;img2;members;box1;date\n"):
        try:
            read_annotations(start + data, "x.csv")
        except AnnotationError as refused:
            assert "x.csv" in str(refused)


def test_a_file_that_ends_within_a_character_is_no_latin_1():
    whole = "type,img1,img2\nSIMILAR,a,é\nSIMILAR,a,Dü"
    read = read_annotations(whole.encode()[:-1], "half.csv")
    assert read.annotations["img2"].to_pylist() == ["é"]
    assert read.cut_off == "type,img1,img2\nSIMILAR,a,D"
    assert read.rejected["reason"].to_pylist() == ["cells: the file ends within a character"]


@pytest.mark.parametrize(
    ("rows", "cut_off"),
    [
        ("SIMILAR,a,b\nSIMILAR,c", "SIMILAR,c"),
        ("SIMILAR,a,b\nSIMILAR,c\n", None),
        ("SIMILAR,a,b\nSIMILAR,c,d", None),
        ("SIMILAR,a,b\n", None),
        ('SIMILAR,a,b\nSIMILAR,c,"two\nlines', 'SIMILAR,c,"two\nlines'),
        ("SIMI", "SIMI"),
    ],
)
def test_what_a_file_ends_within_is_a_file_that_can_be_mended(rows: str, cut_off: str | None):
    read = read_annotations(f"type,img1,img2\n{rows}".encode(), "half.csv")
    assert read.cut_off == (cut_off and f"type,img1,img2\n{cut_off}")
    assert any("cut off" in note for note in read.notes) is (cut_off is not None)
    assert read.annotations.num_rows == rows.count("a,b") + rows.count("c,d")
