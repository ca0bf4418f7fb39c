"""LPIPS, squeeze variant (Zhang et al., CVPR 2018, version 0.1), from weights given by path; a judge, never a loss.

`python benchmarks/lpips.py WEIGHTS_DIR` checks it against the two values that torchmetrics documents.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from wassr.evaluation.metrics import Metric

BORDER = 4  # pixels left out on each side, at every scale
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TRUNK, HEADS = "squeezenet1_1.safetensors", "lpips_squeeze_v0.1.safetensors"
TAPS = (1, 4, 7, 9, 10, 11, 12)  # modules of `features` whose outputs are compared
FIRES = {
    3: (64, 16),
    4: (128, 16),
    6: (128, 32),
    7: (256, 32),
    9: (256, 48),
    10: (384, 48),
    11: (384, 64),
    12: (512, 64),
}
POOLS = (2, 5, 8)
DOCUMENTED = (0.1024, 0.0938)  # torchmetrics' example: two pairs of random pictures 100x100, seed 42


class Fire(nn.Module):
    """SqueezeNet's module: 1x1 to few channels, then 1x1 and 3x3 to four times as many each."""

    def __init__(self, channels_in: int, few: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels_in, few, 1)
        self.expand1x1 = nn.Conv2d(few, 4 * few, 1)
        self.expand3x3 = nn.Conv2d(few, 4 * few, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        few = F.relu(self.squeeze(x))
        return F.relu(torch.cat([self.expand1x1(few), self.expand3x3(few)], dim=1))


class LPIPS(nn.Module):
    """(N, 3, H, W) twice, in [0, 1], to (N,) distances; 0 for equal pictures, larger is farther."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        modules: list[nn.Module] = [nn.Conv2d(3, 64, 3, stride=2), nn.ReLU()]
        for i in range(2, 13):
            modules.append(nn.MaxPool2d(3, 2, ceil_mode=True) if i in POOLS else Fire(*FIRES[i]))
        self.features = nn.Sequential(*modules)
        saved = {k: v.float() for k, v in load_file(folder / TRUNK).items() if k.startswith("features.")}
        self.load_state_dict(saved)
        heads = {k: v.float().flatten() for k, v in load_file(folder / HEADS).items()}
        self.heads = [next(v for k, v in heads.items() if k.startswith(f"lin{i}")) for i in range(len(TAPS))]
        self.eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        mean, spread = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, SPREAD))
        x = torch.cat([(one - mean) / spread, (other - mean) / spread])
        distance = torch.zeros(len(one))
        for i, module in enumerate(self.features):
            x = module(x)
            if i in TAPS:
                unit = x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)
                a, b = unit.chunk(2)
                weights = self.heads[TAPS.index(i)].view(1, -1, 1, 1)
                distance += ((a - b).square() * weights).sum(1).mean((1, 2))
        return distance


def lpips_metric(folder: Path) -> Metric:
    """A row for the table of metrics; pictures are uint8 (H, W, 3)."""
    network = LPIPS(folder)

    def compute(made: NDArray[np.uint8], high: NDArray[np.uint8], scale: int) -> float:
        return float(network(_tensor(made), _tensor(high)))

    return Metric(compute, "", False, "high", f"LPIPS v0.1 squeeze, RGB; border = {BORDER}; 8 bit")


def example(folder: Path) -> tuple[float, ...]:
    """The distances of torchmetrics' documented example, given there for inputs in [-1, 1]."""
    generator = torch.manual_seed(42)
    one, other = (torch.rand(2, 3, 100, 100, generator=generator) for _ in range(2))
    return tuple(LPIPS(folder)((one * 2 - 1 + 1) / 2, (other * 2 - 1 + 1) / 2).tolist())


def _tensor(levels: NDArray[np.uint8]) -> Tensor:
    inner = np.ascontiguousarray(levels[BORDER:-BORDER, BORDER:-BORDER])
    return torch.from_numpy(inner).permute(2, 0, 1)[None].float() / 255


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("weights", type=Path, help=f"folder with {TRUNK} and {HEADS}")
    found = example(parser.parse_args().weights)
    print(f"found {found[0]:.4f} {found[1]:.4f}, documented {DOCUMENTED[0]} {DOCUMENTED[1]}")
    return 0 if all(abs(a - b) < 6e-5 for a, b in zip(found, DOCUMENTED, strict=True)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
