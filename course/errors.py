"""Errors that a learner or author reads: one sentence, no traceback."""

from __future__ import annotations

from autograder.errors import IsometryError


class CourseError(IsometryError):
    """Something asked for cannot be had. The text says what, and what to do; notebooks show it alone."""

    def _render_traceback_(self) -> list[str]:
        # IPython prints these lines in place of a traceback.
        return [str(self)]
