"""What the map shows, read from one set of versions of the tables."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vsig_core.errors import TableMissingError
from vsig_core.review.cells import choosing_order, free_cells, largest_first, spread
from vsig_core.store import Store, empty

PACKED_AS = "4"  # goes up with each change of what is packed
TABLES_SHOWN = ("corpus", "images", "layout", "clusters", "cluster_changes", "motif_members")
TABLES_SHOWN += ("motifs",)
FILLED = 0.42  # share of the grid's cells that pictures take
EVENNESS = 0.35  # 0 keeps the gaps between islands, 1 leaves none
WIDEST = 1.8  # of the map's sides, the longer to the shorter
COLUMNS = (
    "uid", "batch", "width", "height", "title", "author", "date_text", "year_from", "year_to",
    "place", "permalink", "publish", "embargo_until", "added_at",
)  # fmt: skip


@dataclass(frozen=True)
class Versions:
    """One set of versions of the tables that the map shows; None is not there yet."""

    of: Mapping[str, int | None]

    @classmethod
    def now(cls, store: Store) -> "Versions":
        """The newest."""
        return cls({name: store.version(name) for name in TABLES_SHOWN})

    @property
    def key(self) -> str:
        """Names what is packed from them."""
        words = json.dumps([PACKED_AS, sorted(self.of.items())])
        return hashlib.sha256(words.encode()).hexdigest()[:16]

    def read(self, store: Store, name: str, **how: Any) -> pa.Table:
        """Rows of one of the tables; none where it is not there yet."""
        version = self.of[name]
        return empty(name) if version is None else store.read(name, version=version, **how)


@dataclass(frozen=True)
class Contents:
    """The pictures of the map, neighbours on it one after the other.

    A row's number is the picture's *slot*: the browser knows it by that.

    Parameters
    ----------
    images
        Rows of `images` that lie on the map, by slot.
    cells
        Shape (n, 2): column and row of each.
    shape
        Columns and rows of the grid.
    clusters
        Cluster of each picture; None is noise.
    changed
        Pictures that are in another cluster than before.
    before
        When the clusters before these were made; None where there are none.
    motifs
        Name of the confirmed signature that a picture carries; its first where it has several.
    batches
        Batches that hold the pictures.
    left_out
        Pictures of the corpus that have no place on the map yet.
    """

    images: pa.Table
    cells: NDArray[np.int64]
    shape: tuple[int, int]
    clusters: Mapping[str, str | None]
    changed: frozenset[str]
    before: datetime | None
    motifs: Mapping[str, str]
    batches: list[str]
    left_out: int

    @cached_property
    def uids(self) -> list[str]:
        """Ids by slot."""
        return self.images["uid"].to_pylist()


def read_contents(store: Store, versions: Versions) -> Contents:
    """Read the tables and give each picture its cell.

    Raises
    ------
    TableMissingError
        There are no pictures, or no map of them yet; says what to do.
    """
    batches = versions.read(store, "corpus")["batch"].to_pylist()
    layout = versions.read(store, "layout")
    _require_a_map(batches, layout)
    images = versions.read(store, "images", columns=list(COLUMNS), among={"batch": batches})
    # A picture that left the corpus since the layout was made has no row, a new one no place.
    joined = images.join(layout, "uid", join_type="inner").combine_chunks().sort_by("uid")
    if not joined.num_rows:
        raise TableMissingError("None of the pictures lies on the map yet. Run 'vsig run'.")
    table = versions.read(store, "clusters", columns=["uid", "cluster"])
    known = dict(zip(table["uid"].to_pylist(), table["cluster"].to_pylist(), strict=True))
    clusters = {uid: known.get(uid) for uid in joined["uid"].to_pylist()}
    cells, shape = place(joined, clusters)
    order = pa.array(along_curve(cells))
    return Contents(
        images=joined.drop_columns(["x", "y"]).take(order),
        cells=cells[order.to_numpy()],
        shape=shape,
        clusters=clusters,
        changed=frozenset(_moved(versions.read(store, "cluster_changes"))),
        before=_made_before(store, versions),
        motifs=_motif_names(store, versions),
        batches=batches,
        left_out=images.num_rows - joined.num_rows,
    )


def thumbnails(
    store: Store, versions: Versions, contents: Contents
) -> Iterator[tuple[int, bytes | None]]:
    """Slot and thumbnail of each picture, batch by batch: all at once would fill the memory."""
    slots = {uid: slot for slot, uid in enumerate(contents.uids)}
    for batch in contents.batches:
        rows = versions.read(store, "images", columns=["uid", "thumb"], where={"batch": batch})
        for uid, thumb in zip(rows["uid"].to_pylist(), rows["thumb"].to_pylist(), strict=True):
            if uid in slots:
                yield slots[uid], thumb


def place(
    layout: pa.Table, clusters: Mapping[str, str | None]
) -> tuple[NDArray[np.int64], tuple[int, int]]:
    """Cells of the pictures of a layout, and the columns and rows of their grid."""
    uids = layout["uid"].to_pylist()
    positions = np.column_stack([layout["x"].to_numpy(), layout["y"].to_numpy()])
    extent = np.maximum(np.ptp(positions, axis=0), 1e-9)
    ratio = float(np.clip(extent[0] / extent[1], 1 / WIDEST, WIDEST))
    cells_needed = max(len(uids) / FILLED, 4)
    columns = int(np.ceil(np.sqrt(cells_needed * ratio)))
    shape = columns, int(np.ceil(cells_needed / columns))
    largest, _ = largest_first(clusters)
    order = choosing_order(uids, clusters, largest)
    return free_cells(spread(positions, EVENNESS), order, shape), shape


def along_curve(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows along a Z-order curve: what is near in the order is near on the map.

    >>> along_curve(np.array([[1, 1], [0, 0], [2, 0], [1, 0]])).tolist()
    [1, 3, 0, 2]
    """
    keys = np.zeros(len(cells), np.int64)
    for bit in range(20):
        for axis in range(2):
            keys |= ((cells[:, axis] >> bit) & 1) << (2 * bit + axis)
    return np.argsort(keys, kind="stable")


def _require_a_map(batches: list[str], layout: pa.Table) -> None:
    if not batches:
        raise TableMissingError(
            "The project has no pictures yet. Name a folder of them under [[source]] in "
            "vsig.toml, then run 'vsig run'."
        )
    if not layout.num_rows:
        raise TableMissingError("The map has not been computed yet. Run 'vsig run'.")


def _moved(changes: pa.Table) -> Iterator[str]:
    for images in changes["images"].to_pylist():
        yield from images or ()


def _made_before(store: Store, versions: Versions) -> datetime | None:
    """When the version of `clusters` before the one shown was written."""
    shown = versions.of["clusters"]
    commits = [] if shown is None else store.commits("clusters")
    return next((commit.at for commit in commits if commit.version < (shown or 0)), None)


def _motif_names(store: Store, versions: Versions) -> dict[str, str]:
    """Motif of each picture by its name, else its id; the first by id where it has several."""
    names = {
        row["motif"]: row["name"] or row["motif"]
        for row in versions.read(store, "motifs").to_pylist()
    }
    found: dict[str, str] = {}
    for row in versions.read(store, "motif_members").to_pylist():
        found.setdefault(row["uid"], names.get(row["motif"], row["motif"]))
    return found
