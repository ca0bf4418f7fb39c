"""What every network must do; a new one joins by its row in the table (and a line in sizes.py if its default is slow).

The deployment form is held against both other forms in tests/models/test_export.py, saving and loading here.
"""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.networks.sizes import SMALL, THIN
from wassr.models.build import build_network
from wassr.models.card import Card
from wassr.models.modelfile import load_weights, save_weights
from wassr.networks.facts import FACTS
from wassr.networks.inference import inference_form
from wassr.networks.probe import radius
from wassr.networks.table import NETWORKS

EVERY = [(name, scale) for name, facts in FACTS.items() for scale in facts.scales]
LOCAL = [(name, scale) for name, scale in EVERY if not FACTS[name].sees_all]


def shaken(name: str, scale: int) -> nn.Module:
    """A small network in float64 whose every weight, slope and statistic differs from its start."""
    torch.manual_seed(1)
    network = NETWORKS[name](scale=scale, **SMALL.get(name, {})).double()
    with torch.no_grad():
        for parameter in network.parameters():
            spread = 1.0 if parameter.ndim > 1 else 0.3
            gain = spread / math.sqrt(parameter[0].numel()) if parameter.ndim > 1 else spread
            parameter.add_(torch.randn_like(parameter), alpha=gain)
        for buffer in network.buffers():
            if buffer.is_floating_point():
                buffer.copy_(torch.rand_like(buffer) + 0.5)
    return network.eval()


def picture(name: str, height: int, width: int, batch: int = 1) -> Tensor:
    return torch.rand(batch, FACTS[name].planes, height, width, dtype=torch.float64)


def difference(one: Tensor, other: Tensor) -> float:
    assert one.shape == other.shape
    return float((one - other).abs().max() / other.abs().max())


@pytest.mark.parametrize(("name", "scale"), EVERY)
@pytest.mark.parametrize("size", [(7, 12), (9, 5)])
def test_scales_and_odd_sizes(name: str, scale: int, size: tuple[int, int]) -> None:
    high = shaken(name, scale)(picture(name, *size))
    assert high.shape == (1, FACTS[name].planes, size[0] * scale, size[1] * scale)
    assert bool(torch.isfinite(high).all())


@pytest.mark.parametrize(("name", "scale"), EVERY)
def test_a_picture_alone_equals_the_same_in_a_batch(name: str, scale: int) -> None:
    network, low = shaken(name, scale), picture(name, 9, 11, batch=3)
    with torch.no_grad():
        assert difference(network(low[1:2]), network(low)[1:2]) < 1e-12


@pytest.mark.parametrize("name", FACTS)
def test_every_parameter_gets_a_gradient(name: str) -> None:
    network = shaken(name, 4).train()
    network(picture(name, 9, 11, batch=2)).square().sum().backward()
    silent = [key for key, p in network.named_parameters() if p.grad is None or not bool(p.grad.abs().max() > 0)]
    assert silent == []


@pytest.mark.parametrize(("name", "scale"), EVERY)
def test_inference_form_equals_training_form(name: str, scale: int) -> None:
    network, low = shaken(name, scale), picture(name, 13, 18)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    plain = inference_form(network)
    with torch.no_grad():
        assert difference(plain(low), network(low)) < 1e-10
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


@pytest.mark.parametrize("name", FACTS)
def test_inference_form_has_only_standard_layers(name: str) -> None:
    plain = inference_form(shaken(name, 4).train())
    leaves = [module for module in plain.modules() if not list(module.children())]
    assert all(type(leaf).__module__.startswith("torch.nn") for leaf in leaves)
    assert not any(isinstance(leaf, nn.BatchNorm2d) for leaf in leaves)
    assert not any(module.training for module in plain.modules())
    assert not any(parameter.requires_grad for parameter in plain.parameters())


@pytest.mark.parametrize(("name", "scale"), LOCAL)
def test_measured_radius_is_at_most_the_stated_one(name: str, scale: int) -> None:
    facts = FACTS[name]
    network = NETWORKS[name](scale=scale, **THIN.get(name, {}))
    assert radius(network, facts.planes, reach=facts.radius + 8) <= facts.radius


@pytest.mark.parametrize("name", FACTS)
def test_measured_radius_holds_for_the_inference_form(name: str) -> None:
    facts = FACTS[name]
    network = inference_form(NETWORKS[name](scale=4, **THIN.get(name, {})))
    # the low-grid form of the last convolution has zero taps that positive weights fill
    assert radius(network, facts.planes, reach=facts.radius + 8) <= facts.radius + 1


@pytest.mark.parametrize(("name", "scale"), LOCAL)
def test_tiled_equals_whole(name: str, scale: int) -> None:
    network = shaken(name, scale)
    overlap = radius(network, FACTS[name].planes, reach=40)
    height, width, core = 2 * overlap + 9, 2 * overlap + 14, 5
    low = picture(name, height, width)
    top, left = overlap + 3, overlap + 2
    tile = low[:, :, top - overlap : top + core + overlap, left - overlap : left + core + overlap]
    inside = slice(overlap * scale, (overlap + core) * scale)
    with torch.no_grad():
        whole = network(low)[:, :, top * scale : (top + core) * scale, left * scale : (left + core) * scale]
        assert difference(network(tile)[:, :, inside, inside], whole) < 1e-12


@pytest.mark.parametrize("name", FACTS)
def test_save_and_load(name: str, tmp_path: Path) -> None:
    facts, arguments = FACTS[name], SMALL.get(name, {})
    network = NETWORKS[name](scale=4, **arguments)
    card = Card(name="x", purpose="test", network=name, arguments=arguments, scale=4, radius=facts.radius)
    file = tmp_path / "x.safetensors"
    save_weights(file, {key: value.numpy() for key, value in network.state_dict().items()}, card)
    tensors, read = load_weights(file)
    again = build_network(read.network, read.scale, read.arguments)
    again.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in tensors.items()})
    assert read == card
    assert all(torch.equal(value, again.state_dict()[key]) for key, value in network.state_dict().items())
