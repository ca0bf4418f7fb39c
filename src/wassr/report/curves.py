"""Which curves of a log belong into one chart, in which unit, and how each is read; docs/meter.md says more."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """name: in the legend. read: one sentence. line: drawn dashed, there to compare with. aside: hidden at first."""

    name: str
    read: str
    line: bool = False
    aside: bool = False


@dataclass(frozen=True)
class Chart:
    """Curves of one unit, by their tags in the log."""

    title: str
    unit: str
    curves: dict[str, Curve]


def unnamed(tag: str) -> Chart:
    """The chart of a tag that no chart knows, written by another version."""
    return Chart(tag, "", {tag: Curve(tag, "This version of wassr does not know this curve.")})


RESULT, CRITIC, TRAINING = "The result, on held-out pictures", "The critic, on held-out crops", "Training, step by step"

CHARTS: dict[str, tuple[Chart, ...]] = {
    RESULT: (
        Chart(
            "Perceptual distance",
            "LPIPS",
            {
                "valid/lpips": Curve(
                    "result",
                    "How far a frozen feature network sees the result from the original: smaller is better, "
                    "and what an adversarial stage is for.",
                ),
                "bicubic/lpips": Curve("bicubic", "Plain enlargement, the line to stay below.", line=True),
            },
        ),
        Chart(
            "Fidelity",
            "PSNR, dB",
            {
                "valid/psnr_y": Curve(
                    "PSNR-Y",
                    "Error against the original in luma: higher is better; an adversarial stage pays for "
                    "sharpness with some tenths of a dB.",
                ),
                "bicubic/psnr_y": Curve("bicubic", "PSNR-Y of plain enlargement, the line to stay above.", line=True),
                "valid/psnr_rgb": Curve(
                    "PSNR-RGB",
                    "Error in all three channels: where it parts from PSNR-Y, colour is wrong.",
                    aside=True,
                ),
                "bicubic/psnr_rgb": Curve("bicubic, RGB", "The same of plain enlargement.", line=True, aside=True),
            },
        ),
        Chart(
            "LR-consistency",
            "dB",
            {
                "valid/lr_consistency": Curve(
                    "result",
                    "The result reduced again, against its input: above 35 dB is sane, below 30 dB the generator "
                    "leaves its input.",
                ),
                "bicubic/lr_consistency": Curve("bicubic", "The same of plain enlargement.", line=True),
            },
        ),
        Chart(
            "Structure",
            "SSIM-Y",
            {
                "valid/ssim_y": Curve("result", "Likeness of local structure to the original's in luma; 1 is equal."),
                "bicubic/ssim_y": Curve("bicubic", "The same of plain enlargement.", line=True),
            },
        ),
        Chart(
            "Fine detail",
            "energy, times the original's",
            {
                "valid/high_band": Curve(
                    "result",
                    "Energy that the low resolution cannot hold: 1 is as much as in the originals, "
                    "not necessarily the same; above 1 it is noise.",
                ),
                "bicubic/high_band": Curve("bicubic", "Plain enlargement has next to none.", line=True),
            },
        ),
        Chart(
            "Checkerboard",
            "times its background",
            {
                "valid/checkerboard": Curve(
                    "result",
                    "How far the error stands out at the raster of upsampling: about 1 is none, above 3 it is seen.",
                ),
                "bicubic/checkerboard": Curve("bicubic", "The same of plain enlargement.", line=True, aside=True),
            },
        ),
        Chart(
            "Colour drift",
            "grey levels",
            {
                "valid/colour_drift": Curve(
                    "result", "How far mean colours moved: half a grey level more than the start's is a flag."
                ),
                "bicubic/colour_drift": Curve("bicubic", "The same of plain enlargement.", line=True),
            },
        ),
    ),
    CRITIC: (
        Chart(
            "Critic's distance",
            "grey levels",
            {
                "critic/wasserstein": Curve(
                    "generated",
                    "The critic's claim freed of its slope: how far it finds generated crops from real ones; it "
                    "means something above the zero line and while the lag is small.",
                ),
                "critic/zero_line": Curve(
                    "zero line", "A critic without knowledge exceeds it once in twenty times.", line=True
                ),
                "critic/anchor_start": Curve("start", "The same critic on the start's results.", line=True),
                "critic/anchor_bicubic": Curve(
                    "bicubic", "The same critic on plain enlargement: the scale that a person knows.", line=True
                ),
                "critic/wasserstein_low": Curve(
                    "lower estimate", "The claim over the largest slope instead of the mean.", aside=True
                ),
                "critic/ceiling": Curve(
                    "ceiling", "What the crops differ; no critic can claim more.", line=True, aside=True
                ),
            },
        ),
        Chart(
            "Can it tell?",
            "share",
            {
                "critic/separation": Curve(
                    "separation",
                    "Share of pairs in which the real crop scores higher: 0.5 cannot tell, 1 tells always.",
                ),
                "critic/auc": Curve("pooled", "The same over all pairings of a real with a generated crop."),
            },
        ),
        Chart(
            "May it be believed?",
            "share",
            {
                "critic/lag": Curve(
                    "lag",
                    "How much more it would claim after more steps against a generator that stands still: above "
                    "0.25 it needs more critic steps or a higher rate.",
                ),
                "critic/memorising": Curve(
                    "memorising",
                    "How much of its claim on training crops is missing on held-out ones: towards 1 it knows its "
                    "crops by heart.",
                ),
                "critic/saturation": Curve(
                    "saturation",
                    "Share of its weights at the clip bound: above 0.9 the clip, not a distance, sets the curves.",
                ),
            },
        ),
        Chart(
            "How strongly it speaks",
            "ratio",
            {
                "critic/ratio": Curve(
                    "r",
                    "Its gradient over the content loss's at the generator's output: under 0.05 it is not heard, "
                    "over 3 it drives.",
                ),
            },
        ),
        Chart(
            "Whether it pulls the same way",
            "cosine",
            {
                "critic/cosine": Curve(
                    "cosine",
                    "Angle between its gradient and the content loss's: below 0 they pull against each other.",
                ),
            },
        ),
        Chart(
            "Weight of its voice",
            "factor",
            {"critic/weight": Curve("weight", "The weight in force; with a target ratio it moves to keep r there.")},
        ),
        Chart(
            "Gap",
            "scores",
            {
                "critic/gap_heldout": Curve(
                    "held out",
                    "Mean score of real minus generated: the raw claim, without a unit, to be compared within a "
                    "run only.",
                ),
                "critic/gap_training": Curve(
                    "training",
                    "The same on the last critic batch: negative for long, the critic lags behind the generator.",
                ),
            },
        ),
        Chart(
            "Slope",
            "scores per unit of distance",
            {
                "critic/slope": Curve(
                    "mean", "How steep the critic is between a generated crop and its real one: the gap's scale."
                ),
                "critic/slope_largest": Curve("largest", "Of the steepest pair."),
            },
        ),
    ),
    TRAINING: (
        Chart(
            "Content loss",
            "weighted terms",
            {
                f"loss/{name}": Curve(name, read)
                for name, read in {
                    "l1": "Mean absolute error.",
                    "mse": "Mean squared error.",
                    "charbonnier": "Absolute error, rounded at zero.",
                    "gradient": "Absolute error of differences between neighbours.",
                    "raster": "Absolute error that repeats with the upsampling raster.",
                    "frequency": "Absolute error of the spectrum: textures weigh as much as edges.",
                    "feature": "Squared distance of a frozen network's features.",
                    "matching": "Distance of the critic's own features.",
                }.items()
            },
        ),
        Chart(
            "Adversarial losses",
            "weighted terms",
            {
                "loss/adversarial": Curve(
                    "generator", "The critic's voice in the generator's loss: it has no zero and tells no progress."
                ),
                "loss/critic": Curve(
                    "critic",
                    "What the critic minimises beside its penalty, on its own scale: its distance tells more.",
                ),
                "loss/penalty": Curve("penalty", "What its penalty adds: rising, the critic strains at its bound."),
            },
        ),
        Chart(
            "Gradient norms",
            "before clipping",
            {
                "norm/generator": Curve(
                    "generator", "The guard refuses a second step in a row at a hundred times the usual norm."
                ),
                "norm/critic": Curve("critic", "The same for the critic; falling to zero, it has stopped learning."),
            },
        ),
        Chart(
            "Learning rates",
            "",
            {
                "rate/generator": Curve("generator", "By the schedule; the guard halves it after a refused step."),
                "rate/critic": Curve("critic", "The same for the critic."),
            },
        ),
        Chart(
            "Speed",
            "images a second",
            {
                "speed/images_per_second": Curve(
                    "speed",
                    "Of steps alone, a mean since the run was last started: a fall says that the machine is shared.",
                ),
            },
        ),
        Chart(
            "Where a step's time goes",
            "seconds",
            {
                f"speed/seconds_{part}": Curve(part, read)
                for part, read in {
                    "data": "Waiting for crops: where it is the largest, more memory or workers help.",
                    "teacher": "Its results, where a teacher stands in for the originals.",
                    "generator": "Its own work and all ways back through it.",
                    "features": "The frozen network of the feature loss.",
                    "critic": "Work on the critic's crops.",
                    "penalty": "The critic's penalty.",
                }.items()
            },
        ),
        Chart(
            "Time beside the steps",
            "seconds a step",
            {
                "speed/seconds_validation": Curve(
                    "validation", "Scores, meter and samples, spread over all steps: a larger validate_every spares it."
                ),
                "speed/seconds_disk": Curve("disk", "Log, TensorBoard and states: a larger save_every spares it."),
            },
        ),
    ),
}
