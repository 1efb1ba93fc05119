"""The course's settings for nbgrader without this engine: what stock nbgrader does is compared with what we do."""

from __future__ import annotations

from pathlib import Path

CONFIG = Path(__file__).parents[2] / "nbgrader_config.py"


def stock() -> str:
    """The text of `nbgrader_config.py`, but for the lines that put something of ours in the place of nbgrader's own."""
    lines = CONFIG.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if "autograder" not in line)
