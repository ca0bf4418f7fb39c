"""A larger compact that begins as the function of a smaller, trained one (Net2Net, Chen 2016, arXiv 1511.05641).

New channels read what is there and nothing reads them yet; new blocks add nothing yet. So a longer training goes on
from what the smaller network can do, instead of anew from the bicubic enlargement.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from wassr.networks.blocks import RepConv
from wassr.networks.compact import Compact
from wassr.networks.facts import QUALITY_PLANE, Argument

_SIZES = ("channels", "blocks")
_FREE = (*_SIZES, "slope", QUALITY_PLANE)


def fits(small: Mapping[str, Argument], large: Mapping[str, Argument]) -> bool:
    """Whether a compact of the arguments `large`, all spelt out, can begin as one of `small` and is another one.

    The slope may differ: then it begins with the kernels of `small`, and what it passes more is learnt. So may a plane
    of the quality come in, which nothing listens to yet.
    """
    rest = {name: value for name, value in small.items() if name not in _FREE}
    same = rest == {name: value for name, value in large.items() if name not in _FREE}
    return (
        same and small != large and all(float(small[name]) <= float(large[name]) for name in (*_SIZES, QUALITY_PLANE))
    )


def grow_(large: Compact, small: Compact) -> None:
    """Turn `large`, freshly initialised, into `small`: of the same slope, it is the same function up to rounding.

    Both need the same scale, and arguments that fit. Raises ValueError when a kernel of `small` has no place.
    """
    with torch.no_grad():
        _widen(large.head[0], small.head[0])
        for block, layers in enumerate(large.body):
            convolutions = _convolutions(layers)
            if block < len(small.body):
                for new, old in zip(convolutions, _convolutions(small.body[block]), strict=True):
                    _widen(new, old)
            else:
                _set(convolutions[-1], torch.zeros_like(_kernel(convolutions[-1])), None)
        _widen(large.tail[0], small.tail[0])


def _convolutions(block: nn.Module) -> list[nn.Module]:
    return [layer for layer in block.modules() if isinstance(layer, RepConv | nn.Conv2d)]


def _kernel(conv: nn.Module) -> Tensor:
    kernel = conv.merged() if isinstance(conv, RepConv) else conv.weight
    assert isinstance(kernel, Tensor)
    return kernel.detach()


def _widen(new: nn.Module, old: nn.Module) -> None:
    """The old kernel in the first channels; the others read everything as they were drawn, and old ones not them."""
    kernel, known = _kernel(new).clone(), _kernel(old)
    outputs, inputs = known.shape[:2]
    if kernel.shape[0] < outputs or kernel.shape[1] < inputs or kernel.shape[2:] != known.shape[2:]:
        raise ValueError(f"a kernel {tuple(known.shape)} has no place in {tuple(kernel.shape)}")
    kernel[:outputs, :inputs] = known
    kernel[:outputs, inputs:] = 0
    assert isinstance(old.bias, Tensor)
    _set(new, kernel, old.bias)


def _set(conv: nn.Module, kernel: Tensor, bias: Tensor | None) -> None:
    """Make a convolution apply this kernel, whatever its branches are; bias: of the first outputs, None: zero."""
    assert isinstance(conv, RepConv | nn.Conv2d)
    assert conv.bias is not None
    if isinstance(conv, RepConv):
        conv.become_(kernel)
    else:
        conv.weight.copy_(kernel)
    if bias is None:
        conv.bias.zero_()
    else:
        conv.bias[: len(bias)] = bias
