"""Model files: weights and card in a safetensors file (training form), network and card in an ONNX file (deployment).

The card stands under the key `wassr_card`, in the header of the one and in `metadata_props` of the other, so that it is
read without opening weights, and without torch, onnx or an engine. Nothing in either format can run code.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from wassr.ground.errors import ModelError
from wassr.ground.files import whole_file, write_whole
from wassr.models import tensorlayer
from wassr.models.card import Card, card_from_json

KEY = "wassr_card"
WEIGHTS, DEPLOYMENT = ".safetensors", ".onnx"

Tensors = dict[str, NDArray[Any]]

_LONGEST_HEADER = 100_000_000  # bytes, the limit of the safetensors format
_GRAPH, _METADATA = 7, 14  # fields of ONNX's ModelProto
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5  # protobuf's wire types


def save_weights(path: Path, tensors: Mapping[str, NDArray[Any]], card: Card) -> None:
    """Write a `.safetensors` file, all or nothing."""
    whole = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    with whole_file(path) as temporary:
        save_file(whole, temporary, metadata={KEY: card.to_json()})


def load_weights(path: Path) -> tuple[Tensors, Card]:
    """Weights by name and the card.

    Raises ModelError when the file is missing, cut, damaged or without a card.
    """
    if path.suffix == tensorlayer.SUFFIX:
        return tensorlayer.read_generator(path)
    card = read_card(path)
    if path.suffix != WEIGHTS:
        raise ModelError(f"{path}: weights are read from {WEIGHTS} files only")
    try:
        return load_file(path), card
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: damaged: {error}") from error


def read_card(path: Path) -> Card:
    """The card of a `.safetensors` or `.onnx` file; weights stay unread.

    Raises ModelError when the file is missing, cut, damaged, of another kind or without a card.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            text = _READERS[path.suffix](stream, size, path)
    except KeyError:
        raise ModelError(
            f"{path}: not a model file: its name must end in {WEIGHTS} or {DEPLOYMENT} (or be a TensorLayer "
            f"{tensorlayer.SUFFIX})"
        ) from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    if text is None:
        raise ModelError(f"{path}: has no card ({KEY}), so it was not written by wassr")
    return card_from_json(text, str(path))


def replace_card(path: Path, card: Card) -> None:
    """Give a model file another card (numbers measured later); the rest of the file stays bit for bit."""
    read_card(path)
    if path.suffix == WEIGHTS:
        tensors, _ = load_weights(path)
        save_weights(path, tensors, card)
        return
    content = path.read_bytes()
    with path.open("rb") as stream:
        fields = list(_fields(stream, len(content), path))
    cards = [
        (begin, end)
        for number, begin, start, end in fields
        if number == _METADATA and _entry(content[start:end])[0] == KEY
    ]
    kept, place = b"", 0
    for begin, end in cards:
        kept, place = kept + content[place:begin], end
    write_whole(path, kept + content[place:] + _metadata(KEY, card.to_json()))


def _card_of_weights(stream: BinaryIO, size: int, path: Path) -> str | None:
    start = stream.read(9)
    length = int.from_bytes(start[:8], "little")
    if len(start) < 9 or start[8:] != b"{" or length > _LONGEST_HEADER:
        raise ModelError(f"{path}: not a safetensors file ({size} bytes)")
    if 8 + length > size:
        raise ModelError(f"{path}: cut off: expected more than {8 + length} bytes, found {size}")
    try:
        header = json.loads(b"{" + stream.read(length - 1))
        metadata = header.pop("__metadata__", {})
        end = 8 + length + max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
        card: str | None = metadata.get(KEY)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path}: its header is damaged") from error
    if end != size:
        raise ModelError(f"{path}: {'cut off' if size < end else 'too long'}: expected {end} bytes, found {size}")
    return card


def _card_of_deployment(stream: BinaryIO, size: int, path: Path) -> str | None:
    card, graph = None, False
    for number, _, start, end in _fields(stream, size, path):
        graph = graph or number == _GRAPH
        if number == _METADATA:
            stream.seek(start)
            key, value = _entry(stream.read(end - start))
            card = value if key == KEY else card
    if not graph:
        raise ModelError(f"{path}: not an ONNX file ({size} bytes)")
    return card


def _fields(stream: BinaryIO, size: int, path: Path) -> Iterator[tuple[int, int, int, int]]:
    """The outermost fields of a protobuf message: number, where its tag begins, where its content starts and ends."""
    place = 0
    while place < size:
        begin = place
        stream.seek(begin)
        tag, place = _varint(stream.read(10), 0, begin)
        kind = tag & 7
        if kind == _VARINT:
            stream.seek(place)
            _, end = _varint(stream.read(10), 0, place)
        elif kind == _BYTES:
            stream.seek(place)
            length, place = _varint(stream.read(10), 0, place)
            end = place + length
        else:
            end = place + {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}.get(kind, -1)
        if tag >> 3 == 0 or end < place or (begin == 0 and tag != 1 << 3):  # files begin with ir_version
            raise ModelError(f"{path}: not an ONNX file ({size} bytes)")
        if end > size:
            raise ModelError(f"{path}: cut off: expected at least {end} bytes, found {size}")
        yield tag >> 3, begin, place, end
        place = end


def _varint(data: bytes, place: int, offset: int) -> tuple[int, int]:
    """A number of 7 bits a byte and the place behind it, counted from `offset`."""
    value = shift = 0
    for used, byte in enumerate(data[place:], place + 1):
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, offset + used
    return value, offset + max(len(data), 1)  # cut within a number: the caller's check of sizes tells


def _entry(data: bytes) -> tuple[str, str]:
    """Key and value of one metadata entry (two strings, fields 1 and 2)."""
    found = {1: "", 2: ""}
    place = 0
    while place < len(data):
        field = data[place] >> 3
        length, place = _varint(data, place + 1, 0)
        found[field] = data[place : place + length].decode("utf-8", "replace")
        place += length
    return found[1], found[2]


def _metadata(key: str, value: str) -> bytes:
    strings = b"".join(bytes([tag]) + _sized(text.encode()) for tag, text in ((1 << 3 | 2, key), (2 << 3 | 2, value)))
    return bytes([_METADATA << 3 | 2]) + _sized(strings)


def _sized(data: bytes) -> bytes:
    length, prefix = len(data), b""
    while length >= 0x80:
        prefix += bytes([length & 0x7F | 0x80])
        length >>= 7
    return prefix + bytes([length]) + data


def _card_of_tensorlayer(stream: BinaryIO, size: int, path: Path) -> str:
    return tensorlayer.read_generator(path)[1].to_json()


_READERS: dict[str, Callable[[BinaryIO, int, Path], str | None]] = {
    WEIGHTS: _card_of_weights,
    DEPLOYMENT: _card_of_deployment,
    tensorlayer.SUFFIX: _card_of_tensorlayer,
}
