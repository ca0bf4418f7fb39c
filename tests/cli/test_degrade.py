"""`wassr degrade` as a process: the tree, the bytes, what is told of bad files, and that torch is not needed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Wassr, environment, save
from wassr.cli.main import main
from wassr.data.chain import find_chain
from wassr.data.degradations import degrade
from wassr.data.dice import dice_of_picture
from wassr.data.folders import read_levels


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_tree_with_bad_files(wassr: Wassr, tmp_path: Path) -> None:
    save(tmp_path / "in" / "a.png", 41, 62)
    whole = save(tmp_path / "in" / "sub" / "ä b.JPG", 32, 48, seed=1).read_bytes()
    (tmp_path / "in" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "in" / "notes.txt").write_bytes(b"x")
    save(tmp_path / "in" / "thin.png", 3, 60)
    ended = wassr("degrade", "in", "-o", "out", "--seed", 3)
    assert ended.returncode == 1
    assert sorted(tree(tmp_path / "out")) == ["a.png", "sub/ä b.png"]
    for name, source in (("a.png", "a.png"), ("sub/ä b.png", "sub/ä b.JPG")):
        with Image.open(tmp_path / "out" / name) as image:
            made = np.asarray(image)
        high = read_levels(tmp_path / "in" / source)
        height, width = (side // 4 * 4 for side in high.shape[:2])
        wanted = degrade(high[:height, :width], find_chain("jpeg").steps, 4, dice_of_picture(3, source)).levels
        np.testing.assert_array_equal(made, wanted)
    errors = ended.stderr.decode()
    assert "cut.jpg: " in errors
    assert "thin.png: has fewer than 4 pixels a side" in errors
    assert "2 done, 2 failed" in errors
    assert "Traceback" not in errors
    first = tree(tmp_path / "out")
    ended = wassr("degrade", "in", "-o", "out")
    assert ended.stderr.decode().count("exists; --overwrite replaces it") == 2
    assert tree(tmp_path / "out") == first
    wassr("degrade", "in/a.png", "-o", "out", "--overwrite", "--seed", 3)  # its own name counts, not its neighbours
    assert tree(tmp_path / "out") == first
    wassr("degrade", "in", "-o", "out", "--overwrite", "--seed", 4)
    assert all(new != first[name] for name, new in tree(tmp_path / "out").items())


def test_one_picture_by_a_chain_of_ones_own(wassr: Wassr, tmp_path: Path) -> None:
    save(tmp_path / "a.png", 30, 40)
    (tmp_path / "own.yaml").write_text("steps:\n- noise: {sigma: [9, 9]}\n", encoding="utf-8")
    ended = wassr("degrade", "a.png", "-o", "new/low.png", "--chain", "own.yaml", "-s", 2)
    assert ended.returncode == 0, ended.stderr
    with Image.open(tmp_path / "new" / "low.png") as image:
        assert image.size == (20, 15)


def test_a_preview_needs_no_output(wassr: Wassr, tmp_path: Path) -> None:
    for i in range(3):
        save(tmp_path / "in" / f"{i}.png", 64, 64, seed=i)
    (tmp_path / "in" / "bad.png").write_bytes(b"")
    ended = wassr("degrade", "in", "--chain", "web", "--preview", "sheet.png")
    assert ended.returncode == 1
    assert "bad.png: is empty" in ended.stderr.decode()
    assert "wrote sheet.png" in ended.stderr.decode()
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.size[0] > 1000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "sheet.png"]


def test_a_bad_file_is_told_once_for_sheet_and_folder(wassr: Wassr, tmp_path: Path) -> None:
    save(tmp_path / "in" / "a.png", 64, 64)
    (tmp_path / "in" / "bad.png").write_bytes(b"")
    save(tmp_path / "in" / "thin.png", 3, 60)
    ended = wassr("degrade", "in", "-o", "out", "--preview", "sheet.png")
    assert ended.returncode == 1
    errors = ended.stderr.decode()
    assert errors.count("bad.png: is empty") == errors.count("thin.png: has fewer than 4 pixels") == 1
    assert "1 done, 2 failed" in errors


def test_alpha_depth_and_gray_are_not_kept(wassr: Wassr, tmp_path: Path) -> None:
    """As docs/degradations.md says."""
    for name, pixels in (("alpha", np.full((16, 16, 4), 99, np.uint8)), ("gray", np.full((16, 16), 99, np.uint8))):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    Image.fromarray(np.full((16, 16), 999, np.uint16)).save(tmp_path / "deep.png")
    ended = wassr("degrade", "alpha.png", "gray.png", "deep.png", "-o", "out")
    assert ended.returncode == 0, ended.stderr
    for name in ("alpha", "gray", "deep"):
        with Image.open(tmp_path / "out" / f"{name}.png") as image:
            assert image.mode == "RGB"


def test_needs_no_torch(tmp_path: Path) -> None:
    save(tmp_path / "a.png", 32, 32)
    program = "import sys; sys.modules['torch'] = None; from wassr.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "degrade", "a.png", "-o", "low.png", "--preview", "sheet.png"]
    subprocess.run(command, check=True, cwd=tmp_path, env=environment(), capture_output=True)
    assert (tmp_path / "low.png").exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["a.png"], "-o is missing: name a folder; or --preview"),
        (["-", "-o", "b.png"], "name files and folders"),
        (["a.png", "-o", "-"], "name files and folders"),
        (["a.png", "-o", "b.png", "--chain", "jepg"], "jepg: no such chain or file; did you mean jpeg?"),
        (["a.png", "-o", "b.png", "--chain", "bad.yaml"], "bad.yaml:2: steps.0.jpge: unknown key; did you mean jpeg?"),
        (["a.png", "-o", "b.jpg"], "-o b.jpg: results are PNGs; name it so, as in b.png, or end a folder in a slash"),
        (["a.png", "-o", "b"], "-o b: results are PNGs"),
        (["a.png", "--preview", "sheet.jpg"], "the sheet is a PNG"),
        (["empty", "-o", "out"], "no pictures found"),
        (["a.png", "-o", "b.png", "-s", "0"], "Usage"),
        (["a.png", "-o", "b.png", "--seed", str(2**53 - 3)], "Usage"),
    ],
)
def test_wrong_use_is_2(args: list[str], words: str, tmp_path: Path, monkeypatch, capsys) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.yaml").write_text("steps:\n- jpge: {}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["wassr", "degrade", *args])
    try:
        code = main()
    except SystemExit as end:
        code = int(end.code or 0)
    assert code == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "b.png").exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["in/a.png", "--preview", "in/a.png"], "--preview in/a.png: is an input or a result of this run"),
        (["in", "--preview", "./in/sub/b.png"], "is an input or a result"),
        (["in/a.png", "-o", "low.png", "--preview", "low.png"], "is an input or a result"),
        (["in", "-o", "out", "--preview", "out/a.png"], "is an input or a result"),
        (["in", "-o", "in"], "-o in: a result would replace the input in/a.png; name another place"),
        (["in/a.png", "-o", "in/a.png"], "would replace the input in/a.png"),
        (["in/a.png", "in/sub/b.png", "-o", "in/sub"], "would replace the input in/sub/b.png"),
        (["link/a.png", "-o", "in"], "would replace the input in/a.png"),
    ],
)
def test_originals_are_never_replaced(args: list[str], words: str, tmp_path: Path, monkeypatch, capsys) -> None:
    save(tmp_path / "in" / "a.png", 64, 64)
    save(tmp_path / "in" / "sub" / "b.png", 64, 64, seed=1)
    (tmp_path / "link").symlink_to("in")
    before = tree(tmp_path)
    monkeypatch.chdir(tmp_path)
    for more in ([], ["--overwrite"]):
        monkeypatch.setattr(sys, "argv", ["wassr", "degrade", *args, *more])
        assert main() == 2
        assert words in capsys.readouterr().err
    assert tree(tmp_path) == before


def test_a_sheet_replaces_a_file_only_where_that_is_said(wassr: Wassr, tmp_path: Path) -> None:
    save(tmp_path / "a.png", 64, 64)
    before = save(tmp_path / "sheet.png").read_bytes()
    ended = wassr("degrade", "a.png", "--preview", "sheet.png")
    assert ended.returncode == 2
    assert ended.stderr.decode() == "wassr: --preview sheet.png: exists; --overwrite replaces it\n"
    assert (tmp_path / "sheet.png").read_bytes() == before
    assert wassr("degrade", "a.png", "--preview", "sheet.png", "--overwrite").returncode == 0
    assert (tmp_path / "sheet.png").read_bytes() != before


def test_a_missing_input_is_told_whatever_the_output_is_called(wassr: Wassr, tmp_path: Path) -> None:
    save(tmp_path / "low.png")
    for output in ("d4", "low.png", "low.jpg"):
        ended = wassr("degrade", "nothere", "-o", output)
        assert ended.returncode == 1
        assert "nothere: no such file or folder" in ended.stderr.decode()
        assert "-o" not in ended.stderr.decode()


def test_what_a_codec_cannot_hold_is_told_and_does_not_stop_the_rest(wassr: Wassr, tmp_path: Path) -> None:
    save(tmp_path / "in" / "a.png", 4, 16_400)  # WebP ends at 16383
    save(tmp_path / "in" / "b.png", 4, 16)
    (tmp_path / "webp.yaml").write_text("steps: [{webp: {}}]", encoding="utf-8")
    ended = wassr("degrade", "in", "-o", "out", "--chain", "webp.yaml", "-s", 1)
    assert ended.returncode == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.png"]
    assert "a.png: cannot be degraded: " in ended.stderr.decode()
    assert "Traceback" not in ended.stderr.decode()
