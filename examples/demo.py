"""Enlarge the sample photos with a shipped model; say where the results are, how long they took, what was measured."""

import time
from pathlib import Path

import numpy as np

from wassr import Upscaler, read_picture, write_picture
from wassr.evaluation.metrics import lr_consistency, psnr_y
from wassr.pixels.picture import Picture, to_array
from wassr.pixels.resize import resize, to_levels
from wassr.upscaling.choice import Choice, offered
from wassr.upscaling.target import Target

HERE = Path(__file__).parent
RESULTS = Path("results")


def levels(picture: Picture) -> np.ndarray:
    """uint8 (H, W, 3)."""
    return to_array(picture, np.uint8)[..., :3]


def main() -> None:
    RESULTS.mkdir(exist_ok=True)
    models = Choice(offered("auto"), lambda name: Upscaler(name, say=print))  # as `wassr upscale` does
    for photo in sorted((HERE / "photos").iterdir()):
        began = time.perf_counter()
        low = read_picture(photo)
        made = models.of(low, Target(), photo.name).upscaler.enlarge(low)
        target = RESULTS / f"{photo.stem}_x4.png"
        write_picture(made, target)
        seconds = time.perf_counter() - began
        words = f"LR-consistency {lr_consistency(levels(made), levels(low), 4):.1f} dB"
        original = HERE / "originals" / f"{photo.stem}.webp"
        if original.exists():
            high = levels(read_picture(original))
            plain = to_levels(resize(levels(low).astype(np.float32), *high.shape[:2], 4))
            gain = psnr_y(levels(made), high, 4), psnr_y(plain, high, 4)
            words += f", PSNR-Y against the original {gain[0]:.2f} dB (bicubic {gain[1]:.2f})"
        megapixels = made.width * made.height / 1e6
        print(
            f"{photo.name}: {low.width}x{low.height} -> {target} {made.width}x{made.height}, "
            f"{seconds:.2f} s ({seconds / megapixels:.2f} s per megapixel); {words}"
        )


if __name__ == "__main__":
    main()
