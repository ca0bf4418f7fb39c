"""The coefficients of a baseline JPEG read the slow and certain way: its entropy-coded data, bit by bit.

After ITU-T T.81, F.2; no restart intervals, one scan. What the tests of recovered coefficients compare with.
"""

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

ZIGZAG = sorted(range(64), key=lambda k: (k // 8 + k % 8, (k // 8 if (k // 8 + k % 8) % 2 else k % 8)))


def read_coefficients(data: bytes) -> list[NDArray[np.int16]]:
    """Quantised coefficients of each component, (block rows, block columns, 8, 8), padding to whole MCUs included."""
    tables: dict[int, dict[tuple[int, int], int]] = {}
    components: list[tuple[int, int, int]] = []
    position = 2
    while True:
        marker, length = struct.unpack(">HH", data[position : position + 4])
        body = data[position + 4 : position + 2 + length]
        position += 2 + length
        if marker == 0xFFC4:
            _read_tables(body, tables)
        elif marker == 0xFFC0:
            height, width, count = struct.unpack(">HHB", body[1:6])
            components = [(body[6 + 3 * i], body[7 + 3 * i] >> 4, body[7 + 3 * i] & 15) for i in range(count)]
        elif marker == 0xFFDA:
            chosen = [body[2 + 2 * i] for i in range(body[0])]
            break
    bits = _bits(data[position:])
    across, down = (max(c[axis] for c in components) for axis in (1, 2))
    columns, rows = -(-width // (8 * across)), -(-height // (8 * down))
    if len(components) == 1:
        components = [(components[0][0], 1, 1)]
    planes = [np.zeros((rows * v, columns * h, 64), dtype=np.int16) for _, h, v in components]
    before = [0] * len(components)
    for mcu in range(rows * columns):
        for k, (_, h, v) in enumerate(components):
            direct, alternating = tables[chosen[k] >> 4], tables[16 + (chosen[k] & 15)]
            for part in range(h * v):
                block = planes[k][mcu // columns * v + part // h, mcu % columns * h + part % h]
                before[k] += _value(bits, _symbol(bits, direct))
                block[0] = before[k]
                at = 1
                while at < 64:
                    symbol = _symbol(bits, alternating)
                    run, size = symbol >> 4, symbol & 15
                    if size == 0 and run != 15:
                        break
                    at += run
                    if size:
                        block[ZIGZAG[at]] = _value(bits, size)
                    at += 1
    return [plane.reshape(*plane.shape[:2], 8, 8) for plane in planes]


def _read_tables(body: bytes, tables: dict[int, dict[tuple[int, int], int]]) -> None:
    while body:
        counts = body[1:17]
        symbols = iter(body[17 : 17 + sum(counts)])
        code, table = 0, {}
        for length, count in enumerate(counts, 1):
            for _ in range(count):
                table[length, code] = next(symbols)
                code += 1
            code <<= 1
        tables[body[0]] = table
        body = body[17 + sum(counts) :]


def _bits(data: bytes) -> Iterator[int]:
    for byte in data.replace(b"\xff\x00", b"\xff"):
        yield from ((byte >> shift) & 1 for shift in range(7, -1, -1))


def _symbol(bits: Iterator[int], table: dict[tuple[int, int], int]) -> int:
    length, code = 0, 0
    while (length, code) not in table:
        length, code = length + 1, code << 1 | next(bits)
    return table[length, code]


def _value(bits: Iterator[int], size: int) -> int:
    value = 0
    for _ in range(size):
        value = value << 1 | next(bits)
    return value if not size or value >> (size - 1) else value - (1 << size) + 1
