"""What a folder is made of, in words."""

import numpy as np

from wassr.data.decoded import FileFacts
from wassr.data.folders import Pictures, in_memory
from wassr.data.survey import survey, suspicions

CLEAN = FileFacts("PNG", 8, False, 120.0, False)


def pictures(*facts: FileFacts) -> Pictures:
    sizes = tuple((40 + 10 * i, 60) for i in range(len(facts)))
    return Pictures(tuple(f"{i}.png" for i in range(len(facts))), sizes, (None,) * len(facts), facts=facts)


def test_sizes_formats_and_depths() -> None:
    deep, gray = FileFacts("TIFF", 16, False, 120.0, False), FileFacts("PNG", 8, True, 120.0, False)
    assert survey(pictures(CLEAN, deep, gray)) == [
        "sizes: 60 x 40 to 60 x 60, the middle one 60 x 50",
        "formats: 2 PNG, 1 TIFF",
        "depths: 1 8-bit colour, 1 16-bit colour, 1 8-bit gray; all are trained on as 8-bit colour",
    ]


def test_arrays_have_sizes_only() -> None:
    arrays = in_memory([np.zeros((8, 9, 3), dtype=np.uint8)])
    assert survey(arrays) == ["sizes: 9 x 8 to 9 x 8, the middle one 9 x 8"]
    assert suspicions(arrays) == []


def test_nothing_to_suspect() -> None:
    assert suspicions(pictures(CLEAN, CLEAN)) == []


def test_lossy_dark_and_flat_ones_are_counted_and_named() -> None:
    lossy, dark = FileFacts("JPEG", 8, False, 120.0, False), FileFacts("PNG", 8, False, 10.0, False)
    flat = FileFacts("PNG", 8, False, 0.0, True)
    first, second, third = suspicions(pictures(lossy, CLEAN, lossy, lossy, lossy, lossy, flat, dark))
    assert first.startswith("5 of 8 pictures are of a lossy format")
    assert first.endswith(": 0.png, 2.png, 3.png and 2 more")
    assert second == "1 of 8 pictures are one flat colour and teach nothing: 6.png"
    assert third == "1 of 8 pictures are very dark (mean below a tenth of white): 7.png"
