"""The loop: schedule only. Step, watch, validate, save; both stages of a recipe, resumable to the bit."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from wassr.data.folders import Pictures, find_pictures, load_pictures, split
from wassr.data.stream import Batch, Key, Stream
from wassr.ground.errors import TrainingError
from wassr.models.build import Generator
from wassr.training import make, validation
from wassr.training.adversarial import Adversary
from wassr.training.board import Board
from wassr.training.losses import Content, content_loss
from wassr.training.meter import Meter
from wassr.training.optimizers import rate_factor
from wassr.training.progress import Progress
from wassr.training.recipe import AdversarialStage, Recipe, Stage
from wassr.training.runfolder import RunFolder, locked, open_run
from wassr.training.runlog import RunLog
from wassr.training.state import State, read_numbers, restore, save_state, saved_states
from wassr.training.step import Measured, NotFinite, adversarial_step, content_step


@dataclass
class Run:
    """What stays the same while a run goes on."""

    recipe: Recipe
    folder: RunFolder
    pictures: Pictures
    pairs: list[validation.Pair]
    progress: Progress
    data_words: str
    log: RunLog | None = None
    board: Board | None = None
    parent: str | None = None
    reference: dict[str, Generator] = field(default_factory=dict)  # shown in sample grids: the start
    stopping: bool = False


def train(recipe: Recipe, path: Path, start: str | None = None, say: Callable[[str], None] = print) -> Path:
    """Train a recipe in a run folder, or continue it there; returns the final model file.

    start: a model's name or file to begin from (fine-tuning). Raises TrainingError when something cannot be; the last
    good state stays.
    """
    torch.set_num_threads(recipe.threads or torch.get_num_threads())
    folder = open_run(path, recipe)
    with locked(folder):
        make.adversarial_problems(recipe, say)
        run = _prepare(recipe, folder, say)
        with _stop_on_signal(run):
            state = _begin(run, start)
            model = _stages(run, state)
        assert run.log is not None
        assert run.board is not None
        run.log.close()
        run.board.close()
    return model


def _prepare(recipe: Recipe, folder: RunFolder, say: Callable[[str], None]) -> Run:
    if not recipe.data.train:
        raise TrainingError(f"{recipe.name}: no pictures to train on; give a folder: data=DIR")
    files = find_pictures(recipe.data.train)
    held = find_pictures(recipe.data.valid) if recipe.data.valid else []
    if not held:
        files, held = split(files)
    largest = max(stage.crop for stage in (recipe.content, recipe.adversarial) if stage)
    pictures = load_pictures(files, largest, recipe.data.cache_gigabytes)
    megapixels = sum(p.shape[0] * p.shape[1] for p in pictures.pixels) / 1e6
    words = f"{len(pictures)} pictures, {megapixels:.1f} megapixels; {len(held)} held out"
    say(f"{recipe.name}: {words}; {torch.get_num_threads()} threads, {recipe.precision}")
    pairs = validation.validation_pairs(held, recipe.generator.scale)
    return Run(recipe, folder, pictures, pairs, Progress(say), words)


def _begin(run: Run, start: str | None) -> State:
    """The last saved state, or a new one; opens the log at the right place."""
    saved = saved_states(run.folder.state)
    recipe = run.recipe
    first = "content" if recipe.content else "adversarial"
    generator, hours = make.new_generator(recipe), 0.0
    begin = start or (recipe.adversarial.start if first == "adversarial" and recipe.adversarial else None)
    if begin and begin != "content":
        generator, card = make.start_from(recipe, begin)
        run.parent, hours = card.name, card.hours
    run.reference["start"] = generator.eval()
    if not saved:
        run.log, run.board = RunLog(run.folder.log), Board(run.folder.board, 0)
        return make.new_state(recipe, first, generator, hours, total=0)
    stage = str(read_numbers(saved[-1])["stage"])
    state = make.new_state(recipe, stage, generator, hours, total=0)
    length = restore(state, saved[-1])
    if stage == "adversarial" and recipe.content:
        run.reference["start"], card = make.start_from(recipe, str(content_model(run)))
        run.parent = card.name
    run.log, run.board = RunLog(run.folder.log, length), Board(run.folder.board, state.total)
    run.progress.say(f"{run.folder.path}: continuing the {stage} stage at step {state.step}")
    return state


def _stages(run: Run, state: State) -> Path:
    recipe = run.recipe
    if state.stage == "content":
        _stage(run, state)
        model = _ship(run, state, content_model(run))
        if not recipe.adversarial:
            return model
        start = state.average
        hours = state.hours_before + state.seconds / 3600
        run.reference["start"], run.parent = start, model.stem
        state = make.new_state(recipe, "adversarial", start, hours, state.total)
    _stage(run, state)
    return _ship(run, state, run.folder.models / f"{recipe.name}.safetensors")


def content_model(run: Run) -> Path:
    """Where the content stage's model goes: the final name, or NAME-content when a second stage follows."""
    suffix = "-content" if run.recipe.adversarial else ""
    return run.folder.models / f"{run.recipe.name}{suffix}.safetensors"


def _stage(run: Run, state: State) -> None:
    """Run one stage to its end, or until asked to stop (then StopIteration is never seen: it saves and exits)."""
    spec = make.stage_of(run.recipe, state.stage)
    data, seed = run.recipe.data, run.recipe.seed
    luma = run.recipe.generator.channels == "y"
    stream = Stream(run.pictures, run.recipe.generator.scale, spec.crop, spec.batch, seed, luma, data.candidates)
    content = content_loss(spec.loss, run.progress.say)
    step = _stepper(state, spec, content)
    meter = Meter(spec, run.pairs, run.recipe.generator.scale) if isinstance(spec, AdversarialStage) else None
    run.progress.begin(state.stage, state.step, spec)
    if state.step == 0:
        _watch(run, state, meter)
    while (share := _share(state, spec)) < 1:
        began = time.perf_counter()
        for optimizer, rate in _rates(state, spec, share):
            for group in optimizer.param_groups:
                group["lr"] = rate
        batches = _Batches(stream, state.step, spec)
        try:
            measured = step(batches)
        except NotFinite as error:
            last = saved_states(run.folder.state)
            kept = f"the last good state is {last[-1].stem}" if last else "no state was saved yet"
            raise NotFinite(f"stopped at step {state.total + 1}: {error}; {kept}; lower the learning rate") from None
        state.step, state.total = state.step + 1, state.total + 1
        state.update_average(spec.ema)
        state.seconds += time.perf_counter() - began
        run.progress.step(state.step, state.seconds, batches.seconds, spec.batch)
        _after_step(run, state, spec, measured, meter)
    if not _just(state.step, spec.validate_every):
        _watch(run, state, meter)
    _save(run, state)


def _stepper(state: State, spec: Stage, content: Content) -> Callable[["_Batches"], Measured]:
    if isinstance(spec, AdversarialStage):
        adversary = Adversary(spec.adversarial)
        return lambda batches: adversarial_step(state, batches, content, adversary, spec.clip_norm)
    return lambda batches: content_step(state, batches, content, spec.clip_norm)


def _after_step(run: Run, state: State, spec: Stage, measured: Measured, meter: Meter | None) -> None:
    if _just(state.step, spec.log_every):
        assert run.log is not None
        assert run.board is not None
        values = measured.values | {f"rate/{name}": rate for name, rate in _rate_names(state)}
        run.log.write(state.total, values)
        run.board.scalars(state.total, values | run.progress.speeds())
        run.progress.show(values)
    if _just(state.step, spec.validate_every):
        _watch(run, state, meter)
    if run.stopping or _just(state.step, spec.save_every):
        _save(run, state)
    if run.stopping:
        raise KeyboardInterrupt


def _watch(run: Run, state: State, meter: Meter | None) -> None:
    """Validate the average, measure the critic on held-out crops, show samples."""
    assert run.log is not None
    assert run.board is not None
    scale = run.recipe.generator.scale
    enlarge = validation.enlarger(state.average, run.recipe)
    values = validation.validate(enlarge, run.pairs, scale)
    if meter is not None:
        critic, _ = state.critic_and_optimizer()
        values |= meter(critic, state.average)
    run.log.write(state.total, values)
    run.board.scalars(state.total, values)
    columns = [validation.bicubic(scale)]
    if state.stage == "adversarial":
        columns.append(validation.enlarger(run.reference["start"], run.recipe))
    grid = validation.sample_grid(run.pairs, [*columns, enlarge], scale)
    middle = "bicubic | start | now" if len(columns) > 1 else "bicubic | now"
    run.board.picture(state.total, f"samples/low | {middle} | high", grid)
    run.board.flush()
    run.progress.validated(state.total, values)


def _save(run: Run, state: State) -> None:
    assert run.log is not None
    save_state(state, run.folder.state, run.log.flush())


def _ship(run: Run, state: State, path: Path) -> Path:
    hours = state.hours_before + state.seconds / 3600
    card = make.model_card(run.recipe, state.average, state.total, hours, run.data_words, run.parent, path.stem)
    make.save_model(path, state.average, card)
    run.progress.say(f"wrote {path}")
    return path


class _Batches:
    """The crops of one generator step, by role and sub-step; the next ones are prepared meanwhile."""

    def __init__(self, stream: Stream, step: int, spec: Stage) -> None:
        self.stream, self.step, self.spec, self.seconds = stream, step, spec, 0.0

    def __call__(self, role: Any, sub: int = 0) -> Batch:
        began = time.perf_counter()
        batch = self.stream(Key(role, self.step, sub), self._following(role, sub))
        self.seconds += time.perf_counter() - began
        return batch

    def _following(self, role: Any, sub: int) -> Key:
        steps = self.spec.adversarial.critic_steps_at if isinstance(self.spec, AdversarialStage) else lambda _: 0
        if role == "critic" and sub + 1 < steps(self.step):
            return Key("critic", self.step, sub + 1)
        if role == "critic":
            return Key("generator", self.step)
        return Key("critic", self.step + 1) if steps(self.step + 1) else Key("generator", self.step + 1)


def _share(state: State, spec: Stage) -> float:
    """How much of the stage is done, 0..1."""
    return state.step / spec.steps if spec.steps else state.seconds / 60 / (spec.minutes or 1)


def _rates(state: State, spec: Stage, share: float) -> Iterator[tuple[torch.optim.Optimizer, float]]:
    factor = rate_factor(spec.schedule, state.step, share)
    yield state.optimizer, spec.optimizer.rate * factor
    if isinstance(spec, AdversarialStage) and state.critic_optimizer is not None:
        yield state.critic_optimizer, spec.critic.optimizer.rate * factor


def _rate_names(state: State) -> Iterator[tuple[str, float]]:
    yield "generator", float(state.optimizer.param_groups[0]["lr"])
    if state.critic_optimizer is not None:
        yield "critic", float(state.critic_optimizer.param_groups[0]["lr"])


def _just(step: int, every: int) -> bool:
    return step % every == 0


@contextmanager
def _stop_on_signal(run: Run) -> Iterator[None]:
    """Ctrl-C and SIGTERM end after the current step, with a saved state; a second Ctrl-C ends at once."""

    def stop(signum: int, frame: object) -> None:
        if run.stopping and signum == signal.SIGINT:
            raise KeyboardInterrupt
        run.stopping = True

    before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
