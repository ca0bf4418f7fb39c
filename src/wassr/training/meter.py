"""The critic measured where it cannot cheat: on fixed held-out crops that neither network has trained on."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wassr.models.build import Generator
from wassr.networks.critics import per_picture
from wassr.training.lipschitz import saturation
from wassr.training.recipe import AdversarialStage
from wassr.training.validation import Pair

CROPS = 64


class Meter:
    """gap, separation and saturation on the middle and corners of the held-out pictures, cut to the training crop.

    At least one held-out picture must hold a crop (`validation_pairs` sees to it).
    """

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
        for low, high in zip(torch.split(self.low, 8), torch.split(self.high, 8), strict=True):
            real.append(per_picture(critic(high, low)).float())
            fake.append(per_picture(critic(generator(low), low)).float())
        critic.train(training)
        scores = torch.cat(real) - torch.cat(fake)
        values = {
            "critic/gap_heldout": float(scores.mean()),
            "critic/separation": separation(scores),
        }
        if self.loss.clip is not None:
            values["critic/saturation"] = saturation(critic, self.loss.clip, self.loss.clip_what)
        return values


def separation(differences: Tensor) -> float:
    """Share of pairs in which the real picture scores higher; ties count half, so that a constant critic reads 0.5."""
    return float(((differences.sign() + 1) / 2).mean())


def _places(down: int, right: int) -> list[tuple[int, int]]:
    """Middle and two corners, where they fit."""
    if down < 0 or right < 0:
        return []
    return list(dict.fromkeys([(down // 2, right // 2), (0, 0), (down, right)]))


def _tensor(crops: list[NDArray[np.uint8]]) -> Tensor:
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255
