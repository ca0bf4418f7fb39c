"""The project's own network: its start, its widths and its forms."""

import pytest
import torch
from torch import nn

from wassr.networks.compact import Compact
from wassr.networks.facts import FACTS
from wassr.networks.inference import inference_form


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


def test_a_network_that_is_told_the_quality_listens() -> None:
    torch.manual_seed(0)
    network = Compact(2, 16, 1, quality_plane=True)
    low = torch.rand(1, 3, 9, 11)
    good, bad = (network(torch.cat([low, torch.full((1, 1, 9, 11), told)], 1)) for told in (0.9, 0.1))
    assert good.shape == (1, 3, 18, 22)
    assert not torch.equal(good, bad)
    facts = FACTS["compact"]
    assert (facts.entrance({}), facts.entrance({"quality_plane": True})) == (3, 4)
