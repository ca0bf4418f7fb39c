"""Silent channels that begin anew."""

from pathlib import Path

import numpy as np
import pytest
import revive
import silent
import torch
from PIL import Image

from wassr.networks.blocks import RepConv
from wassr.networks.compact import Compact


def _half_dead() -> Compact:
    torch.manual_seed(0)
    network = Compact(4, 16, 2).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.02 * torch.randn_like(parameter)
        for block in network.body:
            inner, outer = (layer for layer in block.modules() if isinstance(layer, RepConv))
            inner.bias[:5] = -100
            outer.bias[:2] = -100
    return network


def test_the_function_stays_and_the_channels_speak_again() -> None:
    network = _half_dead()
    lows = [torch.rand(1, 3, 9, 12, dtype=torch.float64) for _ in range(3)]
    before, most = [network(low) for low in lows], silent.peaks(network, lows)
    assert revive.revive_(network, most) == 10
    for low, made in zip(lows, before, strict=True):
        assert torch.allclose(network(low), made, rtol=0, atol=1e-10)
    inner = [layer for layer in silent.silent(network, lows) if layer.name.endswith("body.1")]
    assert [layer.silent for layer in inner] == [0, 0]


def test_its_command_takes_jpegs_and_refuses_another_network(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    (tmp_path / "pictures").mkdir()
    Image.fromarray(pixels).save(tmp_path / "pictures" / "one.png")
    low = torch.from_numpy(pixels[:8, :8].copy()).permute(2, 0, 1)[None] / 255
    given = list(revive.inputs(iter([low, low]), jpeg=True))
    assert len(given) == 6
    assert torch.equal(given[0], low)
    assert not torch.equal(given[1], low)
    arguments = ["compact-x2", "--data", str(tmp_path / "pictures"), "-o", str(tmp_path / "out")]
    assert revive.main([*arguments, "--jpeg"]) == 0
    assert (tmp_path / "out" / "compact-x2.safetensors").is_file()
    with pytest.raises(SystemExit):
        revive.main(["espcn-x4", *arguments[1:]])
