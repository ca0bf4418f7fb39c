"""The report of one run: what it came to, what to do next, and all that this rests on, as one HTML file."""

from collections.abc import Callable

from wassr.evaluation.markup import escaped
from wassr.evaluation.metrics import METRICS
from wassr.evaluation.wording import number
from wassr.report.advice import Advice, next_steps
from wassr.report.drawing import figures_of, marks_of, markup, told
from wassr.report.markup import document, table
from wassr.report.pictures import checkpoints, slider
from wassr.report.reading import Reading, Said, missing, state_says
from wassr.training.runlog import ENDED
from wassr.training.verdict import judge

# what is worth a number: name in the log -> words, unit; True: higher is better, None: neither
NUMBERS: dict[str, tuple[str, str, bool | None]] = {
    "psnr_y": ("PSNR-Y", "dB", True),
    "lpips": ("LPIPS", "", False),
    "lr_consistency": ("LR-consistency", "dB", True),
    "ssim_y": ("SSIM-Y", "", True),
    "high_band": ("fine detail", "times the original's", None),
    "checkerboard": ("checkerboard", "times its background", False),
    "colour_drift": ("colour drift", METRICS["colour_drift"].unit, False),
}
TILES = ("lpips", "psnr_y", "lr_consistency")


def page(run: Reading) -> str:
    """The whole page."""
    figures = figures_of(run)
    parts = [_head(run), _notes(run)]
    for title, section in SECTIONS.items():
        inside = section(run)
        parts.append(f"<section><h2>{escaped(title)}</h2>{inside}</section>" if inside else "")
    curves = markup(figures, _spans(run)) if figures else "<p>The log holds no curve yet.</p>"
    parts.append(f"<section><h2>Curves</h2>{curves}</section>")
    parts += [f"<section><h2>{escaped(title)}</h2>{below(run)}</section>" for title, below in BELOW.items()]
    return document(f"{run.name}: wassr report", "".join(parts), told(figures, marks_of(run)))


def hero(run: Reading) -> str:
    """The verdict at a glance: word, sentence, flags."""
    verdict = run.verdict
    if verdict is None:
        why = "The first validation has not ended." if run.course is None else "Nothing perceptual was measured."
        return f'<div class="verdict early"><strong>no verdict</strong><p>{why}</p></div>'
    flags = "".join(f"<li><b>{escaped(flag.name)}</b> {escaped(flag.sentence)}</li>" for flag in verdict.flags)
    listed = f'<ul class="flags">{flags}</ul>' if flags else ""
    return (
        f'<div class="verdict {_class(verdict.word)}"><strong>{verdict.word}</strong>'
        f"<p>{escaped(_sentence(verdict.sentence))}</p>{listed}</div>"
    )


def done(run: Reading) -> str:
    """How far the run is, in words."""
    if run.course is None:
        return f"step {run.step}"
    stage = run.course.stage
    if run.given_up:
        return f"{stage} stage, step {run.step}, given up by the guard"
    if run.over:
        return f"{stage} stage, step {run.step}, " + ("ended by its verdict" if run.course.ended else "over")
    return f"{stage} stage, step {run.step}" + (f", {run.share:.0%} done" if run.share is not None else "")


def _head(run: Reading) -> str:
    spec = run.recipe.generator if run.recipe else None
    what = f"{run.recipe.name}: {spec.network} x{spec.scale} · " if run.recipe and spec else ""
    steps = "".join(_advice(advice) for advice in next_steps(run))
    under_way = run.share is not None and not (run.over or run.given_up)
    bar = f'<progress max="1" value="{run.share:.3f}"></progress>' if under_way else ""
    earlier = "".join(
        f'<p class="quiet">{course.stage} stage before: {escaped(verdict.word)}, {escaped(verdict.sentence)}</p>'
        for course in run.courses[:-1]
        for verdict in [judge(course)]
    )
    return (
        f'<header><h1>{escaped(run.name)}</h1><p class="quiet">{escaped(what + done(run))}</p>{bar}</header>'
        f'<div class="first">{hero(run)}<div class="next"><h2>What to do next</h2><ol>{steps}</ol></div></div>'
        f"{_tiles(run)}{earlier}"
    )


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _advice(advice: Advice) -> str:
    command = f"<pre><code>{escaped(advice.command)}</code></pre>" if advice.command else ""
    return f"<li>{escaped(advice.sentence)}{command}</li>"


def _tiles(run: Reading) -> str:
    """The few numbers of the last validation, with where they come from."""
    if run.course is None:
        return ""
    made = []
    start, now = run.course.start.values, run.course.points[-1].values
    plain = _bicubic(run)
    for name in TILES:
        words, unit, higher = NUMBERS[name]
        tag = f"valid/{name}"
        if tag not in now:
            continue
        came = [f"start {number(start[tag], unit)}"] if tag in start and len(run.course.points) > 1 else []
        came += [f"bicubic {number(plain[name], unit)}"] if name in plain else []
        arrow = "higher is better" if higher else "lower is better"
        made.append(
            f"<div><span>{words}</span><b>{number(now[tag], unit)} <small>{unit}</small></b>"
            f'<span class="quiet">{", ".join([*came, arrow])}</span></div>'
        )
    return f'<div class="tiles">{"".join(made)}</div>'


def _bicubic(run: Reading) -> dict[str, float]:
    return {
        entry.tag.removeprefix("bicubic/"): entry.value
        for entry in run.entries
        if entry.tag.startswith("bicubic/") and entry.value is not None
    }


def _notes(run: Reading) -> str:
    lines = "".join(f"<li>{escaped(line)}</li>" for line in missing(run))
    return f'<ul class="notes">{lines}</ul>' if lines else ""


def _history(run: Reading) -> str:
    """A ribbon with a piece for each validation, and the same in words."""
    verdicts = run.said("verdict")
    if not verdicts:
        return ""
    pieces = "".join(
        f'<span class="{_class(_word(said))}" title="step {said.step}: {escaped(said.text)}"></span>'
        for said in verdicts
    )
    words = dict.fromkeys(_word(said) for said in verdicts)
    legend = "".join(f'<span class="{_class(word)}">{escaped(word)}</span>' for word in words)
    rows = [(str(said.step), _word(said), said.text.partition(": ")[2]) for said in reversed(verdicts)]
    ends = "".join(f"<p>A stage ended at step {said.step}, {escaped(said.text)}.</p>" for said in run.said(ENDED))
    spread = f"a piece for each validation, step {verdicts[0].step} to {verdicts[-1].step}"
    return (
        f'<div class="ribbon" aria-hidden="true">{pieces}</div><p class="legend">{legend}'
        f'<span class="quiet">{spread}</span></p>{ends}'
        f"<details><summary>All {len(verdicts)} in words</summary>{table(('step', 'verdict', 'why'), rows)}</details>"
    )


def _word(said: Said) -> str:
    return said.text.partition(":")[0]


def _class(word: str) -> str:
    return {"diverging": "bad", "too early": "early", "over-trained": "warn", "improving": "good"}.get(word, "calm")


def _numbers(run: Reading) -> str:
    """The figures of plain enlargement, start, advised checkpoints and now."""
    if run.course is None:
        return ""
    points = {point.step: point for point in run.course.points}
    columns = {"bicubic": _bicubic(run), "start": _valid(run.course.start.values)}
    for step, wishes in run.wishes().items():
        columns[f"{', '.join(wishes)} (step {step})"] = _valid(points[step].values)
    last = run.course.points[-1]
    columns[f"now (step {last.step})"] = _valid(last.values)
    columns = {words: values for words, values in columns.items() if values}
    rows = [
        (f"{words}, {unit}" if unit else words, *(_cell(values, name, unit) for values in columns.values()))
        for name, (words, unit, _) in NUMBERS.items()
        if any(name in values for values in columns.values())
    ]
    return checkpoints(run) + table(("held-out pictures", *columns), rows)


def _valid(values: dict[str, float]) -> dict[str, float]:
    return {tag.removeprefix("valid/"): value for tag, value in values.items() if tag.startswith("valid/")}


def _cell(values: dict[str, float], name: str, unit: str) -> str:
    return number(values[name], unit) if name in values else "-"


def _spans(run: Reading) -> dict[str, tuple[int, int]]:
    """Parts of the run that are worth a look of their own."""
    spans = {}
    if len(run.courses) > 1:
        ends = [course.start.step for course in run.courses[1:]] + [run.step]
        stages = {f"{c.stage} stage": (c.start.step, end) for c, end in zip(run.courses, ends, strict=True)}
        spans = {stage: (begin, end) for stage, (begin, end) in stages.items() if begin < end}
    return {**spans, "last quarter": (run.step - run.step // 4, run.step)} if run.step >= 8 else spans


def _guard(run: Reading) -> str:
    events = run.said("guard")
    if not events:
        return "<p>The guard refused no step.</p>"
    return table(("step", "what happened"), [(str(event.step), event.text) for event in events])


def _recipe(run: Reading) -> str:
    if run.recipe is None:
        return "<p>It could not be read.</p>"
    text = run.folder.recipe.read_text(encoding="utf-8")
    purpose = f"<p>{escaped(_sentence(run.recipe.purpose))}</p>" if run.recipe.purpose else ""
    return f"{purpose}<details><summary>recipe.yaml, complete</summary><pre>{escaped(text)}</pre></details>"


def _environment(run: Reading) -> str:
    """From the card of the newest model file; from the recipe where there is none."""
    rows = [("run folder", str(run.folder.path)), ("log", f"{len(run.entries)} entries, to step {run.step}")]
    if run.recipe:
        threads = "all cores" if run.recipe.threads == 0 else str(run.recipe.threads)
        used = state_says(run.folder, "precision")  # what `auto` came to on that machine
        rows += [("precision", used or run.recipe.precision), ("threads asked for", threads)]
    if run.start:
        rows.append(("began from (--from)", run.start))
    card = max(run.models.values(), key=lambda card: card.steps, default=None)
    if card is None:
        return table(("what", "this run"), [*rows, ("machine", "no model file yet; it will say")])
    rows += [
        ("machine", card.machine),
        ("wassr", card.version),
        ("hours of training, with its parents'", f"{card.hours:g}"),
        ("pictures", card.data),
        ("losses", card.losses),
        ("child of", card.parent or "-"),
        ("licence of the weights", card.licence),
        ("licences of the pictures", card.licence_data),
    ]
    return table(("what", "this run"), rows)


SECTIONS: dict[str, Callable[[Reading], str]] = {
    "Samples": slider,
    "Verdict at each validation": _history,
    "Checkpoints to take": _numbers,
}
BELOW: dict[str, Callable[[Reading], str]] = {
    "Guard": _guard,
    "Recipe": _recipe,
    "Environment": _environment,
}
