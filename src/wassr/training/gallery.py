"""The sample strips of a validation: held-out pictures by every way to enlarge them, and what training changed."""

from wassr.training.samples import DIFFERENCES, SAMPLES, Strip
from wassr.training.validation import Enlarge, Pair, bicubic, difference_map, sample_grid

ROWS, SIDE = 3, 128  # pictures; pixels of their middles


def strips(pairs: list[Pair], scale: int, now: Enlarge, start: Enlarge | None) -> dict[str, Strip]:
    """Kind -> strip: low, bicubic, (start,) now, high; with a start also start, now and their difference."""
    shown = pairs[:ROWS]
    cells = tuple((min(pair.high.shape[0], SIDE), min(pair.high.shape[1], SIDE)) for pair in shown)
    ways = {"bicubic": bicubic(scale)} | ({"start": start} if start else {}) | {"now": now}
    results = {name: [enlarge(pair.low) for pair in shown] for name, enlarge in ways.items()}
    grid = sample_grid(shown, list(results.values()), scale, SIDE)
    made = {SAMPLES: Strip(("low", *ways, "high"), cells, grid)}
    if start:
        change = difference_map(results["start"], results["now"], SIDE)
        made[DIFFERENCES] = Strip(("start", "now", "difference"), cells, change)
    return made
