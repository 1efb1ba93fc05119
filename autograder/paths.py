"""Where the project stands."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The folder above this package: the course's, in a clone."""
