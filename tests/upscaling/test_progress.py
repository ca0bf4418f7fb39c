"""Progress of one enlargement, and of several of one picture."""

from wassr.upscaling.progress import Counter, part_of


def test_every_tile_is_told() -> None:
    told: list[tuple[int, int]] = []
    counter = Counter(2, lambda done, total: told.append((done, total)))
    counter.step()
    counter.step()
    assert told == [(1, 2), (2, 2)]
    Counter(1, None).step()  # nobody listens


def test_parts_follow_each_other() -> None:
    told: list[float] = []
    for number in range(3):
        part = part_of(lambda done, total: told.append(done / total), number, 3)
        assert part is not None
        for done in (1, 2):
            part(done, 2)
    assert told == [(i + 1) / 6 for i in range(6)]
    assert part_of(None, 0, 2) is None
