"""Branches and their one kernel."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from wassr.networks.blocks import PReLU, RepConv, Residual


def filled(kernel: int = 3) -> RepConv:
    torch.manual_seed(0)
    rep = RepConv(3, 4, kernel=kernel).double()
    with torch.no_grad():
        for parameter in rep.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return rep


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_the_merged_kernel_is_the_sum_of_the_branches(kernel: int) -> None:
    rep, x = filled(kernel), torch.randn(2, 3, 6, 7, dtype=torch.float64)
    pad = kernel // 2
    one_by_one = (
        F.conv2d(x, rep.weight, rep.bias, padding=pad)
        + F.conv2d(x, rep.point[..., None, None])
        + F.conv2d(F.conv2d(x, rep.wide, padding=pad), rep.narrow[..., None, None])
    )
    assert rep.plain().weight.shape == (4, 3, kernel, kernel)
    assert (rep.plain()(x) - one_by_one).abs().max() < 1e-12
    assert (rep(x) - one_by_one).abs().max() < 1e-12


def test_plain_is_one_convolution_of_the_same_function_and_type() -> None:
    rep, x = filled(), torch.randn(2, 3, 6, 7, dtype=torch.float64)
    plain = rep.plain()
    assert type(plain) is nn.Conv2d
    assert plain.weight.dtype == torch.float64
    assert (plain(x) - rep(x)).abs().max() < 1e-12


def test_kernels_are_merged_in_float32_under_autocast() -> None:
    rep = RepConv(3, 4)
    with torch.autocast("cpu", torch.bfloat16):
        assert rep.merged().dtype == torch.float32
        assert rep(torch.rand(1, 3, 4, 4)).dtype == torch.bfloat16


def test_every_branch_learns() -> None:
    rep = RepConv(3, 4)
    rep(torch.rand(1, 3, 6, 6)).square().sum().backward()
    for name, parameter in rep.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.any()), name


def test_residual_adds_its_input() -> None:
    body = nn.Conv2d(3, 3, 3, padding=1)
    x = torch.rand(1, 3, 4, 4)
    assert torch.equal(Residual(body)(x), x + body(x))


@pytest.mark.parametrize("expansion", [1, 3])
def test_expansion_only_changes_the_training_form(expansion: int) -> None:
    assert RepConv(3, 4, expansion).plain().weight.shape == (4, 3, 3, 3)


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_prelu_in_bfloat16_has_the_function_and_the_gradients_of_torchs_in_float32(layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 16, 12, 12).bfloat16().to(memory_format=layout).requires_grad_(True)
    exact = x.detach().float().requires_grad_(True)
    ours, theirs = PReLU(init=0.3), torch.nn.PReLU(init=0.3)
    gradient = torch.randn(x.shape).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        made = ours(x)
    made.backward(gradient)
    wanted = theirs(exact)
    wanted.backward(gradient.float())
    assert made.dtype == torch.bfloat16
    assert torch.allclose(made.float(), wanted, rtol=2**-8)
    assert x.grad is not None
    assert exact.grad is not None
    assert torch.allclose(x.grad.float(), exact.grad, rtol=2**-8)
    assert ours.weight.grad is not None
    assert theirs.weight.grad is not None
    assert ours.weight.grad.shape == theirs.weight.grad.shape
    # rounded once a pixel to 8 bits, by chance up or down: far below the sum of magnitudes
    scale = (gradient.float() * exact.detach().clamp(max=0)).abs().sum()
    assert abs(float(ours.weight.grad - theirs.weight.grad)) < 1e-3 * float(scale)


def test_prelu_without_bfloat16_or_with_many_slopes_is_torchs() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 4, 5, 5)
    for slopes in (1, 4):
        ours, theirs = PReLU(slopes), torch.nn.PReLU(slopes)
        assert torch.equal(ours(x), theirs(x))
