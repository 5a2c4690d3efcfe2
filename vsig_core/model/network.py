"""The network: stages, pooling of the last map, unit vectors.

Stages run one after the other, so that the net can be cut between any two of
them: those before the cut are the *trunk*, the rest the *tail*.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from vsig_core.model.preprocess import Preprocessing

Pooling = Literal["mean", "max", "gem"]
_GEM, _LEAST = 3.0, 1e-6  # power, and what a value counts at least


@dataclass(frozen=True)
class WeightsCard:
    """What goes with weights wherever they go.

    `origin` says where they come from, `digest` is the sha256 of their content
    (or of the address that fixes it), `licence` as their maker states it;
    `preprocessing` is what they were made for.
    """

    backbone: str
    origin: str
    licence: str
    digest: str
    preprocessing: Preprocessing


class Network(nn.Module):
    """Pictures to unit vectors.

    Parameters
    ----------
    stages
        Modules that run one after the other; the last gives a map (n, d, h, w).
    pooling
        Mean, maximum or generalised mean (GeM, the third power; Radenović, Tolias and Chum
        2018) over the positions of the map that show the picture.
    card
        Origin, licence and digest of the weights, and their preprocessing.
    """

    def __init__(
        self,
        stages: Sequence[nn.Module],
        pooling: Pooling,
        card: WeightsCard,
    ) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.pooling: Pooling = pooling
        self.card = card

    @property
    def preprocessing(self) -> Preprocessing:
        """Input size, mean, standard deviation and interpolation."""
        return self.card.preprocessing

    def forward(self, images: Tensor, boxes: Tensor | None = None) -> Tensor:
        """Describe pictures.

        Parameters
        ----------
        images
            Shape (n, 3, h, w), float in [0, 1].
        boxes
            Shape (n, 4): top, left, bottom, right of the picture in fractions of
            the input, where it was letterboxed; else all of it counts.

        Returns
        -------
        Shape (n, d), each row of length 1.
        """
        return self.tail(self.trunk(images, 0), boxes, 0)

    def trunk(self, images: Tensor, cut: int) -> Tensor:
        """Normalise the images and run the stages before `cut`."""
        mean = images.new_tensor(self.preprocessing.mean).view(1, 3, 1, 1)
        std = images.new_tensor(self.preprocessing.std).view(1, 3, 1, 1)
        maps = (images - mean) / std
        for stage in self.stages[:cut]:
            maps = stage(maps)
        return maps

    def tail(self, maps: Tensor, boxes: Tensor | None, cut: int) -> Tensor:
        """Run the stages from `cut` on, pool, and normalise each picture by itself."""
        for stage in self.stages[cut:]:
            maps = stage(maps)
        vectors = pool(maps, boxes, self.pooling)
        # Untrained networks answer in 1e-15: bring that near 1, where squares do not vanish.
        scale = vectors.detach().abs().amax(dim=1, keepdim=True)
        return functional.normalize(vectors / scale.clamp(min=torch.finfo(scale.dtype).tiny))


def pool(maps: Tensor, boxes: Tensor | None, pooling: Pooling) -> Tensor:
    """Reduce maps (n, d, h, w) to vectors (n, d) over what lies inside the boxes."""
    if pooling == "gem":
        means = pool(maps.clamp(min=_LEAST).pow(_GEM), boxes, "mean").pow(1 / _GEM)
        # What says nothing anywhere is 0, not the least value: a dead network must be seen as one.
        return means * (maps.detach().amax((2, 3)) > 0)
    if boxes is None:
        return maps.mean((2, 3)) if pooling == "mean" else maps.amax((2, 3))
    weights = coverage(boxes, maps.shape[2], maps.shape[3]).to(maps)[:, None]
    if pooling == "mean":
        return (maps * weights).sum((2, 3)) / weights.sum((2, 3))
    return maps.masked_fill(weights <= 0, -torch.inf).amax((2, 3))


def coverage(boxes: Tensor, height: int, width: int) -> Tensor:
    """Share of each cell of a grid that lies inside a box.

    Parameters
    ----------
    boxes
        Shape (n, 4): top, left, bottom, right in fractions.

    Returns
    -------
    Shape (n, height, width), in [0, 1].
    """
    rows = _overlap(boxes[:, 0], boxes[:, 2], height)
    columns = _overlap(boxes[:, 1], boxes[:, 3], width)
    return rows[:, :, None] * columns[:, None, :]


def _overlap(start: Tensor, end: Tensor, cells: int) -> Tensor:
    """Share of each of `cells` equal parts of [0, 1] between start and end, shape (n, cells)."""
    edges = torch.arange(cells + 1, dtype=start.dtype, device=start.device) / cells
    low = torch.maximum(start[:, None], edges[None, :-1])
    high = torch.minimum(end[:, None], edges[None, 1:])
    return (high - low).clamp(min=0) * cells
