"""Write a network of others as a deployment file that a recipe can name as teacher.

python benchmarks/teacher.py rlfn-s PEERS_DIR -o runs/teachers
wassr train compact-x4 data=DIR "content.teacher={model: runs/teachers/rlfn-s-x4.onnx}"

--turns: the mean of what it makes of the eight flips and turns of its input (EDSR 2017, "+"): better by 0.09 dB, for
eight times the time; for a teacher that teaches ahead (`content.teacher.ahead`), which sees every picture once.

The file is for training only and is never shipped; the student's card names the teacher and its licence.
"""

import argparse
from pathlib import Path

import torch
from peers import PEERS, SCALE, load
from torch import Tensor, nn

from wassr.models.card import Card
from wassr.models.export import export

CONTEXT = 32  # low-resolution pixels around a tile: they look at the whole picture, but little at what is far


class Turns(nn.Module):
    """The mean of a network's results for the eight flips and turns of its input, turned back."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, low: Tensor) -> Tensor:
        results = []
        for across in (False, True):
            for flips in ((), (2,), (3,), (2, 3)):
                seen = (low.mT if across else low).flip(flips)
                made = self.network(seen).flip(flips)
                results.append(made.mT if across else made)
        return torch.stack(results).mean(0)


def write(name: str, peers: Path, folder: Path, turns: bool = False) -> Path:
    """FOLDER/NAME-x4.onnx, or NAME-turns-x4, checked by both engines on odd sizes; raises KeyError."""
    peer, network = PEERS[name], load(name, peers)
    called = f"{name}-turns-x{SCALE}" if turns else f"{name}-x{SCALE}"
    path = folder / f"{called}.onnx"
    folder.mkdir(parents=True, exist_ok=True)
    card = Card(
        name=called,
        purpose="a teacher for training here",
        network=name,
        scale=SCALE,
        radius=CONTEXT,
        sees_all=True,
        licence=peer.licence,
        credits=f"{peer.title}: {peer.file}",
    )
    export(Turns(network) if turns else network, card, path)
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", choices=list(PEERS))
    parser.add_argument("peers", type=Path, help="folder with the weight files")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/teachers"))
    parser.add_argument("--turns", action="store_true", help="the mean of eight orientations")
    arguments = parser.parse_args()
    print(f"wrote {write(arguments.name, arguments.peers, arguments.out, arguments.turns)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
