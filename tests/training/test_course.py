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


def test_a_border_measured_twice_belongs_to_both() -> None:
    """A stage that ended early hands on an older step than its last, so that the next one starts from other values."""
    log = [
        *entries([26, 27, 26.9], stage="content", every=100),
        Entry(200, "guard", text="step 200 refused"),
        Entry(200, "ended", text="plateau: takes step 100"),
        *entries([27, 26.5], begin=200),
        Entry(201, "guard", text="step 201 refused"),
    ]
    content, adversarial = courses(log)
    assert (content.fidelity(), adversarial.fidelity()) == ([26, 27, 26.9], [27, 26.5])
    assert (content.guarded, adversarial.guarded) == ((200,), (201,))
    assert (content.ended, adversarial.ended) == (True, False)


def test_what_a_guard_says_after_going_back_stays_in_its_stage() -> None:
    """The log is cut to the border, then the event follows with the step that was refused."""
    log = [*entries([26, 27], stage="content"), *entries([27], begin=100), Entry(104, "guard", text="step 104 refused")]
    log += [Entry(103, "guard", text="step 103 refused"), *entries([27, 26], begin=100)[4:]]
    content, adversarial = courses(log)
    assert (content.guarded, adversarial.guarded) == ((), (104, 103))
    assert [p.step for p in adversarial.points] == [100, 200]


def test_a_stage_that_was_begun_twice_and_not_measured_is_one() -> None:
    log = [Entry(0, "stage", text="content"), *entries([26], stage="content")]
    assert [course.stage for course in courses(log)] == ["content"]


def test_curves_between_validations_are_taken_with_their_last_value() -> None:
    log = [*entries(GENTLE[:3], FALLING[:3]), Entry(130, "critic/ratio", 0.2), Entry(170, "critic/ratio", 0.3)]
    assert courses(log)[0].points[2].values["critic/ratio"] == 0.3


def test_a_log_without_stages_is_understood() -> None:
    log = [Entry(0, "valid/psnr_y", 26.0), Entry(10, "valid/psnr_y", 27.0), Entry(10, "critic/gap_heldout", 0.1)]
    assert [c.stage for c in courses([*log, Entry(20, "valid/psnr_y", 26.5)])] == ["content", "adversarial"]
    first = [Entry(0, "valid/psnr_y", 26.0), Entry(0, "critic/gap_heldout", 0.1), Entry(10, "valid/psnr_y", 27.0)]
    assert [(c.stage, len(c.points)) for c in courses(first)] == [("adversarial", 2)]
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
