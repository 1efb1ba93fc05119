"""What the processes that grade do without, because importing it takes long and nothing in them asks for it."""

from __future__ import annotations

import sys

UNUSED = ("rfc3987_syntax",)
"""To be asked whether a text is an international web address, it builds a parser, for a second. nbformat imports
jsonschema, which imports that where it can, and no notebook's schema asks."""


def be() -> None:
    """Let those who import it in this process find that it is not there. To be called before anything imports nbformat."""
    for name in UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
