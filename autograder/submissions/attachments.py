"""The pictures in a Markdown cell: what is kept of them, and under which names it is found."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from mistune.util import escape_url

from autograder.feedback.sanitize import MISSING_PICTURE

_REFERENCE = re.compile(r"""attachment:([^\s)"'<>]+)""")

Bundles = dict[str, dict[str, str]]


def pictures(attachments: Any, source: str) -> Bundles:
    """The attached images that are what they say, by name; a Markdown answer may hold a photographed page.

    Programs disagree on whether the name in a reference is percent-encoded. So each picture that `source` refers to stands
    under every spelling, and one that did not come has a stand-in: else nbconvert refuses the whole notebook.
    """
    kept = {
        _text(name): {
            kind: _text(image)
            for kind, image in bundle.items()
            if kind in ("image/png", "image/jpeg") and isinstance(image, str)
        }
        for name, bundle in (attachments.items() if isinstance(attachments, dict) else ())
        if isinstance(bundle, dict)
    }
    kept = {name: bundle for name, bundle in kept.items() if bundle}
    by_plain = {unquote(name): bundle for name, bundle in kept.items()}
    for reference in dict.fromkeys(_REFERENCE.findall(source)):
        bundle = kept.get(reference) or by_plain.get(unquote(reference)) or {"image/png": MISSING_PICTURE}
        for name in (reference, escape_url(reference)):
            kept.setdefault(name, bundle)
    return kept


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
