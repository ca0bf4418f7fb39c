"""The loop: schedule only. Step, watch, validate, save; both stages of a recipe, resumable to the bit."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import torch

from wassr.ground.errors import CannotStart
from wassr.models.build import Generator
from wassr.training import make
from wassr.training.adversarial import Adversary
from wassr.training.batches import StepBatches
from wassr.training.board import Board
from wassr.training.clock import Clock
from wassr.training.guard import NotFinite, Refused, loudness
from wassr.training.handover import hand_over
from wassr.training.heap import keep_freed_memory
from wassr.training.losses import Content, content_loss
from wassr.training.material import load_material
from wassr.training.meter import Meter
from wassr.training.optimizers import rate_factor
from wassr.training.precision import precision_here
from wassr.training.progress import Progress
from wassr.training.recipe import AdversarialStage, Recipe, Stage
from wassr.training.recovery import Recovery
from wassr.training.runfolder import RunFolder, content_model, final_model, open_run
from wassr.training.runlog import RunLog
from wassr.training.running import Run, share, share_done
from wassr.training.shipping import deploy, figures_of
from wassr.training.stand_ins import told
from wassr.training.state import Numbers, State, averaged, read_numbers, restore, save_state, saved_states
from wassr.training.step import Measured, adversarial_step, content_step, results
from wassr.training.stopping import Stopped, stop_on_signal
from wassr.training.teaching import teaching
from wassr.training.watching import drop_beaten, meter_of, watch

Say = Callable[[str], None]


def train(
    recipe: Recipe, path: Path, start: str | None = None, say: Say = print, stop_on_plateau: bool = False
) -> Path:
    """Train a recipe in a run folder, or continue it there; returns the final model file.

    start: a model's name or file to begin from (fine-tuning). stop_on_plateau: end a stage when its verdict advises so,
    and take the step that it advises.
    Raises TrainingError when something cannot be, Stopped after Ctrl-C; the last good state stays.
    """
    with open_run(path, recipe) as folder:
        saved = saved_states(folder.state)
        numbers = read_numbers(saved[-1]) if saved else None
        if numbers and _finished(recipe, folder, numbers):
            say(f"{path}: finished already, {final_model(recipe, folder)}; for another run choose another folder (-o)")
            return final_model(recipe, folder)
        recipe = precision_here(recipe, numbers.precision if numbers else "", say)
        torch.set_num_threads(_threads(recipe, numbers, say))
        keep_freed_memory()
        try:
            make.adversarial_problems(recipe, say)
            for line in told(recipe):
                say(line)
            _check_teachers(recipe, numbers)
            start = _same_start(path, numbers, start)
            state, reference = _first_state(recipe, folder, saved, start)
            return _run(recipe, folder, state, reference, numbers, say, stop_on_plateau)
        except KeyboardInterrupt:  # while loading, or the second one
            raise Stopped(f"{path}: stopped at once; {_last_good(folder)}") from None


def _run(
    recipe: Recipe,
    folder: RunFolder,
    state: State,
    reference: Generator,
    numbers: Numbers | None,
    say: Say,
    stop_on_plateau: bool,
) -> Path:
    material = load_material(recipe, say, past_content=state.stage == "adversarial")
    if numbers:
        say(f"{folder.path}: continuing the {state.stage} stage at step {state.step}")
    progress = Progress(say)
    with (
        closing(RunLog(folder.log, numbers.log_length if numbers else 0)) as log,
        closing(Board(folder.board, state.total)) as board,
        stop_on_signal() as stop,
    ):
        recovery = Recovery(folder, log, board, progress)
        run = Run(recipe, folder, material, progress, log, board, stop, recovery, reference, stop_on_plateau)
        try:
            return _stages(run, state)
        finally:
            progress.clear()


def _finished(recipe: Recipe, folder: RunFolder, numbers: Numbers) -> bool:
    last = "adversarial" if recipe.adversarial else "content"
    done = numbers.ended or share_done(make.stage_of(recipe, last), numbers.step, numbers.seconds) >= 1
    model = final_model(recipe, folder)
    return numbers.stage == last and done and model.exists() and model.with_suffix(".onnx").exists()


def _threads(recipe: Recipe, numbers: Numbers | None, say: Say) -> int:
    """The recipe's, or those that the run began with: another number sums in another order."""
    here = recipe.threads or torch.get_num_threads()
    if numbers and not recipe.threads and numbers.torch_threads != here:
        say(f"going on with {numbers.torch_threads} threads, as this run began (here: {here})")
        return numbers.torch_threads
    return here


def _same_start(path: Path, numbers: Numbers | None, start: str | None) -> str | None:
    if numbers and start and numbers.start != start:
        began = f"from {numbers.start}" if numbers.start else "without --from"
        raise CannotStart(f"{path}: this run began {began}, not from {start}; choose another folder with -o")
    return numbers.start or None if numbers else start


def _check_teachers(recipe: Recipe, numbers: Numbers | None) -> None:
    """Raises CannotStart or ModelError now, not hours later, for a teacher of a stage to come that cannot teach it."""
    past_content = numbers is not None and numbers.stage == "adversarial"
    for stage in (None if past_content else recipe.content, recipe.adversarial):
        if stage and stage.teacher:
            teaching(stage.teacher, recipe)


def _first_state(recipe: Recipe, folder: RunFolder, saved: list[Path], start: str | None) -> tuple[State, Generator]:
    """The last saved state, or a new one; and the generator that its stage began from."""
    stage = read_numbers(saved[-1]).stage if saved else "content" if recipe.content else "adversarial"
    begin = start
    if stage == "adversarial" and recipe.adversarial and not begin:
        begin = recipe.adversarial.start
    if stage == "adversarial" and recipe.content:
        begin = str(content_model(recipe, folder))
    generator, hours, parent = make.new_generator(recipe), 0.0, None
    if begin:
        generator, card = make.start_from(recipe, begin, other_scale=stage == "content")
        hours, parent = card.hours, card.name
    state = make.new_state(recipe, stage, generator, hours, total=0)
    state.start, state.parent = start or "", parent
    if saved:
        restore(state, saved[-1])
    return state, averaged(generator)  # float32, as the average that a stage before leaves: the meter reads it


def _stages(run: Run, state: State) -> Path:
    recipe = run.recipe
    if state.stage == "content":
        _stage(run, state)
        model = hand_over(run, state)
        if not recipe.adversarial:
            return _deployed(run, model)
        run.start, run.known, before = state.average, not state.ended, state
        state = make.new_state(recipe, "adversarial", state.average, before.hours, before.total)
        state.start, state.parent = before.start, model.stem
    _stage(run, state)
    return _deployed(run, hand_over(run, state))


def _stage(run: Run, state: State) -> None:
    """Run one stage to its end; raises Stopped, with a saved state, when asked to end."""
    spec, recipe = make.stage_of(run.recipe, state.stage), run.recipe
    if share(state, spec) >= 1:  # killed after the last step: validated and saved already
        return
    clock = Clock()
    in_bfloat16 = recipe.precision == "bfloat16"
    content = content_loss(spec.loss, recipe.generator.scale, in_bfloat16, clock.part)
    step = _stepper(run, state, spec, content, clock)
    teach = teaching(spec.teacher, recipe) if spec.teacher else lambda batch: batch
    run.progress.begin(state.stage, state.step, spec)
    with run.material.stream(recipe, spec) as stream:
        meter = meter_of(run, spec, stream) if isinstance(spec, AdversarialStage) else None
        if state.step == 0:
            run.log.say(state.total, "stage", state.stage)
            _watched(run, state, spec, meter)
        run.recovery.begin(state)
        while share(state, spec) < 1:
            _set_rates(state, spec)
            attempt = state.caution.attempt(state.step)
            _one_step(run, state, spec, step, StepBatches(stream, state.step, spec, teach, attempt, clock), meter)


def _one_step(
    run: Run,
    state: State,
    spec: Stage,
    step: Callable[[StepBatches], Measured],
    batches: StepBatches,
    meter: Meter | None,
) -> None:
    try:
        measured = step(batches)
        if not state.finite():
            raise NotFinite("a weight is not finite after the step")
        seconds = batches.clock.end()
        last = share_done(spec, state.step + 1, state.seconds + seconds) >= 1
        kept = any((state.step + 1) % every == 0 for every in (spec.save_every, spec.validate_every))
        if last or run.stop.asked or kept:  # a state or a model: what is kept must be sound
            loudness(results(state.generator, batches.latest["generator"].low))
    except Refused as error:
        has_penalty = isinstance(spec, AdversarialStage) and spec.adversarial.penalty != "none"
        run.recovery.back(state, error, batches, has_penalty)
        return
    state.step, state.total = state.step + 1, state.total + 1
    state.update_average(spec.ema)
    state.seconds += seconds
    run.progress.step(state.step, state.seconds, batches.clock.spent, spec.batch)
    if state.step % spec.log_every == 0:
        rates = {f"rate/{name}": rate for name, rate in _rates(state)}
        values = measured.values | rates | run.progress.speeds()
        with run.progress.aside("disk"):
            run.log.write(state.total, values)
            run.board.scalars(state.total, values)
        run.progress.show(values)
    if last or state.step % spec.validate_every == 0:
        _watched(run, state, spec, meter)
    last = last or state.ended
    if last or run.stop.asked or state.step % spec.save_every == 0:
        with run.progress.aside("disk"):
            drop_beaten(run, state)
            save_state(state, run.folder.state, run.log.flush())
            run.recovery.saved()
    if run.stop.asked:
        raise Stopped(
            f"{run.folder.path}: stopped and saved at step {state.total}; the same command goes on from there"
        )


def _watched(run: Run, state: State, spec: Stage, meter: Meter | None) -> None:
    """A validation, whose time counts for the stage."""
    began, over = time.perf_counter(), share(state, spec) >= 1
    with run.progress.aside("validation"):
        watch(run, state, spec, meter)
    state.seconds += time.perf_counter() - began
    if spec.minutes and not over:  # a stage ends after a step that is validated with its end in sight: one is left
        state.seconds = min(state.seconds, (1 - 1e-9) * 60 * spec.minutes)


def _stepper(run: Run, state: State, spec: Stage, content: Content, clock: Clock) -> Callable[[StepBatches], Measured]:
    if isinstance(spec, AdversarialStage):
        adversary = Adversary(spec.adversarial, run.recipe.precision == "bfloat16", clock.part)
        return lambda batches: adversarial_step(state, batches, content, adversary, spec.clip_norm)
    return lambda batches: content_step(state, batches, content, spec.clip_norm)


def _deployed(run: Run, model: Path) -> Path:
    card = deploy(model, run.material.pairs)
    run.progress.say(f"wrote {model.with_suffix('.onnx')}")
    for line in figures_of(card):
        run.progress.say(line)
    return model


def _last_good(folder: RunFolder) -> str:
    saved = saved_states(folder.state)
    return f"the last good state is {saved[-1].stem}" if saved else "no state was saved yet"


def _set_rates(state: State, spec: Stage) -> None:
    factor = rate_factor(spec.schedule, state.step, share(state, spec)) * state.caution.rate
    for group in state.optimizer.param_groups:
        group["lr"] = spec.optimizer.rate * factor
    if isinstance(spec, AdversarialStage) and state.critic_optimizer is not None:
        for group in state.critic_optimizer.param_groups:
            group["lr"] = spec.critic.optimizer.rate * factor


def _rates(state: State) -> Iterator[tuple[str, float]]:
    yield "generator", float(state.optimizer.param_groups[0]["lr"])
    if state.critic_optimizer is not None:
        yield "critic", float(state.critic_optimizer.param_groups[0]["lr"])
