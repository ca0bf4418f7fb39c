"""Write a network of others as a deployment file that a recipe can name as teacher.

python benchmarks/teacher.py rlfn-s PEERS_DIR -o runs/teachers
wassr train compact-x4 data=DIR "content.teacher={model: runs/teachers/rlfn-s-x4.onnx}"

The file is for training only and is never shipped; the student's card names the teacher and its licence.
"""

import argparse
from pathlib import Path

from peers import PEERS, SCALE, load

from wassr.models.card import Card
from wassr.models.export import export


def write(name: str, peers: Path, folder: Path) -> Path:
    """FOLDER/NAME-x4.onnx, checked by both engines on odd sizes; raises KeyError for an unknown name."""
    peer = PEERS[name]
    path = folder / f"{name}-x{SCALE}.onnx"
    folder.mkdir(parents=True, exist_ok=True)
    card = Card(
        name=f"{name}-x{SCALE}",
        purpose="a teacher for training here",
        network=name,
        scale=SCALE,
        radius=0,
        sees_all=True,
        licence=peer.licence,
        credits=f"{peer.title}: {peer.file}",
    )
    export(load(name, peers), card, path)
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", choices=list(PEERS))
    parser.add_argument("peers", type=Path, help="folder with the weight files")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/teachers"))
    arguments = parser.parse_args()
    print(f"wrote {write(arguments.name, arguments.peers, arguments.out)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
