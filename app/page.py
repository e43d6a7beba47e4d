"""The frame of the pages that describe Vigil's interfaces: no script, nothing from another host."""

from collections.abc import Sequence
from html import escape

STYLE = """\
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
body { overflow-wrap: break-word; }
h2 { border-top: 1px solid var(--line); padding-top: 1.5rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
pre { background: var(--soft); padding: .75rem; overflow-x: auto; font-size: .85rem; }
.wide { overflow-x: auto; }
@media (max-width: 40rem) {
  pre { font-size: .7rem; }
  tr { display: block; border-bottom: 1px solid var(--line); padding: .25rem 0; }
  th, td { display: inline-block; border: 0; padding: 0 .75rem 0 0; overflow-wrap: anywhere; }
  .fields td:last-child { display: block; }
}"""

FRAME = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def page(title: str, body: str) -> str:
    """A whole document. `body` is HTML, `title` is text."""
    return FRAME.format(title=escape(title), style=STYLE, body=body)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, html: bool = False) -> str:
    """A table. Cells are text, or HTML with `html`; a head whose last cell says something makes rows of fields."""
    cells = [[cell if html else escape(cell) for cell in row] for row in rows]
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells)
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    kind = ' class="fields"' if head[-1] else ""
    return f'<div class="wide"><table{kind}><tr>{top}</tr>{body}</table></div>'
