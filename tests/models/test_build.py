"""From a card to a network that makes pictures."""

import numpy as np
import pytest
import torch

from wassr.ground.errors import ModelError
from wassr.models.build import Generator, bicubic_matrix, build_generator, build_network, enlarge, reduce
from wassr.models.card import Card
from wassr.networks.facts import FACTS
from wassr.pixels.resize import resize

ARGUMENTS = {"channels": 16, "blocks": 1}


def card(**other: object) -> Card:
    values = {"name": "m", "purpose": "", "network": "compact", "arguments": ARGUMENTS, "scale": 4, "radius": 4}
    return Card.model_validate(values | {"base": "bicubic"} | other)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_base_equals_pixels_resize(scale: int) -> None:
    torch.manual_seed(0)
    low = torch.rand(1, 3, 9, 13)
    wanted = resize(low[0].permute(1, 2, 0).numpy(), 9 * scale, 13 * scale)
    made = enlarge(low, "bicubic", scale)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(made, wanted, atol=1e-5)


def test_other_bases() -> None:
    low = torch.rand(1, 3, 4, 5)
    assert torch.equal(enlarge(low, "nearest", 3), low.repeat_interleave(3, 2).repeat_interleave(3, 3))
    assert float(enlarge(low, "none", 4)) == 0
    assert bicubic_matrix(5, 20, torch.device("cpu")).shape == (20, 5)


def test_at_scale_1_the_base_is_the_picture_itself() -> None:
    low = torch.rand(2, 3, 9, 13)
    assert torch.equal(enlarge(low, "bicubic", 1), low)
    assert torch.equal(enlarge(low, "nearest", 1), low)
    assert torch.equal(reduce(low, 1), low)


def test_network_plus_base_in_float32_even_if_the_network_is_not() -> None:
    class Half(torch.nn.Module):
        def forward(self, low: torch.Tensor) -> torch.Tensor:
            return torch.full((1, 3, 16, 16), 0.25, dtype=torch.bfloat16)

    low = torch.rand(1, 3, 4, 4)
    made = Generator(Half(), "bicubic", 4, in_bfloat16=True)(low)
    assert made.dtype == torch.float32
    assert torch.allclose(made, enlarge(low, "bicubic", 4) + 0.25, atol=1e-6)
    network = build_network("compact", 4, ARGUMENTS)
    one, other = (Generator(network, "bicubic", 4, half)(low) for half in (False, True))
    assert 0 < float((one - other).detach().abs().max()) < 0.01


@pytest.mark.parametrize(
    ("name", "scale", "arguments", "words"),
    [
        ("compakt", 4, {}, "no such network; did you mean compact?"),
        ("zzz", 4, {}, "known: compact"),
        ("compact", 7, {}, "no scale 7; it has 1, 2, 3, 4"),
        ("compact", 4, {"chanels": 3}, "no argument chanels; did you mean channels?"),
        ("compact", 4, {"zzzzzz": 3}, "it takes channels, blocks"),
    ],
)
def test_what_cannot_be_built(name: str, scale: int, arguments: dict[str, int], words: str) -> None:
    with pytest.raises(ModelError) as caught:
        build_network(name, scale, arguments)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", FACTS)
def test_every_argument_misspelt_is_caught(name: str) -> None:
    for argument in FACTS[name].defaults:
        with pytest.raises(ModelError, match=f"did you mean {argument}"):
            build_network(name, FACTS[name].scales[0], {argument[:-1] + "x": 1})


def test_weights_come_back_and_must_fit() -> None:
    network = build_network("compact", 4, ARGUMENTS)
    weights = {key: value.numpy() for key, value in network.state_dict().items()}
    generator = build_generator(card(), weights)
    assert not generator.training
    low = torch.rand(1, 3, 8, 8)
    assert torch.allclose(generator(low), network(low) + enlarge(low, "bicubic", 4), atol=1e-6)
    with pytest.raises(ModelError, match=r"m: its weights do not fit network compact: Missing key"):
        build_generator(card(), {})
    with pytest.raises(ModelError, match="do not fit"):
        build_generator(card(arguments={"channels": 32, "blocks": 1}), weights)


def test_reducing_a_batch_is_the_benchmarks_resize() -> None:
    high = torch.rand(2, 3, 24, 32, dtype=torch.float32, generator=torch.Generator().manual_seed(0))
    for one, reduced in zip(high, reduce(high, 4), strict=True):
        wanted = resize(one.permute(1, 2, 0).numpy(), 6, 8, 1 / 4)
        assert np.abs(reduced.permute(1, 2, 0).numpy() - wanted).max() < 1e-6


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_back_projection_inside_the_generator_brings_the_input_back(scale: int) -> None:
    torch.manual_seed(0)
    low = torch.rand(1, 3, 12, 10)
    network = build_network("compact", scale, {"channels": 16, "blocks": 1})
    torch.nn.init.normal_(network.tail[0].weight, std=0.05)  # type: ignore[union-attr, index, arg-type]
    errors = []
    for passes in range(3):
        made = Generator(network, "bicubic", scale, passes=passes)(low)
        errors.append(float((reduce(made, scale) - low).square().mean().detach()))
    assert errors[1] < errors[0] / 3  # the input is noise; photographs gain more
    assert errors[2] < errors[1] / 1.5


def test_the_gradient_of_back_projection() -> None:
    """y + up(low - down(y)): its derivative in the direction v is v - up(down(v))."""
    low = torch.rand(1, 1, 4, 4)
    generator = Generator(torch.nn.Upsample(scale_factor=2), "none", 2, passes=1)
    v = torch.rand(1, 1, 8, 8)
    y = torch.rand(1, 1, 8, 8, requires_grad=True)
    passed = y + enlarge(low - reduce(y, 2), "bicubic", 2)
    (gradient,) = torch.autograd.grad((passed * v).sum(), y)
    step = 1e-2 * torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(2))
    moved = y.detach() + step + enlarge(low - reduce(y.detach() + step, 2), "bicubic", 2)
    assert float((gradient * step).sum()) == pytest.approx(float(((moved - passed.detach()) * v).sum()), rel=1e-3)
    wanted = low.repeat_interleave(2, -1).repeat_interleave(2, -2)
    wanted = wanted + enlarge(low - reduce(wanted, 2), "bicubic", 2)
    assert torch.allclose(generator(low), wanted, atol=1e-6)


@pytest.mark.parametrize("passes", [0, 1])
def test_a_plane_behind_the_colours_goes_to_the_network_only(passes: int) -> None:
    class Told(torch.nn.Module):
        def forward(self, low: torch.Tensor) -> torch.Tensor:
            return 0 * low[:, :3].repeat_interleave(2, 2).repeat_interleave(2, 3) + low[:, 3:].mean()

    low = torch.rand(1, 3, 8, 9)
    generator = Generator(Told(), "bicubic", 2, passes=passes)
    plain = Generator(Told(), "bicubic", 2, passes=passes)(torch.cat([low, torch.zeros(1, 1, 8, 9)], 1))
    told = generator(torch.cat([low, torch.full((1, 1, 8, 9), 0.5)], 1))
    assert told.shape == (1, 3, 16, 18)
    assert torch.allclose(told - plain, torch.full_like(told, 0 if passes else 0.5), atol=1e-4)
