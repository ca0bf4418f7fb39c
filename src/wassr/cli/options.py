"""Options that several commands have: one name, one help, one meaning."""

from typing import Annotated

import typer

WHERE = "Model and engine"

Device = Annotated[
    str, typer.Option("-g", "--device", help="auto, cpu (-1), a GPU's number, mps.", rich_help_panel=WHERE)
]
Engine = Annotated[str, typer.Option(help="auto, openvino, onnxruntime, torch.", rich_help_panel=WHERE)]
Precision = Annotated[str, typer.Option(help="auto, float32, bfloat16.", rich_help_panel=WHERE)]
Threads = Annotated[int, typer.Option(min=0, help="0: all cores.", rich_help_panel=WHERE)]
