"""Which metrics are computed: those asked for by name, or the usual ones."""

import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from wassr.evaluation.judges import JUDGES, judge_metric, judge_metrics
from wassr.evaluation.metrics import METRICS, Metric
from wassr.evaluation.niqe import NO_REFERENCE
from wassr.ground.errors import UsageError

USUAL = ("psnr_y", "ssim_y", "lpips", "lr_consistency")
WITH_JPEG = ("psnr_y", "psnr_b", "ssim_y", "lpips", "lr_consistency", "niqe")
WITHOUT_ORIGINALS = ("niqe", "lr_consistency", "colour_drift_low")
AT_SCALE_1 = "at x1 nothing is reduced; it would compare the result with the input"  # no LR-consistency
UNRANKED = {"niqe": "JPEG can lower it while lpips rises"}  # of compressed inputs, and why


def choose_metrics(
    names: Sequence[str],
    judges: Path | None = None,
    references: bool = True,
    jpeg: bool = False,
    scale: int = 4,
) -> dict[str, Metric]:
    """The metrics of these names, in this order; without names the usual ones whose files are here.

    judges: a folder with more judges' files. references: there are originals to compare with. jpeg: inputs are
    compressed, so that models are not ranked by every metric. scale: of the models; at 1 there is no LR-consistency.
    Raises UsageError for an unknown name, with the nearest one, and for a metric that needs an original where there is
    none, or a scale; ModelError for a judge whose file is not here.
    """
    if judges is not None and not judges.is_dir():
        raise UsageError(f"--judges {judges}: no such folder")
    if not names:
        here = METRICS | NO_REFERENCE | judge_metrics(judges)
        usual = WITH_JPEG if jpeg else USUAL if references else WITHOUT_ORIGINALS
        found = {name: here[name] for name in usual if name in here and (scale > 1 or name != "lr_consistency")}
    else:
        found = {name: _metric(name, judges) for name in names}
    if scale == 1 and "lr_consistency" in found:
        raise UsageError(f"--metric lr_consistency: {AT_SCALE_1}; leave it away")
    needing = [name for name, metric in found.items() if metric.reference == "high"]
    if needing and not references:
        without = [name for name, metric in (METRICS | NO_REFERENCE).items() if metric.reference != "high"]
        raise UsageError(f"--metric {needing[0]}: needs originals; with --no-reference choose {', '.join(without)}")
    if jpeg:
        found |= {name: replace(found[name], unranked=why) for name, why in UNRANKED.items() if name in found}
    return found


def read_as(name: str) -> dict[str, str]:
    """How a measured number of this metric is read: which way is `better`, what it compares with (`reference`).

    Nothing of a name that no table holds: a card may be newer than this program.
    """
    if name in JUDGES:  # all of them are distances from the original, whether their files are here or not
        return {"better": "lower", "reference": "high"}
    metric = (METRICS | NO_REFERENCE).get(name)
    if metric is None:
        return {}
    return {"better": "higher" if metric.higher_is_better else "lower", "reference": metric.reference}


def _metric(name: str, judges: Path | None) -> Metric:
    plain = METRICS | NO_REFERENCE
    if name in plain:
        return plain[name]
    if name in JUDGES:
        return judge_metric(name, judges)
    known = [*plain, *JUDGES]
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.4)
    guess = f"did you mean {close[0]}? " if close else ""
    raise UsageError(f"--metric {name}: no such metric; {guess}there are {', '.join(known)}")
