"""Tables and pages that hold whatever words they are given."""

import json
import re

import pytest

from wassr.report.markup import document, table

NASTY = "</script><script>alert(1)</script>\"'&<!--"


def test_words_stay_words() -> None:
    assert "<script" not in table([NASTY], [[NASTY]])
    assert table(["a"], [["1"], ["2"]]).count("<tr>") == 3


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
