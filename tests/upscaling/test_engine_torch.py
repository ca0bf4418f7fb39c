from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.models.test_tensorlayer import params, save  # noqa: E402
from tests.upscaling.tiny import photo  # noqa: E402
from wassr.ground.errors import EngineError, NoSuchEngine  # noqa: E402
from wassr.models.build import build_network  # noqa: E402
from wassr.models.card import Card  # noqa: E402
from wassr.models.modelfile import save_weights  # noqa: E402
from wassr.models.shelf import find  # noqa: E402
from wassr.networks.facts import FACTS  # noqa: E402
from wassr.upscaling import engines  # noqa: E402
from wassr.upscaling.engine_torch import TorchEngine, open_model  # noqa: E402
from wassr.upscaling.engines import Wish, choose  # noqa: E402
from wassr.upscaling.upscaler import Upscaler  # noqa: E402


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    network = build_network("compact", 4, {"channels": 16, "blocks": 2})
    facts = FACTS["compact"]
    card = Card(
        name="mine", purpose="tests", network="compact", arguments={"channels": 16, "blocks": 2}, scale=4,
        channels=facts.channels, base=facts.base, radius=facts.radius,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("torch") / "mine.safetensors"
    save_weights(path, {name: tensor.numpy() for name, tensor in network.state_dict().items()}, card)
    return path


def test_weights_alone_run_by_torch(trained: Path) -> None:
    engine = choose(find(trained), Wish())
    assert (engine.name, engine.precision) == ("torch", "float32")
    assert "no .onnx" in engine.reason
    with pytest.raises(EngineError, match=r"deployment form.*torch can run it: leave --engine away"):
        choose(find(trained), Wish("openvino"))


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_weights_alone_without_torch_name_what_to_install(
    suffix: str, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = trained
    if suffix == ".npz":
        path = tmp_path / "g.npz"
        save(path, params(3, 1))
    monkeypatch.setattr(engines, "installed", lambda module: module != "torch")
    with pytest.raises(EngineError) as caught:
        choose(find(path), Wish())
    assert str(caught.value).endswith("torch can run it: pip install 'wassr[train]'")


def test_the_inference_form_equals_the_network(trained: Path) -> None:
    engine = open_model(find(trained), "cpu")
    from wassr.models.build import build_generator
    from wassr.models.modelfile import load_weights

    weights, card = load_weights(trained)
    tile = photo(30, 40).transpose(2, 0, 1)[None].copy()
    with torch.no_grad():
        expected = build_generator(card, weights).network(torch.from_numpy(tile)).numpy()
    assert np.abs(engine.run(tile) - expected).max() < 1e-5


def test_a_network_in_training_keeps_its_mode_and_gives_tiled_equal_whole(trained: Path) -> None:
    card = find(trained).card
    network = build_network(card.network, card.scale, card.arguments).train()
    upscaler = Upscaler.from_engine(card, TorchEngine(network), tile=32)
    low = (photo(90, 70) * 255).astype(np.uint8)
    tiled = upscaler(low.astype(np.float32) / 255)
    assert network.training
    whole = Upscaler.from_engine(card, TorchEngine(network), tile=999)(low.astype(np.float32) / 255)
    assert np.abs(tiled - whole).max() <= 1 / 255 / 10
    assert upscaler(low).dtype == np.uint8


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.parametrize("device", ["0", "mps"])
def test_absent_devices_are_one_line(trained: Path, device: str) -> None:
    with pytest.raises(NoSuchEngine, match="take -g cpu") as caught:
        choose(find(trained), Wish(device=device))
    assert caught.value.exit_code == 2
