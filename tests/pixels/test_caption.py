import numpy as np

from wassr.pixels.caption import LINE, caption


def test_words_are_black_on_white_and_cut() -> None:
    line = caption("strength 0.5", 200)
    assert line.shape == (LINE, 200)
    assert line.dtype == np.float32
    assert (line.min() < 0.5, line.max()) == (True, 1)
    assert line[:, 150:].min() == 1
    assert np.array_equal(caption("strength 0.5", 30), line[:, :30])
    assert caption("", 9).min() == 1


def test_letters_beyond_latin_do_not_matter() -> None:
    assert caption("ｂ日", 40).min() < 0.5
