"""Strangers' text, made to show what it is: no character in it that is invisible, moves others or speaks to a terminal."""

from __future__ import annotations

import io
import re
import sys

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, an escape among them; tab and line break stay
    "\u202a-\u202e\u2066-\u2069"  # what turns the direction of the text after it (U+200E and U+200F do not)
    "\u200b\u2060-\u2064\ufeff\ufff9-\ufffb"  # no width at all
    "\U000e0000-\U000e007f"  # tags
    "\ud800-\udfff]"  # halves of a pair
)


def print_anything() -> None:
    """Have a terminal that lacks a character print another in its place, where Python would end with an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def escape_invisible(text: str) -> str:
    """`text` with every such character written out, as in ⟨U+202E⟩."""
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", text.replace("\r\n", "\n"))
