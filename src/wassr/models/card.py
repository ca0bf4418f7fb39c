"""The card of a model: what it is, what it was made from, and how good it is. It travels inside every model file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wassr.ground.errors import ModelError
from wassr.ground.faults import fault
from wassr.networks.facts import QUALITY_PLANE

Base = Literal["none", "nearest", "bicubic"]
Channels = Literal["rgb", "y"]
Inputs = Literal["clean", "compressed"]


class Frozen(BaseModel):
    """Unknown keys are ignored: a card written by a newer wassr can still be read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Measurement(Frozen):
    """One number with all that it needs to be understood."""

    data: str = Field(description="the set of pictures, e.g. Set14")
    metric: str = Field(description="a name of the table of metrics, e.g. psnr_y")
    value: float
    unit: str = Field(description="dB, seconds, ... ; empty for a pure number")
    protocol: str = Field(description="channel, border, resize, rounding, engine")


class Card(Frozen):
    """What a user and the Upscaler must know of a model.

    `radius` is in low-resolution pixels: how far an output pixel may look in every direction; tiles overlap by it.
    """

    name: str
    purpose: str = Field(description="one line: what for")
    network: str = Field(description="a name of the table of networks")
    arguments: dict[str, int | float | str | bool] = Field(
        default_factory=dict, description="what the network is built with"
    )
    scale: int = Field(ge=1)
    channels: Channels = Field(default="rgb", description="y: luma by the network, chroma by bicubic")
    base: Base = Field(
        default="none", description="what the network's output is added to, outside the network, in float32"
    )
    radius: int = Field(ge=0)
    sees_all: bool = Field(
        default=False, description="the network looks at the whole picture: tiled differs from whole"
    )
    inputs: Inputs = Field(default="clean", description="trained on; compressed: it takes JPEG's errors away")
    consistency: int = Field(
        default=0,
        ge=0,
        description="passes of back-projection on the result; of a model for compressed inputs where there is no JPEG",
    )
    parameters: int = Field(default=0, description="of the inference form")
    gmac_per_megapixel: float = Field(
        default=0.0, description="10^9 multiply-adds per 10^6 output pixels, inference form"
    )
    recipe: str = Field(default="", description="the resolved recipe, YAML")
    data: str = Field(default="", description="pictures that it was trained on, with their count")
    steps: int = 0
    hours: float = Field(default=0.0, description="training, wall clock, with its parents' hours")
    machine: str = ""
    parent: str | None = Field(default=None, description="the model that training began from")
    strength: float = Field(
        default=1.0, description="how far from the parent these weights are; 1: where training ended"
    )
    losses: str = Field(
        default="", description="training losses with weights; the feature network named if there is one"
    )
    measured: tuple[Measurement, ...] = ()
    licence: str = "unknown"
    licence_data: str = Field(
        default="unknown", description="what the training pictures' licences say about using results"
    )
    credits: str = ""
    version: str = Field(default="", description="of wassr that wrote the file")

    @property
    def colours(self) -> int:
        """Channels of pictures that the network gives: 3, or 1 for luma."""
        return 1 if self.channels == "y" else 3

    @property
    def quality_plane(self) -> bool:
        """Whether the network is told how a picture was compressed, in a plane behind the colours."""
        return bool(self.arguments.get(QUALITY_PLANE, False))

    @property
    def planes(self) -> int:
        """Channels at the network's door."""
        return self.colours + self.quality_plane

    def to_json(self) -> str:
        """One line of JSON."""
        return self.model_dump_json()

    def value(self, data: str, metric: str) -> float | None:
        """The measured value, or None where it was not measured."""
        return next((m.value for m in self.measured if (m.data, m.metric) == (data, metric)), None)


def card_from_json(text: str, where: str) -> Card:
    """Read a card; `where` names the file in the error.

    Raises ModelError when the text is no card.
    """
    try:
        return Card.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{where}: its card is not valid: {key or 'JSON'}: {fault([first])}") from error
