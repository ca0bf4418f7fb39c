"""Make the picture in the README: python examples/before_after.py -> docs/pictures/before-after.png

Left to right, the same crop: the input enlarged by repetition, bicubic, three models, or two and the original where
there is one. Above real JPEGs, below a picture that was reduced from a larger one.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from wassr import Upscaler, read_picture
from wassr.pixels.picture import to_array
from wassr.pixels.resize import resize, to_levels

HERE = Path(__file__).parent
JPEG, CLEAN = ("compact-x4", "wassr-jpeg-x4-faithful", "wassr-jpeg-x4"), ("compact-x4", "wassr-x4")
CROPS = (  # photo, top, left of the low crop, models
    ("skyline.jpg", 62, 128, JPEG),
    ("island.jpg", 62, 196, JPEG),
    ("circuit.png", 28, 40, CLEAN),
)
SIDE = 56  # low-resolution pixels


def row(photo: str, top: int, left: int, names: tuple[str, ...]) -> list[tuple[str, np.ndarray]]:
    picture = read_picture(HERE / "photos" / photo)
    low = to_array(picture, np.uint8)
    window = (slice(top * 4, (top + SIDE) * 4), slice(left * 4, (left + SIDE) * 4))
    plain = to_levels(resize(low.astype(np.float32), low.shape[0] * 4, low.shape[1] * 4, 4))
    cells = [("input", np.repeat(np.repeat(low, 4, 0), 4, 1)[window]), ("bicubic", plain[window])]
    cells += [(name, to_array(Upscaler(name).enlarge(picture), np.uint8)[window]) for name in names]
    original = HERE / "originals" / f"{Path(photo).stem}.webp"
    if original.exists():
        cells.append(("original", to_array(read_picture(original), np.uint8)[window]))
    return cells


def main() -> None:
    rows = [row(*crop) for crop in CROPS]
    size, gap, title = SIDE * 4, 6, 22
    columns = max(len(cells) for cells in rows)
    sheet = Image.new("RGB", (columns * (size + gap) - gap, len(rows) * (size + title)), "white")
    draw = ImageDraw.Draw(sheet)
    for y, cells in enumerate(rows):
        for x, (label, pixels) in enumerate(cells):
            place = (x * (size + gap), y * (size + title))
            draw.text((place[0] + 2, place[1] + 3), label, fill="black", font=ImageFont.load_default(13))
            sheet.paste(Image.fromarray(pixels), (place[0], place[1] + title))
    target = HERE.parent / "docs" / "pictures" / "before-after.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(target, optimize=True)
    print(f"wrote {target.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
