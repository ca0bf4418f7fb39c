"""Recipes by name or by file, in their whole or small size, with changes from the command line."""

import json
import re
from pathlib import Path

from pydantic import Field
from ruamel.yaml import YAML

from wassr.ground.errors import SettingsError
from wassr.ground.settings import read_settings, settings_file, shipped_settings
from wassr.training.recipe import Recipe


def shipped_recipes() -> dict[str, Path]:
    """Names and files of the recipes in the package."""
    return shipped_settings("wassr.training", "recipes")


class SizedRecipe(Recipe):
    """A recipe file: a recipe, and what is smaller in its small size (KEY=VALUE lines)."""

    small: tuple[str, ...] = Field(default=(), description="KEY=VALUE lines that --small adds")


GAN = "adversarial.adversarial"


def find_sized(name: str) -> SizedRecipe:
    """A recipe as its file has it, with its small size. Raises SettingsError as `find_recipe` does."""
    return read_settings(_file(name), SizedRecipe)


def find_recipe(name: str, overrides: tuple[str, ...] = (), small: bool = False) -> Recipe:
    """A recipe by shipped name or by path of a YAML file, with KEY=VALUE overrides.

    `data=DIR` is short for data.train=[DIR]. A preset among the overrides (adversarial.adversarial=NAME) is taken
    whole: what the recipe says of its own GAN goes, what other overrides say stays. `small`: the size that ends on two
    cores in minutes. Raises SettingsError with the nearest name when there is none.
    """
    # JSON is YAML, and quotes keep a folder's name from being read as more than a name
    wanted = tuple(
        f"data.train={json.dumps([o[5:]], ensure_ascii=False)}" if o.startswith("data=") else o for o in overrides
    )
    wanted = tuple(o.replace("=", ".preset=", 1) if re.match(rf"{re.escape(GAN)}=[\w-]", o) else o for o in wanted)
    file = _file(name)
    if any(o.startswith(f"{GAN}.preset=") for o in wanted):
        wanted = (f"{GAN}={{}}", *wanted)
    sized = read_settings(file, SizedRecipe)
    if small and not sized.small:
        raise SettingsError(f"{name}: this recipe has no small size; run it without --small")
    own = _own_preset(file)
    begin = (f"{GAN}={{preset: {own}}}",) if own else ()  # in a form of which single keys may be set
    sized = read_settings(file, SizedRecipe, (*begin, *(sized.small if small else ()), *wanted))
    return Recipe.model_validate(sized.model_dump(exclude={"small"}))


def _own_preset(file: Path) -> str | None:
    """The preset that a recipe's file names as its GAN."""
    stage = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    for key in GAN.split("."):
        stage = stage.get(key) if isinstance(stage, dict) else None
    return stage if isinstance(stage, str) else None


def _file(name: str) -> Path:
    try:
        return settings_file(name, shipped_recipes(), "recipe")
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None
