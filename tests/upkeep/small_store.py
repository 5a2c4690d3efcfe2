"""A small store, written as the pipeline writes it, and ways to damage it."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from vsig_core.store import Provenance, Store, content, schema

BATCHES = {"b-1": ["a.jpg", "b.jpg"], "b-2": ["c.jpg", "d.jpg"]}
UIDS = [uid for members in BATCHES.values() for uid in members]
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def sha(uid: str) -> str:
    return hashlib.sha256(f"file of {uid}".encode()).hexdigest()


def thumb(uid: str) -> bytes:
    return f"thumbnail of {uid} ".encode() * 20


def working(uid: str) -> bytes:
    return f"working copy of {uid} ".encode() * 500


def vector(uid: str) -> list[float]:
    return [UIDS.index(uid) + 0.123456, 0.654321, 0.5]


def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema(name))


def fill(store: Store) -> None:
    """What a first run leaves."""
    _fill_pictures(store)
    _fill_judgements(store)
    _fill_vectors(store)
    _fill_clusters(store)


def _fill_pictures(store: Store) -> None:
    planned = [
        {
            "batch": batch,
            "uid": uid,
            "uri": f"/pictures/{uid}",
            "metadata": json.dumps({"title": title(uid)}),
        }
        for batch, uids in BATCHES.items()
        for uid in uids
    ]
    store.write("batches", table("batches", planned), Provenance("listing", key="l"))
    for batch, uids in BATCHES.items():
        rows = [
            {
                "uid": uid,
                "batch": batch,
                "sha256": sha(uid),
                "phash": "0" * 16,
                "thumb": thumb(uid),
                "title": title(uid),
                "working": store.objects.put("working", working(uid), "jpg"),
            }
            for uid in uids
        ]
        made = Provenance("images", key=f"i-{batch}", partition=f"batch={batch}")
        store.write("images", table("images", rows), made, partition={"batch": batch})
        contents = [{"sha256": sha(uid), "phash": "0" * 16} for uid in uids]
        store.append("contents", table("contents", contents), made)
    corpus = [{"batch": batch, "version": n} for n, batch in enumerate(BATCHES)]
    store.write("corpus", table("corpus", corpus), Provenance("corpus", {"images": 1}, key="c"))


def title(uid: str) -> str:
    return f"Title of {uid}"


def _fill_judgements(store: Store) -> None:
    judged = [("1", "a.jpg", "b.jpg", "Anna"), ("2", "a.jpg", "c.jpg", "Luca")]
    rows = [
        {"annotation_id": name, "type": "POSITIVE", "img1": one, "img2": two, "sha1": sha(one),
         "sha2": sha(two), "annotator": who, "file": "one.csv", "row": 2, "made_at": NOW}
        for name, one, two, who in judged
    ]  # fmt: skip
    for row in rows:
        store.append("annotations", table("annotations", [row]), Provenance("annotations", key="a"))
    links = [
        {"img1": one, "img2": two, "verdict": "POSITIVE", "annotators": [who]}
        for _, one, two, who in judged
    ]
    made = Provenance("morphograph", {"annotations": 1, "corpus": 0}, key="g")
    store.write("links", table("links", links), made)
    triplets = [{"anchor": "a.jpg", "positive": "b.jpg", "negative": "d.jpg", "split": "train"}]
    store.write(
        "triplets",
        table("triplets", triplets),
        Provenance("triplets", {"links": 0}, key="t", data_version="t"),
    )
    weights = store.objects.put("models", b"weights " * 1000, "safetensors")
    model = {
        "model_id": "m-1",
        "weights": weights,
        "trained_on": "t",
        "origin": "trained",
        "status": "champion",
    }
    store.write(
        "models",
        table("models", [model]),
        Provenance("candidate_model", {"triplets": 0}, key="m", data_version="m-1"),
    )


def _fill_vectors(store: Store) -> None:
    for batch, uids in BATCHES.items():
        rows = [
            {
                "model_id": "m-1",
                "uid": uid,
                "batch": batch,
                "sha256": sha(uid),
                "vector": vector(uid),
            }
            for uid in uids
        ]
        partition = {"model_id": "m-1", "batch": batch}
        made = Provenance(
            "embeddings",
            {"images": 1, "models": 0},
            key=f"e-{batch}",
            partition=f"model_id=m-1,batch={batch}",
        )
        store.write("embeddings", table("embeddings", rows), made, partition=partition)
    pool = [{"model_id": "m-1", "sha256": sha(uid), "vector": vector(uid)} for uid in UIDS]
    store.append("pool_vectors", table("pool_vectors", pool), Provenance("triplets"))
    rows = [{"batch": batch, "model_id": "m-1", "version": n} for n, batch in enumerate(BATCHES)]
    store.write(
        "vectors", table("vectors", rows), Provenance("vectors", {"embeddings": 1}, key="v")
    )


def _fill_clusters(store: Store) -> None:
    near = [
        {
            "uid": uid,
            "ids": [u for u in UIDS if u != uid],
            "distances": [0.1, 0.2, 0.3],
            "sha256": sha(uid),
            "model_id": "m-1",
        }
        for uid in UIDS
    ]
    store.write(
        "neighbours", table("neighbours", near), Provenance("neighbours", {"vectors": 0}, key="n")
    )
    recluster(store, "k-0")
    layout = [{"uid": uid, "x": 0.25, "y": 0.75} for uid in UIDS]
    store.write("layout", table("layout", layout), Provenance("layout", {"neighbours": 0}, key="y"))
    picture = store.objects.put("atlas", b"map with all thumbnails " * 100, "png")
    atlas = [{"name": "map", "picture": picture}]
    store.write(
        "atlas", table("atlas", atlas), Provenance("atlas", {"layout": 0, "clusters": 0}, key="p")
    )
    queue = [
        {"rank": 1, "kind": "pair", "images": ["a.jpg", "d.jpg"]},
        {"rank": 2, "kind": "pair", "images": ["b.jpg", "c.jpg"]},
    ]
    store.write(
        "review_queue",
        table("review_queue", queue),
        Provenance("review_queue", {"clusters": 0}, key="q"),
    )


def recluster(store: Store, key: str) -> int:
    """One more version of the clusters."""
    rows = [
        {
            "uid": uid,
            "cluster": f"c-{UIDS.index(uid) // 2}",
            "predecessor": "a.jpg" if uid != "a.jpg" else None,
            "model_id": "m-1",
        }
        for uid in UIDS
    ]
    made = Provenance("clusters", {"neighbours": 0, "links": 0}, key=key, run_id=f"run {key}")
    return store.write("clusters", table("clusters", rows), made)


def names(store: Store, folder: str = "") -> list[str]:
    """All files of a store."""
    return [
        file.name
        for place in ("tables", "objects")
        for file in store.files.list(f"{place}/{folder}".rstrip("/"), deep=True)
    ]


def overwrite(store: Store, name: str, data: bytes) -> None:
    """Put other bytes in the place of a file, behind the store's back."""
    store.files.write(name, data)


def flip(store: Store, name: str, place: int = 100) -> None:
    """Change one bit of a file."""
    data = bytearray(content(store.files, name))
    data[place % len(data)] ^= 4
    overwrite(store, name, bytes(data))
