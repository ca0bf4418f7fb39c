import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import wassr as package
from tests.cli.conftest import Wassr, environment, save
from tests.report.material import make_log
from wassr.cli import main as main_module

CHECK = """
import sys
from wassr.cli.main import main
sys.argv = ["wassr", *sys.argv[1:]]
try:
    code = main()
except SystemExit as end:
    code = end.code
heavy = [name for name in ("torch", "openvino", "pyvips", "numpy", "PIL") if name in sys.modules]
print("HEAVY", heavy, "CODE", code)
"""


@pytest.mark.parametrize(
    "args", [["--help"], ["-h"], ["upscale", "--help"], ["models", "-h"], ["--version"], ["nonsense"]]
)
def test_help_and_errors_import_nothing_heavy(args: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CHECK, *args], capture_output=True, text=True, check=False, env=environment()
    )
    assert "HEAVY []" in ended.stdout
    assert f"CODE {2 if args == ['nonsense'] else 0}" in ended.stdout


def test_help_is_quick(wassr: Wassr) -> None:
    def seconds() -> float:
        start = time.perf_counter()
        wassr("--help")
        return time.perf_counter() - start

    # half a second on a quiet machine; the best of a few, because tests share theirs
    assert min(seconds() for _ in range(4)) < 1.0


def test_import_wassr_costs_nothing() -> None:
    code = (
        "import sys, wassr; assert 'numpy' not in sys.modules;"
        "wassr.Upscaler; assert 'torch' not in sys.modules; print(dir(wassr))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Upscaler" in ended.stdout
    with pytest.raises(AttributeError):
        package.nonsense  # noqa: B018


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_sigterm_is_ctrl_c_within_a_command_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def command() -> None:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(main_module, "app", command)
    assert main_module.main() == 0
    assert signal.getsignal(signal.SIGTERM) is before
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as nohup does with SIGHUP: who started us wants it so
    try:
        monkeypatch.setattr(main_module, "app", lambda: signal.raise_signal(signal.SIGTERM))
        assert main_module.main() == 0
    finally:
        signal.signal(signal.SIGTERM, before)


def test_version_and_nearest_command(wassr: Wassr) -> None:
    assert wassr("--version").stdout.decode().strip() == f"wassr {package.__version__}"
    ended = wassr("upscal")
    assert ended.returncode == 2
    assert b"upscale" in ended.stderr
    assert b"Traceback" not in ended.stderr


LONG = "x" * 256
TOO_LONG_NAMES = [
    ["upscale", "a.png", "-o", f"{LONG}.png"],
    ["upscale", "a.png", "-o", f"{LONG}/"],
    ["upscale", "a.png", "-o", "b.png", "--report", LONG],
    ["upscale", "a.png", "-o", "b.png", "-n", "wassr-x4", "--invented", f"{LONG}.png"],
    ["upscale", "a.png", "-o", "b.png", "-n", f"{LONG}.onnx"],
    ["upscale", f"{LONG}.png", "-o", "b.png"],
    ["degrade", "a.png", "-o", f"{LONG}/"],
    ["degrade", "a.png", "--preview", f"{LONG}.png"],
    ["evaluate", "bicubic", "--data", ".", "--json", LONG],
    ["evaluate", "bicubic", "--data", LONG],
    ["evaluate", f"{LONG}.onnx", "--data", "."],
    ["models", f"{LONG}.onnx"],
    ["report", LONG],
    ["report", "run", "-o", LONG],
    ["export", LONG],
    ["export", "run", "-o", f"{LONG}.onnx"],
    ["train", "compact-x4", "data=.", "-o", LONG],
    ["train", "compact-x4", f"data={LONG}", "-o", "new"],
    ["train", "compact-x4", "data=.", "-o", "new", "--from", f"{LONG}.onnx"],
    ["train", "compact-x4", "data=.", "--show-data", f"{LONG}.png"],
    ["train", f"{LONG}.yaml", "data=."],
    ["recipes", LONG],
]


@pytest.mark.parametrize("args", TOO_LONG_NAMES, ids=lambda args: " ".join(args).replace(LONG, "LONG"))
def test_a_name_that_no_file_can_have_is_one_line_and_2(
    args: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / "a.png")
    make_log(tmp_path / "run", {0: {"valid/psnr_y": 30.0}})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["wassr", *args])
    assert in_process() == 2
    error = capsys.readouterr().err
    assert error.startswith("wassr: ")
    assert error.count("\n") == error.count(LONG) == 1
    assert "choose a shorter one" in error or "no such" in error or "File name too long" in error


def in_process() -> int | str | None:
    try:
        return main_module.main()
    except SystemExit as end:
        return end.code


def test_other_troubles_of_files_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def command() -> None:
        raise FileNotFoundError(2, "No such file or directory", "shipped/compact-x4.onnx")

    monkeypatch.setattr(main_module, "app", command)
    with pytest.raises(FileNotFoundError):
        main_module.main()


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--scale", "abc", "must be a number, not abc"),
        ("--threads", "-1", "must be at least 0, not -1"),
        ("--quality", "0", "must be at least 1, not 0"),
        ("--width", "wide", "must be a whole number, not wide"),
    ],
)
def test_a_wrong_value_of_an_option_is_told_in_our_words(wassr: Wassr, option: str, value: str, words: str) -> None:
    ended = wassr("upscale", "a.png", "-o", "b.png", option, value)
    assert ended.returncode == 2
    message = ended.stderr.decode()
    assert option in message
    assert words in message
    assert "Input should" not in message
