"""YAML 1.2 to frozen, checked models and back; what is wrong is told with file, line, key and the way out."""

import difflib
import io
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from wassr.ground.errors import SettingsError


class Strict(BaseModel):
    """Base of all settings: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


S = TypeVar("S", bound=Strict)
Key = tuple[str | int, ...]


def load_settings(text: str, model: type[S], name: str, overrides: tuple[str, ...] = ()) -> S:
    """Read YAML `text` into `model`; `overrides` are KEY=VALUE with dotted keys, VALUE in YAML.

    Raises SettingsError: `NAME:LINE: KEY: what is wrong; nearest valid key or allowed values`.
    """
    tree = _parse(text, name)
    for override in overrides:
        _override(tree, override)
    try:
        return model.model_validate(_plain(tree))
    except ValidationError as error:
        raise SettingsError(_explain(error, tree, model, name, overrides)) from None


def read_settings(path: Path, model: type[S], overrides: tuple[str, ...] = ()) -> S:
    """`load_settings` from a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"{path}: cannot be read: {reason}") from error
    return load_settings(text, model, str(path), overrides)


def shipped_settings(package: str, folder: str) -> dict[str, Path]:
    """Names and YAML files of the settings that lie in a folder of a package."""
    return {path.stem: path for path in sorted(Path(str(resources.files(package) / folder)).glob("*.yaml"))}


def settings_file(name: str, shipped: dict[str, Path], what: str) -> Path:
    """The file of settings of a shipped name, or the one that `name` is the path of.

    Raises ValueError, without the name, when it is neither; what: "recipe", for people.
    """
    if name in shipped:
        return shipped[name]
    path = Path(name)
    if path.suffix in {".yaml", ".yml"} or path.exists():
        return path
    raise ValueError(f"no such {what} or file; {hint(name, list(shipped))}")


def dump_settings(settings: Strict) -> str:
    """Complete YAML of `settings`, defaults written out; `load_settings` gives back an equal object."""
    stream = io.StringIO()
    yaml = YAML(typ="safe")
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(settings.model_dump(mode="json"), stream)
    return stream.getvalue()


def differences(old: Strict, new: Strict) -> list[str]:
    """`key: old -> new` for every leaf in which two settings differ."""
    before, after = _leaves(old.model_dump(mode="json")), _leaves(new.model_dump(mode="json"))
    keys = list(before) + [key for key in after if key not in before]
    return [f"{k}: {before.get(k)} -> {after.get(k)}" for k in keys if before.get(k) != after.get(k)]


def nearest(word: str, words: list[str]) -> str | None:
    """The most similar word, or None if none is similar."""
    found = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return found[0] if found else None


def hint(word: str, words: list[str]) -> str:
    """For an error message: the nearest word, or all of them."""
    guess = nearest(word, words)
    return f"did you mean {guess}?" if guess else f"it may be {', '.join(words)}"


def _parse(text: str, name: str) -> CommentedMap:
    try:
        tree = YAML(typ="rt").load(text)
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise SettingsError(f"{name}:{line}: {str(error.problem).splitlines()[0]}: keep one of them") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise SettingsError(f"{name}:{line}: not valid YAML: {error.problem}") from None
    except YAMLError as error:
        raise SettingsError(f"{name}: not valid YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(tree, CommentedMap):
        raise SettingsError(f"{name}: expected keys and values, found {type(tree).__name__}")
    return tree


def _override(tree: CommentedMap, override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise SettingsError(f"{override}: expected KEY=VALUE, for example content.batch=8")
    try:
        parsed = YAML(typ="safe").load(value) if value else None
    except YAMLError as error:
        raise SettingsError(f"{override}: the value is not valid YAML: {str(error).splitlines()[0]}") from None
    node: Any = tree
    *path, last = key.split(".")
    for part in path:
        if not isinstance(node.get(part), dict):
            node[part] = CommentedMap()
        node = node[part]
    node[last] = parsed


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return node


def _leaves(tree: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(tree, dict) and tree:
        return {k: v for key, value in tree.items() for k, v in _leaves(value, f"{prefix}{key}.").items()}
    return {prefix.rstrip("."): tree}


def _explain(
    error: ValidationError, tree: CommentedMap, model: type[BaseModel], name: str, overrides: tuple[str, ...]
) -> str:
    found = error.errors()
    first = next((e for e in found if e["type"] == "extra_forbidden"), found[0])  # it explains a missing key too
    key: Key = tuple(part for part in first["loc"] if part not in _UNION_MEMBERS)
    shown = ".".join(map(str, key))
    where = f"{name}:{_line(tree, key)}" if _line(tree, key) else name
    for override in overrides:  # what was said on the command line is in no line of the file
        said = override.partition("=")[0]
        if f"{shown}.".startswith(f"{said}.") or f"{said}.".startswith(f"{shown or '?'}."):
            where = f"{name}: {override}"
    if first["type"] == "extra_forbidden":
        words = _fields_at(model, key[:-1])
        guess = nearest(str(key[-1]), words)
        hint = f"did you mean {guess}?" if guess else f"valid keys: {', '.join(words)}"
        return f"{where}: {shown}: unknown key; {hint}"
    message = first["msg"].removeprefix("Value error, ")
    given = "" if first["type"] == "missing" or isinstance(first["input"], dict) else f", found {first['input']!r}"
    return f"{where}: {shown or 'recipe'}: {message}{given}"


# parts of an error's place that name a type which was tried, not a key
_UNION_MEMBERS = frozenset({"int", "float", "str", "bool", "[key]"})


def _line(tree: Any, key: Key) -> int | None:
    line = None
    for part in key:
        if isinstance(tree, CommentedMap) and part in tree:
            position = tree.lc.data.get(part) if tree.lc.data else None
            line = position[0] + 1 if position else line
            tree = tree[part]
        elif isinstance(tree, CommentedSeq) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
    return line


def _fields_at(model: type[BaseModel], key: Key) -> list[str]:
    """Names of the fields of the model found by following `key` from `model`."""
    for part in key:
        field = model.model_fields.get(str(part))
        found = _model_in(field.annotation) if field else None
        model = found or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
