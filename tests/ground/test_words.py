from wassr.ground.words import counted


def test_one_is_singular() -> None:
    assert [counted(count, "tile") for count in (0, 1, 2)] == ["0 tiles", "1 tile", "2 tiles"]
