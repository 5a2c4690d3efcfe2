import os
from collections import Counter
from pathlib import Path

import networkx as nx
import pytest
from annotation_rows import groups

from vsig_core.annotations import Known, build_morphograph, check_file, ingest_file
from vsig_core.errors import AnnotationError
from vsig_core.store.schema import empty


@pytest.fixture(scope="module")
def data():
    folder = os.environ.get("VSIG_CORPORA")
    if not folder:
        pytest.skip("VSIG_CORPORA is not set: it names the folder of the real corpora")
    return (Path(folder) / "replica" / "morphograph_clusters.csv").read_bytes()


def test_the_check_reports_the_figures_that_are_known_of_the_file(data):
    report = check_file(data, "morphograph_clusters.csv", set())
    assert report["rows"] == 1380
    assert report["by_type"] == {"POSITIVE": 1254, "DUPLICATE": 75, "SIMILAR": 51}
    assert report["components"] == {"count": 253, "images": 761, "largest": 12}
    assert report["several_types"] == {"POSITIVE+SIMILAR": 3}
    lines = [line.split(",") for line in data.decode().splitlines()[1:]]
    assert report["unknown_images"] == sorted({uid for line in lines for uid in line[2:4]})
    assert report["bad_rows"] == report["conflicts"] == []
    forms = Counter(
        "halves" if line[0] == line[2][:16] + line[3][16:] else "sorted pair" for line in lines
    )
    assert all("_" in line[0] for line in lines) == (forms.keys() == {"sorted pair"})
    assert report["link_ids"] == forms


def test_defect_4_no_positive_of_the_file_is_lost(data):
    annotations = ingest_file(data, "m.csv", empty("annotations")).annotations
    graph = build_morphograph(annotations)
    assert Counter(graph.links["verdict"].to_pylist()) == {
        "POSITIVE": 1254,
        "DUPLICATE": 75,
        "SIMILAR": 48,
    }
    rows = annotations.to_pylist()
    pairs = [(one["img1"], one["img2"]) for one in rows if one["type"] == "POSITIVE"]
    expected = {frozenset(group) for group in nx.connected_components(nx.Graph(pairs))}
    assert groups(graph) == expected
    assert graph.conflicts.num_rows == 0


def test_every_row_waits_where_no_picture_is_there_and_comes_back_known(data):
    first = ingest_file(data, "m.csv", empty("annotations"), Known(uids=set()))
    assert first.report["new"] == first.report["waiting"] == 1380
    again = ingest_file(data.replace(b"\n", b"\r\n"), "copy.csv", first.annotations)
    assert again.report["new"] == 0
    assert build_morphograph(first.annotations, uids=set()).links.num_rows == 0


@pytest.mark.parametrize("name", ["clusters_optics_0.13.csv", "uid2desc.csv"])
def test_the_other_old_files_are_told_for_what_they_are(name: str):
    folder = os.environ.get("VSIG_CORPORA")
    if not folder:
        pytest.skip("VSIG_CORPORA is not set: it names the folder of the real corpora")
    with pytest.raises(AnnotationError, match="holds no judgements"):
        check_file((Path(folder) / "replica" / name).read_bytes(), name)
