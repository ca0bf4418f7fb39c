"""Where the page goes."""

import subprocess
import sys
from pathlib import Path

import pytest

from wassr.ground.errors import UsageError
from wassr.report.writing import write_report


def test_into_the_run_or_where_it_is_told(mine: Path, tmp_path: Path) -> None:
    assert write_report([mine]) == mine / "report.html"
    file = write_report([mine], tmp_path / "new" / "page.html")
    assert file.read_bytes() == (mine / "report.html").read_bytes()


def test_a_comparison_lies_beside_the_runs(folder: Path, mine: Path) -> None:
    assert write_report([mine, folder]) == mine.parent / "comparison.html"


def test_needs_no_torch(mine: Path) -> None:
    code = "import sys; sys.modules['torch'] = None; from wassr.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "report", str(mine)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"wrote {mine / 'report.html'}\n"), done.stderr


def test_what_cannot_be_written_is_one_line(mine: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder; name a file"):
        write_report([mine], tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot be written .*-o"):
        write_report([mine], tmp_path / "file" / "page.html")
