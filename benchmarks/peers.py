"""Networks of others, measured beside ours: written anew from their papers, loaded from weight files by name and shape.

Names of layers are those in the files, so that loading strictly proves that nothing is missing. Each network is proven
right by its PSNR-Y on Set5 and Set14 (`python benchmarks/peers.py PEERS_DIR --data TEST_DIR`).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rivals import SRGAN, LSDIRCompact, fill_from_ncnn
from torch import Tensor, nn
from torch.nn import functional as F

from wassr.evaluation.metrics import METRICS
from wassr.evaluation.scoring import Enlarge, score_folder

SCALE = 4
TOLERANCE = 0.03  # dB


def conv(inputs: int, outputs: int, kernel: int = 3, bias: bool = True, groups: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias, groups=groups)


class Wrapped(nn.Module):
    """A convolution under one more name, as files of merged re-parameterised kernels have it."""

    def __init__(self, name: str, layer: nn.Conv2d) -> None:
        super().__init__()
        self.add_module(name, layer)

    def forward(self, x: Tensor) -> Tensor:
        (layer,) = self.children()
        return layer(x)


class SpatialAttention(nn.Module):
    """ESA (Liu 2020) as in RLFN: a gate from a strongly reduced map and from full resolution."""

    def __init__(self, width: int, narrow: int, middle: nn.Module) -> None:
        super().__init__()
        self.conv1 = conv(width, narrow, 1)
        self.conv_f = conv(narrow, narrow, 1)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, stride=2)
        self.conv3 = middle
        self.conv4 = conv(narrow, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        few = self.conv1(x)
        reduced = F.max_pool2d(self.conv2(few), 7, 3)
        wide = F.interpolate(self.conv3(reduced), x.shape[-2:], mode="bilinear", align_corners=False)
        return x * torch.sigmoid(self.conv4(wide + self.conv_f(few)))


class LocalBlock(nn.Module):
    """RLFB: three activated 3x3 convolutions, their input added, 1x1, attention."""

    def __init__(
        self, make: Callable[[int, int], nn.Module], middle: nn.Module, width: int, act: nn.Module, bias: bool
    ) -> None:
        super().__init__()
        self.c1_r, self.c2_r, self.c3_r = (make(width, width) for _ in range(3))
        self.c5 = conv(width, width, 1, bias)
        self.esa = SpatialAttention(width, 16, middle)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for layer in (self.c1_r, self.c2_r, self.c3_r):
            y = self.act(layer(y))
        return self.esa(self.c5(y + x))


class Chain(nn.Module):
    """What RLFN and DIPNet share: first convolution, blocks, last convolution, the first features added, sub-pixels."""

    blocks: int

    def forward(self, low: Tensor) -> Tensor:
        first = y = self.conv_1(low)
        for i in range(self.blocks):
            y = self.get_submodule(f"block_{i + 1}")(y)
        return self.upsampler(self.conv_2(y) + first)


class RLFN(Chain):
    """RLFN-S: Kong et al., Residual Local Feature Network, CVPR workshops 2022, arXiv 2205.07514."""

    def __init__(self, width: int = 48, blocks: int = 6) -> None:
        super().__init__()
        self.blocks = blocks
        self.conv_1 = conv(3, width)
        for i in range(blocks):
            block = LocalBlock(conv, conv(16, 16), width, nn.LeakyReLU(0.05), bias=True)
            self.add_module(f"block_{i + 1}", block)
        self.conv_2 = conv(width, width)
        self.upsampler = nn.Sequential(conv(width, 3 * SCALE**2), nn.PixelShuffle(SCALE))

    def forward(self, low: Tensor) -> Tensor:
        return super().forward(low * 255) / 255  # trained on grey levels


class DIPNet(Chain):
    """DIPNet slim v2: Yu et al., CVPR workshops 2023, in the form of team 15 of the 2025 efficient challenge."""

    def __init__(self, width: int = 32, blocks: int = 4) -> None:
        super().__init__()
        self.blocks = blocks

        def merged(inputs: int, outputs: int, bias: bool = False) -> nn.Module:
            return Wrapped("eval_conv", conv(inputs, outputs, bias=bias))

        self.conv_1 = merged(3, width)
        for i in range(blocks):
            block = LocalBlock(merged, merged(16, 16, True), width, nn.SiLU(), bias=False)
            self.add_module(f"block_{i + 1}", block)
        self.conv_2 = conv(width, width, 1, bias=False)
        self.upsampler = nn.Sequential(merged(width, 3 * SCALE**2), nn.PixelShuffle(SCALE))


class GatedBlock(nn.Module):
    """SPANV2's block: three 3x3 convolutions; where sizes agree, (input + result) times a learned 1x1 map of it."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.c1, self.c2, self.c3 = (Wrapped("conv", conv(n, width, bias=False)) for n in (inputs, width, width))
        self.guidance_map_conv = conv(width, width, 1) if inputs == width else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.c3(F.relu(self.c2(F.relu(self.c1(x)))))
        if self.guidance_map_conv is None:
            return F.relu(y)
        return (x + y) * self.guidance_map_conv(y)


class SPANV2(nn.Module):
    """SPANV2, winner of the 2026 efficient challenge (arXiv 2604.03198): five blocks of 32, a depthwise skip."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        out = 3 * SCALE**2
        for i in range(5):
            self.add_module(f"block_{i + 1}", GatedBlock(width if i else 3, width))
        self.conv_near = conv(3, out, bias=False, groups=3)
        self.depthwise_conv = conv(out + width, out + width, bias=False, groups=out + width)
        self.pointwise_conv = conv(out + width, out, 1, bias=False)

    def forward(self, low: Tensor) -> Tensor:
        y = low
        for i in range(5):
            y = self.get_submodule(f"block_{i + 1}")(y)
        both = torch.cat([self.conv_near(low), y], dim=1)
        return F.pixel_shuffle(self.pointwise_conv(self.depthwise_conv(both)), SCALE)


class LocalDetail(nn.Module):
    """SMFANet's LDE: 3x3 depthwise that doubles the channels, 1x1, GELU, 1x1."""

    def __init__(self, width: int) -> None:
        super().__init__()
        wide = 2 * width
        self.conv_0 = nn.Sequential(conv(width, wide, groups=width), conv(wide, wide, 1))
        self.conv_1 = conv(wide, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv_1(F.gelu(self.conv_0(x)))


class SelfModulation(nn.Module):
    """SMFA: a gate from an eighth of the resolution and from the variance, beside local detail."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear_0 = conv(width, 2 * width, 1)
        self.linear_1, self.linear_2 = conv(width, width, 1), conv(width, width, 1)
        self.lde = LocalDetail(width)
        self.dw_conv = conv(width, width, groups=width)
        self.alpha = nn.Parameter(torch.ones(1, width, 1, 1))
        self.belt = nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        near, far = self.linear_0(x).chunk(2, dim=1)
        height, width = x.shape[-2:]
        pooled = self.dw_conv(F.adaptive_max_pool2d(far, (height // 8, width // 8)))
        spread = far.var(dim=(-2, -1), keepdim=True)
        gate = F.gelu(self.linear_1(pooled * self.alpha + spread * self.belt))
        modulated = far * F.interpolate(gate, (height, width), mode="nearest")
        return self.linear_2(modulated + self.lde(near))


class PartialFeedForward(nn.Module):
    """PCFN: 1x1 to twice the width, a 3x3 on a quarter of it, 1x1 back."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.part = width // 2
        self.conv_0 = conv(width, 2 * width, 1)
        self.conv_1 = conv(self.part, self.part)
        self.conv_2 = conv(2 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = F.gelu(self.conv_0(x))
        first, rest = y.split((self.part, y.shape[1] - self.part), dim=1)
        return self.conv_2(torch.cat([F.gelu(self.conv_1(first)), rest], dim=1))


class Modulator(nn.Module):
    """SMFANet's block: both parts on normalised features, each added to its input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.smfa, self.pcfn = SelfModulation(width), PartialFeedForward(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.smfa(F.normalize(x))
        return x + self.pcfn(F.normalize(x))


class SMFANet(nn.Module):
    """SMFANet: Zheng et al., A Lightweight Self-Modulation Feature Aggregation Network, ECCV 2024."""

    def __init__(self, width: int = 36, blocks: int = 8) -> None:
        super().__init__()
        self.to_feat = conv(3, width)
        self.feats = nn.Sequential(*(Modulator(width) for _ in range(blocks)))
        self.to_img = nn.Sequential(conv(width, 3 * SCALE**2), nn.PixelShuffle(SCALE))

    def forward(self, low: Tensor) -> Tensor:
        first = self.to_feat(low)
        return self.to_img(self.feats(first) + first)


@dataclass(frozen=True)
class Peer:
    """Where its weights lie below the folder of peers, and the PSNR-Y (unrounded Y) published on Set5 and Set14.

    Where nothing is published (SRGAN's re-implementation, LSDIRCompactC3), it is what others measured on these files.
    """

    title: str
    network: Callable[[], nn.Module]
    file: str
    licence: str
    set5: float
    set14: float


def load(name: str, folder: Path) -> nn.Module:
    """A peer with its weights, float32, evaluation mode. Raises KeyError for an unknown name."""
    peer = PEERS[name]
    network, file = peer.network(), folder / peer.file
    if file.suffix == ".bin":
        fill_from_ncnn(network, file)
    else:
        saved = torch.load(file, map_location="cpu", weights_only=True)
        network.load_state_dict(saved.get("params_ema", saved.get("params", saved)))
    return network.eval().requires_grad_(False)


def enlarger(network: nn.Module) -> Enlarge:
    """8-bit pixels in, 8-bit pixels out, plain PyTorch."""

    @torch.no_grad()
    def enlarge(low: NDArray[np.uint8]) -> NDArray[np.uint8]:
        tensor = torch.from_numpy(low).permute(2, 0, 1)[None].float() / 255
        made = network(tensor)[0].clamp_(0, 1).mul_(255).round_().to(torch.uint8)
        return made.permute(1, 2, 0).contiguous().numpy()

    return enlarge


def check(names: list[str], folder: Path, data: Path, sets: tuple[str, ...] = ("Set5", "Set14")) -> bool:
    """Compare PSNR-Y with the published values; prints a row each, true when all agree."""
    fine = True
    metrics = {"psnr_y_float": METRICS["psnr_y_float"]}
    for name in names:
        peer = PEERS[name]
        enlarge = enlarger(load(name, folder))
        for data_set in sets:
            wanted = {"Set5": peer.set5, "Set14": peer.set14}[data_set]
            found = score_folder(enlarge, data / data_set, SCALE, metrics).mean("psnr_y_float")
            right = abs(found - wanted) <= TOLERANCE
            fine &= right
            print(f"{peer.title:16} {data_set:6} {found:.3f} dB, published {wanted:.2f}: {'ok' if right else 'WRONG'}")
    return fine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("peers", type=Path, help="folder with the weight files")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds Set5 and Set14")
    parser.add_argument("--only", nargs="+", choices=list(PEERS), default=list(PEERS))
    arguments = parser.parse_args()
    return 0 if check(arguments.only, arguments.peers, arguments.data) else 1


PEERS: dict[str, Peer] = {
    "rlfn-s": Peer("RLFN-S", RLFN, "rlfn/rlfn_s_x4.pth", "Apache-2.0", 32.24, 28.62),
    "spanv2": Peer("SPANV2", SPANV2, "spanv2/team22_spanv2_c2.pth", "MIT", 31.77, 28.38),
    "dipnet": Peer("DIPNet slim v2", DIPNet, "dipnet/team15_DIPNet_slim_v2.pt", "MIT", 32.04, 28.54),
    "smfanet": Peer("SMFANet", SMFANet, "smfanet/SMFANet_DF2K_100w_x4SR.pth", "Apache-2.0", 32.25, 28.71),
    "srgan": Peer("SRGAN", SRGAN, "srgan-pytorch/netG_epoch_4_100.pth", "MIT", 30.65, 27.69),
    "lsdir-compact-c3": Peer(
        "LSDIRCompactC3", LSDIRCompact, "lsdir-compact/4xLSDIRCompactC3.bin", "CC BY 4.0", 29.60, 26.78
    ),
}

if __name__ == "__main__":
    raise SystemExit(main())
