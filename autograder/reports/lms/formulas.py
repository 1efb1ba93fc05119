"""Cells that a spreadsheet would run as formulas, made harmless."""

from __future__ import annotations

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def formula(text: str) -> bool:
    return text.startswith(_STARTS) and not is_number(text)


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and not any(c.isspace() for c in text)


def escape_formula(text: str) -> str:
    """Return `text` for a spreadsheet, with an apostrophe before what would run as a formula there.

    A text that has apostrophes before a formula gets one more, so that taking one away gives the text back.
    """
    return f"'{text}" if formula(text.lstrip("'")) else text
