"""Layers that several networks share."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


class RepConv(nn.Module):
    """A k x k convolution that is trained as a sum of branches and used as one kernel (RepVGG 2021, ECBSR 2021).

    Branches, all without an inner bias: the k x k itself, a 1x1, and a k x k to `expansion` times the output channels
    followed by a 1x1. Their kernels are merged at **every** call, training steps included: running the branches one by
    one costs five times the processor time of the merged kernel. (N, C, h, w) to (N, out, h, w), zero padding, k odd.
    """

    def __init__(self, channels_in: int, channels_out: int, expansion: int = 2, kernel: int = 3) -> None:
        super().__init__()
        self.padding = kernel // 2
        plain = nn.Conv2d(channels_in, channels_out, kernel, padding=self.padding)
        self.weight = nn.Parameter(plain.weight.detach().clone())
        assert plain.bias is not None
        self.bias = nn.Parameter(plain.bias.detach().clone())
        self.point = nn.Parameter(torch.zeros(channels_out, channels_in))
        middle = expansion * channels_out
        self.wide = nn.Parameter(nn.init.kaiming_uniform_(torch.empty(middle, channels_in, kernel, kernel), a=5**0.5))
        self.narrow = nn.Parameter(torch.randn(channels_out, middle) * 1e-2)  # small: starts near the plain convolution

    def merged(self) -> Tensor:
        """The one kernel (out, in, k, k) that equals the sum of the branches."""
        with torch.autocast(self.weight.device.type, enabled=False):  # sums of kernels need float32
            branch = (self.narrow @ self.wide.flatten(1)).view_as(self.weight)
            return self.weight + branch + F.pad(self.point[..., None, None], (self.padding,) * 4)

    @torch.no_grad()
    def become_(self, kernel: Tensor) -> None:
        """Let the branches sum up to another kernel, of the shape of `merged`; only the k x k one moves."""
        self.weight.add_(kernel - self.merged())

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.merged(), self.bias, padding=self.padding)

    def plain(self) -> nn.Conv2d:
        """The inference form: one ordinary convolution."""
        outputs, inputs, kernel, _ = self.weight.shape
        conv = nn.Conv2d(inputs, outputs, kernel, padding=self.padding)
        conv = conv.to(device=self.weight.device, dtype=self.weight.dtype)
        with torch.no_grad():
            conv.weight.copy_(self.merged())
            assert conv.bias is not None
            conv.bias.copy_(self.bias)
        return conv


class Residual(nn.Module):
    """x + body(x), with a ReLU after the sum (He 2016), leaky or not, or without (EDSR 2017)."""

    def __init__(self, body: nn.Module, activate_sum: bool = False, slope: float = 0.0) -> None:
        super().__init__()
        self.body, self.activate_sum, self.slope = body, activate_sum, slope

    def forward(self, x: Tensor) -> Tensor:
        total = x + self.body(x)
        if not self.activate_sum:
            return total
        return F.leaky_relu(total, self.slope) if self.slope else torch.relu(total)


def rectifier(slope: float) -> nn.Module:
    """ReLU, or a leaky one that passes `slope` times what is negative (Maas 2013)."""
    return nn.LeakyReLU(slope) if slope else nn.ReLU()


class PReLU(nn.PReLU):
    """nn.PReLU with one slope (He 2015), whose backward pass on a CPU in bfloat16 costs what its forward pass does.

    torch's own costs twenty times as much there, a third of a training step of SRResNet. Second derivatives, which no
    generator is asked for, raise RuntimeError there. Any shape to the same.
    """

    def forward(self, input: Tensor) -> Tensor:
        slow = input.device.type == "cpu" and input.dtype == torch.bfloat16 and torch.is_grad_enabled()
        if slow and self.num_parameters == 1 and not torch.compiler.is_compiling():
            leaky: Tensor = _OneSlope.apply(input, self.weight)  # type: ignore[no-untyped-call]
            return leaky
        return super().forward(input)

    def plain(self) -> nn.PReLU:
        """The inference form: torch's own."""
        own = nn.PReLU(self.num_parameters).to(self.weight)
        with torch.no_grad():
            own.weight.copy_(self.weight)
        return own


class _OneSlope(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(x, slope)
        return F.leaky_relu(x, float(slope))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        x, slope = ctx.saved_tensors
        back: Tensor = torch.ops.aten.leaky_relu_backward(gradient, x, float(slope), False)
        # channels are summed in float32 inside and rounded once a pixel; all in one float32 sum takes ten times as long
        pixels = (gradient * x.clamp(max=0)).sum(dim=1)
        return back, pixels.sum(dtype=torch.float32).reshape(1)


def as_dcgan_(network: nn.Module) -> None:
    """Initialise as DCGAN (Radford 2016) and the TensorLayer code: kernels N(0, 0.02), gains N(1, 0.02), no bias."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
            nn.init.normal_(module.weight, 1.0, 0.02)
