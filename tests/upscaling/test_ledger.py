from wassr.upscaling.ledger import NAME, Ledger, digest


def test_only_the_same_input_settings_and_whole_result_count_as_made(tmp_path) -> None:
    target = tmp_path / "sub" / "ü.png"
    target.parent.mkdir()
    ledger = Ledger(tmp_path)
    ledger.add(target, "settings", "source", digest(b"result"))
    assert not ledger.made(target, "settings", "source")  # noted, but not yet there: killed in between
    target.write_bytes(b"result")
    again = Ledger(tmp_path)
    assert again.made(target, "settings", "source")
    assert not again.made(target, "others", "source")
    assert not again.made(target, "settings", "newer")
    assert again.ours(target)
    target.write_bytes(b"edited")
    assert not again.made(target, "settings", "source")
    assert not again.ours(target)


def test_a_torn_line_is_survived(tmp_path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"x")
        Ledger(tmp_path).add(tmp_path / name, "s", "i", digest(b"x"))
    text = (tmp_path / NAME).read_text()
    (tmp_path / NAME).write_text(text[:-20])
    ledger = Ledger(tmp_path)
    assert ledger.made(tmp_path / "a.png", "s", "i")
    assert not ledger.made(tmp_path / "b.png", "s", "i")
    ledger.add(tmp_path / "b.png", "s", "i", digest(b"x"))
    assert Ledger(tmp_path).made(tmp_path / "b.png", "s", "i")
