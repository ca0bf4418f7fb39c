"""How far an enlargement is: told after every tile, as so many of so many."""

from collections.abc import Callable

Progress = Callable[[int, int], None]


class Counter:
    """Counts tiles and tells `progress`, if there is one."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total, self.progress, self.count = total, progress, 0

    def step(self) -> None:
        self.count += 1
        if self.progress is not None:
            self.progress(self.count, self.total)


def part_of(progress: Progress | None, number: int, parts: int) -> Progress | None:
    """The progress of one of several enlargements of one picture, `number` of them done, as a share of them all."""
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, parts * total)
