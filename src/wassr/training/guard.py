"""The guard: what must not be applied is not, and a run that meets it goes on from its last good state.

A step is refused before its optimiser moves anything: a loss term or gradient that is not finite, a gradient norm of
more than FACTOR times the running median of that network twice in a row, or of more than SUDDEN times it once (and of
more than HARMLESS), or results of the generator that are louder than LOUD, which needs no history and is asked again
before anything is saved. The run then returns to the last saved state, will draw other crops for that step, changes
one thing, and goes on, at most RETRIES times a stage:

- the first, third, ... time the learning rates are halved;
- the second, fourth, ... time the weight of the critic's penalty is doubled; without a penalty, the rates again.

Everything here is a function of the saved state, so a run killed in between does the same again, to the bit.
"""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from wassr.ground.errors import TrainingError

# An explosion passes this within a few steps and stays there. A critic under spectral norm passes it in healthy runs
# too, for a single step while its singular vectors turn (664 times was seen), and optimisers that divide by the
# gradient's size, all of ours but plain SGD, take no harm from one.
FACTOR = 100.0
SUDDEN = 1e4
HARMLESS = 1e-2  # a gradient of this norm is no explosion, however silent a collapsed critic was before
WINDOW = 100  # steps in the median
LEAST = 20  # steps before a median is believed
RETRIES = 5
LOUD = 10.0  # mean |value| of results. Pictures keep to 1 and fresh networks come near; at 10 the PSNR is under -19 dB,
# where no healthy run passes, while a far too large rate goes beyond it within a step or two


class Refused(TrainingError):
    """A step that would spoil the run; nothing was applied."""


class NotFinite(Refused):
    """A loss or gradient is not a number."""


class Exploding(Refused):
    """A gradient is far larger than it was, or the generator's results than any picture."""


@dataclass(frozen=True)
class Caution:
    """What the guard changed so far in a stage; part of the state.

    rate: factor on the learning rates; penalty: factor on the penalty's weight; skipped: generator steps whose crops
    are drawn anew, once for each mention.
    """

    times: int = 0
    rate: float = 1.0
    penalty: float = 1.0
    skipped: tuple[int, ...] = ()

    def after(self, step: int, has_penalty: bool) -> tuple["Caution", str]:
        """More caution because `step` was refused, and the change in words."""
        now = replace(self, times=self.times + 1, skipped=(*self.skipped, step))
        if now.times % 2 == 0 and has_penalty:
            return replace(now, penalty=2 * self.penalty), "penalty weight x 2"
        return replace(now, rate=self.rate / 2), "learning rate x 0.5"

    def attempt(self, step: int) -> int:
        """How many times other crops are to be drawn for a step."""
        return self.skipped.count(step)


@dataclass
class Norms:
    """The latest gradient norms of each network; part of the state."""

    seen: dict[str, list[float]] = field(default_factory=dict)

    def judge(self, what: str, norm: float) -> None:
        """Remember a norm. Raises Exploding when it is far above the median of those before, as the last one was."""
        before = self.seen.setdefault(what, [])
        median = statistics.median(before) if len(before) >= LEAST else 0.0
        far = FACTOR if median and before[-1] > FACTOR * median else SUDDEN
        if norm > HARMLESS and norm > far * median > 0:
            raise Exploding(f"the {what} gradient's norm is {norm:.3g}, {norm / median:.0f} times its running median")
        before.append(norm)
        del before[:-WINDOW]


def loudness(made: Tensor) -> None:
    """Raises Exploding for results far beyond any picture. What is not finite is left to those who can name it."""
    size = float(made.detach().abs().mean())
    if LOUD < size < math.inf:
        raise Exploding(f"the generator's results are {size:.3g} times as bright as white on average")


def first_bad_layer(network: nn.Module, *inputs: Tensor) -> str | None:
    """The first layer that makes a value which is not finite, or whose weights are not; None if there is none.

    The network's running statistics are left alone.
    """
    for name, value in network.state_dict().items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            return f"weights {name}"
    found: list[str] = []

    def look(name: str) -> Callable[[nn.Module, object, object], None]:
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            if isinstance(output, Tensor) and not bool(output.isfinite().all()):
                found.append(name)

        return hook

    hooks = [m.register_forward_hook(look(name)) for name, m in network.named_modules() if name]
    training = network.training
    try:
        with torch.no_grad():
            network.eval()(*inputs)
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return f"layer {found[0]}" if found else None
