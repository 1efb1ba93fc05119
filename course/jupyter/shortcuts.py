"""Keeps JupyterLab's one-key shortcuts out of what a cell shows: writes a file of `course/jupyter/config/`.

    python -m course.jupyter.shortcuts        (after each new version of JupyterLab; a test says when)

In command mode JupyterLab gives a key to the notebook wherever the focus is, also on a slider, a button or a choice in
an output: there → would jump to the next heading, ↓ leave the question, and X cut the cell. Each such shortcut is
switched off and put back for all places but outputs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jupyterlab

OVERRIDES = Path(__file__).resolve().parent / "config" / "labconfig" / "default_setting_overrides.json"
EVERYWHERE = " :focus"
BUT_OUTPUTS = " :focus:not(.jp-OutputArea *)"


def overrides() -> dict[str, Any]:
    """The settings for the installed JupyterLab's own shortcuts."""
    schema = Path(jupyterlab.__file__).parent / "schemas" / "@jupyterlab" / "notebook-extension" / "tracker.json"
    shortcuts = json.loads(schema.read_text(encoding="utf-8"))["jupyter.lab.shortcuts"]
    greedy = [s for s in shortcuts if s["selector"].endswith(EVERYWHERE)]
    off = [{**s, "disabled": True} for s in greedy]
    on = [{**s, "selector": s["selector"].removesuffix(EVERYWHERE) + BUT_OUTPUTS} for s in greedy]
    return {"@jupyterlab/shortcuts-extension:shortcuts": {"shortcuts": [*off, *on]}}


def text() -> str:
    """The file's text, one shortcut a line."""
    ((name, setting),) = overrides().items()
    lines = ",\n".join(f"      {json.dumps(shortcut)}" for shortcut in setting["shortcuts"])
    return f'{{\n  "{name}": {{\n    "shortcuts": [\n{lines}\n    ]\n  }}\n}}\n'


if __name__ == "__main__":
    OVERRIDES.write_text(text(), encoding="utf-8")
