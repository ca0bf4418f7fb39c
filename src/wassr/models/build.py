"""From a card (or a recipe's generator) to a network that makes pictures."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from wassr.ground.errors import ModelError
from wassr.ground.faults import nearest
from wassr.models.card import Base, Card
from wassr.networks.facts import FACTS
from wassr.networks.table import NETWORKS
from wassr.pixels.resize import bicubic_taps


class Generator(nn.Module):
    """network(low) + base(low): (N, C, h, w) in [0, 1] to (N, C, scale h, scale w), unclipped float32.

    low may have a plane of the quality behind its C colours, for networks that want it.

    The network may run in bfloat16; base and sum are always float32, so a residual network loses nothing visible.
    passes: of back-projection on the sum, y += up(low - down(y)), as the Upscaler does them on what users get.
    """

    def __init__(self, network: nn.Module, base: Base, scale: int, in_bfloat16: bool = False, passes: int = 0) -> None:
        super().__init__()
        self.network, self.base, self.scale, self.in_bfloat16 = network, base, scale, in_bfloat16
        self.passes = passes

    def forward(self, low: Tensor) -> Tensor:
        if low.device.type == "cpu":  # convolutions on CPUs run fastest with the channels last
            low = low.contiguous(memory_format=torch.channels_last)
        with torch.autocast(low.device.type, torch.bfloat16, enabled=self.in_bfloat16):
            made = self.network(low)
        colours = low[:, : made.shape[1]]
        high: Tensor = made.float() + enlarge(colours, self.base, self.scale)
        for _ in range(self.passes):
            high = high + enlarge(colours - reduce(high, self.scale), "bicubic", self.scale)
        return high


def enlarge(low: Tensor, base: Base, scale: int) -> Tensor:
    """The fixed interpolation that a network's output is added to, float32; a scalar zero for `none`."""
    if base == "none":
        return low.new_zeros(())
    if base == "nearest":
        return F.interpolate(low.float(), scale_factor=scale, mode="nearest")
    rows, columns = (bicubic_matrix(size, scale * size, low.device) for size in low.shape[-2:])
    return rows @ low.float() @ columns.T


def reduce(high: Tensor, scale: int) -> Tensor:
    """pixels.resize by 1/scale on a batch, in floats, differentiable."""
    rows, columns = (
        torch.from_numpy(bicubic_taps(size, size // scale, 1 / scale).matrix()).to(high.device)
        for size in high.shape[-2:]
    )
    return rows @ high @ columns.T


def bicubic_matrix(size_in: int, size_out: int, device: torch.device) -> Tensor:
    """One axis of pixels.resize as a float32 matrix (out, in)."""
    return torch.from_numpy(bicubic_taps(size_in, size_out).matrix()).to(device)


def build_network(name: str, scale: int, arguments: Mapping[str, int | float | str | bool]) -> nn.Module:
    """The training form of a network of the table, freshly initialised.

    Raises ModelError for an unknown name, scale or argument.
    """
    if name not in NETWORKS:
        guess = nearest(name, list(NETWORKS))
        raise ModelError(
            f"{name}: no such network; " + (f"did you mean {guess}?" if guess else f"known: {', '.join(NETWORKS)}")
        )
    facts = FACTS[name]
    if scale not in facts.scales:
        raise ModelError(f"network {name}: no scale {scale}; it has {', '.join(map(str, facts.scales))}")
    for argument in arguments:
        if argument not in facts.defaults:
            guess = nearest(argument, list(facts.defaults))
            hint = f"did you mean {guess}?" if guess else f"it takes {', '.join(facts.defaults)}"
            raise ModelError(f"network {name}: no argument {argument}; {hint}")
    return NETWORKS[name](scale=scale, **arguments)


def build_generator(card: Card, weights: Mapping[str, NDArray[np.float32]]) -> Generator:
    """The network of a model file with its weights, in evaluation mode.

    Raises ModelError when weights and network do not fit.
    """
    network = build_network(card.network, card.scale, card.arguments)
    load_network(network, weights, card)
    return Generator(network, card.base, card.scale).eval()


def load_network(network: nn.Module, weights: Mapping[str, NDArray[np.float32]], card: Card) -> None:
    """Put a model file's weights into its network. Raises ModelError when they do not fit."""
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        raise ModelError(f"{card.name}: its weights do not fit network {card.network}: {first}") from None
