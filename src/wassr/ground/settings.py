"""YAML 1.2 to frozen, checked models and back; what is wrong is told with file, line, key and the way out."""

import io
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from wassr.ground.errors import ListInSettings, SettingsError
from wassr.ground.faults import fault, hint


class Strict(BaseModel):
    """Base of all settings: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


S = TypeVar("S", bound=Strict)
Key = tuple[str | int, ...]


def load_settings(text: str, model: type[S], name: str, overrides: tuple[str, ...] = ()) -> S:
    """Read YAML `text` into `model`; `overrides` are KEY=VALUE with dotted keys, VALUE in YAML.

    Raises SettingsError: `NAME:LINE: KEY: what is wrong; nearest valid key or allowed values`; where overrides are at
    fault, these stand before it in the place of NAME:LINE.
    """
    tree = _tree(text, name, overrides)
    try:
        return model.model_validate(_plain(tree))
    except ValidationError as error:
        key, errors = _first_fault(error)
        typed = _typed(key, text, model, overrides)
        line = _line(tree, key)
        where = " ".join(typed) or (f"{name}:{line}" if line else name)
        raise SettingsError(f"{where}: {_explain(key, errors, model, typed)}") from None


def read_settings(path: Path, model: type[S], overrides: tuple[str, ...] = ()) -> S:
    """`load_settings` from a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise SettingsError(f"{path}: is not a text file; settings are YAML in UTF-8")
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


def _tree(text: str, name: str, overrides: tuple[str, ...]) -> CommentedMap:
    tree = _parse(text, name)
    for override in overrides:
        _override(tree, override)
    return tree


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
    if tree is None:
        raise SettingsError(f"{name}: is empty: expected keys and values, as in name: mine")
    if isinstance(tree, CommentedSeq):
        raise ListInSettings(f"{name}: expected keys and values, found a list")
    if not isinstance(tree, CommentedMap):
        raise SettingsError(f"{name}: expected keys and values, found one value")
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


def _first_fault(error: ValidationError) -> tuple[Key, list[ErrorDetails]]:
    """The key that is told about, and all that is said of it: an unknown one first, which explains a missing one too.

    Of the types that a value may have, the one that got furthest into it is the one that was meant.
    """
    found = error.errors()
    for one in found:
        if one["type"] == "extra_forbidden":
            return _key(one), [one]
    first = _key(found[0])
    key = max((_key(one) for one in found if _key(one)[: len(first)] == first), key=len)
    return key, [one for one in found if _key(one) == key]


def _key(error: ErrorDetails) -> Key:
    return tuple(part for part in error["loc"] if part not in _UNION_MEMBERS and not str(part).startswith("dict["))


def _typed(key: Key, text: str, model: type[BaseModel], overrides: tuple[str, ...]) -> tuple[str, ...]:
    """The overrides that are at fault for a key, as they were typed.

    Several keys that contradict each other are told about at the key above them: there it is those without which they
    would not. Else it is the last one that sets the key, or one above or, where the text itself is right, below it.
    """
    shown = _dotted(key)
    below = [override for override in overrides if _said(override).startswith(f"{shown}." if shown else "")]
    above = [override for override in overrides if f"{shown}.".startswith(f"{_said(override)}.")]
    causes = [one for one in below if not _is_wrong(key, text, model, tuple(o for o in overrides if o != one))]
    if causes or not (below or above):
        return tuple(dict.fromkeys(causes))
    touching = above if not below or _is_wrong(key, text, model, ()) else [o for o in overrides if o in below + above]
    return tuple(touching[-1:])


def _is_wrong(key: Key, text: str, model: type[BaseModel], overrides: tuple[str, ...]) -> bool:
    try:
        model.model_validate(_plain(_tree(text, "", overrides)))
    except ValidationError as error:
        return any(_key(one) == key for one in error.errors())
    return False


def _explain(key: Key, errors: list[ErrorDetails], model: type[BaseModel], typed: tuple[str, ...]) -> str:
    """What is wrong; without the key and the value where they were `typed` just so."""
    exact = len(typed) == 1 and _said(typed[0]) == _dotted(key)
    if errors[0]["type"] == "extra_forbidden":
        said = f"unknown key; {hint(str(key[-1]), _fields_at(model, key[:-1]), 'valid keys:')}"
    else:
        said = fault(errors, with_value=not exact)
    whole = "" if typed else "recipe"
    named = whole if not key else "" if exact else _dotted(key)
    return f"{named}: {said}" if named else said


def _said(override: str) -> str:
    return override.partition("=")[0]


def _dotted(key: Key) -> str:
    return ".".join(map(str, key))


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
