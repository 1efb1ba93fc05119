"""The small calm panel in which the course speaks: as HTML in a notebook, as plain text in a terminal."""

from __future__ import annotations

import html
import re
import textwrap
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from autograder.judging.verdict import Verdict, VerdictState

Tone = Literal["good", "partly", "try", "quiet"]

# Okabe–Ito colours, readable on light and dark, and never alone: the heading says the same in words and sign.
_COLOUR = {"good": "#009E73", "partly": "#E69F00", "try": "#D55E00", "quiet": "#0072B2"}
_TONE: dict[VerdictState, Tone] = {
    VerdictState.RIGHT: "good",
    VerdictState.PARTLY: "partly",
    VerdictState.WRONG: "try",
    VerdictState.NOT_ATTEMPTED: "quiet",
    VerdictState.ROUNDED: "partly",
    VerdictState.UNREADABLE: "try",
    VerdictState.RAISED: "try",
    VerdictState.ENDLESS: "try",
    VerdictState.RECORDED: "quiet",
}


class Link(NamedTuple):
    """A line of a panel that leads somewhere. JupyterLab follows it where the panel is an output of its own."""

    label: str
    text: str
    href: str
    """Where to, from the notebook that shows it; where it is empty, the text stands alone."""

    def html(self) -> str:
        if not self.href:
            return marked(self.text)
        colour = "color:var(--jp-content-link-color,#0072B2)"
        return f'<a href="{html.escape(self.href)}" style="{colour}">{marked(self.text)}</a>'


@dataclass(frozen=True)
class Panel:
    """A heading, labelled lines, links and a closing remark. Backticks in them mark code."""

    tone: Tone
    heading: str
    rows: tuple[tuple[str, str], ...] = ()
    note: str = ""
    links: tuple[Link, ...] = ()

    def html(self, *, role: str = "status") -> str:
        """The panel as one self-contained block that follows JupyterLab's light or dark theme.

        `role` is "" where the panel stands in something that a screen reader is told of already.
        """
        lines = [(label, marked(text)) for label, text in self.rows if text]
        lines += [(link.label, link.html()) for link in self.links]
        rows = "".join(
            f'<div style="display:flex;gap:.8em;margin-top:.35em">'
            f'<span style="flex:0 0 6.2em;opacity:.7">{html.escape(label)}</span>'
            f'<span style="flex:1;min-width:0;overflow-wrap:anywhere">{text}</span></div>'
            for label, text in lines
        )
        role = f' role="{role}"' if role else ""
        heading = f'<div style="font-weight:600">{marked(self.heading)}</div>' if self.heading else ""
        note = f'<div style="margin-top:.5em;opacity:.75">{marked(self.note)}</div>' if self.note else ""
        return (
            f'<div class="isometry-panel"{role} style="border-left:4px solid {_COLOUR[self.tone]};'
            "background:var(--jp-layout-color2,rgba(128,128,128,.1));color:var(--jp-ui-font-color1,inherit);"
            "font-family:var(--jp-content-font-family,system-ui,sans-serif);font-size:14px;line-height:1.5;"
            'padding:.6em .9em;margin:.2em 0;border-radius:3px;max-width:52em">'
            f"{heading}{rows}{note}</div>"
        )

    def text(self) -> str:
        """The panel for a terminal, 88 columns wide."""
        lines = [textwrap.fill(self.heading, 88, subsequent_indent="  ")] if self.heading else []
        for label, text in [*self.rows, *((link.label, link.text) for link in self.links)]:
            if text:
                lines.append(textwrap.fill(text, 88, initial_indent=f"  {label:<10} ", subsequent_indent=" " * 13))
        if self.note:
            lines.append(textwrap.fill(self.note, 88, initial_indent="  ", subsequent_indent="  "))
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": self.text(), "text/html": self.html()}

    def __repr__(self) -> str:
        return self.text()


def marked(text: str) -> str:
    """Text as HTML: escaped, with `code` in backticks set as code and line breaks kept."""
    escaped = html.escape(text, quote=False)
    coded = re.sub(r"`([^`]+)`", r'<code style="overflow-wrap:anywhere">\1</code>', escaped)
    return coded.replace("\n", "<br>")


def of_verdict(verdict: Verdict, tolerance: str = "", *, points: bool = True) -> Panel:
    """The panel that shows one verdict: what was asked, what came back, what it was, what to try."""
    shown_tolerance = (
        tolerance
        if verdict.came_back and verdict.state in (VerdictState.WRONG, VerdictState.RIGHT, VerdictState.PARTLY)
        else ""
    )
    return Panel(_TONE[verdict.state], verdict.heading(points=points), verdict.rows(), shown_tolerance)
