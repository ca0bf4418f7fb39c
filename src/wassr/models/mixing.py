"""Between two networks of one architecture: a deployment form whose float constants are mixed from those of two files.

Constants are found by name and shape, which depend on the architecture only (`export` sees to that). Their numbers
stand raw in an ONNX file and keep their length, so they are replaced where they stand, and every engine that runs the
files runs the mixture. Of protobuf only what leads to them is read. No torch, no onnx.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wassr.ground.errors import ModelError

Floats = NDArray[np.float32]
Key = tuple[str, tuple[int, ...]]  # name and shape
Constants = dict[Key, slice]  # where their numbers stand in the file

# fields of ONNX's ModelProto, GraphProto and TensorProto, the type FLOAT, and protobuf's wire types
_GRAPH, _INITIALIZER = 7, 5
_DIMS, _TYPE, _NAME, _RAW = 1, 2, 8, 9
_FLOAT = 1
_VARINT, _EIGHT_BYTES, _BYTES = 0, 1, 2


def constants(content: bytes) -> Constants:
    """Where the float32 constants of a deployment form (the bytes of an ONNX file) stand.

    Constants whose numbers do not stand raw in the file itself are left out.
    """
    found: Constants = {}
    for graph in _parts(content, 0, len(content), _GRAPH):
        for tensor in _parts(content, graph.start, graph.stop, _INITIALIZER):
            shape: list[int] = []
            kind, name, raw = 0, "", None
            for number, place in _fields(content, tensor.start, tensor.stop):
                if number == _DIMS:
                    shape.append(_number(content, place.start)[0])
                elif number == _TYPE:
                    kind = _number(content, place.start)[0]
                elif number == _NAME:
                    name = content[place].decode("utf-8", "replace")
                elif number == _RAW:
                    raw = place
            if kind == _FLOAT and raw is not None:
                found[name, tuple(shape)] = raw
    return found


def same_constants(one: Path, other: Path) -> bool:
    """Whether two deployment forms have float constants of the same names and shapes. Raises ModelError."""
    return _read(one)[1].keys() == _read(other)[1].keys()


def distance(one: Path, other: Path) -> float:
    """How far the constants of `other` are from those of `one`, which has the same: norm of the difference over norm.

    A fine-tuned child is within a few hundredths of its parent; networks trained apart are about 1.4 from each other.
    Raises ModelError.
    """
    mine, theirs = _numbers(*_read(one)), _numbers(*_read(other))
    whole = np.concatenate([mine[key] for key in mine])
    difference = np.concatenate([theirs[key] for key in mine]) - whole
    return float(np.linalg.norm(difference) / max(float(np.linalg.norm(whole)), 1e-30))


def mixed(one: Path, other: Path, share: float) -> bytes:
    """The deployment form `other` with every constant at one + share (other - one); both have the same constants.

    share: 0..1. Raises ModelError.
    """
    numbers = _numbers(*_read(one))
    content, places = _read(other)
    out = bytearray(content)
    for key, theirs in _numbers(content, places).items():
        mine = numbers[key]
        out[places[key]] = (mine + np.float32(share) * (theirs - mine)).astype("<f4").tobytes()
    return bytes(out)


def _read(path: Path) -> tuple[bytes, Constants]:
    content = path.read_bytes()
    try:
        return content, constants(content)
    except IndexError as error:
        raise ModelError(f"{path}: damaged: its constants cannot be read") from error


def _numbers(content: bytes, places: Constants) -> dict[Key, Floats]:
    return {key: np.frombuffer(content[place], dtype="<f4") for key, place in places.items()}


def _parts(data: bytes, start: int, stop: int, wanted: int) -> Iterator[slice]:
    return (place for number, place in _fields(data, start, stop) if number == wanted)


def _fields(data: bytes, start: int, stop: int) -> Iterator[tuple[int, slice]]:
    """Number and content of each field of the message data[start:stop]; IndexError where it is cut or no message."""
    while start < stop:
        tag, start = _number(data, start)
        kind = tag & 7
        if kind == _BYTES:
            length, start = _number(data, start)
            end = start + length
        elif kind == _VARINT:
            end = _number(data, start)[1]
        else:
            end = start + (8 if kind == _EIGHT_BYTES else 4)
        if end > stop:
            raise IndexError(end)
        yield tag >> 3, slice(start, end)
        start = end


def _number(data: bytes, place: int) -> tuple[int, int]:
    """A number of 7 bits a byte, and the place behind it."""
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        shift, place = shift + 7, place + 1
        if byte < 0x80:
            return value, place
