"""How a stage descends, as a recipe says it: the optimiser and its learning rate over time. No torch."""

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from wassr.ground.settings import Strict
from wassr.training.adversarial_loss import Positive, Rate

Decay = Annotated[float, Field(ge=0, lt=1)]


class Optimizer(Strict):
    """From gradients to steps: Adam's family, RMSProp and SGD as torch defines them, TensorFlow's RMSProp, Muon."""

    kind: Literal["adam", "adamw", "rmsprop", "rmsprop-tensorflow", "sgd", "muon"] = Field(
        default="adam", description="muon: orthogonalised momentum for convolutions, Adam for the rest"
    )
    rate: Rate = Field(default=2e-4, description="learning rate, before the schedule's factor")
    betas: tuple[Decay, Decay] = Field(default=(0.9, 0.99), description="adam, adamw; muon where it is Adam")
    smoothing: float = Field(default=0.99, ge=0, lt=1, description="rmsprop: torch's alpha (TensorFlow: 0.9)")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="rmsprop, sgd, muon")
    epsilon: Positive = Field(default=1e-8, description="keeps a division from zero")
    weight_decay: Rate = Field(default=0.0, description="adam, adamw, rmsprop, sgd")

    @model_validator(mode="after")
    def _uses_what_is_set(self) -> "Optimizer":
        for key, unused in _WITHOUT.items():
            if getattr(self, key) and self.kind in unused:
                others = ", ".join(kind for kind in OPTIMIZER_KINDS if kind not in unused)
                raise ValueError(f"{self.kind} has no {key}: set {key}: 0, or choose another kind ({others})")
        return self


OPTIMIZER_KINDS: tuple[str, ...] = get_args(Optimizer.model_fields["kind"].annotation)
_WITHOUT = {
    "momentum": ("adam", "adamw", "rmsprop-tensorflow"),
    "weight_decay": ("rmsprop-tensorflow", "muon"),
}


class Schedule(Strict):
    """Learning rate over a stage, as a factor of the optimiser's rate."""

    kind: Literal["constant", "cosine", "step"] = Field(default="cosine", description="how the rate falls")
    warmup_steps: int = Field(default=0, ge=0, description="steps of linear rise from zero")
    flat: float = Field(default=0.0, ge=0, le=1, description="cosine: share of the stage before the rate falls")
    final: float = Field(default=0.0, ge=0, le=1, description="cosine: factor at the end")
    milestones: tuple[float, ...] = Field(default=(), description="step: shares of the stage; 0.5 is half-way")
    gamma: float = Field(default=0.5, gt=0, le=1, description="step: factor at each milestone")

    @model_validator(mode="after")
    def _falls_within_the_stage(self) -> "Schedule":
        """Steps for shares, as other trainers have them, would leave the rate where it is and say nothing."""
        if outside := [milestone for milestone in self.milestones if not 0 < milestone < 1]:
            raise ValueError(f"milestones are shares of the stage, as in [0.5, 0.8], not steps: {outside[0]:g}")
        return self
