"""What a person sees."""

import io
from itertools import count

import pytest

from wassr.training import progress as module
from wassr.training.progress import Progress
from wassr.training.recipe import Stage


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def run(progress: Progress, spec: Stage, steps: int, **spent: float) -> None:
    spent = spent or {"generator": 0.5}
    progress.begin("content", 0, spec)
    for step in range(1, steps + 1):
        progress.step(step, step * sum(spent.values()), spent, 8)


def test_speed_time_left_and_limit() -> None:
    lines: list[str] = []
    progress = Progress(lines.append, io.StringIO())
    run(progress, Stage(steps=7211), 11)
    assert progress.speeds() == {
        "speed/images_per_second": pytest.approx(16.0),
        "speed/seconds_generator": pytest.approx(0.5),
    }
    progress.show({"loss/l1": 0.012345, "critic/gap_training": 0.5, "critic/ratio": 2.0, "norm/generator": 3.0})
    assert lines == [
        "content step 11  l1 0.01235  gap 0.5  r 2  "
        "0.5 s a step, 16.0 images/s, 1:00:00 left, limited by the generator (100%)"
    ]
    progress.show({"loss/l1": 0.0})
    assert len(lines) == 1  # not more often than every few seconds


def test_data_as_the_limit_and_minutes() -> None:
    progress = Progress(lambda line: None, io.StringIO())
    run(progress, Stage(minutes=2), 21, data=0.6, generator=0.4)
    assert "0:01:39 left, limited by data (60%)" in progress.bar(200)
    assert progress.share() == pytest.approx(21 / 120)


@pytest.mark.parametrize(
    ("spent", "words"),
    [
        ({"data": 0.1, "generator": 0.9}, "limited by the generator (90%, data 10%)"),
        ({"data": 0.001, "critic": 0.6, "generator": 0.399}, "limited by the critic (60%, generator 40%)"),
        ({"data": 0.1, "teacher": 0.5, "generator": 0.4}, "limited by the teacher (50%, generator 40%, data 10%)"),
    ],
)
def test_after_twenty_steps_the_limit_is_told(spent: dict[str, float], words: str) -> None:
    lines: list[str] = []
    progress = Progress(lines.append, io.StringIO())
    run(progress, Stage(steps=3620), 19, **spent)
    assert lines == []
    run(progress, Stage(steps=3620), 70, **spent)
    assert lines == [f"content step 20  1 s a step, 8.0 images/s, 1:00:00 left, {words}"]  # once


def test_a_continued_run_tells_it_after_twenty_steps_of_its_own() -> None:
    lines: list[str] = []
    progress = Progress(lines.append, io.StringIO())
    progress.begin("content", 1000, Stage(steps=2000))
    for step in range(1001, 1050):
        progress.step(step, step * 0.5, {"generator": 0.5}, 8)
    assert [line.split("  ")[0] for line in lines] == ["content step 1020"]


def test_validation_and_disk_count_for_the_limit_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0, 30)
    monkeypatch.setattr(module.time, "perf_counter", lambda: float(next(clock)))
    progress = Progress(lambda line: None, io.StringIO())
    progress.begin("content", 0, Stage(steps=100))
    with progress.aside("validation"):
        pass  # before the first step: not counted
    for step in range(1, 32):
        progress.step(step, step * 1.0, {"generator": 1.0}, 8)
    with progress.aside("validation"):
        pass  # thirty seconds, as long as thirty steps
    with progress.aside("disk"):
        pass
    speeds = progress.speeds()
    assert speeds["speed/images_per_second"] == pytest.approx(8.0)  # of steps alone
    assert speeds["speed/seconds_generator"] == speeds["speed/seconds_validation"] == 1
    # 69 steps are left, and for every second of a step go two beside it
    assert "0:03:27 left, limited by validation (33%)" in progress.bar(200)


def test_a_stage_by_the_clock_counts_validations_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0, 10)
    monkeypatch.setattr(module.time, "perf_counter", lambda: float(next(clock)))
    progress = Progress(lambda line: None, io.StringIO())
    progress.begin("content", 0, Stage(minutes=60))
    counted = 0.0
    for step in range(1, 101):
        counted += 1
        progress.step(step, counted, {"generator": 1.0}, 16)
        if step % 10 == 0:
            with progress.aside("validation"):
                pass  # ten seconds
            counted += 10
    assert progress.speeds()["speed/images_per_second"] == pytest.approx(16)  # of steps alone
    assert "0:56:50 left" in progress.bar(200).replace("0:56:49", "0:56:50")  # 190 seconds, the last ten not seen yet


def test_nothing_is_claimed_after_one_step() -> None:
    progress = Progress(print, io.StringIO())
    run(progress, Stage(steps=10), 1)
    assert "timing the first steps" in progress.bar(200)
    assert progress.speeds() == {}


def test_a_bar_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count()
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(clock)))
    lines: list[str] = []
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        progress = Progress(lines.append, stream)
        run(progress, Stage(steps=10), 5)
        progress.say("a sentence")
        progress.say("another")
    assert pipe.getvalue() == ""
    drawn = terminal.getvalue()
    assert "content [##########..........] 50%  step 5  16.0 images/s, 0:00:02 left" in drawn
    assert drawn.endswith("\r\x1b[K")  # taken away before the sentence
    assert len(max(drawn.split("\r\x1b[K"), key=len)) < 200
    assert lines == ["a sentence", "another"] * 2


def test_validated_is_one_line() -> None:
    lines: list[str] = []
    Progress(lines.append, io.StringIO()).validated(40, {"valid/psnr_y": 31.456, "critic/separation": 0.75})
    assert lines == ["validated at step 40: psnr_y 31.46  separation 0.75"]
