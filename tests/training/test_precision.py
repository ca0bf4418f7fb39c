"""precision: bfloat16 only where the processor multiplies it."""

import pytest
import torch

from tests.training.conftest import Make
from wassr.training import precision
from wassr.training.precision import multiplies_bfloat16, precision_here


@pytest.mark.parametrize(
    ("wanted", "has", "began", "chosen", "words"),
    [
        ("auto", True, "", "bfloat16", ""),
        ("auto", False, "", "float32", ""),
        ("auto", True, "bfloat16", "bfloat16", ""),
        ("auto", True, "float32", "float32", ""),  # to the bit what it would have been where it began
        ("auto", False, "bfloat16", "float32", "began in bfloat16"),
        ("float32", True, "", "float32", ""),
        ("bfloat16", True, "", "bfloat16", ""),
        ("bfloat16", False, "", "bfloat16", "precision=auto"),
    ],
)
def test_chosen(
    monkeypatch: pytest.MonkeyPatch, recipe: Make, wanted: str, has: bool, began: str, chosen: str, words: str
) -> None:
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda: has)
    said: list[str] = []
    assert precision_here(recipe(content={}, precision=wanted), began, said.append).precision == chosen
    assert words in " ".join(said)
    assert bool(said) == bool(words)


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, False),
        ({"avx2": True, "avx512_bf16": True}, True),
        ({"architecture": "aarch64", "bf16": True}, True),
        ({}, False),
    ],
)
def test_read_from_the_processors_capabilities(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, object], expected: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert multiplies_bfloat16() is expected


def test_a_pytorch_that_does_not_tell_computes_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not multiplies_bfloat16()
