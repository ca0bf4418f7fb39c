"""Curves of one run or several, as a picture."""

import json
from pathlib import Path

import curves


def write_log(path: Path, tags: list[str]) -> None:
    lines = [json.dumps({"step": step, "tag": tag, "value": 0.1 * step}) for step in (0, 10, 20) for tag in tags]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_panels_are_those_that_are_there(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    write_log(run / "log.jsonl", ["critic/ratio", "valid/psnr_y", "loss/critic"])
    write_log(tmp_path / "other.jsonl", ["critic/ratio"])
    curves.draw([run], [], tmp_path / "one.svg")
    curves.draw([run, tmp_path / "other.jsonl"], ["loss/critic", "critic/ratio"], tmp_path / "two.svg")
    one, two = ((tmp_path / name).read_text(encoding="utf-8") for name in ("one.svg", "two.svg"))
    assert "PSNR-Y" in one
    assert "article" not in one  # only when it is asked for
    assert "article" in two
    assert "other" in two
    assert "PSNR-Y" not in two
