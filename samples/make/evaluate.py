"""ACC, ASR, RA and agreement, in percent."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cifar10 import normalise


@dataclass(frozen=True)
class TestSet:
    """Clean 8-bit images with labels, and triggered ones (none of the target class) with their true labels."""

    images: Tensor
    labels: Tensor
    triggered: Tensor
    true_labels: Tensor
    target: int


def predict(net: nn.Module, images: Tensor, batch: int = 250) -> Tensor:
    """Predicted class of each 8-bit image."""
    net.eval()
    with torch.no_grad():
        return torch.cat([net(normalise(part)).argmax(1) for part in images.split(batch)])


def evaluate(net: nn.Module, test: TestSet, original: Tensor | None = None) -> tuple[dict, Tensor]:
    """
    ACC on clean images, ASR (share predicted as the target) and RA (share predicted as the true label) on the
    triggered ones, and agreement with the original's predictions on clean images; with those predictions.
    """
    clean, triggered = predict(net, test.images), predict(net, test.triggered)
    result = {
        "acc": _percent(clean == test.labels),
        "n": len(clean),
        "asr": _percent(triggered == test.target),
        "ra": _percent(triggered == test.true_labels),
        "n_triggered": len(triggered),
    }
    if original is not None:
        result["agreement"] = _percent(clean == original)
    return result, clean


def _percent(hits: Tensor) -> float:
    return round(100 * hits.double().mean().item(), 3)
