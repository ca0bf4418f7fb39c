"""What took part in a model's training beside pictures: the models it began from, and networks of others."""

from pathlib import Path

from wassr.models.shelf import SHIPPED, ModelFile, find_parent

# By how the losses of a card name them: of a teacher its results were the target, of a feature network a loss
OTHERS = {
    "rlfn-s": "RLFN-S as teacher (F. Kong et al., CVPR Workshops 2022; github.com/bytedance/RLFN): Apache-2.0",
    "vgg16": "VGG16 as feature loss (K. Simonyan, A. Zisserman, University of Oxford): CC BY 4.0",
}


def ancestors(model: ModelFile, folder: Path = SHIPPED) -> list[ModelFile]:
    """The model that training began from, the one before that and so on, as far as they are at hand.

    Raises ModelError when the file of one is damaged.
    """
    found: list[ModelFile] = []
    parent = find_parent(model, folder)
    while parent is not None and parent.path not in [one.path for one in (model, *found)]:
        found.append(parent)
        parent = find_parent(parent, folder)
    return found


def took_part(model: ModelFile, folder: Path = SHIPPED) -> list[str]:
    """Networks of others that the model, or one that it began from, was trained with: what, whose, which licence."""
    lines = []
    for one in (model, *ancestors(model, folder)):
        by = "" if one is model else f", by way of {one.card.name}"
        lines += [f"{words}{by}" for name, words in OTHERS.items() if name in one.card.losses.lower()]
    return lines
