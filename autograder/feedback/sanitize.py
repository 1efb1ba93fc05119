"""Washing HTML that a stranger wrote: known tags and attributes stay, and nothing that runs, loads or hides.

The washing itself is nh3's, which parses as a browser does; what may stay is decided here.
"""

from __future__ import annotations

import base64
import html
import re
from collections import Counter
from functools import lru_cache

import nh3

from autograder.text import escape_invisible

MISSING_PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR4nGNgYAAAAAMAAbitOmMAAAAASUVORK5CYII="
"""A transparent point: what stands in for a picture that a cell refers to and that did not come."""

MATH = frozenset(
    "math mrow mi mn mo mtext mspace msub msup msubsup munder mover munderover mfrac msqrt mroot mtable mtr mtd mstyle".split()
)
"""The tags of MathML that stay: none that links, acts, hides, moves what it holds, or holds another language."""

TAGS = MATH | frozenset(
    (
        "a b blockquote br caption code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol p pre s small span "
        "strong sub summary sup table tbody td tfoot th thead tr ul"
    ).split()
)
"""The tags that stay; of all others only the text is left, also of a script, as text."""

_YES_OR_NO = re.compile("true|false")
_LENGTH = re.compile(r"\d(\.\d{1,3})?(em)?")
OF_MATH = {
    "accent": _YES_OR_NO,
    "accentunder": _YES_OR_NO,
    "columnalign": re.compile("left|center|right"),
    "display": re.compile("block|inline"),
    "displaystyle": _YES_OR_NO,
    "fence": _YES_OR_NO,
    "form": re.compile("prefix|infix|postfix"),
    "largeop": _YES_OR_NO,
    "linethickness": _LENGTH,
    "lspace": _LENGTH,
    "mathvariant": re.compile("normal"),
    "maxsize": _LENGTH,
    "minsize": _LENGTH,
    "movablelimits": _YES_OR_NO,
    "rspace": _LENGTH,
    "scriptlevel": re.compile("[0-3]"),
    "separator": _YES_OR_NO,
    "stretchy": _YES_OR_NO,
    "width": _LENGTH,
}
"""The attributes of MathML, and what each may say. No length is negative, which would draw over what stands beside."""

_ATTRIBUTES = {
    "*": {"class"},
    "a": {"href"},
    "details": {"open"},
    "img": {"alt", "src"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
} | {tag: set(OF_MATH) for tag in MATH}
_CLASSES = re.compile(
    r"[a-z]{1,2}\d?|highlight|hl-\w+|ansi-[\w-]+"  # colours of code and of a terminal
    r"|formula|isometry-panel"  # ours; not those in which the page says points
)
_PICTURE = re.compile("data:image/[a-z+]+;base64,[A-Za-z0-9+/=]*")
LARGEST = 200_000
"""Characters of HTML that are washed, those of pictures not counted."""
DEEPEST = 250
"""How deep its tags may nest: a parser's time grows with the square of that, and browsers stop at 512."""
_LINKS = ("http://", "https://", "mailto:", "#")

_IMAGES = {"image/png": b"\x89PNG\r\n", "image/jpeg": b"\xff\xd8\xff", "image/svg+xml": b"<"}
"""What a picture begins with, by its kind."""


@lru_cache(maxsize=4096)
def sanitized(text: str) -> str:
    """HTML with only harmless tags, no style, no invisible characters, and no address that a browser loads by itself.

    Most of what stands in one page stands in all of a class's, and is washed once. What would take too long is shown as
    it was typed.
    """
    long = len(_PICTURE.sub("", text)) > LARGEST
    return as_typed(text) if long or _depth(text) > DEEPEST else clean(text)


def clean(text: str) -> str:
    """The same for HTML of any length: for what was made here, of text that was found short enough."""
    # Before, since half of a character is none that can be parsed; after, since some stood there as a number.
    return escape_invisible(_CLEANER.clean(escape_invisible(text)))


def as_typed(text: str) -> str:
    """Text as HTML in which it stands as it was typed, with a word on why."""
    return f"<p>(too much to be laid out; this is how it was typed)</p><pre>{html.escape(escape_invisible(text))}</pre>"


_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_CLOSED_BY_THE_NEXT = frozenset("area base br col dd dt hr img input li link meta option p source td th tr wbr".split())


def _depth(text: str) -> int:
    """About how deep tags nest in HTML, by those that are not closed yet."""
    most = now = 0
    open_: Counter[str] = Counter()
    for end, name in _TAG.findall(text):
        name = name.lower()
        if name in _CLOSED_BY_THE_NEXT:
            continue
        if not end:
            open_[name] += 1
            now += 1
            most = max(most, now)
        elif open_[name]:
            open_[name] -= 1
            now -= 1
    return most


def _allowed(tag: str, name: str, value: str) -> str | None:
    """The value of an attribute that may stay; None for one that goes."""
    if name == "class":
        return value if all(_CLASSES.fullmatch(one) for one in value.split()) else None
    if (tag, name) == ("img", "src"):
        return value if is_picture(value) else None
    if (tag, name) == ("a", "href"):
        return value if value.lower().startswith(_LINKS) else None
    if tag in MATH:
        return value if may_say(name, value) else None
    return value


_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=set(),
    attributes=_ATTRIBUTES,
    attribute_filter=_allowed,
    url_schemes={"http", "https", "mailto", "data"},
    link_rel=None,
)


def may_say(name: str, value: str) -> bool:
    """Whether an element of MathML may have this attribute."""
    return name in OF_MATH and OF_MATH[name].fullmatch(value) is not None


def is_picture(address: str) -> bool:
    """Whether an address is a picture's own data, and of the kind that it says. In an image, an SVG runs nothing."""
    kind, _, data = address.removeprefix("data:").partition(";base64,")
    try:
        begins = base64.b64decode(data, validate=True)[:1000].lstrip()
    except ValueError:
        return False
    return address.startswith("data:") and kind in _IMAGES and begins.startswith(_IMAGES[kind])
