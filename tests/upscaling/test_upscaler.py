import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pixels.samples import saved
from tests.upscaling.shelf import clean, hidden_jpeg, joint_card, jpeg
from tests.upscaling.test_bins import original
from tests.upscaling.tiny import photo, tiny_card, tiny_model
from wassr.ground.errors import ModelError, NoSuchModel, PictureError, UsageError
from wassr.models.card import Card
from wassr.pixels.colour import rgb_to_ycbcr
from wassr.pixels.formats import read_picture
from wassr.pixels.jpeg_traces import History, history
from wassr.pixels.picture import Picture, bleed_colour
from wassr.pixels.resize import resize
from wassr.upscaling.bands import Consistent, Planes, collect
from wassr.upscaling.bins import InBins, bins_of
from wassr.upscaling.compression import NEVER
from wassr.upscaling.engines import OpenVinoEngine
from wassr.upscaling.target import Target
from wassr.upscaling.upscaler import MODEL_SCALE, Upscaler


def made(tmp_path: Path, card: Card, tile: int, picture: Picture, target: Target = MODEL_SCALE) -> np.ndarray:
    model = tmp_path / f"tiny-x{card.scale}.onnx"
    engine = OpenVinoEngine(model if model.exists() else tiny_model(model, card), threads=1)
    return Upscaler.from_engine(card, engine, tile=tile, thorough=True).enlarge(picture, target).colour


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("channels", ["rgb", "y"])
@pytest.mark.parametrize("base", ["bicubic", "nearest", "none"])
@pytest.mark.parametrize("gray", [False, True])
def test_tiled_equals_whole(scale, channels, base, gray, tmp_path) -> None:
    card = tiny_card(scale, channels, base, consistency=scale % 2)
    picture = Picture(photo(97, 131, gray))
    whole = made(tmp_path, card, 1000, picture)
    assert whole.shape == (97 * scale, 131 * scale, 1 if gray else 3)
    for core in (32, 41, 64):
        assert np.abs(made(tmp_path, card, core, picture) - whole).max() < 1e-5


@settings(max_examples=15, deadline=None)
@given(height=st.integers(1, 90), width=st.integers(1, 90), core=st.integers(32, 64))
def test_any_size_and_core(height: int, width: int, core: int, model: Path) -> None:
    picture = Picture(photo(height, width))
    engine = OpenVinoEngine(model, threads=1)
    tiled = Upscaler.from_engine(tiny_card(), engine, tile=core).enlarge(picture).colour
    whole = Upscaler.from_engine(tiny_card(), engine, tile=999).enlarge(picture).colour
    assert tiled.shape == (4 * height, 4 * width, 3)
    assert np.abs(tiled - whole).max() <= 1e-5


def test_a_flat_picture_has_no_step_at_tile_borders(model: Path) -> None:
    flat = Picture(np.full((150, 150, 3), 0.5, np.float32))
    result = Upscaler(model, tile=32, precision="float32").enlarge(flat).colour
    assert np.ptp(result[16:-16, 16:-16], axis=(0, 1)).max() < 1e-6


def test_the_sum_is_base_plus_network(model: Path) -> None:
    low = photo(40, 50)
    engine = OpenVinoEngine(model, threads=1)
    expected = resize(low, 160, 200) + engine.run(low.transpose(2, 0, 1)[None].copy())[0].transpose(1, 2, 0)
    result = Upscaler(model, precision="float32").enlarge(Picture(low)).colour
    assert np.abs(result - np.clip(expected, 0, 1)).max() < 1e-5


def test_back_projection_brings_the_result_nearer_to_the_input(tmp_path) -> None:
    low = photo(80, 90)

    def error(passes: int) -> float:
        result = made(tmp_path / "", tiny_card(consistency=passes), 32, Picture(low))
        return float(np.abs(resize(result, 80, 90) - low).mean())

    assert error(2) < error(1) < 0.5 * error(0)


def test_chroma_of_a_luma_network_is_bicubic(tmp_path) -> None:
    low = photo(60, 60)
    result = made(tmp_path, tiny_card(channels="y"), 32, Picture(low * 0.5 + 0.2))
    plain = resize(low * 0.5 + 0.2, 240, 240)
    assert np.abs(np.diff(result, axis=2) - np.diff(plain, axis=2)).max() < 1e-5


@pytest.mark.parametrize("channels", ["rgb", "y"])
def test_gray_stays_gray(channels, tmp_path) -> None:
    gray = photo(50, 40, gray=True)
    one = made(tmp_path, tiny_card(channels=channels), 32, Picture(gray))
    assert one.shape == (200, 160, 1)
    three = made(tmp_path, tiny_card(channels=channels), 32, Picture(np.repeat(gray, 3, axis=2)))
    assert np.abs(three - one).max() < 1e-5


def test_alpha_goes_its_own_way_without_fringes(model: Path) -> None:
    alpha = np.zeros((60, 60), np.float32)
    alpha[20:40, 20:40] = 1
    colour = np.zeros((60, 60, 3), np.float32)
    colour[20:40, 20:40] = 0.9  # black under full transparency
    result = Upscaler(model).enlarge(Picture(colour, alpha, bits=16, icc=b"p"), Target(factor=2.5))
    assert result.alpha is not None
    assert result.alpha.shape == (150, 150) == result.colour.shape[:2]
    assert np.abs(result.alpha - resize(alpha, 150, 150).clip(0, 1)).max() < 1e-5
    seen = result.alpha > 0.02
    assert result.colour[seen].min() > 0.75
    assert (result.bits, result.icc) == (16, b"p")


@pytest.mark.parametrize(
    ("target", "size"),
    [(Target(factor=1), (61, 83)), (Target(factor=3.3), (201, 274)), (Target(width=999), (734, 999))],
)
def test_any_size_by_one_resize_of_the_whole(target: Target, size: tuple[int, int], model: Path) -> None:
    picture = Picture(photo(61, 83))
    upscaler = Upscaler(model, tile=32, precision="float32")
    result = upscaler.enlarge(picture, target).colour
    assert result.shape[:2] == size
    full = Upscaler.from_engine(tiny_card(), upscaler.engine)
    low = np.ascontiguousarray(picture.colour.transpose(2, 0, 1))
    whole = full.stage(low, full.cut(61, 83), 244, 332, "x", lambda: None).rows(0, 244).transpose(1, 2, 0)
    assert np.abs(result - resize(np.ascontiguousarray(whole), *size).clip(0, 1)).max() < 1e-5


def test_progress_counts_tiles(model: Path) -> None:
    seen: list[tuple[int, int]] = []
    Upscaler(model, tile=32).enlarge(Picture(photo(70, 40)), progress=lambda done, total: seen.append((done, total)))
    total = len(seen)
    assert seen == [(i + 1, total) for i in range(total)]
    assert total > 1


def test_global_networks_say_what_tiles_do(tmp_path) -> None:
    said: list[str] = []
    card = tiny_card().model_copy(update={"sees_all": True})
    Upscaler(tiny_model(tmp_path / "tiny-x4.onnx", card), say=said.append)(photo(20, 20))
    assert "whole picture" in said[0]


@pytest.mark.parametrize("channels", ["rgb", "y"])
@pytest.mark.parametrize("base", ["bicubic", "nearest", "none"])
def test_a_model_of_scale_1_keeps_the_size(channels: str, base: str, tmp_path: Path) -> None:
    card, picture = tiny_card(1, channels, base), Picture(0.2 + 0.6 * photo(97, 131))  # nothing is clipped
    whole = made(tmp_path, card, 1000, picture)
    assert whole.shape == picture.colour.shape
    assert 0 < np.abs(whole - picture.colour).mean() < 0.1
    assert np.abs(made(tmp_path, card, 32, picture) - whole).max() < 1e-5
    assert np.array_equal(made(tmp_path, card, 1000, picture, Target(factor=1)), whole)
    larger = made(tmp_path, card, 1000, picture, Target(factor=2))  # what is more than the model's is bicubic
    assert np.abs(larger - resize(whole, 194, 262)).max() < 1e-5


def test_a_model_of_scale_1_stays_within_what_the_file_says(tmp_path: Path) -> None:
    card, data = tiny_card(1).model_copy(update={"inputs": "compressed"}), jpeg()
    engine = OpenVinoEngine(tiny_model(tmp_path / "x.onnx", card, strength=1.0), threads=1)
    alone, result = (
        Upscaler.from_engine(card, engine, jpeg=wish).enlarge(read_picture(data)).colour for wish in ("off", "auto")
    )
    assert outside(result, data) < 0.3 * outside(alone, data)


def test_wrong_wishes_are_one_line(model: Path, monkeypatch) -> None:
    with pytest.raises(ModelError):
        Upscaler("no-such-model")
    with pytest.raises(UsageError, match="32"):
        Upscaler(model, tile=8)
    monkeypatch.setattr("wassr.upscaling.upscaler.free_memory", lambda: 1000)
    with pytest.raises(PictureError, match="GiB"):
        Upscaler(model)(photo(40, 40))


def test_tiles_shrink_with_free_memory(model: Path, monkeypatch) -> None:
    upscaler = Upscaler(model)
    monkeypatch.setattr("wassr.upscaling.upscaler.free_memory", lambda: 8 << 30)
    assert upscaler.core() == 256
    monkeypatch.setattr("wassr.upscaling.upscaler.free_memory", lambda: 300 << 20)
    assert 32 <= upscaler.core() < 256


def compressed(
    data: bytes | Picture, tile: int = 0, consistency: int = 1, found: History | None = None, **options: object
) -> np.ndarray:
    """The result of a model for compressed inputs that sharpens a good deal."""
    picture = read_picture(data) if isinstance(data, bytes) else data
    return joint(consistency, tile=tile, **options).enlarge(picture, found=found).colour


def joint(consistency: int = 1, jpeg: str | int = "auto", **options: object) -> Upscaler:
    card = joint_card(consistency)
    with tempfile.TemporaryDirectory() as folder:
        engine = OpenVinoEngine(tiny_model(Path(folder) / "joint.onnx", card, strength=1.0), threads=1)
    return Upscaler.from_engine(card, engine, jpeg=jpeg, **options)


def network_alone(data: bytes) -> np.ndarray:
    """No consistency, no bins."""
    return compressed(data, jpeg="off", consistency=0)


def outside(result: np.ndarray, data: bytes) -> float:
    """How far a result, reduced again, leaves the intervals that the picture's compression states; grey levels."""
    picture = read_picture(data)
    planes = rgb_to_ycbcr(resize(result, picture.height, picture.width)) * np.float32(255)
    planes[..., 0] -= 128
    bins = bins_of(picture, history(picture))
    return max(float(np.abs(one.missing(planes[..., k], 0)).mean()) for k, one in enumerate(bins))


@pytest.mark.parametrize("made", [jpeg, hidden_jpeg])
def test_bins_take_the_place_of_back_projection(made) -> None:
    data = made()
    result, alone = compressed(data), network_alone(data)
    assert outside(result, data) < 0.3 * outside(alone, data)
    picture = read_picture(data)
    stage = InBins(Planes(unclipped(picture)), bins_of(picture, history(picture)), picture.height, picture.width)
    assert np.abs(result - collect(stage)).max() < 1e-5
    assert np.array_equal(result, compressed(data, consistency=0))


def unclipped(picture: Picture) -> np.ndarray:
    """The network's own result (3, H, W)."""
    upscaler = joint(0, jpeg="off")
    low = np.ascontiguousarray(picture.colour.transpose(2, 0, 1))
    height, width = 4 * picture.height, 4 * picture.width
    stage = upscaler.stage(low, upscaler.cut(*low.shape[1:]), height, width, "x", lambda: None)
    return stage.rows(0, height)


def test_a_picture_without_a_history_gets_back_projection() -> None:
    data = clean()
    result = compressed(data)
    assert np.array_equal(result, compressed(data, jpeg="off"))
    low = read_picture(data).colour
    errors = [np.abs(resize(made, *low.shape[:2]) - low).mean() for made in (result, network_alone(data))]
    assert errors[0] < 0.5 * errors[1]


def test_a_jpeg_whose_intervals_are_not_known_gets_nothing() -> None:
    """One of RGB samples, as Adobe's programs write it."""
    data = jpeg(keep_rgb=True, subsampling="4:4:4")
    picture = read_picture(data)
    assert history(picture).quality is not None
    assert bins_of(picture, history(picture)) == ()
    assert np.array_equal(compressed(data), network_alone(data))


@pytest.mark.parametrize("made", [jpeg, hidden_jpeg, clean, lambda: jpeg(keep_rgb=True, subsampling="4:4:4")])
def test_what_is_told_of_the_projection_is_what_is_done(made, model: Path) -> None:
    data = made()
    picture = read_picture(data)
    found = history(picture)
    told = joint(1).projection(found)
    bare = [np.array_equal(compressed(data, consistency=passes), network_alone(data)) for passes in (0, 1)]
    assert bare == {"bins": [False, False], "back-projection": [True, False], "neither": [True, True]}[told]
    assert joint(0).projection(NEVER) == Upscaler(model).projection(found) == "neither"
    assert joint(1).projection(NEVER) == "back-projection"


def test_the_wish_is_followed() -> None:
    data = jpeg()
    assert np.array_equal(compressed(data, jpeg="off"), compressed(replace(read_picture(data), jpeg=None), found=NEVER))
    assert not np.array_equal(compressed(data, jpeg="off"), compressed(data))
    assert np.array_equal(compressed(data, jpeg=90), compressed(data))  # the file's own tables hold
    hidden = hidden_jpeg()
    assert np.array_equal(compressed(hidden, jpeg=50), compressed(hidden))
    assert not np.array_equal(compressed(hidden, jpeg=90), compressed(hidden))


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
def test_tiled_equals_whole_with_bins(subsampling: str) -> None:
    data = jpeg(91, 107, subsampling=subsampling)
    whole = compressed(data, tile=999)
    for core in (32, 41):
        assert np.abs(compressed(data, tile=core) - whole).max() < 1e-5


@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (2, 2), (3, 20), (9, 7), (16, 8)])
def test_bins_of_the_smallest_pictures(size: tuple[int, int], gray: bool) -> None:
    image = original(*size).convert("L" if gray else "RGB")
    result = compressed(saved(image, "JPEG", quality=30))
    assert result.shape == (4 * size[0], 4 * size[1], 1 if gray else 3)
    assert compressed(saved(image, "PNG"), jpeg=30).shape == result.shape


def test_what_lies_under_transparency_states_no_intervals() -> None:
    """Black there, and the picture's edge on the edge of a block: bins of that black would darken what is seen."""
    colour = read_picture(hidden_jpeg()).colour / 2 + 0.5
    alpha = np.ones(colour.shape[:2], np.float32)
    alpha[:, 48:] = 0
    colour[:, 48:] = 0
    result = joint(jpeg=50).enlarge(Picture(colour, alpha))
    filled = bleed_colour(colour, alpha)
    expected = joint(jpeg=50).enlarge(Picture(filled))
    assert np.array_equal(result.colour, expected.colour)
    assert result.colour[:, : 4 * 48].min() > 0.2


def test_a_model_for_clean_inputs_neither_looks_nor_differs(model: Path, monkeypatch) -> None:
    monkeypatch.setattr("wassr.upscaling.compression.history", lambda picture: pytest.fail("looked"))
    upscaler = Upscaler(model, precision="float32")
    given = read_picture(jpeg())
    result = upscaler.enlarge(given)
    assert np.array_equal(result.colour, upscaler.enlarge(Picture(given.colour)).colour)
    assert given.jpeg is not None
    assert result.jpeg is None  # its pixels are no JPEG's


def test_a_known_history_is_not_looked_for_again(monkeypatch) -> None:
    data = jpeg()
    found = history(read_picture(data))
    expected = compressed(data)
    monkeypatch.setattr("wassr.upscaling.upscaler.look", lambda picture, wish: pytest.fail("looked"))
    assert np.array_equal(compressed(data, found=found), expected)


def test_a_model_file_looks_by_itself_and_hands_the_wish_on(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    path = tiny_model(tmp_path / "joint.onnx", joint_card())
    upscaler = Upscaler(path, precision="float32")
    assert upscaler.jpeg == "auto"
    assert Upscaler(path, jpeg="62").jpeg == 62
    off = Upscaler(path, precision="float32", jpeg="off")
    assert not np.array_equal(upscaler(tmp_path / "a.jpg").colour, off(tmp_path / "a.jpg").colour)
    with pytest.raises(UsageError, match="--jpeg 101"):
        Upscaler(path, jpeg=101)


PEAK = """
import resource, sys
from pathlib import Path
import numpy as np
from wassr.pixels.formats import write_picture
from wassr.pixels.picture import Picture
from wassr.upscaling.target import Target
from wassr.upscaling.upscaler import Upscaler
low = np.random.default_rng(0).random((1370, 1826, 3), dtype=np.float32)
made = Upscaler(sys.argv[1]).enlarge(Picture(low), Target())
assert made.colour.shape[0] * made.colour.shape[1] > 40e6, made.colour.shape
write_picture(made, Path(sys.argv[1]).with_suffix(".jpg"))
status = Path("/proc/self/status")  # ru_maxrss counts the parent's memory at the fork, too
lines = status.read_text().splitlines() if status.exists() else []
own = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
print((own or [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss])[0] / 1024)
"""


@pytest.mark.slow
def test_40_megapixels_within_1500_megabytes(tmp_path) -> None:
    model = tiny_model(tmp_path / "tiny-x4.onnx", tiny_card(consistency=1))
    ended = subprocess.run([sys.executable, "-c", PEAK, str(model)], capture_output=True, text=True, check=True)
    assert float(ended.stdout) < 1500


class Hears:
    """An engine that answers with what it is told, beside a residual of that much."""

    name, precision, threads, reason = "hears", "float32", 1, "a test"

    def __init__(self) -> None:
        self.heard: set[int] = set()

    def run(self, tile: np.ndarray) -> np.ndarray:
        assert tile.shape[1] == 4
        assert tile[:, 3].min() == tile[:, 3].max()
        self.heard.add(round(100 * float(tile[0, 3, 0, 0])))
        return np.zeros((1, 3, 4 * tile.shape[2], 4 * tile.shape[3]), np.float32)


@pytest.mark.parametrize("inputs", ["clean", "compressed"])
@pytest.mark.parametrize(
    ("data", "wish", "told"),
    [
        (jpeg(), "auto", 50),
        (jpeg(quality=83), "auto", 83),
        (jpeg(), "off", 100),
        (jpeg(), 20, 20),  # saved at 20 before
        (hidden_jpeg(), "auto", 50),
        (hidden_jpeg(), 70, 70),
        (clean(), "auto", 100),
        (clean(), 70, 70),
    ],
)
def test_a_network_that_wants_it_is_told_the_quality(inputs: str, data: bytes, wish: str | int, told: int) -> None:
    card = joint_card().model_copy(update={"arguments": {"quality_plane": True}, "inputs": inputs})
    engine = Hears()
    picture = read_picture(data)
    result = Upscaler.from_engine(card, engine, tile=32, jpeg=wish).enlarge(picture)
    assert engine.heard == {told}
    assert result.colour.shape == (4 * picture.height, 4 * picture.width, 3)
    known = Hears()
    Upscaler.from_engine(card, known, jpeg=wish).enlarge(picture, found=History(None, ()))
    assert known.heard == {100}  # what the caller has found already counts


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("gray", [False, True])
def test_base_and_back_projection_at_once_are_what_they_are_in_turn(
    tmp_path: Path, scale: int, passes: int, gray: bool
) -> None:
    low = np.ascontiguousarray(photo(71, 94, gray).transpose(2, 0, 1))
    card = tiny_card(scale)
    engine = OpenVinoEngine(tiny_model(tmp_path / "x.onnx", card, strength=1.0), threads=1)
    alone, whole = (
        Upscaler.from_engine(card.model_copy(update={"consistency": count}), engine, tile=32) for count in (0, passes)
    )
    size = scale * 71, scale * 94
    in_turn = alone.stage(low, alone.cut(71, 94), *size, "x", lambda: None)
    for _ in range(passes):
        in_turn = Consistent(in_turn, low)
    at_once = whole.stage(low, whole.cut(71, 94), *size, "x", lambda: None)
    made = at_once.rows(0, size[0])
    assert np.abs(made - in_turn.rows(0, size[0])).max() < 3e-6
    assert np.abs(made - alone.stage(low, alone.cut(71, 94), *size, "x", lambda: None).rows(0, size[0])).max() > 0.01


def test_a_picture_with_what_is_no_number_is_an_error(model: Path) -> None:
    colour = np.full((24, 24, 3), 0.5, np.float32)
    colour[3, 4, 0] = np.nan
    with pytest.raises(PictureError, match="pixels that are not finite numbers"):
        Upscaler(model, threads=1)(Picture(colour))


def test_what_is_no_model_or_size_of_a_tile_is_told(model: Path) -> None:
    for wrong in (None, b"x", ""):
        with pytest.raises(NoSuchModel, match="a model is a name or a path; shipped models:"):
            Upscaler(wrong)  # type: ignore[arg-type]
    with pytest.raises(NoSuchModel):
        Upscaler("a" * 300 + ".onnx")
    with pytest.raises(UsageError, match="tile '64': give a whole number"):
        Upscaler(model, tile="64")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"--strength 0\.5: choose"):
        Upscaler("wassr-x4", strength="0.5")  # type: ignore[arg-type]
