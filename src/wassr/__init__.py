"""wassr enlarges photographs with small neural networks on a plain CPU, and trains such networks.

    from wassr import Upscaler
    large = Upscaler("compact-x4")("photo.jpg")

Everything is imported at first use, so that `import wassr` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wassr.ground.errors import EngineError, ModelError, PictureError, UsageError, WassrError
    from wassr.pixels.formats import encode_picture, read_picture, write_picture
    from wassr.pixels.picture import Picture
    from wassr.upscaling.target import Target
    from wassr.upscaling.upscaler import Upscaler

__version__ = "0.1.0"
__all__ = [
    "EngineError",
    "ModelError",
    "Picture",
    "PictureError",
    "Target",
    "Upscaler",
    "UsageError",
    "WassrError",
    "__version__",
    "encode_picture",
    "read_picture",
    "write_picture",
]

_HOMES = {
    **dict.fromkeys(("EngineError", "ModelError", "PictureError", "UsageError", "WassrError"), "wassr.ground.errors"),
    "Picture": "wassr.pixels.picture",
    "Target": "wassr.upscaling.target",
    "Upscaler": "wassr.upscaling.upscaler",
    "encode_picture": "wassr.pixels.formats",
    "read_picture": "wassr.pixels.formats",
    "write_picture": "wassr.pixels.formats",
}


if not TYPE_CHECKING:  # for type checkers there is what is imported above, and nothing else

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            return getattr(importlib.import_module(_HOMES[name]), name)
        raise AttributeError(f"module 'wassr' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
