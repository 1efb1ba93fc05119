"""The page a learner gets back: their notebook, each check's panel and points, and nothing that runs or loads.

It is made as nbgrader's `GenerateFeedback` makes it, with our template instead of its own, which loads MathJax.
All HTML in a submission is washed, whoever wrote it: known tags, images only where they are data.
"""

from __future__ import annotations

import base64
import html
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbformat import NotebookNode
from traitlets.config import Config

from autograder.exercise import Verdict
from autograder.outcome import Outcome
from autograder.plain import shown

if TYPE_CHECKING:
    from nbconvert.exporters import HTMLExporter

TEMPLATES = Path(__file__).resolve().parent / "templates"

_TAGS = (
    "a b blockquote br caption code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol p pre s small span "
    "strong sub summary sup table tbody td tfoot th thead tr ul"
).split()
POLICY = (
    """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; """
    """img-src data:; base-uri 'none'; form-action 'none'">"""
)
"""What a browser is told, should anything get past the washing: to run nothing and load nothing. The template has it, too."""

_IMAGES = {"image/png": b"\x89PNG\r\n", "image/jpeg": b"\xff\xd8\xff", "image/svg+xml": b"<"}
"""What a picture begins with, by its kind."""


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
        "washed": "autograder.feedback.washed",
        "rendered": "autograder.feedback.rendered",
        "coloured": "autograder.feedback.coloured",
        "shown": "autograder.plain.shown",
        "picture": "autograder.feedback.picture",
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


def page(notebook: NotebookNode, unit: str, totals: dict[str, float], config: Config) -> str:
    """The page of a notebook whose cells hold their scores and comments, as `marking.for_the_page` leaves them."""
    from nbconvert.exporters import TemplateExporter

    made = exporter(config)
    resources = made._init_resources({"unique_key": unit, "nbgrader": {"notebook": unit, **totals}})
    # Without what the HTML exporter does around it: our template needs none of that, and parsing the page takes longer
    # than making it.
    text, _ = TemplateExporter.from_notebook_node(made, notebook, resources=resources)
    return str(text)


@lru_cache(maxsize=4096)
def washed(text: str) -> str:
    """HTML with only harmless tags, no style, and no address that a browser would load by itself.

    Most of what stands in one page stands in all of a class's, and is washed once.
    """
    import bleach

    cleaner = bleach.Cleaner(tags=_TAGS, attributes=_allowed, protocols=["http", "https", "mailto", "data"], strip=True)
    return _visible(str(cleaner.clean(text)))


def _allowed(tag: str, name: str, value: str) -> bool:
    if name == "class":
        return all(_CLASSES.fullmatch(one) for one in value.split())
    if tag == "img":
        return name == "alt" or (name == "src" and is_picture(value))
    if tag == "a":
        return name == "href" and value.lower().startswith(("http://", "https://", "mailto:", "#"))
    return name in ("colspan", "rowspan", "open") and tag in ("td", "th", "details")


def is_picture(address: str) -> bool:
    """Whether an address is a picture's own data, and of the kind that it says. In an image, an SVG runs nothing."""
    kind, _, data = address.removeprefix("data:").partition(";base64,")
    try:
        begins = base64.b64decode(data, validate=True)[:1000].lstrip()
    except ValueError:
        return False
    return address.startswith("data:") and kind in _IMAGES and begins.startswith(_IMAGES[kind])


def picture(data: str, kind: str, alt: str = "") -> str:
    """An output's base64 as an image; words where it is none of this kind."""
    address = f"data:{kind};base64,{''.join(str(data).split())}"
    if not is_picture(address):
        return "<p>(a picture that cannot be shown)</p>"
    return f'<img alt="{html.escape(shown(alt), quote=True)}" src="{address}">'


_CLASSES = re.compile(
    r"[a-z]{1,2}\d?|highlight|hl-\w+|ansi-[\w-]+"  # colours of code and of a terminal
    r"|tex|sink-\d+|[pbv]?matrix|row|formula|isometry-panel"  # ours; not those in which the page says points
)
_REFERENCE = re.compile(r"&#(?:x0*([0-9a-f]{1,6})|0*([0-9]{1,7}));?", re.IGNORECASE)


def _visible(text: str) -> str:
    """HTML with its invisible characters written out, also those that stand there as a number."""

    def one(found: re.Match[str]) -> str:
        code = int(found[1], 16) if found[1] else int(found[2])
        plain = chr(code) if code <= 0x10FFFF else ""
        return shown(plain) if shown(plain) != plain else found[0]

    return shown(_REFERENCE.sub(one, text))


@lru_cache(maxsize=2048)
def coloured(source: str) -> str:
    """Python source as HTML, its words marked by what they are."""
    from nbconvert.filters import Highlight2HTML

    return washed(Highlight2HTML(pygments_lexer="ipython3")(source))


def rendered(cell: Any) -> str:
    """A markdown cell as washed HTML, its formulas drawn."""
    attachments = cell.get("attachments", {}) if hasattr(cell, "get") else {}
    source = cell["source"] if hasattr(cell, "get") else str(cell)
    return _rendered(source, attachments) if attachments else _rendered_alone(source)


@lru_cache(maxsize=1024)
def _rendered_alone(source: str) -> str:
    return _rendered(source, {})


def _rendered(source: str, attachments: Any) -> str:
    from nbconvert.filters.markdown_mistune import MarkdownWithMath

    try:
        return washed(MarkdownWithMath(renderer=_renderer(attachments)).render(source))
    except Exception:  # whatever strange Markdown does to the parser, its text is still to be read
        return f"<pre>{html.escape(shown(source))}</pre>"


def _renderer(attachments: Any) -> Any:
    from nbconvert.filters.markdown_mistune import IPythonRenderer

    class Renderer(IPythonRenderer):
        def inline_math(self, body: str) -> str:
            return formula(body)

        def block_math(self, body: str) -> str:
            return f'<div class="formula">{formula(body)}</div>'

        def latex_environment(self, name: str, body: str) -> str:
            return f'<div class="formula">{formula(body)}</div>'

    return Renderer(escape=False, exclude_anchor_links=True, attachments=attachments)


_known: dict[str, str] = {}


def formulas(notebook: Any) -> dict[str, str]:
    """Every formula in the notebook's prose, drawn: what a class shares need not be drawn for each of its members."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            rendered(cell)
    return dict(_known)


def know(drawn: dict[str, str]) -> None:
    """Take these formulas as drawn."""
    _known.update(drawn)


def formula(tex: str) -> str:
    """TeX as HTML that carries its own strokes: images, and spans laid out as a grid for a matrix.

    What uses more than matplotlib's TeX knows is shown as code.
    """
    tex = " ".join(tex.split())
    if tex not in _known:
        _known[tex] = _formula(tex)
    return _known[tex]


def _formula(tex: str) -> str:
    parts = re.split(r"\\begin\{([pbv]?matrix)\}(.*?)\\end\{\1\}", tex)
    try:
        made = [_image(parts[0])]
        for kind, body, after in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            made += [_matrix(kind, body), _image(after)]
    except Exception:  # its parser raises many kinds of things, and a learner's formula may be anything
        return f"<code>{html.escape(tex)}</code>"
    return "".join(made)


def _matrix(kind: str, body: str) -> str:
    rows = [[_image(entry) for entry in row.split("&")] for row in body.split(r"\\") if row.strip()]
    cells = "".join(f'<span class="row">{"".join(f"<span>{entry}</span>" for entry in row)}</span>' for row in rows)
    return f'<span class="matrix {kind}">{cells}</span>'


_SAME = {r"\tfrac": r"\frac", r"\lVert": r"\Vert", r"\rVert": r"\Vert", r"\lvert": r"\vert", r"\rvert": r"\vert"}
_SAME |= {r"\text{": r"\mathrm{", r"\bigl": "", r"\bigr": "", r"\Bigl": "", r"\Bigr": ""}


def _image(tex: str) -> str:
    if not tex.strip():
        return ""
    plain = re.sub(r"frac(\d)(\d)", r"frac{\1}{\2}", tex)
    for command, other in _SAME.items():
        whole = re.escape(command) + ("" if command.endswith("{") else "(?![A-Za-z])")
        plain = re.sub(whole, other.replace("\\", r"\\"), plain)
    svg, depth = _drawn(plain)
    data = base64.b64encode(svg.encode()).decode()
    level = min(20, max(0, round(depth)))
    return f'<img class="tex sink-{level}" alt="{html.escape(tex, quote=True)}" src="data:image/svg+xml;base64,{data}">'


def _drawn(tex: str, size: float = 17.0) -> tuple[str, float]:
    """An SVG of a formula in `size` pixels, and how far it reaches below the line."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath, text_to_path

    font = FontProperties(size=size, math_fontfamily="cm")
    width, height, depth = text_to_path.get_text_width_height_descent(f"${tex}$", font, ismath=True)
    path = TextPath((0, 0), f"${tex}$", prop=font)
    letters = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}
    strokes = []
    for points, code in path.iter_segments(curves=True, simplify=False):
        flipped = [f"{value if i % 2 == 0 else height - depth - value:.2f}" for i, value in enumerate(points)]
        strokes.append(letters[int(code)] + (" ".join(flipped) if code != 79 else ""))
    pad = 1
    box = f"{-pad} {-pad} {width + 2 * pad:.2f} {height + 2 * pad:.2f}"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 2 * pad:.2f}" height="{height + 2 * pad:.2f}" '
        f'viewBox="{box}"><path d="{"".join(strokes)}"/></svg>'
    )
    return svg, depth


def panel(verdict: Verdict) -> str:
    """A verdict as HTML, for the page and for formgrader."""
    rows = "".join(
        f"<div><span>{html.escape(label)}</span> <span>{_coded(text)}</span></div>" for label, text in verdict.rows()
    )
    return f'<div class="isometry-panel"><div>{html.escape(verdict.heading())}</div>{rows}</div>'


def _coded(text: str) -> str:
    """Text as HTML, what stands in backticks set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text)).replace("\n", "<br>")


def failed_page(outcome: Outcome) -> str:
    """The page for a learner whose notebook could not be graded."""
    style = (TEMPLATES / "isometry_feedback" / "style.css").read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{POLICY}\n<title>{html.escape(outcome.unit)}</title>\n'
        f"<style>\n{style}</style>\n</head>\n<body>\n<main>\n<header><h1>{html.escape(outcome.unit)}</h1>\n"
        f'<p class="total">Not graded</p></header>\n<section class="check none"><p>{html.escape(shown(outcome.reason))}</p>\n'
        "<p>Run your notebook from top to bottom in a fresh kernel, save it, and hand it in again. "
        "If it works there, show this page to your instructor.</p></section>\n</main>\n</body>\n</html>\n"
    )
