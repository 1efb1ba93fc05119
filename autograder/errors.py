"""Errors that an instructor reads: one sentence that says what is wrong and what to do, no traceback."""

from __future__ import annotations


class GradingError(Exception):
    """Grading cannot start, or cannot go on. What is wrong with one submission is never this, but its outcome."""
