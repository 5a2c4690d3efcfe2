"""The compound hinge loss: one value per triplet; mining and reduction live elsewhere."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class CompoundHingeLoss:
    """Triplet hinge with anchor swap and an intra-sample term inside the outer hinge.

    ``max(0, m + d(A,P) − min(d(A,N), d(P,N)) + max(0, d(A,P) − m2))`` with the
    cosine distance d. Source: the 2022 thesis (DESIGN 5.3).

    Parameters
    ----------
    margin
        m: how much farther than the positive the negative must be.
    intra_margin
        m2: how far apart anchor and positive may be; 2 turns the term off.
    swap
        Let the negative be compared with the positive too; false looks only at d(A,N).
    """

    margin: float = 0.01
    intra_margin: float = 0.1
    swap: bool = True

    def __call__(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Loss of each triplet.

        Parameters
        ----------
        anchor, positive, negative
            Each of shape (n, d), of any length: each row is normalised by itself.

        Returns
        -------
        Shape (n,), zero where the triplet is satisfied.
        """
        apart = _cosine_distance(anchor, positive)
        away = _cosine_distance(anchor, negative)
        if self.swap:
            away = torch.minimum(away, _cosine_distance(positive, negative))
        intra = functional.relu(apart - self.intra_margin)
        return functional.relu(self.margin + apart - away + intra)


def _cosine_distance(left: Tensor, right: Tensor) -> Tensor:
    return 1 - (functional.normalize(left) * functional.normalize(right)).sum(dim=1)
