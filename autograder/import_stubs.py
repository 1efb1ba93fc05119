"""Slow, unused imports that grading processes skip."""

from __future__ import annotations

import sys

UNUSED = ("rfc3987_syntax",)
"""The modules to skip. This one takes a second to build a parser for international web addresses; jsonschema imports it
where it can, for nbformat, and no notebook's schema uses it."""


def install() -> None:
    """Make `import rfc3987_syntax` fail in this process. Call before nbformat is imported."""
    for name in UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
