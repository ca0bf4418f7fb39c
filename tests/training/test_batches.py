"""Which crops a step asks for, and that the background prepares just those."""

from wassr.data.stream import Batch, Key
from wassr.training.batches import StepBatches, critic_steps, following
from wassr.training.recipe import AdversarialLoss, AdversarialStage, Stage

CONTENT = Stage(steps=3)
GAN = AdversarialStage(steps=3, adversarial=AdversarialLoss(clip=0.01, critic_steps=2, burst_steps=4, burst_until=1))


class Recorder:
    """Stands for a stream: notes what is asked for and what is to be prepared."""

    def __init__(self) -> None:
        self.asked: list[Key] = []
        self.prepared: list[Key | None] = []

    def __call__(self, key: Key, following: Key | None = None) -> Batch:
        self.asked.append(key)
        self.prepared.append(following)
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
        assert batches.seconds >= 0
    assert [critic_steps(GAN, step) for step in range(3)] == [4, 2, 2]
    assert len(stream.asked) == 4 + 2 + 2 + 3
    assert stream.prepared[:-1] == stream.asked[1:]  # what was prepared is what came next, always


def test_following_a_generator_batch_without_critic() -> None:
    assert following(Key("generator", 4), CONTENT) == Key("generator", 5)
