"""What the seconds of a step go into."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

Part = Callable[[str], AbstractContextManager[None]]  # a block that counts for a part


def uncounted(name: str) -> AbstractContextManager[None]:
    """For whoever keeps no clock."""
    return nullcontext()


class Clock:
    """Counts for one part at a time. spent: seconds by part since `restart`."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new step begins; until somebody else is named, it is the generator's."""
        self.spent: dict[str, float] = {}
        self._doing, self._since = "generator", time.perf_counter()

    def turn_to(self, part: str) -> None:
        """From now on it counts for `part`."""
        now = time.perf_counter()
        self.spent[self._doing] = self.spent.get(self._doing, 0.0) + now - self._since
        self._doing, self._since = part, now

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """A block that counts for `name` and not for the part around it."""
        around = self._doing
        self.turn_to(name)
        try:
            yield
        finally:
            self.turn_to(around)

    def end(self) -> float:
        """The seconds of the whole step."""
        self.turn_to("generator")
        return sum(self.spent.values())
