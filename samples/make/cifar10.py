"""CIFAR-10 as 8-bit tensors (N × 3 × 32 × 32), and how they become the net's input."""

import io
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image
from torch import Tensor

MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.247, 0.243, 0.261)


def normalise(images: Tensor) -> Tensor:
    """8-bit images → float32: scaled to 0…1, then normalised with MEAN and STD."""
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (MEAN, STD))
    return (images.float() / 255 - mean) / std


def class_names(folder: Path) -> list[str]:
    """Classes are numbered by sorted folder name."""
    return sorted(p.name for p in folder.iterdir() if p.is_dir())


def load_folder(folder: Path, classes: list[str]) -> tuple[Tensor, Tensor]:
    """Images and labels of `folder/<class>/*`, sorted by name; a class whose folder is absent has none."""
    found = [(p, label) for label, name in enumerate(classes) for p in sorted((folder / name).glob("*"))]
    return _stack([_decode(p.read_bytes()) for p, _ in found]), torch.tensor([label for _, label in found])


def load_zip(archive: Path, cache: Path | None = None) -> tuple[Tensor, Tensor]:
    """Images and labels of a zip of `<class>/*`, sorted by name; decoded once where a cache file is given."""
    if cache is not None and cache.exists():
        return torch.load(cache)
    with zipfile.ZipFile(archive) as z:
        names = sorted(n for n in z.namelist() if not n.endswith("/"))
        classes = sorted({PurePosixPath(n).parts[0] for n in names})
        images = _stack([_decode(z.read(n)) for n in names])
    labels = torch.tensor([classes.index(PurePosixPath(n).parts[0]) for n in names])
    if cache is not None:
        torch.save((images, labels), cache)
    return images, labels


def _decode(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _stack(images: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(images).transpose(0, 3, 1, 2).copy())
