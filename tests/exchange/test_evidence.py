"""Boxes that local evidence finds, in exports: beside what people drew, and never instead of it."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shown_project import HERE, ODD

from vsig_core.annotations import read_annotations, read_box
from vsig_core.evidence import Cells, pack
from vsig_core.exchange import export
from vsig_core.pair_evidence import maps_of
from vsig_core.project import Project
from vsig_core.settings import ModelSettings
from vsig_core.store import schema

SIDE, PART = 20, 8  # cells
# Where the part lies that these share: column, row.
PLACES = {"a.jpg": (4, 2), "b.jpg": (0, 10), "d.jpg": (12, 12), ODD: (11, 6)}


def box_of(uid: str) -> tuple[float, ...]:
    column, row = PLACES[uid]
    return (column / SIDE, row / SIDE, PART / SIDE, PART / SIDE)


@pytest.fixture
def looked_at(project: Project) -> Project:
    """The project, four of its pictures looked at closely; and one more judgement, half drawn."""
    store = project.store
    settings = {"model": ModelSettings().model_dump(mode="json")}
    model = {"model_id": "m-1", "weights": "models/x.safetensors", "settings": json.dumps(settings),
             "origin": "pretrained", "status": "champion"}  # fmt: skip
    store.write("models", pa.Table.from_pylist([model], schema("models")), HERE)
    chance = np.random.default_rng(7)
    part = chance.normal(size=(PART, PART, 32))
    contents = {row["uid"]: row["sha256"] for row in store.read("images").to_pylist()}
    rows = []
    for uid, (column, row) in PLACES.items():
        whole = chance.normal(size=(SIDE, SIDE, 32))
        whole[row : row + PART, column : column + PART] = part
        vectors = (whole / np.linalg.norm(whole, axis=2, keepdims=True)).astype(np.float32)
        key = store.objects.put("maps", pack(Cells(vectors, (0, 0, SIDE, SIDE))), "safetensors")
        rows.append({"trunk": maps_of(project).name, "sha256": contents[uid], "cells": key})
    store.append("regions", pa.Table.from_pylist(rows, schema("regions")), HERE)
    half = {"annotation_id": "half", "type": "POSITIVE", "img1": "a.jpg", "img2": ODD,
            "box1": "0.25,0.15,0.2,0.2", "annotator": "luca"}  # fmt: skip
    store.append("annotations", pa.Table.from_pylist([half], schema("annotations")), HERE)
    return project


def annotations_of(project: Project, out: Path) -> dict[str, dict[str, Any]]:
    export(project, "w3c", out)
    items = json.loads(out.read_text("utf-8"))["first"]["items"]
    return {item["id"].removeprefix("urn:vsig:annotation:"): item for item in items}


def fractions(target: dict[str, Any]) -> list[float]:
    """The box of a target, in fractions of a picture of 400 x 300, or of a canvas."""
    unit, _, numbers = target["selector"]["value"].removeprefix("xywh=").rpartition(":")
    values = [float(text) for text in numbers.split(",")]
    sides = (100, 100) if unit == "percent" else (400, 300)
    return [value / side for value, side in zip(values, sides * 2, strict=True)]


def test_a_pair_that_nobody_framed_is_framed_by_what_is_found(looked_at: Project, tmp_path: Path):
    item = annotations_of(looked_at, tmp_path / "out")["n2"]
    for uid, target in zip(("b.jpg", ODD), item["target"], strict=True):
        assert fractions(target) == pytest.approx(box_of(uid), abs=0.06)
        assert target["generator"]["type"] == "Software"
    said = [body["value"] for body in item["body"] if body["purpose"] == "describing"]
    assert len(said) == 1 and said[0].startswith("local evidence ")


def test_what_a_person_drew_goes_first(looked_at: Project, tmp_path: Path):
    items = annotations_of(looked_at, tmp_path / "out")
    assert items["n1"]["target"][0]["selector"]["value"] == "xywh=40,60,200,75"
    assert all("generator" not in target for target in items["n1"]["target"])
    drawn, found = items["half"]["target"]
    assert drawn["selector"]["value"] == "xywh=100,45,80,60" and "generator" not in drawn
    # What was drawn is the middle of the part: so is what is found for it on the other side.
    assert fractions(found) == pytest.approx((0.6, 0.35, 0.2, 0.2), abs=0.06)
    assert found["generator"]["type"] == "Software"


def test_where_nothing_is_said_to_be_shared_or_nobody_looked_nothing_is_framed(
    looked_at: Project, tmp_path: Path
):
    items = annotations_of(looked_at, tmp_path / "out")
    assert all("selector" in target for target in items["n4"]["target"])
    assert all("selector" not in target for target in items["n3"]["target"]), "a rejected pair"
    looked_at.store.write("regions", schema("regions").empty_table(), HERE)
    assert all(
        "selector" not in t for t in annotations_of(looked_at, tmp_path / "no")["n2"]["target"]
    )


def test_tables_have_it_in_columns_of_its_own(looked_at: Project, tmp_path: Path):
    export(looked_at, "parquet", tmp_path / "out.parquet")
    export(looked_at, "csv", tmp_path / "out.csv")
    data = (tmp_path / "out.csv").read_bytes()
    sheet = {row["annotation_id"]: row for row in csv.DictReader(io.StringIO(data.decode()))}
    rows = {r["annotation_id"]: r for r in pq.read_table(tmp_path / "out.parquet").to_pylist()}
    assert rows["n2"]["box1"] is None and rows["n2"]["evidence_mirrored"] is False
    assert read_box(rows["n2"]["evidence1"]) == pytest.approx(box_of("b.jpg"), abs=0.06)
    assert float(sheet["n2"]["evidence_score"]) == pytest.approx(rows["n2"]["evidence_score"], 1e-4)
    assert (rows["half"]["evidence1"], sheet["half"]["evidence1"]) == (None, "")
    assert sheet["half"]["evidence2"] == rows["half"]["evidence2"] != ""
    assert sheet["n1"]["evidence1"] == sheet["n3"]["evidence1"] == ""


def test_what_a_run_compared_stands_without_a_second_look(looked_at: Project, tmp_path: Path):
    """As in a project that came as a package, which brings the table and no maps."""
    store = looked_at.store
    store.write("regions", schema("regions").empty_table(), HERE)
    contents = {row["uid"]: row["sha256"] for row in store.read("images").to_pylist()}
    row = {"img1": "b.jpg", "img2": ODD, "sha1": contents["b.jpg"], "sha2": contents[ODD],
           "trunk": "t-1", "score": 31.25, "box1": "0,0,0.5,0.5", "box2": "0.5,0.25,0.5,0.5",
           "mirrored": True, "cells": 400}  # fmt: skip
    for written, boxed in ((row, True), (row | {"sha2": "of another picture"}, False)):
        table = pa.Table.from_pylist([written], schema("pair_evidence"))
        store.write("pair_evidence", table, HERE)
        item = annotations_of(looked_at, tmp_path / str(boxed))["n2"]
        assert ["selector" in target for target in item["target"]] == [boxed, boxed]
        said = [body["value"] for body in item["body"] if body["purpose"] == "describing"]
        assert said == (["local evidence 31.2, mirrored"] if boxed else [])


def test_what_was_computed_is_not_taken_for_judged_when_it_comes_back(
    looked_at: Project, tmp_path: Path
):
    export(looked_at, "csv", tmp_path / "out.csv")
    back = read_annotations((tmp_path / "out.csv").read_bytes(), "out.csv")
    assert back.notes == [] and back.rejected.num_rows == 0
    boxes = {row["annotation_id"]: row["box1"] for row in back.annotations.to_pylist()}
    assert (boxes["n2"], boxes["half"]) == (None, "0.25,0.15,0.2,0.2")
