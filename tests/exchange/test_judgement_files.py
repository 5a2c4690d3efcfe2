import pyarrow.parquet as pq
from shown_project import SAID

from vsig_core.annotations import build_morphograph, read_annotations
from vsig_core.exchange import export
from vsig_core.project import Project

GOING = {"n1", "n2", "n3", "n4", "n7", "n8", "n9"}


def test_csv_gives_back_what_was_said_of_the_pictures_that_leave(project: Project, tmp_path):
    export(project, "csv", tmp_path / "out.csv")
    data = (tmp_path / "out.csv").read_bytes()
    back = read_annotations(data, "out.csv")
    said = read_annotations(SAID.encode(), "said.csv").annotations.to_pylist()
    assert back.rejected.num_rows == 0
    place = {"file": None, "file_sha256": None, "row": None}
    expected = [row | place for row in said if row["annotation_id"] in GOING]
    found = [row | place for row in back.annotations.to_pylist()]
    assert sorted(found, key=lambda r: r["annotation_id"]) == sorted(
        expected, key=lambda r: r["annotation_id"]
    )


def test_a_cell_that_a_spreadsheet_would_compute_is_text(project: Project, tmp_path):
    export(project, "csv", tmp_path / "out.csv")
    assert "'=HYPERLINK" in (tmp_path / "out.csv").read_text("utf-8")


def test_parquet_says_what_stands_beside_what_was_said(project: Project, tmp_path):
    export(project, "parquet", tmp_path / "out.parquet")
    rows = {
        row["annotation_id"]: row for row in pq.read_table(tmp_path / "out.parquet").to_pylist()
    }
    assert rows.keys() == GOING
    stands = {name: (row["verdict"], row["contested"]) for name, row in rows.items()}
    assert stands["n1"] == ("POSITIVE", False)
    assert stands["n3"] == stands["n4"] == ("POSITIVE", True)
    assert stands["n7"] == stands["n9"] == (None, None)


def test_what_is_exported_means_the_same_where_it_is_read(project: Project, tmp_path):
    export(project, "csv", tmp_path / "out.csv")
    back = read_annotations((tmp_path / "out.csv").read_bytes(), "out.csv").annotations
    uids = {"a.jpg", "b.jpg", "d.jpg", "été/c d.jpg"}
    here = build_morphograph(project.store.read("annotations"), uids=uids)
    assert build_morphograph(back, uids=uids).digest == here.digest
