"""An evaluation from what a user asks for to the comparison: everything is checked before the first picture is read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from wassr.evaluation import compressed
from wassr.evaluation.choice import AT_SCALE_1, choose_metrics
from wassr.evaluation.comparison import Comparison, Progress, compare
from wassr.evaluation.cost import measure
from wassr.evaluation.sets import DataSet, at_qualities, find_sets, not_looked_into
from wassr.evaluation.subjects import Subject, chosen, common_scale, distinct, results, subject
from wassr.ground.errors import UsageError
from wassr.upscaling.engines import Wish


@dataclass(frozen=True)
class Request:
    """What is compared, on what, by which metrics.

    models: names, files, `bicubic`, `nearest`; results: folders of other programs, DIR or NAME=DIR; data: folders of
    sets; references: they hold originals, otherwise the inputs; metrics: names, the usual ones if none; judges: a
    folder with more judges' files; against: the model that others are compared with, the first if empty; scale: of
    what has none of its own; cost: measure seconds and memory, too; jpeg: `clean,90,70`, qualities at which inputs are
    saved as JPEG first; double: twice.
    """

    models: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    references: bool = True
    metrics: tuple[str, ...] = ()
    judges: Path | None = None
    against: str = ""
    scale: int | None = None
    cost: bool = True
    jpeg: str | None = None
    double: bool = False
    wish: Wish = field(default_factory=Wish)


@dataclass(frozen=True)
class Evaluation:
    """The comparison, and what pictures of it can be made again from."""

    comparison: Comparison
    subjects: tuple[Subject, ...]
    sets: tuple[DataSet, ...]
    references: bool


def evaluate(
    request: Request, progress: Progress | None = None, say: Callable[[str], None] | None = None
) -> Evaluation:
    """Do what is asked for. progress, say: see `comparison.compare`.

    Raises UsageError for a request that cannot mean anything, ModelError, EngineError; PictureError when no picture
    could be scored.
    """
    if not request.models and not request.results:
        raise UsageError("name a model (one of `wassr models`, bicubic, nearest, a file), or --results DIR")
    if not request.data:
        raise UsageError("--data is missing: a folder of pictures, or a folder of such folders")
    qualities = _qualities(request)
    scale = common_scale(request.models, request.scale)
    metrics = choose_metrics(request.metrics, request.judges, request.references, bool(qualities), scale)
    if scale == 1 and not request.metrics and say is not None:
        say(f"lr_consistency is left out: {AT_SCALE_1}")
    sets = find_sets(request.data)
    if say is not None:
        for line in not_looked_into(request.data, sets):
            say(line)
    sets = at_qualities(sets, qualities) if qualities else sets
    others = [results(text, sets, scale) for text in request.results]
    # made once for each name: asked again, a busy machine might choose another precision, and A would differ from A
    once = {name: subject(name, scale, request.wish, say) for name in dict.fromkeys(request.models)}
    subjects = distinct([*(once[name] for name in request.models), *others])
    against = chosen(subjects, request.against).name
    took = {name: measure(name, scale, request.wish) for name in once} if request.cost else {}
    comparison = compare(
        subjects,
        sets,
        metrics,
        against,
        references=request.references,
        costs={one.name: took[one.asked] for one in subjects[: len(request.models)] if one.asked in took},
        progress=progress,
        say=say,
    )
    return Evaluation(comparison, subjects, sets, request.references)


def _qualities(request: Request) -> tuple[compressed.Saved, ...]:
    """How inputs are saved; nothing where that was not asked for."""
    if request.jpeg is None:
        if request.double:
            raise UsageError("--double: saves as JPEG twice; say at which qualities, as in --jpeg 90,70")
        return ()
    if not request.references:
        raise UsageError("--jpeg: saves reduced originals; with --no-reference there are none")
    if request.results:
        raise UsageError("--jpeg: pictures of --results were made from other inputs; leave one of the two away")
    return compressed.parse(request.jpeg, request.double)
