"""Pictures to cells: maps of the pretrained network, below its last stages.

They outlive every training, which changes another copy.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from vsig_core.errors import WeightsError
from vsig_core.evidence.cells import Cells, cells_of
from vsig_core.model.fusion import fused
from vsig_core.model.lanes import for_lanes, in_lanes, piecewise
from vsig_core.model.network import Network
from vsig_core.model.preprocess import prepare, stack

# Stages of the network above the maps: of EfficientNet-Lite0 the fifth stage tells details best.
STAGES_ABOVE = 3
_BATCH = 8  # pictures at a time, in all lanes


class Trunk:
    """A network up to its last-but-one maps.

    Parameters
    ----------
    network
        Left as it is; a copy with fused batch norm does the work.
    resolution
        Side of its input here, pixels.

    Raises
    ------
    WeightsError
        The network cannot look at pictures of this size, or gives no map.
    """

    def __init__(self, network: Network, resolution: int) -> None:
        self._network = fused(network)
        self._cut = max(1, len(network.stages) - STAGES_ABOVE)
        self._preprocessing = replace(network.preprocessing, resolution=resolution)
        self._probe(network.card.backbone)

    def describe(self, pictures: Sequence[bytes]) -> Iterator[Cells]:
        """The cells of encoded pictures, in their order; few are held at a time.

        Parameters
        ----------
        pictures
            Each is asked for once, so it may read lazily.

        Raises
        ------
        PictureError
            One cannot be decoded; the message names its index.
        """
        return itertools.chain.from_iterable(in_lanes(self._look, for_lanes(pictures, _BATCH)))

    def _look(self, chunk: tuple[int, list[bytes]]) -> list[Cells]:
        start, pictures = chunk
        drawn = prepare(pictures, self._preprocessing, start)
        images, _ = stack(drawn)
        maps = self._maps(images).numpy()
        return [cells_of(own, picture.box) for own, picture in zip(maps, drawn, strict=True)]

    def _maps(self, images: Tensor) -> Tensor:
        """Shape (n, d, h, w), float32."""
        with torch.inference_mode():
            maps = piecewise(lambda some: self._network.trunk(some, self._cut), images)
        if maps.ndim == 3:  # tokens: the last ones lie as the square they came from
            side = int(maps.shape[1] ** 0.5)
            maps = maps[:, maps.shape[1] - side * side :].transpose(1, 2).unflatten(2, (side, side))
        return maps.float()

    def _probe(self, backbone: str) -> None:
        side = self._preprocessing.resolution
        try:
            shape = self._maps(torch.zeros(1, 3, side, side)).shape
        except (RuntimeError, AssertionError, ValueError) as error:
            raise WeightsError(
                f"{backbone} cannot look at pictures of {side} px: {error}. Set "
                "evidence.resolution to model.resolution."
            ) from error
        if len(shape) != 4 or shape[2] != shape[3]:
            raise WeightsError(
                f"{backbone} gives no maps for local evidence, but {tuple(shape)}. Set "
                "evidence.enabled = false."
            )
