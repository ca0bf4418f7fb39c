"""The verdict on curves with known answers, and on recorded runs of our own."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wassr.training.checkpoints import kept_steps
from wassr.training.course import Course, courses
from wassr.training.runlog import Entry, read_log
from wassr.training.verdict import Thresholds, Word, choices, judge

RECORDED = Path(__file__).parents[2] / "benchmarks" / "results" / "arms"


def entries(
    psnr: Sequence[float],
    lpips: Sequence[float] | None = None,
    stage: str = "adversarial",
    every: int = 100,
    begin: int = 0,
    share: Sequence[float] | None = None,
    bicubic: float | None = 25.0,
    **curves: Sequence[float],
) -> list[Entry]:
    made = [Entry(begin, "stage", text=stage)]
    if bicubic is not None:
        made.append(Entry(begin, "bicubic/psnr_y", bicubic))
    shares = share or [min(1.0, 0.11 * i) for i in range(len(psnr))]
    for i, value in enumerate(psnr):
        step = begin + every * i
        made += [Entry(step, "valid/psnr_y", value), Entry(step, "stage/share", shares[i])]
        made += [Entry(step, "valid/lpips", lpips[i])] if lpips is not None else []
        made += [Entry(step, name.replace("__", "/"), values[i]) for name, values in curves.items()]
    return made


def course(*given: Sequence[float], **more: object) -> Course:
    (found,) = courses(entries(*given, **more))  # type: ignore[arg-type]
    return found


FALLING = [0.28 - 0.01 * i for i in range(9)]
GENTLE = [27.4 - 0.05 * i for i in range(9)]


def wobble(values: Sequence[float], size: float, seed: int = 0) -> list[float]:
    return list(np.array(values) + np.random.default_rng(seed).normal(0, size, len(values)))


def test_a_falling_distance_is_improving() -> None:
    verdict = judge(course(GENTLE, wobble(FALLING, 0.001)))
    assert (verdict.word, verdict.advice, verdict.step) == ("improving", "go on", 800)
    assert verdict.sentence.startswith("LPIPS 0.2501 to 0.1993 since step 300, trend -0.049 (-0.05")


def test_few_points_are_too_early() -> None:
    verdict = judge(course(GENTLE[:5], FALLING[:5]))
    assert verdict.word == "too early"
    assert verdict.sentence == "5 of 6 validations"


def test_a_flat_curve_is_a_plateau_and_names_a_step() -> None:
    flat = [0.28, 0.24, 0.20, *wobble([0.19] * 7, 0.001)]
    verdict = judge(course([27.4, 27.3, 27.2] + [27.1] * 7, flat))
    assert verdict.word == "plateau"
    assert verdict.advice == f"stop; take step {verdict.take['balanced']}"


def test_what_gets_steadily_worse_is_over_trained() -> None:
    content = judge(course([28 - 0.5 * i for i in range(6)], stage="content"))
    assert content.word == "over-trained"
    assert "PSNR-Y was 28 dB at step 0" in content.sentence
    assert "now 25.5 dB" in content.sentence
    adversarial = judge(course([27.4] * 6, [0.28 + 0.01 * i for i in range(6)]))
    assert adversarial.word == "over-trained"
    assert "LPIPS was 0.28 at step 0" in adversarial.sentence
    assert "now 0.33" in adversarial.sentence
    assert adversarial.advice == "stop; take step 0"


@pytest.mark.parametrize(("size", "count"), [(0.005, 8), (0.02, 8), (0.005, 20)])
def test_noise_alone_is_not_over_trained(size: float, count: int) -> None:
    words = [judge(course([27.4] * count, wobble([0.28] * count, size, seed))).word for seed in range(20)]
    assert words.count("over-trained") <= 4  # in every second one the best of 20 lies before the window


def test_a_slow_significant_trend_that_nobody_can_see_is_a_plateau() -> None:
    verdict = judge(course(GENTLE, [0.2 - 1e-5 * i for i in range(9)]))
    assert verdict.word == "plateau"


def test_worse_than_an_old_best_is_over_trained() -> None:
    values = [0.28, 0.22, 0.19] + [0.20 + 0.004 * i for i in range(8)]
    verdict = judge(course([27.4] * 11, values))
    assert verdict.word == "over-trained"
    assert "0.19 at step 200" in verdict.sentence


@pytest.mark.parametrize(
    ("fall", "reason"),
    [
        ({"psnr": 21.0}, "6.4 under the start"),
        ({"bicubic": 29.6}, "under bicubic"),
        ({"consistency": 29.0}, "29.00 dB"),
    ],
)
def test_a_run_that_falls_apart_diverges(fall: dict[str, float], reason: str) -> None:
    psnr = [27.4] * 5 + [fall.get("psnr", 27.3)] * 2
    good = [44.0] * 5 + [fall.get("consistency", 44.0)] * 2
    found = course(psnr, [0.28] * 7, bicubic=fall.get("bicubic", 25.0), valid__lr_consistency=good)
    verdict = judge(found)
    assert verdict.word == "diverging"
    assert reason in verdict.sentence
    if "bicubic" not in fall:
        assert verdict.advice.endswith("last good: step 400")
        assert set(verdict.take.values()) <= {0, 100, 200, 300, 400}


def test_degraded_pictures_reduce_to_less() -> None:
    """On the chain `blind` bicubic itself has 28 dB: what lies 3 under it is well, what lies 8 under it has fallen."""
    psnr, lpips = [24.0, *wobble([23.7] * 8, 0.02)], [0.45 - 0.02 * i for i in range(9)]

    def judged(consistency: float, bicubic: float | None) -> Word:
        found = entries(psnr, lpips, bicubic=20.0, valid__lr_consistency=[27.0] + [consistency] * 8)
        plain = [] if bicubic is None else [Entry(0, "bicubic/lr_consistency", bicubic)]
        return judge(courses([found[0], *plain, *found[1:]])[0]).word

    assert judged(25.3, 28.2) == "improving"
    assert judged(20.3, 28.2) == "diverging"
    assert judged(29.0, 37.1) == "diverging"  # clean pictures: the limit of before
    assert judged(29.0, None) == "diverging"


def test_one_bad_validation_or_an_early_one_is_no_divergence() -> None:
    assert judge(course([27.4] * 5 + [20.0], [0.28] * 6)).word != "diverging"
    early = course([27.4, 20.0, 20.0], [0.28] * 3, share=[0.0, 0.05, 0.1])
    assert judge(early).word == "too early"


def test_what_climbs_from_below_is_not_diverging() -> None:
    """Figures of srgan-x4 --small, whose network begins from nothing and learns to enlarge."""
    psnr = [21.43, 22.55, 23.20, 23.54, 23.81, 24.01]
    low = [22.5, 25.0, 27.2, 28.4, 29.6, 30.6]
    climbing = course(psnr, stage="content", valid__lr_consistency=low)
    assert judge(climbing).word == "improving"
    assert set(judge(course(psnr[:4], stage="content", valid__lr_consistency=low)).take.values()) == {300}
    stuck = course([*psnr[:3], 23.0, 23.1, 23.0], stage="content", valid__lr_consistency=[*low[:3], 27.0, 27.1, 27.0])
    assert judge(stuck).word == "diverging"
    assert judge(stuck).advice.endswith("last good: step 200")


def test_the_guard_twice_in_the_window_is_diverging() -> None:
    log = entries(GENTLE, FALLING)
    assert judge(courses([*log, Entry(610, "guard", text="a")])[0]).word == "improving"
    twice = [*log, Entry(610, "guard", text="a"), Entry(720, "guard", text="b")]
    assert judge(courses(twice)[0]).word == "diverging"
    old = [*log, Entry(110, "guard", text="a"), Entry(120, "guard", text="b")]
    assert judge(courses(old)[0]).word == "improving"


def test_content_runs_are_judged_by_fidelity() -> None:
    rising = [26.0 + 0.1 * i for i in range(9)]
    assert judge(course(rising, stage="content")).word == "improving"
    assert judge(course([26.0, 27.0, *[27.1] * 7], stage="content")).word == "plateau"
    fell = judge(course([26.0, 27.5, *[27.2] * 7], stage="content"))
    assert fell.word == "over-trained"
    assert fell.take["balanced"] == 100


def test_without_a_judge_high_band_energy_serves_and_is_named() -> None:
    band = [0.3 + 0.06 * i for i in range(9)]
    verdict = judge(course(GENTLE, valid__high_band=band))
    assert verdict.word == "improving"
    assert "high-band energy" in verdict.sentence
    assert "no perceptual judge" in verdict.sentence


def flags(found: Course) -> dict[str, str]:
    return {flag.name: flag.sentence for flag in judge(found).flags}


def test_no_effect_names_its_cause() -> None:
    same = course(
        [27.4] * 7,
        [0.28] * 7,
        critic__ratio=[0.01] * 7,
        critic__saturation=[0.97] * 7,
        critic__separation=[0.52] * 7,
    )
    found = flags(same)["no effect"]
    assert "0.01" in found
    assert "97%" in found
    assert "0.52" in found
    assert "no effect" not in flags(course(GENTLE, FALLING))
    assert "no effect" not in flags(course([27.4] * 3, [0.28] * 3))  # too early to say


def test_lag_memory_drift_and_raster_are_flagged() -> None:
    found = flags(
        course(
            GENTLE,
            FALLING,
            critic__lag=[0.1] * 6 + [0.4] * 3,
            critic__memorising=[0.2] * 6 + [0.7] * 3,
            valid__colour_drift=[0.1] * 8 + [0.9],
            valid__checkerboard=[1.0] * 8 + [4.0],
        )
    )
    assert set(found) == {"critic lags", "critic memorises", "colour drift", "checkerboard"}
    assert "40%" in found["critic lags"]
    calm = course(
        GENTLE,
        FALLING,
        critic__lag=[0.9] * 6 + [0.1] * 3,
        valid__colour_drift=[0.9] * 9,
        valid__checkerboard=[4.0] * 9,  # the start has it too
    )
    assert not flags(calm)


def test_flags_expire_with_the_window() -> None:
    log = entries(GENTLE, FALLING)
    old = [Entry(step, f"critic/{name}", 0.9) for step in (100, 200) for name in ("memorising", "lag")]
    assert not judge(courses([*log, *old])[0]).flags
    fresh = [Entry(300, f"critic/{name}", 0.9) for name in ("memorising", "lag")]
    assert len(judge(courses([*log, *fresh])[0]).flags) == 2


def test_a_critic_that_rates_generated_above_real_lags_however_little_ten_steps_change() -> None:
    behind = {"critic__lag": [0.01] * 9, "critic__separation": [0.1] * 9}
    found = flags(course(GENTLE, FALLING, critic__gap_training=[-1.0] * 9, **behind))
    assert "separation 0.10" in found["critic lags"]
    # batch normalisation: only held-out pictures, on running statistics, are rated the wrong way round
    assert "critic lags" not in flags(course(GENTLE, FALLING, critic__gap_training=[2.0] * 9, **behind))


def test_oscillation_is_measured_against_the_gain() -> None:
    swinging = [0.28, 0.25, 0.22, 0.20] + [0.20 + 0.03 * (-1) ** i for i in range(8)]
    assert "oscillating" in flags(course([27.4] * 12, swinging))
    calm = [0.28, 0.25, 0.22, 0.20, *wobble([0.20] * 8, 0.001)]
    assert "oscillating" not in flags(course([27.4] * 12, calm))
    nothing = wobble([0.28] * 12, 0.01)  # noise without a gain is no oscillation of anything
    assert "oscillating" not in flags(course([27.4] * 12, nothing))


def test_each_wish_gets_its_step() -> None:
    found = course([27.4, 27.35, 27.3, 27.0, 26.0, 25.0, 24.9], [0.28, 0.27, 0.24, 0.18, 0.17, 0.168, 0.169])
    assert choices(found) == {"faithful": 200, "balanced": 300, "perceptual": 500}


def test_a_run_that_gained_nothing_offers_its_start() -> None:
    found = course([27.4, 27.3, 27.2], [0.28, 0.29, 0.30])
    assert set(choices(found).values()) == {0}


def test_the_start_is_not_balanced_where_a_gain_can_be_seen() -> None:
    cliff = course([27.4, 26.0, 24.0], [0.28, 0.275, 0.26])  # the start lies nearest to the corner
    assert choices(cliff) == {"faithful": 100, "balanced": 100, "perceptual": 200}
    unseen = course([27.4, 26.0, 24.0], [0.28, 0.2795, 0.279])
    assert set(choices(unseen).values()) == {0}
    better = course([27.4, 27.6, 24.0], [0.28, 0.2795, 0.279])
    assert set(choices(better).values()) == {100}


def test_an_early_fall_is_no_choice() -> None:
    fallen = course([27.4, 19.0, 27.2, 27.1], [0.28, 0.2, 0.279, 0.26], share=[0.0, 0.05, 0.5, 1.0])
    assert choices(fallen) == {"faithful": 300, "balanced": 300, "perceptual": 300}


POINT = st.tuples(
    st.integers(180, 300).map(lambda n: n / 10), st.integers(0, 40).map(lambda n: n / 100), st.floats(20, 60)
)


@settings(max_examples=300, deadline=None)
@given(st.lists(POINT, min_size=1, max_size=12))
def test_wishes_come_in_order_for_every_course(given: list[tuple[float, float, float]]) -> None:
    psnr, lpips, consistency = (list(column) for column in zip(*given, strict=True))
    found = course(psnr, lpips, valid__lr_consistency=consistency)
    points = {point.step: point for point in found.points}
    take = choices(found)
    faithful, balanced, perceptual = (points[take[wish]] for wish in ("faithful", "balanced", "perceptual"))
    fidelity = [point.values["valid/psnr_y"] for point in (faithful, balanced, perceptual)]
    distance = [point.values["valid/lpips"] for point in (faithful, balanced, perceptual)]
    assert fidelity == sorted(fidelity, reverse=True)
    assert distance == sorted(distance, reverse=True)
    assert distance[0] <= lpips[0]  # never farther than the start
    seen = lpips[0] - distance[2] > Thresholds().perceptual_gain * lpips[0]
    assert not seen or 0 not in take.values()
    if all(d > lpips[0] for d in lpips[1:]):
        assert set(take.values()) == {0}


def test_thresholds_are_all_used_and_the_line_holds_everything() -> None:
    source = Path(judge.__code__.co_filename).read_text(encoding="utf-8")
    for name in Thresholds.__dataclass_fields__:
        assert f"t.{name}" in source
    line = judge(course(GENTLE, FALLING, critic__lag=[0.5] * 9)).line()
    assert line.startswith("improving: ")
    assert "; go on; critic lags: " in line


NO_EFFECT = {"no effect"}
RUNS: dict[str, tuple[Word, set[str]]] = {  # docs/adversarial.md describes them; their flags are all named
    "srgan-weight": ("improving", {"checkerboard"}),
    "srgan-ratio": ("improving", {"checkerboard", "critic memorises"}),
    "wgan-fork-weight": ("plateau", NO_EFFECT),
    "wgan-fork-ratio": ("plateau", NO_EFFECT),
    "wgan-clip-all-weight": ("plateau", NO_EFFECT),
    "wgan-clip-all-ratio": ("plateau", NO_EFFECT | {"critic memorises"}),
    "hinge-sn-weight": ("diverging", NO_EFFECT),
    "hinge-sn-ratio": ("plateau", {"checkerboard", "oscillating"}),
    "ragan-weight": ("over-trained", {"checkerboard", "oscillating"}),
    "wgan-gp-weight": ("too early", set()),
}


@pytest.mark.parametrize("name", list(RUNS))
def test_recorded_runs_are_judged_as_what_they_are(name: str) -> None:
    verdict = judge(courses(read_log(RECORDED / f"{name}.jsonl"))[-1])
    assert (verdict.word, {flag.name for flag in verdict.flags}) == RUNS[name]


def test_the_fork_is_told_why_it_has_no_effect() -> None:
    (flag,) = judge(courses(read_log(RECORDED / "wgan-clip-all-weight.jsonl"))[-1]).flags
    assert "the critic's gradient is 5.8e-06 of the content loss's" in flag.sentence


def test_the_figures_are_the_curve_s_own_and_the_trend_has_its_interval() -> None:
    """A robust trend may go against the difference of the ends: both are said."""
    values = [0.283, 0.2740, 0.2736, 0.2815, 0.2825, 0.2819]
    verdict = judge(course([24.6] * 6, values, bicubic=24.0))
    assert verdict.sentence.startswith("LPIPS 0.283 to 0.2819 since step 0, trend +")
    low, high = verdict.sentence.rpartition("(")[2].rstrip(")").split(" to ")
    assert float(low) < float(high)
    rising = judge(course([26.0, 26.2, 26.4, 26.5, 26.6, 26.65], stage="content"))
    assert rising.sentence.startswith("PSNR-Y 26 to 26.65 dB since step 0, trend +0.6")


def test_a_step_whose_pictures_have_a_fault_is_advised_only_where_no_other_has_the_gain() -> None:
    psnr, lpips = [27.4, 26.7, 26.3, 26.2, 26.1, 26.0], [0.28, 0.16, 0.158, 0.157, 0.153, 0.15]
    raster = [1.5, 4.0, 3.9, 2.4, 2.0, 1.9]
    with_fault = course(psnr, lpips)
    assert choices(with_fault)["faithful"] == 100
    found = course(psnr, lpips, valid__checkerboard=raster)
    assert choices(found) == {"faithful": 300, "balanced": 300, "perceptual": 500}
    assert {100, 300, 500} <= kept_steps(found)
    all_of_them = course(psnr, lpips, valid__checkerboard=[1.5] + [4.0] * 5)
    assert choices(all_of_them) == choices(with_fault)


def test_destroyed_pictures_are_no_choice_though_their_lpips_is_low() -> None:
    found = course([27.4, 27.2, 26.9], [0.28, 0.26, 0.1], valid__lr_consistency=[44.0, 43.0, 22.0])
    assert set(choices(found).values()) == {100}
