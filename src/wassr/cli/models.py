"""`wassr models`: what is on the shelf, what for, how fast, how good, under which licence."""

import json
import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from wassr.models.card import Card, Measurement
    from wassr.models.shelf import ModelFile

SPEED = "seconds_per_megapixel"
SHOWN = {"psnr_y": "PSNR-Y", "lpips": "LPIPS", "lpips_squeeze": "LPIPS", "lr_consistency": "LR-consistency"}
WIDTH = 120


def models(
    model: Annotated[list[str] | None, typer.Argument(help="Names or files; all shipped models if none.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for programs.")] = False,
    licences: Annotated[
        bool, typer.Option("--licences", "--licenses", help="Licences of weights and training pictures, credits.")
    ] = False,
) -> None:
    """List the models: what for, seconds per megapixel, measured numbers with their protocol, licence, size."""
    from wassr.models.shelf import find, shipped

    found = [find(name) for name in model or shipped()]
    if as_json:  # licences among it
        print(json.dumps([_row(file) for file in found], indent=2))
    elif licences:
        print("\n\n".join(_licence(file) for file in found))
    else:
        notes = dict[str, int]()
        parts = [_lines(file, notes) for file in found]
        print("\n\n".join([*parts, *_how(notes)]) or "no models are shipped with this package")


def _row(file: "ModelFile") -> dict[str, Any]:
    from wassr.evaluation.choice import read_as
    from wassr.models.lineage import took_part

    files, trained_with = list(map(str, file.files)), list(took_part(file))
    row = {**file.card.model_dump(mode="json"), "trained_with": trained_with, "files": files, "bytes": file.bytes}
    for measured in row["measured"]:
        measured |= read_as(measured["metric"])
    return row


def _lines(file: "ModelFile", notes: dict[str, int]) -> str:
    card = file.card
    speed = next((f"{m.value:.2g} s per megapixel {_note(m, notes)}" for m in card.measured if m.metric == SPEED), "")
    size = f"{card.parameters / 1e6:.2f} M parameters, {file.bytes / 1e6:.1f} MB"
    cost = f"{card.gmac_per_megapixel:.1f} G multiply-adds per megapixel"
    lines = [f"{card.name}: {card.purpose}", ", ".join(part for part in (speed, cost) if part)]
    lines += _numbers(card, notes)
    scale = f"x{card.scale}" if card.scale > 1 else "same size (x1)"
    lines.append(f"{scale}, for {card.inputs} inputs, {size}, licence {card.licence}")
    return "\n    ".join(lines)


def _numbers(card: "Card", notes: dict[str, int]) -> Iterator[str]:
    """A line for each metric: unit and better direction, then the sets with their values and the protocol's number."""
    from wassr.evaluation.choice import read_as

    numbers: dict[str, dict[str, list[str]]] = {}
    for m in card.measured:
        if m.metric in SHOWN:
            better = read_as(m.metric).get("better")
            about = ", ".join(part for part in (m.unit, f"{better} is better" if better else "") if part)
            value = f"{m.value:.3f}" if m.value < 1 else f"{m.value:.2f}"
            alike = numbers.setdefault(f"{SHOWN[m.metric]} ({about})", {}).setdefault(_note(m, notes), [])
            alike.append(f"{m.data} {value}")
    for metric, made in numbers.items():
        yield f"{metric}: " + "; ".join(f"{', '.join(values)} {note}" for note, values in made.items())


def _note(measured: "Measurement", notes: dict[str, int]) -> str:
    """The number of its protocol among the notes; sets of different size share one."""
    protocol = re.sub(r"mean of \d+ pictures?", "mean of the set's pictures", measured.protocol) or "protocol unknown"
    return f"[{notes.setdefault(protocol, len(notes) + 1)}]"


def _how(notes: dict[str, int]) -> Iterator[str]:
    lines = [f"[{number}] {protocol}" for protocol, number in notes.items()]
    folded = (textwrap.fill(line, WIDTH, initial_indent="  ", subsequent_indent="      ") for line in lines)
    if lines:
        yield "\n".join(["how the numbers were made", *folded])


def _licence(file: "ModelFile") -> str:
    from wassr.models.lineage import took_part

    card = file.card
    lines = [
        f"{card.name}: weights {card.licence}",
        f"training pictures: {card.data or 'unknown'}: {card.licence_data}",
    ]
    lines += [f"losses: {card.losses}"] if card.losses else []
    lines += [f"trained with: {words}" for words in took_part(file)]
    return "\n    ".join([*lines, *([f"credits: {card.credits}"] if card.credits else [])])
