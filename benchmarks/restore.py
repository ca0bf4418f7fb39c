"""What cleaning a JPEG at its own size is worth: by the x4 model, its result reduced again, and by wassr-jpeg-x1.

python benchmarks/restore.py --data DATA [--models DIR]

DATA holds Set14. The pictures themselves are saved as JPEG at each quality, cleaned and compared with what they were;
`bicubic` enlarges by 1, so it is what was saved. Fills the table of docs/jpeg.md, writes
benchmarks/results/restore.json. What was measured is kept as in benchmarks/jpeg.py, in runs/restore-study. --models: a
folder with another wassr-jpeg-x1 than that of benchmarks/models, which is not shipped (docs/jpeg.md says why).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import jpeg
import jpeg_page as page
import machine
import readme
from kept import Entry, digest_of_models

from wassr.evaluation.subjects import Subject, subject
from wassr.ground.errors import WassrError
from wassr.models.shelf import ModelFile, find
from wassr.upscaling.target import Target

CACHE = jpeg.ROOT / "runs" / "restore-study"
SHOWN = ("psnr_y", "psnr_b", "lpips")
PART = jpeg.Part("Set14", "90,50,10", False, (*SHOWN, "ssim_y", "psnr_rgb"))
REDUCED = f"{page.FAITHFUL}, reduced to x1"


def entries(folder: Path) -> Iterator[Entry]:
    """What was saved, the model of x1, the x4 model at the size of its input."""
    yield Entry(subject(page.BICUBIC, 1, jpeg.WISH), page.BICUBIC)
    yield from jpeg.at_hand(jpeg.RESTORER, lambda: [jpeg.whole(jpeg.named(jpeg.RESTORER, folder))])
    yield reduced(find(page.FAITHFUL))


def reduced(file: ModelFile) -> Entry:
    """A model that enlarges, asked for a result of its input's size, as by `wassr upscale -s 1`."""
    model = jpeg.opened(file)
    how = f"{model.engine.name}, {model.engine.precision}, then reduced"
    return Entry(Subject(REDUCED, 1, how, jpeg.in_turn(model, target=Target(factor=1))), digest_of_models(file))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds Set14")
    parser.add_argument("--models", type=Path, default=jpeg.EXTRA, metavar="DIR", help="holds wassr-jpeg-x1")
    options = parser.parse_args(arguments)
    here = machine.describe()
    try:
        found = jpeg.study(PART, {CACHE: list(entries(options.models))}, options.data)
    except WassrError as error:
        print(f"error: {error}")
        return 1
    tables = "\n\n".join(page.by_quality(found, metric) for metric in SHOWN)
    print(tables)
    print(here.line())
    print(f"wrote {machine.save('restore', here, page.slim({page.SET14: found}), markdown=tables)}")
    readme.put(jpeg.PAGE, {"restored": tables})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
