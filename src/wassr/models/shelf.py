"""The shelf: models that come with the package, and any other model file by its path. No weights are opened."""

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from wassr.ground.errors import NoSuchModel
from wassr.ground.files import at_home
from wassr.models import tensorlayer
from wassr.models.card import Card
from wassr.models.modelfile import DEPLOYMENT, WEIGHTS, read_card

SHIPPED = Path(__file__).parent / "shipped"

MEMBER = r"(.+)-x([2-9]|[1-9]\d+)"  # of a family: a stem, and a scale that enlarges

Deployment = Path | bytes  # a file, or what would stand in one


@dataclass(frozen=True)
class ModelFile:
    """A model where it lies. weights: training form (.safetensors); onnx: deployment form. One of them may be None.

    mixed: a deployment form in memory, mixed from `onnx` and another one, that runs in its place.
    """

    card: Card
    weights: Path | None
    onnx: Path | None
    mixed: Deployment | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Those that there are."""
        return tuple(path for path in (self.weights, self.onnx) if path is not None)

    @property
    def path(self) -> Path:
        """The file that stands for it: the deployment form, if there is one."""
        path = self.onnx or self.weights
        assert path is not None
        return path

    @property
    def deployment(self) -> Deployment | None:
        """What engines run."""
        return self.mixed or self.onnx

    @property
    def bytes(self) -> int:
        """Size of its files together."""
        return sum(path.stat().st_size for path in self.files)


def shipped(folder: Path = SHIPPED) -> dict[str, Path]:
    """Names of the models of the package, sorted, each with its file (the weights, or else the deployment form)."""
    files = {path.stem: path for suffix in (DEPLOYMENT, WEIGHTS) for path in folder.glob(f"*{suffix}")}
    return dict(sorted(files.items()))


def find(model: str | Path, folder: Path = SHIPPED) -> ModelFile:
    """A shipped model by name, or a model file by path (either form; the other one is found beside it).

    Raises ModelError with the nearest name when there is none, and when the file is damaged or not of wassr.
    """
    names = shipped(folder)
    if not isinstance(model, str | os.PathLike) or not str(model):
        raise NoSuchModel(f"{model!r}: a model is a name or a path; shipped models: {', '.join(names)}")
    if str(model) in names:
        return _open(names[str(model)])
    path = at_home(model)
    if os.path.isdir(path):  # False for a name that is too long, which Path.is_dir raises about
        raise NoSuchModel(_folder_hint(path))
    if path.suffix not in (WEIGHTS, DEPLOYMENT, tensorlayer.SUFFIX):
        raise NoSuchModel(_name_hint(str(model), list(names)))
    if not os.path.isfile(path):
        raise NoSuchModel(f"{model}: no such model file")
    return _open(path)


def find_parent(model: ModelFile, folder: Path = SHIPPED) -> ModelFile | None:
    """The model that training of this one began from: of a file beside it, or else of the shelf. None: not at hand.

    Raises ModelError when its file is damaged.
    """
    name = model.card.parent
    own = model.files
    if not name or Path(name).name != name:
        return None
    beside = [path.with_name(f"{name}{suffix}") for path in own[:1] for suffix in (WEIGHTS, DEPLOYMENT)]
    here = [path for path in beside if path.is_file() and path not in own]
    if here:
        return _open(here[0])
    shelf = shipped(folder)
    return _open(shelf[name]) if name in shelf and shelf[name] not in own else None


def sibling(name: str, factor: float, names: list[str]) -> str:
    """Of the models named like `name` but for the scale at the end, the smallest scale that reaches `factor`.

    The largest one where none does: the rest is then bicubic. A name without a scale has no siblings, and neither has
    one of scale 1: it restores, and is taken where it is named.
    """
    stem = re.fullmatch(MEMBER, name)
    if stem is None:
        return name
    scales = sorted(
        {
            int(found[2])
            for found in (re.fullmatch(MEMBER, n) for n in [*names, name])
            if found is not None and found[1] == stem[1]
        }
    )
    return f"{stem[1]}-x{next((scale for scale in scales if scale >= factor - 1e-9), scales[-1])}"


def _open(path: Path) -> ModelFile:
    card = read_card(path)
    if path.suffix == tensorlayer.SUFFIX:
        return ModelFile(card, path, None)
    other = path.with_suffix(DEPLOYMENT if path.suffix == WEIGHTS else WEIGHTS)
    twin = other if other.is_file() and _same(card, read_card(other)) else None
    return ModelFile(card, path, twin) if path.suffix == WEIGHTS else ModelFile(card, twin, path)


def _same(one: Card, other: Card) -> bool:
    """Whether two files hold the same model, whenever it was measured; an old export beside newer weights differs."""
    return one.model_copy(update={"measured": ()}) == other.model_copy(update={"measured": ()})


def _name_hint(name: str, names: list[str]) -> str:
    known = f"shipped models: {', '.join(names) or 'none'}"
    if name.lstrip("-").isdigit():
        return (
            f"{name}: -n takes a model, not a noise level as waifu2x does; cleaning is chosen by what a "
            f"picture has gone through (--jpeg); {known}"
        )
    if Path(name).suffix in (".pth", ".pt", ".ckpt", ".param", ".bin"):
        return f"{name}: files of other programs are not read yet; a model is a {WEIGHTS} or {DEPLOYMENT} file; {known}"
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.4)
    guess = f"did you mean {close[0]}? " if close else ""
    return f"{name}: no such model; {guess}{known}; a path must end in {WEIGHTS} or {DEPLOYMENT}"


def _folder_hint(path: Path) -> str:
    inside = sorted(p for s in (WEIGHTS, DEPLOYMENT) for p in (*path.glob(f"*{s}"), *path.glob(f"models/*{s}")))
    shown = ", ".join(str(p) for p in inside[:4])
    return f"{path}: is a folder; " + (f"name a model file in it: {shown}" if inside else "it holds no model file")
