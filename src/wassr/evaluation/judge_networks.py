"""The judges in torch, from weights given by path: needed only to make their ONNX files.

All are one distance on different trunks: unit-normalise each tap over channels, square the difference, weight and sum
over channels, average over space, add the taps. R. Zhang et al., The unreasonable effectiveness of deep features as a
perceptual metric, CVPR 2018 (LPIPS, version 0.1; its heads are the weights of channels). Trunks: F. Iandola et al.,
arXiv 1602.07360 (SqueezeNet 1.1); A. Krizhevsky, arXiv 1404.5997 (AlexNet); K. Simonyan and A. Zisserman, arXiv
1409.1556 (VGG16, in torchvision's training: the original Oxford weights do not fit the heads); M. Tan and Q. Le, arXiv
1905.11946 (EfficientNet, in Google's Lite0 form; not calibrated, all channels weigh the same).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from wassr.ground.errors import ModelError

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean, spread; the same as LPIPS' shift and scale on -1..1
SUFFIXES = (".safetensors", ".pth")


@dataclass(frozen=True)
class Parts:
    """What a judge is made of. trunk, heads: names that their files may have, as patterns without suffix.

    taps: layers of the trunk whose outputs are compared, and their channels. heads: none where all channels weigh the
    same. scaling: mean and spread of the trunk's input in [0, 1].
    """

    build: Callable[[], nn.Sequential]
    taps: tuple[int, ...]
    channels: tuple[int, ...]
    trunk: tuple[str, ...]
    heads: tuple[str, ...] = ()
    scaling: tuple[tuple[float, ...], tuple[float, ...]] = IMAGENET


class PerceptualDistance(nn.Module):
    """(1, 3, H, W) twice, in [0, 1], to (1,) distances; 0 for equal pictures, larger is farther. Any batch works too.

    heads: for each tap one weight per channel (C,).
    """

    def __init__(self, parts: Parts, trunk: nn.Sequential, heads: Sequence[Tensor]) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*list(trunk)[: max(parts.taps) + 1])
        self.taps = parts.taps
        for i, head in enumerate(heads):
            self.register_buffer(f"head{i}", head.float().view(1, -1, 1, 1))
        mean, spread = (torch.tensor(values).view(1, 3, 1, 1) for values in parts.scaling)
        self.mean: Tensor
        self.spread: Tensor
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        self.eval().requires_grad_(False)

    def forward(self, made: Tensor, high: Tensor) -> Tensor:
        """The distance of each pair."""
        x = (torch.cat([made, high]) - self.mean) / self.spread
        found: list[Tensor] = []
        for i, layer in enumerate(self.trunk):
            x = layer(x)
            if i in self.taps:
                unit = x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)
                a, b = unit.split(len(made))
                head = self.get_buffer(f"head{len(found)}")
                found.append(((a - b).square() * head).sum(1).mean((1, 2)))
        return torch.stack(found).sum(0)


def load_distance(name: str, folder: Path) -> PerceptualDistance:
    """A judge by name from the weights in `folder`. Raises ModelError when a file is missing or does not fit."""
    parts = PARTS[name]
    file = _file(name, folder, parts.trunk)
    trunk = parts.build()
    saved = _read(file)
    try:
        saved = {_place(key): value for key, value in _folded(saved).items()}
        trunk.load_state_dict({key: saved[key].float() for key in trunk.state_dict()})
    except (KeyError, RuntimeError) as error:
        raise ModelError(f"{file}: not the trunk of {name}: {' '.join(str(error).split())[:200]}") from error
    return PerceptualDistance(parts, trunk, _heads(name, folder, parts))


class Fire(nn.Module):
    """SqueezeNet's module: 1x1 to few channels, then 1x1 and 3x3 to `wide` channels each, side by side."""

    def __init__(self, channels: int, few: int, wide: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, few, 1)
        self.expand1x1 = nn.Conv2d(few, wide, 1)
        self.expand3x3 = nn.Conv2d(few, wide, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, h, w) to (N, 2 wide, h, w)."""
        few = F.relu(self.squeeze(x))
        return F.relu(torch.cat([self.expand1x1(few), self.expand3x3(few)], dim=1))


class CeilingPool(nn.Module):
    """3x3 max pooling of stride 2 that rounds sizes up; zeros beyond the edge change nothing after a ReLU."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) to (N, C, h // 2, w // 2)."""
        return F.max_pool2d(F.pad(x, (0, 1, 0, 1)), 3, 2)


class SameConv(nn.Conv2d):
    """TensorFlow's "same" padding: the odd zero goes to the bottom and right, so that it depends on the size."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) to sizes divided by the stride, rounded up."""
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        height, width = (kernel - stride + -size % stride for size in x.shape[2:])
        x = F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))
        return super().forward(x)


class Inverted(nn.Module):
    """MobileNetV2's block: widen by 1x1, one filter per channel, narrow by 1x1; adds its input where shapes agree."""

    def __init__(self, channels: int, expansion: int, width: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = channels * expansion
        self.expand = nn.Conv2d(channels, wide, 1) if expansion > 1 else None
        self.dw = SameConv(wide, wide, kernel, stride, groups=wide)
        self.project = nn.Conv2d(wide, width, 1)
        self.adds = stride == 1 and channels == width

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, h, w) to (N, width, ceil(h / stride), ceil(w / stride))."""
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.dw(y)))
        return x + y if self.adds else y


def squeezenet() -> nn.Sequential:
    """torchvision's `squeezenet1_1().features`."""
    fires = [(64, 16, 64), (128, 16, 64), (128, 32, 128), (256, 32, 128)]
    fires += [(256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256)]
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 3, stride=2), nn.ReLU()]
    for i, fire in enumerate(fires):
        layers += [CeilingPool()] if i in (0, 2, 4) else []
        layers.append(Fire(*fire))
    return nn.Sequential(*layers)


def alexnet() -> nn.Sequential:
    """torchvision's `alexnet().features`, without its last pooling."""
    return nn.Sequential(
        *(nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU()),
    )


def vgg16() -> nn.Sequential:
    """torchvision's `vgg16().features`, without its last pooling."""
    layers: list[nn.Module] = []
    channels = 3
    for count, width in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        layers += [nn.MaxPool2d(2)] if layers else []
        for _ in range(count):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
    return nn.Sequential(*layers)


def efficientnet_lite0() -> nn.Sequential:
    """Stem, its ReLU6, and the 16 blocks; batch norm is folded into the convolutions."""
    rows = [(1, 1, 16, 3, 1), (2, 6, 24, 3, 2), (2, 6, 40, 5, 2), (3, 6, 80, 3, 2)]
    rows += [(3, 6, 112, 5, 1), (4, 6, 192, 5, 2), (1, 6, 320, 3, 1)]
    layers: list[nn.Module] = [SameConv(3, 32, 3, 2), nn.ReLU6()]
    channels = 32
    for count, expansion, width, kernel, stride in rows:
        for i in range(count):
            layers.append(Inverted(channels, expansion, width, kernel, 1 if i else stride))
            channels = width
    return nn.Sequential(*layers)


def _place(key: str) -> str:
    """A tensor's name in the built trunk: `features.3.bias` is `3.bias`, block 0 of EfficientNet stands at place 2."""
    first, _, rest = key.partition(".")
    if first == "blocks":
        number, _, rest = rest.partition(".")
        return f"{int(number) + 2}.{rest}"
    return {"features": rest, "stem": f"0.{rest}"}.get(first, key)


def _folded(saved: dict[str, Tensor]) -> dict[str, Tensor]:
    """EfficientNet-Lite0 as published in torch, each batch norm folded into its convolution; others as they are."""
    if "_conv_stem.weight" not in saved:
        return saved
    found = {}
    for key, kernel in saved.items():
        *place, layer, _ = key.split(".")
        if layer not in _FOLDS:
            continue
        norm, name = (".".join([*place, part]) for part in _FOLDS[layer])
        gain = saved[f"{norm}.weight"] / (saved[f"{norm}.running_var"] + 1e-3).sqrt()
        target = name.removeprefix("_")  # _blocks.3.dw, stem
        found[f"{target}.weight"] = kernel * gain.view(-1, 1, 1, 1)
        found[f"{target}.bias"] = saved[f"{norm}.bias"] - saved[f"{norm}.running_mean"] * gain
    return found


def _heads(name: str, folder: Path, parts: Parts) -> list[Tensor]:
    if not parts.heads:
        return [torch.full((count,), 1 / len(parts.taps)) for count in parts.channels]
    file = _file(name, folder, parts.heads)
    saved = {key.partition(".")[0]: value.flatten() for key, value in _read(file).items()}  # or lin0.model.1.weight
    found = [saved.get(f"lin{i}", torch.empty(0)) for i in range(len(parts.taps))]
    if tuple(map(len, found)) != parts.channels:
        raise ModelError(f"{file}: not the heads of {name}: lin0, lin1, ... must have {parts.channels} weights")
    return found


def _file(name: str, folder: Path, patterns: Sequence[str]) -> Path:
    for pattern in patterns:
        for path in sorted(folder.glob(f"{pattern}.*")):
            if path.suffix in SUFFIXES:
                return path
    wanted = " or ".join(patterns)
    raise ModelError(f"{name}: no {wanted} ({' or '.join(SUFFIXES)}) in {folder}; docs/judges.md says where it is from")


def _read(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError, RuntimeError, UnpicklingError, EOFError) as error:
        raise ModelError(f"{path}: not a whole file of plain weights: {str(error).splitlines()[0]}") from error


_FOLDS = {  # convolution: its batch norm, its name once folded
    "_conv_stem": ("_bn0", "stem"),
    "_expand_conv": ("_bn0", "expand"),
    "_depthwise_conv": ("_bn1", "dw"),
    "_project_conv": ("_bn2", "project"),
}

PARTS: dict[str, Parts] = {
    "lpips": Parts(
        squeezenet,
        (1, 4, 7, 9, 10, 11, 12),
        (64, 128, 256, 384, 384, 512, 512),
        ("squeezenet1_1*",),
        ("lpips_squeeze*", "squeeze"),
    ),
    "lpips_alex": Parts(alexnet, (1, 4, 7, 9, 11), (64, 192, 384, 256, 256), ("alexnet*",), ("lpips_alex*", "alex")),
    "lpips_vgg": Parts(vgg16, (3, 8, 15, 22, 29), (64, 128, 256, 512, 512), ("vgg16-*",), ("lpips_vgg*", "vgg")),
    "efficientnet": Parts(
        efficientnet_lite0,
        (2, 4, 6, 9, 12, 16, 17),
        (16, 24, 40, 80, 112, 192, 320),
        ("efficientnet_lite0*", "efficientnet-lite0*"),
        scaling=((127 / 255,) * 3, (128 / 255,) * 3),
    ),
}
