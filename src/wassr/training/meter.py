"""The critic measured where it cannot cheat: on fixed held-out crops that neither network has trained on."""

import numpy as np
import torch
from torch import Tensor, nn

from wassr.models.build import Generator
from wassr.training.lipschitz import saturation
from wassr.training.recipe import AdversarialStage
from wassr.training.validation import Pair

CROPS = 64


class Meter:
    """gap, separation and saturation on the middle and corners of the held-out pictures, cut to the training crop."""

    def __init__(self, spec: AdversarialStage, pairs: list[Pair], scale: int) -> None:
        self.loss = spec.adversarial
        size, small = spec.crop, spec.crop // scale
        lows, highs = [], []
        for pair in pairs:
            for top, left in _places(pair.low.shape[0] - small, pair.low.shape[1] - small):
                lows.append(pair.low[top : top + small, left : left + small])
                highs.append(pair.high[top * scale : top * scale + size, left * scale : left * scale + size])
        self.low, self.high = _tensor(lows[:CROPS]), _tensor(highs[:CROPS])

    @torch.no_grad()
    def __call__(self, critic: nn.Module, generator: Generator) -> dict[str, float]:
        """Normalisation layers use their running statistics, so that a score belongs to its picture alone."""
        training = critic.training
        critic.eval()
        real, fake = [], []
        for low, high in zip(self.low.split(8), self.high.split(8), strict=True):
            real.append(critic(high, low).float())
            fake.append(critic(generator(low).clamp(0, 1), low).float())
        critic.train(training)
        scores = torch.cat(real) - torch.cat(fake)
        values = {
            "critic/gap_heldout": float(scores.mean()),
            "critic/separation": float((scores > 0).float().mean()),
        }
        if self.loss.clip is not None:
            values["critic/saturation"] = saturation(critic, self.loss.clip, self.loss.clip_what)
        return values


def _places(down: int, right: int) -> list[tuple[int, int]]:
    """Middle and two corners, where they fit."""
    if down < 0 or right < 0:
        return []
    return list(dict.fromkeys([(down // 2, right // 2), (0, 0), (down, right)]))


def _tensor(crops: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255
