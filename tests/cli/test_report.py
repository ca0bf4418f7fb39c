"""`wassr report` by the real command line."""

from pathlib import Path

import pytest

from tests.cli.conftest import Wassr
from tests.report.material import make_run
from wassr.cli.train import _report


def test_a_run_and_two(wassr: Wassr, tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "one", until=1000)
    make_run(tmp_path / "runs" / "two", until=1000, seed=1)
    done = wassr("report", "runs/one")
    assert (done.returncode, done.stdout.decode().strip()) == (0, "wrote runs/one/report.html"), done.stderr.decode()
    page = (tmp_path / "runs" / "one" / "report.html").read_text(encoding="utf-8")
    assert "wassr report runs/one" in page  # its commands can be given in the folder where it was asked for
    assert str(tmp_path) not in page
    both = wassr("report", "runs/one", "runs/two", "-o", "both.html")
    assert both.returncode == 0, both.stderr.decode()
    assert "one, two" in (tmp_path / "both.html").read_text(encoding="utf-8")


def test_a_report_that_fails_does_not_fail_the_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _report(tmp_path)
    assert capsys.readouterr().out.startswith(f"no report: {tmp_path}: holds no log.jsonl")


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("s.png", "-o s.png: HTML is written there; name it so, as in s.html"),
        ("s.png/page.html", "-o s.png/page.html: s.png is a file, no folder; name another place"),
    ],
)
def test_a_bad_output_is_refused_before_anything_is_read(wassr: Wassr, tmp_path: Path, output: str, words: str) -> None:
    (tmp_path / "s.png").write_bytes(b"picture")
    done = wassr("report", "absent", "-o", output)
    assert (done.returncode, done.stderr.decode()) == (2, f"wassr: {words}\n")
    assert (tmp_path / "s.png").read_bytes() == b"picture"


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [(["absent"], 2, "no such folder"), (["empty"], 1, "is empty")],
)
def test_what_is_no_run_is_one_line(wassr: Wassr, tmp_path: Path, given: list[str], code: int, words: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "log.jsonl").touch()
    done = wassr("report", *given)
    assert done.returncode == code
    assert words in done.stderr.decode()
    assert done.stderr.decode().count("\n") == 1
    assert not list(tmp_path.rglob("*.html"))
