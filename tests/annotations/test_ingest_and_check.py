import pytest
from annotation_rows import row, table

from vsig_core.annotations import (
    Aliases,
    Known,
    build_morphograph,
    check_file,
    conflict_id,
    follow_aliases,
    ingest_file,
    new_rows,
    unknown_images,
    waiting_rows,
)
from vsig_core.errors import AnnotationError
from vsig_core.store.schema import empty

FILE = b"type,img1,img2,made_at\nPOSITIVE,a,b,2026-03-01\nNEGATIVE,b,c,2026-03-01\nFOO,a,b,\n"
OLD = b"uid_connection,type,img1,img2,date,cluster_file,cluster\n"


def taken(data, log=None, **known):
    return ingest_file(data, "f.csv", empty("annotations") if log is None else log, Known(**known))


def test_ingesting_a_file_adds_its_good_rows_and_lists_the_bad():
    result = taken(FILE)
    assert result.annotations["type"].to_pylist() == ["POSITIVE", "NEGATIVE"]
    assert result.rejected["row"].to_pylist() == [4]
    assert result.report == {
        "file": "f.csv",
        "rows": 3,
        "by_type": {"NEGATIVE": 1, "POSITIVE": 1},
        "new": 2,
        "known": 0,
        "new_links": 2,
        "folded_verdicts": 0,
        "bad": 1,
        "waiting": 0,
        "notes": [],
    }


@pytest.mark.parametrize(
    "again",
    [
        FILE,
        FILE.replace(b"\n", b"\r\n"),
        FILE.replace(b"a,b", b"b,a"),
        b"\n".join(FILE.split(b"\n")[:2]),
        FILE.replace(b",", b";"),
    ],
    ids=["same", "crlf", "turned", "part", "semicolons"],
)
def test_the_same_rows_from_whatever_file_change_nothing(again):
    log = taken(FILE).annotations
    result = taken(again, log)
    assert result.annotations.num_rows == 0
    assert result.report["known"] > 0


def test_rows_missing_from_a_later_file_are_not_retracted():
    log = taken(FILE).annotations
    assert new_rows(log, taken(FILE.split(b"NEGATIVE")[0]).annotations).num_rows == 0
    assert build_morphograph(log).links.num_rows == 2


def test_rows_with_unknown_images_stay_in_the_log_and_are_listed_until_the_picture_comes():
    result = taken(FILE, uids={"a", "b"})
    assert result.annotations.num_rows == 2
    waiting = [one for one in result.rejected.to_pylist() if one["reason"] == "unknown_image c"]
    assert [(one["row"], one["text"]) for one in waiting] == [(3, "NEGATIVE,b,c")]
    assert result.report["waiting"] == 1
    assert waiting_rows(result.annotations, {"a", "b", "c"}).num_rows == 0


def test_an_alias_makes_an_old_id_known():
    rows = table(row("POSITIVE", "old", "b"), row("WRONG", members=["old", "gone"]))
    names = [("old", "newer"), ("newer", "new")]
    aliases = Aliases([{"old_uid": old, "uid": uid} for old, uid in names], {"new": "1", "b": "2"})
    assert unknown_images(rows, {"new", "b"}, aliases) == [(1, "gone")]
    renamed = follow_aliases(rows, aliases)
    assert renamed["img1"].to_pylist() == ["b", None]
    assert renamed["img2"].to_pylist() == ["new", None]
    assert renamed["members"].to_pylist() == [None, ["gone", "new"]]
    assert renamed["annotation_id"].equals(rows["annotation_id"])


def test_the_contents_that_pictures_have_when_judged_are_noted():
    result = taken(FILE, hashes={"a": "1", "b": "2"})
    assert result.annotations["sha1"].to_pylist() == ["1", "2"]
    assert result.annotations["sha2"].to_pylist() == ["2", None]
    assert taken(FILE, result.annotations).annotations.num_rows == 0


def test_a_row_that_was_changed_under_its_id_is_reported_and_overwrites_nothing():
    header = b"type,img1,img2,annotation_id\n"
    log = taken(header + b"POSITIVE,a,b,x\n").annotations
    assert taken(header + b"POSITIVE,b,a,x\n", log).rejected.num_rows == 0
    result = taken(header + b"NEGATIVE,a,b,x\n", log)
    assert result.annotations.num_rows == 0
    assert result.rejected["reason"].to_pylist()[0].startswith("repeated_id: x")


def test_an_unreadable_file_is_refused_whole():
    with pytest.raises(AnnotationError, match=r"f\.csv is empty"):
        taken(b"")


def test_a_check_counts_before_folding_and_names_what_is_unknown():
    burst = b"".join(
        f"u,WRONG,{one},{other},10-06-2022_14:52:40,c,7.0\n".encode()
        for one in "abc"
        for other in "abc"
        if one != other
    )
    lines = b"u,POSITIVE,a,b,10-06-2022_14:52:40,c,7.0\nu,POSITIVE,d,b,10-06-2022_14:52:41,c,7.0\n"
    lines += b"u,SIMILAR,b,a,10-06-2022_14:52:41,c,7.0\nu,POSITIVE,d,d,10-06-2022_14:52:41,c,7.0\n"
    report = check_file(OLD + burst + lines, "old.csv", {"a", "b", "c"})
    assert report["path"] == "old.csv"
    assert report["rows"] == 10
    assert report["by_type"] == {"WRONG": 6, "POSITIVE": 2, "SIMILAR": 1}
    assert report["folded_verdicts"] == 1
    assert report["components"] == {"count": 1, "images": 3, "largest": 3}
    assert report["several_types"] == {"POSITIVE+SIMILAR": 1}
    assert report["unknown_images"] == ["d"]
    assert report["conflicts"] == []
    assert [(bad["row"], bad["reason"].split(":")[0]) for bad in report["bad_rows"]] == [
        (11, "self_link")
    ]


def test_a_check_names_what_is_taken_back_or_settled_without_being_there():
    log = table(
        row("POSITIVE", "y", "z", id="x", act="click"),
        row("POSITIVE", "a", "b", by="anna"),
        row("NEGATIVE", "a", "b", by="luca"),
    )
    data = (
        "type,img1,img2,annotation_id,retracts,note\n"
        "NEGATIVE,c,d,here,,\n"
        "RETRACT,,,,x,\nRETRACT,,,,click,\nRETRACT,,,,here,\nRETRACT,,,,nobody,\n"
        f"SETTLE,,,,{conflict_id(('a', 'b'))},leave\nSETTLE,b,a,,,leave\nSETTLE,,,,k-listed,leave\n"
        "SETTLE,c,d,,,leave\nSETTLE,,,,k-none,leave\n"
    ).encode()
    report = check_file(data, "x.csv", log=log, conflicts={"k-listed"})
    assert report["unknown_targets"] == [
        {"row": 6, "type": "RETRACT", "names": "nobody"},
        {"row": 10, "type": "SETTLE", "names": conflict_id(("c", "d"))},
        {"row": 11, "type": "SETTLE", "names": "k-none"},
    ]
    assert check_file(data, "x.csv")["unknown_targets"] is None


def test_a_check_without_a_corpus_does_not_say_that_all_pictures_are_known():
    assert check_file(FILE, "f.csv")["unknown_images"] is None
    assert check_file(FILE, "f.csv", {"a", "b", "c"})["unknown_images"] == []


def test_a_check_finds_conflicts_of_the_file_with_itself_and_with_the_log():
    data = b"type,img1,img2\nPOSITIVE,a,b\nPOSITIVE,b,c\nNEGATIVE,a,c\n"
    (inside,) = check_file(data, "x.csv")["conflicts"]
    assert (inside["kind"], inside["images"]) == ("inside", ["a", "c", "b"])
    log = table(row("NEGATIVE", "a", "b", by="anna"), row("POSITIVE", "y", "z", by="anna"))
    assert check_file(b"type,img1,img2\nPOSITIVE,a,b\n", "x.csv")["conflicts"] == []
    (found,) = check_file(b"type,img1,img2\nPOSITIVE,a,b\n", "x.csv", log=log)["conflicts"]
    assert found["kind"] == "pair"
