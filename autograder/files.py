"""Writing files whole: a reader meets the old file or the new one, never half of one."""

from __future__ import annotations

import os
import platform
import re
import secrets
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

from autograder.errors import GradingError

_PART = ".part"
"""How the name of a file ends that is not whole yet."""


def write(path: Path, content: str | bytes) -> None:
    """Write `content` to `path`, making its folders; `GradingError` where the disk refuses.

    What a process of this machine that was killed amid the same has left there is removed.
    """
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear(path)
        own = f"{secrets.token_hex(4)}.{os.getpid()}@{platform.node()}{_PART}"
        temporary = path.with_name(f".{path.name}.{own}")
        try:  # the name is known before the file is there: an interrupt leaves none at any moment
            with open(temporary, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise GradingError(unwritable(path, error), parameter="into") from None


def _clear(path: Path) -> None:
    here = re.compile(rf"\.{re.escape(path.name)}\..*\.(\d+)@{re.escape(platform.node())}{re.escape(_PART)}")
    for name in os.listdir(path.parent):
        if (found := here.fullmatch(name)) and not psutil.pid_exists(int(found[1])):
            with suppress(FileNotFoundError):
                os.unlink(path.parent / name)


def writable(folder: Path) -> None:
    """Make `folder` and see that a file can be written there; `GradingError` where not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=".try.", dir=folder):
            pass
    except OSError as error:
        raise GradingError(unwritable(folder, error), parameter="into") from None


def remove(folder: Path) -> None:
    """Remove a folder and what is in it, as far as that can be done."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:  # a stranger made folders in it, deeper than Python's own can follow
        subprocess.run(["rm", "-rf", str(folder)], stderr=subprocess.DEVNULL)


def unwritable(path: Path, error: OSError) -> str:
    """Return the sentence for a disk that refuses; its last words ask for another place."""
    return (
        f"{path} cannot be written ({(error.strerror or 'input/output error').lower()}). "
        "Make room or change its permissions, or name another folder."
    )
