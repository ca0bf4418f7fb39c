"""Penalties and clipping against closed forms."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from wassr.networks.critics import CRITICS
from wassr.training.adversarial_loss import AdversarialLoss
from wassr.training.lipschitz import CONSTRAINTS, PENALTIES, clip, clipped_parameters, gradient_norms, saturation


def pictures(count: int = 3, seed: int = 0) -> tuple[Tensor, Tensor, torch.Generator]:
    g = torch.Generator().manual_seed(seed)
    high, fake = (torch.rand(count, 3, 4, 4, generator=g, dtype=torch.float64) for _ in range(2))
    return high, fake, g


@pytest.mark.parametrize("norm", [0.0, 0.3, 1.0, 2.5])
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("gradient", lambda n: (n - 1) ** 2),
        ("gradient-one-sided", lambda n: max(0, n - 1) ** 2),
        ("r1", lambda n: n**2),
        ("r2", lambda n: n**2),
        ("r1+r2", lambda n: 2 * n**2),
    ],
)
def test_what_a_linear_critic_pays(norm: float, name: str, wanted: Callable[[float], float]) -> None:
    high, fake, source = pictures()
    w = torch.randn(3, 4, 4, dtype=torch.float64)
    w = w / w.norm() * norm
    penalty = PENALTIES[name](lambda z: (w * z).sum((1, 2, 3)), high, fake, source)
    assert float(penalty) == pytest.approx(wanted(norm), abs=5e-6)


def test_every_penalty_has_a_known_answer() -> None:
    """A new row must be looked at here; differences are tested below."""
    exact = {"gradient", "gradient-one-sided", "r1", "r2", "r1+r2"}
    assert set(PENALTIES) == exact | {"r1-difference", "r2-difference", "r1+r2-difference"}


def test_r1_looks_at_real_pictures_and_r2_at_generated_ones() -> None:
    high, fake, source = pictures()

    def scores(z: Tensor) -> Tensor:  # half the squared norm: the gradient is z itself
        return 0.5 * z.flatten(1).square().sum(1)

    for name, picture in (("r1", high), ("r2", fake)):
        wanted = float(picture.flatten(1).square().sum(1).mean())
        assert float(PENALTIES[name](scores, high, fake, source).detach()) == pytest.approx(wanted)


@pytest.mark.parametrize("name", ["r1-difference", "r2-difference"])
def test_differences_have_the_mean_and_the_scatter_of_theory(name: str) -> None:
    """A linear critic: mean |w|^2 and variance 2 |w|^4 of one draw, whatever the step."""
    w = torch.randn(3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    picture, source = torch.rand(1, 3, 4, 4, dtype=torch.float64), torch.Generator().manual_seed(1)
    many = picture.expand(20000, -1, -1, -1)
    one = torch.tensor([float(PENALTIES[name](lambda z: (w * z).sum((1, 2, 3)), many, many, source)) for _ in range(5)])
    square = float(w.square().sum())
    assert float(one.mean()) == pytest.approx(square, rel=0.02)  # 100 000 draws: 0.45 % standard error
    draws = torch.tensor(
        [float(PENALTIES[name](lambda z: (w * z).sum((1, 2, 3)), picture, picture, source)) for _ in range(4000)]
    )
    assert float(draws.var()) == pytest.approx(2 * square**2, rel=0.25)


def test_differences_tend_to_the_exact_penalty_for_a_curved_critic() -> None:
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Flatten(), nn.Linear(48, 16), nn.Tanh(), nn.Linear(16, 1)).double()
    high, fake, source = pictures(200)
    exact = float(PENALTIES["r1+r2"](lambda z: critic(z).flatten(), high, fake, source).detach())
    near = [
        float(PENALTIES["r1+r2-difference"](lambda z: critic(z).flatten(), high, fake, source).detach())
        for _ in range(40)
    ]
    assert sum(near) / 40 == pytest.approx(exact, rel=0.05)


def test_norm_is_per_sample_over_all_dimensions() -> None:
    high, _, _ = pictures()
    factors = torch.tensor([0.0, 2.0, 5.0], dtype=torch.float64)
    norms = gradient_norms(lambda z: factors * z.flatten(1).sum(1), high)
    assert norms.tolist() == pytest.approx([1e-6, 2 * 48**0.5, 5 * 48**0.5])


def test_a_quadratic_critic_has_the_norm_of_its_input() -> None:
    high, _, _ = pictures()
    norms = gradient_norms(lambda z: 0.5 * 3.0 * z.flatten(1).square().sum(1), high)
    assert torch.allclose(norms, 3.0 * high.flatten(1).norm(dim=1))
    a = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    gradient_norms(lambda z: 0.5 * a * z.flatten(1).square().sum(1), high).square().mean().backward()
    assert a.grad is not None  # R1 = a^2 E |x|^2, so dR1/da = 2 a E |x|^2
    assert float(a.grad) == pytest.approx(float(6 * high.flatten(1).square().sum(1).mean()))


@pytest.mark.parametrize("name", ["gradient", "gradient-one-sided"])
def test_samples_lie_between_generated_and_real(name: str) -> None:
    high, fake, source = pictures()
    seen: list[Tensor] = []

    def scores(z: Tensor) -> Tensor:
        seen.append(z.detach())
        return z.flatten(1).sum(1)

    PENALTIES[name](scores, high, fake, source)
    share = (seen[0] - fake) / (high - fake)
    assert torch.allclose(share, share.mean((1, 2, 3), keepdim=True))  # one number for all pixels of a sample
    shares = share.mean((1, 2, 3))
    assert bool(((shares > 0) & (shares < 1)).all())
    assert len(set(shares.tolist())) == 3


def test_gradient_of_the_penalty_in_float64() -> None:
    high, _, _ = pictures(2)

    def penalty(w: Tensor) -> Tensor:
        return (gradient_norms(lambda z: torch.tanh((z * w).flatten(1).sum(1)), high) - 1).square().mean()

    w = torch.randn(3, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(penalty, (w,))


@pytest.mark.parametrize("name", PENALTIES)
def test_gradients_of_every_penalty_in_float64(name: str) -> None:
    high, fake, _ = pictures(2)

    def penalty(w: Tensor) -> Tensor:
        same = torch.Generator().manual_seed(5)
        return PENALTIES[name](lambda z: torch.tanh((z * w).flatten(1).sum(1)), high, fake, same)

    w = torch.randn(3, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(penalty, (w,))


@pytest.mark.parametrize(("name", "wanted"), [("gradient", 1), ("gradient-one-sided", 0), ("r1+r2", 0)])
def test_a_critic_without_slope_gives_finite_numbers(name: str, wanted: float) -> None:
    high, fake, source = pictures()
    high, fake = high.float(), fake.float()
    critic = nn.Sequential(nn.Flatten(), nn.Linear(48, 1))
    nn.init.zeros_(critic[1].weight)
    penalty = PENALTIES[name](lambda z: critic(z).flatten(), high, fake, source)
    penalty.backward()
    assert float(penalty.detach()) == pytest.approx(wanted, abs=1e-5)
    assert all(p.grad is None or p.grad.isfinite().all() for p in critic.parameters())


@pytest.mark.parametrize("what", ["weights", "all"])
def test_clip_bounds_what_it_says_and_nothing_else(what: str) -> None:
    critic = CRITICS["vgg"](crop=32, width=8)
    before = {name: p.detach().clone() for name, p in critic.named_parameters()}
    CONSTRAINTS["clip"].after(critic, AdversarialLoss(clip=0.01, clip_what=what))  # type: ignore[arg-type]
    chosen = {id(p) for p in clipped_parameters(critic, what)}
    norms = {id(p) for m in critic.modules() if isinstance(m, nn.BatchNorm2d) for p in m.parameters()}
    assert norms
    assert chosen.isdisjoint(norms) == (what == "weights")
    for name, p in critic.named_parameters():
        if id(p) in chosen:
            assert torch.equal(p, before[name].clamp(-0.01, 0.01)), name
        else:
            assert torch.equal(p, before[name]), name
    assert len(chosen) == len(list(critic.parameters())) - (0 if what == "all" else len(norms))


def test_no_clip_without_a_bound() -> None:
    critic = CRITICS["lean"]()
    before = [p.detach().clone() for p in critic.parameters()]
    CONSTRAINTS["clip"].after(critic, AdversarialLoss(penalty="gradient", penalty_weight=10))
    assert all(torch.equal(a, b) for a, b in zip(before, critic.parameters(), strict=True))


def test_spectral_norm_bounds_every_layer_of_a_critic() -> None:
    torch.manual_seed(0)
    critic = CRITICS["vgg"](crop=32, width=8, normalisation="none")
    count = sum(p.numel() for p in critic.parameters())
    CONSTRAINTS["spectral"].build(critic, AdversarialLoss(objective="hinge", spectral=True))
    for _ in range(60):  # each training pass is one step of the power iteration
        critic(torch.rand(2, 3, 32, 32))
    layers = [m for m in critic.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == 10
    for layer in layers:
        matrix = layer.weight.detach().flatten(1)
        assert float(torch.linalg.matrix_norm(matrix, ord=2)) == pytest.approx(1, abs=0.05)
    assert sum(p.numel() for p in critic.parameters()) == count
    untouched = CRITICS["lean"]()
    CONSTRAINTS["spectral"].build(untouched, AdversarialLoss(clip=0.01))
    assert not any(nn.utils.parametrize.is_parametrized(m) for m in untouched.modules())


def test_saturation_counts_values_at_the_bound() -> None:
    layer = nn.Linear(4, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.01, -0.01, 0.002, 0.5]]))
        layer.bias.fill_(0.0)
    assert saturation(layer, 0.01, "weights") == pytest.approx(3 / 5)
    clip(layer, 0.01, "weights")
    assert saturation(layer, 0.01, "weights") == pytest.approx(3 / 5)
    nn.init.zeros_(layer.weight)
    assert saturation(layer, 0.01, "all") == 0


def test_differences_under_spectral_norm_are_of_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    critic = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Conv2d(3, 4, 3)), nn.Flatten(), nn.Linear(144, 1))
    monkeypatch.setattr(torch, "randn", lambda *a, **b: torch.zeros(2, 3, 8, 8))  # two equal pictures
    picture = torch.rand(2, 3, 8, 8)
    for name in ("r1-difference", "r2-difference"):
        found = PENALTIES[name](lambda z: critic(z).flatten(), picture, picture, torch.Generator())
        assert float(found.detach()) == 0
