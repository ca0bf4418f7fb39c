"""AdversarialLoss: all that makes one GAN differ from another, as one frozen object; and its presets. No torch."""

from typing import Annotated, Literal

from pydantic import Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from wassr.ground.faults import hint
from wassr.ground.settings import Strict

Rate = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class AdversarialLoss(Strict):
    """All that makes one GAN differ from another; the loop knows no kinds of GAN. `check` judges it against a critic.

    objective: how scores become losses (table OBJECTIVES). penalty: on the critic's gradient with respect to its input
    (table PENALTIES). clip: bound c; after every critic step the chosen parameters are clamped to [-c, c]. spectral:
    every layer of the critic divided by its largest singular value. weight: of the generator's adversarial loss beside
    the content terms. A name of the table PRESETS may stand for the whole: `adversarial: wgan-gp`.
    """

    objective: Literal[
        "wasserstein", "vanilla", "least-squares", "hinge", "relativistic-average", "relativistic-pairing"
    ] = Field(default="wasserstein", description="how the critic's scores become losses")
    penalty: Literal[
        "none",
        "gradient",
        "gradient-one-sided",
        "r1",
        "r2",
        "r1+r2",
        "r1-difference",
        "r2-difference",
        "r1+r2-difference",
    ] = Field(default="none", description="...-difference: by finite differences, without a second derivative")
    penalty_weight: Rate = Field(default=0.0, description="of the penalty in the critic's loss; WGAN-GP: 10")
    penalty_interval: Count = Field(default=1, description="at every n-th critic step only, n times as strong")
    clip: Positive | None = Field(default=None, description="bound of the critic's weights after each of its steps")
    clip_what: Literal["weights", "all"] = Field(
        default="weights", description="all: normalisation parameters too (2018 code)"
    )
    spectral: bool = Field(default=False, description="spectral norm on every convolution and dense layer")
    critic_steps: Count = Field(default=1, description="before each step of the generator")
    burst_steps: int = Field(default=0, ge=0, description="critic steps during the first `burst_until` generator steps")
    burst_until: int = Field(default=0, ge=0, description="generator steps")
    weight: Rate | None = Field(default=1e-3, description="a fixed weight, or null with `ratio`")
    ratio: Positive | None = Field(
        default=None, description="keep |w dL_adv/dy| = ratio |dL_content/dy| at the output y"
    )
    matching: Rate = Field(
        default=0.0, description="weight of the distance of the critic's own features, a content term"
    )
    ramp_steps: int = Field(default=0, ge=0, description="the weight grows linearly over the first generator steps")

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        whole = handler(core)
        handler.resolve_ref_schema(whole)["properties"]["preset"] = {"enum": list(PRESETS)}
        return {"anyOf": [{"enum": list(PRESETS)}, whole]}  # editors must know the presets too

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: object) -> object:
        given = {"preset": given} if isinstance(given, str) else given
        if not isinstance(given, dict) or "preset" not in given:
            return given
        name = given["preset"]
        if name not in PRESETS:
            raise ValueError(f"no such preset; {hint(str(name), list(PRESETS))}")
        return PRESETS[name].model_dump() | {key: value for key, value in given.items() if key != "preset"}

    @field_validator("clip", mode="before")
    @classmethod
    def _bounds_something(cls, clip: object) -> object:
        if isinstance(clip, int | float) and clip <= 0:
            raise ValueError("a bound for the critic's weights is above 0: set 0.01, or null for no clipping")
        return clip

    @model_validator(mode="after")
    def _makes_sense(self) -> "AdversarialLoss":
        if self.penalty == "none" and self.penalty_weight > 0:
            raise ValueError("penalty_weight is set without a penalty: choose one (gradient) or set the weight to 0")
        if self.penalty != "none" and self.penalty_weight == 0:
            raise ValueError(f"penalty {self.penalty} has no weight: set penalty_weight (WGAN-GP: 10)")
        if self.objective == "wasserstein" and self.penalty == "none" and self.clip is None and not self.spectral:
            raise ValueError("wasserstein without Lipschitz control: set clip (0.01), penalty: gradient or spectral")
        if self.clip is not None and self.spectral:
            raise ValueError("clip and spectral both bound the critic's weights: choose one")
        if self.penalty == "none" and self.penalty_interval > 1:
            raise ValueError("penalty_interval is set without a penalty: choose one (gradient) or set it to 1")
        if self.burst_steps and not self.burst_until:
            raise ValueError(
                "burst_steps is set without burst_until: say until which generator step (25), or set burst_steps: 0"
            )
        if (self.weight is None) == (self.ratio is None):
            raise ValueError("set exactly one of weight and ratio (the other null)")
        return self

    def critic_steps_at(self, step: int) -> int:
        """Critic steps before generator step `step` of the stage (from 0)."""
        return self.burst_steps if step < self.burst_until and self.burst_steps else self.critic_steps

    def turn(self, step: int, sub: int) -> int:
        """Critic steps of the stage before sub-step `sub` of generator step `step`."""
        early = min(step, self.burst_until) if self.burst_steps else 0
        return early * self.burst_steps + (step - early) * self.critic_steps + sub

    def ramp_at(self, step: int) -> float:
        """Share of the adversarial weight that is in force at generator step `step`."""
        return min(1.0, (step + 1) / self.ramp_steps) if self.ramp_steps else 1.0


PRESETS: dict[str, AdversarialLoss] = {
    "srgan": AdversarialLoss(objective="vanilla"),
    "wgan-clip-all": AdversarialLoss(clip=0.01, clip_what="all"),  # what the 2018 code did
    "wgan-clip": AdversarialLoss(clip=0.01, critic_steps=5, burst_steps=25, burst_until=25),
    "wgan-gp": AdversarialLoss(penalty="gradient", penalty_weight=10, critic_steps=5),
    "wgan-lp": AdversarialLoss(penalty="gradient-one-sided", penalty_weight=10, critic_steps=5),
    "hinge-sn": AdversarialLoss(objective="hinge", spectral=True),
    "ragan": AdversarialLoss(objective="relativistic-average", weight=5e-3),  # ESRGAN's weight
    "lsgan": AdversarialLoss(objective="least-squares"),
    "rpgan-r1r2": AdversarialLoss(
        objective="relativistic-pairing", penalty="r1+r2", penalty_weight=5, penalty_interval=4
    ),
}
