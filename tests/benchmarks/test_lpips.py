"""The perceptual distance against its documented values and on known pictures."""

import lpips
import numpy as np
import pytest

from tests.benchmarks.conftest import SHARED

WEIGHTS = SHARED / "weights"
pytestmark = pytest.mark.skipif(
    not WEIGHTS.exists(), reason="the judges' weights are not here (../shared/data/weights)"
)


def test_the_documented_example() -> None:
    assert lpips.example(WEIGHTS) == pytest.approx(lpips.DOCUMENTED, abs=6e-5)


def test_zero_for_equal_pictures_and_growing_with_noise() -> None:
    metric = lpips.lpips_metric(WEIGHTS)
    draw = np.random.default_rng(0)
    high = np.tile(np.linspace(40, 210, 72)[:, None, None], (1, 72, 3))
    far = [np.clip(high + sigma * draw.standard_normal(high.shape), 0, 255).astype(np.uint8) for sigma in (0, 6, 20)]
    distances = [metric.compute(made, far[0], 4) for made in far]
    assert distances[0] == 0
    assert distances[0] < distances[1] < distances[2]
    assert not metric.higher_is_better
