"""The clustering steps in the graph: what they take over, and what they say of it."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from small_project import edit_settings, pictures_of, run_quietly

from vsig_core.clustering import NeighbourGraph, _approximate
from vsig_core.clustering._approximate import Approximate
from vsig_core.project import Project, open_project
from vsig_core.vectors import vectors_in_force
from vsig_pipeline.running import RunFailedError


def facts(project: Project, table: str) -> dict:
    return dict(project.store.commits(table)[0].provenance.facts)


def with_pictures_of_its_own(grown: Project, finished: Project, folder: Path) -> Project:
    shutil.copytree(pictures_of(finished.folder).parent, folder)
    pictures = folder / pictures_of(finished.folder).name
    return edit_settings(grown, (str(pictures_of(finished.folder)), str(pictures)))


def exact_lists(project: Project) -> list[list[str]]:
    known = vectors_in_force(project.store)
    k = project.settings.neighbours.k
    indices, _ = NeighbourGraph.build(known.vectors, k).knn
    return np.array(known.uids, dtype=object)[indices].tolist()


def test_lists_are_taken_over_and_are_those_built_anew(
    grown: Project, finished: Project, tmp_path: Path
):
    project = with_pictures_of_its_own(grown, finished, tmp_path / "own")
    project = edit_settings(project, ("[evaluation]", "[neighbours]\nk = 5\n[evaluation]"))
    run_quietly(project)
    pictures = sorted((tmp_path / "own").rglob("*.jpg"))
    shutil.copy(pictures[0], pictures[0].with_name("copy.jpg"))
    pictures[-1].unlink()
    run_quietly(project)
    assert 0 < facts(project, "neighbours")["compared"] < 60
    assert project.store.read("neighbours")["ids"].to_pylist() == exact_lists(project)


@pytest.mark.parametrize("method", ["dbscan", "hdbscan", "kmeans", "mix"])
def test_another_method_is_one_setting(grown: Project, method: str):
    setting = f'[clustering]\nmethod = "{method}"\nmax_eps = 0.3\nn_clusters = 7\n[evaluation]'
    project = edit_settings(grown, ("[evaluation]", setting))
    run_quietly(project, "clusters")
    clusters = project.store.read("clusters")
    assert set(clusters["method"].to_pylist()) == {method}
    assert clusters["cluster"].null_count < 60
    if method == "kmeans":
        assert len(set(clusters["cluster"].to_pylist())) == 7


def test_everything_made_from_an_approximate_index_says_so(
    grown: Project, monkeypatch: pytest.MonkeyPatch
):
    def half_blind(unit: np.ndarray, k: int, _seed: int) -> Approximate:
        return Approximate(NeighbourGraph.build(unit, k).knn[0], 0.5)

    # The index itself is compiled for half a minute; what it finds is tested where it is.
    monkeypatch.setattr(_approximate, "approximate_neighbours", half_blind)
    setting = "[neighbours]\nk = 5\napproximate_above = 10\n[evaluation]"
    project = edit_settings(grown, ("[evaluation]", setting))
    run_quietly(project, "neighbours")
    (recall,) = set(project.store.read("neighbours")["recall"].to_pylist())
    assert recall == 0.5
    assert set(project.store.read("clusters")["recall"].to_pylist()) == {recall}
    for table in ("neighbours", "clusters", "layout", "groups", "atlas", "review_queue"):
        assert facts(project, table)["recall"] == recall, table
    for table in ("clusters", "groups", "atlas", "review_queue"):
        assert facts(project, table)["calibrated"] is False, table


def test_clusters_are_held_against_judgements(finished: Project):
    said = facts(finished, "clusters")
    for figure in ("B³ F1 (val and test)", "positives together", "negatives apart"):
        assert figure in said
    new = facts(finished, "links")["new since last time"]
    assert new["links_added"] > 0 and new["components_born"] > 0


def test_vectors_that_cannot_be_compared_are_named(grown: Project):
    rows = grown.store.read("embeddings")
    broken = rows["vector"].to_pylist()
    broken[3] = [float("nan")] * len(broken[3])
    column = rows.schema.get_field_index("vector")
    field = rows.schema.field(column)
    table = rows.set_column(column, field, pa.array(broken, field.type))
    newest = grown.store.commits("embeddings")[0].provenance
    grown.store.write("embeddings", table, newest)
    project = edit_settings(grown, ("[evaluation]", "[neighbours]\nk = 5\n[evaluation]"))
    uid = rows["uid"][3].as_py()
    with pytest.raises(RunFailedError, match=f"NaN or infinite: row {uid}"):
        run_quietly(open_project(project.folder), "neighbours")
