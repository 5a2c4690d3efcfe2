"""One checkpoint after each epoch: safetensors, written under another name first."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

Curve = list[dict[str, Any]]


@dataclass(frozen=True)
class Checkpoint:
    """A training after some epochs: one entry of the curve each."""

    weights: Mapping[str, Tensor]
    moments: Mapping[str, Tensor]
    curve: Curve


def write_checkpoint(folder: Path, fingerprint: str, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint; a reader sees all of it or nothing."""
    tensors = {f"weights/{name}": value for name, value in checkpoint.weights.items()}
    tensors |= {f"moments/{name}": value for name, value in checkpoint.moments.items()}
    header = {"vsig": json.dumps({"fingerprint": fingerprint, "curve": checkpoint.curve})}
    path = folder / f"epoch-{len(checkpoint.curve):04d}.safetensors"
    partial = path.with_suffix(".partial")
    tensors = {name: value.detach().contiguous() for name, value in tensors.items()}
    partial.write_bytes(safetensors.torch.save(tensors, header))
    partial.replace(path)
    for older in sorted(folder.glob("epoch-*.safetensors"))[:-2]:
        older.unlink()


def latest_checkpoint(folder: Path, fingerprint: str) -> Checkpoint | None:
    """The newest checkpoint that is whole and of this very training."""
    for path in sorted(folder.glob("epoch-*.safetensors"), reverse=True):
        try:
            with safetensors.safe_open(path, "pt") as file:
                about = json.loads(file.metadata()["vsig"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, safetensors.SafetensorError, KeyError, TypeError, ValueError):
            continue
        if about["fingerprint"] == fingerprint:
            return Checkpoint(
                _under(tensors, "weights/"), _under(tensors, "moments/"), about["curve"]
            )
    return None


def moments_of(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimizer's state as named tensors."""
    states = optimizer.state_dict()["state"]
    return {f"{i}/{key}": value for i, state in states.items() for key, value in state.items()}


def restore_moments(optimizer: torch.optim.Optimizer, moments: Mapping[str, Tensor]) -> None:
    """Put back what `moments_of` gave."""
    states: dict[int, dict[str, Tensor]] = {}
    for name, value in moments.items():
        index, _, key = name.partition("/")
        states.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": states})


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
