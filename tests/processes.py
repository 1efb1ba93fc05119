"""The processes that one started, found by what they run; each may end while it is looked at."""

from __future__ import annotations

import psutil


def running(of: psutil.Process, command: str, *, recursive: bool = False) -> list[psutil.Process]:
    """The children of `of` that still run and have `command` somewhere in their command line."""
    found = []
    for child in of.children(recursive=recursive):
        try:
            if any(command in part for part in child.cmdline()):
                found.append(child)
        except psutil.NoSuchProcess:  # it has ended, or has ended and waits to be noticed (ZombieProcess)
            continue
    return found
