from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.upscaling.tiny import photo
from wassr import Picture, Upscaler, read_picture, write_picture
from wassr.ground.errors import PictureError, UsageError


@pytest.fixture(scope="module")
def upscaler(model: Path) -> Upscaler:
    return Upscaler(model, threads=1, precision="float32")


def test_a_path_gives_a_picture(upscaler: Upscaler, tmp_path) -> None:
    write_picture(Picture(photo(20, 30)), tmp_path / "a.png")
    for path in (tmp_path / "a.png", str(tmp_path / "a.png")):
        made = upscaler(path)
        assert isinstance(made, Picture)
        assert (made.height, made.width, made.source_format) == (80, 120, "PNG")
    assert isinstance(upscaler(read_picture(tmp_path / "a.png")), Picture)
    with pytest.raises(PictureError, match=r"b\.png"):
        upscaler(tmp_path / "b.png")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
def test_a_pil_image_gives_its_like(mode: str, upscaler: Upscaler) -> None:
    image = Image.fromarray((photo(20, 30) * 255).astype(np.uint8)).convert(mode)
    made = upscaler(image)
    assert (made.size, made.mode) == ((120, 80), mode)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 1), (20, 30, 3), (20, 30, 4)])
def test_an_array_gives_its_like(shape: tuple[int, ...], dtype: type, upscaler: Upscaler) -> None:
    values = np.random.default_rng(0).random(shape) * 0.5 + 0.25
    white = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
    made = upscaler((values * white).astype(dtype))
    assert made.shape == (80, 120, *shape[2:])
    assert made.dtype == dtype
    assert abs(made.mean() / white - 0.5) < 0.05


def test_a_tensor_gives_its_like(upscaler: Upscaler) -> None:
    torch = pytest.importorskip("torch")
    low = torch.from_numpy(photo(20, 30).transpose(2, 0, 1).copy())
    made = upscaler(low)
    assert isinstance(made, torch.Tensor)
    assert tuple(made.shape) == (3, 80, 120)
    assert tuple(upscaler(low[None]).shape) == (1, 3, 80, 120)
    array = upscaler(photo(20, 30))
    assert np.abs(made.numpy().transpose(1, 2, 0) - array).max() < 1e-6
    narrow = upscaler(torch.from_numpy(array.transpose(2, 0, 1).copy()).bfloat16())
    assert narrow.dtype == torch.bfloat16
    with pytest.raises(UsageError, match="tensor"):
        upscaler(torch.zeros(2, 3, 8, 8))


def test_other_things_are_refused(upscaler: Upscaler) -> None:
    with pytest.raises(UsageError, match=r"2 is no size: give a wassr\.Target"):
        upscaler(photo(8, 8), 2)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="int is no type of picture"):
        upscaler(7)
