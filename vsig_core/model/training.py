"""Fine-tuning on triplets: the frozen trunk once, then the tail for a few epochs (DESIGN 5.3)."""

import functools
import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vsig_core.errors import TrainingError
from vsig_core.model.backbones import load_network, model_id, save_weights
from vsig_core.model.checkpoints import (
    Checkpoint,
    Curve,
    latest_checkpoint,
    moments_of,
    restore_moments,
    write_checkpoint,
)
from vsig_core.model.fusion import FoldedTail
from vsig_core.model.lanes import in_lanes
from vsig_core.model.loss import CompoundHingeLoss
from vsig_core.model.maps import FreshMaps, MapSource, Pictures, TrainingPictures, TrunkCache
from vsig_core.model.network import Network
from vsig_core.settings import ModelSettings, TrainingSettings

Progress = Callable[[int, int], None]

_PART = 16  # pictures of a lane in the tail at a time
_WARM_UP = 0.5  # epochs
_DRAWS = 2**31


@dataclass(frozen=True)
class Folders:
    """Where a training keeps what it may need again.

    Parameters
    ----------
    checkpoints
        Of one training; the caller's to remove when it is over.
    trunk
        Maps of the frozen trunk, by content. They serve the next training too, as long as
        network, cut, views and seed are the same; others are removed.
    """

    checkpoints: Path
    trunk: Path


@dataclass(frozen=True)
class Trained:
    """What a training gives.

    `weights` are safetensors for `load_network`; `curve` has one entry per epoch:
    epoch (from 1), loss (mean over all triplets before the epoch), violating (share
    of them with a loss above 0), seconds; `seconds` is the time spent in this call.
    """

    weights: bytes
    curve: Curve
    seconds: float


def train(
    network_settings: ModelSettings,
    settings: TrainingSettings,
    triplets: pa.Table,
    pictures: Pictures,
    folders: Folders,
    progress: Progress | None = None,
    on_epoch: Callable[[dict], None] | None = None,
) -> Trained:
    """Train a network, from the weights that its settings name.

    Two runs with equal input give equal weights on one kind of CPU, on one core or many, broken
    off in between or not.

    Parameters
    ----------
    triplets
        Columns anchor, positive, negative, and split, of which only train is used.
    pictures
        What the uids of the triplets show.
    folders
        Where checkpoints and maps are kept.
    progress
        Called as (done, total).
    on_epoch
        Called with each new entry of the curve.

    Raises
    ------
    TrainingError
        There is no triplet to train on, or the loss is not finite.
    WeightsError
        The network cannot be had.
    PictureError
        A picture of a triplet cannot be decoded.
    """
    started = time.monotonic()
    uids, rows = _numbered(triplets)
    folders.checkpoints.mkdir(parents=True, exist_ok=True)
    network = load_network(network_settings)
    start = model_id(network_settings)
    numbers = hashlib.sha256(rows.tobytes()).hexdigest()
    fingerprint = _digest([start, settings.model_dump_json(), *uids, numbers])
    run = _Run(network, settings, _Identity(start, fingerprint), folders)
    curve = run.resume()
    if len(curve) < settings.epochs:
        ticker = _Ticker(progress, len(uids), settings.epochs)
        shown = TrainingPictures(uids, pictures, settings.seed)
        source = run.source(shown, rows, ticker)
        while len(curve) < settings.epochs:
            curve.append(run.epoch(source, rows, len(curve) + 1, ticker))
            run.keep(curve)
            if on_epoch:
                on_epoch(curve[-1])
    run.blend()
    return Trained(save_weights(network), curve, time.monotonic() - started)


class _Ticker:
    """Shows caching and epochs as one progress, in pictures: an epoch counts as all of them."""

    def __init__(self, progress: Progress | None, pictures: int, epochs: int) -> None:
        self._progress = progress
        self._pictures = pictures
        self._total = pictures * (1 + epochs)
        self._cached = 0

    def cached(self, pictures: int) -> None:
        self._cached += pictures
        if self._progress:
            self._progress(self._cached, self._total)

    def stepped(self, epoch: int, share: float) -> None:
        if self._progress:
            self._progress(round(self._pictures * (epoch + share)), self._total)


@dataclass(frozen=True)
class _Identity:
    """`start` names the weights a training begins with, `training` all that it depends on."""

    start: str
    training: str


class _Run:
    """One training: the network, its optimizer, where it is cut, where it is kept."""

    def __init__(
        self, network: Network, settings: TrainingSettings, identity: _Identity, folders: Folders
    ) -> None:
        self._network = network
        self._settings = settings
        self._identity = identity
        self._folder = folders.checkpoints
        self._maps = folders.trunk
        stages = len(network.stages)
        self._cut = max(0, stages - settings.trained_stages) if settings.frozen_trunk else 0
        self._trained = _trainable(network, self._cut)
        self._start = {name: value.detach().clone() for name, value in self._trained.items()}
        kinds = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}
        self._optimizer = kinds[settings.optimizer](
            self._trained.values(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._tail = FoldedTail(network, self._cut)
        self._loss = CompoundHingeLoss(settings.margin, settings.intra_margin)

    def resume(self) -> Curve:
        """Go back to the newest checkpoint, or forget what another training left."""
        found = latest_checkpoint(self._folder, self._identity.training)
        if found is None:
            for stale in self._folder.glob("epoch-*"):
                stale.unlink()
            return []
        with torch.no_grad():
            for name, parameter in self._trained.items():
                parameter.copy_(found.weights[name])
        restore_moments(self._optimizer, found.moments)
        return list(found.curve)

    def source(
        self, pictures: TrainingPictures, rows: NDArray[np.int64], ticker: _Ticker
    ) -> MapSource:
        """Where the trained stages get their input from.

        A picture that is only ever a negative has a single view: there are many of them, and
        one is as good a counter-example as another.
        """
        if self._cut == 0:
            return FreshMaps(self._network, pictures)
        views = np.ones(len(pictures.uids), np.int64)
        views[rows[:, :2]] = self._settings.views
        key = _digest([self._identity.start, str(self._cut), str(pictures.seed)])
        cache = TrunkCache(self._network, self._cut, pictures, views, self._maps, key[:12])
        return cache.open(ticker.cached)

    def epoch(
        self, source: MapSource, rows: NDArray[np.int64], epoch: int, ticker: _Ticker
    ) -> dict:
        """Look at all triplets, then learn from those that violate.

        A satisfied triplet has no gradient, and to see that it is satisfied costs
        one look at each picture. What is drawn depends on seed and epoch alone.
        """
        started = time.monotonic()
        rng = np.random.default_rng([self._settings.seed, epoch])
        losses = self._look(source, rows, rng)
        violating = self._order(rows[losses > 0], rng)
        for start in range(0, len(violating), self._settings.batch_size):
            learnt = violating[start : start + self._settings.batch_size]
            self._set_rate(epoch - 1 + (start + len(learnt) / 2) / len(violating))
            self._check(self._step(source, learnt, rng))
            ticker.stepped(epoch, (start + len(learnt)) / len(violating))
        ticker.stepped(epoch, 1)
        return {
            "epoch": epoch,
            "loss": float(losses.mean()),
            "violating": len(violating) / len(rows),
            "seconds": time.monotonic() - started,
        }

    def _set_rate(self, epochs: float) -> None:
        """The learning rate of the step whose middle lies so many epochs after the start.

        Adam's first steps are as long as any while it knows nothing of the gradients, and last
        ones of full length leave where it stops to chance: at a constant rate of 2e-4 the order of
        the triplets alone moved validation mAP of a sample between 0.43 and 0.58, with warm-up
        and cosine decay (Loshchilov and Hutter 2017) at 1e-4 between 0.54 and 0.56.
        """
        share = 1.0
        if self._settings.schedule == "cosine":
            decay = (1 + np.cos(np.pi * epochs / self._settings.epochs)) / 2
            share = min(1.0, epochs / _WARM_UP) * float(decay)
        for group in self._optimizer.param_groups:
            group["lr"] = self._settings.learning_rate * share

    def _order(self, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """In random order, those of one anchor together or not."""
        rows = rng.permutation(rows)
        if not self._settings.anchors_together:
            return rows
        place = rng.permutation(rows.max(initial=0) + 1)
        return rows[np.argsort(place[rows[:, 0]], kind="stable")]

    def blend(self) -> None:
        """Go a part of the way back to the pretrained weights (WiSE-FT, Wortsman et al. 2022).

        What is learnt from a few signatures then holds better for others: test mAP 0.45
        became 0.50 on the sample at a share of 0.75.
        """
        with torch.no_grad():
            for name, parameter in self._trained.items():
                parameter.copy_(torch.lerp(self._start[name], parameter, self._settings.blend))

    def keep(self, curve: Curve) -> None:
        """Write a checkpoint."""
        checkpoint = Checkpoint(self._trained, moments_of(self._optimizer), curve)
        write_checkpoint(self._folder, self._identity.training, checkpoint)

    def _look(
        self, source: MapSource, rows: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Loss of every triplet before the epoch, each picture in one view, shape (n,)."""
        pictures = np.arange(rows.max() + 1)
        draws = rng.integers(0, _DRAWS, len(pictures))
        weights = {name: value.detach() for name, value in self._tail.weights().items()}
        seen = self._through(weights, source, pictures, draws)
        losses = self._loss(*torch.cat(seen)[torch.from_numpy(rows.T)]).numpy()
        self._check(losses)
        return losses

    def _step(
        self, source: MapSource, triplets: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Learn from a few triplets; a picture in several of them goes through once.

        Each lane takes a part of the pictures there and back. Between the two the loss is
        computed on the vectors of all, for a triplet's pictures may lie in several lanes.
        """
        pictures, place = np.unique(triplets, return_inverse=True)
        draws = rng.integers(0, _DRAWS, len(pictures))
        folded = self._tail.weights()
        learnt = {
            name: value.detach().requires_grad_()
            for name, value in folded.items()
            if value.requires_grad
        }
        weights = folded | learnt
        seen = self._through(weights, source, pictures, draws)
        vectors = torch.cat([part.detach() for part in seen]).requires_grad_()
        # Not `vectors[place]`: its gradient adds up in whatever order the threads come.
        chosen = torch.from_numpy(place.reshape(-1, 3))
        losses = self._loss(*(vectors.index_select(0, role) for role in chosen.T))
        loss = losses.mean() if self._settings.reduction == "mean" else losses.sum()
        (gradients,) = torch.autograd.grad(loss, vectors)
        back = in_lanes(
            lambda pair: torch.autograd.grad(
                pair[0], list(learnt.values()), pair[1], materialize_grads=True
            ),
            zip(seen, gradients.split([len(part) for part in seen]), strict=True),
        )
        total = functools.reduce(_added, back)
        self._optimizer.zero_grad()
        torch.autograd.backward([folded[name] for name in learnt], total)
        self._optimizer.step()
        return losses.detach().numpy()

    def _through(
        self,
        weights: dict[str, Tensor],
        source: MapSource,
        pictures: NDArray[np.int64],
        draws: NDArray[np.int64],
    ) -> list[Tensor]:
        """Vectors of views of pictures, some at a time, with the gradients of these weights."""
        starts = range(0, len(pictures), _PART)
        parts = (slice(start, start + _PART) for start in starts)
        taken = (source.take(pictures[part], draws[part]) for part in parts)
        return list(in_lanes(lambda one: self._tail(weights, *one), taken))

    def _check(self, losses: NDArray[np.float32]) -> None:
        if not np.isfinite(losses).all():
            raise TrainingError(
                "The loss is not finite. Lower training.learning_rate "
                f"(now {self._settings.learning_rate:g}); if it happens in the first epoch, "
                "the weights that training starts from are damaged."
            )


def _added(sums: Sequence[Tensor], more: Sequence[Tensor]) -> Sequence[Tensor]:
    return [total.add_(part) for total, part in zip(sums, more, strict=True)]


def _trainable(network: Network, cut: int) -> dict[str, Tensor]:
    """Parameters after the cut, batch norms left out; everything else is frozen.

    The network stays in evaluation mode, so that no batch norm follows the batch either.
    """
    network.eval().requires_grad_(False)
    for stage in network.stages[cut:]:
        for module in stage.modules():
            if not isinstance(module, nn.modules.batchnorm._BatchNorm):
                for parameter in module.parameters(recurse=False):
                    parameter.requires_grad_(True)
    return {name: value for name, value in network.named_parameters() if value.requires_grad}


def _numbered(triplets: pa.Table) -> tuple[list[str], NDArray[np.int64]]:
    """Sorted uids of the training triplets, and the triplets as their numbers, shape (n, 3)."""
    named = sorted(
        (row["anchor"], row["positive"], row["negative"])
        for row in triplets.select(["anchor", "positive", "negative", "split"]).to_pylist()
        if row["split"] == "train"
    )
    if not named:
        raise TrainingError(
            "There is no training triplet: no positive link in the training split that has "
            "a negative. Judge more pairs; until then the model in force stays."
        )
    uids = sorted({uid for triplet in named for uid in triplet})
    number = {uid: row for row, uid in enumerate(uids)}
    return uids, np.array([[number[uid] for uid in triplet] for triplet in named], np.int64)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
