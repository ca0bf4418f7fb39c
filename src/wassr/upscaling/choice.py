"""Which model enlarges a picture: the one that was named, or one of two by what the picture has gone through."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wassr.models.shelf import find, shipped
from wassr.pixels.jpeg import stated_quality
from wassr.pixels.jpeg_traces import History
from wassr.pixels.picture import Picture
from wassr.pixels.reading import kind_of
from wassr.upscaling.compression import JpegWish, look, overruled, told
from wassr.upscaling.strength import Mixture
from wassr.upscaling.target import Target
from wassr.upscaling.upscaler import DEFAULT_MODEL, Projection, Upscaler

COMPRESSED_MODEL = "wassr-jpeg-x4-faithful"
# The quality from which on compression is too light for that model: it cleans away what was there. On 24 validation
# pictures it is even with the default model at 95, and worse by 0.09 dB at 98, 0.11 at 100 (docs/jpeg-awareness.md)
LIGHT = 96
HELD = {
    "bins": "within its quantisation intervals",
    "back-projection": "with back-projection",
    "neither": "network alone",
}


def offered(wish: JpegWish) -> tuple[str, ...]:
    """The models to choose from where none is named: for pictures compressed lightly or never, then for others.

    A stated quality below LIGHT leaves no choice: no picture counts as of a higher one.
    """
    if wish == "off" or COMPRESSED_MODEL not in shipped():
        return (DEFAULT_MODEL,)
    return (COMPRESSED_MODEL,) if isinstance(wish, int) and wish < LIGHT else (DEFAULT_MODEL, COMPRESSED_MODEL)


def begins_compressed(head: bytes) -> bool:
    """Whether a file that begins with these bytes is likely a picture for COMPRESSED_MODEL.

    A guess, for what is opened first: an earlier, coarser generation lies in the pixels. Of a JPEG whose tables lie
    further on the likelier is taken.
    """
    if kind_of(head) != "JPEG":
        return False
    quality = stated_quality(head)
    return quality is None or quality < LIGHT


@dataclass(frozen=True)
class Chosen:
    """What enlarges one picture.

    name: of those to choose from; model: the name of the one of its family that the picture's size needs. found: what
    the picture has gone through; projection: what holds the result to it.
    """

    name: str
    upscaler: Upscaler
    model: str
    found: History
    projection: Projection


class Choice:
    """The models of a batch, each opened when it is first needed.

    names: one for all pictures; or two, for pictures compressed lightly or never and for others. make: opens one; all
    get the same wishes. compressed_first: which of two is likely needed first. That one is opened at once, so that what
    is wrong with the wishes is said before anything is done. verbose: pictures without traces of JPEG get a line, too.
    Raises what `make` raises.
    """

    def __init__(
        self,
        names: Sequence[str],
        make: Callable[[str], Upscaler],
        compressed_first: bool = False,
        verbose: bool = False,
    ) -> None:
        self.names, self._make, self._verbose = tuple(names), make, verbose
        self._described: set[str] = set()
        self._opened: dict[str, Upscaler] = {}
        self._hinted = False
        self._replaced = set[tuple[str, str]]()  # what was told of: (asked, by whom)
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
        light = found.quality is None or found.quality >= LIGHT
        asked = self.names[0 if light else -1]
        upscaler = self._opened.get(asked) or self._open(asked)
        member = upscaler.for_picture(picture, target)  # another of the family describes itself
        if member is upscaler and asked not in self._described:  # not sooner: one that is open may never be needed
            self._described.add(asked)
            upscaler.say(upscaler.describe())
        model, projection = member.card.name, member.projection(found)
        if len(self.names) == 1 and member is not upscaler:
            self._tell_of(upscaler, member, target.factor_for(picture.height, picture.width, upscaler.card.scale), name)
        if picture.frames > 1:
            upscaler.say(f"{name}: {picture.frames} frames, of which the first is enlarged")
        if found.quality is not None:
            why = "light compression, " if light and len(self.names) > 1 else ""
            seen = overruled(picture, self.jpeg)
            words = f"{told(found, self.jpeg)}{f' ({seen})' if seen else ''}"
            upscaler.say(f"{name}: {words}: {why}{model}, {HELD[projection]}")
            if not light:
                self._hint(member)
        elif self._verbose:
            words = "taken as never compressed, as --jpeg says" if self.jpeg == "off" else "no trace of JPEG"
            upscaler.say(f"{name}: {words}: {model}, {HELD[projection]}")
        return Chosen(asked, upscaler, model, found, projection)

    def identities(self) -> dict[str, str]:
        """What shapes results (`Upscaler.identity`), of each name; opens none."""
        return {
            name: self._opened[name].identity() if name in self._opened else Mixture(find(name)).identity
            for name in self.names
        }

    def _tell_of(self, asked: Upscaler, member: Upscaler, factor: float, name: str) -> None:
        """A model that was named is not the one that enlarges: said of the first picture that each stands in for."""
        pair = (asked.card.name, member.card.name)
        if pair not in self._replaced:
            self._replaced.add(pair)
            reach = "reaches" if factor > asked.card.scale else "makes"
            asked.say(f"{name}: x{factor:.3g} is made by {pair[1]} ({pair[0]} {reach} x{asked.card.scale})")

    def _hint(self, asked: Upscaler) -> None:
        """A shipped model for clean pictures was named for compressed ones: said once that there is another kind."""
        if asked.card.inputs == "clean" and not self._hinted and {asked.card.name, COMPRESSED_MODEL} <= set(shipped()):
            self._hinted = True
            asked.say(
                f"{asked.card.name} was taught on clean pictures and may enlarge artefacts too; -n {COMPRESSED_MODEL} "
                "was taught on compressed ones"
            )

    def _open(self, name: str) -> Upscaler:
        self._opened[name] = self._make(name)
        return self._opened[name]
