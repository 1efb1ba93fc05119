"""TeX as MathML, which browsers draw by themselves and screen readers read: no font, no picture, no script.

The translation is latex2mathml's. What it does not know, or what would take a page too long, is shown as code.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from autograder.feedback.sanitize import MATH, may_say
from autograder.text import escape_invisible

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LONGEST = 2_000
"""Characters of a formula that is translated; the course's longest has 244."""
DEEPEST = 40
"""How deep the parts of a formula may nest: layout in a browser costs more with each level."""

_DEFINES = re.compile(
    r"\\(?:re|provide)?new(?:command|environment)|\\[gex]?def(?![A-Za-z])|\\let(?![A-Za-z])|\\Declare"
)
"""Macros, which grow twofold with each level: those are not expanded."""

_ENVIRONMENT = re.compile(r"\\begin\s*\{([^}]*)\}")
_ALIGNED = re.compile(r"\\(begin|end)\{align(?:ed)?\}")
"""Both look alike without an equation's number, of which a notebook has none."""

_ALPHABETS = {
    "bold": ("MATHEMATICAL BOLD",),
    "italic": ("MATHEMATICAL ITALIC",),
    "bold-italic": ("MATHEMATICAL BOLD ITALIC",),
    "double-struck": ("MATHEMATICAL DOUBLE-STRUCK", "DOUBLE-STRUCK"),
    "script": ("MATHEMATICAL SCRIPT", "SCRIPT"),
    "bold-script": ("MATHEMATICAL BOLD SCRIPT",),
    "fraktur": ("MATHEMATICAL FRAKTUR", "BLACK-LETTER"),
    "bold-fraktur": ("MATHEMATICAL BOLD FRAKTUR",),
    "sans-serif": ("MATHEMATICAL SANS-SERIF",),
    "bold-sans-serif": ("MATHEMATICAL SANS-SERIF BOLD",),
    "monospace": ("MATHEMATICAL MONOSPACE",),
}
"""What the names of an alphabet's characters begin with in Unicode. Browsers know no other way to such letters: of the
attribute `mathvariant` MathML Core keeps only `normal`."""


@lru_cache(maxsize=8192)
def formula(tex: str, block: bool = False) -> str:
    """TeX as HTML: MathML, on a line of its own if it is a `block`; code where it cannot be that."""
    return _translated(" ".join(tex.split()), block) or f"<code>{html.escape(escape_invisible(tex))}</code>"


def _translated(tex: str, block: bool) -> str | None:
    from latex2mathml.commands import MATRICES
    from latex2mathml.converter import convert_to_element

    tex = _ALIGNED.sub(r"\\\1{align*}", tex)
    known = {"equation", "equation*", *(name.removeprefix("\\") for name in MATRICES)}
    if len(tex) > LONGEST or _DEFINES.search(tex) or not known.issuperset(_ENVIRONMENT.findall(tex)):
        return None
    try:
        return _written(convert_to_element(tex, display="block" if block else "inline"), DEEPEST)
    except Exception:  # its parser raises many kinds of things, and a learner's formula may be anything
        return None


def _written(element: Element, levels: int) -> str:
    """An element as HTML; `ValueError` where it is one that a page does not show, or something in it is unknown TeX."""
    text = escape_invisible(html.unescape(element.text or ""))  # the translation writes characters as numbers
    if element.tag not in MATH or not levels or (text.startswith("\\") and element.tag != "mtext"):
        raise ValueError
    if alphabet := _ALPHABETS.get(element.get("mathvariant", "")):
        text = "".join(_letter(letter, alphabet) for letter in text)
    attributes = {name: value for name, value in element.items() if may_say(name, value)}
    named = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items())
    if text in ("|", "‖"):  # plain bars are as high as a letter; those of \\left and \\right say that they stretch
        attributes.setdefault("stretchy", "false")
    inner = "".join(_written(child, levels - 1) for child in element)
    return f"<{element.tag}{named}>{html.escape(text)}{inner}</{element.tag}>"


@lru_cache(maxsize=1024)
def _letter(letter: str, alphabets: tuple[str, ...]) -> str:
    """A letter or digit in one of the mathematical alphabets; itself where it is in none."""
    words = unicodedata.name(letter, "").split()
    name = " ".join(word for word in words if word not in ("LATIN", "GREEK", "LETTER"))
    if len(letter) == 1 and words and words[0] in ("LATIN", "GREEK", "DIGIT"):
        for alphabet in alphabets:
            try:
                return unicodedata.lookup(f"{alphabet} {name}")
            except KeyError:
                continue
    return letter
