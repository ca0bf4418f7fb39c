"""Critics: they score pictures, higher for what looks real. Never a sigmoid: objectives take the scores themselves.

All take pictures (N, 3, H, W) in [0, 1], of the crop that they were built for where it matters, and give scores (N,).
`low` is there for conditional critics, which judge a pair; these ignore it. Pictures are brought to [-1, 1] inside.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

from wassr.ground.errors import ModelError

Normalisation = Literal["bn", "layer", "none"]


class VGGCritic(nn.Module):
    """The critic of the SRGAN paper (Ledig 2017) without its sigmoid: eight 3x3 convolutions, 64 to 512, dense 1024, 1.

    normalisation: bn as in the paper (not with a per-picture gradient penalty), layer (one group over channels and
    space, what WGAN-GP asks for), or none. 23,563,649 parameters at crop 96 with bn.
    """

    def __init__(self, crop: int = 96, normalisation: Normalisation = "bn", width: int = 64) -> None:
        super().__init__()
        _check_normalisation("vgg", normalisation)
        widths = [width * m for m in (1, 1, 2, 2, 4, 4, 8, 8)]
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1), _leaky()]
        for i, (before, after) in enumerate(pairwise(widths)):
            conv = nn.Conv2d(before, after, 3, 2 - i % 2, 1, bias=normalisation == "none")
            layers += [*_normalised(conv, normalisation), _leaky()]
        self.features = nn.Sequential(*layers)
        self.crop, side = crop, -(-crop // 16)
        self.judge = nn.Sequential(
            nn.Flatten(), nn.Linear(widths[-1] * side**2, 16 * width), _leaky(), nn.Linear(16 * width, 1)
        )

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        """Scores (N,). Raises ModelError for pictures of another size than `crop`."""
        _check_crop(picture, self.crop)
        scores: Tensor = self.judge(self.features(picture * 2 - 1))
        return scores.flatten()


class DCGANCritic(nn.Module):
    """The critic of the code SRGAN_Wasserstein of 2018: a DCGAN stack for crops of 384, with one residual branch.

    4x4 convolutions of stride 2 to 64, 128, 256, 512, 1024, 2048; 1x1 to 1024 and 512; a branch 1x1 128, 3x3 128,
    3x3 512 that is added; dense 1. Bias in the first and the dense layer only, batch normalisation after all others.
    48,153,921 trainable parameters at 384, 12,544 of them batch normalisation's. Initialised as there: kernels
    N(0, 0.02), gains N(1, 0.02).
    """

    def __init__(self, crop: int = 384, normalisation: Normalisation = "bn", width: int = 64) -> None:
        super().__init__()
        _check_normalisation("dcgan", normalisation)
        if crop % 64:
            raise ModelError(f"critic dcgan: crop {crop} must be a multiple of 64 (six convolutions of stride 2)")
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), _leaky()]

        def conv(before: int, after: int, k: int, stride: int = 1) -> list[nn.Module]:
            padding = 0 if k == 1 else 1
            layer = nn.Conv2d(before * width, after * width, k, stride, padding, bias=normalisation == "none")
            return _normalised(layer, normalisation)

        for before, after in pairwise((1, 2, 4, 8, 16, 32)):
            layers += [*conv(before, after, 4, 2), _leaky()]
        self.features = nn.Sequential(*layers, *conv(32, 16, 1), _leaky(), *conv(16, 8, 1))
        self.branch = nn.Sequential(*conv(8, 2, 1), _leaky(), *conv(2, 2, 3), _leaky(), *conv(2, 8, 3))
        self.crop = crop
        self.judge = nn.Sequential(_leaky(), nn.Flatten(), nn.Linear(8 * width * (crop // 64) ** 2, 1))
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
                nn.init.normal_(module.weight, 1.0, 0.02)

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        """Scores (N,). Raises ModelError for pictures of another size than `crop`."""
        _check_crop(picture, self.crop)
        features = self.features(picture * 2 - 1)
        scores: Tensor = self.judge(features + self.branch(features))
        return scores.flatten()


class LeanCritic(nn.Module):
    """A critic for a plain CPU: no convolution at full resolution, no normalisation, no dense layer.

    PixelUnshuffle 2, two 3x3 of `width`, 4x4 of stride 2 to 2·width, 3x3, 4x4 of stride 2, 3x3 to one map whose mean is
    the score. Any size whose sides divide by 2. About 100 training pictures a second on two cores with crops of 64.
    """

    def __init__(self, crop: int | None = None, width: int = 48) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, width, 3, padding=1),
            _leaky(),
            nn.Conv2d(width, width, 3, padding=1),
            _leaky(),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
            _leaky(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1),
            _leaky(),
            nn.Conv2d(2 * width, 2 * width, 4, 2, 1),
            _leaky(),
            nn.Conv2d(2 * width, 1, 3, padding=1),
        )

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        """Scores (N,), averaged over the map of each picture."""
        scores: Tensor = self.layers(picture * 2 - 1)
        return scores.mean(dim=(1, 2, 3))


def _leaky() -> nn.Module:
    return nn.LeakyReLU(0.2)


def _normalised(conv: nn.Conv2d, normalisation: str) -> list[nn.Module]:
    if normalisation == "none":
        return [conv]
    channels = conv.out_channels
    return [conv, nn.BatchNorm2d(channels) if normalisation == "bn" else nn.GroupNorm(1, channels)]


def _check_normalisation(name: str, normalisation: str) -> None:
    if normalisation not in ("bn", "layer", "none"):
        raise ModelError(f"critic {name}: normalisation '{normalisation}' is unknown; it may be bn, layer or none")


def _check_crop(picture: Tensor, crop: int) -> None:
    if picture.shape[2:] != (crop, crop):
        height, width = picture.shape[2:]
        raise ModelError(
            f"the critic was built for crops of {crop}x{crop}, not {height}x{width}: build it for that crop"
        )


CRITICS: dict[str, Callable[..., nn.Module]] = {"vgg": VGGCritic, "dcgan": DCGANCritic, "lean": LeanCritic}
