"""What one confined process may reach and use, and what every one may read of the system and of this Python."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

from autograder.errors import InternalSignal
from autograder.paths import ROOT

LANDLOCK_MOST = "ISOMETRY_LANDLOCK_MOST"
"""The environment variable that holds Landlock at an older version, to try what an older Linux enforces."""
_NEWEST = 1 << 30


class Unconfined(InternalSignal):
    """This machine does not enforce what was asked. The text says what."""


def landlock_most() -> int:
    """The newest version of Landlock that is to be used, from this process's environment. `Unconfined` for no number."""
    text = os.environ.get(LANDLOCK_MOST, "").strip()
    if not text:
        return _NEWEST
    if not (text.isascii() and text.isdigit()):
        raise Unconfined(f"{LANDLOCK_MOST} is to be a whole number, such as 4, and is “{text}”")
    return int(text)


@dataclass(frozen=True)
class Limits:
    """How much a kernel may use. Sizes in bytes, times in seconds."""

    memory: int = 4 << 30
    """Private memory; beyond it an allocation fails, and the cell with it."""
    cpu: int = 600
    """Processor time of the whole notebook."""
    file: int = 64 << 20
    files: int = 512
    threads: int = 512


@dataclass(frozen=True)
class SandboxPolicy:
    """What a confined process may reach, and who it is."""

    readable: Sequence[str]
    """Files and folders. What is not there is left out."""
    writable: Sequence[str]
    """Folders it may read and write in."""
    _: KW_ONLY
    known: Sequence[str] = ()
    """Folders in which it may read the files whose names it knows, and learn no names."""
    uid: int | None = None
    """The user and group to become; None to stay who it is."""
    limits: Limits = field(default_factory=Limits)
    landlock_most: int = field(default_factory=landlock_most)
    """The newest version of Landlock to use. By default as the environment of whoever makes the policy says."""


SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/fonts",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
    "/dev/null",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/version",
    "/proc/sys/vm/overcommit_memory",
    # One by one: beside these, a process's folder holds `net` and `task/*/net`, which tell of the machine's connections.
    "/proc/self/cgroup",
    "/proc/self/cmdline",
    "/proc/self/comm",
    "/proc/self/environ",
    "/proc/self/fd",
    "/proc/self/io",
    "/proc/self/limits",
    "/proc/self/maps",
    "/proc/self/smaps",
    "/proc/self/smaps_rollup",
    "/proc/self/stat",
    "/proc/self/statm",
    "/proc/self/status",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/sys/fs/cgroup/cpu.max",
)
"""What Python and its packages read of a Linux system."""


def installation() -> list[str]:
    """Where this Python and its packages are; of the course only the packages that a notebook imports."""
    prefixes = {Path(path).resolve() for path in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)}
    # What else stands on the path, such as a checkout, may hold anything.
    packages = {Path(path).resolve() for path in sys.path if path.endswith(("site-packages", "dist-packages"))}
    own = {ROOT / name for name in ("autograder", "course") if (ROOT / name).is_dir()}
    return sorted(str(path) for path in prefixes | packages | own if path != ROOT)


def readable_by_others(paths: Sequence[str]) -> bool:
    """Whether a user who owns nothing could read these files and folders: all on the way to them is open to others."""
    for path in map(Path, paths):
        try:
            if not path.resolve().stat().st_mode & 0o004:
                return False
            if any(not parent.stat().st_mode & 0o001 for parent in path.resolve().parents):
                return False
        except OSError:
            return False
    return True
