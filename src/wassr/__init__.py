"""wassr enlarges photographs with small neural networks on a plain CPU, and trains such networks.

    from wassr import Upscaler
    large = Upscaler("compact-x4")("photo.jpg")

Everything is imported at first use, so that `import wassr` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wassr.pixels.formats import read_picture, write_picture
    from wassr.pixels.picture import Picture
    from wassr.upscaling.target import Target
    from wassr.upscaling.upscaler import Upscaler

__version__ = "0.1.0"
__all__ = ["Picture", "Target", "Upscaler", "__version__", "read_picture", "write_picture"]

_HOMES = {
    "Picture": "wassr.pixels.picture",
    "Target": "wassr.upscaling.target",
    "Upscaler": "wassr.upscaling.upscaler",
    "read_picture": "wassr.pixels.formats",
    "write_picture": "wassr.pixels.formats",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'wassr' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
