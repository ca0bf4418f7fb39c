"""Content losses: plain functions (made, high, scale) -> scalar, (N, C, h, w) in [0, 1]; and their sum in a recipe."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from wassr.training.clock import Part, uncounted
from wassr.training.recipe import ContentLoss

Term = Callable[[Tensor, Tensor, int], Tensor]
Content = Callable[[Tensor, Tensor], dict[str, Tensor]]


def l1(made: Tensor, high: Tensor, scale: int) -> Tensor:
    """Mean absolute error (EDSR 2017)."""
    return (made - high).abs().mean()


def mse(made: Tensor, high: Tensor, scale: int) -> Tensor:
    """Mean squared error (SRResNet 2017)."""
    return (made - high).square().mean()


def charbonnier(made: Tensor, high: Tensor, scale: int) -> Tensor:
    """Mean of sqrt(d^2 + eps^2), eps = 1e-3 (LapSRN 2017)."""
    return ((made - high).square() + 1e-6).sqrt().mean()


def gradient(made: Tensor, high: Tensor, scale: int) -> Tensor:
    """Mean absolute error of the differences between neighbours, both directions (Mathieu 2016; SPSR 2020): edges."""
    error = made - high
    return (error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()) / 2


def raster(made: Tensor, high: Tensor, scale: int) -> Tensor:
    """Mean absolute error that keeps to the upsampling raster: what an adversarial stage may leave there (Odena 2016).

    The `scale`^2 phases of the raster are the places inside the pixel of the low side. In windows of WINDOW low pixels
    the error is averaged over each phase, and the mean of all phases taken away: an error of the whole window is not
    the raster's, one that repeats at a phase is, and one that is random almost vanishes in the average. Sides smaller
    than a window are one window.
    """
    phases = F.pixel_unshuffle(made - high, scale)
    window = [min(WINDOW, side) for side in phases.shape[-2:]]
    means = F.avg_pool2d(phases, window)
    means = means.view(len(means), -1, scale**2, *means.shape[-2:])
    return (means - means.mean(2, keepdim=True)).abs().mean()


def frequency(made: Tensor, high: Tensor, scale: int) -> Tensor:
    """Mean absolute error of the spectra's real and imaginary parts, orthonormal (MIMO-UNet, Cho 2021): textures."""
    spectrum = torch.fft.rfft2(made - high, norm="ortho")
    return torch.view_as_real(spectrum).abs().mean()


WINDOW = 8  # of `raster`: 64 samples a phase take random error down to an eighth, and textures are larger than it

LOSSES: dict[str, Term] = {
    "l1": l1,
    "mse": mse,
    "charbonnier": charbonnier,
    "gradient": gradient,
    "raster": raster,
    "frequency": frequency,
}


def content_loss(
    spec: ContentLoss,
    scale: int,
    features_in_bfloat16: bool = False,
    part: Part = uncounted,
) -> Content:
    """The weighted terms of a recipe, by name: content(made, high) -> {name: weight * term}.

    part: counts the seconds of the features. A feature term needs its file of weights: `stand_ins.as_trained` leaves
    none without.
    """
    weights = {name: float(getattr(spec, name)) for name in LOSSES if getattr(spec, name) > 0}
    terms = {name: LOSSES[name] for name in weights}
    if spec.feature > 0:
        assert spec.feature_weights
        terms["feature"] = _feature_term(spec, spec.feature_weights, features_in_bfloat16, part)
        weights["feature"] = spec.feature

    def content(made: Tensor, high: Tensor) -> dict[str, Tensor]:
        return {name: weights[name] * term(made, high, scale) for name, term in terms.items()}

    return content


def _feature_term(spec: ContentLoss, path: str, in_bfloat16: bool, part: Part) -> Term:
    from wassr.networks.features import Features  # only runs with a feature loss pay for the trunk

    layers = spec.feature_layers
    trunk = Features(path, tuple(layers), not spec.feature_before_activation, in_bfloat16)

    def feature(made: Tensor, high: Tensor, scale: int) -> Tensor:
        with part("features"):
            with torch.no_grad():
                wanted = trunk(_of_side(high, spec.feature_side))
            found = trunk(_of_side(made, spec.feature_side))
        parts = [share * (found[layer] - wanted[layer]).square().mean() for layer, share in layers.items()]
        return torch.stack(parts).sum()

    return feature


def _of_side(picture: Tensor, side: int | None) -> Tensor:
    return F.interpolate(picture, (side, side), mode="bilinear", align_corners=False) if side else picture
