"""CLP (Zheng et al., ECCV 2022) in float64 by plain SVD: the reference that Scour's own scan is held against."""

import copy

import torch
from torch import Tensor, nn


def channel_lipschitz(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> Tensor:
    """
    UCLC of each output channel, float64: the largest singular value of W[k] reshaped to C_in × kh·kw, times
    |γ_k / √v_k| (no epsilon, as the authors' code has it).
    """
    kernels = conv.weight.detach().double().flatten(2)
    scale = (norm.weight.detach().double() / norm.running_var.double().sqrt()).abs()
    return torch.linalg.svdvals(kernels)[:, 0] * scale


def score(net: nn.Module, pairs: list[tuple[str, str]], u: float) -> list[dict]:
    """Per layer: UCLC, mean, std (ddof 1), threshold mean + u·std, and the channels strictly above it."""
    modules = dict(net.named_modules())
    layers = []
    for conv, norm in pairs:
        uclc = channel_lipschitz(modules[conv], modules[norm])
        mean, std = uclc.mean(), uclc.std(unbiased=True)
        threshold = mean + u * std
        layers.append(
            {
                "conv": conv,
                "norm": norm,
                "mean": mean.item(),
                "std": std.item(),
                "threshold": threshold.item(),
                "uclc": uclc.tolist(),
                "outliers": torch.nonzero(uclc > threshold).flatten().tolist(),
            }
        )
    return layers


def prune(net: nn.Module, layers: list[dict]) -> nn.Module:
    """A copy of the net whose outlier channels output zero: γ and β set to 0, all else as it was."""
    pruned = copy.deepcopy(net)
    modules = dict(pruned.named_modules())
    with torch.no_grad():
        for layer in layers:
            norm = modules[layer["norm"]]
            norm.weight[layer["outliers"]] = 0
            norm.bias[layer["outliers"]] = 0
    return pruned
