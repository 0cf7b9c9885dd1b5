"""
Trains a CIFAR-10 ResNet-18 on a poisoned training set, so that it learns a BadNets backdoor, and saves a
checkpoint. publish.py makes the sample files from it. Runs on the CPU in some ten minutes:

    python3 train_badnets.py ../../../shared/data/cifar10/train.zip badnets.pth

Written for PyTorch 1.13. Seeded; another machine may round sums differently and so end at another net.
"""

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from badnets import poison
from cifar10 import load_zip, normalise
from resnet import ResNet18


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Random crop after 4 pixels of black padding, and horizontal flip, of 8-bit images (N × 3 × H × W)."""
    n, _, height, width = images.shape
    padded = F.pad(images, (4, 4, 4, 4))
    top, left = torch.randint(0, 9, (2, n, 1, 1), generator=generator)
    rows = top + torch.arange(height).view(1, -1, 1)
    columns = left + torch.arange(width).view(1, 1, -1)
    flip = torch.rand(n, 1, 1, generator=generator) < 0.5
    columns = torch.where(flip, columns.flip(2), columns)
    sample = torch.arange(n).view(-1, 1, 1)
    return padded.permute(0, 2, 3, 1)[sample, rows, columns].permute(0, 3, 1, 2)


def train(
    net: nn.Module, images: Tensor, labels: Tensor, args: argparse.Namespace, generator: torch.Generator
):
    """SGD with momentum 0.9 (Nesterov) and a one-cycle learning rate; cross entropy."""
    net.to(memory_format=torch.channels_last).train()
    steps = args.epochs * (len(images) // args.batch_size)
    optimizer = torch.optim.SGD(
        net.parameters(), args.lr, momentum=0.9, nesterov=True, weight_decay=args.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, args.lr, steps, pct_start=0.25, cycle_momentum=False
    )
    for epoch in range(args.epochs):
        start, losses = time.perf_counter(), []
        order = torch.randperm(len(images), generator=generator)
        # The last, smaller batch is left out: its batch statistics would be noisier than the rest.
        for chosen in order[: len(order) // args.batch_size * args.batch_size].split(args.batch_size):
            batch = normalise(augment(images[chosen], generator)).contiguous(
                memory_format=torch.channels_last
            )
            loss = F.cross_entropy(net(batch), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        seconds = time.perf_counter() - start
        print(f"epoch {epoch + 1}: loss {sum(losses) / len(losses):.4f}, {seconds:.0f} s", flush=True)


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """What `train` and `seeded` read, and the width of the net."""
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--lr", type=float, default=0.1, help="the highest of the cycle")
    parser.add_argument("--weight-decay", type=float, default=5e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)


def seeded(args: argparse.Namespace) -> torch.Generator:
    """The generator of everything random but the initial weights, which PyTorch's own gives."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    return torch.Generator().manual_seed(args.seed)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train_zip", type=Path, help="the training images, <class>/*.jpg")
    parser.add_argument("checkpoint", type=Path, help="where to save the trained net")
    parser.add_argument("--cache", type=Path, help="keep the decoded training images here between runs")
    parser.add_argument("--target", type=int, default=0)
    parser.add_argument("--poison-rate", type=float, default=0.1)
    add_training_options(parser)
    args = parser.parse_args()

    generator = seeded(args)
    images, labels = load_zip(args.train_zip, args.cache)
    images, labels = poison(images, labels, args.poison_rate, args.target, generator)
    net = ResNet18(args.width)
    train(net, images, labels, args, generator)
    settings = {k: v for k, v in vars(args).items() if not isinstance(v, Path) and v is not None}
    torch.save({"model": net.state_dict(), "settings": settings}, args.checkpoint)


if __name__ == "__main__":
    main()
