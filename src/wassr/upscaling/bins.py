"""Bin projection: what a JPEG says about the truth, imposed on the result.

A quantised coefficient n of step q says that the truth lay between q (n - 1/2) and q (n + 1/2). The result, reduced
again, is brought into these intervals and the difference is enlarged and added: back-projection onto a set instead of
onto a point, so that what a network has cleaned stays clean. For decoding alone: A. Zakhor, IEEE Trans. CSVT 2 (1992);
with narrower intervals, which are right more often than wrong and nearer: S. H. Park and D. S. Kim, IEEE Trans. Image
Processing 8 (1999).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wassr.pixels.colour import luma, rgb_to_ycbcr, ycbcr_to_rgb
from wassr.pixels.jpeg import BLOCK, Coefficients, Jpeg, blocks_of, coefficients, dct, inverse_dct, plane_of, quantised
from wassr.pixels.jpeg_traces import History
from wassr.pixels.picture import Picture
from wassr.pixels.reading import MIRRORED
from wassr.upscaling.bands import Stage
from wassr.upscaling.windows import needed, there_and_back, window

Floats = NDArray[np.float32]

WHITE, MIDDLE = np.float32(255), np.float32(128)
# Width of the intervals by the number of generations, in steps. Of a single one half is best; after an earlier, coarser
# one the truth is often outside (docs/jpeg-awareness.md)
SINGLE, SEVERAL = 0.5, 1.0


@dataclass(frozen=True)
class Bins:
    """The intervals of one plane, luma or a chroma, of an upright picture.

    centres: int16 (block rows, block columns, 8, 8) in steps; steps: float32 (8, 8) grey levels; sure: bool (block
    rows, block columns), others are left alone. top, left: of the first block in the picture; down, across: pixels of
    the picture in a sample of the plane; width: of an interval, in steps.
    """

    centres: NDArray[np.int16]
    steps: Floats
    sure: NDArray[np.bool_]
    top: int
    left: int
    down: int
    across: int
    width: float

    def around(self, first: int, end: int) -> tuple[int, int]:
        """The rows of the picture that blocks with any of the rows first..end cover, these included."""
        side = BLOCK * self.down
        begin = self.top + side * max(0, (first - self.top) // side)
        stop = self.top + side * min(len(self.centres), -(-(end - self.top) // side))
        return min(first, begin), max(end, stop)

    def missing(self, plane: Floats, row: int) -> Floats:
        """What to add to a plane (rows from `row` of the picture on, its width), so that it lies in the intervals.

        plane: in grey levels, 0 in the middle, at the picture's size. Blocks that are not there as a whole get nothing.
        """
        side = BLOCK * self.down
        begin = max(0, -(-(row - self.top) // side))
        stop = max(begin, min(len(self.centres), (row + len(plane) - self.top) // side))
        there = (
            slice(self.top + side * begin - row, self.top + side * stop - row),
            slice(self.left, self.left + BLOCK * self.across * self.centres.shape[1]),
        )
        samples = blocks_of(_means(plane[there], self.down, self.across))
        found = dct(samples)
        found /= self.steps
        centres = self.centres[begin:stop]
        moved = np.clip(found, centres - np.float32(self.width / 2), centres + np.float32(self.width / 2))
        moved -= found
        moved *= self.steps
        moved *= self.sure[begin:stop, :, None, None]
        out = np.zeros_like(plane)
        out[there] = plane_of(inverse_dct(moved)).repeat(self.down, axis=0).repeat(self.across, axis=1)
        return out


class InBins:
    """One pass of bin projection: y + up(P(down(y)) - down(y)), P being the projection onto all planes' intervals.

    source: of a whole multiple of the low picture's height and width. base: a low picture whose bicubic enlargement y
    has besides what the source gives; it is enlarged with the correction, at once. Memory: a band, as for every stage,
    and two bytes for each sample of the JPEG.
    """

    def __init__(
        self, source: Stage, bins: tuple[Bins, ...], height: int, width: int, base: Floats | None = None
    ) -> None:
        self.source, self.bins, self.small, self.base = source, bins, (height, width), base
        self.height, self.width = source.height, source.width
        self._reduced = None if base is None else there_and_back(base, self.height // height)

    def rows(self, start: int, stop: int) -> Floats:
        size, small = (self.height, self.width), self.small
        first, end = needed(small[0], size[0], start, stop)
        spans = [bins.around(first, end) for bins in self.bins]
        lowest, highest = min(span[0] for span in spans), max(span[1] for span in spans)
        top, bottom = needed(size[0], small[0], lowest, highest)
        top, bottom = min(top, start), max(bottom, stop)
        band = self.source.rows(top, bottom)
        reduced = window(band, small, (lowest, highest), (0, small[1]), top, size[0])
        if self._reduced is not None:
            reduced = reduced + self._reduced[:, lowest:highest]
        missing = self._missing(reduced, lowest)[:, first - lowest : end - lowest]
        if self.base is not None:
            missing = missing + self.base[:, first:end]
        correction = window(missing, size, (start, stop), (0, size[1]), first, small[0])
        correction += band[:, start - top : stop - top]
        return correction

    def _missing(self, reduced: Floats, row: int) -> Floats:
        """The correction on the small grid: (1 or 3, rows, width) in the picture's colours, in [0, 1] units."""
        planes = reduced.transpose(1, 2, 0)
        planes = (rgb_to_ycbcr(planes) if len(reduced) == 3 else planes) * WHITE
        planes[..., 0] -= MIDDLE
        missing = np.zeros_like(planes)
        for k, bins in enumerate(self.bins):
            missing[..., k] = bins.missing(planes[..., k], row)
        missing /= WHITE
        return np.ascontiguousarray((ycbcr_to_rgb(missing) if len(reduced) == 3 else missing).transpose(2, 0, 1))


def states_bins(found: History) -> bool:
    """Whether such a compression states any intervals, as told of `bins_of`."""
    if found.file is not None:
        return found.file.ycc and not found.file.converted
    return bool(found.traces) and found.traces[0].table is not None


def bins_of(picture: Picture, found: History) -> tuple[Bins, ...]:
    """The intervals that a picture's compression states: of luma and both chromas, of luma alone, or none.

    From the JPEG file itself; or, where a picture saved without loss shows the trace of one JPEG whose table is known,
    from its luma. None where a colour profile changed the colours, for RGB and CMYK, and without a JPEG.
    """
    if not states_bins(found):
        return ()
    if found.file is not None:
        return _of_file(found.file, SEVERAL if found.traces else SINGLE)
    trace, table = found.traces[0], found.traces[0].table
    assert table is not None
    plane = luma(picture.colour[trace.top :, trace.left :]) * WHITE
    width = SEVERAL if len(found.traces) > 1 else SINGLE
    return (_bins(quantised(plane, table), trace.top, trace.left, 1, 1, width),)


def _of_file(file: Jpeg, width: float) -> tuple[Bins, ...]:
    across, down = file.subsampling
    found = []
    for k, plane in enumerate(coefficients(file)):
        bins = _bins(plane, 0, 0, *((down, across) if k else (1, 1)), width)
        found.append(_upright(bins, file))
    return tuple(found)


def _bins(found: Coefficients, top: int, left: int, down: int, across: int, width: float) -> Bins:
    steps = np.array(found.table, dtype=np.float32).reshape(BLOCK, BLOCK)
    return Bins(found.steps, steps, found.sure, top, left, down, across, width)


def _upright(bins: Bins, file: Jpeg) -> Bins:
    """The bins of a stored picture as those of the picture turned upright by its EXIF orientation.

    A transposed block has transposed coefficients; a mirrored one has odd frequencies of the other sign, and what no
    whole block covers then lies before the first block.
    """
    height, width = file.height, file.width
    if file.orientation >= 5:
        height, width = width, height
        bins = replace(
            bins,
            centres=bins.centres.transpose(1, 0, 3, 2),
            steps=bins.steps.T,
            sure=bins.sure.T,
            down=bins.across,
            across=bins.down,
        )
    mirrored_rows, mirrored_columns = MIRRORED[file.orientation]
    signs = np.array([1, -1] * (BLOCK // 2), dtype=np.int16)
    if mirrored_rows:
        covered = BLOCK * bins.down * len(bins.centres)
        centres = bins.centres[::-1] * signs[:, None]
        bins = replace(bins, centres=centres, sure=bins.sure[::-1], top=height - covered)
    if mirrored_columns:
        covered = BLOCK * bins.across * bins.centres.shape[1]
        centres = bins.centres[:, ::-1] * signs
        bins = replace(bins, centres=centres, sure=bins.sure[:, ::-1], left=width - covered)
    return bins


def _means(plane: Floats, down: int, across: int) -> Floats:
    """Means over boxes: how libjpeg reduces chroma."""
    if down == across == 1:
        return plane
    height, width = plane.shape
    return plane.reshape(height // down, down, width // across, across).mean(axis=(1, 3))
