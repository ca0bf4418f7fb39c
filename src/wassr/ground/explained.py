"""Settings as YAML in which each key says what it is: what its description says, and what else it could be."""

import io
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from wassr.ground.settings import Strict

COLUMN = 40  # where comments begin, if the value leaves room


def explain_settings(settings: Strict, head: str = "") -> str:
    """Complete YAML of `settings` with a comment beside each key; `load_settings` gives back an equal object.

    head: lines to stand above it, as comments.
    """
    yaml = YAML()
    yaml.width = 10_000  # a folded value would part from its comment
    yaml.representer.add_representer(
        type(None), lambda made, _: made.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    stream = io.StringIO()
    yaml.dump(_tree(settings, settings.model_dump(mode="json")), stream)
    return "".join(f"# {line}\n" for line in head.splitlines()) + stream.getvalue()


def comment(field: FieldInfo) -> str:
    """What stands beside a key: its description, or what its settings are as a whole; and the words it may be."""
    inner = _model_in(field.annotation)
    said = field.description or (_first_sentence(inner) if inner else "")
    words = [str(word) for word in _words_in(field.annotation)]
    return "; ".join(part for part in (f"one of {', '.join(words)}" if words else "", said) if part)


def _tree(settings: BaseModel, dumped: dict[str, Any]) -> CommentedMap:
    tree = CommentedMap()
    fields = type(settings).model_fields
    for key, value in dumped.items():  # a step of a chain dumps one of its keys only
        tree[key] = _node(getattr(settings, key), value)
        if said := comment(fields[key]):
            tree.yaml_add_eol_comment(said, key, column=COLUMN)
    return tree


def _node(setting: Any, value: Any) -> Any:
    if isinstance(setting, BaseModel):
        return _tree(setting, value)
    if isinstance(value, list):
        nodes = CommentedSeq(_node(*pair) for pair in zip(setting, value, strict=True))
        if not any(isinstance(node, CommentedMap) for node in nodes):
            nodes.fa.set_flow_style()
        return nodes
    if isinstance(value, dict):
        table = CommentedMap((DoubleQuotedScalarString(key) if ":" in key else key, one) for key, one in value.items())
        table.fa.set_flow_style()
        return table
    return value


def _words_in(annotation: Any) -> tuple[Any, ...]:
    """The values of a Literal; not of one inside a list or table."""
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, BaseModel) else None
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _first_sentence(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split()).partition(". ")[0].removesuffix(".")
