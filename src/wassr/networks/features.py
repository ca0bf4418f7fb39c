"""A frozen VGG trunk whose layers serve as a perceptual loss; the weights come from a file that the recipe names.

K. Simonyan and A. Zisserman, arXiv 1409.1556: 3x3 convolutions with ReLU, 2x2 max pooling between blocks. The file
holds `features.N.weight` and `features.N.bias` under torchvision's numbers, trained on RGB in 0..255 less the mean
below (the original Oxford weights, not torchvision's). Nothing is downloaded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from wassr.ground.errors import ModelError

_MEAN = (123.68, 116.779, 103.939)  # RGB


@dataclass(frozen=True)
class Trunk:
    """blocks: convolutions in each block. widths: their channels. scales: standard deviation of a tap before its ReLU
    on photographs; a mean squared error of features divided by it is of order one.
    """

    blocks: tuple[int, ...]
    widths: tuple[int, ...]
    scales: dict[str, float]

    def numbers(self) -> dict[str, int]:
        """Tap name (conv5_3) to torchvision's number of that convolution."""
        found, n = {}, 0
        for block, convolutions in enumerate(self.blocks, 1):
            for place in range(1, convolutions + 1):
                found[f"conv{block}_{place}"] = n
                n += 2  # convolution, ReLU
            n += 1  # pooling
        return found


class Features(nn.Module):
    """RGB (N, 3, H, W) in [0, 1] to {tap: features (N, C, h, w)}, float32 (no autocast), each divided by its scale.

    taps: conv2_2, conv3_3, conv4_3, conv5_3 of VGG16, or conv2_2 and conv3_4 of VGG19. Before ReLU (as ESRGAN does: a
    denser gradient) unless `after_relu`. No gradient reaches the weights; it passes through to the picture.

    Raises ModelError when the file is missing, damaged or of another network, and for a tap that is not there.
    """

    def __init__(self, path: Path, taps: Sequence[str] = ("conv5_3",), after_relu: bool = False) -> None:
        super().__init__()
        tensors = _read(path)
        trunk = _identify(tensors, path)
        numbers = trunk.numbers()
        for tap in taps:
            if tap not in trunk.scales:
                raise ModelError(f"{path}: no tap '{tap}'; it has {', '.join(trunk.scales)}")
        self.taps = {numbers[tap] + int(after_relu): (tap, trunk.scales[tap]) for tap in taps}
        self.layers = nn.Sequential(*list(_layers(trunk))[: max(self.taps) + 1])
        wanted = self.layers.state_dict()
        self.layers.load_state_dict({key: tensors[f"features.{key}"].float() for key in wanted})
        self.mean: Tensor
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False).eval()

    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        """The taps by name."""
        found: dict[str, Tensor] = {}
        with torch.autocast(picture.device.type, enabled=False):
            x = picture.float() * 255 - self.mean
            for n, layer in enumerate(self.layers):
                x = layer(x)
                if n in self.taps:
                    tap, scale = self.taps[n]
                    found[tap] = x / scale
        return found


def _layers(trunk: Trunk) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 3
    for convolutions, width in zip(trunk.blocks, trunk.widths, strict=True):
        layers += [nn.MaxPool2d(2)] if layers else []
        for _ in range(convolutions):
            # not in place: a tap before ReLU must stay what it was
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
    return nn.Sequential(*layers)


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise ModelError(f"{path}: no such file; name the VGG weights (safetensors), or train without a feature loss")
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: not a whole safetensors file: {error}") from error


def _identify(tensors: dict[str, Tensor], path: Path) -> Trunk:
    """The trunk whose names and shapes the file has exactly."""
    found = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    for trunk in TRUNKS.values():
        wanted = {f"features.{key}": tuple(value.shape) for key, value in _shapes(trunk).items()}
        if found == wanted:
            return trunk
    first = next(iter(found), "none")
    raise ModelError(f"{path}: holds other tensors than {' or '.join(TRUNKS)} has; the first is {first}")


def _shapes(trunk: Trunk) -> dict[str, Tensor]:
    with torch.device("meta"):
        return _layers(trunk).state_dict()


TRUNKS: dict[str, Trunk] = {
    "VGG16": Trunk(
        (2, 2, 3, 3, 3),
        (64, 128, 256, 512, 512),
        {"conv2_2": 609.0, "conv3_3": 825.0, "conv4_3": 299.0, "conv5_3": 51.7},
    ),
    "VGG19 to conv3_4": Trunk((2, 2, 4), (64, 128, 256), {"conv2_2": 395.0, "conv3_4": 973.0}),
}
