"""`wassr models`: what is on the shelf, what for, how fast, how good, under which licence."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from wassr.models.shelf import ModelFile

SPEED = "seconds_per_megapixel"
SHOWN = {"psnr_y": "PSNR-Y", "lpips": "LPIPS", "lpips_squeeze": "LPIPS", "lr_consistency": "LR-consistency"}


def models(
    model: Annotated[list[str] | None, typer.Argument(help="Names or files; all shipped models if none.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for programs.")] = False,
    licences: Annotated[
        bool, typer.Option("--licences", "--licenses", help="Licences of weights and training pictures, credits.")
    ] = False,
) -> None:
    """List the models: what for, seconds per megapixel, measured numbers, licence, size."""
    from wassr.models.shelf import find, shipped

    found = [find(name) for name in model or shipped()]
    if as_json:
        print(json.dumps([_row(file) for file in found], indent=2))
    elif licences:
        print("\n\n".join(_licence(file) for file in found))
    else:
        print("\n\n".join(_lines(file) for file in found) or "no models are shipped with this package")


def _row(file: "ModelFile") -> dict[str, Any]:
    files = [str(path) for path in (file.weights, file.onnx) if path is not None]
    return {**file.card.model_dump(mode="json"), "files": files, "bytes": file.bytes}


def _lines(file: "ModelFile") -> str:
    card = file.card
    speed = next((f"{m.value:.2g} s per megapixel ({m.protocol})" for m in card.measured if m.metric == SPEED), "")
    numbers: dict[str, list[str]] = {}
    for m in card.measured:
        if m.metric in SHOWN:
            shown = f"{m.data} {m.value:.3f}" if m.value < 1 else f"{m.data} {m.value:.2f}"
            numbers.setdefault(SHOWN[m.metric], []).append(shown + (f" {m.unit}" if m.unit else ""))
    size = f"{card.parameters / 1e6:.2f} M parameters, {file.bytes / 1e6:.1f} MB"
    cost = f"{card.gmac_per_megapixel:.1f} G multiply-adds per megapixel"
    lines = [f"{card.name}: {card.purpose}", ", ".join(part for part in (speed, cost) if part)]
    lines += [f"{metric}: {', '.join(values)}" for metric, values in numbers.items()]
    scale = f"x{card.scale}" if card.scale > 1 else "same size (x1)"
    lines.append(f"{scale}, for {card.inputs} inputs, {size}, licence {card.licence}")
    return "\n    ".join(lines)


def _licence(file: "ModelFile") -> str:
    card = file.card
    lines = [
        f"{card.name}: weights {card.licence}",
        f"training pictures: {card.data or 'unknown'}: {card.licence_data}",
    ]
    return "\n    ".join([*lines, *([f"credits: {card.credits}"] if card.credits else [])])
