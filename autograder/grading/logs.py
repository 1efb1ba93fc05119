"""The log of grading: when processes start, die and are ended, what is tried again, what is given up.

Each module logs to a logger of its own name. `writing` sends all of that to a file, also from the processes that grade
on this machine, which find the file's name in their environment; each record is one line, appended whole.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.errors import GradingError
from autograder.text import escape_invisible

PLACE = "ISOMETRY_LOG"
"""The variable that names the file to the processes that grade. Kernels do not get it."""

_ROOT = logging.getLogger("autograder")
_ROOT.addHandler(logging.NullHandler())  # else what nobody asked for would go to stderr


class _OneLine(logging.Formatter):
    """A formatter that writes a record as one line, with invisible characters spelt out."""

    def format(self, record: logging.LogRecord) -> str:
        return escape_invisible(" ⏎ ".join(super().format(record).splitlines()))


def _handler(path: str | Path) -> logging.Handler:
    handler = logging.FileHandler(path, mode="a", encoding="utf-8", errors="replace")
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"))
    return handler


@contextmanager
def writing(path: Path | None) -> Iterator[None]:
    """Append the log to the file `path` meanwhile; log nothing if it is None. Raises `GradingError` if it cannot be written."""
    if path is None:
        yield
        return
    try:
        handler = _handler(path)
    except OSError as error:
        raise GradingError(
            f"The log {path} cannot be written ({(error.strerror or 'input/output error').lower()}). "
            "Name a file in a folder that is there and may be written."
        ) from None
    level, before = _ROOT.level, os.environ.get(PLACE)
    _ROOT.setLevel(logging.INFO)
    _ROOT.addHandler(handler)
    os.environ[PLACE] = str(path.resolve())
    try:
        yield
    finally:
        if before is None:
            del os.environ[PLACE]
        else:
            os.environ[PLACE] = before
        _ROOT.removeHandler(handler)
        _ROOT.setLevel(level)
        handler.close()


def join() -> None:
    """Log to the file of the process that started this one, if it logs."""
    if path := os.environ.get(PLACE):
        try:
            _ROOT.addHandler(_handler(path))
            _ROOT.setLevel(logging.INFO)
        except OSError:
            pass  # the file is gone meanwhile; grades matter more
