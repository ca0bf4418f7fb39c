"""The training step of BasicSR for its MSRResNet, written anew to be timed beside ours.

Network and step as its options state them (docs/ModelZoo.md, options/train/SRResNet_SRGAN/train_MSRResNet_x4.yml): 16
residual blocks of 64 channels without batch normalisation, 3x3 kernels throughout, two sub-pixel steps, one more
convolution at full size, a bilinear skip; L1, Adam (0.9, 0.99), an average of the weights; plain float32, NCHW.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from peers import conv
from torch import Tensor, nn
from torch.nn import functional as F

from wassr.data.stream import Batch

SLOPE = 0.1
AVERAGE = 0.999
RATE = 2e-4


class Block(nn.Module):
    """Two convolutions and their input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = conv(width, width), conv(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(x)))


class MSRResNet(nn.Module):
    """x4, RGB."""

    def __init__(self, width: int = 64, blocks: int = 16) -> None:
        super().__init__()
        self.head = conv(3, width)
        self.body = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.steps = nn.ModuleList(conv(width, 4 * width) for _ in range(2))
        self.full, self.last = conv(width, width), conv(width, 3)

    def forward(self, low: Tensor) -> Tensor:
        x = self.body(F.leaky_relu(self.head(low), SLOPE))
        for step in self.steps:
            x = F.leaky_relu(F.pixel_shuffle(step(x), 2), SLOPE)
        base = F.interpolate(low, scale_factor=4, mode="bilinear", align_corners=False)
        return self.last(F.leaky_relu(self.full(x), SLOPE)) + base


def content_step(crops: Callable[[int], Batch]) -> Callable[[], object]:
    """One step of it on the crops of a number, ready to run again and again."""
    network = MSRResNet()
    average = copy.deepcopy(network)
    adam = torch.optim.Adam(network.parameters(), RATE, betas=(0.9, 0.99))

    def step() -> None:
        batch = crops(0)
        adam.zero_grad()
        F.l1_loss(network(batch.low), batch.high).backward()
        adam.step()
        with torch.no_grad():
            for kept, new in zip(average.parameters(), network.parameters(), strict=True):
                kept.mul_(AVERAGE).add_(new, alpha=1 - AVERAGE)

    return step
