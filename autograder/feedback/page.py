"""The page a learner gets back: their notebook, each check's panel and points, and nothing that runs or loads.

It is made as nbgrader's `GenerateFeedback` makes it, with our template instead of its own, which loads MathJax.
All HTML in a submission is washed, whoever wrote it (`sanitize.py`), and formulas are MathML (`formulas.py`). What a page
may cost is bounded: of a long notebook the rest is shown as it was typed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from nbformat import NotebookNode
from traitlets.config import Config

from autograder.feedback.formulas import formula
from autograder.feedback.sanitize import MISSING_PICTURE, as_typed, clean, is_picture
from autograder.judging.verdict import Verdict
from autograder.text import escape_invisible

if TYPE_CHECKING:
    from nbconvert.exporters import HTMLExporter

TEMPLATES = Path(__file__).resolve().parent / "templates"

POLICY = (
    """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; """
    """img-src data:; base-uri 'none'; form-action 'none'">"""
)
"""What a browser is told, should anything get past the washing: to run nothing and load nothing. The template has it, too."""

LONGEST = {"prose": 20_000, "code": 50_000}
"""Characters of one cell that are laid out."""
MOST = {"prose": 200_000, "code": 400_000}
"""Characters of a whole page that are. The longest of the course has a tenth of that."""


class AsTyped(str):
    """Text that a page shows as it was typed, since to lay it out would take too long."""


def bounded(notebook: NotebookNode) -> None:
    """Mark what of a notebook exceeds what one page lays out."""
    left = dict(MOST)

    def one(text: str, kind: str) -> str:
        if len(text) > min(left[kind], LONGEST[kind]):
            return AsTyped(text)
        left[kind] -= len(text)
        return text

    for cell in notebook.cells:
        cell.source = one(cell.source, "code" if cell.cell_type == "code" else "prose")
        for output in cell.get("outputs", []):
            if isinstance(text := output.get("data", {}).get("text/markdown"), str):
                output.data["text/markdown"] = one(text, "prose")


_exporters: dict[str, HTMLExporter] = {}


def exporter(settings: Config) -> HTMLExporter:
    """nbconvert's exporter with the template and the filters here, under nbgrader's settings; made once for each."""
    key = repr(settings)
    if key not in _exporters:
        _exporters.clear()
        _exporters[key] = _exporter(settings)
    return _exporters[key]


def configure(config: Config) -> None:
    """Have nbconvert's HTML exporter make the page with the template and the filters here."""
    config.HTMLExporter.template_name = "isometry_feedback"
    config.HTMLExporter.extra_template_basedirs = [str(TEMPLATES)]
    config.HTMLExporter.filters = {
        "sanitized": "autograder.feedback.sanitize.sanitized",
        "rendered": "autograder.feedback.page.rendered",
        "highlighted": "autograder.feedback.page.highlighted",
        "escape_invisible": "autograder.text.escape_invisible",
        "picture": "autograder.feedback.page.picture",
    }
    config.HTMLExporter.theme = "light"
    config.NbConvertBase.display_data_priority = [
        "text/html",
        "image/svg+xml",
        "image/png",
        "image/jpeg",
        "text/markdown",
        "text/latex",
        "text/plain",
    ]


def _exporter(settings: Config) -> HTMLExporter:
    from nbconvert.exporters import HTMLExporter

    config = Config(settings)
    configure(config)
    made = HTMLExporter(config=config)
    made._preprocessors = []  # as nbgrader's converters do: what is in the notebook is what is shown
    return made


def page(
    notebook: NotebookNode, unit: str, totals: dict[str, float], config: Config, remarks: Sequence[str] = ()
) -> str:
    """The page of a notebook whose cells hold their scores and comments, as `marking.for_the_page` leaves them.

    `remarks` are sentences about the whole notebook, which stand first.
    """
    from nbconvert.exporters import TemplateExporter

    made = exporter(config)
    bounded(notebook)
    resources = made._init_resources(
        {"unique_key": unit, "nbgrader": {"notebook": unit, "remarks": list(remarks), **totals}}
    )
    # Without what the HTML exporter does around it: our template needs none of that, and parsing the page takes longer
    # than making it.
    text, _ = TemplateExporter.from_notebook_node(made, notebook, resources=resources)
    return str(text)


def picture(data: str, kind: str, alt: str = "") -> str:
    """An output's base64 as an image; words where it is none of this kind."""
    address = f"data:{kind};base64,{''.join(str(data).split())}"
    if not is_picture(address):
        return "<p>(a picture that cannot be shown)</p>"
    return f'<img alt="{html.escape(escape_invisible(alt), quote=True)}" src="{address}">'


def highlighted(source: str) -> str:
    """Python source as HTML, its words marked by what they are."""
    return as_typed(source) if isinstance(source, AsTyped) else _highlighted(source)


@lru_cache(maxsize=2048)
def _highlighted(source: str) -> str:
    from nbconvert.filters import Highlight2HTML

    return clean(Highlight2HTML(pygments_lexer="ipython3")(source))


def rendered(cell: Any) -> str:
    """A markdown cell as washed HTML, its formulas drawn."""
    attachments = cell.get("attachments", {}) if hasattr(cell, "get") else {}
    source = cell["source"] if hasattr(cell, "get") else cell
    if isinstance(source, AsTyped):
        return as_typed(source)
    return _rendered(source, attachments) if attachments else _rendered_alone(source)


@lru_cache(maxsize=1024)
def _rendered_alone(source: str) -> str:
    return _rendered(source, {})


def _rendered(source: str, attachments: Any) -> str:
    from nbconvert.filters.markdown_mistune import MarkdownWithMath

    try:
        return clean(MarkdownWithMath(renderer=_renderer(attachments)).render(source))
    except Exception:  # whatever strange Markdown does to the parser, its text is still to be read
        return f"<pre>{html.escape(escape_invisible(source))}</pre>"


_GONE = {"image/png": MISSING_PICTURE}


def _renderer(attachments: Any) -> Any:
    from nbconvert.filters.markdown_mistune import IPythonRenderer

    class Renderer(IPythonRenderer):
        def image(self, text: str, url: str, title: str | None = None) -> str:
            name = url.removeprefix("attachment:")
            if name != url and self.attachments.get(name, _GONE) == _GONE:
                return f"<em>(The picture “{html.escape(escape_invisible(unquote(name)))}” did not come with the file.)</em>"
            return str(super().image(text, url, title))

        def inline_math(self, body: str) -> str:
            return formula(body)

        def block_math(self, body: str) -> str:
            return f'<div class="formula">{formula(body, block=True)}</div>'

        def latex_environment(self, name: str, body: str) -> str:
            return self.block_math(rf"\begin{{{name}}}{body}\end{{{name}}}")

    return Renderer(escape=False, exclude_anchor_links=True, attachments=attachments)


def panel(verdict: Verdict) -> str:
    """A verdict as HTML, for the page and for formgrader."""
    rows = "".join(
        f"<div><span>{html.escape(label)}</span> <span>{_coded(text)}</span></div>" for label, text in verdict.rows()
    )
    return f'<div class="isometry-panel"><div>{html.escape(verdict.heading())}</div>{rows}</div>'


def _coded(text: str) -> str:
    """Text as HTML, what stands in backticks set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text)).replace("\n", "<br>")


def failed_page(unit: str, reason: str) -> str:
    """The page for a learner whose notebook could not be graded."""
    style = (TEMPLATES / "isometry_feedback" / "style.css").read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{POLICY}\n<title>{html.escape(unit)}</title>\n'
        f"<style>\n{style}</style>\n</head>\n<body>\n<main>\n<header><h1>{html.escape(unit)}</h1>\n"
        f'<p class="total">Not graded</p></header>\n<section class="check none"><p>{html.escape(escape_invisible(reason))}</p>\n'
        "<p>Run your notebook from top to bottom in a fresh kernel, save it, and hand it in again. "
        "If it works there, show this page to your instructor.</p></section>\n</main>\n</body>\n</html>\n"
    )
