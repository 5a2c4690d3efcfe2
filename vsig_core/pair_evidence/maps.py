"""Maps of pictures by content: from the store where a picture was looked at, else computed.

They come from the pretrained network, below its last stages: a promotion makes none of them
stale. Cells are objects, read one by one; vectors of regions lie in the
table `regions`, read as one.
"""

import functools
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vsig_core.embedding import StoredNetwork
from vsig_core.errors import TableMissingError
from vsig_core.evidence import Cells, RegionIndex, pack, region_vectors, unpack
from vsig_core.evidence.regions import REGIONS
from vsig_core.model import champion
from vsig_core.project import Project
from vsig_core.settings import ModelSettings
from vsig_core.store import Objects, Provenance, Store, digest, empty, schema
from vsig_core.vectors import vector_column

if TYPE_CHECKING:
    from vsig_core.evidence import Trunk

Progress = Callable[[int, int], None]
CODE = "1"  # raised when the same picture gives other cells

_COMMIT = 500  # pictures computed between two commits: some minutes of work
_HELD = 512  # pictures whose cells are held in memory: some 100 MB
_NONE = np.zeros((0, REGIONS, 0), np.float32)
_READERS = 8  # of a store that may be far away

_loading = threading.Lock()


@dataclass(frozen=True)
class Maps:
    """The maps of one trunk.

    Parameters
    ----------
    store
        Where they lie, and the working copies they are made of.
    network
        The pretrained network.
    resolution
        Side of its input, pixels.
    """

    store: Store
    network: StoredNetwork
    resolution: int
    _held: "OrderedDict[str, Cells]" = field(default_factory=OrderedDict, compare=False)

    @property
    def name(self) -> str:
        """Of the trunk: all that the cells of a picture depend on besides the picture."""
        return "t-" + digest([self.network.weights, self.resolution, CODE])[:12]

    @property
    def trunk(self) -> "Trunk":
        """The network, loaded once in a process."""
        with _loading:  # several threads would each load it
            return _loaded(self.network, self.resolution)

    def compute(
        self, copies: Mapping[str, str], progress: Progress | None = None
    ) -> dict[str, str]:
        """Make sure that pictures have maps.

        Parameters
        ----------
        copies
            sha256 to the working copy of each picture.
        progress
            Called as (done, total) over what has to be computed.

        Returns
        -------
        sha256 to the object with its cells.
        """
        found = self.keys(sorted(copies))
        missing = [sha for sha in copies if sha not in found]
        for start in range(0, len(missing), _COMMIT):
            chunk = missing[start : start + _COMMIT]
            pictures = _Copies(self.store.objects, [copies[sha] for sha in chunk])
            rows = []
            for sha, cells in zip(chunk, self.trunk.describe(pictures), strict=True):
                key = self.store.objects.put("maps", pack(cells), "safetensors")
                found[sha] = key
                rows.append((sha, key, region_vectors(cells).ravel()))
                if progress:
                    progress(start + len(rows), len(missing))
            self.store.append("regions", self._table(rows), Provenance("evidence", code=CODE))
        return found

    def keys(self, hashes: Sequence[str]) -> dict[str, str]:
        """sha256 to the object with its cells, of the pictures that have maps."""
        rows = self.store.read_or_empty(
            "regions",
            columns=["sha256", "cells"],
            where={"trunk": self.name},
            among={"sha256": list(hashes)},
        )
        return dict(zip(rows["sha256"].to_pylist(), rows["cells"].to_pylist(), strict=True))

    def cells(self, keys: Mapping[str, str], wanted: Sequence[str]) -> list[Cells]:
        """Cells of pictures, in the order of `wanted`; few are kept for the next time.

        Parameters
        ----------
        keys
            As `compute` gives them.
        wanted
            sha256 of each picture.
        """
        held = self._held
        missing = [sha for sha in dict.fromkeys(wanted) if sha not in held]
        with ThreadPoolExecutor(_READERS) as executor:
            read = executor.map(lambda sha: unpack(self.store.objects.get(keys[sha])), missing)
            here = dict(zip(missing, read, strict=True))
        here |= {sha: held[sha] for sha in wanted if sha not in here}
        held.update(here)
        while len(held) > _HELD:
            held.popitem(last=False)
        return [here[sha] for sha in wanted]

    def regions(self) -> "Regions":
        """The regions of all pictures that have maps, kept until there are more."""
        return _regions(self.store.location.root, self.name, self.store.version("regions"))

    def _table(self, rows: list[tuple[str, str, NDArray[np.float32]]]) -> pa.Table:
        columns = {
            "trunk": [self.name] * len(rows),
            "sha256": [sha for sha, _, _ in rows],
            "cells": [key for _, key, _ in rows],
            "vectors": vector_column(np.stack([vectors for _, _, vectors in rows])),
        }
        return pa.table(columns, schema=schema("regions"))


def maps_of(project: Project) -> Maps:
    """The maps of a project.

    Raises
    ------
    TableMissingError
        No run has been made yet.
    """
    row = _pretrained(project.store.read_or_empty("models"))
    settings = ModelSettings.model_validate(json.loads(row["settings"])["model"])
    network = StoredNetwork(project.store.location.root, row["weights"], settings)
    return Maps(project.store, network, project.settings.evidence.resolution)


def _pretrained(models: pa.Table) -> dict[str, Any]:
    """The network that the model in force was trained from, or is."""
    in_force = champion(models)
    if in_force is None:
        raise TableMissingError("No model is in force yet. Run 'vsig run'.")
    if in_force["origin"] == "pretrained":
        return in_force
    wanted = _origin(in_force)
    older = [row for row in models.to_pylist() if row["origin"] == "pretrained"]
    older = [row for row in older if _origin(row) == wanted]
    return older[-1] if older else in_force


def _origin(row: Mapping[str, Any]) -> tuple[str, str]:
    model = json.loads(row["settings"])["model"]
    return model["backbone"], model["weights"]


@dataclass(frozen=True)
class Regions:
    """Regions of pictures, ready to be asked.

    Parameters
    ----------
    hashes
        sha256 of each picture, in the order of the rows.
    index
        Of their regions.
    """

    hashes: list[str]
    index: RegionIndex


@functools.lru_cache(maxsize=1)  # 23 kB for each picture, and some work
def _regions(root: str, trunk: str, version: int | None) -> Regions:
    rows = empty("regions")
    if version is not None:
        columns = ["sha256", "vectors"]
        rows = Store(root).read("regions", version=version, columns=columns, where={"trunk": trunk})
    flat = rows["vectors"].combine_chunks().flatten().to_numpy()
    vectors = flat.reshape(rows.num_rows, REGIONS, -1) if rows.num_rows else _NONE
    return Regions(rows["sha256"].to_pylist(), RegionIndex(vectors))


@functools.lru_cache(maxsize=1)
def _loaded(network: StoredNetwork, resolution: int) -> "Trunk":
    from vsig_core.evidence import Trunk

    return Trunk(network.load(), resolution)


class _Copies(Sequence[bytes]):
    """Working copies, read from the store as they are asked for."""

    def __init__(self, objects: Objects, keys: list[str]) -> None:
        self._objects = objects
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, place: Any) -> Any:
        return self._objects.get(self._keys[place])

    def __iter__(self) -> Iterator[bytes]:
        return map(self._objects.get, self._keys)
