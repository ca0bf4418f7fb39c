"""HTML by hand: escaping, and pictures as data, so that a page is one file."""

import base64
import html

import numpy as np
from numpy.typing import NDArray

from wassr.pixels.formats import encode_picture, picture_from_array


def escaped(text: str) -> str:
    """For text and for attributes in double quotes."""
    return html.escape(text, quote=True)


def image(levels: NDArray[np.uint8], words: str, attributes: str = "") -> str:
    """(H, W, 3) as an img tag that holds the PNG itself."""
    data = base64.b64encode(encode_picture(picture_from_array(np.ascontiguousarray(levels)), "PNG")).decode()
    return f'<img alt="{escaped(words)}"{attributes} src="data:image/png;base64,{data}">'
