"""Chains of degradations as settings: which steps, within which ranges, how often. No torch.

A chain leads from the high side to the low side. The steps before `reduce` work on the high side, those after it on the
low side; a chain without `reduce` begins with it. Each step is one line of a list, named by its kind:

    degradations:
      - blur: {sigma: [0.2, 2.0], probability: 0.5}
      - reduce: {}
      - jpeg: {quality: [30, 95], chroma: {"4:2:0": 2, "4:4:4": 1}}

Shares, as of `chroma`, need not sum to one.
"""

from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from wassr.ground.errors import ListInSettings, SettingsError
from wassr.ground.settings import Strict, read_settings, settings_file, shipped_settings

Filter = Literal["area", "bilinear", "bicubic"]
Shape = Literal["isotropic", "anisotropic", "sinc"]
Grain = Literal["gaussian", "poisson"]
Chroma = Literal["4:4:4", "4:2:2", "4:2:0"]
Tables = Literal["libjpeg", "photoshop", "phone", "camera"]
Saver = Literal["codec", "tensor"]  # who does the JPEG saves that end a chain


def _rising(bounds: tuple[Any, Any]) -> tuple[Any, Any]:
    if bounds[0] > bounds[1]:
        raise ValueError(f"a range is [smallest, largest]; write [{bounds[1]}, {bounds[0]}]")
    return bounds


def _some(shares: dict[Any, float]) -> dict[Any, float]:
    if not sum(shares.values()) > 0:
        raise ValueError("no kind has a share: give at least one a number above 0")
    return shares


Share = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]
Range = Annotated[tuple[Number, Number], AfterValidator(_rising)]
Quality = Annotated[int, Field(ge=1, le=100)]
Qualities = Annotated[tuple[Quality, Quality], AfterValidator(_rising)]
Filters = Annotated[dict[Filter, Weight], AfterValidator(_some)]


class Kind(Strict):
    """What all kinds of steps but the reduction have."""

    probability: Share = Field(default=1.0, description="of this step for a picture; otherwise it is passed over")


class Blur(Kind):
    """A low-pass filter: Gaussian, round or stretched in any direction, or an ideal one (sinc), which rings."""

    shapes: Annotated[dict[Shape, Weight], AfterValidator(_some)] = Field(
        default={"isotropic": 1.0}, description="shares: isotropic, anisotropic, sinc"
    )
    sigma: Range = Field(default=(0.2, 2.0), description="Gaussian, in pixels of the picture at this step")
    cutoff: Range = Field(default=(0.35, 1.0), description="sinc, as a share of the highest frequency")


class Resize(Kind):
    """Another size on the way; what follows works at that size until `reduce`, or the chain's end, makes it low."""

    size: Range = Field(default=(0.5, 1.5), description="sides, in those of the low side")
    filters: Filters = Field(
        default={"area": 1.0, "bilinear": 1.0, "bicubic": 1.0}, description="shares: area, bilinear, bicubic"
    )


class Noise(Kind):
    """Gaussian noise, or Poisson's, whose deviation grows with the root of the level as that of photons does."""

    grains: Annotated[dict[Grain, Weight], AfterValidator(_some)] = Field(
        default={"gaussian": 1.0, "poisson": 1.0}, description="shares: gaussian, poisson"
    )
    sigma: Range = Field(default=(1.0, 10.0), description="standard deviation in grey levels; Poisson: at white")
    gray: Share = Field(default=0.4, description="how often it is the same in all three channels")


class Jpeg(Kind):
    """Saved as JPEG by the real codec, once or several times."""

    quality: Qualities = Field(default=(30, 95), description="libjpeg's scale; other tables: as coarse as its")
    chroma: Annotated[dict[Chroma, Weight], AfterValidator(_some)] = Field(
        default={"4:2:0": 2.0, "4:4:4": 1.0}, description="shares: 4:4:4, 4:2:2, 4:2:0"
    )
    tables: Annotated[dict[Tables, Weight], AfterValidator(_some)] = Field(
        default={"libjpeg": 1.0}, description="shares: libjpeg, photoshop (with its own chroma), phone, camera"
    )
    generations: Annotated[tuple[Weight, ...], Field(min_length=1, max_length=3)] = Field(
        default=(1.0,), description="shares of pictures saved once, twice, three times"
    )
    shifted: Share = Field(default=0.5, description="how often a save follows a cut: its 8x8 grid begins anywhere")
    resized: Share = Field(default=0.0, description="how often a save but the last is of another size")
    sizes: Range = Field(default=(0.7, 1.4), description="that size, in the sides at this step")

    @model_validator(mode="after")
    def _some_generation(self) -> "Jpeg":
        _some(dict(enumerate(self.generations)))
        return self


class Webp(Kind):
    """Saved as lossy WebP by the real codec."""

    quality: Qualities = Field(default=(50, 95), description="the codec's own scale, 1 to 100")


class Reduce(Strict):
    """To the low side; bicubic from the untouched size is the benchmarks' reduction, to the bit."""

    filters: Filters = Field(default={"bicubic": 1.0}, description="shares: area, bilinear, bicubic")


class Step(Strict):
    """One step of a chain: exactly one of the kinds."""

    blur: Blur | None = None
    resize: Resize | None = None
    noise: Noise | None = None
    jpeg: Jpeg | None = None
    webp: Webp | None = None
    reduce: Reduce | None = None

    @model_validator(mode="after")
    def _one(self) -> "Step":
        if len(self.model_fields_set) != 1 or getattr(self, self.kind) is None:
            kinds = ", ".join(type(self).model_fields)
            raise ValueError(f"a step is one kind ({kinds}) with its settings, as in - jpeg: {{quality: [30, 95]}}")
        return self

    @model_serializer(mode="wrap")
    def _one_line(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {self.kind: handler(self)[self.kind]}

    @property
    def kind(self) -> str:
        """A row of the table DEGRADATIONS."""
        return next(iter(self.model_fields_set), "")

    @property
    def spec(self) -> Kind | Reduce:
        """The settings of the kind."""
        return getattr(self, self.kind)


def _one_reduction(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if sum(step.kind == "reduce" for step in steps) > 1:
        raise ValueError("a chain reduces once: keep one reduce (resize changes the size on the way)")
    return steps


Steps = Annotated[tuple[Step, ...], AfterValidator(_one_reduction)]


def split_at_last_saves(steps: tuple[Step, ...]) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """A chain without the JPEG steps that end it, and these: a whole batch can be saved at once after the rest is done.

    Raises ValueError where a chain does not end so, or where its pictures may be of any size by then.
    """
    count = sum(1 for _ in takewhile(lambda step: step.kind == "jpeg", reversed(steps)))
    before, saves = steps[: len(steps) - count], steps[len(steps) - count :]
    if not saves:
        ends = f"this one ends in {steps[-1].kind}" if steps else "there is none"
        raise ValueError(
            f"tensors take the JPEG saves that end a chain of degradations, and {ends}; end it in jpeg, or set codec"
        )
    kinds = [step.kind for step in before]
    if "resize" in kinds[kinds.index("reduce") if "reduce" in kinds else 0 :]:
        raise ValueError(
            "tensors take JPEG saves of the low side's size, and this chain has a resize between reduce and jpeg; "
            "move it before reduce, or set codec"
        )
    return before, saves


class Chain(Strict):
    """A chain's file."""

    purpose: str = Field(default="", description="one line: which pictures it stands for")
    steps: Steps = Field(min_length=1)


def shipped_chains() -> dict[str, Path]:
    """Names and files of the chains in the package."""
    return shipped_settings("wassr.data", "chains")


def find_chain(name: str) -> Chain:
    """A chain by shipped name or by path of a YAML file.

    Raises SettingsError: with the nearest name when there is none, with file, line and key when it does not hold.
    """
    try:
        file = settings_file(name, shipped_chains(), "chain")
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None
    return _read(file)


def _named(given: object) -> object:
    if not isinstance(given, str):
        return given
    return _read(settings_file(given, shipped_chains(), "chain")).steps


def _read(file: Path) -> Chain:
    try:
        return read_settings(file, Chain)
    except ListInSettings:  # of steps, as recipes have it
        raise SettingsError(f"{file}: is a list; put the list under steps:") from None


class _InSchema:
    """Editors must know that a name may stand for the steps."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, handler(core)]}


NamedSteps = Annotated[Steps, BeforeValidator(_named), _InSchema()]
