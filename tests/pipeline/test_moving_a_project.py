"""An exported project, taken in elsewhere: the same morphograph, clusters and scores."""

import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from small_project import SMALL, edit_settings, pictures_of, run_quietly

from vsig_core.annotations import build_morphograph
from vsig_core.current import current_images
from vsig_core.evaluation import Contest, score
from vsig_core.exchange import export, import_package
from vsig_core.exchange.package import PACKAGED
from vsig_core.project import Project, init_project, open_project
from vsig_core.queries import judged_now
from vsig_core.store import TABLES, Provenance, Store
from vsig_core.upkeep import verify
from vsig_pipeline.estimate import estimate
from vsig_pipeline.findings import findings
from vsig_pipeline.listing import plan_sources
from vsig_pipeline.state import State

# The pictures, which lie elsewhere here, and what is made of their records in a moment.
READ_ANEW = {"images", "corpus", "groups", "atlas", "pair_evidence", "review_queue"}


@pytest.fixture(scope="module")
def arrived(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The finished project, exported and taken in by another, on a copy of its pictures."""
    folder = tmp_path_factory.mktemp("arrived")
    done = export(finished, "package", folder / "package")
    assert not done.left_out and not done.rows_left_out
    project = init_project(folder / "elsewhere")
    pictures = folder / "pictures" / "images"
    shutil.copytree(pictures_of(finished.folder).parent, pictures.parent)
    (project.folder / "vsig.toml").write_text(f'[[source]]\nuri = "{pictures}"\n{SMALL}')
    project = open_project(project.folder)
    taken = import_package(project, folder / "package")
    assert taken.is_whole and not taken.settings
    return project


@pytest.fixture
def moved(arrived: Project, tmp_path: Path) -> Project:
    """A copy of what arrived, to work on."""
    shutil.copytree(arrived.folder, tmp_path / "elsewhere")
    return open_project(tmp_path / "elsewhere")


def rows(store: Store, name: str) -> list[dict]:
    """A table, without what is said of this machine and of its numbers of versions."""
    if name == "images":
        return current_images(store).drop_columns(["uri", "source"]).to_pylist()
    own = {"version", "links_version", "uri", "source"} & set(TABLES[name].schema.names)
    return store.read_or_empty(name).drop_columns(sorted(own)).to_pylist()


def scores(project: Project) -> list[dict]:
    """What `vsig evaluate` computes now."""
    names = project.store.read("models")["model_id"].to_pylist()
    judged = judged_now(project.store, project.settings.annotations.same_work)
    contest = Contest(names, names[-1])
    found = score(project, contest, judged, Provenance("evaluate"), lambda _l: lambda _d, _t: None)
    return found.rows.drop_columns(["links_version"]).to_pylist()


def morphograph(store: Store) -> str:
    """What the judgements come to, worked out anew."""
    images = current_images(store, ["uid", "sha256"]).to_pylist()
    return build_morphograph(
        store.read("annotations"),
        uids={row["uid"] for row in images},
        previous_components=store.read("drawn_splits"),
        previous_motif_members=store.read("motif_members"),
        hashes={row["uid"]: row["sha256"] for row in images},
    ).digest


def test_every_table_arrives_as_it_left(finished: Project, arrived: Project):
    for name in PACKAGED:
        assert rows(arrived.store, name) == rows(finished.store, name), name


def test_the_same_is_computed_from_what_arrived(finished: Project, arrived: Project):
    assert morphograph(arrived.store) == morphograph(finished.store)
    assert scores(arrived) == scores(finished)


def test_what_arrived_is_a_whole_store(arrived: Project):
    assert verify(arrived.store, lambda _label: lambda _done, _total: None).damaged == []


def test_a_run_elsewhere_knows_that_the_work_is_done(finished: Project, moved: Project):
    plan = plan_sources(moved)
    needed = estimate(moved, State(moved, plan.table).tasks(), plan.table)
    assert needed.to_read == 60, "files of another place are read once more"
    done = {task.step for task in run_quietly(moved)}
    assert done <= READ_ANEW, "judging, learning and clustering are known"
    for name in ("links", "components", "motif_members", "clusters", "layout", "groups", "models"):
        assert rows(moved.store, name) == rows(finished.store, name), name
    assert run_quietly(moved) == []


def test_what_arrived_is_not_said_to_be_without_pictures(arrived: Project):
    assert "no_pictures" not in {finding.kind for finding in findings(arrived)}


def test_a_new_setting_is_computed_on_what_arrived(moved: Project):
    before = moved.store.read("models").num_rows
    names = set(moved.store.read("clusters")["cluster"].to_pylist())
    changed = edit_settings(moved, ("[evaluation]", "[clustering]\nmax_eps = 0.2\n[evaluation]"))
    done = {task.step for task in run_quietly(changed)}
    assert "clusters" in done and "candidate_model" not in done
    assert changed.store.read("models").num_rows == before
    born = set(changed.store.read("cluster_ids")["cluster"].to_pylist())
    assert names - {None} <= born, "ids go on from those that arrived"


def test_settings_that_differ_are_told(finished: Project, tmp_path: Path):
    export(finished, "package", tmp_path / "package")
    other = init_project(tmp_path / "other")
    (other.folder / "vsig.toml").write_text(SMALL.replace("epochs = 1", "epochs = 2"))
    taken = import_package(open_project(other.folder), tmp_path / "package")
    assert taken.settings == {"training.epochs": (1, 2)}
    assert any("training.epochs" in line for line in taken.sentences())


def test_judgements_taken_in_twice_by_way_of_an_export_change_nothing(
    grown: Project, tmp_path: Path
):
    before = grown.store.read("annotations"), grown.store.read("links")
    export(grown, "csv", tmp_path / "judged.csv")
    (Path(grown.inbox.uri()) / "judged.csv").write_bytes((tmp_path / "judged.csv").read_bytes())
    run_quietly(grown)
    after = grown.store.read("annotations"), grown.store.read("links")
    assert isinstance(after[0], pa.Table) and after[0].equals(before[0])
    assert after[1].equals(before[1])
    export(grown, "csv", tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "judged.csv").read_bytes()
