from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.upscaling.tiny import photo
from wassr.pixels.formats import read_picture
from wassr.pixels.picture import Picture, quantise, to_floats
from wassr.pixels.resize import resize, shrink
from wassr.upscaling import invented as module
from wassr.upscaling.invented import FLOOR, THRESHOLD, excess, invented
from wassr.upscaling.upscaler import Upscaler

OWN = Path(__file__).parents[2] / "examples" / "train"
CHEQUERS = np.indices((96, 128)).sum(axis=0)[..., None] % 2 * 2.0 - 1


def test_known_answers() -> None:
    """Chequers of amplitude a have a root mean square of a, and no mean."""
    flat = np.full((96, 128, 3), 0.5, np.float32)
    fine = (flat + 0.02 * CHEQUERS).astype(np.float32)
    coarse = (flat + 0.1 * np.roll(CHEQUERS, 1, axis=0)).astype(np.float32)
    assert excess(flat, flat, 24, 32).max() == 0
    assert excess(fine, flat, 24, 32) == pytest.approx(0.02 / FLOOR, rel=1e-3)
    assert excess(flat, coarse, 24, 32) == pytest.approx(0.1 / (FLOOR + 0.1), rel=1e-3)


@settings(max_examples=25, deadline=None)
@given(
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)), share=st.floats(0.1, 1), channels=st.sampled_from([1, 3])
)
def test_any_size(size: tuple[int, int], share: float, channels: int) -> None:
    low = max(1, round(size[0] * share)), max(1, round(size[1] * share))
    one, other = (photo(*size, gray=channels == 1, seed=seed) for seed in (1, 2))
    found = excess(one, other, *low)
    assert found.shape == low
    assert np.isfinite(found).all()
    assert found.min() >= 0
    turned = excess(one.transpose(1, 0, 2), other.transpose(1, 0, 2), *low[::-1])
    assert np.abs(turned.T - found).max() < 1e-3 * max(1, found.max())


def test_bands_equal_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = photo(200, 120, seed=1), photo(200, 120, seed=2)
    found = excess(one, other, 50, 30)
    monkeypatch.setattr(module, "ROWS", 7)
    assert np.abs(excess(one, other, 50, 30) - found).max() < 1e-5


def test_the_map_is_as_large_as_the_result_and_hot_where_it_is_invented() -> None:
    faithful = np.full((96, 128, 1), 0.5, np.float32)
    made = faithful.copy()
    made[:48, :64] += 0.05 * CHEQUERS[:48, :64].astype(np.float32)
    found = invented(Picture(made), Picture(faithful), 24, 32)
    assert found.map.colour.shape == (96, 128, 3)
    hot = found.map.colour[..., 0] - found.map.colour[..., 2] > 0.4
    assert hot[8:40, 8:56].all()
    assert not hot[60:].any()
    assert not hot[:, 80:].any()
    assert 0.2 < found.share < 0.35
    assert found.map.colour[0, 0] == pytest.approx(module.HEAT, abs=1e-5)


@pytest.fixture(scope="module", params=["town", "hills"])
def results(request: pytest.FixtureRequest) -> dict[str, np.ndarray]:
    """What several models make of a photograph, and the content model's with another photograph's detail pasted in."""
    original, other = (read_picture(OWN / f"{name}.webp").colour[:320, :320] for name in (request.param, "rock"))
    low = to_floats(shrink(quantise(original, 8), 4))
    plain = {"precision": "float32", "threads": 1}
    made = {name: Upscaler(name, **plain)(low) for name in ("compact-x4", "espcn-x4")}
    fine = other - resize(resize(other, 80, 80), 320, 320)
    pasted = made["compact-x4"].copy()
    pasted[96:224, 96:224] += fine[96:224, 96:224]
    return {**made, "low": low, "original": original, "pasted": np.clip(pasted, 0, 1)}


def test_faithful_results_are_not_flagged_and_pasted_detail_is(results: dict[str, np.ndarray]) -> None:
    def flagged(name: str) -> np.ndarray:
        return excess(results[name], results["compact-x4"], 80, 80) > THRESHOLD

    assert flagged("espcn-x4").mean() < 0.01
    assert flagged("pasted")[26:54, 26:54].mean() > 0.8
    outside = flagged("pasted")
    outside[18:62, 18:62] = False
    assert not outside.any()
    low_again = resize(results["pasted"], 80, 80)  # the pasted detail cannot be told from the input
    assert np.sqrt(np.square(low_again - results["low"]).mean()) < 5 / 255
    assert flagged("original").mean() > 0.05  # nor can the true one
