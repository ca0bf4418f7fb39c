"""AdversarialLoss at work: distances that are known, the ratio, the checks, the 2018 code's collapse."""

import math

import pytest
import torch
from torch import Tensor, nn

from wassr.networks.critics import CRITICS
from wassr.training.adversarial import Adversary, check, cosine, randomness, ratio
from wassr.training.adversarial_loss import PRESETS, AdversarialLoss
from wassr.training.descent import Optimizer
from wassr.training.guard import Norms
from wassr.training.lipschitz import clip, gradient_norms
from wassr.training.optimizers import OPTIMIZERS
from wassr.training.step import descend, total

RMSPROP, ADAM = Optimizer(kind="rmsprop", rate=5e-5), Optimizer(kind="adam", rate=1e-4, betas=(0.0, 0.9))


class Linear(nn.Module):
    """D(x) = w . x + b, or with hidden layers, on (N, 1, 1, d)."""

    def __init__(self, d: int, hidden: int = 0) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Linear(d, 1)]
        if hidden:
            layers = [nn.Linear(d, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, hidden), nn.LeakyReLU(0.2)]
            layers += [nn.Linear(hidden, 1)]
        self.layers = nn.Sequential(nn.Flatten(), *layers)

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        return self.layers(picture).flatten()  # type: ignore[no-any-return]


def trained(spec: AdversarialLoss, critic: nn.Module, optimizer: Optimizer, shift: Tensor, steps: int) -> float:
    """Train the critic by the real code on N(0, 1) against N(shift, 1) for real; its gap on the means then."""
    adversary, descent = Adversary(spec), OPTIMIZERS[optimizer.kind](critic.parameters(), optimizer)
    source = torch.Generator().manual_seed(0)
    for step in range(steps):
        real, fake = (torch.randn(64, 1, 1, len(shift), generator=source) for _ in range(2))
        judged = adversary.critic_loss(critic, real, real + shift, fake, randomness(0, step, 0))
        descend(descent, critic, total(judged.terms), "critic", None, Norms())
        adversary.constrain(critic)
        if spec.clip is not None:
            assert all(float(p.detach().abs().max()) <= spec.clip * (1 + 1e-6) for p in critic.parameters())
    real, fake = (torch.randn(4096, 1, 1, len(shift), generator=source) for _ in range(2))
    with torch.no_grad():
        return float(critic(fake + shift).mean() - critic(fake).mean())


@pytest.mark.parametrize("c", [0.01, 0.1])
def test_a_clipped_linear_critic_reaches_c_times_the_l1_norm(c: float) -> None:
    shift = torch.tensor([0.7, -0.2, 1.1, 0.4])
    critic = Linear(4)
    gap = trained(AdversarialLoss(clip=c), critic, Optimizer(kind="rmsprop", rate=c / 5), shift, 100)
    assert gap == pytest.approx(c * float(shift.abs().sum()), rel=0.02)
    slope = float(gradient_norms(critic, torch.zeros(1, 1, 1, 4), create_graph=False))
    assert slope == pytest.approx(c * 2, rel=0.02)  # c sqrt(d)
    assert gap / slope == pytest.approx(float(shift.abs().sum()) / math.sqrt(4), rel=0.05)


@pytest.mark.parametrize("penalty", ["gradient", "gradient-one-sided"])
def test_a_penalised_critic_reads_the_distance_after_division_by_its_slope(penalty: str) -> None:
    torch.manual_seed(0)
    shift = torch.tensor([0.9, -0.6, 1.2])
    critic = Linear(3)
    spec = AdversarialLoss(penalty=penalty, penalty_weight=10)  # type: ignore[arg-type]
    gap = trained(spec, critic, Optimizer(kind="adam", rate=2e-2, betas=(0.0, 0.9)), shift, 300)
    slope = float(gradient_norms(critic, torch.zeros(1, 1, 1, 3), create_graph=False))
    assert slope == pytest.approx(1 + float(shift.norm()) / 20, rel=0.03)  # where -gap + 10 (|w| - 1)^2 is least
    assert gap / slope == pytest.approx(float(shift.norm()), rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("penalty", ["gradient", "gradient-one-sided"])
def test_a_penalised_network_reads_the_distance_too(penalty: str) -> None:
    torch.manual_seed(0)
    shift = torch.tensor([3.0, -2.0])
    critic = Linear(2, hidden=16)
    spec = AdversarialLoss(penalty=penalty, penalty_weight=10)  # type: ignore[arg-type]
    gap = trained(spec, critic, Optimizer(kind="adam", rate=5e-3, betas=(0.0, 0.9)), shift, 400)
    way = torch.linspace(0, 1, 21).view(-1, 1, 1, 1) * shift
    slope = float(gradient_norms(critic, way, create_graph=False).mean())
    assert gap / slope == pytest.approx(float(shift.norm()), rel=0.05)


def test_the_gap_is_positive_where_the_critic_tells_them_apart() -> None:
    critic = Linear(2)
    with torch.no_grad():
        critic.layers[1].weight.fill_(1.0)
    real, fake = torch.ones(3, 1, 1, 2), torch.zeros(3, 1, 1, 2)
    judged = Adversary(PRESETS["wgan-clip"]).critic_loss(critic, real, real, fake, randomness(0, 0, 0))
    assert float(judged.gap) == 2
    assert float(judged.terms["objective"].detach()) == -2
    assert list(judged.terms) == ["objective"]
    judged = Adversary(PRESETS["wgan-gp"]).critic_loss(critic, real, real, fake, randomness(0, 0, 0))
    assert float(judged.terms["penalty"].detach()) == pytest.approx(10 * (2**0.5 - 1) ** 2, rel=1e-5)


def image_gradient(critic: nn.Module, pictures: Tensor) -> float:
    return float(gradient_norms(critic, pictures, create_graph=False).mean())


def test_clipping_batch_normalisation_too_kills_the_gradient_as_in_2018() -> None:
    """Facts 0.1: with every variable clipped, BatchNorm scales near 1 fall to 0.01 in each of many layers."""
    pictures = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    norms = {}
    for what in ("weights", "all"):
        torch.manual_seed(0)
        critic = CRITICS["dcgan"](crop=64, width=4)
        before = image_gradient(critic, pictures)
        clip(critic, 0.01, what)
        norms[what] = image_gradient(critic, pictures)
    assert norms["weights"] / norms["all"] > 100
    assert norms["weights"] > before / 100


def test_ratio_and_cosine() -> None:
    pull, push = torch.tensor([3.0, 0.0]), torch.tensor([3.0, 3.0])
    assert ratio(pull, 2 * push) == pytest.approx(2 * ratio(pull, push))
    assert ratio(pull, pull) == pytest.approx(1)
    assert ratio(pull, 0 * push) == 0
    assert cosine(pull, push) == pytest.approx(2**-0.5)
    assert cosine(pull, -pull) == pytest.approx(-1)
    assert cosine(pull, 0 * pull) == 0
    assert math.isfinite(ratio(0 * pull, push))


@pytest.mark.parametrize("k", [0.25, 3.0])
@pytest.mark.parametrize("objective", ["wasserstein", "hinge"])
def test_a_critics_last_layer_scales_the_ratio(objective: str, k: float) -> None:
    torch.manual_seed(0)
    critic = CRITICS["lean"](width=8)
    high, fake = torch.rand(2, 2, 3, 16, 16)
    adversary = Adversary(AdversarialLoss(objective=objective, clip=0.01))  # type: ignore[arg-type]

    def measured() -> float:
        y = fake.clone().requires_grad_(True)
        (pull,) = torch.autograd.grad((y - high).square().mean(), y)
        (push,) = torch.autograd.grad(adversary.generator_loss(critic, high, high, y), y)
        return ratio(pull, push)

    before = measured()
    with torch.no_grad():
        for parameter in critic.layers[-1].parameters():  # type: ignore[union-attr,index]
            parameter.mul_(k)
    assert before > 0
    assert measured() == pytest.approx(k * before, rel=1e-5)


@pytest.mark.parametrize("scale", [1e-3, 50.0])
def test_the_controller_reaches_its_ratio_within_a_few_hundred_steps(scale: float) -> None:
    adversary = Adversary(PRESETS["wgan-gp"].model_copy(update={"weight": None, "ratio": 0.5}))
    pull, push = torch.full((8,), 0.1), torch.full((8,), scale)
    weight = adversary.weigh(adversary.first_weight(), pull, push)
    assert ratio(pull, weight * push) == pytest.approx(0.5)  # right at once, however steep a fresh critic is
    weight *= 20
    seen = []
    for _ in range(400):
        weight = adversary.weigh(weight, pull, push)
        seen.append(ratio(pull, weight * push))
    assert seen[-1] == pytest.approx(0.5, rel=0.01)
    deviation = abs(math.log(seen[100] / 0.5)) / abs(math.log(seen[0] / 0.5))
    assert deviation < 0.1  # the time constant: most of it is gone after 100 steps


def test_the_controller_stays_in_bounds_and_holds_where_nothing_is_said() -> None:
    adversary = Adversary(PRESETS["wgan-gp"].model_copy(update={"weight": None, "ratio": 1.0}))
    one, zero = torch.ones(4), torch.zeros(4)
    assert adversary.weigh(3.0, one, zero) == 3.0
    assert adversary.weigh(3.0, zero, one) == 3.0
    weight = 1.0
    for _ in range(1000):
        weight = adversary.weigh(weight, one, 1e-9 * one)
    assert weight == 1e4
    fixed = Adversary(PRESETS["srgan"])
    assert fixed.weigh(fixed.first_weight(), one, 50 * one) == 1e-3


def problems(spec: AdversarialLoss, critic: nn.Module, optimizer: Optimizer) -> tuple[list[str], list[str]]:
    found = check(spec, critic, optimizer)
    return [p.message for p in found if p.fatal], [p.message for p in found if not p.fatal]


def test_check_refuses_what_cannot_be() -> None:
    fatal, _ = problems(PRESETS["wgan-gp"], CRITICS["vgg"](crop=32, width=8), ADAM)
    assert len(fatal) == 1
    assert "set adversarial.critic.arguments.normalisation to layer or none" in fatal[0]
    for normalisation in ("layer", "none"):
        assert problems(PRESETS["wgan-gp"], CRITICS["vgg"](crop=32, width=8, normalisation=normalisation), ADAM) == (
            [],
            [],
        )
    fatal, _ = problems(PRESETS["srgan"], nn.Sequential(CRITICS["lean"](), nn.Sigmoid()), ADAM)
    assert "sigmoid" in fatal[0]
    assert "remove it" in fatal[0]


def test_a_clip_cannot_bound_what_spectral_norm_divides_again() -> None:
    fatal, _ = problems(PRESETS["wgan-clip"], CRITICS["unet"](width=8), RMSPROP)
    assert "set adversarial.critic.arguments.spectral: false" in fatal[0]
    assert problems(PRESETS["wgan-clip"], CRITICS["unet"](width=8, spectral=False), RMSPROP) == ([], [])


def test_check_warns_of_what_is_doubtful() -> None:
    critic = CRITICS["vgg"](crop=32, width=8, normalisation="layer")
    assert problems(PRESETS["wgan-clip"], critic, RMSPROP) == ([], [])
    for optimizer in (Optimizer(kind="adam", betas=(0.9, 0.99)), Optimizer(kind="rmsprop", momentum=0.9)):
        fatal, doubtful = problems(PRESETS["wgan-clip"], critic, optimizer)
        assert not fatal
        assert "use kind: rmsprop, momentum: 0" in doubtful[0]
    fatal, doubtful = problems(PRESETS["wgan-clip-all"], critic, RMSPROP)
    assert not fatal
    assert "use clip_what: weights" in doubtful[0]
    assert problems(PRESETS["wgan-clip-all"], CRITICS["lean"](), RMSPROP) == ([], [])
    with_batches = CRITICS["vgg"](crop=32, width=8)
    assert problems(PRESETS["srgan"], with_batches, Optimizer(betas=(0.9, 0.999))) == ([], [])
    fatal, doubtful = problems(PRESETS["hinge-sn"], critic, ADAM)
    assert not fatal
    assert "set adversarial.critic.arguments.normalisation to none" in doubtful[0]
    assert problems(PRESETS["hinge-sn"], CRITICS["lean"](), ADAM) == ([], [])


def test_randomness_is_a_function_of_the_step() -> None:
    def numbers(*key: int) -> Tensor:
        return torch.rand(1000, generator=randomness(*key))

    first = numbers(0, 5, 1)
    assert torch.equal(first, numbers(0, 5, 1))
    for other in (numbers(1, 5, 1), numbers(0, 6, 1), numbers(0, 5, 2)):
        assert not torch.equal(first, other)


def test_a_lazy_penalty_costs_the_same_on_average() -> None:
    critic, spec = Linear(2), PRESETS["rpgan-r1r2"]
    assert spec.penalty_interval == 4
    real, fake = torch.ones(3, 1, 1, 2), torch.zeros(3, 1, 1, 2)
    paid = []
    for turn in range(8):
        terms = Adversary(spec).critic_loss(critic, real, real, fake, randomness(0, 0, 0), turn).terms
        paid.append(float(terms["penalty"].detach()) if "penalty" in terms else 0.0)
    assert [value > 0 for value in paid] == [False, False, False, True] * 2
    once = Adversary(spec.model_copy(update={"penalty_interval": 1}))
    always = float(once.critic_loss(critic, real, real, fake, randomness(0, 0, 0)).terms["penalty"].detach())
    assert sum(paid) / 8 == pytest.approx(always)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_gives_a_voice_that_pulls_towards_higher_scores(name: str) -> None:
    torch.manual_seed(0)
    critic, adversary = Linear(4, hidden=8), Adversary(PRESETS[name])
    adversary.build(critic)
    real, fake = torch.rand(5, 1, 1, 4), torch.rand(5, 1, 1, 4, requires_grad=True)
    (push,) = torch.autograd.grad(adversary.generator_loss(critic, real, real, fake), fake)
    with torch.no_grad():
        before, after = (critic(fake - k * push).mean() for k in (0.0, 0.1))
    assert float(after) > float(before)


def dirac(spec: AdversarialLoss, steps: int = 4000, rate: float = 0.02) -> float:
    """Dirac-GAN (Mescheder 2018): data at 0, generator at theta, critic D(x) = psi x, from theta = 1, psi = 0; the
    distance of (theta, psi) from the solution (0, 0) at the end."""
    critic, theta = Linear(1), torch.tensor([1.0])
    psi = critic.layers[1].weight
    nn.init.zeros_(psi)
    critic.layers[1].bias = None
    adversary, real = Adversary(spec), torch.zeros(1, 1, 1, 1)
    descent = torch.optim.SGD(critic.parameters(), rate)
    for step in range(steps):
        fake = theta.view(1, 1, 1, 1)
        judged = adversary.critic_loss(critic, real, real, fake, randomness(0, step, 0), step)
        descend(descent, critic, total(judged.terms), "critic", None, Norms())
        y = fake.clone().requires_grad_(True)
        (push,) = torch.autograd.grad(adversary.generator_loss(critic, real, real, y), y)
        theta = theta - rate * push.flatten()
    return math.hypot(float(theta), float(psi.detach()))


def test_dirac_gan_circles_without_a_penalty() -> None:
    assert dirac(AdversarialLoss(clip=100)) == pytest.approx(1, abs=0.05)  # Wasserstein, its bound never met


@pytest.mark.parametrize("objective", ["vanilla", "relativistic-pairing"])
def test_dirac_gan_converges_with_r1(objective: str) -> None:
    """Without, the square of the distance shrinks as 2 psi theta tanh(psi theta / 2) only: to 0.3 in these steps."""
    free = AdversarialLoss(objective=objective)  # type: ignore[arg-type]
    ruled = AdversarialLoss(objective=objective, penalty="r1", penalty_weight=0.5)  # type: ignore[arg-type]
    assert dirac(free, 2000) > 0.3
    assert dirac(ruled, 2000) < 0.01


def test_matching_is_zero_for_equal_pictures_and_weighted() -> None:
    torch.manual_seed(0)
    critic = CRITICS["lean"](width=8)
    high = torch.rand(2, 3, 16, 16)
    fake = (high + 0.1).requires_grad_(True)
    spec = AdversarialLoss(clip=0.01, matching=2.0)
    one, two = (Adversary(spec.model_copy(update={"matching": m})).matching(critic, high, high, fake) for m in (1, 2))
    assert float(two["matching"].detach()) == pytest.approx(2 * float(one["matching"].detach()))
    (gradient,) = torch.autograd.grad(two["matching"], fake)
    assert bool(gradient.any())
    assert float(Adversary(spec).matching(critic, high, high, high)["matching"].detach()) == 0
    assert Adversary(AdversarialLoss(clip=0.01)).matching(critic, high, high, fake) == {}


def test_in_bfloat16_the_penalty_stays_in_float32() -> None:
    torch.manual_seed(0)
    critic = CRITICS["lean"](width=8)
    high, fake, low = torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16), torch.rand(2, 3, 4, 4)
    exact, half = (
        Adversary(PRESETS["wgan-gp"], flag).critic_loss(critic, low, high, fake, randomness(0, 0, 0))
        for flag in (False, True)
    )
    assert torch.equal(exact.terms["penalty"], half.terms["penalty"])
    assert not torch.equal(exact.gap, half.gap)
    assert float(half.gap) == pytest.approx(float(exact.gap), abs=0.01)
