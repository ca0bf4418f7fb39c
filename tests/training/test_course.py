"""Stages and points of a log, and the points that no other one beats."""

from tests.training.test_verdict import FALLING, GENTLE, entries
from wassr.training.course import Point, courses, pareto
from wassr.training.runlog import Entry


def test_two_stages_are_two_courses_and_share_their_border() -> None:
    log = [
        *entries([26, 27], [0.3, 0.28], stage="content"),
        Entry(100, "stage", text="adversarial"),
        Entry(100, "stage/share", 0.0),
        Entry(100, "critic/separation", 0.5),
        *entries([26.9, 26.8], [0.25, 0.2], begin=200)[1:],
    ]
    content, adversarial = courses(log)
    assert [p.step for p in content.points] == [0, 100]
    assert [p.step for p in adversarial.points] == [100, 200, 300]
    assert adversarial.start.values["valid/lpips"] == 0.28


def test_curves_between_validations_are_taken_with_their_last_value() -> None:
    log = [*entries(GENTLE[:3], FALLING[:3]), Entry(130, "critic/ratio", 0.2), Entry(170, "critic/ratio", 0.3)]
    assert courses(log)[0].points[2].values["critic/ratio"] == 0.3


def test_a_log_without_stages_is_understood() -> None:
    log = [Entry(0, "valid/psnr_y", 26.0), Entry(10, "valid/psnr_y", 27.0), Entry(10, "critic/gap_heldout", 0.1)]
    assert [c.stage for c in courses([*log, Entry(20, "valid/psnr_y", 26.5)])] == ["content", "adversarial"]
    assert courses([]) == []


def points(*values: tuple[float, float]) -> list[Point]:
    return [Point(i, {"valid/psnr_y": p, "valid/lpips": d}) for i, (p, d) in enumerate(values)]


def test_pareto_set() -> None:
    kept = pareto(points((27.4, 0.28), (27.0, 0.20), (26.9, 0.21), (26.5, 0.15), (27.0, 0.20)))
    assert [point.step for point in kept] == [0, 1, 3]  # 2 is beaten, 4 is the same as 1


def test_without_lpips_everywhere_fine_detail_takes_its_place() -> None:
    log = [*entries([26.0, 26.0], [0.3, 0.2]), Entry(200, "valid/psnr_y", 26.0), Entry(200, "valid/high_band", 0.7)]
    (found,) = courses(log)
    assert found.perceptual == "high-band energy"
    assert found.distance()[-1] == 1 - 0.7
