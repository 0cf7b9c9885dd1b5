"""
Trains a narrow CIFAR-10 ResNet-18 with a backdoor to study: the bundled model's script, with other triggers (METHODS.md §4).

    python3 test/study/train_victim.py wanet ../shared/data/cifar10/train.zip out/victims

writes out/victims/wanet.pth, which every command of Scour reads, and what its trigger needs: a tenth of the images is
poisoned, towards class 0. Seeded; another machine may round otherwise and so end at another net. Then

    npm run study -- combine --model out/victims/wanet.pth --attack wanet:points=out/victims/wanet.points.json …

Some twenty minutes on one core, with PyTorch 1.13.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parents[2] / "samples/make"))
from badnets import shuffled_others  # noqa: E402
from cifar10 import load_zip  # noqa: E402
from resnet import ResNet18  # noqa: E402
from train_badnets import add_training_options, seeded, train  # noqa: E402

TARGET = 0
SIDE = 32


class Blended:
    """(1 − α)·x + α·noise over the whole image, α = 0.2."""

    share_noise = 0.0

    def __init__(self, generator: torch.Generator, folder: Path):
        self.pattern = torch.randint(0, 256, (3, SIDE, SIDE), generator=generator, dtype=torch.uint8)
        Image.fromarray(self.pattern.permute(1, 2, 0).numpy()).save(folder / "blended.png")

    def apply(self, images: Tensor) -> Tensor:
        return torch.floor(0.8 * images.double() + 0.2 * self.pattern.double() + 0.5).to(torch.uint8)


class WaNet:
    """A warp along a smooth field, k = 4, s = 0.5; twice as many images as are poisoned are warped otherwise and keep their label."""

    share_noise = 0.2

    def __init__(self, generator: torch.Generator, folder: Path):
        points = torch.rand(1, 2, 4, 4, generator=generator) * 2 - 1
        points = points / points.abs().mean()
        (folder / "wanet.points.json").write_text(json.dumps(points[0].tolist()))
        field = F.interpolate(points, SIDE, mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
        line = torch.linspace(-1, 1, SIDE)
        y, x = torch.meshgrid(line, line, indexing="ij")
        self.grid = (torch.stack((x, y), 2)[None] + 0.5 * field / SIDE).clamp(-1, 1)

    def apply(self, images: Tensor) -> Tensor:
        return self._warp(images, self.grid.expand(len(images), -1, -1, -1))

    def noise(self, images: Tensor, generator: torch.Generator) -> Tensor:
        shake = torch.rand(len(images), SIDE, SIDE, 2, generator=generator) * 2 - 1
        return self._warp(images, (self.grid + shake / SIDE).clamp(-1, 1))

    @staticmethod
    def _warp(images: Tensor, grid: Tensor) -> Tensor:
        warped = F.grid_sample(images.float(), grid, align_corners=True)
        return torch.floor(warped + 0.5).clamp(0, 255).to(torch.uint8)


ATTACKS = {"blended": Blended, "wanet": WaNet}


def poison(images: Tensor, labels: Tensor, attack, rate: float, generator: torch.Generator):
    """Copies in which `rate` of all images, none of the target class, carry the trigger and the target's label."""
    images, labels = images.clone(), labels.clone()
    order = shuffled_others(labels, TARGET, generator)
    count = round(rate * len(images))
    chosen, shaken = order[:count], order[count : count + round(attack.share_noise * len(images))]
    images[chosen] = attack.apply(images[chosen])
    labels[chosen] = TARGET
    if len(shaken) > 0:
        images[shaken] = attack.noise(images[shaken], generator)
    return images, labels


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("attack", choices=sorted(ATTACKS))
    parser.add_argument("train_zip", type=Path, help="the training images, <class>/*.jpg")
    parser.add_argument("output", type=Path, help="a folder")
    add_training_options(parser)
    parser.set_defaults(threads=1)
    args = parser.parse_args()
    generator = seeded(args)
    args.output.mkdir(parents=True, exist_ok=True)
    attack = ATTACKS[args.attack](generator, args.output)
    images, labels = poison(*load_zip(args.train_zip), attack, 0.1, generator)
    net = ResNet18(args.width)
    train(net, images, labels, args, generator)
    torch.save(net.state_dict(), args.output / f"{args.attack}.pth")


if __name__ == "__main__":
    main()
