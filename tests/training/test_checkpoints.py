"""Which checkpoints stay on disk."""

from pathlib import Path

from wassr.training.checkpoints import checkpoint, prune
from wassr.training.course import Course, Point


def course(*values: tuple[float, float]) -> Course:
    points = [Point(10 * i, {"valid/psnr_y": p, "valid/lpips": d}) for i, (p, d) in enumerate(values)]
    return Course("adversarial", tuple(points), None, (), "LPIPS")


def test_beaten_ones_and_those_of_an_unreached_future_go(tmp_path: Path) -> None:
    for step in (10, 20, 30, 40):
        checkpoint(tmp_path, "net", step).touch()
    others = [tmp_path / "net.safetensors", tmp_path / "net-x-step-20.safetensors", tmp_path / "net-step-a.safetensors"]
    for other in others:
        other.touch()
    prune(tmp_path, "net", course((27.0, 0.3), (26.5, 0.2), (26.4, 0.25), (26.3, 0.21)))
    assert sorted(path.name for path in tmp_path.glob("net-step-*0.*")) == [
        "net-step-10.safetensors",
        "net-step-30.safetensors",
    ]
    assert all(other.exists() for other in others)
