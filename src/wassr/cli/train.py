"""`wassr train`: a recipe and a folder of pictures become a model file. Needs the extra `train`."""

from pathlib import Path
from typing import Annotated

import typer

from wassr.cli.options import file_option
from wassr.ground.errors import UsageError


def train(
    recipe: Annotated[str, typer.Argument(help="a recipe's name (wassr recipes) or a YAML file")],
    changes: Annotated[
        list[str] | None, typer.Argument(help="data=DIR and any KEY=VALUE of the recipe, e.g. content.batch=8")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="run folder; the same command again continues it", show_default="runs/NAME"
        ),
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="fine-tune from this model (name or file)")] = None,
    small: Annotated[bool, typer.Option("--small", help="the recipe's small size: minutes on two cores")] = False,
    stop_on_plateau: Annotated[
        bool,
        typer.Option(
            "--stop-on-plateau", help="end a stage when more steps are in vain; take the step that its verdict advises"
        ),
    ] = False,
    show_data: Annotated[
        bool,
        typer.Option("--show-data", help="write what the network will see to FILE.png (or RECIPE-data.png) and stop"),
    ] = False,
) -> None:
    """Train a recipe; the same command again continues where it stopped, to the bit on a CPU.

    Look at the data first: wassr train RECIPE data=DIR --show-data sheet.png
    Watch it: pip install tensorboard; tensorboard --logdir runs
    """
    from wassr.cli.extras import needs_extra
    from wassr.training.shelf import find_recipe

    given = changes or []
    # an option's value that may be left out would swallow the KEY=VALUE after it, so the file is told by its name
    sheets = [word for word in given if show_data and "=" not in word and word.lower().endswith(".png")]
    wrong = [word for word in given if show_data and "=" not in word and word not in sheets]
    if wrong:
        raise UsageError(f"--show-data {wrong[0]}: the sheet is a PNG; name it so, as in {Path(wrong[0]).stem}.png")
    plan = find_recipe(recipe, tuple(word for word in given if word not in sheets), small)
    if show_data:
        needs_extra("train", "torch")
        from wassr.training.showing import show_data as show

        sheet = Path(sheets[-1] if sheets else f"{plan.name}-data.png")
        file_option("--show-data", sheet)
        show(plan, sheet, say=lambda line: print(line, flush=True))
        return
    needs_extra("train", "torch", "tensorboardX", "onnx", "onnxscript")
    from wassr.training.loop import train as run

    folder = output or Path("runs") / plan.name
    run(plan, folder, start, lambda line: print(line, flush=True), stop_on_plateau)
    _report(folder)


def _report(folder: Path) -> None:
    """The page of a run that has ended; where there is something wrong with it, the model is made all the same."""
    from wassr.ground.errors import WassrError
    from wassr.report.writing import write_report

    try:
        print(f"wrote {write_report([folder])}", flush=True)
    except WassrError as error:
        print(f"no report: {error}", flush=True)


HEAD = """A complete recipe; change what you like and give the file back: wassr train FILE data=DIR
Any key may be left out for its default, and set on the command line: wassr train FILE data=DIR content.batch=8
Sizes are pixels of the high-resolution side. For editors: wassr recipes --schema"""

MORE = """
One of them, complete and explained: wassr recipes NAME. For editors: wassr recipes --schema
In minutes on two cores: wassr train NAME data=DIR --small (demo is small already)."""


def recipes(
    name: Annotated[str | None, typer.Argument(help="print this recipe, complete and explained")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="JSON schema of recipe files, for editors")] = False,
) -> None:
    """List the recipes that `wassr train` knows, or print one with what each of its keys is."""
    import json

    from wassr.ground.explained import explain_settings
    from wassr.training.shelf import SizedRecipe, find_recipe, find_sized, shipped_recipes

    if schema:
        print(json.dumps(SizedRecipe.model_json_schema(), indent=1))
    elif name:
        print(explain_settings(find_sized(name), HEAD), end="")
    else:
        for known in shipped_recipes():
            recipe = find_recipe(known)
            stages = " + ".join(stage for stage in ("content", "adversarial") if getattr(recipe, stage))
            print(f"{known:22} {recipe.generator.network:9} x{recipe.generator.scale}  {stages:22}  {recipe.purpose}")
        print(MORE)
