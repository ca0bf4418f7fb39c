"""What is pasted is found, the reference itself is not."""

import invented
import numpy as np
import pytest

from tests.upscaling.tiny import photo
from wassr.pixels.resize import resize


def test_pasted_detail_hides_from_the_input() -> None:
    faithful, other = photo(320, 320, seed=1), photo(320, 320, seed=2)
    made = invented.pasted(faithful, other, 96, 64)
    assert len(made) == 3
    for result in made.values():
        change = np.abs(result - faithful)
        assert change[96 : 96 + invented.SIDE, 64 : 64 + invented.SIDE].max() > 0.1
        change[96 : 96 + invented.SIDE, 64 : 64 + invented.SIDE] = 0
        assert change.max() == 0

    def low_error(name: str) -> float:
        return float(np.sqrt(np.square(resize(made[name], 80, 80) - resize(faithful, 80, 80)).mean()))

    assert low_error("detail of another picture") < 0.3 * low_error("a piece of another picture")


def test_the_busiest_square_is_where_the_detail_is() -> None:
    fine = np.zeros((300, 400, 3), np.float32)
    fine[64:208, 160:304] = 0.1
    assert invented.busiest(fine) == (64, 160)


def test_rows_are_shares_over_pictures() -> None:
    found = [{"a": np.array([0.4, 0.65, 0.9, 0.9])}, {"a": np.array([0.0, 0.0, 0.0, 0.9])}]
    rows = {row.threshold: row for row in invented.measure(found)}
    assert (rows[0.6].mean, rows[0.6].least, rows[0.6].most) == (0.5, 0.25, 0.75)
    assert rows[0.7].mean == pytest.approx(0.375)
    assert "| a | 50.0 (25.0 to 75.0) |" in invented.table(list(rows.values()))
