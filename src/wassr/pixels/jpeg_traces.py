"""Traces of earlier JPEG compression in the pixels of any picture: grid, quality, and how sure that is.

What the coefficients say for each step (jpeg_steps.py) is summed over the steps of each quality's table, at all 64
offsets of the grid. The evidence, in nats, is some hundred to some ten thousand for true traces and about zero at every
offset without any. Gaps in the histogram of a later, aligned compression go back to J. Lukas and J. Fridrich
(DFRWS 2003).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wassr.pixels.colour import luma
from wassr.pixels.jpeg import BLOCK, Jpeg, Table, nearest_quality, photoshop_tables, standard_table, stored_luma
from wassr.pixels.jpeg_steps import LOOKED_AT, MIDDLES, NOISES, QUIET, REACH, Noise, histograms, step_evidence
from wassr.pixels.picture import Picture

Floats = NDArray[np.float32]
UNCOMPRESSED = 100  # the quality of what was never compressed, as far as one can see


@dataclass(frozen=True)
class Trace:
    """An earlier JPEG. top, left: where its first whole block begins, 0..7; quality: luma's, on libjpeg's scale.

    table: of luma, 64 steps, where a known table fits and rounding was the only noise, else None.
    evidence: nats.
    """

    top: int
    left: int
    quality: int
    table: Table | None
    evidence: float

    @property
    def sentence(self) -> str:
        """As a user reads it."""
        about = "" if self.table == standard_table(self.quality) else "about "
        grid = f", its blocks shifted by {self.left} and {self.top} pixels" if self.top or self.left else ""
        return f"an earlier JPEG of quality {about}{self.quality}{grid}"


@dataclass(frozen=True)
class History:
    """What was found in a picture. file: the JPEG it was read from; traces: of JPEGs before that, the latest first."""

    file: Jpeg | None
    traces: tuple[Trace, ...]

    @property
    def quality(self) -> int | None:
        """The lowest of all generations: what there is to be cleaned. None: never compressed, as far as one can see."""
        found = [trace.quality for trace in self.traces] + ([self.file.quality] if self.file else [])
        return min(found, default=None)

    @property
    def told(self) -> int:
        """The quality that a network which asks for it is told."""
        return UNCOMPRESSED if self.quality is None else self.quality

    @property
    def sentence(self) -> str:
        """One line for the user: "JPEG of quality 90, 4:2:0; an earlier JPEG of quality about 50"."""
        found = ([self.file.sentence] if self.file else []) + [trace.sentence for trace in self.traces]
        return "; ".join(found) if found else "no JPEG compression found"


def history(picture: Picture) -> History:
    """What compression a picture has gone through.

    For a picture that was read from a JPEG file, that is its header and traces in the file's own luma (their offsets
    count from the corner of the picture as it is stored); for any other, traces in its luma.
    """
    file = picture.jpeg
    if file is None:
        return History(None, find_traces(luma(picture.colour) * np.float32(255)))
    if not file.ycc:
        return History(file, ())
    own = Trace(0, 0, file.quality, file.tables[0], 0.0)
    return History(file, find_traces(stored_luma(file).astype(np.float32), own))


def find_traces(plane: Floats, own: Trace | None = None) -> tuple[Trace, ...]:
    """Traces in a luma plane (H, W) of 0..255, the latest generation first, two at most.

    own: the generation that is known already, to be looked behind. Planes of less than 16 pixels a side give none.
    """
    if min(plane.shape) < 2 * BLOCK:
        return ()
    counts = histograms(plane)
    if own is not None:
        earlier = _before(counts, own)
        return (earlier,) if earlier else ()
    latest = _latest(counts)
    if latest is None:
        return ()
    earlier = _before(counts, latest) if latest.table else None
    return (latest, earlier) if earlier else (latest,)


def _latest(counts: Floats) -> Trace | None:
    """The trace that stands out most: of a libjpeg quality, or of a table of other steps."""
    found = _shifted(counts, QUALITIES)
    other = _other_table(counts)
    return other if other and (found is None or other.evidence > BETTER * found.evidence) else found


def _before(counts: Floats, own: Trace) -> Trace | None:
    """A coarser generation before a known one; a finer one is gone, and would not matter."""
    below = min(own.quality - 1, QUALITIES)
    if below < 1:
        return None
    place = BLOCK * own.top + own.left
    masked = counts * _apart(place)[:, :, None]
    masked[place] = 0
    shifted = _shifted(masked, below)
    aligned = _aligned(counts[place], own, below) if own.table else None
    return max((t for t in (shifted, aligned) if t), key=lambda t: t.evidence, default=None)


def _shifted(counts: Floats, highest: int) -> Trace | None:
    """The offset and known table of a quality up to `highest` of most evidence, where that is enough."""
    best: Trace | None = None
    allowed = _up_to(highest)
    tables = _tables()[allowed]
    for strength, noise in enumerate(NOISES):
        gained = step_evidence(counts, noise)
        evidence = np.sum([gained[:, k, tables[:, k] - 1] for k in range(len(LOOKED_AT))], axis=0)
        most = evidence.max(axis=1)
        offset = _standing_out(most, counts, noise, SHARE)
        if offset is None or (best and most[offset] < best.evidence):
            continue
        place = allowed[np.argmax(evidence[offset])]
        table = _known()[place] if strength < QUIET else None
        best = Trace(*divmod(offset, BLOCK), int(_qualities()[place]), table, float(most[offset]))
    return best


def _other_table(counts: Floats) -> Trace | None:
    """The offset where steps of any table fit, each frequency by itself; only where no later noise hides them."""
    best: Trace | None = None
    for noise in NOISES[:QUIET]:
        gained = step_evidence(counts, noise)
        most = np.maximum(gained.max(axis=2) - FREEDOM, 0)
        evidence = most.sum(axis=1)
        offset = _standing_out(evidence, counts, noise, OTHER_SHARE)
        if offset is None or (best and evidence[offset] < best.evidence):
            continue
        steps, certainty = np.ones(BLOCK * BLOCK, dtype=np.int64), np.zeros(BLOCK * BLOCK)
        steps[LOOKED_AT], certainty[LOOKED_AT] = gained[offset].argmax(axis=1) + 1, most[offset]
        quality = nearest_quality(tuple(steps.tolist()), certainty)
        best = Trace(*divmod(offset, BLOCK), quality, None, float(evidence[offset]))
    return best


def _standing_out(evidence: Floats, counts: Floats, noise: Noise, share: float) -> int | None:
    """The offset of most evidence, if it is enough and twice that of any other; enlarged pictures have many alike."""
    offset = int(np.argmax(evidence))
    least = ENOUGH + share * float(counts[offset, :, noise.first_cell :].sum())
    second = float(np.delete(evidence, offset).max())
    return offset if evidence[offset] >= max(least, 2 * second) else None


def _aligned(counts: Floats, own: Trace, highest: int) -> Trace | None:
    """An earlier generation on the same grid: its steps leave gaps among the multiples of the later ones.

    counts: (frequencies, cells) at the known grid. Multiple n of the later step s stands for s (n - 1/2) to
    s (n + 1/2); what matters is how many multiples of an earlier step fall there, against one for every s without it.
    Both likelihoods are of n >= 1 given that it is, with n geometrically distributed where nothing was earlier.
    """
    assert own.table is not None
    allowed = _up_to(highest)
    parts = np.zeros((len(LOOKED_AT), len(allowed)))
    total = 0.0
    for k, frequency in enumerate(LOOKED_AT):
        step = own.table[frequency]
        last = int(REACH / step) - 1
        found = np.bincount(np.rint(MIDDLES / step).astype(np.int64), weights=counts[k])[1 : last + 1]
        if found.sum() < 8:
            continue
        total += found.sum()
        n = np.arange(1, len(found) + 1)
        decay = min(max(1 - found.sum() / (found @ n), 0.01), 0.99)
        single = decay**n / (decay**n).sum()
        inside = _multiples_inside(step, k, len(found))[:, allowed]
        double = (1 - DOUBT) * inside / np.maximum(single @ inside, 1e-9) + DOUBT
        parts[k] = found @ np.log(double)
    evidence = parts.sum(axis=0)
    best = int(evidence.argmax())
    if evidence[best] < ENOUGH + ALIGNED_SHARE * total or not _spread(parts[:, best]):
        return None
    return Trace(own.top, own.left, int(_qualities()[allowed[best]]), None, float(evidence[best]))


def _spread(parts: NDArray[np.floating]) -> bool:
    """Whether evidence, given by frequency, comes from more than two of them.

    A slope has the same one or two coefficients in every block. Each fits some step by chance, and that counts as often
    as there are blocks: no number of blocks makes it evidence.
    """
    return float(np.sort(parts)[:-2].sum()) >= SPREAD * float(parts.sum())


def _multiples_inside(step: int, k: int, last: int) -> NDArray[np.floating]:
    """How many multiples of each known table's step lie in the intervals of 1..last times `step`: (last, tables).

    Relative to one in every `step`. The ends are as soft as the rounding between the generations makes them.
    """
    earlier = _tables()[:, k].astype(np.float64)
    ends = (np.arange(last + 1)[:, None] + 0.5) * step
    nearest = np.rint(ends / earlier)
    # a logistic curve in place of the normal distribution
    below = nearest + 0.5 * np.tanh((ends - nearest * earlier) / (1.175 * BETWEEN))
    return np.diff(below, axis=0) * earlier / step


def _apart(place: int) -> NDArray[np.bool_]:
    """Which frequencies (64 offsets, frequencies) a known grid says nothing about.

    Where a block differs from the known grid in rows only, what has no vertical frequency is a mixture of two blocks
    that are often equal: a multiple again. The same for columns.
    """
    top, left = np.divmod(np.arange(BLOCK * BLOCK), BLOCK)
    vertical, horizontal = np.divmod(np.array(LOOKED_AT), BLOCK)
    in_rows = (left == place % BLOCK)[:, None] & (vertical == 0)
    in_columns = (top == place // BLOCK)[:, None] & (horizontal == 0)
    return ~(in_rows | in_columns)


@lru_cache(maxsize=1)
def _known() -> tuple[Table, ...]:
    """Luma tables that are tried as a whole: libjpeg's by quality, then Photoshop's."""
    own = [standard_table(quality) for quality in range(1, QUALITIES + 1)]
    return *own, *(t for t in photoshop_tables() if t not in own and nearest_quality(t) <= QUALITIES)


@lru_cache(maxsize=1)
def _qualities() -> NDArray[np.int64]:
    """Of the known tables, on libjpeg's scale."""
    return np.array([nearest_quality(table) for table in _known()], dtype=np.int64)


def _up_to(highest: int) -> NDArray[np.int64]:
    """Places of the known tables of a quality up to `highest`."""
    return np.flatnonzero(_qualities() <= highest)


@lru_cache(maxsize=1)
def _tables() -> NDArray[np.int64]:
    """Steps of the frequencies looked at, (known tables, frequencies)."""
    return np.array(_known(), dtype=np.int64)[:, LOOKED_AT]


QUALITIES = 95  # above, most steps are 1 or 2: nothing to be seen, nothing to be cleaned
# How much evidence is enough, in nats: a part that chance may give, and a part for each coefficient, because pictures
# are not what the model takes them for. Found on training pictures (docs/jpeg-awareness.md)
ENOUGH, SHARE, OTHER_SHARE, ALIGNED_SHARE = 30.0, 0.005, 0.1, 0.02
SPREAD = 0.25  # the least share of the evidence beside its two most telling frequencies
FREEDOM = 6.0  # the price of a free step: log 255
BETTER = 1.2  # how many times the evidence another table needs against libjpeg's
BETWEEN, DOUBT = 0.8, 0.05  # noise and outliers between two generations on one grid
