"""What a run folder tells, read once, without torch; what it lacks is a sentence, not an error."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from wassr.ground.errors import ModelError, PictureError, SettingsError, TrainingError, UsageError
from wassr.ground.settings import read_settings
from wassr.models.card import Card
from wassr.models.modelfile import DEPLOYMENT, WEIGHTS, read_card
from wassr.training.course import Course, courses
from wassr.training.recipe import AdversarialStage, Recipe, Stage
from wassr.training.runfolder import RunFolder, content_model, final_model
from wassr.training.runlog import GIVEN_UP, Entry, read_log
from wassr.training.samples import DIFFERENCES, SAMPLES, Strip, kept_strips, read_strip
from wassr.training.verdict import Verdict, Wish, judge


@dataclass(frozen=True)
class Said:
    """An entry of the log in words."""

    step: int
    text: str


@dataclass(frozen=True)
class Reading:
    """A run. courses: its stages that have a validation. start: the model that --from named, if any.

    models: the model files of the run with their cards. unread: what could not be read, each a sentence.
    """

    folder: RunFolder
    entries: tuple[Entry, ...]
    courses: tuple[Course, ...]
    recipe: Recipe | None
    models: dict[Path, Card]
    start: str
    unread: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of the folder: several runs may train a model of one name."""
        return self.folder.path.resolve().name

    @property
    def course(self) -> Course | None:
        """The stage it is in."""
        return self.courses[-1] if self.courses else None

    @property
    def judged(self) -> bool:
        """Whether there is anything to judge by."""
        return self.course is not None and self.course.can_be_judged

    @cached_property
    def verdict(self) -> Verdict | None:
        """At the last validation; None where nothing can be judged."""
        return judge(self.course) if self.course and self.judged else None

    @property
    def step(self) -> int:
        """The last one in the log."""
        return max(entry.step for entry in self.entries)

    @property
    def share(self) -> float | None:
        """How much of the stage is done at the last step, 0..1; None where neither recipe nor validations tell."""
        told = self._told
        if self.course is None or told is None or told >= 1:
            return told
        done, seen = (step - self.course.start.step for step in (self.step, self.course.points[-1].step))
        if self.stage and self.stage.steps:
            return min(done / self.stage.steps, 1.0)
        return min(told * done / seen, 1.0) if seen else None  # minutes: the log counts steps

    @property
    def _told(self) -> float | None:
        """The share at the last validation; logs of older versions do not say."""
        return self.course.points[-1].values.get("stage/share") if self.course else None

    @property
    def given_up(self) -> bool:
        """Whether the guard ended it."""
        return bool(self.said(GIVEN_UP))

    @property
    def over(self) -> bool:
        """Whether the stage has ended; where the log does not say, a deployment form of its last step tells."""
        if self.course is None or self.course.ended:
            return self.course is not None
        if self._told is not None:
            return self._told >= 1
        last = self.course.points[-1].step
        return any(path.suffix == DEPLOYMENT and card.steps == last for path, card in self.models.items())

    @property
    def stage(self) -> Stage | None:
        """What the recipe says of the stage it is in."""
        if self.recipe is None or self.course is None:
            return None
        return self.recipe.adversarial if self.course.stage == "adversarial" else self.recipe.content

    def said(self, tag: str) -> list[Said]:
        """Events in words."""
        return [Said(entry.step, entry.text) for entry in self.entries if entry.tag == tag and entry.text]

    def wishes(self) -> dict[int, list[Wish]]:
        """Step of an advised checkpoint -> the wishes that it fulfils, from faithful to perceptual."""
        found: dict[int, list[Wish]] = {}
        for wish, step in (self.verdict.take if self.verdict else {}).items():
            found.setdefault(step, []).append(wish)
        return found

    def is_own(self, path: Path) -> bool:
        """Whether the run itself goes on with this file: a stage's model or a checkpoint; an export is the user's."""
        if path.resolve().parent != self.folder.models.resolve():
            return False
        places = [place(self.recipe, self.folder) for place in (content_model, final_model)] if self.recipe else []
        return not places or re.sub(r"-step-\d+$", "", path.stem) in {place.stem for place in places}

    def model(self, step: int) -> str | None:
        """The file of a step, the deployment form if there is one; of a stage's start the model that it began from."""
        files = [path for path, card in self.models.items() if card.steps == step]
        if isinstance(self.stage, AdversarialStage) and self.course and step == self.course.start.step:
            stem = content_model(self.recipe, self.folder).stem if self.recipe else ""
            before = [path for path in self.models if path.stem == stem]
            if not before:
                return self.start or self.stage.start
            files = before  # which may be of an older step than the last of its stage
        elif not files and self.course and step == self.course.start.step:
            return self.start or None
        files = [path for path in files if self.is_own(path)] or files  # exports may be weaker
        best = min(files, key=lambda path: (path.suffix != DEPLOYMENT, len(path.name)), default=None)
        return str(best) if best else None

    def weights(self, step: int) -> Path | None:
        """The weights that the run keeps of a step, if any."""
        model = self.model(step)
        file = Path(model).with_suffix(WEIGHTS) if model else None
        return file if file in self.models else None

    def strips(self, kind: str = SAMPLES) -> dict[int, Strip]:
        """Step -> strip of the stage it is in; files that are no strips are passed over."""
        return self._strips[kind]

    @cached_property
    def _strips(self) -> dict[str, dict[int, Strip]]:
        begin = self.course.start.step if self.course else 0
        found: dict[str, dict[int, Strip]] = {SAMPLES: {}, DIFFERENCES: {}}
        for kind, strips in found.items():
            for step, path in kept_strips(self.folder.samples, kind).items():
                try:
                    if step >= begin:
                        strips[step] = read_strip(path)
                except PictureError:
                    continue
        return found


def read_run(path: Path) -> Reading:
    """Read a run folder. Raises UsageError when it is none, TrainingError when there is nothing to tell yet."""
    folder = RunFolder(path)
    entries = _entries(folder)
    unread = []
    recipe = None
    try:
        recipe = read_settings(folder.recipe, Recipe)
    except SettingsError as error:
        unread.append(f"The recipe cannot be shown: {error}.")
    models = {}
    for file in sorted((*folder.models.glob(f"*{WEIGHTS}"), *folder.models.glob(f"*{DEPLOYMENT}"))):
        try:
            models[file] = read_card(file)
        except ModelError as error:
            unread.append(f"{error}.")
    return Reading(folder, tuple(entries), tuple(courses(entries)), recipe, models, _start(folder), tuple(unread))


def _entries(folder: RunFolder) -> list[Entry]:
    if not folder.path.is_dir():
        raise UsageError(f"{folder.path}: no such folder; name a run folder, as wassr train makes them (runs/NAME)")
    if not folder.log.is_file():
        raise UsageError(f"{folder.path}: holds no log.jsonl, so it is no run of wassr train; name a run folder")
    try:
        entries = read_log(folder.log)
    except OSError as error:
        raise TrainingError(f"{folder.log}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError):
        raise TrainingError(
            f"{folder.log}: line {_bad_line(folder.log)} is no entry of a log; delete that line"
        ) from None
    if not entries:
        raise TrainingError(f"{folder.log}: is empty: the run has not begun; ask again after its first validation")
    return entries


def _bad_line(log: Path) -> int:
    for number, line in enumerate(log.read_bytes().split(b"\n"), 1):
        try:
            data = json.loads(line)
            data["step"], data["tag"]
        except (ValueError, KeyError, TypeError):
            return number
    return 0


def _start(folder: RunFolder) -> str:
    """The recipe does not hold what the command named with --from; the state does."""
    return state_says(folder, "start")


def state_says(folder: RunFolder, key: str) -> str:
    """A word of the newest state that can be read and has it, or ''."""
    for path in sorted(folder.state.glob("step-*.json"), reverse=True):
        try:
            return str(json.loads(path.read_text(encoding="utf-8")).get(key) or "")
        except (OSError, ValueError, AttributeError):
            continue
    return ""


def missing(run: Reading) -> list[str]:
    """What the page has to do without, each a sentence."""
    found = list(run.unread)
    if not any(entry.tag == "stage" for entry in run.entries):
        found.append(
            "The log is of an older version of wassr: it says neither how far stages are nor what the verdicts were. "
            "What follows is judged from what there is."
        )
    if run.course is None:
        found.append("No validation has ended yet, so there is nothing to judge.")
    elif not run.judged:
        found.append("The log holds neither LPIPS nor fine detail, so its adversarial stage cannot be judged.")
    elif run.course.stage == "adversarial" and run.course.perceptual != "LPIPS":
        found.append("The log holds no LPIPS; fine detail stands in for it, and the advice is the weaker for it.")
    if not run.strips():
        found.append("No sample pictures were kept in the run's folder samples/; TensorBoard may have some.")
    return found
