"""What this machine enforces of the sandbox, found by trying: a process is confined, and attempts what it may not."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from autograder import sandbox
from autograder.errors import GradingError
from autograder.sandbox import Fence, Unconfined

SECONDS = 60


class Finding(NamedTuple):
    """One thing that the sandbox is for, and whether it holds here."""

    name: str
    enforced: bool
    said: str = ""


WHAT = {
    "files": "nothing outside the scratch folder can be read or written",
    "modes": "modes and owners of files stay as they are",
    "network": "no TCP, no UDP, no other process's socket",
    "processes": "no process is started, no program run",
    "signals": "other processes get no signals, and are not looked into",
    "memory": "too much memory is refused",
    "disk": "too large a file is refused",
    "rights": "no capabilities, and no way to new ones",
}
"""What is tried, in order."""


@lru_cache(maxsize=1)
def examine() -> tuple[Finding, ...]:
    """Confine a process and let it try everything. Without a sandbox, each finding says why."""
    with tempfile.TemporaryDirectory(prefix="doctor-") as folder:
        outside = Path(folder) / "outside"
        outside.write_text("not yours")
        (Path(folder) / "inside").mkdir()
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
        try:
            done = subprocess.run(
                [sys.executable, "-m", "autograder.doctor", folder],
                env=environment,
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
            found = json.loads(done.stdout)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            found = dict.fromkeys(WHAT, "the trial ended without a word")
        if outside.stat().st_mode & 0o777 == 0o777:
            found["modes"] = "a mode was changed"
    return tuple(Finding(name, found.get(name) == "", str(found.get(name))) for name in WHAT)


def confined_here() -> bool:
    """Whether everything holds."""
    return all(finding.enforced for finding in examine())


def require() -> None:
    """`GradingError` where a stranger's notebook could not be kept to itself on this machine."""
    open_here = [finding for finding in examine() if not finding.enforced]
    if open_here:
        why = "; ".join(sorted({finding.said for finding in open_here if finding.said}))
        raise GradingError(
            f"Notebooks cannot be confined on this machine ({why}). `autograder doctor` says what is open. Grade on "
            "Linux 5.13 or later, or add --unsafe: what you grade can then read, change and send whatever you can."
        )


def setting() -> list[tuple[str, str]]:
    """What the sandbox finds to work with here."""
    version = sandbox.landlock_version() if sys.platform == "linux" else 0
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    readable = root and sandbox.readable_by_others(sandbox.installation())
    who = "an own user for each kernel" if readable else "yours, without capabilities" if root else "yours"
    if root and not readable:
        who += f" (others cannot read {sys.prefix} or what it stands on)"
    return [
        ("system", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ("Landlock", f"version {version}" if version else "not there"),
        ("user", who),
    ]


# --------------------------------------------------------------------------- in the confined process


def _refused(attempt: Callable[[], Any]) -> str:
    """ "" where the attempt is refused, else that it is not."""
    try:
        attempt()
    except (OSError, MemoryError):
        return ""
    return "it was not refused"


def _system(number_of: str, *arguments: int) -> Callable[[], None]:
    def call() -> None:
        number = sandbox.number(number_of)
        if ctypes.CDLL(None, use_errno=True).syscall(number, *arguments) < 0:
            raise OSError(ctypes.get_errno(), "refused")

    return call


def _try(folder: Path) -> dict[str, str]:
    parent, inside = os.getppid(), folder / "inside"
    large = sandbox.Limits().memory + (1 << 30)

    def too_large_a_file() -> None:
        with (inside / "large").open("wb") as file:
            file.truncate(sandbox.Limits().file + 1)

    attempts: dict[str, list[Callable[[], Any]]] = {
        "files": [
            (folder / "outside").read_text,
            lambda: (folder / "new").write_text(""),
            lambda: os.listdir(folder),
            lambda: os.link(folder / "outside", inside / "linked"),
        ],
        "modes": [],  # looked at from outside, since it is said to be done
        "network": [
            lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
            lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
            lambda: socket.socket(socket.AF_UNIX),
        ],
        "processes": [os.fork, lambda: os.execv(sys.executable, [sys.executable, "-c", ""])],
        "signals": [
            lambda: os.kill(parent, 0),
            lambda: Path(f"/proc/{parent}/environ").read_bytes(),
            _system("ptrace", 16, parent, 0, 0),
        ],
        "memory": [lambda: bytearray(large)],
        "disk": [too_large_a_file],
        "rights": [lambda: os.setuid(12345), _system("unshare", 0x10000000), _system("mount", 0, 0, 0, 0, 0)],
    }
    os.chmod(folder / "outside", 0o777)
    return {name: next(filter(None, map(_refused, tries)), "") for name, tries in attempts.items()}


def main() -> None:
    """Try everything from inside; prints, by name, "" or what is wrong."""
    folder = Path(sys.argv[1])
    try:
        sandbox.confine(Fence(sandbox.installation(), [str(folder / "inside")]))
        found = _try(folder)
    except Unconfined as error:
        found = dict.fromkeys(WHAT, str(error))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
