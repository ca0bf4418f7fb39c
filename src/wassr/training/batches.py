"""Which crops a step gets, and which ones are prepared meanwhile."""

import time
from collections.abc import Callable

from wassr.data.stream import Batch, Key, Role, Stream
from wassr.training.recipe import AdversarialStage, Stage


class StepBatches:
    """The crops of one generator step, by role and sub-step; `seconds` were spent waiting for them.

    teach changes what the generator is to learn; critics see the originals.
    """

    def __init__(
        self, stream: Stream, step: int, spec: Stage, teach: Callable[[Batch], Batch] = lambda batch: batch
    ) -> None:
        self.stream, self.step, self.spec, self.teach, self.seconds = stream, step, spec, teach, 0.0

    def __call__(self, role: Role, sub: int = 0) -> Batch:
        began = time.perf_counter()
        key = Key(role, self.step, sub)
        batch = self.stream(key, following(key, self.spec))
        self.seconds += time.perf_counter() - began
        return self.teach(batch) if role == "generator" else batch


def following(key: Key, spec: Stage) -> Key:
    """What the stage asks for after `key`: its critic steps, then the generator's, then the next step's."""
    if key.role == "critic":
        return (
            Key("critic", key.step, key.sub + 1)
            if key.sub + 1 < critic_steps(spec, key.step)
            else Key("generator", key.step)
        )
    return Key("critic", key.step + 1) if critic_steps(spec, key.step + 1) else Key("generator", key.step + 1)


def critic_steps(spec: Stage, step: int) -> int:
    """Critic steps before generator step `step`; none in a content stage."""
    return spec.adversarial.critic_steps_at(step) if isinstance(spec, AdversarialStage) else 0
