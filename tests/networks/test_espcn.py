"""ESPCN against its paper."""

import pytest
import torch
from torch import nn

from wassr.ground.errors import ModelError
from wassr.networks.espcn import ESPCN
from wassr.networks.inference import inference_form
from wassr.networks.probe import count


def test_the_papers_network() -> None:
    network = ESPCN(4)
    assert count(network) == 24_752
    kernels = [tuple(layer.weight.shape) for layer in network.layers if isinstance(layer, nn.Conv2d)]
    assert kernels == [(64, 1, 5, 5), (32, 64, 3, 3), (16, 32, 3, 3)]
    assert sum(isinstance(layer, nn.Tanh) for layer in network.layers) == 2


def test_relu_instead_of_tanh() -> None:
    network = ESPCN(3, activation="relu")
    assert sum(isinstance(layer, nn.ReLU) for layer in network.layers) == 2
    assert network(torch.rand(1, 1, 5, 6)).shape == (1, 1, 15, 18)


def test_branches_are_for_training_only() -> None:
    network = ESPCN(4, branches=True).eval()
    used, low = inference_form(network), torch.rand(1, 1, 9, 7)
    assert count(network) > 2 * 24_752
    assert count(used) == 24_752
    torch.testing.assert_close(used(low), network(low), atol=1e-5, rtol=1e-5)


def test_another_activation_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match="'selu' is unknown; it may be tanh or relu"):
        ESPCN(4, activation="selu")  # type: ignore[arg-type]


def test_deeper_than_the_paper() -> None:
    network = ESPCN(4, depth=5)
    assert count(network) == 24_752 + 2 * (32 * 32 * 9 + 32)
    assert network(torch.rand(1, 1, 5, 6)).shape == (1, 1, 20, 24)
    with pytest.raises(ModelError, match="depth 2 is too small; it may be 3 or more"):
        ESPCN(4, depth=2)
