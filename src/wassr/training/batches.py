"""Which crops a step gets, which ones are prepared meanwhile, and what the step spends its time on."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from wassr.data.folders import Pictures
from wassr.data.stream import Batch, Key, Results, Role, Stream
from wassr.networks.facts import QUALITY_PLANE
from wassr.training.clock import Clock
from wassr.training.recipe import AdversarialStage, Recipe, Stage


def stream_of(recipe: Recipe, spec: Stage, pictures: Pictures, taught: Results | None = None) -> Stream:
    """The stream that a stage of a recipe learns from. taught: what its teacher made of the pictures before."""
    return Stream(
        pictures,
        recipe.generator.scale,
        spec.crop,
        spec.batch,
        recipe.seed,
        luma=recipe.generator.channels == "y",
        candidates=recipe.data.candidates,
        workers=recipe.data.workers,
        degradations=recipe.data.degradations,
        jpeg=recipe.data.jpeg,
        quality_plane=bool(recipe.generator.arguments.get(QUALITY_PLANE, False)),
        taught=taught,
    )


class StepBatches:
    """The crops of one generator step, by role and sub-step; the clock is turned to whom they are for.

    teach says what the content loss is to find; critics see the originals. attempt: other crops, after those of the
    step before were refused. latest: the crops of each role as the step got them, asked: their keys, for whoever asks
    what was wrong.
    The clock then knows the seconds waiting for crops ("data"), for the teacher, and of work on the crops between one
    request and the next: a critic's step with the results that it judges, the generator's with the critic's opinion.
    """

    def __init__(
        self,
        stream: Stream,
        step: int,
        spec: Stage,
        teach: Callable[[Batch], Batch] = lambda batch: batch,
        attempt: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self.stream, self.step, self.spec, self.teach, self.attempt = stream, step, spec, teach, attempt
        self.latest: dict[Role, Batch] = {}
        self.asked: dict[Role, Key] = {}
        self.clock = clock or Clock()
        self.clock.restart()

    def __call__(self, role: Role, sub: int = 0) -> Batch:
        self.clock.turn_to("data")
        key = Key(role, self.step, sub, self.attempt)
        batch = self.stream(key, coming(key, self.spec))
        if role == "generator":
            if self.spec.teacher:
                self.clock.turn_to("teacher")
            batch = self.teach(batch)
        self.latest[role], self.asked[role] = batch, key
        self.clock.turn_to(role)
        return batch

    def samples(self, role: Role, items: Collection[int] | None = None) -> str:
        """The latest crops of a role in words, or some of them: pictures, and the corners on them.

        They are drawn once more, so a step that nobody asks about pays nothing for its answer.
        """
        corners: dict[str, list[str]] = {}
        for item, place in enumerate(self.stream.places(self.asked[role])):
            if items is None or item in items:
                corners.setdefault(self.stream.pictures.names[place.picture], []).append(
                    f"x {place.left} y {place.top}"
                )
        return f"the {role}'s crops " + ", ".join(f"{name} ({', '.join(found)})" for name, found in corners.items())


def coming(key: Key, spec: Stage) -> Iterator[Key]:
    """The keys after `key`, without end."""
    while True:
        key = following(key, spec)
        yield key


def following(key: Key, spec: Stage) -> Key:
    """What the stage asks for after `key`: its critic steps, then the generator's, then the next step's."""
    if key.role == "critic":
        if key.sub + 1 < critic_steps(spec, key.step):
            return replace(key, sub=key.sub + 1)
        return Key("generator", key.step, attempt=key.attempt)
    return Key("critic", key.step + 1) if critic_steps(spec, key.step + 1) else Key("generator", key.step + 1)


def critic_steps(spec: Stage, step: int) -> int:
    """Critic steps before generator step `step`; none in a content stage."""
    return spec.adversarial.critic_steps_at(step) if isinstance(spec, AdversarialStage) else 0
