"""The chain as a whole: order, sizes, dice, and that a clean draw is the benchmarks' reduction to the bit."""

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.data import astronaut

from wassr.data.chain import Step, find_chain, shipped_chains, split_at_last_saves
from wassr.data.codecs import saved
from wassr.data.degradations import FOUND, HIDDEN, degrade, last_saves, told, whole_multiple, with_reduction
from wassr.data.dice import dice_of_crop, dice_of_picture
from wassr.pixels.jpeg_traces import UNCOMPRESSED
from wassr.pixels.resize import shrink


def steps(*given: dict[str, object]) -> tuple[Step, ...]:
    return tuple(Step.model_validate(step) for step in given)


@pytest.fixture(scope="module")
def high() -> NDArray[np.uint8]:
    return np.ascontiguousarray(astronaut()[:240, :312])


def test_a_step_that_never_comes_leaves_the_benchmarks_reduction(high: NDArray[np.uint8]) -> None:
    chain = steps({"blur": {"probability": 0}}, {"reduce": {}}, {"jpeg": {"probability": 0}})
    low = degrade(high, chain, 4, dice_of_picture(0, "a"))
    np.testing.assert_array_equal(low.levels, shrink(high, 4))
    assert low.words == ()


def test_a_chain_without_a_reduction_begins_with_it(high: NDArray[np.uint8]) -> None:
    late = steps({"noise": {"sigma": [3, 3]}})
    assert [step.kind for step in with_reduction(late)] == ["reduce", "noise"]
    made = degrade(high, late, 4, dice_of_picture(0, "a")).levels.astype(float) - shrink(high, 4)
    early = steps({"noise": {"sigma": [3, 3]}}, {"reduce": {}})
    assert with_reduction(early) == early
    averaged = degrade(high, early, 4, dice_of_picture(0, "a")).levels.astype(float) - shrink(high, 4)
    assert made.std() > 2 * averaged.std()  # sixteen pixels of the high side take most of it away


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", shipped_chains())
def test_shipped_chains_reach_the_low_side_in_its_place(high: NDArray[np.uint8], name: str, scale: int) -> None:
    clean = shrink(high, scale).astype(float)
    said = set()
    for seed in range(6):
        low = degrade(high, find_chain(name).steps, scale, dice_of_picture(seed, "a"))
        assert low.levels.shape == clean.shape
        assert low.levels.dtype == np.uint8
        said.add(low.words)
        error = [np.abs(np.roll(low.levels, by, (0, 1)) - clean).mean() for by in ((0, 0), (0, 1), (1, 0), (-1, -1))]
        assert error[0] == min(error)
        assert error[0] < 25
    assert len(said) > 3


def test_sizes_on_the_way_end_as_the_low_side(high: NDArray[np.uint8]) -> None:
    for chain in (steps({"resize": {"size": [1.7, 1.7]}}, {"reduce": {}}), steps({"resize": {"size": [0.6, 0.6]}})):
        low = degrade(high, chain, 4, dice_of_picture(0, "a")).levels
        assert low.shape == (60, 78, 3)
        assert (low != shrink(high, 4)).any()


def test_probabilities_are_kept(high: NDArray[np.uint8]) -> None:
    small = high[:32, :32]
    (chain,) = (find_chain("jpeg").steps,)
    counts = [0, 0, 0]
    for item in range(600):
        words = degrade(small, chain, 4, dice_of_crop(0, 0, 0, 0, item, 0)).words
        counts[len(words[0].split(",")) if words else 0] += 1
    assert [count / 600 for count in counts] == pytest.approx([0.2, 0.5, 0.3], abs=0.05)


@pytest.mark.parametrize("name", shipped_chains())
def test_same_dice_same_bytes(high: NDArray[np.uint8], name: str) -> None:
    chain = find_chain(name).steps
    one, again, other = (degrade(high, chain, 4, dice_of_picture(seed, "a")) for seed in (2, 2, 5))
    assert one.words == again.words
    assert one.levels.tobytes() == again.levels.tobytes()
    assert one.levels.tobytes() != other.levels.tobytes()


def test_sides_must_be_multiples(high: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="101 x 100 are no multiples of the scale 4"):
        degrade(high[:100, :101], find_chain("jpeg").steps, 4, dice_of_picture(0, "a"))
    assert whole_multiple(high[:101, :103], 4).shape == (100, 100, 3)


def test_views_that_run_backwards_are_taken(high: NDArray[np.uint8]) -> None:
    turned = np.rot90(high)[:, ::-1]
    chain = find_chain("blind").steps
    one, other = (degrade(h, chain, 4, dice_of_picture(1, "a")).levels for h in (turned, turned.copy()))
    np.testing.assert_array_equal(one, other)


SEVERAL = steps(
    {"noise": {"probability": 0.5}},
    {"jpeg": {"probability": 0.5, "generations": [1, 1, 1], "resized": 0.5, "tables": {"libjpeg": 1, "phone": 1}}},
    {"jpeg": {"probability": 0.7, "generations": [1, 1]}},
)


@pytest.mark.parametrize("chain", [find_chain("jpeg").steps, find_chain("blind").steps, SEVERAL])
def test_saves_that_are_left_are_those_of_the_whole_chain(high: NDArray[np.uint8], chain: tuple[Step, ...]) -> None:
    """Done by the codec after all, they give the chain's own bytes: all dice fall alike."""
    before, last = split_at_last_saves(chain)
    counts = set()
    for seed in range(30):
        dice = dice_of_picture(seed, "a")
        levels, left = last_saves(degrade(high, before, 4, dice, (3, 9)).levels, last, dice, (3, 9))
        assert {save.size for save in left} <= {1.0}
        wanted = degrade(high, chain, 4, dice_of_picture(seed, "a"), (3, 9)).levels
        np.testing.assert_array_equal(saved(levels, left), wanted)
        counts.add(len(left))
    assert counts >= {0, 1}


ONCE = {"jpeg": {"quality": [40, 40], "generations": [1]}}
TWICE = {"jpeg": {"quality": [40, 40], "generations": [0, 1]}}


@pytest.mark.parametrize(
    ("chain", "qualities"),
    [
        ([], ()),
        ([ONCE], (40,)),
        ([TWICE], (40, 40)),
        ([ONCE, {"jpeg": {"quality": [70, 70], "generations": [1]}}], (40, 70)),
        ([{"jpeg": {"quality": [40, 40], "generations": [0, 1], "resized": 1}}], (40,)),
        ([ONCE, {"noise": {"sigma": [1, 1]}}], ()),
        ([ONCE, {"webp": {}}], ()),
        ([{"noise": {"sigma": [1, 1]}}, ONCE], (40,)),
        ([{"jpeg": {"probability": 0}}], ()),
        ([{"resize": {"size": [1.4, 1.4]}}, ONCE], ()),  # what ends the chain is the resize to the low side
    ],
)
def test_qualities_are_of_the_saves_that_can_still_be_seen(
    high: NDArray[np.uint8], chain: list[dict[str, object]], qualities: tuple[int, ...]
) -> None:
    assert degrade(high, steps(*chain), 4, dice_of_picture(0, "a")).qualities == qualities


def test_what_a_network_is_told_is_what_can_be_known() -> None:
    def share(qualities: tuple[int, ...], quality: int) -> float:
        heard = [told(qualities, dice_of_crop(0, 0, 0, 0, item, 0)) for item in range(2000)]
        assert set(heard) <= {*qualities, UNCOMPRESSED}
        return heard.count(quality) / len(heard)

    assert share((), UNCOMPRESSED) == 1
    assert share((60,), 60) == pytest.approx(1 - HIDDEN, abs=0.02)
    assert share((30, 90), 30) == pytest.approx((1 - HIDDEN) * FOUND, abs=0.04)
    assert share((90, 30), 30) == pytest.approx(1 - HIDDEN, abs=0.02)  # the last one stands in the file
