"""The judges in torch: layers against plain definitions, real weights against what they must do, wrong files."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from wassr.evaluation.judge_networks import PARTS, CeilingPool, SameConv, load_distance
from wassr.ground.errors import ModelError

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "examples" / "train"
WEIGHTS = ROOT.parent / "shared" / "data" / "weights"
needs_weights = pytest.mark.skipif(not WEIGHTS.exists(), reason="the judges' weights are not here (../shared/data)")


def random_state(name: str) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    state = PARTS[name].build().state_dict()
    return {
        f"features.{key}": torch.randn(v.shape, generator=generator) / max(1, v[0].numel()) ** 0.5
        for key, v in state.items()
    }


def random_heads(name: str) -> dict[str, Tensor]:
    """As the package `lpips` names and shapes them."""
    generator = torch.Generator().manual_seed(1)
    return {
        f"lin{i}.model.1.weight": torch.rand(1, c, 1, 1, generator=generator)
        for i, c in enumerate(PARTS[name].channels)
    }


def tensor(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255


@pytest.mark.parametrize("size", [3, 4, 5, 6, 17, 30, 31])
def test_ceiling_pool(size: int) -> None:
    x = torch.rand(1, 2, size, size + 2, generator=torch.Generator().manual_seed(size))
    assert torch.equal(CeilingPool()(x), F.max_pool2d(x, 3, 2, ceil_mode=True))


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(6, 7), (9, 8), (1, 2)])
def test_same_padding_puts_the_odd_zero_last(kernel: int, stride: int, size: tuple[int, int]) -> None:
    convolution = SameConv(1, 1, kernel, stride, bias=False)
    x = torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(0))
    padded = x[0, 0].numpy()
    for axis, n in enumerate(size):
        total = max((-(-n // stride) - 1) * stride + kernel - n, 0)
        padded = np.pad(padded, [(total // 2, total - total // 2) if a == axis else (0, 0) for a in range(2)])
    weights = convolution.weight.detach().numpy()[0, 0]
    wanted = [
        [
            float((padded[i : i + kernel, j : j + kernel] * weights).sum())
            for j in range(0, padded.shape[1] - kernel + 1, stride)
        ]
        for i in range(0, padded.shape[0] - kernel + 1, stride)
    ]
    with torch.no_grad():
        np.testing.assert_allclose(convolution(x)[0, 0].numpy(), wanted, atol=1e-5)


def test_alexnet_distance_step_by_step(tmp_path: Path) -> None:
    """LPIPS as its authors define it: inputs in -1..1, their shift and scale, ReLU taps, heads."""
    state, heads = random_state("lpips_alex"), random_heads("lpips_alex")
    torch.save(state, tmp_path / "alexnet-owt.pth")
    torch.save(heads, tmp_path / "alex.pth")
    made, high = torch.rand(2, 1, 3, 63, 80, generator=torch.Generator().manual_seed(2))

    def taps(picture: Tensor) -> list[Tensor]:
        shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
        x = (2 * picture - 1 - shift.view(1, 3, 1, 1)) / scale.view(1, 3, 1, 1)
        found = []
        for place, stride, padding, pool in ((0, 4, 2, 0), (3, 1, 2, 1), (6, 1, 1, 1), (8, 1, 1, 0), (10, 1, 1, 0)):
            x = F.max_pool2d(x, 3, 2) if pool else x
            x = F.conv2d(x, state[f"features.{place}.weight"], state[f"features.{place}.bias"], stride, padding)
            x = F.relu(x)
            found.append(F.normalize(x, dim=1))
        return found

    wanted = sum(
        F.conv2d((a - b) ** 2, head).mean() for a, b, head in zip(taps(made), taps(high), heads.values(), strict=True)
    )
    found = load_distance("lpips_alex", tmp_path)(made, high)
    assert found.shape == (1,)
    assert float(found) == pytest.approx(float(wanted), rel=1e-4)


def test_vgg_taps_are_the_last_of_each_block(tmp_path: Path) -> None:
    layers = PARTS["lpips_vgg"].build()
    followed_by_pooling = [i - 1 for i, layer in enumerate(layers) if isinstance(layer, nn.MaxPool2d)]
    assert PARTS["lpips_vgg"].taps == (*followed_by_pooling, len(layers) - 1)
    assert [layers[i - 1].out_channels for i in PARTS["lpips_vgg"].taps] == list(PARTS["lpips_vgg"].channels)


def published_lite0() -> dict[str, Tensor]:
    """Random weights under the names of the published state, batch norms not folded."""
    generator = torch.Generator().manual_seed(3)
    state: dict[str, Tensor] = {}

    def add(convolution: str, norm: str, shape: torch.Size) -> None:
        state[f"{convolution}.weight"] = torch.randn(shape, generator=generator) / shape[1:].numel() ** 0.5
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"{norm}.{part}"] = torch.rand(shape[0], generator=generator) + 0.5
        state[f"{norm}.num_batches_tracked"] = torch.tensor(1)

    trunk = PARTS["efficientnet"].build()
    add("_conv_stem", "_bn0", trunk[0].weight.shape)
    for i, block in enumerate(trunk[2:]):
        parts = (("_expand_conv", "_bn0", block.expand), ("_depthwise_conv", "_bn1", block.dw))
        for convolution, norm, layer in (*parts, ("_project_conv", "_bn2", block.project)):
            if layer is not None:
                add(f"_blocks.{i}.{convolution}", f"_blocks.{i}.{norm}", layer.weight.shape)
    return state


def test_batch_norms_of_the_published_lite0_are_folded(tmp_path: Path) -> None:
    state = published_lite0()
    torch.save(state, tmp_path / "efficientnet-lite0-1.pth")
    x = torch.rand(1, 3, 32, 48, generator=torch.Generator().manual_seed(4))

    def layer(y: Tensor, place: str, norm: str, stride: int = 1, groups: int = 1) -> Tensor:
        kernel = state[f"{place}.weight"]
        y = F.pad(y, (0, 1, 0, 1)) if stride == 2 else F.pad(y, (kernel.shape[-1] // 2,) * 4)  # for even sizes
        y = F.conv2d(y, kernel, None, stride, 0, 1, groups)
        mean, var, gain, bias = (state[f"{norm}.{k}"] for k in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(y, mean, var, gain, bias, eps=1e-3)

    y = F.relu6(layer((x - 127 / 255) / (128 / 255), "_conv_stem", "_bn0", stride=2))
    y = F.relu6(layer(y, "_blocks.0._depthwise_conv", "_blocks.0._bn1", groups=32))
    first = layer(y, "_blocks.0._project_conv", "_blocks.0._bn2")
    y = F.relu6(layer(first, "_blocks.1._expand_conv", "_blocks.1._bn0"))
    y = F.relu6(layer(y, "_blocks.1._depthwise_conv", "_blocks.1._bn1", stride=2, groups=96))
    second = layer(y, "_blocks.1._project_conv", "_blocks.1._bn2")
    y = F.relu6(layer(second, "_blocks.2._expand_conv", "_blocks.2._bn0"))
    y = F.relu6(layer(y, "_blocks.2._depthwise_conv", "_blocks.2._bn1", groups=144))
    third = layer(y, "_blocks.2._project_conv", "_blocks.2._bn2") + second

    network = load_distance("efficientnet", tmp_path)
    with torch.no_grad():
        found = network.trunk[:3]((x - network.mean) / network.spread)
        torch.testing.assert_close(found, first, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(network.trunk[3:5](found), third, rtol=1e-4, atol=1e-4)


@needs_weights
@pytest.mark.parametrize(
    ("picture", "classes"),
    [("guitar", {546, 402}), ("osprey", {21}), ("rock", {972}), ("hills", {979}), ("mountains", {979, 970})],
)
def test_lite0_recognises_photographs(picture: str, classes: set[int]) -> None:
    """Guitars, a kite, a cliff, a valley, an alp: the trunk is right only if the classifier behind it still works."""
    saved = {key: value.float() for key, value in load_file(WEIGHTS / "efficientnet_lite0.safetensors").items()}
    network = load_distance("efficientnet", WEIGHTS)
    image = Image.open(PICTURES / f"{picture}.webp").convert("RGB")
    shrunk = 256 / min(image.size)
    image = image.resize((round(image.width * shrunk), round(image.height * shrunk)), Image.Resampling.BICUBIC)
    left, top = (image.width - 224) // 2, (image.height - 224) // 2
    x = tensor(image.crop((left, top, left + 224, top + 224)))
    with torch.no_grad():
        y = network.trunk((x - network.mean) / network.spread)
        y = F.relu6(F.conv2d(y, saved["head.weight"], saved["head.bias"])).mean((2, 3))
        assert int(F.linear(y, saved["fc.weight"], saved["fc.bias"]).argmax()) in classes


@needs_weights
@pytest.mark.parametrize("name", ["lpips", "efficientnet"])
@pytest.mark.parametrize("picture", ["town", "osprey", "lavender"])
def test_distance_grows_strictly_with_every_distortion(name: str, picture: str) -> None:
    network = load_distance(name, WEIGHTS)
    image = Image.open(PICTURES / f"{picture}.webp").convert("RGB").crop((300, 200, 460, 350))
    noise = torch.randn(1, 3, 150, 160, generator=torch.Generator().manual_seed(0))
    high = tensor(image)

    def reduced(scale: int) -> Tensor:
        small = image.resize((160 // scale, 150 // scale), Image.Resampling.BICUBIC)
        return tensor(small.resize(image.size, Image.Resampling.BICUBIC))

    series = {
        "blur": [tensor(image.filter(ImageFilter.GaussianBlur(radius))) for radius in (0.5, 1, 1.5, 2.5, 4)],
        "noise": [(high + sigma / 255 * noise).clamp(0, 1) for sigma in (3, 6, 12, 25, 50)],
        "reduction": [reduced(scale) for scale in (2, 3, 4, 6, 8)],
    }
    assert float(network(high, high)) == 0
    for distortion, pictures in series.items():
        distances = [float(network(made, high)) for made in pictures]
        assert all(a < b for a, b in zip([0, *distances], distances, strict=False)), (distortion, distances)


def test_missing_and_wrong_files(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"lpips: no squeezenet1_1\* .* in .*judges.md"):
        load_distance("lpips", tmp_path)
    save_file({"features.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "squeezenet1_1.safetensors")
    with pytest.raises(ModelError, match="not the trunk of lpips"):
        load_distance("lpips", tmp_path)
    (tmp_path / "squeezenet1_1.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="not a whole file of plain weights"):
        load_distance("lpips", tmp_path)
    torch.save(random_state("lpips_alex"), tmp_path / "alexnet.pth")
    with pytest.raises(ModelError, match=r"no lpips_alex\* or alex "):
        load_distance("lpips_alex", tmp_path)
    torch.save(random_heads("lpips_vgg"), tmp_path / "alex.pth")
    with pytest.raises(ModelError, match="not the heads of lpips_alex"):
        load_distance("lpips_alex", tmp_path)


def test_pickled_code_is_refused(tmp_path: Path) -> None:
    torch.save(nn.ReLU(), tmp_path / "alexnet.pth")
    with pytest.raises(ModelError, match="not a whole file of plain weights"):
        load_distance("lpips_alex", tmp_path)


def test_oxfords_vgg_is_not_taken_for_torchvisions(tmp_path: Path) -> None:
    save_file(random_state("lpips_vgg"), tmp_path / "vgg16_features.safetensors")
    with pytest.raises(ModelError, match=r"lpips_vgg: no vgg16-\*"):
        load_distance("lpips_vgg", tmp_path)
