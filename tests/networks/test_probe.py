"""Probes against layers whose answer can be counted by hand."""

import pytest
import torch
from torch import Tensor, nn

from wassr.networks import probe
from wassr.networks.probe import cost, count, radius
from wassr.networks.srresnet import SRResNet


def chain(*kernels: int) -> nn.Sequential:
    return nn.Sequential(*(nn.Conv2d(3, 3, k, padding=k // 2) for k in kernels))


class Pooled(nn.Module):
    """Looks at the whole picture."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) * x.mean(dim=(2, 3), keepdim=True)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (chain(1), 0),
        (chain(3, 3, 5), 4),
        (nn.Conv2d(3, 3, (1, 7), padding=(0, 3)), 3),
        (nn.Conv2d(3, 3, (7, 1), padding=(3, 0)), 3),
        (nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.PixelShuffle(2), nn.Conv2d(3, 3, 9, padding=4)), 3),
        # a strided map: an output looks as far as the far end of its cell
        (nn.Sequential(nn.AvgPool2d(4), nn.Upsample(scale_factor=4)), 3),
        (Pooled(), 20),
    ],
)
def test_radius(network: nn.Module, expected: int) -> None:
    assert radius(network, 3, reach=20) == expected


def test_no_weights_hide_the_radius() -> None:
    network = chain(3, 3)
    for parameter in network.parameters():
        nn.init.zeros_(parameter)
    assert radius(network, 3, reach=8) == 2
    assert not any(bool(parameter.any()) for parameter in network.parameters())  # a copy was probed


def test_measuring_leaves_the_random_numbers_of_a_run_alone() -> None:
    network, before = chain(3), torch.get_rng_state()
    radius(network, 3, reach=8)
    cost(network, 1, 3)
    assert torch.equal(torch.get_rng_state(), before)


def test_costs_of_the_literature() -> None:
    assert cost(SRResNet(4), 4, 3).gmac == pytest.approx(138.6, abs=0.1)
    assert cost(SRResNet(4, head=3, tail=1), 4, 3).gmac == pytest.approx(122.4, abs=0.1)


def test_cost_by_hand_and_mode_kept() -> None:
    network = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.PixelShuffle(4)).train()
    measured = cost(network, 4, 3)
    assert measured.gmac == pytest.approx(9 * 3 * 16 / 16 / 1e3)
    assert measured.parameters == count(network) == 9 * 3 * 16 + 16 + 32
    assert network.training
    assert torch.equal(network[1].get_buffer("running_mean"), torch.zeros(16))


@pytest.mark.parametrize(
    ("name", "words"), [("espcn", "channels=y  radius=4  gmac=1.54"), ("compact", "channels=rgb  radius=12  gmac=14.3")]
)
def test_what_a_row_of_facts_must_say(name: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    probe.main(name)
    assert capsys.readouterr().out.strip() == words
