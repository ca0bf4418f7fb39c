"""Profiles: conversion against LittleCMS by Pillow, detection, and the profiles we write."""

import io

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms

from tests.pixels.samples import deep, smooth, wide_profile
from wassr.pixels.icc import Stated, effect, naive_rgb, srgb_profile, stated_profile, to_srgb


def test_wide_gamut_equals_littlecms():
    pixels = smooth(3)
    theirs = ImageCms.profileToProfile(
        Image.fromarray(pixels),
        ImageCms.ImageCmsProfile(io.BytesIO(wide_profile())),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    ours = to_srgb(pixels, wide_profile(), "rgb") / 257
    assert np.abs(ours - np.asarray(theirs)).max() < 1.5
    assert np.abs(ours - pixels).max() > 10  # it does convert


def test_sixteen_bits_stay_sixteen():
    ramp = np.linspace(20_000, 40_000, 5000).astype(np.uint16).reshape(50, 100, 1).repeat(3, axis=2)
    out = to_srgb(ramp, wide_profile(), "rgb")
    assert out.dtype == np.uint16
    assert len(np.unique(out)) > 4000
    assert np.abs(out.astype(int) - ramp).max() < 40  # gray stays where it is: P3 has sRGB's curve and white


def test_cmyk_profile_gives_paper_and_ink():
    profile = bytes(pyvips.Image.profile_load("cmyk"))
    inks = np.array([[[0, 0, 0, 0], [0, 0, 0, 255], [0, 255, 255, 0]]], dtype=np.uint8)
    white, black, red = to_srgb(inks, profile, "cmyk")[0] / 65535
    assert white.min() > 0.99
    assert black.max() < 0.2
    assert red[0] > 0.8
    assert red[1] < 0.3


@pytest.mark.parametrize(
    ("profile", "model", "expected"),
    [
        (srgb_profile(gray=False), "rgb", "none"),
        (srgb_profile(gray=True), "gray", "none"),
        (ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), "rgb", "none"),
        (wide_profile(), "rgb", "converts"),
        (bytes(pyvips.Image.profile_load("cmyk")), "cmyk", "converts"),
        (srgb_profile(gray=False), "gray", "broken"),  # does not fit the pixels
        (srgb_profile(gray=True), "rgb", "broken"),
        (wide_profile(), "cmyk", "broken"),
        (b"", "rgb", "broken"),
        (b"not a profile" * 40, "rgb", "broken"),
        (wide_profile()[:300], "rgb", "broken"),
        (wide_profile()[:200] + bytes(280), "rgb", "broken"),
    ],
)
def test_effect(profile, model, expected):
    assert effect(profile, model) == expected


def test_written_srgb_profile_is_srgb_to_littlecms():
    pixels = smooth(3)
    ours = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile(gray=False)))
    assert ImageCms.getProfileDescription(ours).strip() == "sRGB"
    same = ImageCms.profileToProfile(Image.fromarray(pixels), ours, ImageCms.createProfile("sRGB"))
    assert np.abs(np.asarray(same).astype(int) - pixels).max() <= 1


def test_written_gray_profile_has_srgbs_curve():
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    out = to_srgb(ramp, srgb_profile(gray=True), "gray")
    assert out.shape == (16, 16, 1)
    assert np.abs(out / 257 - ramp).max() < 0.1


def test_naive_cmyk():
    inks = np.array([[[0, 0, 0, 0], [0, 0, 0, 255], [255, 0, 0, 0], [51, 102, 153, 51]]], dtype=np.uint8)
    assert naive_rgb(inks)[0].tolist() == [[255] * 3, [0] * 3, [0, 255, 255], [163, 122, 82]]
    assert naive_rgb(np.array([[[0, 0, 0, 0]]], dtype=np.uint16)).tolist() == [[[65535] * 3]]
    assert naive_rgb(deep(4)).dtype == np.uint16


P3 = Stated(red=(0.68, 0.32), green=(0.265, 0.69))
# linear Display P3 to linear sRGB: CSS Color Module Level 4, "Sample code for Color Conversions"
P3_TO_SRGB = np.array(
    [[1.22494018, -0.22494018, 0], [-0.04205695, 1.04205695, 0], [-0.01963755, -0.07863607, 1.09827362]]
)


def linear(levels: np.ndarray) -> np.ndarray:
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def test_stated_primaries_convert_by_the_published_matrix():
    inside = np.random.default_rng(0).integers(90, 160, (20, 20, 3)).astype(np.uint8)
    profile = stated_profile(P3, gray=False)
    ours = to_srgb(inside, profile, "rgb") / 65535
    assert np.abs(linear(ours) - linear(inside / 255) @ P3_TO_SRGB.T).max() < 0.003


def test_a_stated_gamma_is_the_power_of_the_light():
    levels = np.arange(256, dtype=np.uint8)[None, :, None]
    for gray in (True, False):
        profile = stated_profile(Stated(gamma=1.8), gray=gray)
        ours = to_srgb(levels if gray else levels.repeat(3, 2), profile, "gray" if gray else "rgb") / 65535
        assert np.abs(linear(ours)[..., 0] - (levels[..., 0] / 255) ** 1.8).max() < 0.003


def test_what_states_srgb_changes_nothing_and_what_no_light_has_is_none():
    assert effect(stated_profile(Stated(), gray=False), "rgb") == "none"
    assert stated_profile(Stated(red=(0.3, 0.6)), gray=False) is None
    assert stated_profile(Stated(white=(0.3, 0.0)), gray=False) is None
    extreme = ((0.01, 0.9179), (0.9052, 0.01), (0.0, 0.00001), (0.0001, 0.0001))
    assert stated_profile(Stated(*extreme), gray=False) is None  # more than a profile can hold
    assert stated_profile(Stated(*extreme, gamma=1.0), gray=False) == stated_profile(Stated(gamma=1.0), gray=False)
