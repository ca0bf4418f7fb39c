"""How far a stage is."""

from tests.training.conftest import Make
from wassr.training import make
from wassr.training.recipe import Stage
from wassr.training.running import share, share_done


def test_by_steps_by_the_clock_and_before_its_time(recipe: Make) -> None:
    assert share_done(Stage(steps=8), 2, 900.0) == 0.25
    assert share_done(Stage(minutes=2), 2, 30.0) == 0.25
    plan = recipe(content={})
    state = make.new_state(plan, "content", make.new_generator(plan), 0.0, 0)
    assert share(state, Stage(steps=8)) == 0
    state.ended = True
    assert share(state, Stage(steps=8)) == 1
