"""The CIFAR variant of ResNet-18 (He et al., CVPR 2016): 3×3 stem, no max pooling, four stages of two blocks."""

from torch import Tensor, nn
from torch.nn import functional as F


class BasicBlock(nn.Module):
    """Two 3×3 convolutions with batch norm and a shortcut: N × C × H × W → N × C' × H/stride × W/stride."""

    def __init__(self, channels_in: int, channels_out: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))

    def conv_norm_pairs(self) -> list[tuple[str, str]]:
        pairs = [("conv1", "bn1"), ("conv2", "bn2")]
        return pairs + [("shortcut.0", "shortcut.1")] if len(self.shortcut) else pairs


class ResNet18(nn.Module):
    """N × 3 × 32 × 32 normalised images → N × classes logits. Width 64 is the standard net."""

    def __init__(self, width: int = 64, classes: int = 10):
        super().__init__()
        self.width = width
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = self._stage(width, width, 1)
        self.layer2 = self._stage(width, 2 * width, 2)
        self.layer3 = self._stage(2 * width, 4 * width, 2)
        self.layer4 = self._stage(4 * width, 8 * width, 2)
        self.fc = nn.Linear(8 * width, classes)

    @staticmethod
    def _stage(channels_in: int, channels_out: int, stride: int) -> nn.Sequential:
        return nn.Sequential(
            BasicBlock(channels_in, channels_out, stride), BasicBlock(channels_out, channels_out, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))

    def conv_norm_pairs(self) -> list[tuple[str, str]]:
        """Each convolution with the batch norm that normalises its output, in the order of the forward pass."""
        pairs = [("conv1", "bn1")]
        for stage in ("layer1", "layer2", "layer3", "layer4"):
            for i, block in enumerate(getattr(self, stage)):
                pairs += [(f"{stage}.{i}.{c}", f"{stage}.{i}.{n}") for c, n in block.conv_norm_pairs()]
        return pairs
