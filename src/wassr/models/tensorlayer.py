"""Generators of TensorLayer's SRGAN (2018) and its fork SRGAN_Wasserstein: `.npz` files as ours. No torch.

The file holds one pickled array of arrays, `params`, in the order of the layers: kernels (height, width, in, out), BN
as beta, gamma, mean, variance. Only arrays are unpickled, in any pickle protocol of Python 2 or 3; anything else in the
file is refused. Which of the two networks it is, and how many blocks it has, is read from the shapes: 3x3 first and 1x1
last, or 9x9 and 9x9; tanh and [-1, 1] in both.
"""

import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wassr.ground.errors import ModelError
from wassr.models.card import Card
from wassr.networks.facts import FACTS

SUFFIX = ".npz"
Array = NDArray[Any]

_FIRST_AND_LAST = 2 + 5 + 4 + 2  # arrays outside the blocks: head; the body's last convolution; two stages; tail
_BLOCK = 10  # two convolutions, each with its BN


class _ArraysOnly(pickle.Unpickler):
    """Unpickles NumPy arrays and nothing else: a pickle of anything else could run code."""

    def find_class(self, module: str, name: str) -> Any:
        if module in {"numpy.core.multiarray", "numpy._core.multiarray"} and name == "_reconstruct":
            return _reconstruct
        if module == "numpy" and name in {"ndarray", "dtype"}:
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):
            return _bytes
        raise pickle.UnpicklingError(f"holds {module}.{name}, which is no array")


def read_generator(path: Path) -> tuple[dict[str, Array], Card]:
    """Weights under the names of our `srresnet`, and a card that says what is known.

    Raises ModelError when the file is damaged, holds more than arrays, or arrays of another network.
    """
    arrays = _params(path)
    blocks, rest = divmod(len(arrays) - _FIRST_AND_LAST, _BLOCK)
    if blocks < 1 or rest:
        raise _misfit(path, f"{len(arrays)} arrays, not {_FIRST_AND_LAST} + {_BLOCK} for each block")
    queue, weights = iter(arrays), dict[str, Array]()

    def convolution(name: str, bias: bool, stage: bool = False) -> Array:
        kernel = next(queue)
        if kernel.ndim != 4:
            raise _misfit(path, f"{name} has shape {kernel.shape}, not height, width, in, out")
        weights[f"{name}.weight"] = _torch_order(kernel, stage)
        if bias:
            weights[f"{name}.bias"] = _torch_order(next(queue).reshape(1, 1, 1, -1), stage).ravel()
        return kernel

    def normalisation(name: str) -> None:
        for key in ("bias", "weight", "running_mean", "running_var"):  # beta comes before gamma
            weights[f"{name}.{key}"] = np.ascontiguousarray(next(queue), dtype=np.float32)
        weights[f"{name}.num_batches_tracked"] = np.array(0, dtype=np.int64)

    head = convolution("head.0", bias=True)
    for block in range(blocks):
        for conv, norm in ((0, 1), (3, 4)):
            convolution(f"body.{block}.layers.{conv}", bias=False)
            normalisation(f"body.{block}.layers.{norm}")
    convolution(f"body.{blocks}.0", bias=False)
    normalisation(f"body.{blocks}.1")
    for layer in (0, 3):
        convolution(f"tail.{layer}", bias=True, stage=True)
    tail = convolution("tail.6", bias=True)
    _check(path, weights, blocks, width=head.shape[3])
    defaults = FACTS["srresnet"].defaults
    arguments = {"blocks": blocks, "width": head.shape[3], "head": head.shape[0], "tail": tail.shape[0]}
    return weights, Card(
        name=path.stem,
        purpose="a generator of TensorLayer's SRGAN or its Wasserstein fork",
        network="srresnet",
        arguments={**defaults, **arguments, "activation": "relu", "tanh": True},
        scale=4,
        base="none",
        radius=FACTS["srresnet"].radius if blocks <= 16 else FACTS["srresnet"].radius + 2 * (blocks - 16),
    )


def _params(path: Path) -> list[Array]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open("params.npy") as stream:
            version = np.lib.format.read_magic(stream)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            _, _, kind = read_header(stream)
            if not kind.hasobject:
                raise _misfit(path, "`params` is one array, not a list of them")
            found = _ArraysOnly(stream, encoding="latin1").load()
    except KeyError as error:
        raise _misfit(path, f"there is no `params` in it ({error})") from error
    except (OSError, zipfile.BadZipFile, ValueError, EOFError, pickle.UnpicklingError, TypeError) as error:
        raise ModelError(f"{path}: cannot be read as a generator of TensorLayer's SRGAN: {error}") from error
    arrays = [np.asarray(one) for one in np.asarray(found, dtype=object).ravel()]
    if any(one.dtype.kind != "f" for one in arrays):
        raise _misfit(path, "some of its arrays are not floats")
    return arrays


def _torch_order(kernel: Array, stage: bool) -> Array:
    """(h, w, in, out) to (out, in, h, w). stage: before a sub-pixel layer, whose channels TensorFlow counts place by
    place, k = (dy r + dx) C + c, and torch colour by colour, k = c r^2 + dy r + dx; r is 2."""
    turned = kernel.transpose(3, 2, 0, 1)
    if stage:
        turned = turned.reshape(4, -1, *turned.shape[1:]).swapaxes(0, 1).reshape(turned.shape)
    return np.ascontiguousarray(turned, dtype=np.float32)


def _check(path: Path, weights: dict[str, Array], blocks: int, width: int) -> None:
    for name, shape in _shapes(blocks, width):
        found = weights[name].shape
        if len(shape) == len(found) and all(w in (0, f) for w, f in zip(shape, found, strict=True)):
            continue
        raise _misfit(path, f"{name} has shape {found}, not {' x '.join('k' if n == 0 else str(n) for n in shape)}")


def _shapes(blocks: int, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What each kernel must be; 0 stands for a kernel size that may differ."""
    yield "head.0.weight", (width, 3, 0, 0)
    for block in range(blocks):
        for conv, norm in ((0, 1), (3, 4)):
            yield f"body.{block}.layers.{conv}.weight", (width, width, 3, 3)
            yield f"body.{block}.layers.{norm}.weight", (width,)
    yield f"body.{blocks}.0.weight", (width, width, 3, 3)
    yield f"body.{blocks}.1.running_var", (width,)
    for layer in (0, 3):
        yield f"tail.{layer}.weight", (4 * width, width, 3, 3)
        yield f"tail.{layer}.bias", (4 * width,)
    yield "tail.6.weight", (3, width, 0, 0)
    yield "tail.6.bias", (3,)


def _misfit(path: Path, what: str) -> ModelError:
    return ModelError(f"{path}: not a generator of TensorLayer's SRGAN or its Wasserstein fork: {what}")


def _reconstruct(kind: type, shape: tuple[int, ...], code: bytes) -> Array:
    """What NumPy's pickles call to make an empty array, which they fill then."""
    if kind is not np.ndarray:
        raise pickle.UnpicklingError(f"holds a {kind.__name__}, which is no array")
    return np.ndarray.__new__(np.ndarray, shape, "b")


def _bytes(text: str, code: str) -> bytes:
    """What pickles of protocol 2, NumPy's of that time, call in Python 3 to make bytes of text; never another codec."""
    if code != "latin1":
        raise pickle.UnpicklingError(f"holds text in {code}, which is no array")
    return text.encode("latin1")
