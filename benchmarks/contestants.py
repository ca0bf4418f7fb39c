"""Everything that enlarges, in one form for the stop-watch: our models by every engine, networks of others by two.

Torch is imported only for the contestants that need it, so that the memory of the others is their own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wassr.evaluation.scoring import Enlarge
from wassr.ground.errors import NoSuchEngine
from wassr.models.card import Card
from wassr.models.shelf import find
from wassr.upscaling.engines import Engine, OpenVinoEngine, Wish, choose
from wassr.upscaling.upscaler import Upscaler

Floats = NDArray[np.float32]

PLAIN = "plain torch"  # as its authors' scripts run a network: float32, NCHW, the layers of the training form
WAYS = (
    ("openvino", "bfloat16"),
    ("openvino", "float32"),
    ("onnxruntime", "float32"),
    ("torch", "float32"),
    (PLAIN, "float32"),
)
PEER_WAYS = (("openvino", "bfloat16"), ("openvino", "float32"), (PLAIN, "float32"))


@dataclass(frozen=True)
class Entry:
    """Who runs how. peers: the folder of weights when the network is another's; onnx: its exported form, if needed."""

    model: str
    engine: str
    precision: str
    threads: int
    peers: str = ""
    onnx: str = ""

    @property
    def title(self) -> str:
        """Unique in a benchmark."""
        return f"{Path(self.model).stem}, {self.engine}, {self.precision}"


@dataclass(frozen=True)
class Contestant:
    """enlarge: 8-bit pixels to 8-bit pixels, all included; network: a float tile (1, C, h, w) to its output."""

    enlarge: Enlarge
    network: Callable[[Floats], object]
    planes: int
    scale: int


def build(entry: Entry) -> Contestant:
    """Set up one contestant. Raises WassrError when an engine or precision is not possible here."""
    if entry.peers:
        return _peer(entry)
    if entry.engine == PLAIN:
        return _plain(entry)
    file = find(entry.model)
    wish = Wish(entry.engine, "cpu", entry.precision, entry.threads)
    engine = choose(file, wish)
    upscaler = Upscaler.from_engine(file.card, engine, thorough=True)
    return _contestant(file.card, engine, upscaler)


def gmac(entry: Entry) -> float:
    """10^9 multiply-adds per 10^6 output pixels of the form that this entry runs."""
    from wassr.models.build import build_network
    from wassr.networks.inference import inference_form
    from wassr.networks.probe import cost

    if entry.peers:
        import peers

        return cost(peers.load(entry.model, Path(entry.peers)), peers.SCALE, 3).gmac
    card = find(entry.model).card
    network = build_network(card.network, card.scale, card.arguments)
    polyphase = entry.engine != PLAIN
    return cost(inference_form(network, polyphase), card.scale, card.planes).gmac


def export_peer(name: str, folder: Path, target: Path, size: int) -> None:
    """A peer as an ONNX file for pictures of one size."""
    import logging

    import peers
    import torch

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = peers.load(name, folder)
        program = torch.onnx.export(network, (torch.rand(1, 3, size, size),), dynamo=True, verbose=False)
    assert program is not None
    program.save(target)


def _contestant(card: Card, engine: Engine, upscaler: Upscaler) -> Contestant:
    return Contestant(lambda low: np.asarray(upscaler(low)), engine.run, card.planes, card.scale)


def _plain(entry: Entry) -> Contestant:
    """The same network as a plain PyTorch script would run it, branches merged once."""
    import torch

    from wassr.models.build import build_generator
    from wassr.models.modelfile import load_weights
    from wassr.networks.blocks import RepConv
    from wassr.networks.inference import inference_form

    torch.set_num_threads(entry.threads)
    file = find(entry.model)
    assert file.weights is not None
    weights, card = load_weights(file.weights)
    network = build_generator(card, weights).network
    if any(isinstance(module, RepConv) for module in network.modules()):
        network = inference_form(network, polyphase=False)
    network = network.eval().requires_grad_(False)
    engine = _PlainTorch(network, entry.threads)
    return _contestant(card, engine, Upscaler.from_engine(card, engine, thorough=True))


def _peer(entry: Entry) -> Contestant:
    if entry.engine != PLAIN:
        engine = OpenVinoEngine(Path(entry.onnx), entry.precision, entry.threads)
        if not engine.offers(entry.precision):
            raise NoSuchEngine(f"this CPU has no instructions for {entry.precision}")
        return Contestant(lambda low: _levels(engine.run(_tile(low))), engine.run, 3, 4)
    import peers
    import torch

    torch.set_num_threads(entry.threads)
    network = peers.load(entry.model, Path(entry.peers))
    return Contestant(peers.enlarger(network), _PlainTorch(network, entry.threads).run, 3, peers.SCALE)


class _PlainTorch:
    """A network by PyTorch as it comes: no layout, no fusing."""

    name, precision, reason = "torch", "float32", "plain"

    def __init__(self, network: object, threads: int) -> None:
        self.network, self.threads = network, threads

    def run(self, tile: Floats) -> Floats:
        import torch

        with torch.no_grad():
            return self.network(torch.from_numpy(tile)).numpy()  # type: ignore[operator]


def _tile(low: NDArray[np.uint8]) -> Floats:
    return np.ascontiguousarray(low.transpose(2, 0, 1)[None].astype(np.float32) / 255)


def _levels(made: Floats) -> NDArray[np.uint8]:
    return np.round(np.clip(made[0], 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
