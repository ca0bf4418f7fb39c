"""Recipes by name or by file."""

from pathlib import Path

import pytest

from wassr.ground.errors import SettingsError
from wassr.training.shelf import find_recipe


def test_finding_recipes(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean compact-x4"):
        find_recipe("compat-x4")
    with pytest.raises(SettingsError, match="cannot be read"):
        find_recipe(str(tmp_path / "absent.yaml"))
    (tmp_path / "mine.yaml").write_text("name: mine\ngenerator: {network: compact}\ncontent: {steps: 5}\n")
    recipe = find_recipe(str(tmp_path / "mine.yaml"), ("content.steps=7", "data=a b"))
    assert recipe.content
    assert (recipe.content.steps, recipe.data.train) == (7, ("a b",))
    with pytest.raises(SettingsError, match="has no small size"):
        find_recipe(str(tmp_path / "mine.yaml"), small=True)


@pytest.mark.parametrize("folder", ["pictures, mine", "a: b", "#1", "C:\\x", "it's", "[new]"])
def test_any_folders_name_is_taken_as_it_is(folder: str) -> None:
    assert find_recipe("compact-x4", (f"data={folder}",)).data.train == (folder,)
