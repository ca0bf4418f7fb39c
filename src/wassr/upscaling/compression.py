"""What JPEG compression a picture has gone through: looked for as the user wishes, and told."""

from dataclasses import dataclass, replace
from typing import Literal

from wassr.ground.errors import UsageError
from wassr.pixels.jpeg import standard_table
from wassr.pixels.jpeg_traces import History, Trace, history
from wassr.pixels.picture import Picture

JpegWish = int | Literal["auto", "off"]

NEVER = History(None, ())


@dataclass(frozen=True)
class Generation:
    """One compression, for reports.

    words: for people. quality: 1..100 on libjpeg's scale; exact: its table is libjpeg's own, not one that is near.
    left, top: where the first whole block begins, 0..7 pixels.
    """

    words: str
    quality: int
    exact: bool
    left: int
    top: int


def jpeg_wish(given: str | int) -> JpegWish:
    """`auto`: look; `off`: never compressed; 1..100: saved at this quality. Raises UsageError for anything else."""
    wish = WISHES.get(str(given))
    if wish is None:
        raise UsageError(f"--jpeg {given}: choose auto, off, or the quality it was saved at, a whole number 1 to 100")
    return wish


def look(picture: Picture, wish: JpegWish) -> History:
    """What a picture has gone through.

    A quality that is wished for holds where there is no JPEG file to be asked. A JPEG file's own tables hold; a wish
    below all that is found in it says that it was saved at that quality before.
    `auto` takes 0.1 s of one core, whatever the picture's size.
    """
    if wish == "off":
        return NEVER
    if wish == "auto":
        return history(picture)
    stated = Trace(0, 0, wish, standard_table(wish), 0.0)
    if picture.jpeg is None:
        return History(None, (stated,))
    found = history(picture)
    lower = found.quality is None or wish < found.quality
    return replace(found, traces=(*found.traces, stated)) if lower else found


def told(found: History, wish: JpegWish) -> str:
    """What was found, or what the user said, in one line."""
    if not isinstance(wish, int):
        return found.sentence
    if found.file is None:
        return f"JPEG of quality {wish}, as --jpeg says"
    if found.quality == wish:
        return f"{found.sentence}, as --jpeg says"
    return f"{found.sentence} (by the file's own tables, not --jpeg {wish})"


def overruled(picture: Picture, wish: JpegWish) -> str:
    """What the pixels show of another quality than the one that is wished for, which holds; empty: nothing."""
    if not isinstance(wish, int) or picture.jpeg is not None:
        return ""
    found = history(picture)
    return "" if found.quality in (None, wish) else f"its pixels show {found.sentence}"


def generations(found: History) -> tuple[Generation, ...]:
    """All that was found, the latest first."""
    file = found.file
    own = () if file is None else (Generation(file.sentence, file.quality, file.standard, 0, 0),)
    traces = (
        Generation(t.sentence, t.quality, t.table == standard_table(t.quality), t.left, t.top) for t in found.traces
    )
    return *own, *traces


WISHES: dict[str, JpegWish] = {"auto": "auto", "off": "off", **{str(quality): quality for quality in range(1, 101)}}
