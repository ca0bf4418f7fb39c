import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Wassr, environment, save
from tests.upscaling.family import tiny_family
from tests.upscaling.shelf import clean, hidden_jpeg, joint_card, jpeg, put_on_shelf
from tests.upscaling.tiny import tiny_card, tiny_model
from wassr.cli.main import main
from wassr.upscaling.choice import COMPRESSED_MODEL
from wassr.upscaling.machine import threads_for
from wassr.upscaling.upscaler import DEFAULT_MODEL


def size(path: Path | bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(path) if isinstance(path, bytes) else path) as image:
        image.load()
        return image.size


def test_one_file_from_another_folder(wassr: Wassr, model: Path, tmp_path: Path) -> None:
    save(tmp_path / "ä b.jpg")
    ended = wassr("upscale", "-i", "ä b.jpg", "-o", "new/large.png", "-n", model, "-v")
    assert ended.returncode == 0, ended.stderr
    assert size(tmp_path / "new" / "large.png") == (160, 120)
    first = ended.stderr.decode().splitlines()[0]
    assert first.startswith("wassr: tiny-x4: openvino, ")
    assert "thread" in first
    assert ended.stdout == b""
    assert os.listdir(tmp_path / "new") == ["large.png"]  # a single file leaves no ledger


def test_a_model_that_restores_keeps_the_size(wassr: Wassr, tmp_path: Path) -> None:
    tiny_model(tmp_path / "tiny-x1.onnx", tiny_card(1).model_copy(update={"inputs": "compressed"}))
    (tmp_path / "a.jpg").write_bytes(jpeg(90, 106))
    for more, wanted in (([], (106, 90)), (["-s", "1"], (106, 90)), (["-s", "2"], (212, 180))):
        ended = wassr("upscale", "a.jpg", "-o", "b.png", "-n", "tiny-x1.onnx", "--overwrite", *more)
        assert ended.returncode == 0, ended.stderr
        assert size(tmp_path / "b.png") == wanted


def test_a_tree_with_bad_files(wassr: Wassr, model: Path, tmp_path: Path) -> None:
    save(tmp_path / "in" / "ｂ.png")
    whole = save(tmp_path / "in" / "sub" / "ä b.JPG").read_bytes()
    (tmp_path / "in" / "desktop.ini").write_bytes(b"x")
    (tmp_path / "in" / "empty.png").write_bytes(b"")
    (tmp_path / "in" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    ended = wassr("upscale", "in", "-o", "out", "--recursive", "-n", model, "-s", "2", "--report", "report.json")
    assert ended.returncode == 1
    assert size(tmp_path / "out" / "ｂ.png") == size(tmp_path / "out" / "sub" / "ä b.JPG") == (80, 60)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    failed = [result["source"] for result in report["results"] if result["state"] == "failed"]
    assert failed == ["in/cut.jpg", "in/empty.png"]
    assert (report["done"], report["no_pictures"]) == (2, 1)
    errors = ended.stderr.decode()
    assert "in/empty.png: is empty" in errors
    assert "Traceback" not in errors


def test_that_other_frames_are_left_out_is_said(wassr: Wassr, model: Path, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 15), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / "pages.tif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "one.png")
    ended = wassr("upscale", "pages.tif", "one.png", "-o", "out/", "-n", model, "-s", "2", "--report", "report.json")
    lines = ended.stderr.decode() + ended.stdout.decode()
    assert "pages.tif: 3 frames, of which the first is enlarged" in lines
    assert "one.png: " not in lines
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [result["frames"] for result in report["results"]] == [3, 1]


@pytest.mark.skipif(sys.platform == "win32", reason="names there are Unicode always")
def test_names_that_are_no_unicode(wassr: Wassr, model: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.png")
    try:
        save(tmp_path / "a.png").rename(tmp_path / name)
    except OSError:
        pytest.skip("this file system wants Unicode")
    ended = wassr("upscale", name, "-o", "out/", "-n", model, "--json", "-v", "--report", "r.json")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "out" / name).exists()
    assert json.loads((tmp_path / "r.json").read_text())["results"][0]["source"] == name


def test_through_a_pipe_with_json(wassr: Wassr, model: Path, tmp_path: Path) -> None:
    data = save(tmp_path / "a.png").read_bytes()
    ended = wassr("upscale", "-", "-o", "-", "-n", model, "-f", "jpg", "--width", "100", "--json", given=data)
    assert ended.returncode == 0, ended.stderr
    assert size(ended.stdout) == (100, 75)
    assert Image.open(io.BytesIO(ended.stdout)).format == "JPEG"
    lines = [json.loads(line) for line in ended.stderr.decode().splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines] == ["start", "progress", "result", "end"]
    assert {"file", "percent", "seconds_left"} <= set(lines[1])
    bad = wassr("upscale", "-", "-o", "-", "-n", model, given=b"nonsense")
    assert (bad.returncode, bad.stdout) == (1, b"")


def test_json_lines_on_stdout(wassr: Wassr, model: Path, tmp_path: Path) -> None:
    save(tmp_path / "a.png", 100, 100)
    ended = wassr("upscale", "a.png", "-o", "b.png", "-n", model, "--json", "-t", "32", "--engine", "onnxruntime")
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert lines[0]["engine"] == "onnxruntime"
    assert lines[-1]["exit_code"] == 0
    assert lines[-2]["state"] == "done"


def in_process(args: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """The same command line without a process of its own: its exit code."""
    monkeypatch.setattr(sys, "argv", ["wassr", *args])
    try:
        return main()
    except SystemExit as end:
        return int(end.code or 0)


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["a.png"],
        ["-o", "b.png"],
        ["a.png", "-o", "b.png", "-n", "2"],
        ["a.png", "-o", "b.png", "-n", "nosuch"],
        ["a.png", "-o", "b.xyz", "-n", "MODEL"],
        ["a.png", "-o", "b.png", "-n", "MODEL", "-s", "2", "--width", "9"],
        ["a.png", "-o", "b.png", "-n", "MODEL", "-s", "-1"],
        ["a.png", "-o", "b.png", "-n", "MODEL", "-t", "8"],
        ["a.png", "-o", "b.png", "-n", "MODEL", "-g", "gpu"],
        ["a.png", "-o", "b.png", "-n", "MODEL", "--quality", "0"],
        ["a.png", "-o", "b.png", "-n", "MODEL", "--nonsense"],
        ["empty/", "-o", "out", "-n", "MODEL"],
        ["a.png", "-o", "b.png", "-n", "MODEL", "--strength", "0.5"],
        ["a.png", "-o", "b.png", "-n", "MODEL", "--strength", "1.5"],
        ["a.png", "-o", "b.png", "-n", "MODEL", "--contact-sheet"],
        ["a.png", "-o", "b.png", "-n", "MODEL", "--invented", "m.png"],
        ["a.png", "-o", "b.png", "-n", "CHILD", "--invented", "b.png"],
        ["a.png", "-o", "b.png", "-n", "CHILD", "--invented", "m.png", "--contact-sheet"],
        ["a.png", "-o", "b.png", "-n", "CHILD", "--strength", "1", "--contact-sheet"],
        ["a.png", "-o", "b.png", "-n", "CHILD", "--contact-sheet", "--dry-run"],
        ["a.png", "-o", "b.png", "-n", "MODEL", "--dry-run", "--report", "r.json"],
        ["a.png", "-o", "out/", "-n", "MODEL", "--suffix", "/../b"],
        ["a.png", "-o", "b.png", "--jpeg", "0"],
        ["a.png", "-o", "b.png", "--jpeg", "101"],
        ["a.png", "-o", "b.png", "--jpeg", "abc"],
        ["a.png", "-o", "b.png", "--contact-sheet"],
        ["-", "-"],
        ["-", "-", "-o", "b.png"],
        ["-", "a.png", "-", "-o", "out/"],
        ["a.png", "-o", "a.png/b.png"],
        ["a.png", "-o", "a.png/sub/"],
        ["a.png", "a.png", "-o", "a.png/"],
        ["a.png", "-o", "b.png", "-s", "0"],
        ["a.png", "-o", "b.png", "--width", "0"],
        ["a.png", "-o", "b.png", "--report", "a.png/r.json"],
        ["a.png", "-o", "b.png", "-n", "CHILD", "--invented", "a.png/m.png"],
    ],
)
def test_wrong_use_is_2(args: list[str], model: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    files = {"MODEL": str(model), "CHILD": str(tiny_family(tmp_path))}
    assert in_process(["upscale", *[files.get(arg, arg) for arg in args]], monkeypatch) == 2
    assert not (tmp_path / "b.png").exists()
    error = capsys.readouterr().err
    if "2" in args[3:4]:
        assert "not a noise level" in error
    if error.startswith("wassr: "):
        assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (
            ["a.png", "-o", "b.png", "--strength", "nan"],
            "--strength nan: choose a number from 0 (content model) to 1 (the model itself)",
        ),
        (["-", "-", "-o", "b.png"], "- stands for stdin, which can be read once only"),
        (["a.png", "-o", "a.png/b.png"], "-o a.png/b.png: a.png is a file, no folder; name another place"),
        (["a.png", "-o", "b.png", "-s", "0"], "factor 0: must be above 0 (and below a million)"),
        (["a.png", "-o", "b.png", "--report", "a.png/r"], "--report a.png/r: a.png is a file, no folder; name another"),
    ],
)
def test_wrong_use_in_one_line_of_the_real_command(wassr: Wassr, tmp_path: Path, args: list[str], line: str) -> None:
    save(tmp_path / "a.png")
    ended = wassr("upscale", *args)
    assert ended.returncode == 2
    assert ended.stderr.decode().startswith(f"wassr: {line}")
    assert ended.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (
            ["a.png", "-o", "b.png", "--report", "a.png"],
            "--report a.png: JSON is written there; name it so, as in a.json",
        ),
        (["a", "-o", "b.png", "--report", "a"], "--report a: is an input or a result of this run; name another file"),
    ],
)
def test_a_report_is_no_input(args: list[str], line: str, model: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    before = save(tmp_path / "a.png").read_bytes()
    (tmp_path / "a").write_bytes(before)
    monkeypatch.chdir(tmp_path)
    assert in_process(["upscale", *args, "-n", str(model)], monkeypatch) == 2
    assert capsys.readouterr().err == f"wassr: {line}\n"
    assert (tmp_path / "a").read_bytes() == (tmp_path / "a.png").read_bytes() == before


def test_threads_without_number_are_not_taken_and_said(wassr: Wassr, model: Path, tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    ended = wassr("upscale", "a.png", "-o", "b.png", "-n", model, "--threads", "100000", "--precision", "float32")
    assert ended.returncode == 0
    most = threads_for(100000)
    assert f"{most} threads (not 100000: 4 for each core are the most)" in ended.stderr.decode().splitlines()[0]


def test_a_missing_file_is_1(wassr: Wassr, model: Path) -> None:
    ended = wassr("upscale", "no.png", "-o", "b.png", "-n", model)
    assert ended.returncode == 1
    assert b"no.png: no such file" in ended.stderr


def test_dry_run_writes_nothing(wassr: Wassr, model: Path, tmp_path: Path) -> None:
    save(tmp_path / "in" / "a.png")
    save(tmp_path / "in" / "b.jpg")
    ended = wassr("upscale", "in", "-o", "out", "-n", model, "--dry-run")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.decode().splitlines()[0].startswith("in/a.png -> out/a.png: 160 x 120, 1 tile, ")
    assert "together: 2 pictures" in ended.stdout.decode()
    assert not (tmp_path / "out").exists()
    row = json.loads(
        wassr("upscale", "in/a.png", "-o", "c.png", "-n", model, "--dry-run", "--json").stdout.splitlines()[-1]
    )
    assert (row["width"], row["height"], row["trouble"]) == (160, 120, "")


def test_a_dry_run_says_what_is_left(wassr: Wassr, model: Path, tmp_path: Path) -> None:
    save(tmp_path / "in" / "a.png")
    assert wassr("upscale", "in", "-o", "out", "-n", model).returncode == 0
    save(tmp_path / "in" / "b.png")
    ended = wassr("upscale", "in", "-o", "out", "-n", model, "--dry-run")
    assert ended.returncode == 1
    assert (
        ended.stdout.decode().splitlines()[0].startswith("in/a.png: fails: out/a.png: exists; --overwrite replaces it")
    )
    ended = wassr("upscale", "in", "-o", "out", "-n", model, "--dry-run", "--skip-existing")
    assert ended.returncode == 0
    first, second, together = ended.stdout.decode().splitlines()
    assert first == "in/a.png -> out/a.png: made before, is skipped"
    assert second.startswith("in/b.png -> out/b.png: 160 x 120, ")
    assert together.startswith("together: 1 picture, ")


def test_what_the_format_cannot_hold_is_said(wassr: Wassr, model: Path, tmp_path: Path) -> None:
    Image.new("RGBA", (20, 15), (255, 0, 0, 100)).save(tmp_path / "clear.png")
    ended = wassr("upscale", "clear.png", "-o", "flat.jpg", "-n", model)
    assert ended.returncode == 0
    assert b"clear.png: its transparency is laid on white" in ended.stderr + ended.stdout
    save(tmp_path / "a.png", 4, 40)
    for more in ([], ["--dry-run"]):
        ended = wassr("upscale", "a.png", "-o", "wide.webp", "-n", model, "--long-side", "17000", *more)
        assert ended.returncode == 1
        assert b"are more than WEBP can hold (16383 a side); write PNG or TIFF" in ended.stderr + ended.stdout


def test_no_torch_after_an_upscale(model: Path, tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    code = (
        "import sys; from wassr.cli.main import main; sys.argv = ['wassr', *sys.argv[1:]]\n"
        "try: main()\nexcept SystemExit as end: print(end.code, 'torch' in sys.modules, 'onnx' in sys.modules)"
    )
    command = [sys.executable, "-c", code, "upscale", "a.png", "-o", "b.png", "-n", str(model)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "0 False False"


def slow_batch(tmp_path: Path, model: Path) -> subprocess.Popen[bytes]:
    for i in range(10):
        save(tmp_path / "in" / f"{i}.png", 260, 260, seed=i)
    command = [
        sys.executable,
        "-m",
        "wassr",
        "upscale",
        "in",
        "-o",
        "out",
        "-n",
        str(model),
        "--skip-existing",
        "-t",
        "32",
        "--report",
        "r.json",
    ]
    running = subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "out").glob("?.png"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.002)
    return running


@pytest.mark.slow
def test_a_killed_batch_leaves_whole_files_and_goes_on(wassr: Wassr, model: Path, tmp_path: Path) -> None:
    running = slow_batch(tmp_path, model)
    running.kill()
    running.wait()
    done = sorted((tmp_path / "out").glob("?.png"))
    assert 3 <= len(done) < 10
    assert {size(path) for path in done} == {(1040, 1040)}
    stamps = {path: path.stat().st_mtime_ns for path in done}
    ended = wassr("upscale", "in", "-o", "out", "-n", model, "--skip-existing", "-t", "32", "--report", "r.json")
    assert ended.returncode == 0, ended.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert (report["skipped"], report["done"]) == (len(done), 10 - len(done))
    assert {path: path.stat().st_mtime_ns for path in done} == stamps
    assert len([path for path in (tmp_path / "out").glob("?.png") if size(path) == (1040, 1040)]) == 10


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_stop_and_clean_up(number: signal.Signals, model: Path, tmp_path: Path) -> None:
    running = slow_batch(tmp_path, model)
    running.send_signal(number)
    assert running.wait(timeout=30) == 1
    names = [path.name for path in (tmp_path / "out").iterdir()]
    assert all(len(name) == 5 or name == ".wassr.jsonl" for name in names), names
    assert 3 <= len(names) - 1 < 10
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["stopped"]
    assert report["done"] + report["not_reached"] == 10


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="a folder that takes no files")
def test_a_report_that_cannot_be_written_is_one_line(wassr: Wassr, model: Path, tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    ended = wassr("upscale", "a.png", "-o", "b.png", "-n", model, "--report", ".")
    assert (ended.returncode, ended.stderr.decode().splitlines()) == (
        2,
        ["wassr: --report .: is a folder; name a file"],
    )
    ended = wassr("upscale", "a.png", "-o", "b.png", "-n", model, "--report", "/proc/r.json")
    assert ended.returncode == 2
    assert ended.stderr.decode().startswith("wassr: --report /proc/r.json: cannot be written: ")
    assert not (tmp_path / "b.png").exists()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="a folder that takes no files")
def test_a_result_that_cannot_be_written_is_one_line(wassr: Wassr, model: Path, tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    ended = wassr("upscale", "a.png", "-o", "/proc/b.png", "-n", model)
    assert ended.returncode == 1
    assert "wassr: a.png: /proc/b.png: cannot be written: " in ended.stderr.decode()
    assert "Errno" not in ended.stderr.decode()


def test_a_closed_pipe_is_quiet(model: Path, tmp_path: Path) -> None:
    save(tmp_path / "a.png", 200, 200)
    command = f'"{sys.executable}" -m wassr upscale a.png -o - -n "{model}" | head -c 10 > head'
    ended = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, env=environment(), check=False)
    assert b"Traceback" not in ended.stderr
    assert b"Exception" not in ended.stderr
    assert (tmp_path / "head").read_bytes().startswith(b"\x89PNG")


def test_strength_sheet_and_map(wassr: Wassr, tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    child = tiny_family(tmp_path)
    words = ("-n", child, "--strength", "0.5", "--invented", "map.png", "--report", "r.json", "--json")
    ended = wassr("upscale", "a.png", "-o", "b.png", *words)
    assert ended.returncode == 0, ended.stderr
    assert size(tmp_path / "b.png") == size(tmp_path / "map.png") == (160, 120)
    assert "child-x4 at strength 0.5 (0 is tiny-x4)" in ended.stderr.decode()
    result = json.loads(ended.stdout.splitlines()[-2])
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["models"][0]["strength"] == 0.5
    assert report["results"][0]["invented"] == result["invented"]
    assert f"a.png: {100 * result['invented']:.1f} % of it invented" in ended.stderr.decode()
    again = wassr("upscale", "a.png", "-o", "c.png", "-n", child, "--invented", "map.png")
    assert again.returncode == 1
    assert "map.png: exists; --overwrite replaces it" in again.stderr.decode()
    assert not (tmp_path / "c.png").exists()
    assert wassr("upscale", "a.png", "-o", "sheet.jpg", "-n", child, "--contact-sheet").returncode == 0
    assert size(tmp_path / "sheet.jpg")[0] == 5 * (168 + 4)


def test_a_compressed_picture_by_a_model_for_such(wassr: Wassr, tmp_path: Path) -> None:
    tiny_model(tmp_path / "joint.onnx", joint_card())
    (tmp_path / "a.jpg").write_bytes(jpeg())
    words = ("upscale", "a.jpg", "-n", "joint.onnx", "--precision", "float32", "--report", "r.json")
    ended = wassr(*words, "-o", "auto.png")
    assert ended.returncode == 0, ended.stderr
    line = f"wassr: a.jpg: JPEG of quality 50, 4:2:0: {COMPRESSED_MODEL}, within its quantisation intervals\n"
    assert line in ended.stderr.decode()
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["jpeg"] == "auto"
    assert report["results"][0]["jpeg"][0]["quality"] == 50
    off = wassr(*words, "-o", "off.png", "--jpeg", "off")
    assert b"quality" not in off.stderr
    assert json.loads((tmp_path / "r.json").read_text())["results"][0]["jpeg"] == []
    stated = wassr(*words, "-o", "stated.png", "--jpeg", "80")
    assert b"a.jpg: JPEG of quality 50, 4:2:0 (by the file's own tables, not --jpeg 80)" in stated.stderr
    made = {name: (tmp_path / f"{name}.png").read_bytes() for name in ("auto", "off", "stated")}
    assert made["auto"] == made["stated"] != made["off"]


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The models to choose from, and pictures of three histories."""
    put_on_shelf(tmp_path / "shelf", monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    for name, data in (("clean.png", clean()), ("file.jpg", jpeg()), ("hidden.png", hidden_jpeg())):
        (tmp_path / "in" / name).write_bytes(data)


def results(text: str) -> list[tuple[str, int]]:
    """Model and number of compressions, of each result among JSON lines."""
    lines = [json.loads(line) for line in text.splitlines()]
    return [(line["model"], len(line["jpeg"])) for line in lines if line["event"] in ("result", "estimate")]


def test_the_model_is_chosen_for_each_picture(shelf: None, monkeypatch, capsys) -> None:
    plain, compressed = (DEFAULT_MODEL, 0), (COMPRESSED_MODEL, 1)
    assert in_process(["upscale", "in", "-o", "out", "--dry-run", "--json"], monkeypatch) == 0
    assert results(capsys.readouterr().out) == [plain, compressed, compressed]
    assert in_process(["upscale", "in", "-o", "out", "--json"], monkeypatch) == 0
    captured = capsys.readouterr()
    assert results(captured.out) == [plain, compressed, compressed]
    said = captured.err.splitlines()
    assert said[0].startswith(f"wassr: {DEFAULT_MODEL}: ")
    assert said[1].startswith(f"wassr: {COMPRESSED_MODEL}: ")
    line = f"wassr: in/file.jpg: JPEG of quality 50, 4:2:0: {COMPRESSED_MODEL}, within its quantisation intervals"
    assert said[2] == line
    assert in_process(["upscale", "in", "-o", "out", "--skip-existing"], monkeypatch) == 0
    assert "3 skipped" in capsys.readouterr().err
    for words, expected in (
        (["--jpeg", "off"], [plain] * 3),
        (["--jpeg", "60"], [compressed] * 3),
        (["-n", DEFAULT_MODEL], [plain, (DEFAULT_MODEL, 1), (DEFAULT_MODEL, 1)]),
    ):
        assert in_process(["upscale", "in", "-o", "out", "--overwrite", "--json", *words], monkeypatch) == 0
        assert results(capsys.readouterr().out) == expected


@pytest.mark.parametrize("piped", [False, True])
@pytest.mark.parametrize(
    ("quality", "model", "other"), [(50, COMPRESSED_MODEL, DEFAULT_MODEL), (97, DEFAULT_MODEL, COMPRESSED_MODEL)]
)
def test_one_jpeg_opens_one_model(
    quality: int, model: str, other: str, piped: bool, shelf: None, monkeypatch, capsys
) -> None:
    Path("in/file.jpg").write_bytes(jpeg(quality=quality))
    with Path("in/file.jpg").open(encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert in_process(["upscale", "-" if piped else "in/file.jpg", "-o", "a.png"], monkeypatch) == 0
    captured = capsys.readouterr()
    assert captured.err.splitlines()[0].startswith(f"wassr: {model}: ")
    assert other not in captured.err
    assert captured.out == ""
    assert size(Path("a.png")) == (424, 360)


@pytest.mark.parametrize("words", [["--strength", "0.5"], ["--contact-sheet"], ["--invented", "m.png"]])
def test_what_needs_a_content_model_says_which_have_one(words: list[str], shelf: None, monkeypatch, capsys) -> None:
    assert in_process(["upscale", "in/file.jpg", "-o", "a.png", *words], monkeypatch) == 2
    assert "-n wassr-x4, or for compressed pictures -n wassr-jpeg-x4\n" in capsys.readouterr().err


def test_without_that_model_the_usual_one_is_taken(tmp_path: Path, shelf: None, monkeypatch, capsys) -> None:
    put_on_shelf(tmp_path / "other", monkeypatch, joint=False)
    assert in_process(["upscale", "in/file.jpg", "-o", "a.png"], monkeypatch) == 0
    line = f"wassr: in/file.jpg: JPEG of quality 50, 4:2:0: {DEFAULT_MODEL}, network alone\n"
    assert line in capsys.readouterr().err
