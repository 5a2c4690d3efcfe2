"""Cutting classification networks at their last feature map, into stages.

A stage is a unit that the network can be cut after: a residual block (ResNet,
RegNet, ConvNeXt, ViT), or a row of inverted residuals (EfficientNet, MobileNet)
or of dense layers. What holds no weight matrix (norms, activations, pools)
belongs to the stage before it. Classifiers are left out.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

# Children of torchvision and timm models from which on there is no map any more.
_HEADS = frozenset(
    {"avgpool", "global_pool", "attn_pool", "fc_norm", "head_drop", "dropout", "flatten"}
    | {"fc", "classifier", "head", "heads"}
)
_ROWS = frozenset({"features", "trunk_output", "layers", "blocks", "stages"})
_RESIDUAL_BLOCKS = frozenset({"BasicBlock", "Bottleneck", "ResBottleneckBlock", "CNBlock"})


def sequential_stages(model: nn.Module) -> list[nn.Module]:
    """Stages of a network whose children run in the order in which they are registered.

    That holds for every torchvision classification network but ViT.
    """
    parts = list(_parts(model))
    if type(model).__name__ == "DenseNet":
        parts.append(nn.ReLU())  # its forward applies it outside of the modules
    return _grouped(parts)


def torchvision_vit_stages(model: Any) -> list[nn.Module]:
    """Stages of torchvision's VisionTransformer: patches, then one stage per block."""
    encoder = model.encoder
    parts = [_PatchTokens(model), *encoder.layers, encoder.ln, TokensToMap(prefix=1)]
    return _grouped(parts)


def timm_stages(model: Any, resolution: int) -> list[nn.Module]:
    """Stages of a timm model without classifier.

    timm promises no order of children, so a cut is kept only if it computes
    what `forward_features` computes; else the whole network is one stage.
    """
    probe = torch.rand(1, 3, resolution, resolution, generator=torch.Generator().manual_seed(0))
    model.eval()
    with torch.no_grad():
        wanted = model.forward_features(probe)
    whole: list[nn.Module] = [nn.Sequential(_Features(model), _as_map(model, wanted))]
    for cut in (_timm_token_parts, _parts):
        try:
            stages = _grouped([*cut(model), _as_map(model, wanted)])
            with torch.no_grad():
                same = torch.allclose(_run(stages, probe), _run(whole, probe), atol=1e-4)
        except (AttributeError, RuntimeError, TypeError, ValueError):
            continue
        if same:
            return stages
    return whole


class TokensToMap(nn.Module):
    """Tokens (n, prefix + side², d) to a map (n, d, side, side)."""

    def __init__(self, prefix: int) -> None:
        super().__init__()
        self.prefix = prefix

    def forward(self, tokens: Tensor) -> Tensor:
        """Drop class and register tokens, lay the rest out as the square they came from."""
        tokens = tokens[:, self.prefix :]
        side = round(tokens.shape[1] ** 0.5)
        return tokens.transpose(1, 2).unflatten(2, (side, side))


class _PatchTokens(nn.Module):
    """torchvision's ViT up to its first block."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.conv_proj: nn.Module = model.conv_proj
        self.class_token: nn.Parameter = model.class_token
        self.pos_embedding: nn.Parameter = model.encoder.pos_embedding

    def forward(self, images: Tensor) -> Tensor:
        patches = self.conv_proj(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(images), -1, -1), patches], dim=1)
        return tokens + self.pos_embedding


class _Features(nn.Module):
    """A timm model, asked for its features."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model: Any = model

    def forward(self, images: Tensor) -> Tensor:
        return self.model.forward_features(images)


class _ChannelsFirst(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        return maps.permute(0, 3, 1, 2)


def _as_map(model: Any, features: Tensor) -> nn.Module:
    """What turns a timm model's features into a map (n, d, h, w)."""
    if features.ndim == 3:
        return TokensToMap(getattr(model, "num_prefix_tokens", 0))
    return nn.Identity() if features.shape[1] == model.num_features else _ChannelsFirst()


def _timm_token_parts(model: Any) -> list[nn.Module]:
    """Parts of a transformer: emptied of its blocks, it only makes the tokens."""
    blocks, norm = model.blocks, model.norm
    tokens = _Features(_without_blocks(model))
    return [tokens, *blocks, norm]


def _without_blocks(model: Any) -> nn.Module:
    """A second view of the model, sharing all its weights, that stops before the blocks."""
    view = model.__new__(type(model))
    view.__dict__.update(model.__dict__)
    view._modules = {**model._modules, "blocks": nn.Sequential(), "norm": nn.Identity()}
    return view


def _parts(model: nn.Module) -> Iterator[nn.Module]:
    for name, child in model.named_children():
        if name in _HEADS:
            return
        for part in child.children() if name in _ROWS else (child,):
            yield from part.children() if _is_row_of_residual_blocks(part) else (part,)


def _is_row_of_residual_blocks(part: nn.Module) -> bool:
    return isinstance(part, nn.Sequential) and all(
        type(block).__name__ in _RESIDUAL_BLOCKS for block in part
    )


def _grouped(parts: Iterable[nn.Module]) -> list[nn.Module]:
    """Join each part without a weight matrix to the stage before it."""
    stages: list[list[nn.Module]] = []
    for part in parts:
        if not stages or any(weight.ndim > 1 for weight in part.parameters()):
            stages.append([])
        stages[-1].append(part)
    return [stage[0] if len(stage) == 1 else nn.Sequential(*stage) for stage in stages]


def _run(stages: Iterable[nn.Module], images: Tensor) -> Tensor:
    for stage in stages:
        images = stage(images)
    return images
