import io
import os
import sys
from pathlib import Path

import pytest

from wassr.ground.errors import UsageError
from wassr.upscaling.inputs import Source, find_sources, nothing_found, plan, with_maps
from wassr.upscaling.ledger import Ledger, digest


def tree(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def names(root: Path, inputs: list[str], **options) -> list[str]:
    return [str(s.path.relative_to(root)) for s in find_sources(inputs, **options).sources if s.path]


def test_folders_patterns_and_any_name(tmp_path) -> None:
    tree(tmp_path, "ｂ.png", "ä b.JPG", "desktop.ini", ".hidden.png", "sub/c.tif", "sub/d/e.jpeg", "sub/.x/f.png")
    found = find_sources([str(tmp_path)])
    assert [s.path.name for s in found.sources if s.path] == ["ä b.JPG", "ｂ.png"]
    assert found.passed_over == 2
    assert found.many
    assert set(names(tmp_path, [str(tmp_path)], recursive=True)) == {"ä b.JPG", "ｂ.png", "sub/c.tif", "sub/d/e.jpeg"}
    assert names(tmp_path, [f"{tmp_path}/*.JPG"]) == ["ä b.JPG"]
    assert names(tmp_path, [f"{tmp_path}/sub/**/*.jpeg"]) == ["sub/d/e.jpeg"]
    assert names(tmp_path, [f"{tmp_path}/desktop.ini"]) == ["desktop.ini"]  # named by itself: its bytes will tell
    assert names(tmp_path, [str(tmp_path), f"{tmp_path}/*.png"]) == ["ä b.JPG", "ｂ.png"]  # each once


def test_first_bytes_of_files(tmp_path) -> None:
    for name, data in (("a.png", b"abc"), ("b.jpg", b""), ("c.jpg", bytes(1 << 20))):
        (tmp_path / name).write_bytes(data)
    places = [tmp_path / name for name in ("a.png", "b.jpg", "c.jpg", "no.jpg", ".")]
    assert [len(Source(place).head) for place in places] == [3, 0, 1 << 16, 0, 0]
    assert Source(tmp_path / "a.png").head == b"abc"


def test_first_bytes_of_stdin_stay_for_its_reader(monkeypatch) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"abc")
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert Source(None).head == b"abc"
        assert stdin.buffer.read() == b"abc"
    assert Source(None).head == b""  # closed by now
    for stdin in (io.StringIO(), None):
        monkeypatch.setattr(sys, "stdin", stdin)
        assert Source(None).head == b""


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes")
def test_a_pipe_keeps_its_first_bytes(tmp_path) -> None:
    """Opening it would wait for a writer; reading would rob the reader that follows."""
    os.mkfifo(tmp_path / "pipe.jpg")
    assert Source(tmp_path / "pipe.jpg").head == b""


def test_names_with_magic_are_files_first(tmp_path) -> None:
    tree(tmp_path, "a[1].png", "a1.png")
    assert names(tmp_path, [f"{tmp_path}/a[1].png"]) == ["a[1].png"]


def test_what_is_missing_is_a_failed_job_not_an_end(tmp_path) -> None:
    sources = find_sources([str(tmp_path / "no.png"), f"{tmp_path}/*.jpg"]).sources
    assert [source.trouble for source in sources] == ["no such file or folder", "no file matches this pattern"]


def test_wrong_inputs(tmp_path) -> None:
    for inputs in ([], ["-", "-"]):
        with pytest.raises(UsageError):
            find_sources(inputs)


def targets(inputs: list[str], output: str, *args: str, **options) -> list[str]:
    return [str(job.target) for job in plan(find_sources(inputs, **options), output, *args).jobs]


def test_where_results_go(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    tree(tmp_path, "in/a.png", "in/sub/b.JPG", "in/c.gif", "there/x")
    assert targets(["in/a.png"], "b.jpg") == ["b.jpg"]
    assert targets(["in/a.png"], "new/") == ["new/a.png"]
    assert targets(["in/a.png"], "there") == ["there/a.png"]
    assert targets(["in"], "out", recursive=True) == ["out/a.png", "out/c.png", "out/sub/b.JPG"]
    assert targets(["in"], "out", "webp", "_x4") == ["out/a_x4.webp", "out/c_x4.webp"]
    assert targets(["in/**/*.JPG"], "out") == ["out/sub/b.JPG"]
    assert targets(["-"], "out/") == ["out/stdin.png"]
    tree(tmp_path, "old/a.jfif", "old/b.JPE", "old/c.mpo")
    assert targets(["old"], "out") == ["out/a.jpg", "out/b.jpg", "out/c.jpg"]
    with pytest.raises(UsageError, match="part of a file's name"):
        targets(["in"], "out", "auto", "/../../x")
    assert plan(find_sources(["-"]), "-").jobs[0].target is None


def test_collisions_survive(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    tree(tmp_path, "in/a.png", "in/a.jpg", "in/A.tif", "two/a.png")
    assert targets(["in/a.png", "in/a.jpg"], "out") == ["out/a.png", "out/a.jpg"]
    assert targets(["in/a.png", "in/a.jpg"], "out", "png") == ["out/a-png.png", "out/a-jpg.png"]
    made = targets(["in", "two"], "out", "png")
    assert made == ["out/A-tif.png", "out/a-jpg.png", "out/a-png.png", "out/a-png-2.png"]


@pytest.mark.parametrize(
    ("inputs", "output", "extension"),
    [
        (["a.png"], "b.xyz", "auto"),
        (["a.png"], "b", "auto"),
        (["a.png"], "b.png", "jpg"),
        (["a.png"], "b/", "exe"),
        (["a.png", "b.png"], "c.png", "auto"),
        (["a.png", "b.png"], "file", "auto"),
        (["a.png", "b.png"], "-", "auto"),
    ],
)
def test_outputs_that_do_not_fit(inputs, output, extension, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    tree(tmp_path, "a.png", "b.png", "file")
    with pytest.raises(UsageError):
        plan(find_sources(inputs), output, extension)


def test_an_output_in_the_input_tree_is_no_input(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    tree(tmp_path, "a.png", "out/a.png")
    found = find_sources(["."], recursive=True, leave_out=Path("out"))
    assert [str(source.path) for source in found.sources] == ["a.png"]


def test_earlier_results_beside_the_inputs_are_no_inputs(tmp_path) -> None:
    tree(tmp_path, "a.png", "a_x4.png")
    Ledger(tmp_path).add(tmp_path / "a_x4.png", "s", "i", digest(b"x"))
    assert names(tmp_path, [str(tmp_path)], leave_out=tmp_path) == ["a.png"]


def test_no_result_replaces_another_input(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    tree(tmp_path, "a.png", "a_x4.png")
    jobs = plan(find_sources(["a.png", "a_x4.png"]), ".", "auto", "_x4").jobs
    assert "replace the input" in jobs[0].trouble
    assert jobs[1].trouble == ""


def maps(inputs: list[str], output: str, where: str) -> list[str]:
    found = find_sources(inputs)
    return [str(job.map) for job in with_maps(plan(found, output), found, where).jobs]


def test_maps_are_named_as_results_are(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    tree(tmp_path, "in/a.png", "in/b.jpg", "there/x")
    assert maps(["in/b.jpg"], "c.jpg", "map.png") == ["map.png"]
    assert maps(["in/b.jpg"], "-", "there") == ["there/b.png"]
    assert maps(["in"], "out", "maps") == ["maps/a.png", "maps/b.png"]
    assert maps(["in/b.jpg"], "out/", "out/") == ["out/b.png"]


@pytest.mark.parametrize("where", ["-", "map.jpg", "one.png", "out", "file"])
def test_maps_that_do_not_fit(where: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    tree(tmp_path, "in/a.png", "in/b.jpg", "file")
    with pytest.raises(UsageError, match=f"--invented {where}: "):
        maps(["in"], "out", where)


@pytest.mark.parametrize("where", ["c/", "./c/b.png", "out.png"])
def test_a_map_never_replaces_an_input_or_a_result(where: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    tree(tmp_path, "c/b.png")
    with pytest.raises(UsageError, match="is an input or a result"):
        maps(["c/b.png"], str(tmp_path / "out.png"), where)


def test_where_nothing_was_found_and_what_helps(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    tree(tmp_path, "flat/a.txt", "deep/sub/b.txt", "deep/.hidden/c.png")
    (tmp_path / "empty").mkdir()

    def words(*inputs: str, recursive: bool = False) -> str:
        return nothing_found(list(inputs), find_sources(list(inputs), recursive), recursive)

    assert words("empty") == "empty: no pictures found in it"
    assert words("flat") == "flat: no pictures found in it (1 other file)"
    assert words("deep") == "deep: no pictures found in it; --recursive looks into subfolders"
    assert words("deep", recursive=True) == "deep: no pictures found in it or in folders below (1 other file)"
    assert words("empty", "flat") == "empty, flat: no pictures found in them (1 other file)"
    assert words("flat/*.txt") == "flat/*.txt: no pictures among what matches (1 other file)"
