"""One step of each stage: what moves, what stands still, and what is refused before anything is applied."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from tests.training.conftest import Make
from wassr.models.build import enlarge, reduce
from wassr.networks.critics import CRITICS
from wassr.training import make
from wassr.training.adversarial import Adversary
from wassr.training.adversarial_loss import AdversarialLoss
from wassr.training.guard import Norms, NotFinite
from wassr.training.lipschitz import clipped_parameters
from wassr.training.losses import content_loss
from wassr.training.recipe import AdversarialStage
from wassr.training.state import State
from wassr.training.step import (
    Batches,
    Measured,
    adversarial_step,
    content_step,
    descend,
    frozen,
    statistics_still,
)

SRRESNET = {"network": "srresnet", "arguments": {"blocks": 1, "width": 8, "head": 3, "tail": 3}, "base": "none"}


def begin(recipe: Make, stage: str = "adversarial", **adversarial: object) -> State:
    whole = recipe(content={}, adversarial=adversarial, generator=SRRESNET)
    return make.new_state(whole, stage, make.new_generator(whole), 0.0, 0)


def weights(network: nn.Module | None) -> dict[str, Tensor]:
    assert network is not None
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def gan_step(state: State, batches: Batches, spec: AdversarialLoss, clip_norm: float | None = None) -> Measured:
    return adversarial_step(state, batches, content_loss(content(), 4), Adversary(spec), clip_norm)


def content():  # type: ignore[no-untyped-def]
    return AdversarialStage(steps=1).loss


GP = AdversarialLoss(penalty="gradient", penalty_weight=10, critic_steps=2)


def test_content_step_reduces_its_loss(recipe: Make, batches: Batches) -> None:
    state = begin(recipe, "content")
    seen = [content_step(state, batches, content_loss(content(), 4), None).values for _ in range(30)]
    assert seen[-1]["loss/l1"] < 0.9 * seen[0]["loss/l1"]
    assert set(seen[0]) == {"loss/l1", "norm/generator"}
    assert seen[0]["norm/generator"] > 0


def test_all_that_is_watched_has_a_name(recipe: Make, batches: Batches) -> None:
    values = gan_step(begin(recipe), batches, GP).values
    assert set(values) == {
        *("loss/l1", "loss/adversarial", "loss/critic", "loss/penalty"),
        *("critic/gap_training", "critic/ratio", "critic/cosine", "critic/weight"),
        *("norm/generator", "norm/critic"),
    }
    matched = gan_step(begin(recipe), batches, GP.model_copy(update={"matching": 0.5})).values
    assert matched["loss/matching"] > 0
    assert matched["norm/generator"] != values["norm/generator"]
    lazy = gan_step(begin(recipe), batches, GP.model_copy(update={"penalty_interval": GP.critic_steps})).values
    assert lazy["loss/penalty"] == pytest.approx(values["loss/penalty"], rel=0.2)  # not times its interval
    assert lazy["loss/critic"] == pytest.approx(-lazy["critic/gap_training"])
    without = gan_step(begin(recipe), batches, AdversarialLoss(clip=0.01)).values
    assert "loss/penalty" not in without
    assert without["loss/critic"] == pytest.approx(-without["critic/gap_training"])


def test_statistics_of_the_generator_move_once_in_a_step(recipe: Make, batches: Batches) -> None:
    state = begin(recipe)
    counts = [m for m in state.generator.modules() if isinstance(m, nn.BatchNorm2d)]
    assert counts
    reference = begin(recipe).generator.train()
    reference(batches("generator", 0).low)  # the only pass that counts
    gan_step(state, batches, GP.model_copy(update={"critic_steps": 5}))
    assert [int(m.num_batches_tracked) for m in counts if m.num_batches_tracked is not None] == [1] * len(counts)
    wanted = dict(reference.named_buffers())
    for name, buffer in state.generator.named_buffers():
        assert torch.equal(buffer, wanted[name]), name


def test_statistics_still_uses_the_batch_but_remembers_nothing() -> None:
    norm = nn.BatchNorm2d(3).train()
    x = torch.randn(4, 3, 5, 5) * 3 + 2
    before = weights(norm)
    with statistics_still(norm):
        made = norm(x)
    assert same(before, weights(norm))
    assert norm.track_running_stats
    assert torch.allclose(made.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)  # normalised by the batch
    norm(x)
    assert not same(before, weights(norm))


def test_the_generators_step_gives_the_critic_no_gradients(recipe: Make, batches: Batches) -> None:
    state = begin(recipe)
    critic, _ = state.critic_and_optimizer()
    adversary = Adversary(GP)
    crops = batches("generator", 0)
    y = state.generator(crops.low).detach().requires_grad_(True)
    with frozen(critic):
        voice = adversary.generator_loss(critic, crops.low, crops.high, y)
        assert not any(p.requires_grad for p in critic.parameters())
    assert all(p.requires_grad for p in critic.parameters())
    torch.autograd.grad(voice, y)
    assert all(p.grad is None for p in critic.parameters())


def test_the_generators_step_leaves_the_critic_alone(recipe: Make, batches: Batches) -> None:
    """A critic that does not learn in its own steps is the same afterwards, statistics included."""
    state = begin(
        recipe, critic={"network": "vgg", "arguments": {"width": 4}}, adversarial={"clip": 100.0, "weight": 1e-3}
    )
    critic, optimizer = state.critic_and_optimizer()
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    before = weights(critic)
    gan_step(state, batches, AdversarialLoss(clip=100.0))
    after = weights(critic)
    names = [name for name, _ in critic.named_parameters()]
    assert all(torch.equal(before[name], after[name]) for name in names)
    tracked = [value for name, value in after.items() if name.endswith("num_batches_tracked")]
    assert tracked
    assert all(int(value) == 2 for value in tracked)  # real and generated of the one critic step


@pytest.mark.parametrize("what", ["weights", "all"])
def test_the_clamp_holds_after_every_critic_step(
    recipe: Make, batches: Batches, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = AdversarialLoss(clip=0.01, clip_what=what, critic_steps=3)  # type: ignore[arg-type]
    state = begin(
        recipe, critic={"network": "vgg", "arguments": {"width": 4}}, adversarial={"clip": 0.01, "weight": 1e-3}
    )
    critic, _ = state.critic_and_optimizer()
    largest: list[float] = []
    wrapped = Adversary.constrain

    def constrain(self: Adversary, network: nn.Module) -> None:
        wrapped(self, network)
        largest.append(max(float(p.detach().abs().max()) for p in clipped_parameters(network, what)))

    monkeypatch.setattr(Adversary, "constrain", constrain)
    for _ in range(2):
        gan_step(state, batches, spec)
    assert len(largest) == 6
    assert max(largest) <= 0.01 * (1 + 1e-6)
    scales = [float(m.weight.detach().abs().max()) for m in critic.modules() if isinstance(m, nn.BatchNorm2d)]
    assert (max(scales) > 0.5) == (what == "weights")


def test_doubling_the_weight_doubles_the_ratio(recipe: Make, batches: Batches) -> None:
    ratios = []
    for weight in (0.25, 0.5):
        state = begin(recipe)
        state.weight = weight
        ratios.append(gan_step(state, batches, GP.model_copy(update={"weight": weight})).values["critic/ratio"])
    assert ratios[1] == pytest.approx(2 * ratios[0], rel=1e-5)
    assert ratios[0] > 0


@pytest.mark.parametrize("stage", ["content", "adversarial"])
def test_consistency_in_training_is_what_the_losses_see(recipe: Make, batches: Batches, stage: str) -> None:
    generator = {"network": "compact", "arguments": {"channels": 16, "blocks": 1}, "scale": 4}
    passes = {"consistency": 1, "consistency_in_training": True}
    seen: list[list[Tensor]] = []
    for own in ({}, passes):
        whole = recipe(content={}, adversarial={}, generator=generator | own)
        state = make.new_state(whole, stage, make.new_generator(whole), 0.0, 0)
        state.weight = GP.weight or 0.0
        taken: list[Tensor] = []

        def loss(made: Tensor, high: Tensor, taken: list[Tensor] = taken) -> dict[str, Tensor]:
            taken.append(made.detach())
            return {"l1": (made - high).abs().mean()}

        if stage == "content":
            content_step(state, batches, loss, None)
        else:
            critic, _ = state.critic_and_optimizer()
            critic.register_forward_hook(lambda module, given, made, taken=taken: taken.append(given[0].detach()))
            adversarial_step(state, batches, loss, Adversary(GP), None)
            taken[:] = [taken[1], taken[-2], taken[-1]]  # the first fake that it learns from; the loss; its opinion
        seen.append(taken)
    before, after = seen
    roles = ["generator"] if stage == "content" else ["critic", "generator", "generator"]
    for plain, made, role in zip(before, after, roles, strict=True):
        low = batches(role, 0).low  # type: ignore[arg-type]
        assert not torch.allclose(plain, made, atol=1e-4)
        assert torch.allclose(made, plain + enlarge(low - reduce(plain, 4), "bicubic", 4), atol=1e-5)


class Constant(nn.Module):
    """A critic that scores everything alike."""

    def __init__(self) -> None:
        super().__init__()
        self.score = nn.Parameter(torch.ones(()))

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        return 0 * picture.mean((1, 2, 3)) + self.score


def test_a_constant_critic_has_no_voice(recipe: Make, batches: Batches) -> None:
    state = begin(recipe)
    state.critic = Constant()
    state.critic_optimizer = torch.optim.SGD(state.critic.parameters(), 0.1)
    state.weight = 5.0
    values = gan_step(state, batches, GP.model_copy(update={"weight": None, "ratio": 1.0})).values
    assert values["critic/ratio"] == 0
    assert values["critic/cosine"] == 0
    assert values["critic/gap_training"] == 0
    assert values["critic/weight"] == 5.0


def test_both_gradients_meet_at_the_output(recipe: Make, batches: Batches) -> None:
    """The step equals one backward pass of content + weight * adversarial through the whole."""
    spec = AdversarialLoss(penalty="gradient", penalty_weight=10, weight=0.3)
    state, other = begin(recipe), begin(recipe)
    state.weight = 0.3
    for s in (state, other):
        s.critic_and_optimizer()[1].param_groups[0]["lr"] = 0.0
    gan_step(state, batches, spec)
    crops = batches("generator", 0)
    made = other.generator(crops.low)
    critic, _ = other.critic_and_optimizer()
    (content_loss(content(), 4)(made, crops.high)["l1"] - 0.3 * critic(made).mean()).backward()
    mine = {name: p.grad for name, p in state.generator.named_parameters()}
    for name, p in other.generator.named_parameters():
        assert p.grad is not None
        assert torch.allclose(p.grad, mine[name], atol=1e-6), name  # type: ignore[arg-type]


def spoiled() -> Iterator[tuple[str, str]]:
    yield "high", r"loss term l1 is nan"
    yield "generator", r"generator gradient is not finite, first in layer network\.head\.1\.weight"
    yield "critic", r"loss term objective is nan"
    yield "critic gradient", r"critic gradient is not finite, first in layer layers\.3\.weight"
    yield "voice", r"loss term adversarial is nan"


@pytest.mark.parametrize(("where", "words"), list(spoiled()))
def test_not_a_number_is_named_and_nothing_is_applied(recipe: Make, batches: Batches, where: str, words: str) -> None:
    state = begin(recipe)
    critic, _ = state.critic_and_optimizer()
    if where == "generator":
        state.generator.network.body[0].register_full_backward_hook(lambda m, i, o: (torch.full_like(i[0], torch.nan),))  # type: ignore[index,union-attr]
        first = next(n for n, _ in state.generator.named_parameters())
        assert not first.startswith("network.body")
    if where == "critic gradient":
        critic.layers[3].weight.register_hook(lambda g: torch.full_like(g, torch.inf))  # type: ignore[index,union-attr]

    def batch(role: str, sub: int = 0):  # type: ignore[no-untyped-def]
        crops = batches(role, sub)  # type: ignore[arg-type]
        if where == "high" and role == "generator":
            crops.high[0, 0, 0, 0] = torch.nan
        if where == "critic" and role == "critic":
            crops.high[0, 0, 0, 0] = torch.nan
        return crops

    before = {"generator": weights(state.generator), "critic": weights(critic)}
    spec = GP.model_copy(update={"critic_steps": 1})
    adversary = Adversary(spec)
    if where == "voice":
        object.__setattr__(adversary, "generator_loss", lambda *a: a[3].sum() * torch.nan)
    with pytest.raises(NotFinite, match=words):
        adversarial_step(state, batch, content_loss(content(), 4), adversary, None)
    parameters = [name for name, _ in state.generator.named_parameters()]
    after = weights(state.generator)
    assert all(torch.equal(before["generator"][name], after[name]) for name in parameters)
    assert state.weight == 0.0  # as before the first step
    if where.startswith("critic"):
        assert same(before["critic"], weights(critic))
    assert all(p.grad is None for p in state.generator.parameters())


def test_gradients_are_clipped_by_their_norm_and_the_norm_before_is_told() -> None:
    layer = nn.Linear(4, 1, bias=False)
    optimizer = torch.optim.SGD(layer.parameters(), 1.0)
    x = torch.ones(1, 4)
    before = layer.weight.detach().clone()
    assert descend(optimizer, layer, 10 * layer(x).sum(), "content", 0.5, Norms()) == pytest.approx(20)
    assert float((layer.weight - before).detach().norm()) == pytest.approx(0.5, rel=1e-3)
    assert descend(optimizer, layer, 10 * layer(x).sum(), "content", 100.0, Norms()) == pytest.approx(20)


@pytest.mark.parametrize("critic", CRITICS)
def test_every_critic_takes_a_step(recipe: Make, batches: Batches, critic: str) -> None:
    crop = 64 if critic == "dcgan" else 32
    state = begin(recipe)
    torch.manual_seed(0)
    state.critic = CRITICS[critic](crop=crop, width=4)
    state.critic_optimizer = torch.optim.RMSprop(state.critic.parameters(), 5e-5)

    def batch(role: str, sub: int = 0):  # type: ignore[no-untyped-def]
        crops = batches(role, sub)  # type: ignore[arg-type]
        grow = crop // 32
        return type(crops)(crops.low.repeat(1, 1, grow, grow), crops.high.repeat(1, 1, grow, grow))

    before = weights(state.critic)
    adversarial_step(state, batch, content_loss(content(), 4), Adversary(AdversarialLoss(clip=0.1)), None)
    assert not same(before, weights(state.critic))
