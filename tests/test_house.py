"""The house itself: tests mirror the source, files stay short, enlarging stays free of torch."""

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from wassr.networks.table import NETWORKS

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "wassr"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if path.name not in {"__init__.py", "__main__.py"})


def name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_has_a_test_file_at_the_same_place(module: Path) -> None:
    place = module.relative_to(SOURCE)
    assert (ROOT / "tests" / place.parent / f"test_{place.name}").exists()


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_is_short_and_says_what_it_is(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 320
    assert ast.get_docstring(ast.parse(text))


def test_package_files_are_empty_but_the_top_one() -> None:
    for path in SOURCE.rglob("__init__.py"):
        if path.parent != SOURCE:
            assert path.read_text(encoding="utf-8") == "", path


@pytest.mark.parametrize(
    "code",
    [
        "import wassr",
        "import wassr.upscaling.batch, wassr.upscaling.upscaler, wassr.models.shelf, wassr.pixels.formats",
        "import wassr.training.recipe, wassr.training.shelf, wassr.training.runlog, wassr.training.runfolder",
        "import wassr.evaluation.scoring, wassr.evaluation.judges, wassr.evaluation.request",
        "import wassr.data.folders, wassr.networks.facts",
        "import wassr.data.degradations, wassr.data.contact_sheet",
        "import wassr.training.verdict, wassr.report.writing",
        "import wassr.cli.main",
    ],
)
def test_needs_no_torch(code: str) -> None:
    """With torch made unimportable, as where the extra is not installed."""
    program = f"import sys; sys.modules['torch'] = None\n{code}\nassert 'onnx' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")})


def test_every_network_is_in_the_contract_that_keeps_networks_apart() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (apart,) = (set(c["modules"]) for c in contracts if c["name"].startswith("a network knows"))
    wanted = {network.__module__ for network in NETWORKS.values()}  # type: ignore[attr-defined]
    assert wanted <= apart, f"name {wanted - apart} in pyproject.toml, contract 'a network knows shared blocks only'"
