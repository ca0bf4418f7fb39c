"""ESPCN: three convolutions on the low-resolution luma and one PixelShuffle.

W. Shi et al., CVPR 2016, arXiv 1609.05158: 5x5x64, tanh, 3x3x32, tanh, 3x3 to scale² channels, sub-pixel shuffle.
24,752 parameters at x4. Every layer of `depth` above three adds 9,248.
"""

from typing import Literal

from torch import Tensor, nn

from wassr.ground.errors import ModelError
from wassr.networks.blocks import RepConv

_ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU}


class ESPCN(nn.Module):
    """Luma (N, 1, h, w) in [0, 1] to (N, 1, scale·h, scale·w).

    In the paper the output is the picture (base none). Here the default base is bicubic (`facts.py`): the network gives
    a residual, which loses nothing visible in bf16 and starts near a sensible picture. tanh as in the paper, or relu.
    branches: train with re-parameterised kernels (blocks.RepConv); in use the network is the same. depth: convolutions;
    the paper has 3, further ones are 3x3 of 32 channels before the last.
    """

    def __init__(
        self,
        scale: int = 4,
        activation: Literal["tanh", "relu"] = "tanh",
        branches: bool = False,
        depth: int = 3,
    ) -> None:
        super().__init__()
        if activation not in _ACTIVATIONS:
            raise ModelError(f"espcn: activation '{activation}' is unknown; it may be {' or '.join(_ACTIVATIONS)}")
        if depth < 3:
            raise ModelError(f"espcn: depth {depth} is too small; it may be 3 or more")
        act = _ACTIVATIONS[activation]

        def conv(inputs: int, outputs: int, kernel: int) -> nn.Module:
            if branches:
                return RepConv(inputs, outputs, kernel=kernel)
            return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)

        self.layers = nn.Sequential(
            conv(1, 64, 5),
            act(),
            conv(64, 32, 3),
            act(),
            *(layer for _ in range(depth - 3) for layer in (conv(32, 32, 3), act())),
            conv(32, scale**2, 3),
            nn.PixelShuffle(scale),
        )

    def forward(self, low: Tensor) -> Tensor:
        """Enlarge."""
        high: Tensor = self.layers(low)
        return high
