"""VGG features from the file at hand; numbers from the description of the weights."""

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from wassr.ground.errors import ModelError
from wassr.networks import features
from wassr.networks.features import TRUNKS, Features

WEIGHTS = Path(__file__).parents[3] / "shared" / "data" / "weights"
VGG16 = WEIGHTS / "vgg16_features.safetensors"
VGG19 = WEIGHTS / "vgg19_features_conv3_4.safetensors"
needs_weights = pytest.mark.skipif(not VGG16.is_file(), reason="the VGG weights of ../shared/data/weights are not here")


@pytest.fixture(scope="module")
def picture() -> Tensor:
    """Smooth, colourful, with some texture."""
    ramp = torch.linspace(0, 1, 64)
    texture = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0)) * 0.2
    return (torch.stack([ramp.expand(64, 64), ramp.expand(64, 64).t(), 1 - ramp.expand(64, 64)]) * 0.8 + texture)[None]


@needs_weights
def test_the_readmes_own_code_gives_the_same(picture: Tensor) -> None:
    layers: list[nn.Module] = []
    channels = 3
    for block, widths in enumerate([(64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3]):
        layers += [nn.MaxPool2d(2)] if block else []
        for width in widths:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
    trunk = nn.Sequential(*layers)
    trunk.load_state_dict({k.removeprefix("features."): v.float() for k, v in load_file(VGG16).items()})
    mean = torch.tensor([123.68, 116.779, 103.939]).view(1, 3, 1, 1)
    found = Features(VGG16, ("conv2_2", "conv5_3"))(picture)
    with torch.no_grad():
        assert torch.allclose(found["conv5_3"], trunk[:29](picture * 255 - mean) / 51.7, atol=1e-5)
        assert torch.allclose(found["conv2_2"], trunk[:8](picture * 255 - mean) / 609, atol=1e-5)
        after = Features(VGG16, after_relu=True)(picture)["conv5_3"]
        assert torch.allclose(after, trunk[:30](picture * 255 - mean) / 51.7, atol=1e-5)
        for after_relu in (False, True):
            pooled = Features(VGG16, ("pool4",), after_relu)(picture)["pool4"]
            assert torch.allclose(pooled, trunk[:24](picture * 255 - mean) / 269, atol=1e-5)


@needs_weights
@pytest.mark.parametrize(
    ("path", "taps"), [(VGG16, TRUNKS["VGG16"].scales), (VGG19, TRUNKS["VGG19 to conv3_4"].scales)]
)
def test_features_are_of_order_one(path: Path, taps: dict[str, float], picture: Tensor) -> None:
    found = Features(path, tuple(taps))(picture)
    assert list(found) == list(taps)
    assert all(0.2 < float(f.std()) < 4 for f in found.values())
    assert all((float(f.min()) < 0) == (tap != "pool4") for tap, f in found.items())  # before ReLU


@needs_weights
def test_distance_grows_with_distortion(picture: Tensor) -> None:
    features = Features(VGG16)
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(1))
    near = features(picture)["conv5_3"]
    distances = [float((features(picture + s * noise)["conv5_3"] - near).square().mean()) for s in (0.02, 0.05, 0.1)]
    assert distances == sorted(distances)


@needs_weights
def test_channels_are_red_green_blue() -> None:
    first = Features(VGG19, ("conv2_2",)).layers[0].get_parameter("weight")[0, :, 0, 0]
    # a published printout of the Oxford file; the file here is rounded to float16
    assert torch.allclose(first, torch.tensor([0.39416704, 0.46418372, 0.34119523]), atol=3e-4)


@needs_weights
def test_the_picture_gets_a_gradient_and_the_weights_none(picture: Tensor) -> None:
    features = Features(VGG16, ("conv3_3",))
    asked = picture.clone().requires_grad_(True)
    with torch.autocast("cpu", torch.bfloat16):
        found = features(asked)["conv3_3"]
    assert found.dtype == torch.float32
    found.square().mean().backward()
    assert asked.grad is not None
    assert not any(parameter.requires_grad for parameter in features.parameters())


@needs_weights
@pytest.mark.parametrize("tap", ["conv2_2", "conv5_3"])
def test_bfloat16_keeps_the_direction_of_the_gradient(picture: Tensor, tap: str) -> None:
    blurred = torch.nn.functional.avg_pool2d(picture, 5, 1, 2)
    found = []
    for in_bfloat16 in (False, True):
        features, asked = Features(VGG16, (tap,), True, in_bfloat16), blurred.clone().requires_grad_(True)
        (features(asked)[tap] - features(picture)[tap]).square().mean().backward()
        assert asked.grad is not None
        found.append(asked.grad.flatten())
    assert float(torch.nn.functional.cosine_similarity(*found, dim=0)) > 0.99
    assert not torch.equal(*found)


@needs_weights
def test_an_unknown_tap_is_refused() -> None:
    with pytest.raises(ModelError, match="no tap 'conv5_4'; it has conv2_2, conv3_3, conv4_3, pool4, conv5_3"):
        Features(VGG16, ("conv5_4",))


@needs_weights
def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(VGG19.read_bytes()[:100_000])
    with pytest.raises(ModelError, match="not a whole safetensors file"):
        Features(cut)


def test_missing_and_foreign_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        Features(tmp_path / "none.safetensors")
    foreign = tmp_path / "foreign.safetensors"
    save_file({"conv.weight": torch.zeros(3, 3)}, foreign)
    with pytest.raises(ModelError, match=r"holds other tensors .* conv.weight"):
        Features(foreign)
    foreign.write_text("not at all")
    with pytest.raises(ModelError, match="not a whole safetensors file"):
        Features(foreign)


@pytest.fixture
def torchvision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file as torch's cache has it: all of VGG19 under torchvision's names, with other numbers."""
    torch.manual_seed(0)
    layers, channels = [], 3
    for block, width in zip((2, 2, 4, 4, 4), (64, 128, 256, 512, 512), strict=True):
        layers += [nn.MaxPool2d(2)] if layers else []
        for _ in range(block):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
    state = {f"features.{key}": value for key, value in nn.Sequential(*layers).state_dict().items()}
    path = tmp_path / "torch" / "hub" / "checkpoints" / "vgg19-dcbb9e9d.pth"
    path.parent.mkdir(parents=True)
    torch.save(state | {"classifier.0.weight": torch.zeros(2, 2)}, path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return path


def test_torchvisions_file_is_believed_by_its_hash_only(torchvision: Path) -> None:
    with pytest.raises(ModelError, match="torchvision's VGG19 with dcbb9e9d: download it again"):
        Features(torchvision, ("conv5_4",))


def test_torchvisions_vgg19_has_its_own_input_and_the_papers_scale(
    torchvision: Path, monkeypatch: pytest.MonkeyPatch, picture: Tensor
) -> None:
    digits = hashlib.sha256(torchvision.read_bytes()).hexdigest()[:8]
    monkeypatch.setattr(features, "_TORCHVISION_HASH", digits)
    found = Features("torchvision", ("conv2_2", "conv5_4"), after_relu=True)(picture)
    state = torch.load(torchvision, weights_only=True)
    mean, spread = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    x = (picture - mean) / spread
    for number in range(37):  # torchvision's own numbering: pooling at 4, 9, 18, 27
        if f"features.{number}.weight" in state:
            x = nn.functional.conv2d(x, state[f"features.{number}.weight"], state[f"features.{number}.bias"], padding=1)
        elif number in (4, 9, 18, 27):
            x = nn.functional.max_pool2d(x, 2)
        else:
            x = x.relu()
            if number == 8:
                assert torch.allclose(found["conv2_2"], x / 12.75, atol=1e-5)
        if number == 35:
            break
    assert torch.allclose(found["conv5_4"], x / 12.75, atol=1e-5)


def test_where_torch_keeps_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelError, match=r"torch/hub/checkpoints/vgg19-dcbb9e9d\.pth: no such file"):
        Features("torchvision", ("conv5_4",))
