from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.upscaling.tiny import photo
from wassr.models.card import Base
from wassr.upscaling.plausible import doubt
from wassr.upscaling.upscaler import Upscaler
from wassr.upscaling.windows import window

S = 4


def parts(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """high, base and low of a picture, as planes; what a perfect network adds is high - base."""
    high = np.ascontiguousarray(photo(256, 320, seed=seed).transpose(2, 0, 1))
    # photo's texture is far above what a low picture can hold: blur it as a lens does
    high = window(window(high, (128, 160), (0, 128), (0, 160)), (256, 320), (0, 256), (0, 320))
    low = window(high, (64, 80), (0, 64), (0, 80))
    return high, window(low, (256, 320), (0, 256), (0, 320)), low


def test_a_good_tile_is_believed() -> None:
    high, base, low = parts()
    assert doubt(high - base, "bicubic", low) is None
    assert doubt(high, "none", low) is None


def test_an_inventive_tile_is_believed() -> None:
    high, base, low = parts()
    grain = 0.04 * np.random.default_rng(0).standard_normal(high.shape).astype(np.float32)
    assert doubt(high - base + grain, "bicubic", low) is None
    assert doubt(high + grain, "none", low) is None


@pytest.mark.parametrize("residual", [True, False])
def test_wrong_tiles_are_doubted(residual: bool) -> None:
    high, base, low = parts()
    other, other_base, _ = parts(seed=5)
    shift = np.roll(other - other_base, 37, axis=(1, 2)) if residual else np.roll(other, 37, axis=(1, 2))
    made = high - base if residual else high
    kind: Base = "bicubic" if residual else "none"
    wrong = {
        "nan": np.full_like(made, np.nan),
        "one inf": np.where(np.arange(made.size).reshape(made.shape) == 999, np.inf, made),
        "zeros": np.zeros_like(made),
        "another tile's": shift,
        "channels shuffled": made[[2, 0, 1]],
        "negative": -made,
        "noise": np.random.default_rng(1).random(made.shape, dtype=np.float32),
    }
    for name, tile in wrong.items():
        assert doubt(tile.astype(np.float32), kind, low), name


def test_at_the_same_size_a_residual_is_judged_by_its_mean_and_size() -> None:
    low = parts()[2]
    grain = 0.04 * np.random.default_rng(0).standard_normal(low.shape).astype(np.float32)
    assert doubt(grain, "bicubic", low) is None
    assert doubt(low + grain, "none", low) is None
    for wrong in (np.full_like(low, np.nan), grain + 0.2, 5 * grain):
        assert doubt(wrong.astype(np.float32), "bicubic", low)
    for wrong in (low[[2, 0, 1]], np.zeros_like(low), np.roll(low, 30, axis=2)):
        assert doubt(wrong, "none", low)


def test_taking_the_blocks_of_a_strong_compression_away_is_believed() -> None:
    high, _, clean = parts()
    low = clean.copy()  # the left half of its blocks is left with nothing but their means, as by JPEG of quality 10
    for top in range(0, 64, 8):
        for left in range(0, 40, 8):
            block = low[:, top : top + 8, left : left + 8]
            block[:] = block.mean(axis=(1, 2), keepdims=True)
    low += 0.05 * np.sign(np.sin(np.arange(80) * np.pi / 4 + 0.1)).astype(np.float32)  # and their borders are seen
    added = high - window(low, (256, 320), (0, 256), (0, 320))
    assert doubt(added, "bicubic", low)
    assert doubt(added, "bicubic", low, inputs="compressed") is None
    for wrong in (np.full_like(added, np.nan), added + 0.2, 0.5 * high):
        assert doubt(wrong, "bicubic", low, inputs="compressed")
    assert doubt(np.ascontiguousarray(high[:, ::-1]), "none", low, inputs="compressed")


def test_only_numbers_count_when_not_thorough() -> None:
    high, _, low = parts()
    assert doubt(np.zeros_like(high), "none", low, thorough=False) is None
    assert doubt(np.full_like(high, np.nan), "none", low, thorough=False)


def test_on_photographs() -> None:
    folder = Path(__file__).parents[3] / "shared" / "data" / "test" / "B100"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/test")
    for path in sorted(folder.rglob("*.png"))[:12]:
        high = np.asarray(Image.open(path).convert("RGB"), np.float32)[:320, :320].transpose(2, 0, 1) / 255
        size = high.shape[1], high.shape[2]
        size = size[0] // S * S, size[1] // S * S
        high = np.ascontiguousarray(high[:, : size[0], : size[1]])
        small = size[0] // S, size[1] // S
        low = window(high, small, (0, small[0]), (0, small[1]))
        base = window(low, size, (0, size[0]), (0, size[1]))
        assert doubt(high - base, "bicubic", low) is None, path
        assert doubt(high, "none", low) is None, path
        assert doubt(np.ascontiguousarray(high[:, ::-1]), "none", low), path
        detail = 255 * np.sqrt(np.mean((low - window(base, small, (0, small[0]), (0, small[1]))) ** 2))
        if detail > 1.5:  # in the others there is nothing to tell a place by
            assert doubt(np.ascontiguousarray((high - base)[:, ::-1]), "bicubic", low), path
            assert doubt(np.zeros_like(high), "bicubic", low), path


@pytest.mark.parametrize("size", [1, 3, 9])
def test_flat_and_tiny_tiles_are_not_judged_by_structure(size: int) -> None:
    low = np.full((3, size, size), 0.5, np.float32)
    base = np.full((3, S * size, S * size), 0.5, np.float32)
    assert doubt(np.zeros_like(base), "bicubic", low) is None
    assert doubt(base.copy(), "none", low) is None


def hard(kind: str, side: int = 64) -> np.ndarray:
    """What is no photograph: black and white without any edge that is soft."""
    rows, columns = np.mgrid[:side, :side]
    ramp = 0.2 + 0.6 * columns / side
    return {
        "ordered dither": np.where(ramp > np.array([[0.1, 0.6], [0.85, 0.35]])[rows % 2, columns % 2], 1.0, 0.0),
        "squares": ((rows // 2 + columns // 2) % 2).astype(float),
        "random squares": np.kron(np.random.default_rng(0).integers(0, 2, (side // 2, side // 2)), np.ones((2, 2))),
        "letters": np.where(np.random.default_rng(1).random((side, side)) < 0.25, 0.0, 1.0),
    }[kind]


@pytest.mark.parametrize("model", ["compact-x4", "espcn-x4", "wassr-x4", "wassr-jpeg-x4-faithful", "wassr-jpeg-x4"])
@pytest.mark.parametrize("kind", ["ordered dither", "squares", "random squares", "letters"])
def test_what_is_no_photograph_is_enlarged_too(model: str, kind: str) -> None:
    picture = np.repeat((255 * hard(kind)).astype(np.uint8)[..., None], 3, 2)
    assert Upscaler(model, threads=1)(picture).shape == (256, 256, 3)


def test_wrong_tiles_of_what_is_no_photograph_are_doubted() -> None:
    low = np.repeat(hard("random squares")[None], 3, 0).astype(np.float32)
    base = window(low, (256, 256), (0, 256), (0, 256))
    right = low.repeat(4, 1).repeat(4, 2) - base
    assert doubt(right, "bicubic", low) is None
    for wrong in (-right, np.full_like(base, np.nan), 3 * base, np.ascontiguousarray(right[:, ::-1])):
        assert doubt(wrong, "bicubic", low)
