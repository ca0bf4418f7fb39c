"""A validation with everything that is seen at it: pictures, critic, verdict, samples, checkpoints."""

from wassr.data.stream import Stream
from wassr.models.build import enlarge
from wassr.training import validation
from wassr.training.checkpoints import checkpoint, prune
from wassr.training.course import courses
from wassr.training.gallery import strips
from wassr.training.meter import Enlarged, Meter
from wassr.training.recipe import AdversarialStage, Stage
from wassr.training.runlog import read_log
from wassr.training.running import Run, keep_model, share, stage_model
from wassr.training.samples import prune_strips, strip_file, write_strip
from wassr.training.state import State
from wassr.training.verdict import judge


def meter_of(run: Run, spec: AdversarialStage, stream: Stream) -> Meter:
    """The meter of a stage; its anchors are bicubic and the start."""
    scale, start = run.recipe.generator.scale, run.start
    anchors: dict[str, Enlarged] = {"bicubic": lambda low: enlarge(low[:, :3], "bicubic", scale), "start": start}
    in_bfloat16 = run.recipe.precision == "bfloat16"
    return Meter(spec, run.material.pairs, scale, stream.make, anchors, in_bfloat16, stream.quality_plane)


def watch(run: Run, state: State, spec: Stage, meter: Meter | None) -> None:
    """Validate the average, measure the critic on held-out crops, judge the run, show samples."""
    scale, pairs = run.recipe.generator.scale, run.material.pairs
    now = validation.enlarger(state.average, run.recipe)
    values = {} if state.step == 0 and run.known else validation.validate(now, pairs, scale)
    if state.total == 0:
        plain = validation.validate(validation.bicubic(scale), pairs, scale)
        values |= {name.replace("valid/", "bicubic/"): value for name, value in plain.items()}
    if meter is not None:
        values |= meter(state)
    values["stage/share"] = share(state, spec)
    run.log.write(state.total, values)
    run.board.scalars(state.total, values)
    _show(run, state, now)
    run.progress.validated(state.total, values)
    _verdict(run, state)
    run.board.flush()


def _show(run: Run, state: State, now: validation.Enlarge) -> None:
    """Samples; in the second stage beside those of the start."""
    start = validation.enlarger(run.start, run.recipe) if state.stage == "adversarial" else None
    scale, pairs = run.recipe.generator.scale, run.material.pairs
    for kind, strip in strips(pairs, scale, now, start).items():
        run.board.picture(state.total, f"samples/{'_'.join(strip.columns)}", strip.levels)
        write_strip(strip_file(run.folder.samples, state.total, kind), strip)


def _verdict(run: Run, state: State) -> None:
    """What the log says of the run by now; keeps a checkpoint."""
    course = courses(read_log(run.folder.log))[-1]
    verdict = judge(course)
    run.log.say(state.total, "verdict", verdict.line())
    run.board.text(state.total, "verdict", verdict.line())
    if state.step > 0:
        keep_model(run, state, checkpoint(run.folder.models, stage_model(run, state).stem, state.total))
    told = " ".join((verdict.word, *(flag.name for flag in verdict.flags)))
    if told != run.told:
        run.progress.say(f"verdict: {verdict.line()}")
        run.told = told
    if run.stop_on_plateau and verdict.word in ("plateau", "over-trained", "diverging"):
        state.ended = True


def drop_beaten(run: Run, state: State) -> None:
    """Of the stage's checkpoints and strips keep those that no other one beats.

    Where a state is saved, never before: the run may go back, and what beat them would be gone.
    """
    course = courses(read_log(run.folder.log))[-1]
    prune(run.folder.models, stage_model(run, state).stem, course)
    prune_strips(run.folder.samples, course)
