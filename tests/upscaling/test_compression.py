"""What a picture has gone through: as it is looked for, as the user says, and as it is told."""

from dataclasses import asdict

import pytest

from tests.upscaling.shelf import clean, hidden_jpeg, jpeg
from wassr.ground.errors import UsageError
from wassr.pixels.formats import read_picture
from wassr.pixels.jpeg import standard_table
from wassr.pixels.jpeg_traces import History, Trace, history
from wassr.upscaling.bins import SEVERAL, bins_of
from wassr.upscaling.compression import NEVER, generations, jpeg_wish, look, told


def test_wishes_are_two_words_or_a_quality() -> None:
    assert [jpeg_wish(given) for given in ("auto", "off", "1", "100", 62)] == ["auto", "off", 1, 100, 62]


@pytest.mark.parametrize("given", ["0", "101", "abc", "", "62.5", "-5", " 62", "AUTO", "9" * 5000, 0, True])
def test_other_wishes_are_one_line(given: str | int) -> None:
    with pytest.raises(UsageError, match=r"--jpeg .*: choose auto, off, or the quality .* 1 to 100") as caught:
        jpeg_wish(given)
    assert "\n" not in str(caught.value)


def test_looking_finds_files_and_traces() -> None:
    for data in (jpeg(), hidden_jpeg(), clean()):
        picture = read_picture(data)
        assert look(picture, "auto") == history(picture)
    assert look(read_picture(jpeg()), "auto").quality == 50
    assert look(read_picture(clean()), "auto") == NEVER


def test_off_does_not_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wassr.upscaling.compression.history", lambda picture: pytest.fail("looked"))
    assert look(read_picture(jpeg()), "off") == NEVER


def test_a_stated_quality_is_a_trace_of_libjpegs_table_but_a_files_own_tables_hold() -> None:
    (trace,) = look(read_picture(clean()), 62).traces
    assert (trace.top, trace.left, trace.quality, trace.table) == (0, 0, 62, standard_table(62))
    picture = read_picture(jpeg(quality=50))
    assert look(picture, 62) == look(picture, 50) == history(picture)


def test_a_stated_quality_below_a_files_own_is_an_earlier_generation() -> None:
    picture = read_picture(jpeg(quality=80))
    found = look(picture, 62)
    assert found.file == picture.jpeg
    assert [trace.quality for trace in found.traces] == [62]
    assert found.quality == 62
    assert told(found, 62) == "JPEG of quality 80, 4:2:0; an earlier JPEG of quality 62, as --jpeg says"
    assert {one.width for one in bins_of(picture, found)} == {SEVERAL}  # the file's, by what was before it


def test_what_is_told() -> None:
    file, png = read_picture(jpeg()), read_picture(clean())
    assert told(look(file, "auto"), "auto") == "JPEG of quality 50, 4:2:0"
    assert told(look(file, 62), 62) == "JPEG of quality 50, 4:2:0 (by the file's own tables, not --jpeg 62)"
    assert told(look(file, 50), 50) == "JPEG of quality 50, 4:2:0, as --jpeg says"
    assert told(look(png, 62), 62) == "JPEG of quality 62, as --jpeg says"


def test_generations_are_told_the_latest_first() -> None:
    picture = read_picture(jpeg())
    found = generations(History(picture.jpeg, (Trace(3, 5, 30, None, 99.0),)))
    assert [asdict(one) for one in found] == [
        {"words": "JPEG of quality 50, 4:2:0", "quality": 50, "exact": True, "left": 0, "top": 0},
        {
            "words": "an earlier JPEG of quality about 30, its blocks shifted by 5 and 3 pixels",
            "quality": 30,
            "exact": False,
            "left": 5,
            "top": 3,
        },
    ]
    assert generations(NEVER) == ()
