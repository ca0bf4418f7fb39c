"""What a network is, measured instead of believed: how far it looks, what it computes, how many parameters it has."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Cost:
    """Of one network at one scale. gmac: 10^9 multiply-adds per 10^6 output pixels, convolutions and matrices only."""

    gmac: float
    parameters: int


def cost(network: nn.Module, scale: int, planes: int) -> Cost:
    """Count what `network` computes on a picture of 32x32 low-resolution pixels.

    Counted where the arithmetic happens, so functional convolutions are seen. A training form that merges kernels at
    every call is counted with the merging: give the inference form.
    """
    low = torch.zeros(1, planes, 32, 32)
    was = network.training
    network.eval()
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            high = network(low.to(next(network.parameters())))
    finally:
        network.train(was)
    pixels = high.shape[-2] * high.shape[-1]
    assert pixels == (32 * scale) ** 2
    return Cost(counter.get_total_flops() / 2 / pixels / 1e3, count(network))


def count(network: nn.Module) -> int:
    """Number of parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def radius(network: nn.Module, planes: int, reach: int = 64) -> int:
    """How far an output pixel looks, in low-resolution pixels, at most `reach`: tiles must overlap by it.

    Output pixel Y belongs to low pixel Y // scale; the radius is the largest distance of a low pixel that changes it.
    All weights are replaced by positive ones in a copy, so that nothing cancels and no ReLU is shut: the answer is the
    architecture's, and no trained weights can look farther. Measured by exact zeros of the gradient in float64, along
    both axes and at four neighbouring places, so that maps with a stride show themselves.
    """
    probed = _positive(network)
    try:
        return _both_axes(probed, planes, reach, 2)  # two lines tell as much as many, and cost a tenth
    except RuntimeError:  # a pooling or a stride that needs more lines
        return _both_axes(probed, planes, reach, 16)


def _both_axes(network: nn.Module, planes: int, reach: int, lines: int) -> int:
    return max(_reach(network, planes, reach, lines, rows) for rows in (False, True))


def _positive(network: nn.Module) -> nn.Module:
    probed = copy.deepcopy(network).double().eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in probed.parameters():
            fan_in = max(weight[0].numel(), 1) if weight.ndim > 1 else 1
            weight.copy_((torch.rand(weight.shape, generator=generator, dtype=torch.float64) + 0.5) / fan_in)
            if weight.ndim == 1:
                weight.mul_(0.1)  # biases and slopes: small, so that nothing saturates
    return probed


def _reach(network: nn.Module, planes: int, reach: int, short: int, rows: bool) -> int:
    long = 2 * reach + 4
    low = torch.full((1, planes, long, short) if rows else (1, planes, short, long), 0.5, dtype=torch.float64)
    low.requires_grad_(True)
    high: Tensor = network(low)
    scale = high.shape[2] // low.shape[2]
    farthest = 0
    for place in range(reach, reach + 4):
        line = slice(place * scale, (place + 1) * scale)
        seen = high[:, :, line, :] if rows else high[:, :, :, line]
        (gradient,) = torch.autograd.grad(seen.sum(), low, retain_graph=True)
        touched = (gradient != 0).any(dim=1).any(dim=2 if rows else 1).flatten().nonzero().flatten()
        farthest = max(farthest, int((touched - place).abs().max()))
    return min(farthest, reach)


def main(name: str) -> None:
    """Print what a row of FACTS must say of a network: python -m wassr.networks.probe NAME."""
    from wassr.networks.inference import inference_form
    from wassr.networks.table import NETWORKS

    found = {}
    for planes in (3, 1):
        try:
            found = {scale: radius(NETWORKS[name](scale=scale), planes) for scale in (2, 3, 4)}
        except RuntimeError:  # it takes the other number of planes
            continue
        gmac = cost(inference_form(NETWORKS[name](scale=4), polyphase=False), 4, planes).gmac
        print(f"channels={'rgb' if planes == 3 else 'y'}  radius={max(found.values())}  gmac={gmac:.3g}")


if __name__ == "__main__":
    import sys

    main(sys.argv[1])
