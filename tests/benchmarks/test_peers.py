"""Networks of others reproduce their published PSNR-Y: the comparison is with them, not with a mistake of ours."""

import peers
import pytest
import torch

from tests.benchmarks.conftest import SHARED

needs_files = pytest.mark.skipif(
    not (SHARED / "peers").exists() or not (SHARED / "test").exists(),
    reason="the peers' weights or the test pictures are not here (../shared/data)",
)


@pytest.mark.parametrize("name", list(peers.PEERS))
def test_shapes(name: str) -> None:
    network = peers.PEERS[name].network().eval()
    with torch.no_grad():
        assert network(torch.rand(1, 3, 40, 33)).shape == (1, 3, 160, 132)


@needs_files
@pytest.mark.parametrize("name", list(peers.PEERS))
def test_published_quality(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    right = peers.check([name], SHARED / "peers", SHARED / "test", sets=("Set5",))
    assert right, capsys.readouterr().out
