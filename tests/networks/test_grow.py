"""A larger network that begins as a smaller one."""

import pytest
import torch

from wassr.networks.compact import Compact
from wassr.networks.facts import FACTS
from wassr.networks.grow import fits, grow_


def _trained(**arguments: int | bool) -> Compact:
    torch.manual_seed(1)
    network = Compact(2, **arguments)  # type: ignore[arg-type]
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network.double()


@pytest.mark.parametrize("branches", [True, False])
@pytest.mark.parametrize("activate_sum", [True, False])
@pytest.mark.parametrize(("channels", "blocks"), [(32, 2), (16, 4), (48, 3), (16, 2)])
def test_it_has_the_same_function(branches: bool, activate_sum: bool, channels: int, blocks: int) -> None:
    rest = {"branches": branches, "activate_sum": activate_sum}
    small = _trained(channels=16, blocks=2, **rest)
    large = Compact(2, channels, blocks, **rest).double()
    picture = torch.rand(2, 3, 9, 14, dtype=torch.float64)
    before = large(picture)
    grow_(large, small)
    assert torch.allclose(large(picture), small(picture), rtol=0, atol=1e-10)
    assert not torch.allclose(before, small(picture), rtol=0, atol=1e-2)


def test_everything_new_learns() -> None:
    large = Compact(2, 32, 3).double()
    grow_(large, _trained(channels=16, blocks=2))
    rate, picture = 1e-3, torch.rand(2, 3, 9, 14, dtype=torch.float64)
    begin = {name: parameter.detach().clone() for name, parameter in large.named_parameters()}
    for _ in range(3):
        large(picture).square().sum().backward()
        with torch.no_grad():
            for parameter in large.parameters():
                parameter -= rate * parameter.grad  # type: ignore[operator]
                parameter.grad = None
    for name, parameter in large.named_parameters():
        assert not torch.equal(parameter, begin[name]), name


@pytest.mark.parametrize(
    ("changes", "possible"),
    [
        ({"channels": 64}, True),
        ({"blocks": 8}, True),
        ({"channels": 64, "blocks": 8}, True),
        ({}, False),
        ({"channels": 64, "blocks": 4}, False),
        ({"channels": 64, "depth": 3}, False),
        ({"channels": 64, "branches": False}, False),
        ({"quality_plane": True}, True),
        ({"channels": 64, "quality_plane": True}, True),
    ],
)
def test_which_fit(changes: dict[str, int], possible: bool) -> None:
    default = FACTS["compact"].defaults
    assert fits(default, {**default, **changes}) is possible


def test_a_plane_of_the_quality_is_not_taken_away() -> None:
    default = FACTS["compact"].defaults
    assert not fits({**default, "quality_plane": True}, {**default, "channels": 64})


def test_a_smaller_one_has_no_place() -> None:
    with pytest.raises(ValueError, match=r"\(32, 3, 3, 3\) has no place in \(16, 3, 3, 3\)"):
        grow_(Compact(2, 16, 2), Compact(2, 32, 2))


def test_a_plane_of_the_quality_comes_in_unheard() -> None:
    small = _trained(channels=16, blocks=2)
    large = Compact(2, 32, 2, quality_plane=True).double()
    picture, plane = torch.rand(2, 3, 9, 14, dtype=torch.float64), torch.rand(2, 1, 9, 14, dtype=torch.float64)
    grow_(large, small)
    told = large(torch.cat([picture, plane], 1))
    assert torch.allclose(told, small(picture), rtol=0, atol=1e-10)
    told.square().sum().backward()
    assert large.head[0].weight.grad[:, 3].abs().max() > 0  # and may be heard soon
