"""A frozen VGG trunk whose layers serve as a perceptual loss; the weights come from a file that the recipe names.

K. Simonyan and A. Zisserman, arXiv 1409.1556: 3x3 convolutions with ReLU, 2x2 max pooling between blocks. Two trainings
are known, and they do not fit each other's input: the original Oxford weights (safetensors: `features.N.weight` and
`features.N.bias` under torchvision's numbers; RGB in 0..255 less a mean) and torchvision's VGG19 (its own .pth file,
told by its hash; RGB in [0, 1], less mean, over spread). Nothing is downloaded.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from wassr.ground.errors import ModelError

TORCHVISION = "torchvision"  # instead of a path: torchvision's VGG19 in torch's cache
_TORCHVISION_FILE = "vgg19-dcbb9e9d.pth"
_TORCHVISION_HASH = "dcbb9e9d"  # the first digits of its SHA-256, as its name says


@dataclass(frozen=True)
class Trunk:
    """blocks: convolutions in each block. widths: their channels. scales: what a tap is divided by: its standard
    deviation before its ReLU (of pool4: pooled without one) on photographs, so that a mean squared error is of order
    one; for torchvision's VGG19 the 12.75 of the SRGAN paper. mean, spread: of its input, RGB in [0, 1].
    """

    blocks: tuple[int, ...]
    widths: tuple[int, ...]
    scales: dict[str, float]
    mean: tuple[float, float, float] = (123.68 / 255, 116.779 / 255, 103.939 / 255)
    spread: tuple[float, float, float] = (1 / 255, 1 / 255, 1 / 255)

    def numbers(self) -> dict[str, int]:
        """Tap name (conv5_3, pool4) to torchvision's number of that layer."""
        found, n = {}, 0
        for block, convolutions in enumerate(self.blocks, 1):
            for place in range(1, convolutions + 1):
                found[f"conv{block}_{place}"] = n
                n += 2  # convolution, ReLU
            found[f"pool{block}"] = n
            n += 1
        return found


class Features(nn.Module):
    """RGB (N, 3, H, W) in [0, 1] to {tap: features (N, C, h, w)}, float32, each divided by its scale.

    taps: conv2_2, conv3_3, conv4_3, pool4, conv5_3 of VGG16, conv2_2 and conv3_4 of the Oxford VGG19 up to there,
    conv2_2, conv3_4, conv4_4, pool4, conv5_4 of torchvision's. Before ReLU (as ESRGAN does: a denser gradient) unless
    `after_relu`; pool4 is what is pooled after ReLU. No gradient reaches the weights; it passes through to the picture.
    path: a file, or TORCHVISION for the one in torch's cache. in_bfloat16: all layers but the first, whose input is a
    picture of more than eight bits; the gradient keeps its direction (cosine above 0.99 on photographs, tested). An
    autocast around it changes nothing.

    Raises ModelError when the file is missing, damaged or of another network, and for a tap that is not there.
    """

    def __init__(
        self,
        path: Path | str,
        taps: Sequence[str] = ("conv5_3",),
        after_relu: bool = False,
        in_bfloat16: bool = False,
    ) -> None:
        super().__init__()
        self.in_bfloat16 = in_bfloat16
        path = cached() if str(path) == TORCHVISION else Path(path)
        tensors, trunk = _read(path)
        numbers = trunk.numbers()
        for tap in taps:
            if tap not in trunk.scales:
                raise ModelError(f"{path}: no tap '{tap}'; it has {', '.join(trunk.scales)}")
        later = int(after_relu)
        self.taps = {numbers[t] + (0 if t.startswith("pool") else later): (t, trunk.scales[t]) for t in taps}
        self.layers = nn.Sequential(*list(_layers(trunk))[: max(self.taps) + 1])
        wanted = self.layers.state_dict()
        self.layers.load_state_dict({key: tensors[f"features.{key}"].float() for key in wanted})
        self.mean: Tensor
        self.spread: Tensor
        for name in ("mean", "spread"):
            self.register_buffer(name, torch.tensor(getattr(trunk, name)).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False).eval()

    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        """The taps by name."""
        found: dict[str, Tensor] = {}
        kind = picture.device.type
        with torch.autocast(kind, enabled=False):
            x = self.layers[0]((picture.float() - self.mean) / self.spread)
        with torch.autocast(kind, torch.bfloat16, enabled=self.in_bfloat16):
            for n, layer in enumerate(self.layers):
                x = layer(x) if n else x
                if n in self.taps:
                    tap, scale = self.taps[n]
                    found[tap] = x.float() / scale
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


def cached() -> Path:
    """Where torch keeps torchvision's VGG19."""
    home = os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "torch"
    return Path(home) / "hub" / "checkpoints" / _TORCHVISION_FILE


def _read(path: Path) -> tuple[dict[str, Tensor], Trunk]:
    """Tensors and the trunk that they are of."""
    if not path.is_file():
        raise ModelError(
            f"{path}: no such file; name the VGG weights (safetensors, or torchvision's {_TORCHVISION_FILE}), or train "
            "without a feature loss"
        )
    if path.suffix == ".pth":
        return _read_torchvision(path), _TORCHVISION_TRUNK
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: not a whole safetensors file: {error}") from error
    return tensors, _identify(tensors, path)


def _read_torchvision(path: Path) -> dict[str, Tensor]:
    """The convolutions of torchvision's VGG19, after its hash was checked.

    Another training of the same shape would give wrong features without a word.
    """
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if not found.startswith(_TORCHVISION_HASH):
        raise ModelError(
            f"{path}: SHA-256 begins with {found[:8]}, torchvision's VGG19 with {_TORCHVISION_HASH}: download it again"
        )
    tensors: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return {key: value for key, value in tensors.items() if key.startswith("features.")}


def _identify(tensors: dict[str, Tensor], path: Path) -> Trunk:
    """The Oxford trunk whose names and shapes the file has exactly."""
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


# told by its file, since its shapes begin as those below
_TORCHVISION_TRUNK = Trunk(
    (2, 2, 4, 4, 4),
    (64, 128, 256, 512, 512),
    dict.fromkeys(("conv2_2", "conv3_4", "conv4_4", "pool4", "conv5_4"), 12.75),
    mean=(0.485, 0.456, 0.406),
    spread=(0.229, 0.224, 0.225),
)
TRUNKS: dict[str, Trunk] = {  # of Oxford, told by their shapes
    "VGG16": Trunk(
        (2, 2, 3, 3, 3),
        (64, 128, 256, 512, 512),
        {"conv2_2": 609.0, "conv3_3": 825.0, "conv4_3": 299.0, "pool4": 269.0, "conv5_3": 51.7},
    ),
    "VGG19 to conv3_4": Trunk((2, 2, 4), (64, 128, 256), {"conv2_2": 395.0, "conv3_4": 973.0}),
}
