"""What the studies measured of a subject on a set, kept in a folder until something that shapes it changes."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wassr.evaluation.metrics import Metric
from wassr.evaluation.sets import DataSet
from wassr.evaluation.subjects import Subject
from wassr.ground.files import write_whole
from wassr.models.modelfile import replace_card
from wassr.models.shelf import ModelFile


@dataclass(frozen=True)
class Entry:
    """A subject, and what its results depend on beside its name: hashes of files, in words what comes with them."""

    subject: Subject
    identity: str

    @property
    def name(self) -> str:
        return self.subject.name


def digest(*files: Path) -> str:
    """Of the files' contents."""
    return "; ".join(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)


def digest_of_models(*models: ModelFile) -> str:
    """Of their contents but for what was measured of them, which shapes no result."""
    return "; ".join(_digest_of_model(model) for model in models)


def _digest_of_model(model: ModelFile) -> str:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(model.path, folder))
        replace_card(copy, model.card.model_copy(update={"measured": ()}))
        return digest(copy)


def kept(
    folder: Path,
    entry: Entry,
    one: DataSet,
    metrics: Mapping[str, Metric],
    measure: Callable[[], dict[str, object]],
    codec: str = "",
) -> dict[str, Any]:
    """What `measure` gives, from the folder where it is there and was shaped by the same; codec: of compressed inputs.

    Changes of code are not seen: remove the folder then. Raises what `measure` raises, keeping nothing.
    """
    shaping = {
        "subject": f"{entry.identity}; {entry.subject.how}",
        "codec": codec,
        "pictures": [digest(path) for path in one.paths],
        "metrics": {name: metric.protocol for name, metric in metrics.items()},
    }
    file = folder / entry.name.replace(" ", "_") / f"{one.name.replace('/', '-')}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if found.get("shaping") != shaping:
        print(f"{entry.name}, {one.name}", flush=True)
        write_whole(file, json.dumps({"shaping": shaping, **measure()}))
        found = json.loads(file.read_text(encoding="utf-8"))
    return found
