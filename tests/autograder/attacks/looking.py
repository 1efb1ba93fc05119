"""What can be seen of an attack afterwards: what it read, left behind, and does to who opens its page."""

from __future__ import annotations

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

COMMON = ("/tmp", "/var/tmp", "/dev/shm", "/run")


def shown(notebook: str) -> str:
    """All that the cells of a notebook which ran show."""
    try:
        cells = json.loads(notebook).get("cells", [])
    except ValueError:
        return ""
    return "\n".join(_text(cell.get("outputs", [])) for cell in cells)


def _text(part: Any) -> str:
    if isinstance(part, dict):
        return "\n".join(_text(value) for value in part.values())
    if isinstance(part, list):
        return "".join(_text(value) for value in part)
    return str(part)


def boasts(said: str) -> list[str]:
    """What an attacker did that nobody should be able to do, in its own words."""
    return sorted(set(re.findall(r"boasts: ([a-z ]+);", said)))


def left(mark: str, folders: list[Path]) -> list[str]:
    """The files with `mark` in their names, or directly below a folder in their text."""
    found = []
    for folder in folders:
        for top, below, files in os.walk(folder):
            found += [os.path.join(top, name) for name in (*below, *files) if mark in name]
    return sorted(found)


class _Active(HTMLParser):
    """Whether a page does something by itself, or by a click, that has `mark` in it."""

    def __init__(self, mark: str) -> None:
        super().__init__(convert_charrefs=True)
        self.mark, self.found = mark, list[str]()
        self._inside = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._inside = tag if tag in ("script", "style") else self._inside
        for name, value in attributes:
            text = (value or "").strip().lower()
            loads = name in ("src", "data", "action", "formaction", "srcset", "srcdoc", "poster", "background", "style")
            runs = name.startswith("on") or text.startswith("javascript:")
            if self.mark in text and (runs or (loads and not text.startswith("data:image/"))):
                self.found.append(f"{tag} {name}")

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside and self.mark in data:
            self.found.append(self._inside)


def active(page: str, mark: str) -> list[str]:
    """The places of a page where a browser would run or load something of the attacker's."""
    parser = _Active(mark.lower())
    parser.feed(page.lower())
    parser.close()
    return sorted(set(parser.found))


TURNING = "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Letters that turn the direction of what follows."""


def escapes(text: str) -> bool:
    """Whether a terminal would take orders from the text."""
    return any(c in text for c in "\x1b\x9b\x07")
