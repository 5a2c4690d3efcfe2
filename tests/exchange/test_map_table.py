import io
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from shown_project import ODD

from vsig_core.errors import TableMissingError
from vsig_core.exchange import export
from vsig_core.project import Project, open_project


def test_neighbours_are_rows_of_the_file_nearest_first(project: Project, tmp_path: Path):
    export(project, "map", tmp_path / "map.parquet")
    table = pq.read_table(tmp_path / "map.parquet")
    rows = table.to_pylist()
    assert [row["uid"] for row in rows] == ["a.jpg", "b.jpg", "d.jpg", ODD]
    # a.jpg: b 0.1, closed 0.2, d 0.3, later 0.4, odd 0.5; two of them stay in.
    near = rows[0]["neighbors"]
    assert near["ids"] == [1, 2, 3]
    assert near["distances"] == pytest.approx([0.1, 0.3, 0.5])
    assert pa.types.is_floating(table.schema.field("x").type)
    assert [row["x"] for row in rows] == [0.0, 1.0, 3.0, 5.0]


def test_every_row_has_its_record_its_cluster_and_a_picture(project: Project, tmp_path: Path):
    export(project, "map", tmp_path / "map.parquet")
    for row in pq.read_table(tmp_path / "map.parquet").to_pylist():
        assert row["author"] == "Anna & Co"
        assert row["cluster"] == (None if row["uid"] == "d.jpg" else "c-1")
        with Image.open(io.BytesIO(row["thumb"]["bytes"])) as picture:
            assert max(picture.size) <= 128


def test_pandas_reads_neighbours_as_embedding_atlas_wants_them(project: Project, tmp_path: Path):
    export(project, "map", tmp_path / "map.parquet")
    first = pq.read_table(tmp_path / "map.parquet").to_pandas()["neighbors"].iloc[0]
    assert set(first) == {"ids", "distances"} and list(first["ids"]) == [1, 2, 3]


def test_a_map_that_was_never_made_is_no_empty_map(project: Project, tmp_path: Path):
    shutil.rmtree(project.folder / "store" / "tables" / "layout")
    with pytest.raises(TableMissingError, match="layout"):
        export(open_project(project.folder), "map", tmp_path / "map.parquet")
    assert not (tmp_path / "map.parquet").exists()
