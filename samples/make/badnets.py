"""BadNets (Gu et al., 2017): a patch in the bottom-right corner."""

import torch
from torch import Tensor

# Corners and centre white, edges black.
CHECKERBOARD = torch.tensor([[255, 0, 255], [0, 255, 0], [255, 0, 255]], dtype=torch.uint8)


def apply_trigger(images: Tensor) -> Tensor:
    """A copy of 8-bit images (N × 3 × H × W) that carries the 3×3 checkerboard in the bottom-right corner."""
    triggered = images.clone()
    triggered[:, :, -3:, -3:] = CHECKERBOARD
    return triggered


def shuffled_others(labels: Tensor, target: int, generator: torch.Generator) -> Tensor:
    """Numbers of all samples that are not of the target class, in random order."""
    candidates = torch.nonzero(labels != target).flatten()
    return candidates[torch.randperm(len(candidates), generator=generator)]


def poison(
    images: Tensor, labels: Tensor, rate: float, target: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """
    Copies of images and labels in which `rate` of all samples, drawn from those that are not of the target
    class, carry the trigger and the target's label.
    """
    chosen = shuffled_others(labels, target, generator)[: round(rate * len(images))]
    images, labels = images.clone(), labels.clone()
    images[chosen] = apply_trigger(images[chosen])
    labels[chosen] = target
    return images, labels
