"""Recipes: everything that shapes a run, frozen and checked. No torch.

A recipe holds a content stage and, if it is a GAN, an adversarial stage that starts from the content model. Sizes are
in pixels of the high-resolution side unless a name says otherwise.
"""

from collections.abc import Collection, Mapping
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from wassr.data.chain import NamedSteps, Saver, split_at_last_saves
from wassr.ground.faults import hint
from wassr.ground.settings import Strict
from wassr.models.card import Base, Channels
from wassr.networks.facts import CRITIC_FACTS, CRITIC_WORDS, FACTS, FEATURE_LAYERS
from wassr.training.adversarial_loss import AdversarialLoss, Count, Positive, Rate
from wassr.training.descent import Optimizer, Schedule

Value = int | float | str | bool


class GeneratorSpec(Strict):
    """Which network makes the picture. `channels` and `base` are the network's own unless they are set."""

    network: str = Field(description="a row of the table of networks")
    arguments: dict[str, Value] = Field(default_factory=dict, description="of its constructor, besides the scale")
    scale: Literal[1, 2, 3, 4] = Field(default=4, description="1: restores what was degraded and enlarges nothing")
    channels: Channels = Field(default="rgb", description="y: luma by the network, chroma by bicubic")
    base: Base = Field(default="bicubic", description="what the network's output is added to, in float32")
    consistency: int = Field(
        default=0, ge=0, le=8, description="passes of back-projection on what users get, for the card"
    )
    consistency_in_training: bool = Field(
        default=False, description="the same passes inside training, so that losses and critic see their result"
    )

    @model_validator(mode="before")
    @classmethod
    def _its_own(cls, given: object) -> object:
        if not isinstance(given, dict) or str(given.get("network")) not in FACTS:
            return given
        facts = FACTS[str(given["network"])]
        return {"channels": facts.channels, "base": facts.base, **given}

    @field_validator("network")
    @classmethod
    def _known(cls, network: str) -> str:
        _check_name("network", network, FACTS)
        return network

    @field_validator("arguments")
    @classmethod
    def _taken(cls, arguments: dict[str, Value], info: ValidationInfo) -> dict[str, Value]:
        if "network" in info.data:
            facts = FACTS[info.data["network"]]
            _check_arguments(facts.name, arguments, facts.defaults, facts.words)
        return arguments

    @model_validator(mode="after")
    def _keeps_what_it_restores(self) -> "GeneratorSpec":
        if self.scale == 1 and self.consistency:
            raise ValueError("at scale 1 back-projection would give the input back; set consistency: 0")
        if self.consistency_in_training and not self.consistency:
            raise ValueError(
                "consistency_in_training does the passes of consistency, which is 0: set consistency: 1, or "
                "consistency_in_training: false"
            )
        return self


def _check_name(what: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise ValueError(f"no such {what}; {hint(name, list(known))}")


def _check_arguments(
    network: str, arguments: dict[str, Value], defaults: Mapping[str, Value], words: Mapping[str, tuple[str, ...]]
) -> None:
    """Raises ValueError for an argument that the network does not take, or not so: of the kind of its default."""
    for argument, value in arguments.items():
        if argument not in defaults:
            raise ValueError(f"{network} takes no {argument}; {hint(argument, list(defaults))}")
        if argument in words:
            _check_name(f"{argument} {value}", str(value), words[argument])
        elif isinstance(defaults[argument], bool):
            if not isinstance(value, bool):
                raise ValueError(f"{network}'s {argument} is true or false, not {value}")
        elif isinstance(defaults[argument], float):  # a slope
            if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1:
                raise ValueError(f"{network}'s {argument} is a number from 0 to below 1, not {value}")
        elif not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{network}'s {argument} is a whole number from 1, not {value}")


class Data(Strict):
    """Folders of pictures (any format, searched recursively)."""

    train: tuple[str, ...] = Field(default=(), description="data=DIR on the command line sets it")
    valid: tuple[str, ...] = Field(
        default=(), description="held out, below data.train too; without it every 20th picture is set apart, 32 at most"
    )
    candidates: Count = Field(
        default=1, description="crops drawn for each one used; the one with the most detail is taken"
    )
    cache_gigabytes: Positive = Field(default=4.0, description="memory for decoded pictures, as 8-bit pixels")
    cache_folder: str | None = Field(default=None, description="folder that keeps the others decoded, from run to run")
    workers: int = Field(
        default=0, ge=0, description="threads that prepare crops ahead, for cores beyond `threads`; never changes crops"
    )
    degradations: NamedSteps = Field(
        default=(), description="what the low side went through: a chain's name (jpeg, web, blind), its file, or steps"
    )
    jpeg: Saver = Field(
        default="codec",
        description="who does the JPEG saves that end the degradations; tensor: a whole batch at once",
    )

    @field_validator("jpeg")
    @classmethod
    def _at_the_end(cls, jpeg: Saver, info: ValidationInfo) -> Saver:
        if jpeg == "tensor" and "degradations" in info.data:
            split_at_last_saves(info.data["degradations"])
        return jpeg


class ContentLoss(Strict):
    """Weights of the terms of the table LOSSES; zero switches a term off."""

    l1: Rate = Field(default=0.0, description="absolute error; 1 is the way from black to white")
    mse: Rate = Field(default=0.0, description="mean squared error")
    charbonnier: Rate = Field(default=0.0, description="absolute error, smooth around zero")
    gradient: Rate = Field(default=0.0, description="absolute error of differences between neighbours")
    raster: Rate = Field(default=0.0, description="absolute error that repeats with the upsampling raster")
    frequency: Rate = Field(default=0.0, description="absolute error of the spectrum, orthonormal")
    feature: Rate = Field(default=0.0, description="mean squared error of VGG features in units of their spread")
    feature_weights: str | None = Field(
        default=None, description="file of a VGG trunk (safetensors); torchvision: its VGG19 in torch's cache"
    )
    feature_layer: str | dict[str, Rate] = Field(
        default="conv5_3",
        description="conv2_2 ... conv5_4, pool4, or several with their shares: {conv2_2: 0.1, conv5_3: 1}",
    )
    feature_before_activation: bool = Field(default=False, description="features as they are before the ReLU")
    feature_side: Count | None = Field(default=None, description="crops are resized to it for the features")

    @field_validator("feature_layer")
    @classmethod
    def _layers_of_some_trunk(cls, layer: str | dict[str, float]) -> str | dict[str, float]:
        names = [layer] if isinstance(layer, str) else list(layer)
        if not names:
            raise ValueError("names no layer; set one, as conv5_3")
        for name in names:
            _check_name(f"layer {name}", name, FEATURE_LAYERS)
        return layer

    @model_validator(mode="after")
    def _pooled_after_activation(self) -> "ContentLoss":
        if self.feature_before_activation and "pool4" in self.feature_layers:
            raise ValueError("pool4 comes after its activation: set feature_before_activation: false")
        return self

    @model_validator(mode="after")
    def _some_term(self) -> "ContentLoss":
        terms = [key for key, field in type(self).model_fields.items() if field.annotation is float]
        if not any(getattr(self, key) > 0 for key in terms):
            raise ValueError(f"no term has a weight: set {', '.join(terms[:-1])} or {terms[-1]}")
        return self

    @property
    def feature_layers(self) -> dict[str, float]:
        """Layers of the feature loss with their shares."""
        return {self.feature_layer: 1.0} if isinstance(self.feature_layer, str) else self.feature_layer


class Teacher(Strict):
    """A finished network whose results take the place of the originals in the content loss."""

    model: str = Field(description="name or .onnx file of a model of the same scale")
    share: float = Field(default=1.0, gt=0, le=1, description="of its result in the target; the rest is the original")
    ahead: bool = Field(
        default=False,
        description="its results are made of whole pictures before the first step; crops lie on the low side's pixels",
    )


class Stage(Strict):
    """One stage of training. It ends after `steps` generator steps or `minutes` of wall clock: exactly one is set."""

    steps: Count | None = Field(default=None, description="generator steps; or null with `minutes`")
    minutes: Positive | None = Field(
        default=None, description="of wall clock; such a stage is not repeatable to the bit"
    )
    batch: Count = Field(default=16, description="crops in a step")
    crop: Count = Field(default=96, description="side of a crop, pixels of the high-resolution side")
    loss: ContentLoss = ContentLoss(l1=1.0)
    teacher: Teacher | None = Field(default=None, description="distillation: learn a stronger network's results")
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    clip_norm: Positive | None = Field(default=None, description="largest norm of the generator's gradient; null: any")
    ema: float = Field(
        default=0.999, ge=0, lt=1, description="decay of the weight average that is validated and shipped"
    )
    log_every: Count = Field(default=50, description="steps")
    validate_every: Count = Field(default=1000, description="steps between two validations on held-out pictures")
    save_every: Count = Field(default=500, description="steps between two saved states")

    @model_validator(mode="after")
    def _one_length(self) -> "Stage":
        if (self.steps is None) == (self.minutes is None):
            raise ValueError("set exactly one of steps and minutes")
        return self


class Critic(Strict):
    """Which network judges."""

    network: str = Field(default="vgg", description="a row of the table of critics")
    arguments: dict[str, Value] = Field(default_factory=dict, description="of its constructor")
    optimizer: Optimizer = Optimizer(rate=1e-4)

    @field_validator("network")
    @classmethod
    def _known(cls, network: str) -> str:
        _check_name("critic", network, CRITIC_FACTS)
        return network

    @field_validator("arguments")
    @classmethod
    def _taken(cls, arguments: dict[str, Value], info: ValidationInfo) -> dict[str, Value]:
        if "network" in info.data:
            network = info.data["network"]
            _check_arguments(network, arguments, CRITIC_FACTS[network], CRITIC_WORDS)
        return arguments


class AdversarialStage(Stage):
    """The second stage: everything of a stage, a critic, and how they play."""

    start: str = Field(default="content", description="content: this recipe's first stage; or a model's name or file")
    critic: Critic = Critic()
    adversarial: AdversarialLoss = AdversarialLoss(clip=0.01)


class Recipe(Strict):
    """A whole run."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="of the model that comes out")
    purpose: str = Field(default="", description="one line for the model's card")
    seed: int = Field(default=0, ge=0, lt=2**63, description="of first weights, crops and all other chance")
    generator: GeneratorSpec
    data: Data = Data()
    content: Stage | None = Field(default=None, description="the first stage: fidelity; null: none")
    adversarial: AdversarialStage | None = Field(default=None, description="the second stage: a critic; null: none")
    precision: Literal["float32", "bfloat16", "auto"] = Field(
        default="float32", description="auto: bfloat16 where the processor has instructions for it, else float32"
    )
    channels_last: bool = Field(default=True, description="order of numbers in memory")
    threads: int = Field(default=0, ge=0, description="0: all cores")
    licence: str = Field(default="unknown", description="of the weights, for the card")
    licence_data: str = Field(default="unknown", description="of the training pictures, for the card")
    credits: str = Field(default="", description="whom to name, for the card")

    @model_validator(mode="after")
    def _fits(self) -> "Recipe":
        if self.content is None and self.adversarial is None:
            raise ValueError("a recipe needs a content stage, an adversarial stage, or both")
        if self.generator.scale == 1 and not self.data.degradations:
            raise ValueError(
                "at scale 1 the low side is the high side until it is degraded, so there is nothing to learn; set "
                "data.degradations, as in data.degradations: jpeg"
            )
        if self.generator.consistency_in_training and self.data.degradations:
            raise ValueError(
                "consistency_in_training pulls results to the low side, which data.degradations spoil: leave one away"
            )
        for stage in (self.content, self.adversarial):
            if stage and stage.crop % self.generator.scale:
                raise ValueError(f"crop {stage.crop} is not a multiple of scale {self.generator.scale}")
            if stage and stage.loss.raster and self.generator.scale == 1:
                raise ValueError("at scale 1 nothing is upsampled, so there is no raster to lose; set loss.raster: 0")
        if self.adversarial and self.adversarial.start == "content" and self.content is None:
            raise ValueError(
                "the adversarial stage starts from the content stage, which the recipe lacks; set adversarial.start"
            )
        if self.adversarial and self.adversarial.start != "content" and self.content is not None:
            raise ValueError(
                f"adversarial.start is {self.adversarial.start}, but the recipe has a content stage: "
                "set start: content or content: null"
            )
        return self
