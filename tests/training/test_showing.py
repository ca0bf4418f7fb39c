"""The sheet: what it shows is what the stream gives, and what is told is what the folder holds."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.training.conftest import Make, waves
from wassr.data.stream import Batch, Key
from wassr.ground.errors import PictureError, TrainingError
from wassr.pixels.caption import LINE
from wassr.training import showing
from wassr.training.batches import stream_of
from wassr.training.material import load_material
from wassr.training.recipe import Recipe
from wassr.training.showing import GAP, show_data


def shown(recipe: Recipe, tmp_path: Path) -> tuple[np.ndarray, list[str]]:
    said: list[str] = []
    file = show_data(recipe, tmp_path / "sheet.png", said.append)
    with Image.open(file) as picture:
        return np.asarray(picture), said


def cells(sheet: np.ndarray, index: int, crop: int, columns: int = 2) -> list[np.ndarray]:
    """The pictures of a tile of the first stage, left to right."""
    width, height = columns * (crop + GAP), 2 * LINE + crop + GAP
    across = showing.WIDTH // width
    top, left = LINE + index // across * height + 2 * LINE, index % across * width
    return [sheet[top : top + crop, left + i * (crop + GAP) :][:, :crop] for i in range(columns)]


@pytest.mark.parametrize(
    ("channels", "degraded"), [("rgb", {}), ("y", {}), ("rgb", {"degradations": "jpeg", "jpeg": "tensor"})]
)
def test_crops_are_those_that_the_network_gets(
    recipe: Make, pictures: Path, tmp_path: Path, channels: str, degraded: dict[str, str]
) -> None:
    network = {"network": "espcn" if channels == "y" else "compact", "channels": channels}
    data = {"train": [str(pictures)], **degraded}
    whole = recipe(content={"batch": 3, "crop": 40}, generator=network, data=data)
    sheet, said = shown(whole, tmp_path)
    assert whole.content
    with stream_of(whole, whole.content, load_material(whole, lambda line: None).pictures) as stream:
        for index in (0, 2, 5, 17):  # whole batches, until sixteen are shown
            batch = stream(Key("generator", index // 3))
            low, high = cells(sheet, index, 40)
            for cell, wanted in ((low[::4, ::4], batch.low), (high, batch.high)):
                levels = (wanted[index % 3] * 255).round().permute(1, 2, 0).numpy()
                np.testing.assert_array_equal(cell, np.broadcast_to(levels, cell.shape))
            np.testing.assert_array_equal(low, np.repeat(np.repeat(low[::4, ::4], 4, 0), 4, 1))
    assert said[-1] == f"wrote {tmp_path / 'sheet.png'}"


def test_what_is_told(recipe: Make, pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    Image.fromarray(waves(64, 72, 1)).save(folder / "photo.jpg")
    Image.fromarray(waves(80, 64, 2)).convert("L").save(folder / "old.png")
    data = {"train": [str(folder)], "valid": [str(pictures)]}
    _, said = shown(recipe(content={}, adversarial={"batch": 4}, data=data), tmp_path)
    assert said[0].startswith("tiny: 2 pictures, 0.0 megapixels; 5 held out")
    assert said[1] == "sizes: 72 x 64 to 64 x 80, the middle one 64 x 80"
    assert set(said[2].removeprefix("formats: ").split(", ")) == {"1 JPEG", "1 PNG"}
    assert "1 8-bit gray" in said[3]
    assert said[4].startswith("content: batches of 2 crops of 32 x 32 (rgb) from 8 x 8; low levels ")
    assert said[5].startswith("adversarial: batches of 4 crops of 32 x 32")
    assert said[6].startswith("warning: 1 of 2 pictures are of a lossy format")
    assert "photo.jpg" in said[6]


def test_a_stage_with_a_teacher_shows_the_target_too(
    recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        showing, "teaching", lambda spec, recipe: lambda batch: Batch(batch.low, torch.zeros_like(batch.high))
    )
    sheet, _ = shown(recipe(content={"teacher": {"model": "someone"}}), tmp_path)
    _, high, target = cells(sheet, 0, 32, columns=3)
    assert high.any()
    assert not target.any()


def test_names_of_any_script_and_length(recipe: Make, pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    Image.fromarray(waves(64, 72, 1)).save(folder / f"写真-{'é' * 60}.png")
    sheet, _ = shown(recipe(content={}, data={"train": [str(folder)], "valid": [str(pictures)]}), tmp_path)
    assert sheet[LINE : 2 * LINE, : 2 * 32].min() < 128  # there is text
    assert sheet.shape[1] <= showing.WIDTH


def test_what_cannot_be_shown_is_an_error_of_one_line(recipe: Make, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="data=DIR"):
        show_data(recipe(content={}, data={}), tmp_path / "sheet.png", lambda line: None)
    (tmp_path / "file").write_text("x")
    with pytest.raises(PictureError, match="cannot be written"):
        show_data(recipe(content={}), tmp_path / "file" / "sheet.png", lambda line: None)
