"""Tables of encoders: libjpeg's are those that the codec writes, others keep their shape and their strength."""

import io
from pathlib import Path

import pytest
from PIL import Image

from wassr.data.chain import Tables
from wassr.data.jpeg_tables import KODAK_DC210, KODAK_DC210_CHROMA, NOKIA_3110C, TABLES, coding
from wassr.pixels.jpeg import nearest_quality

REAL = Path(__file__).parents[3] / "shared" / "data" / "real"


@pytest.mark.parametrize("quality", [1, 5, 10, 30, 49, 50, 75, 90, 95, 98, 100])
def test_libjpegs_are_those_of_the_codec(quality: int) -> None:
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, "JPEG", quality=quality)
    written = Image.open(out).quantization  # type: ignore[attr-defined]
    made = coding("libjpeg", quality, "4:4:4")
    assert [list(made.luma), list(made.chroma)] == [written[0], written[1]]
    assert made.sampling == "4:4:4"


@pytest.mark.parametrize("tables", TABLES)
def test_all_are_baseline_tables_that_grow_finer_with_quality(tables: Tables) -> None:
    found: list[int] = []
    for quality in range(1, 101):
        made = coding(tables, quality, "4:2:0")
        for table in (made.luma, made.chroma):
            assert len(table) == 64
            assert all(isinstance(step, int) and 1 <= step <= 255 for step in table)
        found.append(made.quality)
        assert abs(nearest_quality(made.luma) - made.quality) <= (5 if quality >= 10 else 9)
    assert found == sorted(found)
    assert found[0] <= 43
    assert found[-1] >= 98


@pytest.mark.parametrize("tables", ["libjpeg", "phone", "camera"])
def test_a_table_that_can_be_scaled_has_every_quality(tables: Tables) -> None:
    assert [coding(tables, quality, "4:2:0").quality for quality in range(1, 101)] == list(range(1, 101))


def test_photoshop_brings_its_own_chroma_sampling() -> None:
    assert coding("photoshop", 40, "4:4:4").sampling == "4:2:0"
    assert coding("photoshop", 98, "4:2:0").sampling == "4:4:4"
    assert coding("photoshop", 10, "4:2:0").quality == 43  # its coarsest
    assert max(coding("photoshop", 85, "4:2:0").luma) < max(coding("libjpeg", 85, "4:2:0").luma)


@pytest.mark.skipif(not REAL.exists(), reason="the real pictures are not here (../shared/data)")
def test_tables_stand_in_the_headers_of_real_pictures() -> None:
    def luma_and_chroma(name: str) -> list[tuple[int, ...]]:
        with Image.open(REAL / f"{name}.jpg") as image:
            return [tuple(table) for table in image.quantization.values()]  # type: ignore[attr-defined]

    assert luma_and_chroma("party_kodak_dc210") == [KODAK_DC210, KODAK_DC210_CHROMA]
    assert luma_and_chroma("church_nokia_3110c")[0] == NOKIA_3110C
    drawing = coding("photoshop", 81, "4:4:4")  # saved by Photoshop CS5, as its EXIF says
    assert luma_and_chroma("drawing_lineart") == [drawing.luma, drawing.chroma]
