"""What a folder of pictures is made of, in words, and what in it a network had better not learn from."""

from collections import Counter
from collections.abc import Callable

from wassr.data.decoded import FileFacts
from wassr.data.folders import Pictures

DARK = 25.5  # mean level: a tenth of white
LOSSY = ("JPEG", "GIF", "lossy WEBP")  # AVIF and other WebP may be either


def survey(pictures: Pictures) -> list[str]:
    """Sizes, formats and depths."""
    sizes = sorted(pictures.sizes, key=lambda size: size[0] * size[1])
    smallest, middle, largest = (f"{w} x {h}" for h, w in (sizes[0], sizes[len(sizes) // 2], sizes[-1]))
    lines = [f"sizes: {smallest} to {largest}, the middle one {middle}"]
    if pictures.facts:
        formats = Counter(fact.format for fact in pictures.facts)
        depths = Counter(f"{fact.bits}-bit {'gray' if fact.gray else 'colour'}" for fact in pictures.facts)
        lines += [f"formats: {_counted(formats)}", f"depths: {_counted(depths)}; all are trained on as 8-bit colour"]
    return lines


def suspicions(pictures: Pictures) -> list[str]:
    """Sentences about pictures that teach the wrong thing."""
    found = []
    for suspect, words in SUSPICIONS:
        names = [name for name, fact in zip(pictures.names, pictures.facts, strict=False) if suspect(fact)]
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            found.append(f"{len(names)} of {len(pictures)} pictures {words}: {', '.join(names[:3])}{more}")
    return found


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())


SUSPICIONS: tuple[tuple[Callable[[FileFacts], bool], str], ...] = (
    (
        lambda fact: fact.format in LOSSY,
        "are of a lossy format: the high side is not clean, and its artefacts are learned as detail "
        "(reducing such pictures by half hides most of them)",
    ),
    (lambda fact: fact.flat, "are one flat colour and teach nothing"),
    (lambda fact: fact.mean < DARK and not fact.flat, "are very dark (mean below a tenth of white)"),
)
