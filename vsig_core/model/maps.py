"""What the tail is trained on: maps of augmented views, computed once or afresh."""

import functools
import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor

from vsig_core.errors import PictureError
from vsig_core.model.fusion import fused
from vsig_core.model.lanes import in_lanes, lanes, piecewise
from vsig_core.model.network import Network
from vsig_core.model.preprocess import Letterboxed, decode, letterbox, stack
from vsig_core.model.views import augmented

_BATCH = 32  # views in the trunk at a time, in all lanes


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
class Pictures:
    """The pictures to train on.

    Parameters
    ----------
    contents
        uid to a name of its content: equal names, equal pictures.
    read
        From such a name to an encoded picture; called from several threads.
    """

    contents: Mapping[str, str]
    read: Callable[[str], bytes]


@dataclass(frozen=True)
class TrainingPictures:
    """The pictures of the triplets in their order, and how their views are drawn."""

    uids: Sequence[str]
    pictures: Pictures
    seed: int

    def content(self, row: int) -> str:
        """Hex digest that stands for a picture's content."""
        return hashlib.sha256(self.pictures.contents[self.uids[row]].encode()).hexdigest()

    def views(self, network: Network, row: int, draws: Sequence[int]) -> list[Letterboxed]:
        """Views of one picture; equal numbers give equal views.

        Raises
        ------
        PictureError
            It cannot be decoded; the message names its uid.
        """
        preprocessing = network.preprocessing
        uid = self.uids[row]
        data = self.pictures.read(self.pictures.contents[uid])
        try:
            image = decode(data, 2 * preprocessing.resolution)
        except PictureError as error:
            raise PictureError(error.reason, f"{uid}: {error.detail}") from error
        own = int(self.content(row)[:16], 16)
        generators = (np.random.default_rng([self.seed, own, draw]) for draw in draws)
        return [letterbox(augmented(image, rng), preprocessing) for rng in generators]


class FreshMaps:
    """Views made when they are asked for, with nothing of the network behind them yet."""

    def __init__(self, network: Network, pictures: TrainingPictures) -> None:
        self._network = network
        self._pictures = pictures

    def take(self, rows: NDArray[np.int64], draws: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Normalised images, shape (n, 3, side, side), and their boxes."""
        views = in_lanes(
            lambda one: self._pictures.views(self._network, one[0], [one[1]])[0],
            zip(rows.tolist(), draws.tolist(), strict=True),
        )
        images, boxes = stack(list(views))
        return self._network.trunk(images, 0), boxes


class CachedMaps:
    """Maps of K views of a picture, computed once: one file for each picture.

    A file holds `maps`, shape (K, c, h, w) or, of tokens, (K, tokens, c), float16, and
    `boxes`, shape (K, 4), float32.

    Parameters
    ----------
    files
        Of each picture.
    views
        K of each picture, shape (n,).
    """

    def __init__(self, files: Sequence[Path], views: NDArray[np.int64]) -> None:
        self._files = files
        self._views = views

    def take(self, rows: NDArray[np.int64], draws: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Maps that the trunk gave, as float32, and their boxes."""
        taken = [
            self._view(row, view)
            for row, view in zip(rows.tolist(), (draws % self._views[rows]).tolist(), strict=True)
        ]
        maps = torch.stack([maps for maps, _ in taken]).float()
        if maps.ndim == 4:
            maps = maps.contiguous(memory_format=torch.channels_last)
        return maps, torch.stack([box for _, box in taken])

    def _view(self, row: int, view: int) -> tuple[Tensor, Tensor]:
        with safe_open(self._files[row], "pt") as file:
            return file.get_slice("maps")[view], file.get_slice("boxes")[view]


@dataclass(frozen=True)
class TrunkCache:
    """Maps that outlive a training: a second one computes those of new pictures alone.

    `views` of each picture, shape (n,), go through the stages before `cut`. `key` names what
    the maps depend on besides the picture; they lie in a folder of this name in `folder`.
    """

    network: Network
    cut: int
    pictures: TrainingPictures
    views: NDArray[np.int64]
    folder: Path
    key: str

    def open(self, progress: Callable[[int], None]) -> CachedMaps:
        """Compute what is not there yet; `progress` is told of pictures as they are done."""
        own = self.folder / self.key
        own.mkdir(parents=True, exist_ok=True)
        for stale in self.folder.iterdir():
            if stale != own:
                shutil.rmtree(stale)
        count = len(self.pictures.uids)
        files = [
            own / f"{self.pictures.content(row)}-{views}.safetensors"
            for row, views in enumerate(self.views)
        ]
        # Two pictures of one content have one file.
        missing = [*{file: row for row, file in enumerate(files) if not file.exists()}.values()]
        progress(count - len(missing))
        self._compute(missing, files, progress)
        return CachedMaps(files, self.views)

    def _compute(
        self, missing: Sequence[int], files: Sequence[Path], progress: Callable[[int], None]
    ) -> None:
        fast = fused(self.network)
        for count in in_lanes(functools.partial(self._look, fast, files), self._batches(missing)):
            progress(count)

    @torch.inference_mode()
    def _look(self, fast: Network, files: Sequence[Path], rows: Sequence[int]) -> int:
        """Keep the maps of some pictures, and say how many they were."""
        drawn = [self._views(row) for row in rows]
        images, boxes = stack([view for one in drawn for view in one])
        maps = piecewise(lambda some: fast.trunk(some, self.cut).half(), images)
        counts = [len(one) for one in drawn]
        for row, own, placed in zip(rows, maps.split(counts), boxes.split(counts), strict=True):
            _keep(files[row], {"maps": own.contiguous(), "boxes": placed.contiguous()})
        return len(rows)

    def _batches(self, rows: Sequence[int]) -> Iterator[list[int]]:
        """As many pictures at a time as have a lane's share of views, but at least one."""
        most = lanes().share(_BATCH)
        batch: list[int] = []
        for row in rows:
            if batch and self.views[batch].sum() + self.views[row] > most:
                yield batch
                batch = []
            batch.append(row)
        if batch:
            yield batch

    def _views(self, row: int) -> list[Letterboxed]:
        return self.pictures.views(self.network, row, range(int(self.views[row])))


def _keep(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write a file that is whole or not there."""
    partial = path.with_suffix(".partial")
    partial.write_bytes(safetensors.torch.save(tensors))
    partial.replace(path)
