"""compact: wassr's own network for plain CPUs.

Everything happens on the low-resolution grid: 3x3 -> ReLU, `blocks` residual blocks of `depth` 3x3 convolutions with
ReLU between them and after the sum, 3x3 to 3 scale^2 channels, PixelShuffle (Shi 2016). The output is a residual: it is
added to the bicubic enlargement outside the network. Only dense 3x3 convolutions of widths in multiples of 16, because
that is what CPU engines run at their arithmetic ceiling; nothing looks at the whole picture, so tiled equals whole. At
scale 1 it restores: the bicubic enlargement is then the picture itself.

The default (5 blocks of 2, 48 channels: 14 GMAC per output megapixel at x4) takes 0.19 of the time of RLFN-S in plain
PyTorch where a CPU has bfloat16 in vectors, 0.09 where it has it in tiles (AMX). Training time decided for wide and
short: narrow and deep bodies learn less in the same hours (docs/lab-notes.md); `grow` goes from one size to the next.
"""

from torch import Tensor, nn

from wassr.networks.blocks import RepConv, Residual, rectifier


class Compact(nn.Module):
    """(N, 3, h, w) in [0, 1] to the residual (N, 3, scale h, scale w) over a bicubic enlargement.

    quality_plane: a fourth plane behind the colours says how the picture was compressed, quality / 100, everywhere the
    same: a network that is told need not find out from what little it sees (FBCNN 2021 estimates it and tells itself).

    branches: train with re-parameterised kernels (blocks.RepConv) instead of plain ones. activate_sum: a ReLU after
    every residual sum too: without it, half of the convolutions follow another one with nothing between. slope: of all
    activations where their input is negative. At zero (ReLU) channels die under the high rates that this body learns
    fastest with, whole layers in an hour (docs/lab-notes.md); a leaky one costs engines no time.
    """

    def __init__(
        self,
        scale: int = 4,
        channels: int = 48,
        blocks: int = 5,
        depth: int = 2,
        branches: bool = True,
        activate_sum: bool = True,
        slope: float = 0.0,
        quality_plane: bool = False,
    ) -> None:
        super().__init__()

        def conv() -> nn.Module:
            return RepConv(channels, channels) if branches else nn.Conv2d(channels, channels, 3, padding=1)

        def block() -> nn.Module:
            layers: list[nn.Module] = [conv()]
            for _ in range(depth - 1):
                layers += [rectifier(slope), conv()]
            return Residual(nn.Sequential(*layers), activate_sum, slope)

        self.head = nn.Sequential(nn.Conv2d(3 + quality_plane, channels, 3, padding=1), rectifier(slope))
        self.body = nn.Sequential(*(block() for _ in range(blocks)))
        self.tail = nn.Sequential(nn.Conv2d(channels, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))
        last = self.tail[0]
        assert isinstance(last, nn.Conv2d)
        nn.init.normal_(last.weight, std=1e-3)  # begin as the bicubic enlargement
        assert last.bias is not None
        nn.init.zeros_(last.bias)

    def forward(self, low: Tensor) -> Tensor:
        return self.tail(self.body(self.head(low)))
