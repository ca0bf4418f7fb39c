"""Run folders as training leaves them, made of invented curves in a moment."""

import math
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from wassr.ground.settings import dump_settings
from wassr.models.card import Card
from wassr.models.modelfile import save_weights
from wassr.training.checkpoints import checkpoint
from wassr.training.course import Course, courses, pareto
from wassr.training.recipe import Recipe
from wassr.training.runfolder import RunFolder
from wassr.training.runlog import RunLog, read_log
from wassr.training.samples import DIFFERENCES, Levels, Strip, strip_file, write_strip

EVERY, LOGGED = 500, 50
CONTENT, WHOLE = 3000, 9000
SIDE = 32


def made_recipe(name: str = "made", **other: object) -> Recipe:
    stage = {"steps": CONTENT, "validate_every": EVERY}
    gan = {"steps": WHOLE - CONTENT, "adversarial": "wgan-gp", "critic": {"network": "lean"}}
    whole = {
        "name": name,
        "purpose": "a run that never was <b>",
        "generator": {"network": "compact"},
        "content": stage,
        "adversarial": stage | gan,
    }
    return Recipe.model_validate(whole | other)


def make_run(folder: Path, pictures: Sequence[Levels] | None = None, seed: int = 0, until: int = WHOLE) -> Path:
    """Both stages, in good health but for one guard event; improves to the end."""
    run = RunFolder(folder)
    folder.mkdir(parents=True)
    run.recipe.write_text(dump_settings(made_recipe()), encoding="utf-8")
    rng = np.random.default_rng(seed)
    high = pictures or [rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8) for _ in range(3)]
    with closing(RunLog(run.log)) as log:
        for step in range(0, until + 1, LOGGED):
            stage = "content" if step <= CONTENT else "adversarial"
            if step > 0:
                log.write(step, _dense(step, stage, rng))
            if step == 4200:
                log.say(step, "guard", "step 4200 refused: the critic gradient is not finite; back to step 4000")
            if step % EVERY:
                continue
            for name in ("content", "adversarial") if step == CONTENT < until else (stage,):
                _validate(log, step, name, rng)
    for course in courses(read_log(run.log)):
        _files(run, course, high)
    return folder


def _files(run: RunFolder, course: Course, high: Sequence[Levels]) -> None:
    """What a stage keeps: of the Pareto set and the last; at its end its model."""
    first, last = course.start.step, course.points[-1]
    name = "made-content" if course.stage == "content" else "made"
    for step in sorted({point.step for point in pareto(course.points)} | {first, last.step}):
        _strips(run, step, course.stage, high, step / WHOLE)
        if step > first:
            _model(checkpoint(run.models, name, step), step)
    if last.values["stage/share"] == 1:
        _model(run.models / f"{name}.safetensors", last.step)


def make_log(folder: Path, values: dict[int, dict[str, float]]) -> Path:
    """A run folder that holds nothing but a log, of an older version: step -> values."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(RunLog(folder / "log.jsonl")) as log:
        for step, found in values.items():
            log.write(step, found)
    return folder


def _dense(step: int, stage: str, rng: np.random.Generator) -> dict[str, float]:
    noise = float(rng.lognormal(0, 0.25))
    values = {"loss/l1": 0.02 * noise, "norm/generator": 0.5 * noise, "rate/generator": 2e-4 * (1 - step / WHOLE / 2)}
    if stage == "adversarial":
        values |= {"loss/adversarial": -0.3 * noise, "loss/critic": -1.5 * noise, "loss/penalty": 0.1 * noise}
        values |= {"critic/gap_training": 1.6 * noise, "critic/ratio": 0.3 * noise, "critic/weight": 0.01}
        values |= {"critic/cosine": float(rng.normal(0, 0.05)), "norm/critic": 3 * noise, "rate/critic": 4e-4}
    return values


def _validate(log: RunLog, step: int, stage: str, rng: np.random.Generator) -> None:
    begin, end = (0, CONTENT) if stage == "content" else (CONTENT, WHOLE)
    share = (step - begin) / (end - begin)
    gained = 0.0 if stage == "content" else 1 - math.exp(-2.5 * share)
    learned = 1 - math.exp(-step / 1000)

    def shaken(value: float, size: float) -> float:
        return value + float(rng.normal(0, size))

    if step == begin:
        log.say(step, "stage", stage)
    if step == 0:
        bicubic = {"psnr_y": 27.8, "lpips": 0.36, "lr_consistency": 35.0, "ssim_y": 0.8, "high_band": 0.02}
        log.write(0, {f"bicubic/{name}": value for name, value in bicubic.items()})
    values = {
        "valid/psnr_y": shaken(27.6 + 1.9 * learned - 0.6 * gained, 0.01),
        "valid/psnr_rgb": shaken(26.2 + 1.9 * learned - 0.6 * gained, 0.01),
        "valid/ssim_y": shaken(0.8 + 0.04 * learned - 0.01 * gained, 0.001),
        "valid/lpips": shaken(0.36 - 0.08 * learned - 0.09 * gained, 0.0015),
        "valid/lr_consistency": shaken(35 + 10 * learned - 3 * gained, 0.1),
        "valid/high_band": shaken(0.02 + 0.2 * learned + 0.6 * gained, 0.01),
        "valid/checkerboard": shaken(1.2, 0.05),
        "valid/colour_drift": abs(shaken(0.2, 0.05)),
        "stage/share": share,
    }
    if stage == "content" or step > CONTENT:
        log.write(step, values)
    if stage == "adversarial":
        distance = shaken(4.2 - 2.5 * gained, 0.1)
        values |= {"critic/wasserstein": distance, "critic/wasserstein_low": 0.8 * distance, "critic/ceiling": 9.0}
        values |= {"critic/zero_line": 0.4, "critic/anchor_start": 4.3, "critic/anchor_bicubic": 6.1}
        values |= {"critic/separation": 0.95, "critic/auc": 0.8, "critic/slope": 1.0, "critic/slope_largest": 1.3}
        values |= {"critic/gap_heldout": shaken(1.5, 0.1), "critic/lag": abs(shaken(0.1, 0.03))}
        values |= {"critic/memorising": abs(shaken(0.15, 0.03))}
        log.write(step, {tag: value for tag, value in values.items() if tag.startswith("critic/")})
    words = "too early: few validations" if share < 0.5 else "improving: LPIPS falls"
    log.say(step, "verdict", f"{words}; go on")


def _strips(run: RunFolder, step: int, stage: str, high: Sequence[Levels], sharp: float) -> None:
    names = ("low", "bicubic", "start", "now", "high") if stage == "adversarial" else ("low", "bicubic", "now", "high")
    shares = {"low": 0.0, "bicubic": 0.2, "start": 0.6, "now": sharp, "high": 1.0}
    lines = [np.concatenate([_blend(picture, shares[name]) for name in names], axis=1) for picture in high]
    cells = tuple(picture.shape[:2] for picture in high)
    write_strip(strip_file(run.samples, step), Strip(names, cells, np.concatenate(lines)))
    if stage == "adversarial":
        lines = [np.concatenate([picture, picture, 255 - picture], axis=1) for picture in high]
        strip = Strip(("start", "now", "difference"), cells, np.concatenate(lines))
        write_strip(strip_file(run.samples, step, DIFFERENCES), strip)


def _blend(picture: Levels, share: float) -> Levels:
    """Between blocks of 4 x 4 pixels and the picture itself."""
    height, width = (size // 4 for size in picture.shape[:2])
    blocks = picture[: height * 4, : width * 4].reshape(height, 4, width, 4, 3).mean(axis=(1, 3))
    flat = np.repeat(np.repeat(blocks, 4, axis=0), 4, axis=1)
    return np.round(flat + share * (picture[: height * 4, : width * 4] - flat)).astype(np.uint8)


def _model(path: Path, step: int) -> None:
    card = Card(
        name=path.stem,
        purpose="",
        network="compact",
        scale=4,
        radius=10,
        steps=step,
        hours=step / 1000,
        data="9 pictures",
        machine="a machine, 2 threads",
        version="0.1.0",
        losses="l1 1",
        parent="compact-x4",
    )
    save_weights(path, {"w": np.zeros(1, np.float32)}, card)
