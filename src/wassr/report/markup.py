"""Tables, and the one file that holds styles, scripts and all else."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from wassr.evaluation.markup import escaped

HERE = Path(__file__).parent
# the page asks nobody for anything; the browser holds it to that
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Plain words in cells; wide ones scroll."""
    head = "".join(f"<th>{escaped(word)}</th>" for word in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escaped(word)}</td>' for word in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


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
