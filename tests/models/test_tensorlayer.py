"""Files written in the layout of the 2018 code load as ours, do what its layers do, and cannot run anything."""

import codecs
import io
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional as F

from wassr.ground.errors import ModelError
from wassr.models.build import build_generator
from wassr.models.modelfile import load_weights, read_card
from wassr.models.shelf import find

Arrays = list[NDArray[np.float32]]
VARIANTS = {"tensorlayer": (3, 1), "fork": (9, 9)}


def params(first: int, last: int, blocks: int = 2, width: int = 8) -> Arrays:
    """Arrays as that code saves them: kernels (h, w, in, out); BN: beta, gamma, mean, variance."""
    draw = np.random.default_rng(0)

    def kernel(size: int, inputs: int, outputs: int) -> NDArray[np.float32]:
        scale = 1 / np.sqrt(size * size * inputs)
        return (scale * draw.standard_normal((size, size, inputs, outputs))).astype(np.float32)

    def vector(n: int, low: float = -0.2, high: float = 0.2) -> NDArray[np.float32]:
        return draw.uniform(low, high, n).astype(np.float32)

    def norm() -> Arrays:
        return [vector(width), vector(width, 0.5, 1.5), vector(width), vector(width, 0.5, 1.5)]

    found = [kernel(first, 3, width), vector(width)]
    for _ in range(blocks):
        for _ in range(2):
            found += [kernel(3, width, width), *norm()]
    found += [kernel(3, width, width), *norm()]
    for _ in range(2):
        found += [kernel(3, width, 4 * width), vector(4 * width)]
    return [*found, kernel(last, width, 3), vector(3)]


def save(path: Path, arrays: Arrays) -> Path:
    """As np.savez(params=list) of that time does: one array of objects."""
    whole = np.empty(len(arrays), dtype=object)
    whole[:] = arrays
    np.savez(path, params=whole)
    return path


def as_there(arrays: Arrays, low: torch.Tensor, blocks: int = 2) -> torch.Tensor:
    """What the 2018 layers compute, written down from their code: NHWC kernels, depth_to_space by place."""
    queue = iter(torch.from_numpy(a) for a in arrays)

    def conv(x: torch.Tensor, bias: bool) -> torch.Tensor:
        kernel = next(queue).permute(3, 2, 0, 1)
        return F.conv2d(x, kernel, next(queue) if bias else None, padding=kernel.shape[-1] // 2)

    def norm(x: torch.Tensor) -> torch.Tensor:
        beta, gamma, mean, variance = (next(queue)[:, None, None] for _ in range(4))
        return (x - mean) / (variance + 1e-5).sqrt() * gamma + beta

    def subpixel(x: torch.Tensor, r: int = 2) -> torch.Tensor:
        n, c, h, w = x.shape
        placed = x.reshape(n, r, r, c // r**2, h, w)  # channel (dy r + dx) C + c
        return placed.permute(0, 3, 4, 1, 5, 2).reshape(n, c // r**2, h * r, w * r)

    x = first = conv(low * 2 - 1, True).relu()
    for _ in range(blocks):
        x = x + norm(conv(norm(conv(x, False)).relu(), False))
    x = norm(conv(x, False)) + first
    for _ in range(2):
        x = subpixel(conv(x, True)).relu()
    return (conv(x, True).tanh() + 1) / 2


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_network_is_the_one_of_2018(variant: str, tmp_path: Path) -> None:
    arrays = params(*VARIANTS[variant])
    path = save(tmp_path / "g_srgan.npz", arrays)
    weights, card = load_weights(path)
    assert (card.name, card.network, card.scale, card.base) == ("g_srgan", "srresnet", 4, "none")
    assert (card.arguments["head"], card.arguments["tail"]) == VARIANTS[variant]
    assert (card.arguments["blocks"], card.arguments["width"], card.arguments["tanh"]) == (2, 8, True)
    low = torch.rand(1, 3, 7, 6, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        made = build_generator(card, weights)(low)
        assert torch.allclose(made, as_there(arrays, low), atol=1e-5)
    assert float(made.std()) > 0.01
    assert read_card(path) == card
    assert (find(path).weights, find(path).onnx) == (path, None)


def test_the_full_sizes_are_known(tmp_path: Path) -> None:
    arrays = params(9, 9, blocks=16, width=64)
    assert len(arrays) == 173
    weights, card = load_weights(save(tmp_path / "whole.npz", arrays))
    assert sum(w.size for k, w in weights.items() if "running" not in k and "tracked" not in k) == 1_547_331
    build_generator(card, weights)


def test_upscale_takes_such_a_file(tmp_path: Path) -> None:
    arrays = params(9, 9)
    arrays[-2:] = [arrays[-2] * 1e-3, arrays[-1] * 0]  # middle gray, whatever comes: plausible for a gray picture only
    path = save(tmp_path / "old.npz", arrays)
    Image.new("RGB", (10, 12), (128, 128, 128)).save(tmp_path / "p.png")
    command = [sys.executable, "-m", "wassr", "upscale", "p.png", "-n", str(path), "-o", "large.png"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "torch" in done.stderr + done.stdout  # it has no deployment form
    with Image.open(tmp_path / "large.png") as made:
        assert made.size == (40, 48)


class PythonTwo(pickle._Pickler):  # type: ignore[name-defined,misc]
    """Writes bytes as Python 2 did, as its own text."""

    dispatch: ClassVar[dict[type, Any]] = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined]

    def _text(self, content: bytes) -> None:
        self.write(pickle.BINSTRING + struct.pack("<i", len(content)) + content)
        self.memoize(content)

    dispatch[bytes] = _text


def dumped(content: object, protocol: int | None) -> bytes:
    """By NumPy's module of that time, where a name is a line of its own (up to protocol 3); None: by Python 2."""
    stream = io.BytesIO()
    (PythonTwo(stream, 2) if protocol is None else pickle.Pickler(stream, protocol)).dump(content)
    return stream.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


@pytest.mark.parametrize("protocol", [None, 2, 3, 4])
def test_every_protocol_of_that_time_is_read(protocol: int | None, tmp_path: Path) -> None:
    arrays = params(9, 9)
    whole = np.empty(len(arrays), dtype=object)
    whole[:] = arrays
    content = dumped(whole, protocol)
    assert (b"_codecs\nencode" in content) == (protocol == 2)
    weights, _ = load_weights(pickled(tmp_path / "g.npz", content))
    assert weights["head.0.weight"].transpose(2, 3, 1, 0).tobytes() == arrays[0].tobytes()
    assert weights["tail.6.bias"].tobytes() == arrays[-1].tobytes()


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch evil",)


class Encoded:
    """Text through the one codec that Python 3's pickles of protocol 2 need is bytes, through another it is refused."""

    def __reduce__(self) -> tuple[Any, ...]:
        return codecs.encode, ("cfk", "rot13")


def pickled(path: Path, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive, archive.open("params.npy", "w") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": (1,)})
        stream.write(content)
    return path


@pytest.mark.parametrize("protocol", [None, 2, 3, 4])
@pytest.mark.parametrize("content", [Evil(), np.array([Evil()], dtype=object), {"a": os.getcwd}, Encoded()])
def test_nothing_but_arrays_is_unpickled(
    content: object, protocol: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="which is no array"):
        load_weights(pickled(tmp_path / "evil.npz", dumped(content, protocol)))
    assert not (tmp_path / "evil").exists()


def cut(arrays: Arrays) -> Arrays:
    return arrays[:-1]


def swapped(arrays: Arrays) -> Arrays:
    return [*arrays[:2], arrays[2][:2], *arrays[3:]]


def whole_numbers(arrays: Arrays) -> Arrays:
    return [a.astype(np.int32) for a in arrays]  # type: ignore[misc]


def narrow_tail(arrays: Arrays) -> Arrays:
    return [*arrays[:-2], arrays[-2][..., :1], arrays[-1][:1]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (cut, r"52 arrays|arrays, not 13 \+ 10 for each block"),
        (swapped, r"body.0.layers.0.weight has shape \(8, 8, 2, 3\), not 8 x 8 x 3 x 3"),
        (whole_numbers, "not floats"),
        (narrow_tail, r"tail.6.weight has shape \(1, 8, 9, 9\), not 3 x 8 x k x k"),
    ],
)
def test_other_arrays_are_refused_in_one_line(change: Any, words: str, tmp_path: Path) -> None:
    path = save(tmp_path / "other.npz", change(params(9, 9)))
    with pytest.raises(ModelError, match=words) as caught:
        find(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    np.savez(tmp_path / "plain.npz", params=np.zeros(3))
    for name, words in (("text", "cannot be read"), ("other", "no `params`"), ("plain", "one array")):
        with pytest.raises(ModelError, match=words):
            find(tmp_path / f"{name}.npz")
