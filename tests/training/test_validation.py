"""Validation: which pictures count, what is measured, and what the sample grid shows."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from tests.training.conftest import Make, waves
from wassr.data.chain import Chain, find_chain
from wassr.ground.errors import ModelError, TrainingError
from wassr.pixels.resize import shrink
from wassr.training import make, validation
from wassr.training.validation import Pair, bicubic, difference_map, enlarger, sample_grid, validate, validation_pairs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, height, width in (("a", 50, 63), ("b", 700, 40), ("c", 20, 300)):
        Image.fromarray(waves(height, width, 1)).save(tmp_path / f"{name}.png")
    (tmp_path / "d.png").write_bytes(b"no picture")
    return tmp_path


def test_pairs_are_cut_to_multiples_in_the_middle(folder: Path) -> None:
    found = validation_pairs(sorted(folder.iterdir()), 4, 0, 512)
    assert [(p.name, p.high.shape, p.low.shape) for p in found] == [
        ("a.png", (48, 60, 3), (12, 15, 3)),
        ("b.png", (512, 40, 3), (128, 10, 3)),
        ("c.png", (20, 300, 3), (5, 75, 3)),
    ]
    np.testing.assert_array_equal(found[0].high, waves(50, 63, 1)[1:49, 1:61])
    np.testing.assert_array_equal(found[0].low, shrink(found[0].high, 4))


def test_low_sides_are_degraded_by_a_fixed_key(folder: Path) -> None:
    chain = find_chain("blind").steps
    files = sorted(folder.iterdir())
    one, again = (validation_pairs(files, 4, 0, 512, chain) for _ in range(2))
    (alone,) = validation_pairs([folder / "b.png"], 4, 0, 512, chain)
    plain = validation_pairs(files, 4, 0, 512)
    for pair, same, clean in zip(one, again, plain, strict=True):
        np.testing.assert_array_equal(pair.low, same.low)
        np.testing.assert_array_equal(pair.high, clean.high)
        assert pair.low.shape == clean.low.shape
        assert (pair.low != clean.low).any()
    np.testing.assert_array_equal(alone.low, one[1].low)  # whatever else is held out


def test_at_scale_1_there_is_always_something_to_restore(folder: Path) -> None:
    """An untouched picture would be its own answer, and its PSNR would be infinite."""
    chain = Chain.model_validate({"steps": [{"jpeg": {"probability": 0.2}}]}).steps
    files = sorted(folder.iterdir())
    found = validation_pairs(files, 1, 0, 512, chain)
    assert [pair.high.shape[:2] for pair in found] == [(50, 63), (512, 40), (20, 300)]
    for pair in found:
        assert pair.low.shape == pair.high.shape
        assert (pair.low != pair.high).any()
        np.testing.assert_array_equal(pair.undegraded, pair.high)
    touched = [pair for pair in validation_pairs(files, 4, 0, 512, chain) if (pair.low != pair.clean).any()]
    assert len(touched) < 3  # at other scales chance is left alone
    Image.fromarray(np.full((40, 40, 3), 128, np.uint8)).save(folder / "flat.png")  # JPEG keeps it as it is
    assert len(validation_pairs(sorted(folder.iterdir()), 1, 0, 512, chain)) == 3


def test_at_scale_1_what_is_about_enlarging_is_not_measured(folder: Path) -> None:
    pairs = validation_pairs([folder / "a.png"], 1, degradations=Chain.model_validate({"steps": [{"jpeg": {}}]}).steps)
    values = validate(bicubic(1), pairs, 1)
    assert set(values) == {f"valid/{name}" for name in ("psnr_y", "psnr_rgb", "ssim_y", "colour_drift", "lpips")}
    np.testing.assert_array_equal(bicubic(1)(pairs[0].low), pairs[0].low)
    assert values["valid/psnr_y"] < 45


def test_too_small_ones_are_left_out_and_none_left_is_an_error(folder: Path) -> None:
    files = sorted(folder.iterdir())
    assert [p.name for p in validation_pairs(files, 4, 48)] == ["a.png"]
    with pytest.raises(TrainingError, match=r"none of the 4 held-out pictures .* at least 64 x 64 .* data\.valid"):
        validation_pairs(files, 4, 64)


def test_a_perfect_and_a_poor_enlargement(folder: Path) -> None:
    pairs = validation_pairs([folder / "a.png"], 4)
    perfect = validate(lambda low: pairs[0].high, pairs, 4)
    assert perfect["valid/psnr_y"] == np.inf
    assert perfect["valid/ssim_y"] == 1
    values = validate(bicubic(4), pairs, 4)
    metrics = "psnr_y", "psnr_rgb", "ssim_y", "lr_consistency", "colour_drift", "high_band", "checkerboard", "lpips"
    assert set(values) == {f"valid/{name}" for name in metrics}
    assert 15 < values["valid/psnr_y"] < 40
    assert (perfect["valid/high_band"], perfect["valid/lpips"], perfect["valid/colour_drift"]) == (1, 0, 0)
    assert values["valid/high_band"] < 0.3
    assert values["valid/lpips"] > 0.1


def test_without_a_judge_there_is_no_distance(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = validation_pairs([folder / "a.png"], 4)

    def absent(name: str) -> None:
        raise ModelError(f"{name}: no such file")

    validation._judge.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(validation, "judge_metric", absent)
        assert "valid/lpips" not in validate(bicubic(4), pairs, 4)
    validation._judge.cache_clear()  # the judge is back, and later tests find it
    assert "valid/lpips" in validate(bicubic(4), pairs, 4)
    small = validation_pairs([folder / "c.png"], 4)  # 20 pixels high: too small for the judge
    assert "valid/lpips" not in validate(bicubic(4), small, 4)


def test_lr_consistency_is_against_the_clean_reduction(folder: Path) -> None:
    (pair,) = validation_pairs([folder / "a.png"], 4, degradations=find_chain("blind").steps)
    clean = validate(lambda low: pair.high, [pair], 4)
    assert clean["valid/lr_consistency"] == np.inf


def test_a_pair_knows_the_quality_that_wassr_would_find(tmp_path: Path) -> None:
    Image.fromarray(astronaut()).save(tmp_path / "a.png")
    chain = Chain.model_validate({"steps": [{"jpeg": {"quality": [40, 40], "chroma": {"4:2:0": 1}}}]}).steps
    (pair,) = validation_pairs([tmp_path / "a.png"], 2, degradations=chain)
    assert pair.quality == 40
    (clean,) = validation_pairs([tmp_path / "a.png"], 2)
    assert clean.quality == 100


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_middle_divides_by_the_scale(scale: int) -> None:
    picture = waves(300, 101, 0)
    found = validation.middle(picture, scale)
    height, width = 256 // scale * scale, 101 // scale * scale
    assert found.shape == (height, width, 3)
    np.testing.assert_array_equal(found, picture[(300 - height) // 2 :, (101 - width) // 2 :][:height, :width])


def test_the_difference_is_amplified_around_gray() -> None:
    high = np.full((64, 64, 3), 100, np.uint8)
    shown = difference_map([high], [high + 5], size=32)
    assert shown.shape == (32, 96, 3)
    assert (shown[:, :32] == 100).all()
    assert (shown[:, 32:64] == 105).all()
    assert (shown[:, 64:] == 128 + 4 * 5).all()


def test_an_untrained_compact_is_nearly_bicubic(folder: Path, recipe: Make) -> None:
    whole = recipe(content={})
    pairs = validation_pairs([folder / "a.png"], 4)
    generator = make.new_generator(whole).eval()
    made = enlarger(generator, whole)(pairs[0].low)
    assert made.dtype == np.uint8
    assert made.shape == pairs[0].high.shape
    assert np.abs(made.astype(int) - bicubic(4)(pairs[0].low).astype(int)).mean() < 3


def test_the_grid_has_a_row_a_picture_and_a_cell_a_column() -> None:
    highs = [waves(160, 200, 0), waves(48, 60, 1), waves(160, 160, 2), waves(160, 160, 3)]
    pairs = [Pair(str(i), shrink(high, 4), high) for i, high in enumerate(highs)]
    made = [bicubic(4)(pair.low) for pair in pairs]
    grid = sample_grid(pairs[:3], [made[:3], made[:3]], 4, size=64)
    assert grid.shape == (64 + 48 + 64, 4 * 64, 3)
    np.testing.assert_array_equal(grid[:64, 3 * 64 :], highs[0][48:112, 68:132])
    np.testing.assert_array_equal(grid[:64, 64:128], grid[:64, 128:192])
    assert (grid[64 : 64 + 48, 4 * 60 :] == 0).all()
