"""In which arithmetic a run computes: bfloat16 pays only where the processor multiplies it.

Without such instructions PyTorch makes up for them value by value: a product of 1024 x 1024 matrices takes 50 times as
long as in float32 on a processor with AVX2, and a run of minutes takes days.
"""

from collections.abc import Callable

import torch

from wassr.training.recipe import Recipe


def precision_here(recipe: Recipe, began: str, say: Callable[[str], None]) -> Recipe:
    """The recipe with `auto` made what this processor computes faster, as the run began it where that is known.

    began: the precision that a saved state names, or "". Says so where a run cannot go on as it began, or where the
    recipe insists on what this processor is slow at.
    """
    if recipe.precision == "auto":
        here = "bfloat16" if multiplies_bfloat16() else "float32"
        chosen = "float32" if began == "float32" else here
        if began and chosen != began:
            say(f"this run began in {began}, which this processor has no instructions for: it goes on in {chosen}")
        return recipe.model_copy(update={"precision": chosen})
    if recipe.precision == "bfloat16" and not multiplies_bfloat16():
        say("warning: this processor has no bfloat16 instructions, a step takes many times as long; precision=auto")
    return recipe


def multiplies_bfloat16() -> bool:
    """Whether the processor has instructions that multiply bfloat16 (AVX-512 BF16, AMX, Arm's BF16)."""
    # newer than the oldest PyTorch that wassr takes
    ask: Callable[[], dict[str, object]] = getattr(torch.cpu, "get_capabilities", dict)
    capabilities = ask()
    return any("bf16" in name and bool(has) for name, has in capabilities.items())
