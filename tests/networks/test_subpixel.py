"""Deconvolution = sub-pixel convolution, polyphase, ICNR, channel order: exact, so tested in float64."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from wassr.ground.errors import ModelError
from wassr.networks.subpixel import (
    deconvolution_kernel,
    icnr_,
    polyphase_cost,
    polyphase_kernel,
    subpixel_kernel,
    tensorflow_order,
    to_deconvolution,
    to_subpixel,
)

PAIRS = [(2, 3), (3, 3), (4, 3), (2, 5), (3, 1)]


def rand(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize(("r", "k"), PAIRS)
def test_a_subpixel_convolution_is_a_deconvolution(r: int, k: int) -> None:
    conv = nn.Conv2d(3, 2 * r**2, k, padding=k // 2, bias=False).double()
    deconv, low = to_deconvolution(conv, r), rand(1, 3, 7, 6)
    assert deconv.kernel_size == (r * k, r * k)
    assert (deconv(low) - F.pixel_shuffle(conv(low), r)).abs().max() < 1e-12


def test_the_map_is_the_printed_formula() -> None:
    r, k, weight = 2, 3, rand(8, 3, 3, 3)
    kernel = deconvolution_kernel(weight, r)
    for o, c, a, b, u, v in ((0, 0, 0, 0, 0, 0), (1, 2, 1, 0, 2, 1), (1, 0, 0, 1, 1, 2)):
        assert kernel[c, o, r * (k - 1 - u) + a, r * (k - 1 - v) + b] == weight[o * r**2 + a * r + b, c, u, v]


@pytest.mark.parametrize(("r", "k"), PAIRS)
def test_and_the_way_back(r: int, k: int) -> None:
    deconv = nn.ConvTranspose2d(3, 2, r * k, r, r * (k - 1) // 2).double()
    low = rand(1, 3, 7, 6)
    assert (to_subpixel(deconv)(low) - deconv(low)).abs().max() < 1e-12
    weight = rand(2 * r**2, 3, k, k)
    assert torch.equal(subpixel_kernel(deconvolution_kernel(weight, r), r), weight)


def test_a_bias_must_be_equal_in_all_phases() -> None:
    conv = nn.Conv2d(3, 8, 3, padding=1)
    with pytest.raises(ModelError, match="bias"):
        to_deconvolution(conv, 2)
    icnr_(conv, 2)
    low = torch.rand(1, 3, 5, 5)
    assert torch.allclose(to_deconvolution(conv, 2)(low), F.pixel_shuffle(conv(low), 2), atol=1e-6)


@pytest.mark.parametrize(
    "deconv",
    [nn.ConvTranspose2d(3, 3, 5, 2, 2), nn.ConvTranspose2d(3, 3, 4, 2, 1), nn.ConvTranspose2d(3, 3, 6, 2, 1)],
    ids=["unequal phases", "even phases", "other padding"],
)
def test_other_deconvolutions_are_refused(deconv: nn.ConvTranspose2d) -> None:
    with pytest.raises(ModelError):
        to_subpixel(deconv)


@pytest.mark.parametrize(
    ("r", "k", "low_k", "ratio"), [(2, 9, 5, 1.23), (2, 3, 3, 4.0), (2, 5, 3, 1.44), (4, 9, 3, 1.78), (3, 9, 5, 2.78)]
)
def test_polyphase(r: int, k: int, low_k: int, ratio: float) -> None:
    weight, low = rand(3, 2, k, k), rand(1, 2 * r**2, 8, 7)
    kernel = polyphase_kernel(weight, r)
    assert kernel.shape == (3 * r**2, 2 * r**2, low_k, low_k)
    made = F.pixel_shuffle(F.conv2d(low, kernel, padding=low_k // 2), r)
    assert (made - F.conv2d(F.pixel_shuffle(low, r), weight, padding=k // 2)).abs().max() < 1e-12
    assert polyphase_cost(k, r) == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize("r", [2, 3])
def test_icnr_starts_as_nearest_neighbour(r: int) -> None:
    conv = nn.Conv2d(2, 3 * r**2, 3, padding=1).double()
    icnr_(conv, r)
    low, made = rand(1, 2, 6, 6), F.pixel_shuffle(conv(rand(1, 2, 6, 6)), r)
    first = F.conv2d(low, conv.weight[:: r**2], conv.bias[:: r**2] if conv.bias is not None else None, padding=1)
    assert (made - F.interpolate(first, scale_factor=r, mode="nearest")).abs().max() < 1e-12
    flat = F.pixel_shuffle(conv(torch.full((1, 2, 6, 6), 0.5, dtype=torch.float64)), r)[..., r:-r, r:-r]
    assert (flat - flat.mean(dim=(2, 3), keepdim=True)).abs().max() < 1e-12


@pytest.mark.parametrize(("planes", "r"), [(64, 2), (3, 4)])
def test_tensorflow_order(planes: int, r: int) -> None:
    theirs = rand(1, planes * r**2, 3, 4)
    n, _, h, w = theirs.shape
    # depth_to_space (DCR): channel = (a·r + b)·planes + c
    wanted = theirs.reshape(n, r, r, planes, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, planes, h * r, w * r)
    assert torch.equal(F.pixel_shuffle(theirs[:, tensorflow_order(planes, r)], r), wanted)
    unshuffled = F.pixel_unshuffle(wanted, r)
    assert torch.equal(F.pixel_shuffle(unshuffled, r), wanted)
