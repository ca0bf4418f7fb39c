"""The meter on critics whose answers are known."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from tests.training.conftest import Make, waves
from wassr.data.stream import Batch, Key
from wassr.models.build import Generator
from wassr.networks.critics import CRITICS
from wassr.pixels.resize import shrink
from wassr.training import make
from wassr.training.adversarial import Adversary, randomness
from wassr.training.adversarial_loss import AdversarialLoss
from wassr.training.guard import Caution
from wassr.training.meter import CROPS, LAG_STEPS, Meter, held_out
from wassr.training.recipe import AdversarialStage
from wassr.training.state import State
from wassr.training.step import sum_of
from wassr.training.validation import Pair

SPEC = AdversarialStage(steps=1, batch=8, crop=32, adversarial=AdversarialLoss(penalty="gradient", penalty_weight=10))
Crops = Callable[[Key], Batch]


def pairs(count: int = 2, height: int = 48, width: int = 64) -> list[Pair]:
    highs = [waves(height, width, i) for i in range(count)]
    return [Pair(str(i), shrink(high, 4), high) for i, high in enumerate(highs)]


def random_crops(key: Key) -> Batch:
    """Other noise for every key, of the same kind as the held-out pictures below."""
    seed = 7919 * key.step + 101 * key.sub + (3 if key.role == "meter" else 1)
    high = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(seed))
    return Batch(torch.nn.functional.avg_pool2d(high, 4), high)


def noise_pairs(count: int) -> list[Pair]:
    highs = [
        (255 * torch.rand(32, 32, 3, generator=torch.Generator().manual_seed(10_000 + i))).byte().numpy()
        for i in range(count)
    ]
    return [Pair(str(i), shrink(high, 4), high) for i, high in enumerate(highs)]


class Sharpness(nn.Module):
    """Knows real from enlarged pictures: the energy between neighbours, times `sign`; or a constant for sign 0."""

    def __init__(self, sign: float) -> None:
        super().__init__()
        self.sign = sign
        self.norm = nn.BatchNorm1d(1)  # must stay as it is

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        assert low is not None
        assert low.shape[-1] * 4 == picture.shape[-1]
        return self.sign * picture.diff(dim=-1).abs().mean((1, 2, 3)) + 0.125


class Wide(nn.Module):
    """Enough parameters to know eight crops by heart."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        return self.layers(picture).flatten()


class Zero(nn.Module):
    def forward(self, low: Tensor) -> Tensor:
        return low.new_zeros(low.shape[0], 3, 4 * low.shape[2], 4 * low.shape[3])


def state_of(critic: nn.Module, step: int = 0) -> State:
    """A generator that enlarges by bicubic, and a critic with its optimiser."""
    generator = Generator(Zero(), "bicubic", 4)
    parameters = list(critic.parameters()) or [nn.Parameter(torch.zeros(1))]
    optimizer = torch.optim.Adam(parameters, 1e-3, betas=(0.0, 0.9))
    return State("adversarial", 0, generator, generator, optimizer, critic, optimizer, step=step)


def meter_of(spec: AdversarialStage = SPEC, held: list[Pair] | None = None, crops: Crops = random_crops) -> Meter:
    return Meter(spec, held or pairs(), 4, crops, {"start": state_of(Sharpness(1)).generator})


@pytest.mark.parametrize(("sign", "expected"), [(1.0, 1.0), (-1.0, 0.0), (0.0, 0.5)])
def test_separation_of_known_critics(sign: float, expected: float) -> None:
    critic = Sharpness(sign).train()
    values = meter_of()(state_of(critic))
    assert values["critic/separation"] == expected
    gap = values["critic/gap_heldout"]
    assert gap == 0 if sign == 0 else gap * sign > 0.005
    assert values["critic/anchor_start"] == pytest.approx(values["critic/wasserstein"])  # the generator is the start
    assert not {"critic/saturation", "critic/lag", "critic/memorising"} & set(values)
    assert critic.training
    assert int(critic.norm.num_batches_tracked or 0) == 0


def test_saturation_is_told_where_weights_are_clipped() -> None:
    spec = SPEC.model_copy(update={"adversarial": AdversarialLoss(clip=0.01)})
    critic = CRITICS["lean"](width=8)
    for value, expected in ((0.01, 1), (0.005, 0)):
        with torch.no_grad():
            for p in critic.parameters():
                p.fill_(value)
        assert meter_of(spec)(state_of(critic))["critic/saturation"] == expected


def test_crops_are_aligned_pairs_and_limited() -> None:
    low, high = held_out(pairs(40), 32, 4)
    assert high.shape == (CROPS, 3, 32, 32)
    assert low.shape == (CROPS, 3, 8, 8)
    again = torch.nn.functional.avg_pool2d(high, 4)
    assert float((again - low).abs().mean()) < 0.05  # the same place in both
    assert held_out(pairs(1, 32, 32), 32, 4)[1].shape[0] == 1
    one = held_out(pairs(1), 32, 4)[1]
    assert one.shape[0] == 3  # the middle and two corners
    assert not torch.equal(one[0], one[1])


def test_middles_come_before_corners() -> None:
    high = held_out(pairs(2), 32, 4)[1]
    assert torch.equal(high[1], held_out(pairs(2)[1:], 32, 4)[1][0])


def trained(state: State, loss: AdversarialLoss, crops: Crops, steps: int) -> None:
    adversary = Adversary(loss)
    critic, optimizer = state.critic_and_optimizer()
    for step in range(steps):
        batch = crops(Key("critic", step))
        with torch.no_grad():
            fake = state.generator(batch.low)
        judged = adversary.critic_loss(critic, batch.low, batch.high, fake, randomness(0, step, 0), step)
        optimizer.zero_grad()
        sum_of(judged.terms).backward()
        optimizer.step()


def test_a_critic_that_knows_its_crops_by_heart_is_found() -> None:
    """Real and generated are the same noise, so that there is nothing but the eight crops to learn."""

    def same_kind(key: Key) -> Batch:
        low = torch.rand(8, 3, 8, 8, generator=torch.Generator().manual_seed(1))
        jitter = 0.2 * (torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(2)) - 0.5)
        return Batch(low, Generator(Zero(), "bicubic", 4)(low) + jitter)

    loss = AdversarialLoss(objective="vanilla")
    held = []
    for i in range(48):
        source = torch.Generator().manual_seed(500 + i)
        low = (255 * torch.rand(8, 8, 3, generator=source)).byte()
        wide = Generator(Zero(), "bicubic", 4)((low / 255).permute(2, 0, 1)[None])[0].permute(1, 2, 0)
        high = 255 * (wide + 0.2 * (torch.rand(32, 32, 3, generator=source) - 0.5))
        held.append(Pair(str(i), low.numpy(), high.clamp(0, 255).byte().numpy()))
    torch.manual_seed(0)
    state = state_of(Wide(), step=1)
    trained(state, loss, same_kind, 60)
    spec = SPEC.model_copy(update={"adversarial": loss})
    assert meter_of(spec, held, same_kind)(state)["critic/memorising"] > 0.9


def test_a_critic_that_has_learnt_the_task_does_not_memorise() -> None:
    torch.manual_seed(0)
    state = state_of(CRITICS["lean"](width=8), step=1)
    trained(state, SPEC.adversarial, random_crops, 150)
    assert meter_of(held=noise_pairs(48))(state)["critic/memorising"] < 0.2


def test_memory_is_tried_on_the_crops_that_were_learnt_from_last() -> None:
    asked: list[Key] = []

    def remembered(key: Key) -> Batch:
        asked.append(key)
        return random_crops(key)

    loss = SPEC.adversarial.model_copy(update={"critic_steps": 3})
    state = state_of(CRITICS["lean"](width=8), step=4)
    state.caution, _ = Caution().after(2, has_penalty=False)  # its first crops were refused
    meter_of(SPEC.model_copy(update={"adversarial": loss}), noise_pairs(24), remembered)(state)
    learnt = [key for key in asked if key.role == "critic"]
    assert [(key.sub, key.attempt) for key in learnt if key.step == 2] == [(2, 1)]
    assert {(key.sub, key.attempt) for key in learnt if key.step != 2} == {(2, 0)}


@pytest.mark.parametrize("objective", ["wasserstein", "vanilla"])
def test_lag_falls_as_the_critic_learns(objective: str) -> None:
    loss = SPEC.adversarial if objective == "wasserstein" else AdversarialLoss(objective="vanilla")
    meter = meter_of(SPEC.model_copy(update={"adversarial": loss}), noise_pairs(24))
    torch.manual_seed(0)
    state = state_of(CRITICS["lean"](width=8), step=1)
    fresh = meter(state)
    trained(state, loss, random_crops, 150)
    later = meter(state)
    assert fresh["critic/lag"] > 0.25
    assert abs(later["critic/lag"]) < 0.25
    if objective == "wasserstein":
        assert later["critic/wasserstein"] > fresh["critic/wasserstein"]
        assert later["critic/wasserstein"] <= later["critic/ceiling"] * 1.02


def test_a_frozen_critic_has_no_lag() -> None:
    state = state_of(CRITICS["lean"](width=8).requires_grad_(False), step=1)
    assert "critic/lag" not in meter_of()(state)


def test_a_critic_whose_steps_are_refused_has_no_lag() -> None:
    state = state_of(CRITICS["lean"](width=8), step=1)
    assert "critic/lag" not in meter_of(crops=_broken)(state)  # its steps are refused


def _broken(key: Key) -> Batch:
    made = random_crops(key)
    return Batch(made.low, made.high * float("nan")) if key.role == "meter" else made


def test_lag_asks_for_crops_of_its_own() -> None:
    asked: list[Key] = []

    def crops(key: Key) -> Batch:
        asked.append(key)
        return random_crops(key)

    state = state_of(CRITICS["lean"](width=8), step=9)
    meter_of(crops=crops)(state)
    assert [key for key in asked if key.role == "meter"] == [Key("meter", 9, k) for k in range(LAG_STEPS)]
    assert [key.step for key in asked if key.role == "critic"] == [3, 4, 5, 6, 7, 8]  # 48 crops in batches of 8


def test_measuring_changes_nothing(recipe: Make) -> None:
    whole = recipe(
        content={},
        adversarial={
            "critic": {"network": "vgg", "arguments": {"width": 4}},
            "adversarial": {"clip": 0.01, "weight": 1},
        },
    )
    state = make.new_state(whole, "adversarial", make.new_generator(whole), 0.0, 0)
    state.step = 3
    critic, optimizer = state.critic_and_optimizer()
    critic(torch.rand(4, 3, 32, 32))
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    spec = make.stage_of(whole, "adversarial")
    assert isinstance(spec, AdversarialStage)
    meter = Meter(spec.model_copy(update={"batch": 8}), pairs(), 4, random_crops, {})
    first, second = meter(state), meter(state)
    assert first == second
    assert all(torch.equal(value, before[name]) for name, value in critic.state_dict().items())
    assert all(p.grad is None for p in critic.parameters())
    assert not optimizer.state
    assert state.generator.training


SMALL = 8  # side of the crops whose distance is known
TILTED = torch.linspace(-0.1, 0.3, 3 * SMALL**2).view(3, SMALL, SMALL)


class Flat(nn.Module):
    """One hidden layer for small crops."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(3 * SMALL**2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        return self.layers(picture).flatten()


class Shifted(nn.Module):
    """Of scale 1: its results are its inputs, moved."""

    def __init__(self, shift: Tensor) -> None:
        super().__init__()
        self.shift = shift

    def forward(self, low: Tensor) -> Tensor:
        return low - self.shift


def gaussians(count: int, seed: int) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    return (0.5 + 0.1 * torch.randn(count, 3, SMALL, SMALL, generator=source)).clamp(0, 1)


def cuttings(count: int, seed: int) -> Tensor:
    whole = torch.from_numpy(waves(96, 96, 3)).permute(2, 0, 1) / 255
    places = torch.randint(0, 96 - SMALL, (count, 2), generator=torch.Generator().manual_seed(seed)).tolist()
    return torch.stack([whole[:, top : top + SMALL, left : left + SMALL] for top, left in places])


# what is real, and what the generator moves: Gaussians of another draw, so that the ceiling is far above the distance;
# or the pictures themselves, since samples of other pictures differ by more than the shift
KNOWN = {"gaussians": (gaussians, 50_000_000), "pictures": (cuttings, 0)}


def known_meter(kind: str, loss: AdversarialLoss) -> tuple[Meter, Crops]:
    draw, apart = KNOWN[kind]

    def crops(key: Key) -> Batch:
        seed = 7919 * key.step + 101 * key.sub + (3 if key.role == "meter" else 1)
        return Batch(draw(64, seed + apart), draw(64, seed))

    low, high = (
        [(255 * crop).round().byte().permute(1, 2, 0).numpy() for crop in draw(48, 10_000_000 + seed)]
        for seed in (apart, 0)
    )
    held = [Pair(str(i), *pair) for i, pair in enumerate(zip(low, high, strict=True))]
    spec = SPEC.model_copy(update={"crop": SMALL, "batch": 64, "adversarial": loss})
    return Meter(spec, held, 1, crops, {}), crops


@pytest.mark.parametrize("shift", [torch.full_like(TILTED, 0.1), TILTED], ids=["even", "tilted"])
@pytest.mark.parametrize("penalty", ["gradient", "gradient-one-sided"])
@pytest.mark.parametrize("kind", KNOWN)
def test_the_distance_is_right_once_the_lag_is_small_and_too_short_before(
    kind: str, penalty: str, shift: Tensor
) -> None:
    """A distribution moved by a vector is as far away as the vector is long."""
    true = 255 * float(shift.norm()) / shift.numel() ** 0.5
    loss = AdversarialLoss(penalty=penalty, penalty_weight=10)  # type: ignore[arg-type]
    meter, crops = known_meter(kind, loss)
    torch.manual_seed(0)
    state = state_of(Flat(), step=1)
    state.generator = Shifted(shift)  # type: ignore[assignment]
    state.critic_optimizer = torch.optim.Adam(state.critic_and_optimizer()[0].parameters(), 2e-3, betas=(0.0, 0.9))
    early, late = [], []
    for steps in (2, 3, 5, 10, 20, 40):
        trained(state, loss, lambda key: crops(Key(key.role, 1000 * state.step + key.step)), steps)
        state.step += 1
        found = meter(state)
        assert found["critic/wasserstein"] <= found["critic/ceiling"] * 1.02
        if found["critic/lag"] > 0.25:
            early.append(found["critic/wasserstein"])
        elif abs(found["critic/lag"]) < 0.05:
            late.append(found["critic/wasserstein"])
    assert early
    assert max(early) < 0.9 * true
    assert len(late) >= 2
    assert late == pytest.approx([true] * len(late), rel=0.1)


def test_the_distance_of_a_clipped_critic_is_its_own_once_the_lag_is_small() -> None:
    """|w| <= c: at its best w = c sign(shift), which reads 255 mean |shift|, less than the distance."""

    class Linear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(1e-4 * torch.randn(3, SMALL, SMALL))

        def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
            return (picture * self.weight).sum((1, 2, 3))

    loss = AdversarialLoss(clip=0.01, clip_what="all")
    meter, crops = known_meter("gaussians", loss)
    torch.manual_seed(0)
    state = state_of(Linear(), step=1)
    state.generator = Shifted(TILTED)  # type: ignore[assignment]
    adversary = Adversary(loss)
    found = meter(state)
    known = 255 * float(TILTED.abs().mean())
    assert found["critic/lag"] > 0.25
    assert found["critic/wasserstein"] < 0.5 * known
    for step in range(60):
        trained(state, loss, lambda key, step=step: crops(Key("critic", step)), 1)  # type: ignore[misc]
        adversary.constrain(state.critic_and_optimizer()[0])
    found = meter(state)
    assert abs(found["critic/lag"]) < 0.05
    assert found["critic/wasserstein"] == pytest.approx(known, rel=0.05)


def test_held_out_crops_say_their_quality_to_those_who_want_it() -> None:
    found = [replace(pair, quality=quality) for pair, quality in zip(pairs(2), (30, 100), strict=True)]
    low, high = held_out(found, 32, 4, quality_plane=True)
    plain, same = held_out(found, 32, 4)
    assert torch.equal(low[:, :3], plain)
    assert torch.equal(high, same)
    assert torch.allclose(low[:2, 3].amax((1, 2)), torch.tensor([0.3, 1.0]))
