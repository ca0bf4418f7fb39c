"""Which model enlarges a picture: the one that was named, or one of two by what the picture has gone through."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wassr.models.shelf import find, shipped
from wassr.pixels.jpeg_traces import History
from wassr.pixels.picture import Picture
from wassr.upscaling.compression import JpegWish, look, told
from wassr.upscaling.strength import Mixture
from wassr.upscaling.target import Target
from wassr.upscaling.upscaler import DEFAULT_MODEL, Upscaler

COMPRESSED_MODEL = "wassr-jpeg-x4-faithful"


def offered(wish: JpegWish) -> tuple[str, ...]:
    """The models to choose from where none is named: for pictures never compressed, then for others."""
    if wish == "off" or COMPRESSED_MODEL not in shipped():
        return (DEFAULT_MODEL,)
    return (DEFAULT_MODEL, COMPRESSED_MODEL) if wish == "auto" else (COMPRESSED_MODEL,)


@dataclass(frozen=True)
class Chosen:
    """What enlarges one picture.

    name: of those to choose from; model: the name of the one of its family that the picture's size needs. found: what
    the picture has gone through.
    """

    name: str
    upscaler: Upscaler
    model: str
    found: History


class Choice:
    """The models of a batch, each opened when it is first needed.

    names: one for all pictures; or two, for pictures never compressed and for others. make: opens one; all get the same
    wishes. compressed_first: which of two is likely needed first. That one is opened at once, so that what is wrong
    with the wishes is said before anything is done. Raises what `make` raises.
    """

    def __init__(self, names: Sequence[str], make: Callable[[str], Upscaler], compressed_first: bool = False) -> None:
        self.names, self._make = tuple(names), make
        self._opened: dict[str, Upscaler] = {}
        self.first = self._open(self.names[-1 if compressed_first else 0])

    @classmethod
    def only(cls, upscaler: Upscaler) -> "Choice":
        """One that is open already, for all pictures."""
        return cls((upscaler.card.name,), lambda name: upscaler)

    @property
    def opened(self) -> tuple[Upscaler, ...]:
        """The models that were needed so far, in that order."""
        return tuple(self._opened.values())

    @property
    def jpeg(self) -> JpegWish:
        """What was wished."""
        return self.first.jpeg

    def of(self, picture: Picture, target: Target, name: str) -> Chosen:
        """What enlarges a picture; the user is told where something was found. Raises as opening does."""
        found = look(picture, self.jpeg)
        asked = self.names[0 if found.quality is None else -1]
        if asked not in self._opened:
            self.first.say(self._open(asked).describe())
        upscaler = self._opened[asked]
        model = upscaler.for_picture(picture, target).card.name
        if found.quality is not None:
            upscaler.say(f"{name}: {told(found, self.jpeg)}: {model}")
        return Chosen(asked, upscaler, model, found)

    def identities(self) -> dict[str, str]:
        """What shapes results (`Upscaler.identity`), of each name; opens none."""
        return {
            name: self._opened[name].identity() if name in self._opened else Mixture(find(name)).identity
            for name in self.names
        }

    def _open(self, name: str) -> Upscaler:
        self._opened[name] = self._make(name)
        return self._opened[name]
