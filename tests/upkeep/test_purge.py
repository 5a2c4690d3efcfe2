"""What is taken down is nowhere left in the store; what is left is whole."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_store import (
    NOW,
    UIDS,
    fill,
    names,
    recluster,
    sha,
    table,
    thumb,
    title,
    vector,
    working,
)

from vsig_core.current import taken_down
from vsig_core.errors import ConflictError, InputError, StoreError, UnknownImageError
from vsig_core.store import TABLES, Provenance, Store, content, open_files
from vsig_core.store.folder import FolderFiles
from vsig_core.store.schema import Column
from vsig_core.upkeep import (
    Request,
    TakeDown,
    plan_renaming,
    plan_take_down,
    rename_annotator,
    take_down,
    verify,
)

WHO = Request("anna", "asked by the museum")
JUDGEMENTS = ("annotations", "links", "tombstones")


def purge(store: Store, *uids: str) -> TakeDown:
    plan = plan_take_down(store, uids)
    take_down(store, plan, WHO)
    return plan


def whole(store: Store) -> bool:
    return verify(store, lambda _label: lambda _done, _total: None).damaged == []


def words(store: Store, name: str) -> bytes:
    """All bytes of a file, and of Parquet all that they stand for."""
    data = content(store.files, name)
    if not name.endswith(".parquet"):
        return data
    rows = pq.read_table(pa.BufferReader(data)).to_pylist()
    return data + repr(rows).encode() + b"".join(_binaries(rows))


def _binaries(value: Any) -> list[bytes]:
    if isinstance(value, bytes):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [found for part in parts for found in _binaries(part)]


def holding(store: Store, *wanted: bytes) -> set[str]:
    """Files of the store in which something can be found."""
    return {n for n in names(store) if any(part in words(store, n) for part in wanted)}


def of_picture(uid: str) -> list[bytes]:
    import numpy as np

    numbers = np.array(vector(uid), np.float32)
    shown = repr([float(number) for number in numbers]).encode()
    return [thumb(uid), working(uid), title(uid).encode(), numbers.tobytes(), shown, b"map with"]


def test_a_plan_changes_nothing_and_says_where_the_picture_is(store: Store):
    before = names(store)
    plan = plan_take_down(store, ["a.jpg"])
    assert names(store) == before
    held = {entry.table: (entry.rows, entry.versions) for entry in plan.holdings}
    assert held["images"] == (1, 2) and held["layout"] == (1, 1) and held["neighbours"] == (4, 1)
    assert not set(held) & {"annotations", "links", "models"}
    assert any("m-1" in line for line in plan.unreachable)


def test_nothing_of_the_picture_is_left_in_any_file(store: Store):
    recluster(store, "k-1")
    assert holding(store, *of_picture("a.jpg"))
    purge(store, "a.jpg")
    assert holding(store, *of_picture("a.jpg")) == set()
    left = {name.split("/")[1] for name in holding(store, b"a.jpg", sha("a.jpg").encode())}
    assert left <= {*JUDGEMENTS, "batches"}  # its place in the source, without a word of it
    assert whole(store)


def test_the_others_stay_as_they_were(store: Store):
    purge(store, "a.jpg")
    assert store.read("images")["uid"].to_pylist() == ["b.jpg", "c.jpg", "d.jpg"]
    for name in ("embeddings", "layout", "clusters", "neighbours"):
        assert store.read(name)["uid"].to_pylist() == ["b.jpg", "c.jpg", "d.jpg"], name
    near = store.read("neighbours").to_pylist()[0]
    assert near["ids"] == ["c.jpg", "d.jpg"] and len(near["distances"]) == 2
    assert store.read("annotations").num_rows == 2
    assert store.objects.get(store.read("images")["working"][0].as_py()) == working("b.jpg")
    steps = [commit.provenance.step for commit in store.commits("embeddings")]
    assert steps == ["purge", "embeddings", "embeddings"]


def test_a_tombstone_stays_and_the_picture_is_known_by_it(store: Store):
    purge(store, "a.jpg")
    (stone,) = store.read("tombstones").to_pylist()
    assert (stone["uid"], stone["sha256"]) == ("a.jpg", sha("a.jpg"))
    assert (stone["by"], stone["reason"]) == ("anna", "asked by the museum") and stone["at"]
    assert taken_down(store) == {"a.jpg", sha("a.jpg")}
    assert plan_take_down(store, ["a.jpg"]).holdings == []
    purge(store, "a.jpg")
    assert store.count("tombstones") == 1 and whole(store)


def test_other_names_and_older_contents_of_the_picture_go_too(store: Store):
    rows = store.read("images", where={"batch": "b-2"}).to_pylist()
    rows[0]["sha256"] = sha("a.jpg")  # c.jpg was replaced by a copy of a.jpg
    made = Provenance("images", key="i", partition="batch=b-2")
    again = pa.Table.from_pylist(rows, store.read("images").schema)
    store.write("images", again, made, partition={"batch": "b-2"})
    plan = purge(store, "a.jpg")
    assert plan.uids == ["a.jpg", "c.jpg"]
    assert plan.sha256s == sorted([sha("a.jpg"), sha("c.jpg")])
    assert holding(store, *of_picture("a.jpg"), *of_picture("c.jpg")) == set()
    assert whole(store)


def test_vectors_go_of_a_picture_that_left_and_whose_rows_were_cleaned_away(store: Store):
    gone = [
        {"uid": "z.jpg", "batch": "b-2", "uri": "/z.jpg", "gone_at": NOW, "sha256": sha("z.jpg")}
    ]
    store.append("batches", table("batches", gone), Provenance("listing"))
    vectors = [{"model_id": "m-1", "sha256": sha("z.jpg"), "vector": [0.1, 0.2, 0.3]}]
    store.append("pool_vectors", table("pool_vectors", vectors), Provenance("triplets"))
    assert purge(store, "z.jpg").sha256s == [sha("z.jpg")]
    assert store.read("pool_vectors")["sha256"].to_pylist() == sorted(map(sha, UIDS))


def test_all_pictures_can_go(store: Store):
    purge(store, *UIDS)
    assert store.count("images") == store.count("embeddings") == 0
    assert whole(store)


def test_a_picture_that_was_never_here_is_refused(store: Store):
    with pytest.raises(UnknownImageError, match=r"nothing\.jpg"):
        plan_take_down(store, ["a.jpg", "nothing.jpg"])


def test_a_table_of_a_newer_vsig_is_refused_before_anything_is_taken_down(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    spec = TABLES["clusters"]
    column = Column("mood", pa.string(), "of the day")
    newer = replace(spec, version=spec.version + 1, columns=(*spec.columns, column))
    with monkeypatch.context() as later:
        later.setitem(TABLES, "clusters", newer)
        store.write("clusters", store.read("clusters"), Provenance("x"))
        plan = plan_take_down(store, ["a.jpg"])
    with pytest.raises(StoreError, match="newer vsig"):
        take_down(store, plan, WHO)
    assert taken_down(store) == frozenset()


@pytest.mark.parametrize("moment", range(0, 60, 6))
def test_a_purge_that_is_killed_at_any_moment_is_ended_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
):
    store = Store(str(tmp_path))
    fill(store)
    recluster(store, "k-1")
    left = iter(range(moment))

    def counted(one: Any) -> Any:
        def call(*words: Any, **more: Any) -> Any:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return one(*words, **more)

        return call

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(FolderFiles, "remove", counted(FolderFiles.remove))
        killed.setattr(Store, "_commit", counted(Store._commit))
        purge(store, "a.jpg")
        raise KeyboardInterrupt
    purge(store, "a.jpg")
    assert holding(store, *of_picture("a.jpg")) == set()
    assert whole(store)


def test_a_person_is_renamed_in_every_version_and_judgements_stay(store: Store, tmp_path: Path):
    said = Provenance("annotations", facts={"files": [{"bad rows": ["line 3: LIKES by Anna"]}]})
    bad = {"file_sha256": "f", "row": 3, "reason": "unknown type", "text": "LIKES,a,b,Anna"}
    refused = pa.Table.from_pylist([bad], store.read_or_empty("rejected_annotations").schema)
    store.append("rejected_annotations", refused, said)
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "one.csv").write_text("type,img1,img2,annotator\nPOSITIVE,a,b,Anna\n")
    before = store.read("annotations")
    plan = plan_renaming(store, "Anna", open_files(str(tmp_path)))
    assert plan.rows == {"annotations": 1, "links": 1, "rejected_annotations": 1}
    assert any("one.csv" in line for line in plan.unreachable)
    assert holding(store, b"Anna")
    rename_annotator(store, plan)
    assert holding(store, b"Anna") == set()
    after = store.read("annotations")
    assert after.drop_columns(["annotator"]).equals(before.drop_columns(["annotator"]))
    assert set(after["annotator"].to_pylist()) == {"Luca", plan.pseudonym}
    assert "anna" not in plan.pseudonym.lower()
    assert [plan.pseudonym] in store.read("links")["annotators"].to_pylist()
    assert {c.provenance.key for c in store.commits("annotations")} == {"a", ""}
    assert whole(store)
    with pytest.raises(InputError, match="Luca"):
        plan_renaming(store, "Anna", open_files(str(tmp_path)))


def test_who_took_a_picture_down_is_renamed_and_it_stays_down(store: Store, tmp_path: Path):
    """Whoever did it need not have judged anything."""
    asked = Request("registrar", "the registrar was asked to")
    take_down(store, plan_take_down(store, ["b.jpg"]), asked)
    stones = store.read("tombstones")
    plan = plan_renaming(store, "registrar", open_files(str(tmp_path)))
    assert plan.rows == {"tombstones": stones.num_rows}
    rename_annotator(store, plan)
    assert holding(store, b"registrar") == set()
    after = store.read("tombstones")
    assert set(after["by"].to_pylist()) == {plan.pseudonym}
    assert set(after["reason"].to_pylist()) == {f"the {plan.pseudonym} was asked to"}
    assert after.select(["uid", "sha256", "at"]).equals(stones.select(["uid", "sha256", "at"]))
    assert "b.jpg" in taken_down(store) and whole(store)


def test_judgements_that_come_while_a_person_is_renamed_are_kept(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    plan = plan_renaming(store, "Anna", open_files(str(tmp_path)))
    late = store.read("annotations").slice(0, 1).to_pylist()[0] | {"annotation_id": "late"}
    read = Store.read

    def read_and_judge(self: Store, name: str, **more: Any) -> pa.Table:
        rows = read(self, name, **more)
        if name == "annotations":  # by another machine: no lock holds it off
            meanwhile.undo()
            Store(store.location.root).append(
                name, pa.Table.from_pylist([late], rows.schema), Provenance("annotations")
            )
        return rows

    with (
        monkeypatch.context() as meanwhile,
        pytest.raises(ConflictError, match="Nothing was written"),
    ):
        meanwhile.setattr(Store, "read", read_and_judge)
        rename_annotator(store, plan)
    rename_annotator(store, plan)
    assert set(store.read("annotations")["annotation_id"].to_pylist()) == {"1", "2", "late"}
    assert holding(store, b"Anna") == set()


def test_a_name_within_another_word_is_left(store: Store, tmp_path: Path):
    with pytest.raises(InputError, match="Anna, Luca"):
        plan_renaming(store, "Ann", open_files(str(tmp_path)))
