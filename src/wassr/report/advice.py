"""What to do next: the verdict and its flags as sentences with commands that can be pasted."""

import shlex
from dataclasses import dataclass

from wassr.models.modelfile import DEPLOYMENT
from wassr.report.reading import Reading
from wassr.training.recipe import AdversarialStage
from wassr.training.verdict import Thresholds, Verdict


@dataclass(frozen=True)
class Advice:
    """One thing to do; command may be empty."""

    sentence: str
    command: str = ""


def next_steps(run: Reading) -> list[Advice]:
    """In the order in which they should be thought of; empty before the first validation."""
    if run.course is None:
        return [Advice("Wait for the first validation, then ask again.", _ask_again(run))]
    if run.verdict is None:
        last = run.model(run.course.points[-1].step)
        told = f"wassr evaluate {shlex.quote(last)} bicubic --data DIR" if last else ""
        return [Advice("Measure what it made on pictures of your own, and look at them.", told)]
    advised = _given_up if run.given_up else _BY_WORD[run.verdict.word]
    return advised(run, run.verdict) + [
        Advice(f"{flag.name.capitalize()}: {REMEDIES.get(flag.name, 'see docs/meter.md.')}" + _values(run, flag.name))
        for flag in run.verdict.flags
    ]


def _given_up(run: Reading, verdict: Verdict) -> list[Advice]:
    return _anew(run, verdict, "The guard gave it up: begin anew with half the rates that it had come down to.")


def _diverging(run: Reading, verdict: Verdict) -> list[Advice]:
    return _anew(run, verdict, "Stop. More steps will not mend it: begin anew with half the learning rates.")


def _anew(run: Reading, verdict: Verdict, words: str) -> list[Advice]:
    begin = [Advice(words, _again(run, *_rates(run)))]
    own = run.course is not None and verdict.take["balanced"] != run.course.start.step
    best = "The best that it made before" if own else "Nothing that this stage made is better than its start"
    return [*begin, _take(run, verdict, best)]


def _length(run: Reading) -> int:
    """Steps of the stage that the run is in, by now."""
    return run.step - run.course.start.step if run.course else 0


def _too_early(run: Reading, verdict: Verdict) -> list[Advice]:
    if not run.over:
        return [Advice("Let it go on; ask again after some more validations.", _ask_again(run))]
    every = max(1, min(run.stage.validate_every // 3, _length(run) // Thresholds().window)) if run.stage else 0
    said = "The stage is over and was validated too seldom for a trend: validate more often next time."
    return [
        Advice(said, _again(run, f"{_section(run)}.validate_every={every}") if every else ""),
        _take(run, verdict, "The best by the figures alone"),
    ]


def _improving(run: Reading, verdict: Verdict) -> list[Advice]:
    if not run.over:
        return [Advice("Let it go on; it gets better.", _ask_again(run))]
    return [
        Advice("The stage ended while it still got better: train longer.", _again(run, *_longer(run))),
        _take(run, verdict, "Or take what there is"),
    ]


def _no_better(run: Reading, verdict: Verdict) -> list[Advice]:
    stop = [] if run.over else [Advice("Stop it (Ctrl-C saves); more steps are in vain.")]
    return [*stop, _take(run, verdict, "Take")]


def _take(run: Reading, verdict: Verdict, words: str) -> Advice:
    step = verdict.take["balanced"]
    model = run.model(step)
    if model is None:
        return Advice(f"{words}: step {step}, of which no model file was kept.")
    if run.weights(step) and not model.endswith(DEPLOYMENT):
        wishes = "" if len(run.wishes()) == 1 else " (--wish faithful and --wish perceptual take the others)"
        return Advice(
            f"{words}: step {step}; make it a model file for wassr upscale -n{wishes}.",
            f"wassr export {shlex.quote(str(run.folder.path))} --wish balanced",
        )
    return Advice(f"{words}: step {step}.", f"wassr upscale photo.jpg -n {shlex.quote(model)} -o larger.png")


def _ask_again(run: Reading) -> str:
    return f"wassr report {shlex.quote(str(run.folder.path))}"


def _again(run: Reading, *changes: str) -> str:
    """The command of another run with the same recipe but for some values; empty where the recipe is not at hand."""
    if not changes:
        return ""
    start = f" --from {shlex.quote(run.start)}" if run.start else ""
    told = " ".join(shlex.quote(change) for change in changes)
    return f"wassr train {shlex.quote(str(run.folder.recipe))} {told}{start} -o {shlex.quote(f'{run.folder.path}-2')}"


def _section(run: Reading) -> str:
    return "adversarial" if isinstance(run.stage, AdversarialStage) else "content"


def _rates(run: Reading) -> list[str]:
    """Half of those in force: the guard may have halved the recipe's in this stage."""
    if run.stage is None or run.course is None:
        return []
    begin = run.course.start.step
    less = 2.0 ** -(1 + sum("learning rate x 0.5" in said.text for said in run.said("guard") if said.step > begin))
    changes = [f"{_section(run)}.optimizer.rate={run.stage.optimizer.rate * less:g}"]
    if isinstance(run.stage, AdversarialStage):
        changes.append(f"adversarial.critic.optimizer.rate={run.stage.critic.optimizer.rate * less:g}")
    return changes


def _longer(run: Reading) -> list[str]:
    if run.stage is None:
        return []
    if run.stage.steps:
        return [f"{_section(run)}.steps={2 * run.stage.steps}"]
    return [f"{_section(run)}.minutes={2 * (run.stage.minutes or 1):g}"]


def _values(run: Reading, flag: str) -> str:
    """The values in force of the keys that a remedy names."""
    if not isinstance(run.stage, AdversarialStage):
        return ""
    loss = run.stage.adversarial
    voice = f"ratio={loss.ratio:g}" if loss.ratio else f"weight={loss.weight:g}"
    now = {
        "no effect": f"adversarial.adversarial.{voice}",
        "critic lags": f"adversarial.adversarial.critic_steps={loss.critic_steps}, "
        f"adversarial.critic.optimizer.rate={run.stage.critic.optimizer.rate:g}",
        "oscillating": f"adversarial.ema={run.stage.ema:g}, adversarial.optimizer.rate={run.stage.optimizer.rate:g}",
        "critic memorises": f"adversarial.critic.network={run.stage.critic.network}",
    }
    return f" Now: {now[flag]}." if flag in now else ""


REMEDIES = {
    "no effect": "let the critic be heard: raise its ratio (or weight), or free it from what the flag names.",
    "critic lags": "give the critic more steps or a higher rate.",
    "critic memorises": "train on more pictures, or with a smaller critic.",
    "oscillating": "lower the learning rates, or average over more steps (ema nearer to 1).",
    "colour drift": "weigh the content loss more, or set generator.consistency=1 and "
    "generator.consistency_in_training=true.",
    "checkerboard": "give the raster a weight (loss.raster: 1), or lower the critic's ratio.",
}

_BY_WORD = {
    "diverging": _diverging,
    "too early": _too_early,
    "over-trained": _no_better,
    "improving": _improving,
    "plateau": _no_better,
}
