"""SRResNet against its paper and the code of 2018."""

from typing import Any

import pytest
import torch
from torch import nn

from wassr.ground.errors import ModelError
from wassr.networks.probe import count
from wassr.networks.srresnet import SRResNet


@pytest.mark.parametrize(
    ("arguments", "parameters"),
    [
        ({}, 1_547_350),
        ({"activation": "relu"}, 1_547_331),  # the code SRGAN_Wasserstein: 9x9 first and last
        ({"activation": "relu", "head": 3, "tail": 1}, 1_518_147),  # TensorLayer's
    ],
)
def test_parameter_counts_of_the_papers(arguments: dict[str, Any], parameters: int) -> None:
    assert count(SRResNet(4, **arguments)) == parameters


def test_with_tanh_the_network_works_between_minus_one_and_one() -> None:
    torch.manual_seed(0)
    bounded, free = (SRResNet(4, blocks=1, width=8, tanh=tanh).eval() for tanh in (True, False))
    free.load_state_dict(bounded.state_dict())
    low = torch.rand(1, 3, 6, 5)
    assert torch.allclose(bounded(low), (free(low * 2 - 1).tanh() + 1) / 2)
    assert bool(((bounded(low * 1e3) >= 0) & (bounded(low * 1e3) <= 1)).all())


@pytest.mark.parametrize(("scale", "shuffles"), [(1, []), (2, [2]), (3, [3]), (4, [2, 2]), (8, [2, 2, 2])])
def test_subpixel_stages(scale: int, shuffles: list[int]) -> None:
    network = SRResNet(scale, blocks=1, width=8)
    assert [m.upscale_factor for m in network.modules() if isinstance(m, nn.PixelShuffle)] == shuffles
    assert network(torch.rand(1, 3, 5, 6)).shape == (1, 3, 5 * scale, 6 * scale)


def test_without_normalisation_convolutions_have_their_bias() -> None:
    network = SRResNet(4, blocks=2, width=8, normalisation="none")
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())
    assert all(m.bias is not None for m in network.modules() if isinstance(m, nn.Conv2d))


def test_with_icnr_a_flat_picture_stays_without_checkerboard() -> None:
    # far from the border every pixel of a flat picture comes out equal; without ICNR phases differ
    for icnr in (True, False):
        torch.manual_seed(0)
        network = SRResNet(4, blocks=1, width=8, icnr=icnr).eval()
        with torch.no_grad():
            inside = network(torch.full((1, 3, 30, 30), 0.5))[..., 40:-40, 40:-40]
        spread = float(inside.std(dim=(2, 3)).max())
        assert (spread < 1e-6) is icnr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 5}, "scale 5 is not possible"),
        ({"normalisation": "instance"}, "it may be bn or none"),
        ({"activation": "gelu"}, "it may be prelu or relu"),
        ({"tail": 4}, "must be odd"),
    ],
)
def test_wrong_arguments_are_refused_by_name(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        SRResNet(**arguments)


def test_the_2018_form_begins_as_its_code_does() -> None:
    torch.manual_seed(0)
    network = SRResNet(blocks=1, activation="relu", tanh=True)
    kernels = torch.cat([p.detach().flatten() for p in network.parameters() if p.ndim == 4])
    assert float(kernels.std()) == pytest.approx(0.02, rel=0.02)
    gains = [m.weight.detach() for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert float(torch.cat(gains).std()) == pytest.approx(0.02, rel=0.2)
