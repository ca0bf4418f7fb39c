"""Several models on the same pictures: every number with its protocol, every difference with its test.

A picture that one model cannot do is left out for all, so that means are of the same pictures.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from wassr.evaluation.cost import Cost
from wassr.evaluation.metrics import Metric
from wassr.evaluation.scoring import Case, PictureScore, Score, score_case, score_of
from wassr.evaluation.sets import DataSet, read_case
from wassr.evaluation.statistics import Paired, paired
from wassr.evaluation.subjects import Subject
from wassr.ground.errors import PictureError

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Row:
    """One model on one set; `how` says what made its pictures."""

    model: str
    how: str
    score: Score


@dataclass(frozen=True)
class Comparison:
    """All that tables and pages are made from; a Score in it has its protocol, or it could not exist.

    rows: all models of a set follow each other; against: the model that others are compared with; left_out: a line for
    each picture that was not scored; costs: seconds and memory by model, where they were measured.
    """

    rows: tuple[Row, ...]
    against: str
    left_out: tuple[str, ...] = ()
    costs: Mapping[str, Cost] = field(default_factory=dict)

    @property
    def sets(self) -> list[str]:
        """Names of the sets, in their order."""
        return list(dict.fromkeys(row.score.data for row in self.rows))

    @property
    def qualities(self) -> dict[str, dict[str, str]]:
        """Of sets that were saved as JPEG: set -> quality (`clean`, `90`) -> its name among `sets`; else nothing."""
        found: dict[str, dict[str, str]] = {}
        for score in (row.score for row in self.rows):
            if score.saved is not None:
                name = score.data.removesuffix(f"/{score.saved.word}")
                found.setdefault(name, {})[score.saved.label] = score.data
        return found

    @property
    def models(self) -> dict[str, str]:
        """Names of the models, in their order, each with what made its pictures."""
        return {row.model: row.how for row in self.rows}

    @property
    def others(self) -> list[str]:
        """The models that are compared with `against`."""
        return [model for model in self.models if model != self.against]

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The metrics, the first one first."""
        return self.rows[0].score.metrics

    @property
    def scale(self) -> int:
        """The scale of all."""
        return self.rows[0].score.scale

    def score(self, model: str, data: str) -> Score:
        """One model on one set."""
        return next(row.score for row in self.rows if (row.model, row.score.data) == (model, data))

    def paired(self, model: str, data: str, metric: str) -> Paired | None:
        """`model` less `against` on the pictures of which the metric says something; None when there are none."""
        one, other = (self.score(name, data).column(metric) for name in (model, self.against))
        both = ~(np.isnan(one) | np.isnan(other))
        return paired(one[both], other[both]) if both.any() else None

    def widest(self, model: str, data: str, metric: str, count: int = 3) -> list[str]:
        """The pictures on which `model` and `against` differ most, the widest difference first."""
        one, other = (self.score(name, data) for name in (model, self.against))
        pairs = zip(one.pictures, one.column(metric), other.column(metric), strict=True)
        apart = {row.picture: 0.0 if a == b else abs(a - b) for row, a, b in pairs}
        return sorted((name for name in apart if apart[name] > 0), key=lambda name: -apart[name])[:count]


def compare(
    subjects: Sequence[Subject],
    sets: Sequence[DataSet],
    metrics: Mapping[str, Metric],
    against: str,
    *,
    references: bool = True,
    costs: Mapping[str, Cost] | None = None,
    progress: Progress | None = None,
    say: Callable[[str], None] | None = None,
) -> Comparison:
    """Score all subjects, which have one scale, on all sets.

    references: the pictures are originals; otherwise they are the inputs, and no metric may need an original.
    progress(done, total, name) is told before every picture, say(line) of every picture that is left out.
    Raises PictureError when no picture of any set could be scored.
    """
    scale, left_out, rows = subjects[0].scale, list[str](), list[Row]()
    done, total = 0, sum(len(one.paths) for one in sets)
    for one in sets:
        scores: dict[str, list[PictureScore]] = {subject.name: [] for subject in subjects}
        for path in one.paths:
            if progress is not None:
                progress(done, total, f"{one.name}/{path.name}")
            done += 1
            try:
                case = read_case(one, path, scale, references)
                made = [_score(subject, case, metrics) for subject in subjects]
            except PictureError as error:
                if str(error) not in left_out:  # a broken file is so at every quality
                    left_out.append(str(error))
                    if say is not None:
                        say(f"left out: {error}")
                continue
            for subject, picture in zip(subjects, made, strict=True):
                scores[subject.name].append(picture)
        for subject in subjects:
            if scores[subject.name]:
                score = score_of(one.name, scale, metrics, scores[subject.name], references, one.saved)
                rows.append(Row(subject.name, subject.how, score))
    if not rows:
        raise PictureError(", ".join(one.name for one in sets), f"no picture could be scored; {left_out[0]}")
    return Comparison(tuple(rows), against, tuple(left_out), costs or {})


def _score(subject: Subject, case: Case, metrics: Mapping[str, Metric]) -> PictureScore:
    try:
        return score_case(case, subject.make(case), subject.scale, metrics)
    except PictureError as error:
        path = f"{case.data}/{case.name}" if error.path == case.name else error.path
        raise PictureError(path, f"{subject.name}: {error.reason}") from error
