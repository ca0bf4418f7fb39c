import signal
import subprocess
import sys
import time

import pytest

import wassr as package
from tests.cli.conftest import Wassr, environment
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
