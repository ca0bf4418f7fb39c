"""The critic measured where it cannot cheat: on fixed held-out crops that neither network has trained on.

docs/meter.md says how to read each curve.
"""

import copy
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wassr.data.stream import Batch, Key, with_quality
from wassr.models.build import Generator
from wassr.training.adversarial import Adversary, randomness
from wassr.training.distance import Claims, claims, pooled_auc, separation
from wassr.training.guard import Norms, Refused
from wassr.training.lipschitz import saturation
from wassr.training.recipe import AdversarialStage
from wassr.training.state import State
from wassr.training.step import descend, total
from wassr.training.validation import Pair

CROPS = 48
LAG_STEPS = 10
EQUALITY_SHARE = 0.05  # of the objective's value at equality: an advantage below it counts as this much

Enlarged = Callable[[Tensor], Tensor]  # what a generator sees to (N, 3, H, W), in [0, 1]


class Meter:
    """Every curve of the critic, on the middle and corners of the held-out pictures, cut to the training crop.

    anchors: name -> another way to enlarge, whose distance by the same critic gives the scale. crops: makes the crops
    of a key of the training stream; quality_plane: as the stream gives it. At least one held-out picture must hold a
    crop (`validation_pairs` sees to it).
    """

    def __init__(
        self,
        spec: AdversarialStage,
        pairs: list[Pair],
        scale: int,
        crops: Callable[[Key], Batch],
        anchors: dict[str, Enlarged],
        in_bfloat16: bool = False,
        quality_plane: bool = False,
    ) -> None:
        self.spec, self.crops = spec, crops
        self.adversary = Adversary(spec.adversarial, in_bfloat16)
        self.low, self.high = held_out(pairs, spec.crop, scale, quality_plane)
        with torch.no_grad():
            self.anchors = {name: _in_parts(enlarge, self.low) for name, enlarge in anchors.items()}

    def __call__(self, state: State) -> dict[str, float]:
        """The curves at this step; nothing in the state changes."""
        critic, _ = state.critic_and_optimizer()
        found = claims(critic, self.low, self.high, _made(state.generator, self.low))
        values = {
            "critic/gap_heldout": found.gap,
            "critic/separation": separation(found.real - found.fake),
            "critic/auc": pooled_auc(found.real, found.fake),
            "critic/slope": found.steepness,
            "critic/slope_largest": found.steepest,
            "critic/wasserstein": found.wasserstein,
            "critic/wasserstein_low": found.wasserstein_low,
            "critic/ceiling": found.ceiling,
            "critic/zero_line": found.zero_line,
        }
        for name, made in self.anchors.items():
            values[f"critic/anchor_{name}"] = claims(critic, self.low, self.high, made).wasserstein
        if state.step > 0:
            values |= self._memorising(state, found) | self._lag(state, found)
        loss = self.spec.adversarial
        if loss.clip is not None:
            values["critic/saturation"] = saturation(critic, loss.clip, loss.clip_what)
        return values

    def _memorising(self, state: State, held: Claims) -> dict[str, float]:
        """1 - held-out gap / training gap, on the crops that the critic saw last; nothing while that gap is no more
        than chance."""
        batches = [self.crops(self._last_crops(state, step)) for step in self._last_steps(state)]
        low, high = (torch.cat([getattr(batch, side) for batch in batches])[:CROPS] for side in ("low", "high"))
        seen = claims(state.critic_and_optimizer()[0], low, high, _made(state.generator, low))
        if seen.wasserstein <= seen.zero_line:
            return {}
        return {"critic/memorising": min(max(1 - held.gap / seen.gap, 0.0), 1.0)}

    def _last_crops(self, state: State, step: int) -> Key:
        """Those of the last critic step before a generator step, as they were drawn in the end."""
        last = max(self.spec.adversarial.critic_steps_at(step) - 1, 0)
        return Key("critic", step, last, state.caution.attempt(step))

    def _last_steps(self, state: State) -> Iterator[int]:
        count = -(-CROPS // self.spec.batch)
        yield from range(max(state.step - count, 0), state.step)

    def _lag(self, state: State, before: Claims) -> dict[str, float]:
        """How much more a copy of the critic would claim after more steps against a generator that stands still.

        Nothing for a frozen critic."""
        if not any(p.requires_grad for p in state.critic_and_optimizer()[0].parameters()):
            return {}
        critic, optimizer = copy.deepcopy(state.critic_and_optimizer())
        norms = Norms()
        try:
            first, interval = self.spec.adversarial.turn(state.step, 0), self.spec.adversarial.penalty_interval
            for k in range(max(LAG_STEPS, interval)):  # one with a penalty at least
                batch = self.crops(Key("meter", state.step, k))
                source = randomness(state.seed + 1, state.step, k)
                fake = _made(state.generator, batch.low)
                judged = self.adversary.critic_loss(
                    critic, batch.low, batch.high, fake, source, first + k, strength=state.caution.penalty
                )
                descend(optimizer, critic, total(judged.terms), "critic", None, norms)
                self.adversary.constrain(critic)
        except Refused:  # the guard meets it in the run itself, if it is there
            return {}
        after = claims(critic, self.low, self.high, _made(state.generator, self.low))
        value = self._relative_rise(before, after)
        return {} if value is None else {"critic/lag": value}

    def _relative_rise(self, before: Claims, after: Claims) -> float | None:
        """Of gap over slope; for objectives that are no distance, of their advantage over a critic that cannot tell."""
        objective = self.adversary.objective
        if objective.needs_lipschitz:
            one, other, least = before.wasserstein, after.wasserstein, before.zero_line
        else:
            one, other = (
                objective.at_equality - float(objective.critic(claim.real, claim.fake)) for claim in (before, after)
            )
            least = EQUALITY_SHARE * objective.at_equality
        floor = max(abs(one), least)
        return (other - one) / floor if floor > 0 else None


def held_out(pairs: list[Pair], crop: int, scale: int, quality_plane: bool = False) -> tuple[Tensor, Tensor]:
    """low (N, 3 or 4, h, w) and high (N, 3, H, W) in [0, 1]: the middles of all pictures, then their corners."""
    lows, highs, qualities = [], [], []
    places = [_places(pair.low.shape[0] - crop // scale, pair.low.shape[1] - crop // scale) for pair in pairs]
    for turn in range(3):
        for pair, at in zip(pairs, places, strict=True):
            if turn < len(at):
                top, left = at[turn]
                lows.append(pair.low[top : top + crop // scale, left : left + crop // scale])
                qualities.append(pair.quality)
                highs.append(pair.high[top * scale : top * scale + crop, left * scale : left * scale + crop])
    low, high = _tensor(lows[:CROPS]), _tensor(highs[:CROPS])
    return with_quality(low, qualities[:CROPS]) if quality_plane else low, high


def _made(generator: Generator, low: Tensor) -> Tensor:
    """What the generator in training makes, on running statistics."""
    training = generator.training
    generator.eval()
    with torch.no_grad():
        made = _in_parts(generator, low)
    generator.train(training)
    return made


def _in_parts(enlarge: Enlarged, low: Tensor) -> Tensor:
    return torch.cat([enlarge(part).float() for part in torch.split(low, 8)])


def _places(down: int, right: int) -> list[tuple[int, int]]:
    """Middle and two corners, where they fit."""
    if down < 0 or right < 0:
        return []
    return list(dict.fromkeys([(down // 2, right // 2), (0, 0), (down, right)]))


def _tensor(crops: list[NDArray[np.uint8]]) -> Tensor:
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255
