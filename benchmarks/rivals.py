"""Networks of others that invent detail or clean JPEG: SRGAN, LSDIRCompactC3, waifu2x. Rows of them are in `peers`.

Written anew. Two of them lie in files of ncnn, which name nothing: layers are filled in their order, and a file must
end with the last one. `tests/benchmarks/test_rivals.py` compares with what others measured on the same files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Residual(nn.Module):
    """SRResNet's block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.bn1, self.bn2 = (nn.BatchNorm2d(width) for _ in range(2))
        self.prelu = nn.PReLU()

    def forward(self, x: Tensor) -> Tensor:
        return x + self.bn2(self.conv2(self.prelu(self.bn1(self.conv1(x)))))


class Doubled(nn.Module):
    """A convolution, sub-pixels, PReLU."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv, self.prelu = nn.Conv2d(width, 4 * width, 3, padding=1), nn.PReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.prelu(F.pixel_shuffle(self.conv(x), 2))


class SRGAN(nn.Module):
    """SRGAN's generator with five blocks: leftthomas/SRGAN, after Ledig et al., CVPR 2017, arXiv 1609.04802."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.block1 = nn.Sequential(nn.Conv2d(3, width, 9, padding=4), nn.PReLU())
        self.block2, self.block3, self.block4, self.block5, self.block6 = (Residual(width) for _ in range(5))
        self.block7 = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.PReLU())
        self.block8 = nn.Sequential(Doubled(width), Doubled(width), nn.Conv2d(width, 3, 9, padding=4))

    def forward(self, low: Tensor) -> Tensor:
        first = y = self.block1(low)
        for block in (self.block2, self.block3, self.block4, self.block5, self.block6, self.block7):
            y = block(y)
        return (torch.tanh(self.block8(y + first)) + 1) / 2


class LSDIRCompact(nn.Module):
    """LSDIRCompactC3 of Philip Hofmann: convolutions of 64 channels with PReLU, added to the nearest enlargement."""

    def __init__(self, width: int = 64, depth: int = 16, scale: int = 4) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs in (3, *(width,) * depth):
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.PReLU(width)]
        self.body = nn.Sequential(*layers, nn.Conv2d(width, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))
        self.scale = scale

    def forward(self, low: Tensor) -> Tensor:
        return self.body(low) + F.interpolate(low, scale_factor=self.scale, mode="nearest")


class Waifu2x(nn.Module):
    """upconv_7 of nagadomi/waifu2x, x2: 3x3 convolutions without padding, a transposed convolution of stride 2.

    The input is continued by its mirror image, which is worth 0.03 dB on Set14 over repeated border pixels.
    """

    widths = (3, 16, 32, 64, 128, 128, 256)
    margin = 7  # low-resolution pixels that are lost at each side

    def __init__(self) -> None:
        super().__init__()
        pairs = zip(self.widths, self.widths[1:], strict=False)
        self.convolutions = nn.ModuleList(nn.Conv2d(inputs, outputs, 3) for inputs, outputs in pairs)
        self.last = nn.ConvTranspose2d(self.widths[-1], 3, 4, stride=2, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (self.margin,) * 4, mode="reflect")
        for layer in self.convolutions:
            x = F.leaky_relu(layer(x), 0.1)
        return self.last(x)


class Waifu2xTwice(nn.Module):
    """x4: one level's network, then the same again on its result, rounded to 8 bits between as its program does."""

    def __init__(self) -> None:
        super().__init__()
        self.network = Waifu2x()

    def forward(self, low: Tensor) -> Tensor:
        between = self.network(low).clamp(0, 1).mul(255).round().div(255)
        return self.network(between)


def fill_from_ncnn(network: nn.Module, file: Path) -> None:
    """Weights of all convolutions and PReLUs, in the order of the network's modules.

    A convolution is a flag of 4 bytes, a float16 kernel (outputs, inputs, rows, columns) and a float32 bias; a PReLU is
    its float32 slopes. Raises ValueError when the file is longer or shorter than the network.
    """
    data, at = file.read_bytes(), 0

    def read(kind: type, like: Tensor) -> Tensor:
        nonlocal at
        if at + like.numel() * np.dtype(kind).itemsize > len(data):
            raise ValueError(f"{file.name}: {len(data)} bytes are too few for the network")
        values = np.frombuffer(data, kind, like.numel(), at).astype(np.float32)
        at += values.size * np.dtype(kind).itemsize
        return torch.from_numpy(values).reshape(like.shape)

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            at += 4
            kernel = layer.weight.data
            turned = isinstance(layer, nn.ConvTranspose2d)  # torch has its inputs first
            found = read(np.float16, kernel.transpose(0, 1) if turned else kernel)
            layer.weight.data = (found.transpose(0, 1) if turned else found).contiguous()
            assert layer.bias is not None
            layer.bias.data = read(np.float32, layer.bias.data)
        elif isinstance(layer, nn.PReLU):
            layer.weight.data = read(np.float32, layer.weight.data)
    if at != len(data):
        raise ValueError(f"{file.name}: {len(data)} bytes where {at} belong to the network")


def waifu2x(level: str, folder: Path) -> nn.Module:
    """waifu2x's photo model twice, from the folder of peers' weights, at a level of WAIFU2X_LEVELS: the user's knob.

    Raises OSError when the file is not there.
    """
    network = Waifu2xTwice()
    fill_from_ncnn(network, folder / WAIFU2X_LEVELS[level])
    return network.eval().requires_grad_(False)


WAIFU2X_LEVELS = {
    "none": "waifu2x-photo/scale2.0x_model.bin",
    **{str(level): f"waifu2x-photo/noise{level}_scale2.0x_model.bin" for level in range(4)},
}
