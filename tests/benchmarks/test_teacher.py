"""A network of others as a teacher file: the same results as the network itself."""

from pathlib import Path

import numpy as np
import peers
import pytest
import teacher
import torch

from tests.benchmarks.conftest import SHARED
from wassr.models.shelf import find
from wassr.upscaling.engines import OpenVinoEngine


@pytest.mark.skipif(not (SHARED / "peers").exists(), reason="the peers' weights are not here (../shared/data)")
def test_the_file_does_what_the_network_does(tmp_path: Path) -> None:
    path = teacher.write("rlfn-s", SHARED / "peers", tmp_path)
    card = find(path).card
    assert (card.name, card.scale, card.licence) == ("rlfn-s-x4", 4, "Apache-2.0")
    low = np.random.default_rng(0).random((3, 3, 32, 32), dtype=np.float32)  # a batch, as the trainer has it
    with torch.no_grad():
        wanted = peers.load("rlfn-s", SHARED / "peers")(torch.from_numpy(low)).numpy()
    assert np.abs(OpenVinoEngine(path, "float32").run(low) - wanted).max() < 1e-3


def test_the_mean_of_eight_orientations_turns_with_its_input() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 48, 3, padding=1), torch.nn.PixelShuffle(4))
    turned, low = teacher.Turns(network), torch.rand(1, 3, 8, 12)
    with torch.no_grad():
        plain, made = network(low), turned(low)
        for turns in range(4):
            for flips in ((), (3,)):
                seen = torch.rot90(low, turns, (2, 3)).flip(flips)
                wanted = torch.rot90(made, turns, (2, 3)).flip(flips)
                torch.testing.assert_close(turned(seen), wanted)
                assert not torch.allclose(network(seen), torch.rot90(plain, turns, (2, 3)).flip(flips)) or (
                    (turns, flips) == (0, ())
                )
