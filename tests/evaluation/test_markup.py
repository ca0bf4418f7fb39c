"""HTML that holds whatever words and pictures it is given."""

import base64
import io
import re

import numpy as np
from PIL import Image

from wassr.evaluation.markup import escaped, image

NASTY = "</script><script>alert(1)</script>\"'&<!--"


def test_words_stay_words() -> None:
    assert escaped('<a b="c">&') == "&lt;a b=&quot;c&quot;&gt;&amp;"


def test_a_picture_is_kept_to_the_pixel() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    tag = image(levels[:, 1:5], NASTY)
    data = re.search(r"base64,([^\"]+)", tag)
    assert data
    assert "<script" not in tag
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(base64.b64decode(data[1])))), levels[:, 1:5])
