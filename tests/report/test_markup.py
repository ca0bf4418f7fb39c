"""HTML that holds whatever words and pictures it is given."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from wassr.report.markup import document, escaped, image, table

NASTY = "</script><script>alert(1)</script>\"'&<!--"


def test_words_stay_words() -> None:
    assert escaped('<a b="c">&') == "&lt;a b=&quot;c&quot;&gt;&amp;"
    assert "<script" not in table([NASTY], [[NASTY]])
    assert table(["a"], [["1"], ["2"]]).count("<tr>") == 3


def test_a_picture_is_kept_to_the_pixel() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    tag = image(levels[:, 1:5], NASTY)
    data = re.search(r"base64,([^\"]+)", tag)
    assert data
    assert "<script" not in tag
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(base64.b64decode(data[1])))), levels[:, 1:5])


def test_the_document_carries_its_data_library_and_licence() -> None:
    made = document("t", "<p>body</p>", {"word": NASTY})
    data = re.search(r'id="told">(.*?)</script>', made)
    assert data
    assert json.loads(data[1]) == {"word": NASTY}
    assert "Copyright (c) 2022 Leon Sorokin" in made
    assert "var uPlot=" in made
    assert "default-src 'none'" in made
    assert not re.search(r"<(?:link|iframe|img[^>]*src=\"http|script[^>]*src)", made)


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        document("t", "", {"value": float("nan")})
