"""Who is at the other end: a person in front of a notebook, or a program that runs one."""

from __future__ import annotations

import os
import sys
from typing import Any


def kernel() -> Any | None:
    """The running IPython kernel, or None in a terminal or script."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None)


def person_present() -> bool:
    """Whether someone is there to answer.

    Validate, nbclient and grading send their cells with `allow_stdin` off, since nobody is there to type;
    JupyterLab and a console send it on.
    """
    if os.environ.get("NBGRADER_EXECUTION"):
        return False
    running = kernel()
    if running is not None:
        return bool(getattr(running, "_allow_stdin", False))
    return sys.stdin is not None and sys.stdin.isatty()
