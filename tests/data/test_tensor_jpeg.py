"""The tensor JPEG against the codec itself: mean difference, picture by picture, at every quality and sampling."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from skimage.data import astronaut, chelsea

from wassr.data.codecs import Save, save_jpeg
from wassr.data.jpeg_tables import TABLES, Coding, coding
from wassr.data.tensor_jpeg import save_in_turn, save_jpegs

SAMPLINGS: Any = ("4:4:4", "4:2:2", "4:2:0")


def crops(height: int = 64, width: int = 72) -> NDArray[np.uint8]:
    """Six crops of two photographs, (N, H, W, 3)."""
    places = [(40, 180), (100, 200), (150, 60)]
    photos = (astronaut(), chelsea())
    return np.stack([p[y : y + height, x : x + width] for p in photos for y, x in places])


def by_tensor(levels: NDArray[Any], codings: list[Coding], origins: list[tuple[int, int]]) -> NDArray[np.float32]:
    tensor = torch.from_numpy(levels.transpose(0, 3, 1, 2).astype(np.float32))
    return save_jpegs(tensor, codings, origins).permute(0, 2, 3, 1).numpy()


def differences(levels: NDArray[np.uint8], codings: list[Coding], origins: list[tuple[int, int]]) -> list[float]:
    """Mean absolute difference of each picture, grey levels."""
    made = by_tensor(levels, codings, origins)
    assert (made == made.round()).all()
    wanted = [save_jpeg(*one) for one in zip(levels, codings, origins, strict=True)]
    return [float(np.abs(a - b).mean()) for a, b in zip(made, wanted, strict=True)]


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("quality", [5, 10, 30, 50, 70, 90, 95, 98])
def test_as_the_codec_does_it(quality: int, sampling: Any) -> None:
    levels = crops()
    found = differences(levels, [coding("libjpeg", quality, sampling)] * len(levels), [(0, 0)] * len(levels))
    assert max(found) < 0.6  # what was asked for is 1.5 at qualities of 30 to 90


def test_each_picture_has_its_own_tables_sampling_and_grid() -> None:
    levels = crops()
    rng = np.random.default_rng(0)
    names: list[Any] = list(TABLES)
    codings = [coding(names[i % 4], int(rng.integers(20, 95)), SAMPLINGS[i % 3]) for i in range(len(levels))]
    origins = [(int(rng.integers(16)), int(rng.integers(16))) for _ in levels]
    assert max(differences(levels, codings, origins)) < 0.6
    wrong = [(top, (left + 3) % 16) for top, left in origins]
    made, elsewhere = by_tensor(levels, codings, origins), by_tensor(levels, codings, wrong)
    assert min(np.abs(made - elsewhere).mean((1, 2, 3))) > 0.9


def test_each_picture_goes_through_saves_of_its_own() -> None:
    levels = crops()[:4]
    first, second, third = (
        Save(coding("libjpeg", quality, sampling), origin, 1.0, "area", "")
        for quality, sampling, origin in ((30, "4:2:0", (0, 0)), (60, "4:4:4", (3, 9)), (80, "4:2:2", (15, 1)))
    )
    saves = [[first, second, third], [], [second], [third, first]]
    tensor = torch.from_numpy(levels.transpose(0, 3, 1, 2).astype(np.float32))
    made = save_in_turn(tensor, saves).permute(0, 2, 3, 1).numpy()
    np.testing.assert_array_equal(tensor.permute(0, 2, 3, 1), levels)
    np.testing.assert_array_equal(made[1], levels[1])
    for one, alone, own in zip(made, levels[:, None], saves, strict=True):
        for save in own:
            alone = by_tensor(alone, [save.coding], [save.origin])
        assert np.abs(one - alone[0]).mean() < 0.01


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (7, 9), (16, 16), (17, 33), (40, 31)])
def test_any_size(size: tuple[int, int]) -> None:
    """Edges are repeated as the encoder and the decoder do it, whatever is left in the last unit."""
    levels = crops(*size)
    codings = [coding("libjpeg", 95, sampling) for sampling in SAMPLINGS] * 2
    assert max(differences(levels, codings, [(0, 0)] * 3 + [(5, 11)] * 3)) < 1.2


def test_without_the_rounding_of_tables_it_would_be_another() -> None:
    """At quality 95 libjpeg's steps are 2 where unrounded ones are 1.6: the codec's own rounding matters."""
    levels = crops()[:1]
    exact = coding("libjpeg", 95, "4:4:4")
    unrounded = tuple(max(step * 10 / 100, 1) for step in coding("libjpeg", 50, "4:4:4").luma)
    other = Coding(95, unrounded, exact.chroma, "4:4:4")  # type: ignore[arg-type]
    wanted = save_jpeg(levels[0], exact, (0, 0))
    right, wrong = (np.abs(by_tensor(levels, [one], [(0, 0)])[0] - wanted).mean() for one in (exact, other))
    assert wrong > 1.3 * right


def test_flat_gray_is_exact() -> None:
    gray = np.full((1, 24, 40, 3), 77, dtype=np.uint8)
    made = by_tensor(gray, [coding("libjpeg", 100, "4:2:0")], [(0, 0)])
    np.testing.assert_array_equal(made, gray)


def test_type_and_shape_are_kept() -> None:
    levels = torch.rand(2, 3, 20, 30, dtype=torch.float64).mul(255).round()
    made = save_jpegs(levels, [coding("libjpeg", 60, "4:2:0"), coding("libjpeg", 60, "4:4:4")], [(0, 0), (1, 2)])
    assert (made.dtype, made.shape) == (levels.dtype, levels.shape)
