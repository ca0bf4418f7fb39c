"""Which channels never fire."""

import silent
import torch
from torch import nn

from wassr.networks.compact import Compact


def test_a_channel_that_is_pushed_below_zero_is_counted() -> None:
    torch.manual_seed(0)
    network = Compact(4, 16, 2)
    with torch.no_grad():
        inner, outer = (m for m in network.body[1].modules() if hasattr(m, "merged"))  # type: ignore[union-attr]
        inner.bias[:5] = -100  # type: ignore[index, operator]
        outer.bias[:2] = -100  # type: ignore[index, operator]
    found = {layer.name: layer for layer in silent.silent(network, [torch.rand(1, 3, 9, 12) for _ in range(3)])}
    assert list(found) == ["head.1", "body.0.body.1", "body.0, sum", "body.1.body.1", "body.1, sum"]
    assert (found["body.1.body.1"].silent, found["body.1.body.1"].channels) == (5, 16)
    assert found["body.1, sum"].silent == 2
    layers = [silent.Layer("a", 0, 16), silent.Layer("b", 5, 16)]
    assert "| one | 0/16, 5/16 | 16% |" in silent.table({"one": layers})


def test_one_picture_that_wakes_a_channel_is_enough() -> None:
    network = nn.Sequential(nn.Conv2d(3, 2, 1), nn.LeakyReLU(0.1))
    with torch.no_grad():
        network[0].weight.fill_(1)  # type: ignore[union-attr, operator]
        network[0].bias.fill_(-1)  # type: ignore[union-attr, operator]
    dark, light = torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4)
    assert silent.silent(network, [dark])[0].silent == 2
    assert silent.silent(network, [dark, light])[0].silent == 0
