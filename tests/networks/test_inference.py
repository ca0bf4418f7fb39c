"""Single rewritings of the inference form; whole networks are in the checklist."""

import pytest
import torch
from torch import nn

from wassr.networks.blocks import RepConv
from wassr.networks.inference import fold_normalisation, inference_form
from wassr.networks.probe import cost
from wassr.networks.srresnet import SRResNet


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("affine", [False, True])
def test_normalisation_is_folded(bias: bool, affine: bool) -> None:
    conv, norm = nn.Conv2d(3, 5, 3, bias=bias).double(), nn.BatchNorm2d(5, affine=affine).double()
    for tensor in (*norm.parameters(), *(b for b in norm.buffers() if b.is_floating_point())):
        tensor.data = torch.rand_like(tensor) + 0.5
    x = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    assert (fold_normalisation(conv, norm)(x) - norm.eval()(conv(x))).abs().max() < 1e-12


@pytest.mark.parametrize("between", [nn.PReLU(4), nn.PReLU(), nn.ReLU(), nn.Sequential()], ids=str)
@pytest.mark.parametrize("r", [2, 3, 4])
def test_a_large_last_kernel_moves_before_the_shuffle(between: nn.Module, r: int) -> None:
    middle = [] if isinstance(between, nn.Sequential) else [between]
    chain = nn.Sequential(
        nn.Conv2d(2, 4 * r**2, 3, padding=1), nn.PixelShuffle(r), *middle, nn.Conv2d(4, 3, 9, padding=4)
    )
    chain = chain.double()
    for parameter in between.parameters():
        parameter.data = torch.rand_like(parameter)
    plain = inference_form(chain)
    low = torch.randn(1, 2, 7, 6, dtype=torch.float64)
    assert isinstance(list(plain.children())[-1], nn.PixelShuffle)
    assert (plain(low) - chain(low)).abs().max() < 1e-12


@pytest.mark.parametrize(
    "last",
    [
        nn.Conv2d(4, 3, 3, padding=1),
        nn.Conv2d(4, 3, 1),
        nn.Conv2d(4, 3, 9),
        nn.Conv2d(4, 3, 9, padding=4, padding_mode="reflect"),
        nn.Conv2d(4, 3, 9, padding=4, stride=2),
    ],
    ids=["3x3", "1x1", "without padding", "reflected", "strided"],
)
def test_other_last_convolutions_stay(last: nn.Conv2d) -> None:
    chain = nn.Sequential(nn.Conv2d(2, 16, 3, padding=1), nn.PixelShuffle(2), last)
    assert isinstance(list(inference_form(chain).children())[-1], nn.Conv2d)


def test_a_layer_that_mixes_pixels_between_keeps_the_order() -> None:
    chain = nn.Sequential(nn.PixelShuffle(2), nn.Softmax(1), nn.Conv2d(4, 3, 9, padding=4))
    assert isinstance(next(iter(inference_form(chain).children())), nn.PixelShuffle)


def test_branches_become_one_convolution() -> None:
    rep = RepConv(3, 4).double()
    with torch.no_grad():
        for parameter in rep.parameters():
            parameter.copy_(torch.randn_like(parameter))
    plain, x = inference_form(rep), torch.randn(1, 3, 6, 7, dtype=torch.float64)
    assert isinstance(plain, nn.Conv2d)
    assert (plain(x) - rep(x)).abs().max() < 1e-12


def test_the_9x9_tail_costs_a_quarter_more_arithmetic() -> None:
    network = SRResNet(4, blocks=1)
    before, after = (cost(inference_form(network, polyphase=p), 4, 3).gmac for p in (False, True))
    assert after - before == pytest.approx(0.2346 * 15.552, rel=0.01)  # 4·25/81 - 1 of 9·9·64·3 per pixel
