"""What is known of every network without building it: the only list (no torch). `table.py` names the same networks.

Of critics and of the trunks of feature losses it is what a recipe may say of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

Argument = int | float | str | bool
QUALITY_PLANE = "quality_plane"  # the argument of networks that can be told a JPEG's quality


@dataclass(frozen=True)
class Facts:
    """One network.

    channels: what the network takes and gives, rgb (three channels) or y (luma; chroma goes by bicubic).
    base: what its output is added to, unless a recipe says otherwise.
    radius: for default arguments, at every scale, in low-resolution pixels: how far an output pixel looks.
    sees_all: the network looks at the whole picture (pooling, global attention), so that tiled differs from whole.
    gmac: 10^9 multiply-adds per 10^6 output pixels at x4 with default arguments: branches merged and batch
        normalisation folded, every layer evaluated where the paper has it.
    defaults: all arguments of the constructor but `scale`; words: those that an argument in words may be.
    """

    name: str
    title: str
    paper: str
    scales: tuple[int, ...]
    channels: Literal["rgb", "y"]
    base: Literal["none", "nearest", "bicubic"]
    radius: int
    gmac: float
    sees_all: bool = False
    defaults: Mapping[str, Argument] = field(default_factory=lambda: MappingProxyType({}))
    words: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def planes(self) -> int:
        """Channels of pictures, in and out: 3 or 1."""
        return 3 if self.channels == "rgb" else 1

    def entrance(self, arguments: Mapping[str, Argument]) -> int:
        """Planes that the network of these arguments takes: those of pictures, and perhaps one of their quality."""
        return self.planes + bool({**self.defaults, **arguments}.get(QUALITY_PLANE, False))


COMPACT = Facts(
    name="compact",
    title="wassr's own for plain CPUs: dense 3x3 convolutions at low resolution, a residual to bicubic",
    paper="the wassr authors; re-parameterised kernels after X. Zhang et al., Edge-oriented Convolution Block for "
    "Real-time Super Resolution on Mobile Devices, ACM MM 2021",
    scales=(1, 2, 3, 4),
    channels="rgb",
    base="bicubic",
    radius=12,
    gmac=14.3,
    defaults=MappingProxyType(
        {
            "channels": 48,
            "blocks": 5,
            "depth": 2,
            "branches": True,
            "activate_sum": True,
            "slope": 0.0,
            "quality_plane": False,
        }
    ),
)

ESPCN = Facts(
    name="espcn",
    title="sub-pixel network on luma, three convolutions or more",
    paper="W. Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional "
    "Neural Network, CVPR 2016, arXiv 1609.05158",
    scales=(2, 3, 4),
    channels="y",
    base="bicubic",  # the paper has none: with a residual nothing visible is lost in bf16
    radius=4,
    gmac=1.54,
    defaults=MappingProxyType({"activation": "tanh", "branches": False, "depth": 3}),
    words=MappingProxyType({"activation": ("tanh", "relu")}),
)

SRRESNET = Facts(
    name="srresnet",
    title="SRGAN's generator: 16 residual blocks of 64, two sub-pixel stages, 9x9 first and last",
    paper="C. Ledig et al., Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network, "
    "CVPR 2017, arXiv 1609.04802",
    scales=(2, 3, 4),
    channels="rgb",
    base="none",
    radius=40,
    gmac=138.6,
    defaults=MappingProxyType(
        {
            "blocks": 16,
            "width": 64,
            "head": 9,
            "tail": 9,
            "normalisation": "bn",
            "activation": "prelu",
            "icnr": False,
            "tanh": False,
        }
    ),
    words=MappingProxyType({"normalisation": ("bn", "none"), "activation": ("prelu", "relu")}),
)

FACTS: dict[str, Facts] = {row.name: row for row in (COMPACT, ESPCN, SRRESNET)}

Normalisation = Literal["bn", "layer", "none"]  # of critics
CRITIC_NORMALISATIONS: tuple[str, ...] = get_args(Normalisation)
CRITIC_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType({"normalisation": CRITIC_NORMALISATIONS})
_PAPERS: Mapping[str, Argument] = MappingProxyType({"normalisation": "bn", "width": 64, "conditional": False})

# critics: all arguments of the constructor but `crop`, with their defaults
CRITIC_FACTS: dict[str, Mapping[str, Argument]] = {
    "vgg": _PAPERS,
    "dcgan": _PAPERS,
    "lean": MappingProxyType({"width": 48, "conditional": False}),
    "patch": _PAPERS,
    "unet": MappingProxyType({"width": 64, "spectral": True, "conditional": False}),
}

# layers that some trunk of feature losses has; which of them, its file decides
FEATURE_LAYERS = ("conv2_2", "conv3_3", "conv3_4", "conv4_3", "conv4_4", "pool4", "conv5_3", "conv5_4")
