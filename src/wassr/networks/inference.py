"""From the training form to the inference form: the same function, to float rounding, with fewer and cheaper layers.

Three rewritings, each only where the order of layers is certain (inside nn.Sequential):
- re-parameterised branches (blocks.RepConv) become one convolution, and blocks.PReLU becomes torch's own;
- batch normalisation is folded into the convolution before it: w·γ/√(v + ε);
- a large last kernel behind PixelShuffle(r) becomes a convolution on the grid before the shuffle (polyphase). Three
  output channels fill 3 of a processor's 16 lanes, so 9x9 at r 2 runs three times faster with 23 % more multiply-adds.
"""

import copy

import torch
from torch import Tensor, nn

from wassr.networks.blocks import PReLU, RepConv
from wassr.networks.subpixel import polyphase_cost, polyphase_kernel

# functions of single values: they commute with PixelShuffle (PReLU too, its slopes repeated)
_POINTWISE = (nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.SiLU, nn.GELU, nn.PReLU)
# Times of PReLU and the last convolution behind PixelShuffle(r) over those of the low-grid form, one thread of a Zen 4,
# OpenVINO float32 / bf16: r 2 k 9 (1.23 times the multiply-adds) 2.9 / 2.5; r 2 k 5 (1.44) 2.3 / 1.8; r 3 k 9 (2.78)
# 1.6 / 1.6; r 3 k 5 (3.24) 1.4 / 1.4; r 2 k 3 (4.0) 1.2 / 1.1, which is not worth a kernel of four times the size.
_COST_LIMIT = 3.5


def inference_form(network: nn.Module, polyphase: bool = True) -> nn.Module:
    """A copy of `network` for use: standard layers only, evaluation mode, no gradients.

    The network itself is left as it is. Without `polyphase` every layer stays on the grid where its paper has it.
    """
    return _plain(copy.deepcopy(network), polyphase).eval().requires_grad_(False)


def _plain(module: nn.Module, polyphase: bool) -> nn.Module:
    if isinstance(module, RepConv | PReLU):
        return module.plain()
    for name, child in list(module.named_children()):
        setattr(module, name, _plain(child, polyphase))
    if type(module) is nn.Sequential:
        layers = _fold(list(module))
        return nn.Sequential(*(_polyphase(layers) if polyphase else layers))
    return module


def _fold(layers: list[nn.Module]) -> list[nn.Module]:
    folded: list[nn.Module] = []
    for layer in layers:
        before = folded[-1] if folded else None
        if isinstance(layer, nn.BatchNorm2d) and isinstance(before, nn.Conv2d):
            folded[-1] = fold_normalisation(before, layer)
        else:
            folded.append(layer)
    return folded


@torch.no_grad()
def fold_normalisation(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """One convolution that equals `conv` followed by `norm` on its running statistics. Computed in float64."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    gain = (_exact(norm.running_var) + norm.eps).rsqrt()
    if norm.affine:
        gain = gain * _exact(norm.weight)
    shift = -_exact(norm.running_mean) * gain
    if conv.bias is not None:
        shift = shift + _exact(conv.bias) * gain
    if norm.affine:
        shift = shift + _exact(norm.bias)
    folded = copy.deepcopy(conv)
    folded.weight.copy_(_exact(conv.weight) * gain[:, None, None, None])
    folded.bias = nn.Parameter(shift.to(conv.weight))
    return folded


def _exact(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().double()  # on the host: not every device knows float64


def _polyphase(layers: list[nn.Module]) -> list[nn.Module]:
    """Replace [..., PixelShuffle, pointwise..., last convolution] where the low grid is cheaper."""
    last = layers[-1] if layers else None
    place = max((i for i, layer in enumerate(layers) if isinstance(layer, nn.PixelShuffle)), default=None)
    if place is None or not isinstance(last, nn.Conv2d) or not _same_size(last):
        return layers
    between = layers[place + 1 : -1]
    shuffle = layers[place]
    assert isinstance(shuffle, nn.PixelShuffle)
    r = shuffle.upscale_factor
    cheaper = polyphase_cost(last.kernel_size[0], r) <= _COST_LIMIT
    if not cheaper or not all(isinstance(layer, _POINTWISE) for layer in between):
        return layers
    moved = [_repeated(layer, r) for layer in between]
    return [*layers[:place], *moved, _low_grid(last, r), nn.PixelShuffle(r)]


def _same_size(conv: nn.Conv2d) -> bool:
    k = conv.kernel_size[0]
    plain = conv.groups == 1 and conv.dilation == (1, 1) and conv.stride == (1, 1) and conv.padding_mode == "zeros"
    return plain and conv.kernel_size == (k, k) and k % 2 == 1 and conv.padding == (k // 2, k // 2)


@torch.no_grad()
def _low_grid(conv: nn.Conv2d, r: int) -> nn.Conv2d:
    kernel = polyphase_kernel(conv.weight, r)
    outputs, inputs, k = kernel.shape[:3]
    moved = nn.Conv2d(inputs, outputs, k, padding=k // 2, bias=conv.bias is not None).to(kernel)
    moved.weight.copy_(kernel)
    if moved.bias is not None and conv.bias is not None:
        moved.bias.copy_(conv.bias.repeat_interleave(r**2))
    return moved


@torch.no_grad()
def _repeated(layer: nn.Module, r: int) -> nn.Module:
    """The same function before the shuffle: slopes of single channels belong to all r² phases of theirs."""
    if not isinstance(layer, nn.PReLU) or layer.num_parameters == 1:
        return layer
    slopes = layer.weight.repeat_interleave(r**2)
    moved = nn.PReLU(len(slopes)).to(slopes)
    moved.weight.copy_(slopes)
    return moved
