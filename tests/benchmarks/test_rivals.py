"""Networks of others in files without names: layers are filled in order, and results are those that others measured."""

import struct
from pathlib import Path

import numpy as np
import peers
import pytest
import rivals
import torch
from torch import nn

from tests.benchmarks.conftest import SHARED
from wassr.evaluation.choice import choose_metrics
from wassr.evaluation.comparison import compare
from wassr.evaluation.compressed import Saved
from wassr.evaluation.sets import at_qualities, find_sets
from wassr.evaluation.subjects import Subject

needs_files = pytest.mark.skipif(
    not (SHARED / "peers").exists() or not (SHARED / "test").exists(),
    reason="the peers' weights or the test pictures are not here (../shared/data)",
)


def packed(kernel: np.ndarray, bias: np.ndarray) -> bytes:
    return struct.pack("<I", 0x01306B47) + kernel.astype(np.float16).tobytes() + bias.astype(np.float32).tobytes()


def test_layers_are_filled_in_order_and_transposed_kernels_turned(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    first, last = random.normal(size=(4, 3, 3, 3)), random.normal(size=(2, 4, 5, 5))  # outputs first, both
    slopes, biases = random.normal(size=4), (random.normal(size=4), random.normal(size=2))
    file = tmp_path / "x.bin"
    file.write_bytes(packed(first, biases[0]) + slopes.astype(np.float32).tobytes() + packed(last, biases[1]))
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.PReLU(4), nn.ConvTranspose2d(4, 2, 5, stride=2))
    rivals.fill_from_ncnn(network, file)
    conv, prelu, turned = network
    np.testing.assert_allclose(conv.weight.detach(), first, atol=2e-3)
    np.testing.assert_allclose(prelu.weight.detach(), slopes, atol=1e-6)
    np.testing.assert_allclose(turned.weight.detach().numpy().transpose(1, 0, 2, 3), last, atol=2e-3)
    np.testing.assert_allclose(turned.bias.detach(), biases[1], atol=1e-6)


@pytest.mark.parametrize("change", [-4, 4])
def test_a_file_of_another_length_is_refused(tmp_path: Path, change: int) -> None:
    file = tmp_path / "x.bin"
    whole = packed(np.zeros((4, 3, 3, 3)), np.zeros(4))
    file.write_bytes(whole[:change] if change < 0 else whole + bytes(change))
    with pytest.raises(ValueError, match=r"x\.bin: .* bytes"):
        rivals.fill_from_ncnn(nn.Conv2d(3, 4, 3), file)


def test_waifu2x_keeps_the_place_of_pixels() -> None:
    """Convolutions that copy and a transposed kernel that repeats pixels: the whole network enlarges by repeating."""
    network = rivals.Waifu2x()
    for layer in network.convolutions:
        nn.init.zeros_(layer.weight), nn.init.zeros_(layer.bias)
        for channel in range(3):
            layer.weight.data[channel, channel, 1, 1] = 1
    nn.init.zeros_(network.last.weight), nn.init.zeros_(network.last.bias)
    for channel in range(3):
        network.last.weight.data[channel, channel, 1:3, 1:3] = 1
    low = torch.rand(1, 3, 9, 12)
    with torch.no_grad():
        torch.testing.assert_close(network(low), nn.functional.interpolate(low, scale_factor=2))


def test_twice_is_once_and_again_on_whole_levels() -> None:
    twice, low = rivals.Waifu2xTwice().eval(), torch.rand(1, 3, 9, 12)
    with torch.no_grad():
        between = (twice.network(low).clamp(0, 1) * 255).round() / 255
        made = twice(low)
        assert made.shape == (1, 3, 36, 48)
        torch.testing.assert_close(made, twice.network(between))


@needs_files
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "quality", "psnr", "lpips"),
    [
        ("srgan", None, 27.69, 0.170),
        ("srgan", 50, 24.69, 0.359),
        ("lsdir-compact-c3", None, 26.78, 0.146),
        ("lsdir-compact-c3", 30, 24.25, 0.254),
        ("0", 90, 27.48, None),
        ("2", 70, 26.40, None),
        ("3", None, 26.92, None),
        ("3", 30, 25.23, None),
    ],
)
def test_set14_as_others_measured_it(name: str, quality: int | None, psnr: float, lpips: float | None) -> None:
    """The figures of ../shared/data/peers/README.md; a number is a level of waifu2x."""
    folder = SHARED / "peers"
    network = peers.load(name, folder) if name in peers.PEERS else rivals.waifu2x(name, folder)
    enlarge = peers.enlarger(network)
    one = Subject(name, 4, "torch", lambda case: enlarge(case.low))
    sets = at_qualities(find_sets([SHARED / "test" / "Set14"]), [Saved(quality)])
    metrics = choose_metrics(("psnr_y_float", *(("lpips",) if lpips else ())))
    score = compare([one], sets, metrics, name).rows[0].score
    assert score.mean("psnr_y_float") == pytest.approx(psnr, abs=peers.TOLERANCE)
    if lpips:
        assert score.mean("lpips") == pytest.approx(lpips, abs=0.002)
