"""The same kind out as in: a path gives a Picture; a Picture, PIL image, array or tensor gives its like.

Arrays are (H, W) or (H, W, C), tensors (C, H, W) or (1, C, H, W); uint8, uint16 or floats in [0, 1]; C is 1, 2 (gray
and alpha), 3 or 4. Tensors are known by what they can do, so that torch is never imported here.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from wassr.ground.errors import UsageError
from wassr.pixels.formats import picture_from_array, picture_from_pil, read_picture, to_array, to_pil
from wassr.pixels.picture import Picture

Enlarge = Callable[[Picture, str], Picture]


def enlarged_like(given: Any, enlarge: Enlarge) -> Any:
    """Enlarge anything that is a picture. Raises UsageError for a type that is none."""
    if isinstance(given, str | os.PathLike):
        return enlarge(read_picture(Path(given)), str(given))
    if isinstance(given, Picture):
        return enlarge(given, "picture")
    if isinstance(given, np.ndarray):
        return _array(given, enlarge)
    if hasattr(given, "getbands") and hasattr(given, "mode"):
        return to_pil(enlarge(picture_from_pil(given), "image"))
    if hasattr(given, "detach") and hasattr(given, "new_tensor"):
        return _tensor(given, enlarge)
    raise UsageError(f"{type(given).__name__} is no type of picture; give a path, Picture, PIL image, array or tensor")


def _array(given: Any, enlarge: Enlarge) -> Any:
    made = to_array(enlarge(picture_from_array(given), "array"), given.dtype)
    return made[..., None] if made.ndim < given.ndim else made


def _tensor(given: Any, enlarge: Enlarge) -> Any:
    narrow = str(given.dtype) == "torch.bfloat16"  # which NumPy does not have
    array = (given.detach().float() if narrow else given.detach()).cpu().numpy()
    if array.ndim not in (3, 4) or (array.ndim == 4 and len(array) != 1):
        raise UsageError(f"a tensor of shape {tuple(array.shape)} is no picture; give (C, H, W) or (1, C, H, W)")
    planes = array[0] if array.ndim == 4 else array
    made = _array(np.ascontiguousarray(planes.transpose(1, 2, 0)), enlarge).transpose(2, 0, 1)
    return given.new_tensor(made[None] if array.ndim == 4 else np.ascontiguousarray(made))
