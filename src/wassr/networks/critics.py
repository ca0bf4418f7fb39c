"""Critics: they score pictures, higher for what looks real. Never a sigmoid: objectives take the scores themselves.

All take pictures (N, 3, H, W) in [0, 1], of the crop that they were built for where it matters, and give scores: one a
picture, (N,), or one for every place, (N, places). With `conditional` a critic judges the picture beside its enlarged
`low` (N, 3, h, w), which it needs then: whether this could come from that. Pictures are brought to [-1, 1] inside.
Under autocast the last layer still works in float32: what is judged is a difference of scores.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wassr.ground.errors import ModelError
from wassr.networks.blocks import as_dcgan_
from wassr.networks.facts import CRITIC_NORMALISATIONS, Normalisation


class InFloat32(nn.Module):
    """A layer that works in float32, autocast or not."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            made: Tensor = self.layer(x.float())
        return made


class VGGCritic(nn.Module):
    """The critic of the SRGAN paper (Ledig 2017) without its sigmoid: eight 3x3 convolutions, 64 to 512, dense 1024, 1.

    normalisation: bn as in the paper (not with a per-picture gradient penalty), layer (one group over channels and
    space, what WGAN-GP asks for), or none. 23,563,649 parameters at crop 96 with bn.
    """

    def __init__(
        self, crop: int = 96, normalisation: Normalisation = "bn", width: int = 64, conditional: bool = False
    ) -> None:
        super().__init__()
        _check_normalisation("vgg", normalisation)
        self.conditional = conditional
        widths = [width * m for m in (1, 1, 2, 2, 4, 4, 8, 8)]
        layers: list[nn.Module] = [nn.Conv2d(_planes(conditional), width, 3, padding=1), _leaky()]
        for i, (before, after) in enumerate(pairwise(widths)):
            conv = nn.Conv2d(before, after, 3, 2 - i % 2, 1, bias=normalisation == "none")
            layers += [*_normalised(conv, normalisation), _leaky()]
        self.features = nn.Sequential(*layers)
        self.crop, side = crop, -(-crop // 16)
        self.judge = nn.Sequential(
            nn.Flatten(), nn.Linear(widths[-1] * side**2, 16 * width), _leaky(), InFloat32(nn.Linear(16 * width, 1))
        )

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        """Scores (N,). Raises ModelError for pictures of another size than `crop`."""
        _check_crop(picture, self.crop)
        scores: Tensor = self.judge(self.features(_seen(picture, low, self.conditional)))
        return scores.flatten()


class DCGANCritic(nn.Module):
    """The critic of the code SRGAN_Wasserstein of 2018: a DCGAN stack for crops of 384, with one residual branch.

    4x4 convolutions of stride 2 to 64, 128, 256, 512, 1024, 2048; 1x1 to 1024 and 512; a branch 1x1 128, 3x3 128,
    3x3 512 that is added; dense 1. Bias in the first and the dense layer only, batch normalisation after all others.
    48,153,921 trainable parameters at 384, 12,544 of them batch normalisation's. Initialised as there: kernels
    N(0, 0.02), gains N(1, 0.02).
    """

    def __init__(
        self, crop: int = 384, normalisation: Normalisation = "bn", width: int = 64, conditional: bool = False
    ) -> None:
        super().__init__()
        _check_normalisation("dcgan", normalisation)
        self.conditional = conditional
        if crop % 64:
            raise ModelError(f"critic dcgan: crop {crop} must be a multiple of 64 (six convolutions of stride 2)")
        layers: list[nn.Module] = [nn.Conv2d(_planes(conditional), width, 4, 2, 1), _leaky()]

        def conv(before: int, after: int, k: int, stride: int = 1) -> list[nn.Module]:
            padding = 0 if k == 1 else 1
            layer = nn.Conv2d(before * width, after * width, k, stride, padding, bias=normalisation == "none")
            return _normalised(layer, normalisation)

        for before, after in pairwise((1, 2, 4, 8, 16, 32)):
            layers += [*conv(before, after, 4, 2), _leaky()]
        self.features = nn.Sequential(*layers, *conv(32, 16, 1), _leaky(), *conv(16, 8, 1))
        self.branch = nn.Sequential(*conv(8, 2, 1), _leaky(), *conv(2, 2, 3), _leaky(), *conv(2, 8, 3))
        self.crop = crop
        self.judge = nn.Sequential(_leaky(), nn.Flatten(), InFloat32(nn.Linear(8 * width * (crop // 64) ** 2, 1)))
        as_dcgan_(self)

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        """Scores (N,). Raises ModelError for pictures of another size than `crop`."""
        _check_crop(picture, self.crop)
        features = self.features(_seen(picture, low, self.conditional))
        scores: Tensor = self.judge(features + self.branch(features))
        return scores.flatten()


class LeanCritic(nn.Module):
    """A critic for a plain CPU: no convolution at full resolution, no normalisation, no dense layer.

    PixelUnshuffle 2, two 3x3 of `width`, 4x4 of stride 2 to 2·width, 3x3, 4x4 of stride 2, 3x3 to one map whose mean is
    the score. Any size whose sides divide by 2. About 100 training pictures a second on two cores with crops of 64.
    """

    def __init__(self, crop: int | None = None, width: int = 48, conditional: bool = False) -> None:
        super().__init__()
        _check_sides("lean", crop, least=8, step=2)
        self.conditional = conditional
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * _planes(conditional), width, 3, padding=1),
            _leaky(),
            nn.Conv2d(width, width, 3, padding=1),
            _leaky(),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
            _leaky(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1),
            _leaky(),
            nn.Conv2d(2 * width, 2 * width, 4, 2, 1),
            _leaky(),
            InFloat32(nn.Conv2d(2 * width, 1, 3, padding=1)),
        )

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        """Scores (N,), averaged over the map of each picture."""
        scores: Tensor = self.layers(_seen(picture, low, self.conditional))
        return scores.mean(dim=(1, 2, 3))


class PatchCritic(nn.Module):
    """The patch critic of pix2pix (Isola 2017): a score for every patch of 70x70, none for the picture as a whole.

    4x4 convolutions: stride 2 to 64, 128, 256, stride 1 to 512 and to the scores. 2,764,737 parameters without
    normalisation. Any size from 32 up.
    """

    def __init__(
        self,
        crop: int | None = None,
        normalisation: Normalisation = "bn",
        width: int = 64,
        conditional: bool = False,
    ) -> None:
        super().__init__()
        _check_normalisation("patch", normalisation)
        _check_sides("patch", crop, least=32)
        self.conditional = conditional
        layers: list[nn.Module] = [nn.Conv2d(_planes(conditional), width, 4, 2, 1), _leaky()]
        for before, after, stride in ((1, 2, 2), (2, 4, 2), (4, 8, 1)):
            conv = nn.Conv2d(before * width, after * width, 4, stride, 1, bias=normalisation == "none")
            layers += [*_normalised(conv, normalisation), _leaky()]
        self.layers = nn.Sequential(*layers, InFloat32(nn.Conv2d(8 * width, 1, 4, 1, 1)))

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        """Scores (N, patches)."""
        scores: Tensor = self.layers(_seen(picture, low, self.conditional))
        return scores.flatten(1)


class UNetCritic(nn.Module):
    """The U-Net critic of Real-ESRGAN (Wang 2021): a score for every pixel, from near and from far.

    3x3 to 64, three 4x4 of stride 2 to 128, 256, 512, back by bilinear enlargement and 3x3 with the features of the way
    down added, three 3x3. Spectral norm on all but the first and the last convolution unless `spectral` is off.
    4,376,897 parameters. Sides must divide by 8.
    """

    def __init__(
        self, crop: int | None = None, width: int = 64, spectral: bool = True, conditional: bool = False
    ) -> None:
        super().__init__()
        _check_sides("unet", crop, least=8, step=8)
        self.conditional = conditional

        def conv(before: int, after: int, kernel: int = 3) -> nn.Module:
            stride = 2 if kernel == 4 else 1
            layer = nn.Conv2d(before * width, after * width, kernel, stride, 1, bias=False)
            return nn.utils.parametrizations.spectral_norm(layer) if spectral else layer

        self.head = nn.Conv2d(_planes(conditional), width, 3, padding=1)
        self.down = nn.ModuleList([conv(1, 2, 4), conv(2, 4, 4), conv(4, 8, 4)])
        self.up = nn.ModuleList([conv(8, 4), conv(4, 2), conv(2, 1)])
        last = InFloat32(nn.Conv2d(width, 1, 3, padding=1))
        self.tail = nn.Sequential(conv(1, 1), _leaky(), conv(1, 1), _leaky(), last)
        self.act = _leaky()

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        """Scores (N, H W)."""
        x = self.act(self.head(_seen(picture, low, self.conditional)))
        kept = []
        for layer in self.down:
            kept.append(x)
            x = self.act(layer(x))
        for layer, skip in zip(self.up, reversed(kept), strict=True):
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = self.act(layer(x)) + skip
        scores: Tensor = self.tail(x)
        return scores.flatten(1)


def activations(critic: nn.Module, picture: Tensor, low: Tensor | None = None) -> list[Tensor]:
    """What the critic's inner layers say of pictures, after each activation, first to last."""
    found: list[Tensor] = []
    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output: found.append(output))
        for module in critic.modules()
        if isinstance(module, nn.LeakyReLU)
    ]
    try:
        critic(picture, low)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def per_picture(scores: Tensor) -> Tensor:
    """(N,): the score of each picture, the mean over its places where a critic has many."""
    return scores if scores.ndim == 1 else scores.mean(1)


def _planes(conditional: bool) -> int:
    return 6 if conditional else 3


def _seen(picture: Tensor, low: Tensor | None, conditional: bool) -> Tensor:
    """What the first layer sees, in [-1, 1]. Raises ModelError for a conditional critic without `low`."""
    if not conditional:
        return picture * 2 - 1
    if low is None:
        raise ModelError("a conditional critic judges a picture beside its low resolution: pass low")
    wide = F.interpolate(
        low[:, : picture.shape[1]].to(picture.dtype), picture.shape[-2:], mode="bicubic", align_corners=False
    )
    return torch.cat([picture, wide], dim=1) * 2 - 1


def _leaky() -> nn.Module:
    return nn.LeakyReLU(0.2)


def _normalised(conv: nn.Conv2d, normalisation: str) -> list[nn.Module]:
    if normalisation == "none":
        return [conv]
    channels = conv.out_channels
    return [conv, nn.BatchNorm2d(channels) if normalisation == "bn" else nn.GroupNorm(1, channels)]


def _check_normalisation(name: str, normalisation: str) -> None:
    if normalisation not in CRITIC_NORMALISATIONS:
        raise ModelError(f"critic {name}: normalisation '{normalisation}' is unknown; it may be bn, layer or none")


def _check_sides(name: str, crop: int | None, least: int, step: int = 1) -> None:
    """Critics of any size are given the crop to refuse what would break within their layers."""
    if crop is None or (crop >= least and crop % step == 0):
        return
    multiple = f", a multiple of {step}" if step > 1 else ""
    raise ModelError(f"critic {name}: crop {crop} does not fit its layers; choose one of {least} or more{multiple}")


def _check_crop(picture: Tensor, crop: int) -> None:
    if picture.shape[2:] != (crop, crop):
        height, width = picture.shape[2:]
        raise ModelError(
            f"the critic was built for crops of {crop}x{crop}, not {height}x{width}: build it for that crop"
        )


CRITICS: dict[str, Callable[..., nn.Module]] = {
    "vgg": VGGCritic,
    "dcgan": DCGANCritic,
    "lean": LeanCritic,
    "patch": PatchCritic,
    "unet": UNetCritic,
}
