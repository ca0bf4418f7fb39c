from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wassr.ground.errors import UsageError
from wassr.upscaling.target import Target, parse_min_size


@pytest.mark.parametrize(
    ("target", "size"),
    [
        (Target(), (404, 604)),
        (Target(factor=1), (101, 151)),
        (Target(factor=1.5), (152, 227)),
        (Target(width=1000), (669, 1000)),
        (Target(height=1000), (1000, 1495)),
        (Target(width=1000, height=500), (500, 748)),
        (Target(width=500, height=1000), (334, 500)),
        (Target(long_side=1920), (1284, 1920)),
        (Target(short_side=1080), (1080, 1615)),
        (Target(min_size=(3840, 2160)), (2568, 3840)),
        (Target(min_size=(100, 50)), (101, 151)),
    ],
)
def test_exact_sizes_in_both_orientations(target: Target, size: tuple[int, int]) -> None:
    assert target.size(101, 151, 4) == size
    if target.width is None and target.height is None:
        assert target.size(151, 101, 4) == size[::-1]


@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(1, 4000))
def test_the_aspect_is_right_within_half_a_pixel(height: int, width: int, wanted: int) -> None:
    made_height, made_width = Target(width=wanted).size(height, width, 4)
    assert made_width == wanted
    assert abs(made_height - max(1, height * wanted / width)) <= 0.5 + 1e-6
    covered = Target(min_size=(wanted, (wanted + 1) // 2)).size(height, width, 4)
    assert max(covered) >= wanted
    assert min(covered) >= (wanted + 1) // 2


@pytest.mark.parametrize(
    "wrong", [{"factor": 2, "width": 9}, {"factor": 0}, {"width": -1}, {"long_side": 9, "short_side": 9}]
)
def test_contradictions_are_wrong_use(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Target(**wrong)


def test_min_size_is_read_in_either_order() -> None:
    assert parse_min_size("2160x3840") == parse_min_size("3840X2160") == (3840, 2160)
    assert parse_min_size("1000") == (1000, 1000)
    with pytest.raises(UsageError, match="3840x2160"):
        parse_min_size("4K")


def test_words_tell_targets_apart() -> None:
    words = {Target().words(), Target(factor=2).words(), Target(width=2).words(), Target(min_size=(2, 2)).words()}
    assert len(words) == 4


def test_numbers_of_any_kind_become_pythons_own() -> None:
    assert Target(width=40.0, height=np.int16(200)) == Target(width=40, height=200)  # type: ignore[arg-type]
    assert Target(width=np.float64(40)).size(10, 20, 4) == (20, 40)  # type: ignore[arg-type]
    assert Target(factor=np.float32(2)).words() == "factor=2.0"  # type: ignore[arg-type]
    assert Target(min_size=[40, 30]) == Target(min_size=(40, 30))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 40.5},
        {"width": "40"},
        {"height": True},
        {"factor": "2"},
        {"factor": True},
        {"min_size": 40},
        {"min_size": ()},
        {"min_size": (40, 30, 20)},
        {"long_side": 40.5},
    ],
)
def test_what_is_no_size_is_told_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"{next(iter(wrong)).replace('_', ' ')} .*: give"):
        Target(**wrong)
