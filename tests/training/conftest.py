"""What several tests of training need: pictures, tiny recipes, states."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from wassr.data.stream import Batch
from wassr.models.card import Card
from wassr.models.export import export
from wassr.models.modelfile import read_card
from wassr.training import loop, make
from wassr.training.recipe import Recipe
from wassr.training.step import Batches

Make = Callable[..., Recipe]


def waves(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """A picture with texture, uint8 (H, W, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    tones = [127 + 90 * np.sin(x / (3 + seed) + c) * np.cos(y / (4 + seed)) for c in range(3)]
    return np.clip(np.stack(tones, axis=-1) + rng.normal(0, 8, (height, width, 3)), 0, 255).astype(np.uint8)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """These networks are so small that a second thread only waits."""
    torch.set_num_threads(1)
    torch.set_warn_always(True)  # or a warning, which is an error here, would hit whichever test comes first


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of five pictures of 64 x 72."""
    folder = tmp_path_factory.mktemp("pictures")
    for i in range(5):
        Image.fromarray(waves(64, 72, i)).save(folder / f"{i}.png")
    return folder


@pytest.fixture(scope="session")
def recipe(pictures: Path) -> Make:
    """make(content=..., adversarial=...) with other values; a stage that is None is left out."""

    def make(
        content: dict[str, object] | None = None, adversarial: dict[str, object] | None = None, **other: object
    ) -> Recipe:
        stage = {"steps": 6, "batch": 2, "crop": 32, "log_every": 1, "validate_every": 4, "save_every": 2}
        gan = {
            "critic": {"network": "lean", "arguments": {"width": 8}, "optimizer": {"betas": [0.0, 0.9], "rate": 1e-3}},
            "adversarial": {"penalty": "gradient", "penalty_weight": 10, "critic_steps": 2, "weight": None, "ratio": 1},
        }
        whole = {
            "name": "tiny",
            "generator": {"network": "compact", "arguments": {"channels": 16, "blocks": 1}},
            "data": {"train": [str(pictures)]},
            "content": None if content is None else stage | content,
            "adversarial": None if adversarial is None else stage | gan | adversarial,
            "threads": 1,
        }
        return Recipe.model_validate(whole | other)

    return make


@pytest.fixture(scope="module")
def no_export() -> Iterator[None]:
    """The deployment form has tests of its own and takes seconds; the real command makes it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "deploy", not_deployed)
        yield


@contextmanager
def short_files(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: the operating system's limit stands for a full disk."""
    import resource  # POSIX only

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def repeatable(log: Path) -> list[bytes]:
    """The lines of a log that every run of one recipe has in common: all but what the clock says."""
    return [line for line in log.read_bytes().splitlines(keepends=True) if b'"tag":"speed/' not in line]


def not_deployed(path: Path, pairs: object) -> Card:
    path.with_suffix(".onnx").touch()
    return read_card(path)


@pytest.fixture
def batches() -> Batches:
    """Random crops of 32, another pair for every role and sub-step."""

    def batch(role: str, sub: int = 0) -> Batch:
        source = torch.Generator().manual_seed(17 * len(role) + sub)
        high = torch.rand(4, 3, 32, 32, generator=source)
        return Batch(torch.nn.functional.avg_pool2d(high, 4), high)

    return batch


@pytest.fixture(scope="session")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file, both forms, of a small network with an output that is not zero."""
    recipe = Recipe.model_validate(
        {
            "name": "master",
            "licence": "CC0-1.0",
            "seed": 3,
            "generator": {"network": "compact", "arguments": {"channels": 16, "blocks": 1}},
            "content": {"steps": 1},
        }
    )
    generator = make.new_generator(recipe)
    torch.nn.init.normal_(generator.network.tail[0].weight, std=0.1)  # type: ignore[union-attr, index, arg-type]
    path = tmp_path_factory.mktemp("master") / "master.onnx"
    card = make.model_card(recipe, "content", 0, 0, "", None, "master")
    export(generator.network, card, path)
    make.save_model(path.with_suffix(".safetensors"), generator, card)
    return path
