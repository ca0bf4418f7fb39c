"""Which crops a step asks for, that the background prepares just those, and whose time is whose."""

from collections.abc import Iterable
from itertools import count, islice

import pytest

from tests.training.conftest import Make, waves
from wassr.data.folders import in_memory
from wassr.data.stream import Batch, Key
from wassr.training import clock
from wassr.training.adversarial_loss import AdversarialLoss
from wassr.training.batches import StepBatches, coming, critic_steps, following, stream_of
from wassr.training.recipe import AdversarialStage, Stage, Teacher

CONTENT = Stage(steps=3)
GAN = AdversarialStage(steps=3, adversarial=AdversarialLoss(clip=0.01, critic_steps=2, burst_steps=4, burst_until=1))


class Recorder:
    """Stands for a stream: notes what is asked for and what is to be prepared."""

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self.asked: list[Key] = []
        self.prepared: list[Key] = []

    def __call__(self, key: Key, ahead: Iterable[Key] = ()) -> Batch:
        self.asked.append(key)
        self.prepared += islice(ahead, self.workers)
        return None  # type: ignore[return-value]


def test_a_content_stage_asks_for_one_batch_a_step() -> None:
    stream = Recorder()
    for step in range(3):
        StepBatches(stream, step, CONTENT)("generator")  # type: ignore[arg-type]
    assert stream.asked == [Key("generator", step) for step in range(3)]
    assert stream.prepared[:-1] == stream.asked[1:]


def test_an_adversarial_stage_with_a_burst() -> None:
    stream = Recorder()
    for step in range(3):
        batches = StepBatches(stream, step, GAN)  # type: ignore[arg-type]
        for sub in range(GAN.adversarial.critic_steps_at(step)):
            batches("critic", sub)
        batches("generator")
    assert [critic_steps(GAN, step) for step in range(3)] == [4, 2, 2]
    assert len(stream.asked) == 4 + 2 + 2 + 3
    assert stream.prepared[:-1] == stream.asked[1:]  # what was prepared is what came next, always


def test_following_a_generator_batch_without_critic() -> None:
    assert following(Key("generator", 4), CONTENT) == Key("generator", 5)


def test_what_comes_is_what_is_asked_for_later() -> None:
    stream = Recorder(workers=0)
    for step in range(3):
        batches = StepBatches(stream, step, GAN)  # type: ignore[arg-type]
        for sub in range(critic_steps(GAN, step)):
            batches("critic", sub)
        batches("generator")
    assert list(islice(coming(stream.asked[0], GAN), len(stream.asked) - 1)) == stream.asked[1:]
    assert stream.prepared == []


def test_whose_time_is_whose(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by one second whenever it is read: between two readings stands one part."""
    seconds = count()
    monkeypatch.setattr(clock.time, "perf_counter", lambda: float(next(seconds)))
    taught = GAN.model_copy(update={"teacher": Teacher(model="compact-x4")})
    batches = StepBatches(Recorder(), 1, taught, lambda batch: batch)  # type: ignore[arg-type]
    batches("critic", 0)
    batches("critic", 1)
    batches("generator")
    assert batches.clock.end() == sum(batches.clock.spent.values()) == 8
    # critic: twice, from its crops to the next request; generator: before the first request and after its crops
    assert batches.clock.spent == {"data": 3, "teacher": 1, "critic": 2, "generator": 2}
    batches = StepBatches(Recorder(), 1, GAN)  # type: ignore[arg-type]
    batches("generator")
    batches.clock.end()
    assert batches.clock.spent.keys() == {"data", "generator"}  # no teacher, no time for one


def test_the_stream_of_a_recipe(recipe: Make) -> None:
    whole = recipe(content={"batch": 3, "crop": 40}, data={"train": ["x"], "workers": 2, "candidates": 3}, seed=5)
    assert whole.content
    with stream_of(whole, whole.content, in_memory([waves(64, 64, 1)])) as stream:
        assert (stream.crop, stream.batch, stream.seed, stream.workers, stream.candidates) == (40, 3, 5, 2, 3)
        assert not stream.luma
        assert stream.degradations == ()
    lows = {}
    for jpeg in ("codec", "tensor"):
        degraded = recipe(content={}, data={"train": ["x"], "degradations": "jpeg", "jpeg": jpeg})
        assert degraded.content
        with stream_of(degraded, degraded.content, in_memory([waves(64, 64, 1)])) as stream:
            assert [step.kind for step in stream.degradations] == ["jpeg"]
            lows[jpeg] = stream(Key("generator", 0)).low
    assert 0 < (lows["codec"] - lows["tensor"]).abs().mean() * 255 < 1.5
