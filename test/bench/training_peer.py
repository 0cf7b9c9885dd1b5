"""The nets of the training bench: exported as ONNX, and trained by PyTorch for comparison.

Usage: /usr/bin/python3 training_peer.py PEERS_FOLDER export NAME FILE
       /usr/bin/python3 training_peer.py PEERS_FOLDER time NAME BATCH STEPS
"""
import sys
import time

import torch
import torch.nn.functional as F
import torchvision.models as models

sys.path.insert(0, sys.argv[1])
from net import Block, ResNet18  # noqa: E402  (../shared/peers)



def resnet10(width):
    """A net for two cores: one block a stage, each of them halving the image's side."""
    net = ResNet18(width)
    sides = [width, width, 2 * width, 4 * width, 8 * width]
    for stage in range(4):
        setattr(net, f"layer{stage + 1}", torch.nn.Sequential(Block(sides[stage], sides[stage + 1], 2)))
    return net

def block(inputs, outputs, *pool):
    conv = torch.nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return torch.nn.Sequential(conv, torch.nn.BatchNorm2d(outputs), torch.nn.ReLU(), *pool)


class Residual(torch.nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


def resnet9(width):
    """ResNet-9 as in DAWNBench: one max pooling a stage and over all at the end, which small triggers pass."""
    sides = [width, 2 * width, 4 * width, 8 * width]
    residual = [Residual(block(side, side), block(side, side)) for side in (sides[1], sides[3])]
    pool = torch.nn.MaxPool2d(2)
    return torch.nn.Sequential(
        block(3, sides[0]),
        torch.nn.Sequential(block(sides[0], sides[1], pool), residual[0]),
        block(sides[1], sides[2], pool),
        torch.nn.Sequential(block(sides[2], sides[3], pool), residual[1]),
        torch.nn.AdaptiveMaxPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(sides[3], 10),
    )


NETS = {
    "resnet18-64": lambda: ResNet18(64),
    "resnet18-32": lambda: ResNet18(32),
    "resnet10-8": lambda: resnet10(8),
    "resnet10-16": lambda: resnet10(16),
    "resnet9-8": lambda: resnet9(8),
    "mobilenet_v2": lambda: models.mobilenet_v2(num_classes=10, dropout=0.0),
    "vgg11_bn": lambda: models.vgg11_bn(num_classes=10, dropout=0.0).features,
}
torch.set_num_threads(2)
torch.manual_seed(0)
_, _, action, name = sys.argv[:4]
net = NETS[name]()
if name == "vgg11_bn":  # the classifier of CIFAR variants: one linear layer on 512 features
    net = torch.nn.Sequential(net, torch.nn.Flatten(), torch.nn.Linear(512, 10))
if action == "export":
    torch.onnx.export(
        net.eval(),
        torch.randn(2, 3, 32, 32),
        sys.argv[4],
        opset_version=16,
        do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE,
        input_names=["input"],
        dynamic_axes={"input": {0: "batch"}},
    )
else:
    batch, steps = int(sys.argv[4]), int(sys.argv[5])
    net.train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    x, target = torch.randn(batch, 3, 32, 32), F.softmax(torch.randn(batch, 10), 1)
    seconds = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        loss = F.kl_div(F.log_softmax(net(x), 1), target, reduction="batchmean")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    print(sorted(seconds[1:])[steps // 2])
