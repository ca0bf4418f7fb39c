"""The doors: paths, bytes, streams; every bad input one sentence that names file and reason; all-or-nothing writing."""

import io
import os
import struct
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image

from tests.pixels.samples import deep, pil, png_file, saved, smooth, tiff_file
from wassr.ground.errors import PictureError, UsageError
from wassr.pixels import formats, reading
from wassr.pixels.formats import WRITABLE, encode_picture, read_picture, write_picture
from wassr.pixels.picture import picture_from_array, to_array


@pytest.mark.parametrize("form", ["path", "text", "bytes", "stream", "file"])
def test_sources(form, tmp_path):
    path = tmp_path / "ä ｂ.png"
    path.write_bytes(saved(pil(3), "PNG"))
    data = path.read_bytes()
    sources = {"path": path, "text": str(path), "bytes": data, "stream": io.BytesIO(data)}
    if form == "file":
        with path.open("rb") as file:
            picture = read_picture(file)
    else:
        picture = read_picture(sources[form])
    assert np.array_equal(to_array(picture), smooth(3))


@pytest.mark.parametrize("suffix", WRITABLE)
@pytest.mark.parametrize("upper", [False, True])
def test_targets(suffix, upper, tmp_path):
    if suffix == ".avif":
        pytest.importorskip("PIL._avif", reason="this Pillow has no AVIF")
    target = tmp_path / "new" / f"out{suffix.upper() if upper else suffix}"
    write_picture(picture_from_array(smooth(3)), str(target) if upper else target)
    assert read_picture(target).source_format == WRITABLE[suffix]
    assert os.listdir(target.parent) == [target.name]


def jpeg(progressive: bool = False) -> bytes:
    return saved(pil(3), "JPEG", quality=90, progressive=progressive)


def bomb() -> bytes:
    return png_file(smooth(1), 8, 0, width=30_000, height=30_000)


def preview_first() -> bytes:
    """As NEF and ARW begin: a small copy, and the picture in a directory below it."""
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        writer.write(smooth(3), photometric="rgb", subfiletype=1, subifds=1, metadata=None)
        writer.write(smooth(3), photometric="rgb", metadata=None)
    return out.getvalue()


def planar_tiled() -> bytes:
    """Valid, and read by others."""
    planes = np.ascontiguousarray(smooth(3).transpose(2, 0, 1))
    return tiff_file(planes, photometric="rgb", planarconfig="separate", tile=(16, 16))


RAW = "is a camera's raw file"

# what it is, the bytes, words of the reason
BAD = {
    "empty": (b"", "empty"),
    "text": (b"hello, I am no picture", "not a picture"),
    "zeros": (bytes(1000), "not a picture"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
    "signature only": (b"\x89PNG\r\n\x1a\n", "damaged or incomplete"),
    "zero width": (png_file(smooth(1), 8, 0, width=0), "zero pixels"),
    "zero BMP": (b"BM" + bytes(16) + struct.pack("<ii", 0, 5) + bytes(30), "zero pixels"),
    "bomb": (bomb(), "more than the limit of 300 megapixels"),
    "short rows": (png_file(np.zeros((8, 8, 1)), 8, 0, height=9), "fewer rows"),
    "short rows 16": (png_file(deep(3), 16, 2, height=25), "damaged or incomplete"),
    "cut PNG": (saved(pil(3), "PNG")[:-80], "damaged or incomplete"),
    "cut PNG 16": (png_file(deep(3), 16, 2)[:-80], "damaged or incomplete"),
    "cut JPEG": (jpeg()[:-80], "damaged or incomplete"),
    "cut progressive JPEG": (jpeg(progressive=True)[:-80], "damaged or incomplete"),
    "cut JPEG header": (jpeg()[:60], "damaged or incomplete"),
    "cut WebP": (saved(pil(3), "WEBP")[:-20], "damaged or incomplete"),
    "cut TIFF": (saved(pil(3), "TIFF")[:-2000], "damaged or incomplete"),
    "cut TIFF 16": (tiff_file(deep(3), photometric="rgb")[:-800], "damaged or incomplete"),
    "TIFF of lying width": (
        tiff_file(deep(3), photometric="rgb", tile=(16, 16)).replace(
            struct.pack("<HHII", 256, 4, 1, 32), struct.pack("<HHII", 256, 4, 1, 7_000_000)
        ),
        "fewer strips or tiles",
    ),
    "cut BMP": (saved(pil(3), "BMP")[:-10], "damaged or incomplete"),
    "float TIFF": (tiff_file(smooth(1)[..., 0].astype(np.float32)), "not supported"),
    "signed TIFF": (tiff_file(smooth(1)[..., 0].astype(np.int16)), "not supported"),
    "integer TIFF": (saved(Image.new("I", (4, 4)), "TIFF"), "not supported"),
    "DNG": (tiff_file(smooth(3), photometric="rgb", extratags=[(50706, 1, 4, (1, 4, 0, 0), True)]), RAW),
    "NEF": (preview_first(), RAW),
    "CR2": (b"II*\0\x10\0\0\0CR\x02\0" + bytes(200), RAW),
    "CR3": (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom" + bytes(200), RAW),
    "ORF": (b"IIRO\x08\0\0\0" + bytes(200), RAW),
    "planar tiled TIFF": (planar_tiled(), "not supported); save it anew as PNG or plain TIFF"),
    "Lab TIFF": (saved(Image.new("LAB", (4, 4)), "TIFF"), "not supported"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_bytes_name_file_and_reason(what, tmp_path, capfd):
    data, words = BAD[what]
    path = tmp_path / "holiday.png"
    path.write_bytes(data)
    with pytest.raises(PictureError) as caught:
        read_picture(path)
    assert words in caught.value.reason
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["JPEG", "progressive", "PNG", "PNG 16", "TIFF", "BMP", "WEBP"])
def test_every_cut_is_an_error_or_costs_no_pixel(kind):
    whole = {"progressive": jpeg(progressive=True), "PNG 16": png_file(deep(3), 16, 2)}.get(kind) or saved(pil(3), kind)
    expected = read_picture(whole).colour
    for length in range(0, len(whole), 7):
        try:
            colour = read_picture(whole[:length]).colour
        except PictureError:
            continue
        assert np.array_equal(colour, expected), f"{kind} cut to {length} of {len(whole)} bytes"


def test_pixels_that_look_like_a_raw_files_mark_are_pixels():
    pixels = smooth(3)
    pixels[0, 0] = (ord("C"), ord("R"), 2)
    data = pyvips.Image.new_from_array(pixels).copy(interpretation="srgb").tiffsave_buffer(compression="none")
    assert data[8:11] == b"CR\x02"
    assert np.array_equal(to_array(read_picture(data)), pixels)


def test_missing_folder_unreadable(tmp_path):
    with pytest.raises(PictureError, match="no such file"):
        read_picture(tmp_path / "absent.jpg")
    with pytest.raises(PictureError, match="is a folder"):
        read_picture(tmp_path)
    with pytest.raises(PictureError, match="cannot be read"):
        read_picture("a\0b.png")
    locked = tmp_path / "locked.png"
    locked.write_bytes(saved(pil(3), "PNG"))
    locked.chmod(0)
    if os.access(locked, os.R_OK):
        return  # root reads everything
    with pytest.raises(PictureError, match="permission denied"):
        read_picture(locked)


def test_streams_and_bytes_are_named():
    with pytest.raises(PictureError, match=r"^upload 7: "):
        read_picture(b"x", name="upload 7")
    with pytest.raises(PictureError, match=r"^stream: "):
        read_picture(io.BytesIO(b"x"))

    class Broken(io.BytesIO):
        name = "socket"

        def read(self, *_: object) -> bytes:
            raise ConnectionResetError(104, "Connection reset by peer")

    with pytest.raises(PictureError, match="socket: cannot be read"):
        read_picture(Broken())


def test_pixel_limit_is_a_constant(monkeypatch):
    monkeypatch.setattr(reading, "PIXEL_LIMIT", 24 * 32 - 1)
    for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"):
        with pytest.raises(PictureError, match=r"claims (32 x 24 pixels, )?more.* than the limit"):
            read_picture(saved(pil(3), kind))
    with pytest.raises(PictureError, match="32 x 24"):
        read_picture(tiff_file(deep(3), photometric="rgb"))


def test_large_pictures_below_the_limit_are_read(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # Pillow's own limit is not ours
    assert read_picture(saved(pil(3), "PNG")).width == 32
    assert Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.parametrize("name", ["out", "out.gif", "out.xyz"])
def test_unknown_suffixes_are_refused(name, tmp_path):
    with pytest.raises(PictureError, match=r"\.png, \.jpg"):
        write_picture(picture_from_array(smooth(3)), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_unknown_formats_and_qualities_are_refused(tmp_path):
    picture = picture_from_array(smooth(3))
    with pytest.raises(UsageError, match="'psd'"):
        encode_picture(picture, "psd")
    for quality in (0, 101, -1):
        with pytest.raises(UsageError, match="1 to 100"):
            encode_picture(picture, "png", quality)
        with pytest.raises(UsageError, match="1 to 100"):
            write_picture(picture, tmp_path / "x.jpg", quality)


@pytest.mark.parametrize("name", ["PNG", "png", ".png"])
def test_formats_by_name_or_suffix(name):
    assert encode_picture(picture_from_array(smooth(3)), name).startswith(b"\x89PNG")


def test_failed_writing_leaves_nothing(tmp_path, monkeypatch):
    wide = picture_from_array(np.zeros((1, 20_000), np.uint8))
    with pytest.raises(PictureError, match=r"wide\.webp: .*write PNG or TIFF"):
        write_picture(wide, tmp_path / "wide.webp")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PictureError, match="cannot be written"):
        write_picture(wide, tmp_path / "file" / "below.png")
    with pytest.raises(PictureError, match="cannot be encoded"):
        encode_picture(wide, "webp")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(formats, "encode", full)
    with pytest.raises(PictureError, match=r"a\.png: cannot be written \(No space left on device\)"):
        write_picture(wide, tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_old_file_survives_a_failed_writing(tmp_path, monkeypatch):
    target = tmp_path / "a.png"
    target.write_bytes(b"old")

    def torn(_picture: object, _kind: str, _quality: object, _strip: bool, out: io.BytesIO) -> None:
        out.write(b"half")
        raise MemoryError

    monkeypatch.setattr(formats, "encode", torn)
    with pytest.raises(PictureError, match="memory"):
        write_picture(picture_from_array(smooth(3)), target)
    assert target.read_bytes() == b"old"


def test_import_brings_neither_torch_nor_libvips():
    code = "import sys, wassr.pixels.formats; print({'torch', 'pyvips', 'openvino'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_real_photos_are_read_and_written(tmp_path):
    folder = Path(__file__).parents[3] / "shared/data/real"
    if not folder.is_dir():
        pytest.skip(f"needs the real pictures in {folder}")
    for path in sorted(folder.glob("*.[jp][pn]g")):
        picture = read_picture(path)
        target = tmp_path / f"{path.stem}.jpg"
        write_picture(picture, target)
        again = read_picture(target)
        assert again.colour.shape == picture.colour.shape
        assert np.abs(again.colour - picture.colour).mean() < 0.02


def test_buffers_and_streams_of_any_kind(tmp_path):
    data = saved(pil(3), "PNG")
    wanted = to_array(read_picture(data))
    for source in (bytearray(data), memoryview(data)):
        assert np.array_equal(to_array(read_picture(source)), wanted)
    lent = SimpleNamespace(read=lambda: memoryview(data))  # as some buffers of others give it
    assert np.array_equal(to_array(read_picture(lent)), wanted)
    closed = io.BytesIO(data)
    closed.close()
    for stream, why in ((closed, "closed file"), (io.StringIO("text"), "a stream of text")):
        with pytest.raises(PictureError, match=why):
            read_picture(stream)
    (tmp_path / "a.png").write_bytes(data)
    with (tmp_path / "a.png").open(encoding="utf-8") as text, pytest.raises(PictureError, match="cannot be read"):
        read_picture(text)


def test_qualities_that_are_no_python_integers():
    picture = picture_from_array(smooth(3))
    assert encode_picture(picture, "JPEG", np.int64(90)) == encode_picture(picture, "JPEG", 90)
    for wrong in ("90", 90.5, 0, 101):
        with pytest.raises(UsageError, match="quality must be a whole number from 1 to 100, not"):
            encode_picture(picture, "JPEG", wrong)


@pytest.mark.parametrize("extras", [{"dpi": (1e9, 1e9)}, {"xmp": "text"}])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP"])
def test_metadata_that_no_format_holds_end_in_no_traceback(extras, kind):
    with suppress(PictureError):
        encode_picture(replace(picture_from_array(smooth(3)), **extras), kind)
