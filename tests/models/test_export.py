"""The deployment form equals both other forms, by two engines, and keeps names and shapes of its constants."""

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import openvino
import pytest
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from tests.networks.sizes import SMALL
from wassr.ground.errors import ModelError
from wassr.models import export as module
from wassr.models.card import Card
from wassr.models.export import TOLERANCE, check, export
from wassr.models.modelfile import read_card
from wassr.models.openvino_core import openvino_core
from wassr.networks.facts import FACTS
from wassr.networks.inference import inference_form
from wassr.networks.table import NETWORKS

EVERY = [(name, scale) for name, facts in FACTS.items() for scale in facts.scales]

SEEDS = {"one": 1, "two": 2}

Constants = dict[str, tuple[int, ...]]


def network(name: str, scale: int = 4, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    made = NETWORKS[name](scale=scale, **SMALL.get(name, {})).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            gain = 1 / math.sqrt(parameter[0].numel()) if parameter.ndim > 1 else 0.3
            parameter.add_(torch.randn_like(parameter), alpha=gain)
    return made


def card(name: str, scale: int = 4) -> Card:
    facts = FACTS[name]
    return Card(
        name="test",
        purpose="naïve",
        network=name,
        scale=scale,
        channels=facts.channels,
        radius=facts.radius,
        base=facts.base,
    )


def equalise(made: nn.Module) -> nn.Module:
    """The hardest case for names: an optimiser would merge equal constants into one and drop zeros."""
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.fill_(0.01 if parameter.ndim > 1 else 0.0)
    return made


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Deployment forms at x4, each exported once: `one` and `two` of random weights, `equal` of 0.01 and zeros."""
    folder = tmp_path_factory.mktemp("exported")

    @cache
    def path(name: str, kind: str) -> Path:
        made = equalise(network(name)) if kind == "equal" else network(name, seed=SEEDS[kind])
        export(made, card(name), folder / f"{name}-{kind}.onnx")
        return folder / f"{name}-{kind}.onnx"

    return path


def onnx_constants(path: Path) -> Constants:
    return {i.name: tuple(i.dims) for i in onnx.load(path).graph.initializer}


def openvino_constants(path: Path) -> Constants:
    """The named constants; the engine numbers its own helpers anew at every reading."""
    model = openvino_core().read_model(path)
    constants = [node for node in model.get_ordered_ops() if node.get_type_name() == "Constant"]
    named = {node.get_friendly_name(): tuple(node.get_output_shape(0)) for node in constants}
    return {name: shape for name, shape in named.items() if not name.startswith("Constant_")}


@pytest.mark.parametrize(("name", "scale"), [pytest.param(*e, marks=[pytest.mark.slow] * (e[1] != 4)) for e in EVERY])
def test_deployment_form_equals_both_other_forms(name: str, scale: int, tmp_path: Path) -> None:
    made, path = network(name, scale), tmp_path / "x.onnx"
    export(made, card(name, scale), path)
    assert read_card(path) == card(name, scale)
    for form in (made, inference_form(made)):
        found = check(form, card(name, scale), path)
        assert set(found) == {"openvino", "onnxruntime"}
        assert max(found.values()) <= TOLERANCE


@pytest.mark.parametrize("name", FACTS)
def test_constants_keep_names_and_shapes(name: str, exported: Callable[[str, str], Path]) -> None:
    paths = [exported(name, kind) for kind in ("one", "two", "equal")]
    first = onnx_constants(paths[0])
    wanted = {key: tuple(value.shape) for key, value in inference_form(network(name)).state_dict().items()}
    assert wanted.items() <= first.items()
    assert all(onnx_constants(path) == first for path in paths[1:])
    read = openvino_constants(paths[0])
    assert wanted.items() <= read.items()
    assert all(openvino_constants(path) == read for path in paths[1:])


def test_parent_and_child_can_be_mixed_inside_the_engine(exported: Callable[[str, str], Path]) -> None:
    """What the names are for: halfway between two models, without torch or onnx."""
    core = openvino_core()
    models = [core.read_model(exported("srresnet", kind)) for kind in ("one", "two")]
    constants = [
        {n.get_friendly_name(): n for n in m.get_ordered_ops() if n.get_type_name() == "Constant"} for m in models
    ]
    plain = [inference_form(network("srresnet", seed=SEEDS[kind])) for kind in ("one", "two")]
    for key, value in plain[0].state_dict().items():
        mixed = (value + plain[1].state_dict()[key]) / 2
        replacement = openvino.op.Constant((constants[0][key].data + constants[1][key].data) / 2)
        constants[0][key].output(0).replace(replacement.output(0))
        value.copy_(mixed)
    low = np.random.default_rng(0).random((1, 3, 9, 11), dtype=np.float32)
    made = core.compile_model(models[0], "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([low])[0]
    wanted = plain[0](torch.from_numpy(low)).numpy()
    assert np.abs(made - wanted).max() < 1e-4 * np.abs(wanted).max()


def test_the_file_repeats_and_tells_nothing_of_this_machine(
    tmp_path: Path, exported: Callable[[str, str], Path]
) -> None:
    path = exported("compact", "equal")
    export(equalise(network("compact")), card("compact"), tmp_path / "again.onnx")
    content = path.read_bytes()
    assert content == (tmp_path / "again.onnx").read_bytes()
    assert b".py" not in content
    assert str(Path(__file__).parents[2]).encode() not in content
    model = onnx.load(path)
    onnx.checker.check_model(model)
    weights = sum(numpy_helper.to_array(i).nbytes for i in model.graph.initializer)
    assert len(content) < weights + 20_000


def test_openvino_gives_back_the_card(exported: Callable[[str, str], Path]) -> None:
    model = openvino_core().read_model(exported("espcn", "one"))
    assert model.get_rt_info(["framework", "wassr_card"]).value == card("espcn").to_json()
    assert [model.input(0).get_any_name(), model.output(0).get_any_name()] == ["low", "residual"]
    assert str(model.input(0).get_partial_shape()) == "[1,1,?,?]"


def test_the_training_network_is_left_alone(tmp_path: Path) -> None:
    made = network("srresnet").train()
    before = {key: value.clone() for key, value in made.state_dict().items()}
    export(made, card("srresnet"), tmp_path / "x.onnx")
    assert made.training
    assert all(parameter.requires_grad for parameter in made.parameters())
    assert all(torch.equal(value, before[key]) for key, value in made.state_dict().items())


def off(path: Path) -> Any:
    """An engine that is wrong by a hair."""
    run = module._openvino(path)
    return lambda low: run(low) * np.float32(1.001)


def absent(path: Path) -> Any:
    raise ImportError("not installed")


@pytest.mark.parametrize(
    ("engine", "message"), [(off, "differs from torch by .* not kept"), (absent, "pip install onnxr")]
)
def test_nothing_is_kept_that_an_engine_does_not_confirm(
    engine: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module.ENGINES, "onnxruntime", engine)
    (tmp_path / "x.onnx").write_bytes(b"older")
    with pytest.raises(ModelError, match=message):
        export(network("espcn"), card("espcn"), tmp_path / "x.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["x.onnx"]
    assert (tmp_path / "x.onnx").read_bytes() == b"older"


class Sized(nn.Module):
    """Bound to the size that it was traced with."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.rand(1, 3, 24, 32))

    def forward(self, low: Tensor) -> Tensor:
        return low + self.bias


class NotFinite(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(float("nan")))

    def forward(self, low: Tensor) -> Tensor:
        return low * self.gain


@pytest.mark.parametrize(
    ("made", "message"), [(Sized(), "does not take every size"), (NotFinite(), "differs from torch")]
)
def test_what_cannot_be_deployed_is_refused_in_one_line(made: nn.Module, message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        export(made, card("compact", 1), tmp_path / "x.onnx")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_is_told_the_quality(tmp_path: Path) -> None:
    torch.manual_seed(0)
    arguments = {**SMALL["compact"], "quality_plane": True}
    told = card("compact").model_copy(update={"arguments": arguments})
    made = NETWORKS["compact"](scale=4, **arguments).eval()
    export(made, told, tmp_path / "told.onnx")  # two engines compare it, with four planes
    assert read_card(tmp_path / "told.onnx").planes == 4
    assert openvino_core().read_model(tmp_path / "told.onnx").inputs[0].get_partial_shape()[1].get_length() == 4
