"""The torch engine: GPUs for users, validation in training. The only module of this floor that imports torch."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from wassr.ground.errors import EngineError, NoSuchEngine
from wassr.models.build import build_generator
from wassr.models.modelfile import load_weights
from wassr.models.shelf import ModelFile
from wassr.networks.inference import inference_form
from wassr.upscaling.machine import threads_for

Floats = NDArray[np.float32]


class TorchEngine:
    """A network (what is added to the base, only) in float32 on a device: cpu, cuda:N or mps."""

    name = "torch"
    precision = "float32"

    def __init__(self, network: nn.Module, device: str = "cpu", reason: str = "asked for") -> None:
        """The network is used as it is: its mode is set to evaluation for each run and set back afterwards."""
        self.network, self.device, self.reason = network.to(device), torch.device(device), reason
        self.threads = torch.get_num_threads() if self.device.type == "cpu" else 1
        if self.device.type == "cpu":
            self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def run(self, tile: Floats) -> Floats:
        training = self.network.training
        self.network.eval()
        try:
            low = torch.from_numpy(np.ascontiguousarray(tile)).to(self.device)
            if self.device.type == "cpu":
                low = low.contiguous(memory_format=torch.channels_last)
            with torch.autocast(self.device.type, enabled=False):
                made = self.network(low)
            return np.ascontiguousarray(made.float().cpu().numpy())
        finally:
            self.network.train(training)


def open_model(model: ModelFile, device: str, threads: int = 0) -> TorchEngine:
    """The inference form of a model file on a device.

    Raises EngineError when the device is absent, ModelError when weights and network do not fit.
    """
    if model.weights is None:
        raise EngineError(f"{model.card.name}: it has no weights file (.safetensors), which the torch engine needs")
    if device.startswith("cuda"):
        number = int(device.partition(":")[2])
        if number >= torch.cuda.device_count():
            raise NoSuchEngine(f"-g {number}: torch sees {torch.cuda.device_count()} GPUs here; take -g cpu")
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False  # float32 means float32
    if device == "mps" and not torch.backends.mps.is_available():
        raise NoSuchEngine("-g mps: this machine has no Apple GPU that torch can use; take -g cpu")
    if threads:
        torch.set_num_threads(threads_for(threads))
    weights, card = load_weights(model.weights)
    return TorchEngine(inference_form(build_generator(card, weights).network), device)
