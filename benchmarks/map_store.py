"""A store of many made-up pictures with a map, for the benchmark of the picture map."""

import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw

from vsig_core.store import Provenance, Store, schema

BATCH = 2000
DISTINCT = 600  # pictures that are really drawn; others share their thumbnails
THUMB = 128
ADDED = datetime(2026, 3, 2, tzinfo=UTC)


def fill_store(store: Store, n: int, pictures: list[Path] | None = None) -> None:
    """Write `n` pictures, their layout and clusters.

    Parameters
    ----------
    store
        Empty.
    n
        How many.
    pictures
        Files whose crops are the thumbnails; where left out, they are drawn.
    """
    random = np.random.default_rng(7)
    thumbs = [_crop(pictures, random) if pictures else _drawn(random) for _ in range(DISTINCT)]
    cluster = random.permutation(_sizes(n, random))
    centres = random.normal(size=(cluster.max() + 2, 2)) * [14, 9]
    positions = centres[cluster] + random.normal(size=(n, 2)) * 0.5
    noise = random.random(n) < 0.3
    positions[noise] += random.normal(size=(int(noise.sum()), 2)) * 2
    names = [
        None if lost else f"cl-{number:05}" for lost, number in zip(noise, cluster, strict=True)
    ]
    uids = [f"folder {row % 37}/picture {row:06}" for row in range(n)]
    _write_images(store, uids, cluster, thumbs)
    layout = {"uid": uids, "x": positions[:, 0], "y": positions[:, 1]}
    store.write("layout", pa.table(layout, schema=schema("layout")), Provenance("layout"))
    rows = [{"uid": uid, "cluster": name} for uid, name in zip(uids, names, strict=True)]
    clusters = pa.Table.from_pylist(rows, schema("clusters"))
    store.write("clusters", clusters, Provenance("clusters"))


def _write_images(store: Store, uids: list[str], cluster: np.ndarray, thumbs: list[bytes]) -> None:
    random = np.random.default_rng(11)
    corpus = []
    for start in range(0, len(uids), BATCH):
        batch = f"b-{start:07}"
        rows = []
        for row in range(start, min(start + BATCH, len(uids))):
            thumb = thumbs[(cluster[row] * 7 + random.integers(0, 5)) % len(thumbs)]
            with Image.open(io.BytesIO(thumb)) as opened:
                width, height = opened.size
            year = int(1400 + cluster[row] % 40 * 10 + random.integers(0, 10))
            rows.append(
                {
                    "uid": uids[row], "batch": batch, "sha256": f"{row:064}", "thumb": thumb,
                    "width": width * 8, "height": height * 8, "title": f"Study {row}, after life",
                    "author": f"Master {cluster[row] % 300} of the Workshop",
                    "date_text": f"c. {year}", "year_from": year, "year_to": year,
                    "place": f"Town {cluster[row] % 60}", "publish": "thumb", "added_at": ADDED,
                }
            )  # fmt: skip
        table = pa.Table.from_pylist(rows, schema("images"))
        store.write("images", table, Provenance("images"), partition={"batch": batch})
        corpus.append({"batch": batch, "images": len(rows)})
    store.write("corpus", pa.Table.from_pylist(corpus, schema("corpus")), Provenance("corpus"))


def _sizes(n: int, random: np.random.Generator) -> np.ndarray:
    """The cluster of each of n pictures: a few large ones, many small."""
    numbers = np.repeat(np.arange(n), random.zipf(1.7, size=n).clip(2, max(2, n // 60)))
    return numbers[:n]


def _drawn(random: np.random.Generator) -> bytes:
    sides = random.integers(70, THUMB + 1, 2)
    sides[random.integers(0, 2)] = THUMB
    ground, ink = (tuple(random.integers(20, 235, 3).tolist()) for _ in range(2))
    picture = Image.new("RGB", (int(sides[0]), int(sides[1])), ground)
    draw = ImageDraw.Draw(picture)
    for _ in range(6):
        x, y = random.integers(0, THUMB, 2).tolist()
        reach = int(random.integers(6, 44))
        shade = tuple(int(c * random.uniform(0.5, 1.3)) % 256 for c in ink)
        draw.ellipse((x - reach, y - reach // 2, x + reach, y + reach), fill=shade)
    grain = random.normal(0, 9, (picture.height, picture.width, 1))
    grained = np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8)
    return _jpeg(Image.fromarray(grained))


def _crop(pictures: list[Path], random: np.random.Generator) -> bytes:
    with Image.open(pictures[int(random.integers(len(pictures)))]) as opened:
        picture = opened.convert("RGB")
    share = random.uniform(0.6, 1, 2)
    size = (int(picture.width * share[0]), int(picture.height * share[1]))
    left = int(random.integers(0, picture.width - size[0] + 1))
    top = int(random.integers(0, picture.height - size[1] + 1))
    part = picture.crop((left, top, left + size[0], top + size[1]))
    part.thumbnail((THUMB, THUMB))
    return _jpeg(part)


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()
