"""HTML by hand: escaping, tables, pictures as data, and the one file that holds styles, scripts and all else."""

import base64
import html
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wassr.pixels.formats import encode_picture, picture_from_array

HERE = Path(__file__).parent
# the page asks nobody for anything; the browser holds it to that
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def escaped(text: str) -> str:
    """For text and for attributes in double quotes."""
    return html.escape(text, quote=True)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Plain words in cells; wide ones scroll."""
    head = "".join(f"<th>{escaped(word)}</th>" for word in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escaped(word)}</td>' for word in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def image(levels: NDArray[np.uint8], words: str, attributes: str = "") -> str:
    """(H, W, 3) as an img tag that holds the PNG itself."""
    data = base64.b64encode(encode_picture(picture_from_array(np.ascontiguousarray(levels)), "PNG")).decode()
    return f'<img alt="{escaped(words)}"{attributes} src="data:image/png;base64,{data}">'


def document(title: str, body: str, told: object) -> str:
    """The page. told: what the script draws, as JSON.

    The chart library is inlined with its licence, which asks for it.
    """
    read = {name: (HERE / name).read_text(encoding="utf-8") for name in INLINED}
    data = json.dumps(told, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escaped(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<style>{read["vendor/uPlot.min.css"]}
{read["assets/page.css"]}</style></head>
<body><main>{body}</main>
<script type="application/json" id="told">{data}</script>
<script>/*
{read["vendor/LICENSE"]}*/
{read["vendor/uPlot.min.js"]}</script>
<script>{read["assets/charts.js"]}</script>
<script>{read["assets/slider.js"]}</script>
</body></html>
"""


INLINED = (
    *(f"vendor/{name}" for name in ("uPlot.min.css", "uPlot.min.js", "LICENSE")),
    *(f"assets/{name}" for name in ("page.css", "charts.js", "slider.js")),
)
