"""`wassr export`: a checkpoint of a run becomes a model file that `wassr upscale` takes. Needs the extra `train`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from wassr.cli.options import file_option


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="run folder, under way or ended")],
    wish: Annotated[
        Literal["faithful", "balanced", "perceptual"] | None,
        typer.Option("--wish", help="the step that the verdict advises for it (balanced, if neither is given)"),
    ] = None,
    step: Annotated[int | None, typer.Option("--step", metavar="N", help="or the checkpoint of this step")] = None,
    strength: Annotated[
        float,
        typer.Option(
            "--strength", metavar="SHARE", help="above 0, at most 1: how far from the model that training began from"
        ),
    ] = 1.0,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE.onnx", help="else RUN/models/NAME-WISH.onnx or NAME-N.onnx"),
    ] = None,
) -> None:
    """Make a kept checkpoint of a training run a model file: .onnx with its card, its weights beside it."""
    from wassr.cli.extras import needs_extra
    from wassr.ground.errors import UsageError
    from wassr.ground.settings import read_settings
    from wassr.report.reading import read_run
    from wassr.report.taking import step_of, target_of, weights_of
    from wassr.training.recipe import Recipe

    if wish and step is not None:
        raise UsageError("--wish and --step name two checkpoints; give one of them")
    if not 0 < strength <= 1:
        raise UsageError(f"--strength {strength:g}: above 0 (the model that training began from), at most 1")
    if output is not None:
        file_option("-o", output)
    asked = read_run(run)
    wished = wish or "balanced"
    taken, word = (step_of(asked, wished), wished) if step is None else (step, str(step))
    source, target = weights_of(asked, taken), target_of(asked, word, output)
    recipe = read_settings(asked.folder.recipe, Recipe)
    needs_extra("train", "torch", "onnx", "onnxscript")
    from wassr.training.shipping import figures_of, ship_checkpoint

    card = ship_checkpoint(source, target, recipe, say=lambda line: print(line, flush=True), strength=strength)
    print(f"wrote {target.with_suffix('.onnx')}, step {taken}{'' if card.measured else ': not measured'}")
    for line in figures_of(card):
        print(line)
