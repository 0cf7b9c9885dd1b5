"""
Makes the sample files from a checkpoint of train_badnets.py: the ONNX model with its preprocessing, clean and
triggered CIFAR-10 test images, reference figures computed by PyTorch, and the tables of the README.

    python3 publish.py badnets.pth ../../../shared/data/cifar10/test ..

Written for PyTorch 1.13, onnx 1.12 and Pillow 9.4.
"""

import argparse
import json
import os
import re
import shutil
from pathlib import Path

import torch
from PIL import Image
from torch import nn
from torch.onnx import TrainingMode

from badnets import apply_trigger
from cifar10 import MEAN, STD, class_names, load_folder
from clp import prune, score
from evaluate import TestSet, evaluate
from resnet import ResNet18

NAME = "badnets"
THRESHOLDS = (2, 2.5, 3, 4)
PREPROCESSOR = {
    "do_resize": True,
    "size": {"height": 32, "width": 32},
    "resample": 2,
    "do_center_crop": False,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": list(MEAN),
    "image_std": list(STD),
}


def export_onnx(net: nn.Module, path: Path) -> None:
    """Writes the net with batch norm kept as nodes (TrainingMode.PRESERVE folds nothing) and a dynamic batch."""
    temporary = path.with_suffix(".tmp")
    torch.onnx.export(
        net.eval(),
        torch.zeros(1, 3, 32, 32),
        str(temporary),
        training=TrainingMode.PRESERVE,
        do_constant_folding=False,
        opset_version=17,
        input_names=["input"],
        output_names=["logits"],
        dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}},
    )
    os.replace(temporary, path)


def write_images(test: Path, output: Path, classes: list[str], count: int, target: int) -> None:
    """The first `count` images of each class as they are, and with the trigger where they are not of the target."""
    for folder in ("images", "triggered"):
        shutil.rmtree(output / folder, ignore_errors=True)
    for label, name in enumerate(classes):
        files = sorted((test / name).glob("*.png"))[:count]
        (output / "images" / name).mkdir(parents=True)
        for file in files:
            shutil.copyfile(file, output / "images" / name / file.name)
        if label == target:
            continue
        (output / "triggered" / name).mkdir(parents=True)
        images, _ = load_folder(output / "images", [name])
        for file, image in zip(files, apply_trigger(images), strict=True):
            pixels = Image.fromarray(image.permute(1, 2, 0).numpy())
            pixels.save(output / "triggered" / name / file.name, optimize=True)


def load_test_set(images: Path, triggered: Path | None, classes: list[str], target: int) -> TestSet:
    """Clean images with triggered ones read from a folder or, without one, made from them."""
    clean, labels = load_folder(images, classes)
    if triggered is None:
        kept = labels != target
        return TestSet(clean, labels, apply_trigger(clean[kept]), labels[kept], target)
    return TestSet(clean, labels, *load_folder(triggered, classes), target)


def reference(net: ResNet18, test: TestSet) -> dict:
    """ACC, ASR and RA of the net, and of it pruned at each of THRESHOLDS with its agreement."""
    original, predictions = evaluate(net, test)
    pruned = {}
    for u in THRESHOLDS:
        layers = score(net, net.conv_norm_pairs(), u)
        figures, _ = evaluate(prune(net, layers), test, predictions)
        pruned[str(u)] = {"channels": sum(len(layer["outliers"]) for layer in layers), **figures}
    return {"original": original, "pruned": pruned}


def table(figures: dict) -> str:
    """A Markdown table of what `reference` returns."""
    first = figures["original"]
    rows = [
        "| | channels pruned | ACC | ASR | RA | agreement |",
        "|---|---:|---:|---:|---:|---:|",
        f"| original | – | {first['acc']:.1f} | {first['asr']:.1f} | {first['ra']:.1f} | – |",
    ]
    for u, f in figures["pruned"].items():
        percents = " | ".join(f"{f[key]:.1f}" for key in ("acc", "asr", "ra", "agreement"))
        rows.append(f"| pruned at u = {u} | {f['channels']} | {percents} |")
    return "\n".join(rows)


def fill(readme: Path, section: str, text: str) -> None:
    """Replaces what stands between `<!-- section -->` and `<!-- /section -->`."""
    pattern = re.compile(rf"(<!-- {section} -->).*?(<!-- /{section} -->)", re.S)
    filled, count = pattern.subn(lambda m: f"{m[1]}\n\n{text}\n\n{m[2]}", readme.read_text())
    if count != 1:
        raise ValueError(f"{readme} has {count} sections '{section}', not one")
    readme.write_text(filled)


def write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path, help="written by train_badnets.py")
    parser.add_argument("test", type=Path, help="CIFAR-10 test images, <class>/*.png")
    parser.add_argument("output", type=Path, help="the samples folder, which holds README.md")
    parser.add_argument("--images-per-class", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    checkpoint = torch.load(args.checkpoint)
    settings = checkpoint["settings"]
    target = settings["target"]
    net = ResNet18(settings["width"])
    net.load_state_dict(checkpoint["model"])
    net.eval()

    classes = class_names(args.test)
    export_onnx(net, args.output / f"{NAME}.onnx")
    write_json(args.output / "preprocessor_config.json", PREPROCESSOR)
    write_images(args.test, args.output, classes, args.images_per_class, target)

    note = "float64 norms; sqrt(running_var) without eps; std with ddof 1"
    layers = score(net, net.conv_norm_pairs(), u=3)
    write_json(args.output / f"{NAME}.clp.json", {"u": 3, "note": note, "layers": layers})

    whole = reference(net, load_test_set(args.test, None, classes, target))
    small = reference(net, load_test_set(args.output / "images", args.output / "triggered", classes, target))
    write_json(
        args.output / f"{NAME}.eval.json",
        {
            "model": NAME,
            "attack": "badnets",
            "target": target,
            "training": settings,
            "preprocessing": {"mean": list(MEAN), "std": list(STD)},
            "samples": {"data": "images", "triggered": "triggered", **small},
            "test": {"data": "cifar10/test", **whole},
        },
    )
    fill(args.output / "README.md", "test", table(whole))
    fill(args.output / "README.md", "samples", table(small))
    fill(args.output / "README.md", "settings", ", ".join(f"{k} {v}" for k, v in settings.items()))


if __name__ == "__main__":
    main()
