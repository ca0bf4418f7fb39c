"""The benchmark of JPEG traces: pictures are cut and counted as its table says."""

import jpeg_traces
import numpy as np

from tests.benchmarks.conftest import ROOT
from wassr.data.folders import read_levels
from wassr.pixels.formats import picture_from_array, read_picture
from wassr.pixels.picture import Picture

STREET = ROOT / "examples" / "train" / "street.webp"


def test_cropping_puts_the_first_block_at_the_offset() -> None:
    rows = np.repeat(np.arange(32, dtype=np.uint8)[:, None, None], 3, axis=2)
    for offset in range(8):
        assert jpeg_traces.cropped(rows.repeat(32, axis=1), (offset, 0))[offset, 0, 0] % 8 == 0


def test_found_alarms_and_errors_are_counted_apart() -> None:
    levels, watch = read_levels(STREET), jpeg_traces.Watch()

    def lossless(p: np.ndarray, offset: tuple[int, int]) -> Picture:
        return picture_from_array(jpeg_traces.cropped(jpeg_traces.decoded(jpeg_traces.encoded(p)), offset))

    kinds = [
        jpeg_traces.Kind("found", lossless, 75, range(3, 4)),
        jpeg_traces.Kind("missed", lambda p, o: read_picture(jpeg_traces.encoded(p)), 75),
        jpeg_traces.Kind("alarm", lossless),
    ]
    rows = [jpeg_traces.traces(kind, [levels], watch) for kind in kinds]
    assert [(row.found, row.alarms) for row in rows] == [(1, 0), (0, 0), (0, 1)]
    assert rows[0].largest_error <= 1
    assert len(watch.seconds) == 3
    assert jpeg_traces.row(rows[1]) == "| missed | 0.0 % | - | 0.0 % |"


def test_headers_and_tables() -> None:
    levels = read_levels(STREET)
    header = jpeg_traces.headers(levels)
    assert (header.files, header.wrong) == (3 * 94, 0)
    assert jpeg_traces.luma_error(levels, quality=30) > jpeg_traces.luma_error(levels, quality=80)
