"""All tables as a data package, and back."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import frictionless
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyld import jsonld
from shown_project import HERE, STAYING

from vsig_core.errors import InputError
from vsig_core.exchange import export, import_package
from vsig_core.exchange.package import KEPT, PACKAGED
from vsig_core.exchange.tabular import read_table, write_table
from vsig_core.project import Project, init_project, open_project
from vsig_core.store import TABLES, schema


@pytest.fixture
def package(project: Project, tmp_path: Path) -> Path:
    export(project, "package", tmp_path / "package")
    return tmp_path / "package"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Project:
    return init_project(tmp_path / "elsewhere")


def document(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))


def test_frictionless_finds_every_table_valid(package: Path):
    report = frictionless.validate(str(package / "datapackage.json"))
    errors = {task.name: [error.message for error in task.errors] for task in report.tasks}
    assert report.valid, {name: found for name, found in errors.items() if found}
    assert {"images", "annotations", "links", "clusters", "embeddings"} <= errors.keys()


def test_frictionless_finds_a_table_that_was_changed(package: Path):
    with (package / "tables" / "layout.csv").open("a") as file:
        file.write('"a.jpg",1.0,east\n')
    report = frictionless.validate(str(package / "datapackage.json"))
    found = {error.type for task in report.tasks for error in task.errors}
    assert {"hash-count", "type-error", "primary-key"} & found == {
        "hash-count",
        "type-error",
        "primary-key",
    }


def test_every_table_is_in_a_package_or_kept_for_a_reason():
    assert set(PACKAGED) | KEPT == set(TABLES) and not set(PACKAGED) & KEPT


def test_a_file_of_weights_leaves_by_its_name_alone(project: Project, tmp_path: Path):
    weights = "/home/anna/networks/mine.safetensors"
    key = project.store.objects.put("models", b"weights", "safetensors")
    row = {
        "model_id": "m-1",
        "weights": key,
        "settings": json.dumps({"model": {"weights": weights}}),
        "origin": "trained",
        "status": "champion",
    }
    models = pa.Table.from_pylist([row], schema=schema("models"))
    project.store.write("models", models, HERE)
    (project.folder / "vsig.toml").write_text(f'[model]\nweights = "{weights}"\n')
    export(open_project(project.folder), "package", tmp_path / "package")
    for file in (tmp_path / "package").rglob("*"):
        assert not file.is_file() or b"/home/anna" not in file.read_bytes(), file
    (back,) = read_table("models", tmp_path / "package" / "tables").to_pylist()
    assert json.loads(back["settings"]) == {"model": {"weights": "mine.safetensors"}}
    assert (tmp_path / "package" / "objects" / key).read_bytes() == b"weights"


def test_croissant_names_every_file_and_every_column(package: Path):
    croissant = document(package / "croissant.json")
    (dataset,) = jsonld.expand(croissant)
    cr = "http://mlcommons.org/croissant/"
    files = {entry["@id"] for entry in croissant["distribution"]}
    assert files == {f"tables/{path.name}" for path in (package / "tables").iterdir()}
    sets = dataset[cr + "recordSet"]
    assert len(sets) == len(files) and all(one[cr + "field"] for one in sets)
    images = next(one for one in croissant["recordSet"] if one["name"] == "images")
    assert [field["name"] for field in images["field"]] == schema("images").names
    for field in images["field"]:
        assert field["source"]["fileObject"]["@id"] in files


def test_what_leaves_in_part_arrives_as_that_part(
    project: Project, package: Path, elsewhere: Project
):
    done = import_package(elsewhere, package)
    assert not done.is_whole
    there, here = project.store, elsewhere.store
    for name in ("components", "motifs", "motif_members", "layout", "clusters", "embeddings"):
        rows = [row for row in there.read(name).to_pylist() if row.get("uid") not in STAYING]
        for row in rows:
            if row.get("predecessor") in STAYING:
                row["predecessor"] = None
        assert here.read(name).to_pylist() == rows, name
    images = {row["uid"]: row for row in here.read("images").to_pylist()}
    assert images.keys().isdisjoint(STAYING) and images["a.jpg"]["uri"] is None
    before = {row["uid"]: row for row in there.read("images").to_pylist()}
    for uid, row in images.items():
        assert row["thumb"] == before[uid]["thumb"]
        assert row["title"] == before[uid]["title"] and row["added_at"] == before[uid]["added_at"]
        key = row["working"]
        assert key is None or here.objects.get(key) == there.objects.get(key)
    assert [row["images"] for row in here.read("corpus").to_pylist()] == [4]


def test_two_projects_do_not_mix_and_an_import_may_be_done_again(
    project: Project, package: Path, elsewhere: Project
):
    with pytest.raises(InputError, match="do not mix"):
        import_package(project, package)
    import_package(elsewhere, package)
    first = elsewhere.store.read("layout")
    import_package(elsewhere, package)
    assert elsewhere.store.read("layout").equals(first)


def _edit(package: Path, **changes: Any) -> None:
    report = document(package / "vsig-export.json")
    (package / "vsig-export.json").write_text(json.dumps(report | changes))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda p: (p / "tables" / "layout.csv").write_text("uid,x,y\n"), "not the file"),
        (lambda p: (p / "tables" / "layout.csv").unlink(), "cannot be read"),
        (lambda p: (p / "vsig-export.json").write_text("{}"), "no package"),
        (lambda p: (p / "vsig-export.json").unlink(), "the whole folder"),
        (lambda p: (p / "vsig-export.json").write_text("[1"), "no JSON"),
        (lambda p: (p / "vsig-export.json").write_text("[1]"), "no JSON object"),
        (lambda p: (p / "vsig-export.json").write_text('{"kind": "vsig package 1"}'), "list"),
        (lambda p: _edit(p, commits=None), "not as"),
        (lambda p: _edit(p, commits=[{"table": "links", "vsig.facts": "{"}]), "not as"),
        (lambda p: _edit(p, settings=3), "not as"),
        (lambda p: _edit(p, files={"tables/other.csv": "0"}), "cannot be read"),
        (lambda p: _edit(p, files={}), "lacks the tables"),
        (lambda p: (p / "tables" / "embeddings.parquet").write_bytes(b"PAR1"), "not the file"),
        (lambda p: shutil.rmtree(p / "objects" / "working"), "cannot be read"),
        (lambda p: next((p / "objects" / "thumbs").iterdir()).write_bytes(b"x"), "damaged"),
    ],
)
def test_a_package_that_is_damaged_is_refused_before_anything_is_written(
    package: Path, elsewhere: Project, spoil: Any, says: str
):
    spoil(package)
    with pytest.raises(InputError, match=says):
        import_package(elsewhere, package)
    assert elsewhere.store.version("images") is None


def test_a_key_that_would_lead_out_of_the_package_is_refused(
    package: Path, elsewhere: Project, tmp_path: Path
):
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    images = read_table("images", package / "tables")
    bad = ["thumbs/../../../secret.jpg"] * images.num_rows
    index = images.schema.get_field_index("thumb")
    write_table("images", images.set_column(index, "thumb", pa.array(bad)), package / "tables")
    report = document(package / "vsig-export.json")
    data = (package / "tables" / "images.csv").read_bytes()
    report["files"]["tables/images.csv"] = hashlib.sha256(data).hexdigest()
    (package / "vsig-export.json").write_text(json.dumps(report))
    with pytest.raises(InputError, match="no name of an object"):
        import_package(elsewhere, package)


_text = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "annotation_id": st.text("abc=,'\"\n ", min_size=1),
                "note": _text,
                "members": st.none() | st.lists(st.text("a,\"'é\n\\")),
                "made_at": st.none() | st.datetimes().map(lambda t: t.replace(tzinfo=None)),
                "row": st.none() | st.integers(-(2**63), 2**63 - 1),
            }
        ),
        max_size=6,
    )
)
def test_every_table_of_text_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, rows):
    folder = tmp_path_factory.mktemp("table")
    table = pa.Table.from_pylist(rows, schema=schema("annotations"))
    write_table("annotations", table, folder)
    assert read_table("annotations", folder).to_pylist() == table.to_pylist()


def test_a_verdict_on_very_many_pictures_comes_back(tmp_path: Path):
    members = [f"https://museum.example/iiif/a-long-name/canvas/{n}" for n in range(60_000)]
    rows = [{"annotation_id": str(n), "type": "CORRECT", "members": members} for n in range(2)]
    table = pa.Table.from_pylist(rows, schema=schema("annotations"))
    write_table("annotations", table, tmp_path)
    assert read_table("annotations", tmp_path).to_pylist() == table.to_pylist()


@given(st.lists(st.none() | st.floats(allow_nan=False), max_size=8))
def test_every_number_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, values):
    folder = tmp_path_factory.mktemp("table")
    rows = [
        {"uid": str(n), "reachability": value, "calibrated": None if value is None else value > 0}
        for n, value in enumerate(values)
    ]
    table = pa.Table.from_pylist(rows, schema=schema("clusters"))
    write_table("clusters", table, folder)
    assert read_table("clusters", folder).equals(table)
