"""SRResNet, the generator of SRGAN: residual blocks on the low-resolution grid, then sub-pixel stages.

C. Ledig et al., CVPR 2017, arXiv 1609.04802: 9x9 first, 16 blocks of 64 (conv, BN, PReLU, conv, BN, sum), 3x3 + BN,
sum with the first features, sub-pixel stages with PReLU, 9x9 last. 1,547,350 parameters with one slope per PReLU and
no bias before BN. The TensorLayer code of 2018 had 3x3 first and 1x1 last (`head=3, tail=1, activation="relu"`); the
change that the article on SRGAN with a Wasserstein critic reports is the 9x9 last convolution: the paper's, and the
default here.
"""

from typing import Literal

from torch import Tensor, nn

from wassr.ground.errors import ModelError
from wassr.networks.blocks import PReLU, as_dcgan_
from wassr.networks.facts import SRRESNET
from wassr.networks.subpixel import icnr_

_STAGES = {1: (), 2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}


class SRResNet(nn.Module):
    """RGB (N, 3, h, w) in [0, 1] to (N, 3, scale·h, scale·w): the picture itself (base none), not limited to [0, 1].

    The paper ends without tanh, and so does this, unless `tanh` asks for what the TensorLayer code and its Wasserstein
    fork have: [-1, 1] inside, tanh at the end; kernels begin as N(0, 0.02), gains as N(1, 0.02).
    """

    def __init__(
        self,
        scale: int = 4,
        *,
        blocks: int = 16,
        width: int = 64,
        head: int = 9,
        tail: int = 9,
        normalisation: Literal["bn", "none"] = "bn",
        activation: Literal["prelu", "relu"] = "prelu",
        icnr: bool = False,
        tanh: bool = False,
    ) -> None:
        super().__init__()
        self.tanh = tanh
        _check(scale, head, tail, normalisation, activation)
        self.head = nn.Sequential(nn.Conv2d(3, width, head, padding=head // 2), _activation(activation))
        self.body = nn.Sequential(
            *(Block(width, normalisation, activation) for _ in range(blocks)),
            nn.Sequential(*_convolution(width, normalisation)),
        )
        layers: list[nn.Module] = []
        for r in _STAGES[scale]:
            conv = nn.Conv2d(width, width * r**2, 3, padding=1)
            if icnr:
                icnr_(conv, r)
            layers += [conv, nn.PixelShuffle(r), _activation(activation)]
        # one flat chain, so that the inference form can move the last convolution before the last shuffle
        self.tail = nn.Sequential(*layers, nn.Conv2d(width, 3, tail, padding=tail // 2))
        if tanh:
            as_dcgan_(self)

    def forward(self, low: Tensor) -> Tensor:
        """Enlarge."""
        first = self.head(low * 2 - 1 if self.tanh else low)
        high: Tensor = self.tail(first + self.body(first))
        return (high.tanh() + 1) / 2 if self.tanh else high


class Block(nn.Module):
    """conv, BN, PReLU, conv, BN, sum."""

    def __init__(self, width: int, normalisation: str, activation: str) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_convolution(width, normalisation), _activation(activation), *_convolution(width, normalisation)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Same shape in and out."""
        result: Tensor = features + self.layers(features)
        return result


def _convolution(width: int, normalisation: str) -> list[nn.Module]:
    if normalisation == "none":
        return [nn.Conv2d(width, width, 3, padding=1)]
    return [nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)]


def _activation(name: str) -> nn.Module:
    return PReLU() if name == "prelu" else nn.ReLU()


def _check(scale: int, head: int, tail: int, normalisation: str, activation: str) -> None:
    for key, value in (("normalisation", normalisation), ("activation", activation)):
        if value not in SRRESNET.words[key]:
            raise ModelError(f"srresnet: {key} '{value}' is unknown; it may be {' or '.join(SRRESNET.words[key])}")
    if scale not in _STAGES:
        raise ModelError(f"srresnet: scale {scale} is not possible; it may be {', '.join(map(str, _STAGES))}")
    if head % 2 == 0 or tail % 2 == 0:
        raise ModelError(f"srresnet: kernels of head and tail must be odd, not {head} and {tail}")
