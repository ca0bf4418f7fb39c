"""A line of text as pixels, for sheets that say what stands below."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

LINE = 12  # pixels


def caption(words: str, width: int) -> NDArray[np.float32]:
    """Black on white, cut at `width`: (LINE, width) in [0, 1]."""
    image = Image.new("L", (width, LINE), "white")
    # the built-in font of some builds of Pillow knows Latin-1 only
    ImageDraw.Draw(image).text((1, 0), words.encode("latin-1", "replace").decode("latin-1"), fill="black")
    return np.asarray(image, dtype=np.float32) / np.float32(255)
