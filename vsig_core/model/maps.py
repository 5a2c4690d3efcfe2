"""What the tail is trained on: maps of augmented views, computed once or afresh."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsig_core.errors import PictureError
from vsig_core.model.fusion import fused
from vsig_core.model.network import Network
from vsig_core.model.preprocess import Letterboxed, decode, letterbox, stack
from vsig_core.model.views import augmented

_DECODERS = 2
_BATCH = 32  # views in the trunk at a time


class MapSource(Protocol):
    """Gives the input of the trained stages."""

    def take(self, rows: NDArray[np.int64], draws: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Maps and boxes of pictures.

        Parameters
        ----------
        rows
            Which pictures, shape (n,).
        draws
            Which view of each, shape (n,), any number from 0.
        """
        ...


@dataclass(frozen=True)
class TrainingPictures:
    """The pictures of the triplets, and how their views are drawn."""

    uids: Sequence[str]
    read: Callable[[str], bytes]
    seed: int

    def views(self, network: Network, row: int, draws: Sequence[int]) -> list[Letterboxed]:
        """Views of one picture; equal numbers give equal views.

        Raises
        ------
        PictureError
            It cannot be decoded; the message names its uid.
        """
        preprocessing = network.preprocessing
        try:
            image = decode(self.read(self.uids[row]), 2 * preprocessing.resolution)
        except PictureError as error:
            raise PictureError(error.reason, f"{self.uids[row]}: {error.detail}") from error
        generators = (np.random.default_rng([self.seed, row, draw]) for draw in draws)
        return [letterbox(augmented(image, rng), preprocessing) for rng in generators]


class FreshMaps:
    """Views made when they are asked for, with nothing of the network behind them yet."""

    def __init__(self, network: Network, pictures: TrainingPictures) -> None:
        self._network = network
        self._pictures = pictures

    def take(self, rows: NDArray[np.int64], draws: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Normalised images, shape (n, 3, side, side), and their boxes."""
        with ThreadPoolExecutor(_DECODERS) as executor:
            views = executor.map(
                lambda row, draw: self._pictures.views(self._network, row, [draw])[0],
                rows.tolist(),
                draws.tolist(),
            )
            images, boxes = stack(list(views))
        return self._network.trunk(images, 0), boxes


class CachedMaps:
    """Maps of K views of every picture, computed once and kept in a file.

    Parameters
    ----------
    maps
        Shape (pictures, K, c, h, w) or, of tokens, (pictures, K, tokens, c); float16.
    boxes
        Shape (pictures, K, 4), float32.
    """

    def __init__(self, maps: NDArray[np.float16], boxes: NDArray[np.float32]) -> None:
        self._maps = maps
        self._boxes = boxes

    def take(self, rows: NDArray[np.int64], draws: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Maps that the trunk gave, as float32, and their boxes."""
        views = draws % self._maps.shape[1]
        maps = torch.from_numpy(self._maps[rows, views]).float()
        if maps.ndim == 4:
            maps = maps.contiguous(memory_format=torch.channels_last)
        return maps, torch.from_numpy(self._boxes[rows, views])


@dataclass(frozen=True)
class TrunkCache:
    """A computation of maps: `views` views of each picture through the stages before `cut`.

    `key` names what the maps depend on; the file in `folder` bears it, so that
    a training that was broken off finds it again.
    """

    network: Network
    cut: int
    pictures: TrainingPictures
    views: int
    folder: Path
    key: str

    def open(self, progress: Callable[[int], None]) -> CachedMaps:
        """Compute what is not there yet; `progress` is called with the pictures done."""
        maps, boxes = self.folder / f"maps-{self.key}.npy", self.folder / f"boxes-{self.key}.npy"
        if not maps.exists():
            partial = maps.with_suffix(".partial")
            placed = boxes.with_suffix(".partial")
            with placed.open("wb") as file:
                np.save(file, self._compute(partial, progress))
            placed.replace(boxes)
            partial.replace(maps)  # last: this name says that both are whole
        progress(len(self.pictures.uids))
        return CachedMaps(np.load(maps, mmap_mode="r"), np.load(boxes))

    def _compute(self, path: Path, progress: Callable[[int], None]) -> NDArray[np.float32]:
        """Write the maps, return the boxes."""
        n, views = len(self.pictures.uids), self.views
        per_batch = max(1, _BATCH // views)
        boxes = np.empty((n, views, 4), np.float32)
        file = None
        fast = fused(self.network)
        with ThreadPoolExecutor(_DECODERS) as executor, torch.inference_mode():
            for start in range(0, n, per_batch):
                rows = range(start, min(start + per_batch, n))
                drawn = executor.map(self._views, rows)
                images, placed = stack([view for one in drawn for view in one])
                maps = fast.trunk(images, self.cut)
                if file is None:
                    shape = (n, views, *maps.shape[1:])
                    file = np.lib.format.open_memmap(path, "w+", np.float16, shape)
                block = maps.unflatten(0, (len(rows), views)).half()
                file[start : rows.stop] = block.numpy()
                boxes[start : rows.stop] = placed.unflatten(0, (len(rows), views)).numpy()
                progress(rows.stop)
        return boxes

    def _views(self, row: int) -> list[Letterboxed]:
        return self.pictures.views(self.network, row, range(self.views))
