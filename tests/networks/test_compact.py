"""The project's own network: its start, its widths and its forms."""

import pytest
import torch
from torch import nn

from wassr.networks.compact import Compact
from wassr.networks.facts import FACTS
from wassr.networks.inference import inference_form
from wassr.networks.probe import radius


@pytest.mark.parametrize("scale", FACTS["compact"].scales)
def test_it_begins_as_the_bicubic_enlargement(scale: int) -> None:
    torch.manual_seed(0)
    residual = Compact(scale)(torch.rand(1, 3, 12, 10))
    assert residual.shape == (1, 3, 12 * scale, 10 * scale)
    assert residual.detach().square().mean().sqrt() < 2 / 255


def test_widths_are_multiples_of_16() -> None:
    network = inference_form(Compact(4))
    widths = {m.out_channels for m in network.modules() if isinstance(m, nn.Conv2d)}
    assert all(width % 16 == 0 for width in widths)


def test_with_or_without_branches_the_inference_form_has_the_same_layers() -> None:
    with_branches, without = (inference_form(Compact(4, branches=b)).state_dict() for b in (True, False))
    assert {k: v.shape for k, v in with_branches.items()} == {k: v.shape for k, v in without.items()}


@pytest.mark.parametrize("branches", [True, False])
def test_context_is_without_effect_at_first_and_sees_farther(branches: bool) -> None:
    torch.manual_seed(0)
    network = Compact(4, channels=16, blocks=1, branches=branches, context=2, reach=3)
    low = torch.rand(1, 3, 16, 16)
    assert torch.equal(network(low), network.tail(network.body(network.head(low))))
    assert radius(network, 3) == radius(Compact(4, channels=16, blocks=1), 3) + 2 * (3 + 1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    assert torch.allclose(inference_form(network)(low), network(low), atol=1e-5)
