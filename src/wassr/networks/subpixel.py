"""The algebra of sub-pixel convolution (a convolution followed by PixelShuffle): exact rewritings and ICNR.

Torch's PixelShuffle(r) reads z[o, r·m + a, r·n + b] = x[o·r² + a·r + b, m, n]. Sources: W. Shi et al., Is the
deconvolution layer the same as a convolutional layer?, arXiv 1609.07009; A. Aitken et al., Checkerboard artifact free
sub-pixel convolution, arXiv 1707.02937 (ICNR). Everything here is exact but for rounding of the tensor's own type.
"""

import torch
from torch import Tensor, nn

from wassr.ground.errors import ModelError


def deconvolution_kernel(weight: Tensor, r: int) -> Tensor:
    """Kernel (c, o, r·k, r·k) of the transposed convolution equal to convolution + PixelShuffle(r).

    weight: (o·r², c, k, k), k odd, stride 1, padding (k - 1) / 2. The result is meant for stride r and padding
    r·(k - 1) / 2. K[c, o, r(k-1-u)+a, r(k-1-v)+b] = W[o·r² + a·r + b, c, u, v].

    Raises ModelError when the channels do not divide by r² or the kernel is not square and odd.
    """
    outputs, inputs, k = weight.shape[:3]
    if outputs % r**2 or weight.shape[3] != k or k % 2 == 0:
        shape = tuple(weight.shape)
        raise ModelError(f"a kernel {shape} is no sub-pixel convolution for r = {r}: odd, square, o·r² outputs")
    phases = weight.reshape(outputs // r**2, r, r, inputs, k, k).flip(-2, -1)
    return phases.permute(3, 0, 4, 1, 5, 2).reshape(inputs, outputs // r**2, r * k, r * k)


def subpixel_kernel(weight: Tensor, r: int) -> Tensor:
    """The way back: (c, o, r·k, r·k) of a transposed convolution to (o·r², c, k, k) of a sub-pixel one.

    Raises ModelError when the kernel does not divide by r into an odd k: its phases would have unequal tap counts.
    """
    inputs, outputs, size = weight.shape[:3]
    k, rest = divmod(size, r)
    if rest or weight.shape[3] != size or k % 2 == 0:
        raise ModelError(f"a transposed kernel of {size} does not divide into odd phases for stride {r}")
    phases = weight.reshape(inputs, outputs, k, r, k, r).permute(1, 3, 5, 0, 2, 4)
    return phases.flip(-2, -1).reshape(outputs * r**2, inputs, k, k)


def to_deconvolution(conv: nn.Conv2d, r: int) -> nn.ConvTranspose2d:
    """The transposed convolution that equals `conv` followed by PixelShuffle(r).

    Raises ModelError when the bias differs between the phases of one channel: a transposed convolution cannot say that.
    """
    kernel = deconvolution_kernel(conv.weight.detach(), r)
    inputs, outputs, size = kernel.shape[:3]
    bias = None if conv.bias is None else conv.bias.detach().reshape(outputs, r**2)
    if bias is not None and not torch.equal(bias, bias[:, :1].expand_as(bias)):
        raise ModelError("the bias differs between the phases of one channel: no transposed convolution can express it")
    layer = nn.ConvTranspose2d(inputs, outputs, size, r, r * (size // r - 1) // 2, bias=bias is not None)
    layer = layer.to(kernel)
    with torch.no_grad():
        layer.weight.copy_(kernel)
        if layer.bias is not None and bias is not None:
            layer.bias.copy_(bias[:, 0])
    return layer


def to_subpixel(deconv: nn.ConvTranspose2d) -> nn.Sequential:
    """Convolution and PixelShuffle that equal `deconv` (stride r, kernel r·k, padding r·(k - 1) / 2, k odd).

    Raises ModelError for other strides, paddings, groups or dilations.
    """
    r, size = deconv.stride[0], deconv.kernel_size[0]
    kernel = subpixel_kernel(deconv.weight.detach(), r)
    k = size // r
    plain = deconv.groups == 1 and deconv.dilation == (1, 1) and deconv.output_padding == (0, 0)
    if not plain or deconv.stride != (r, r) or deconv.padding != (r * (k - 1) // 2,) * 2:
        raise ModelError(f"only padding r(k-1)/2 without groups or dilation equals a sub-pixel layer, not {deconv}")
    conv = nn.Conv2d(kernel.shape[1], kernel.shape[0], k, padding=k // 2, bias=deconv.bias is not None).to(kernel)
    with torch.no_grad():
        conv.weight.copy_(kernel)
        if conv.bias is not None and deconv.bias is not None:
            conv.bias.copy_(deconv.bias.detach().repeat_interleave(r**2))
    return nn.Sequential(conv, nn.PixelShuffle(r))


def polyphase_kernel(weight: Tensor, r: int) -> Tensor:
    """Kernel V of the low-grid convolution with PixelShuffle(r)(V * x) = weight * PixelShuffle(r)(x), zeros outside.

    weight: (o, c, k, k), k odd, stride 1, padding p = (k - 1) / 2. Result: (o·r², c·r², 2q+1, 2q+1). An output of phase
    a looks through tap u at sub-pixel a + u - p = r·δ + s, that is at phase s of low pixel δ; q is the largest |δ|.
    """
    outputs, inputs, k = weight.shape[:3]
    p = (k - 1) // 2
    q = max(-(-p // r), (r - 1 + p) // r)
    places = [(a, u, *divmod(a + u - p, r)) for a in range(r) for u in range(k)]
    kernel = weight.new_zeros(outputs, r, r, inputs, r, r, 2 * q + 1, 2 * q + 1)
    for a, u, row, s in places:
        for b, v, column, t in places:
            kernel[:, a, b, :, s, t, row + q, column + q] = weight[:, :, u, v]
    return kernel.reshape(outputs * r**2, inputs * r**2, 2 * q + 1, 2 * q + 1)


def polyphase_cost(k: int, r: int) -> float:
    """Multiply-adds of the dense low-grid form over those of the k x k convolution after PixelShuffle(r)."""
    p = (k - 1) // 2
    q = max(-(-p // r), (r - 1 + p) // r)
    return (r * (2 * q + 1) / k) ** 2


@torch.no_grad()
def icnr_(conv: nn.Conv2d, r: int) -> None:
    """Give all r² phases of each channel the kernel and bias of the first: the layer begins as nearest-neighbour resize
    after a convolution, without a checkerboard. Call it after the ordinary initialisation.
    """
    conv.weight.copy_(conv.weight[:: r**2].repeat_interleave(r**2, 0))
    if conv.bias is not None:
        conv.bias.copy_(conv.bias[:: r**2].repeat_interleave(r**2, 0))


def tensorflow_order(planes: int, r: int) -> Tensor:
    """Index (planes·r²) that brings channels of a TensorFlow sub-pixel layer into torch's order: mine = theirs[order].

    TensorFlow's depth_to_space keeps channel (a·r + b)·planes + c where torch keeps c·r² + a·r + b.
    """
    return torch.arange(planes * r**2).reshape(r**2, planes).t().reshape(-1)
