"""What a copy of the fork server does to become a kernel."""

from __future__ import annotations

import fcntl
import os
import signal as signals
import socket
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from autograder.kernels import sandbox
from autograder.paths import ROOT


def be_a_kernel(asked: dict[str, Any], handles: Sequence[int]) -> None:
    """Become the kernel that was asked for; never returns. `handles` are its output, its errors and the line of its cells."""
    code = 1
    try:
        os.setsid()
        sandbox.die_with_parent()
        signals.set_wakeup_fd(-1)
        signals.signal(signals.SIGCHLD, signals.SIG_DFL)
        signals.signal(signals.SIGINT, signals.default_int_handler)
        null = os.open(os.devnull, os.O_RDONLY)
        # First above all that is open: a target may be another's source.
        above = [fcntl.fcntl(handle, fcntl.F_DUPFD, 64) for handle in (null, *handles)]
        for target, source in enumerate(above):
            os.dup2(source, target)
        _close_from(len(above))
        os.environ.update(asked["environment"])
        tell_jax(asked["environment"])
        tempfile.tempdir = None  # as TMPDIR says from now on
        os.chdir(asked["folder"])
        if asked["cold"]:
            start_anew(asked["spec"])

        from autograder.kernels import kernel_entry

        kernel_entry.run_cells(asked["spec"], socket.socket(fileno=3))
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        # Nothing that the server meant to do at its own end is the copy's to do.
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def start_anew(spec: str | None) -> None:
    """Become a Python in which nothing was imported yet, and then the kernel; never returns.

    For a notebook that sets, in its first cells, what libraries read as they are imported. What stands in the folder it
    works in is not imported before it is confined.
    """
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from autograder.kernels import kernel_entry; kernel_entry.main()"
    os.execv(sys.executable, [sys.executable, "-P", "-c", code, *([spec] if spec else [])])


def tell_jax(environment: Mapping[str, str]) -> None:
    """Give JAX the settings that it would have read from this environment, had it been imported in it."""
    jax = sys.modules.get("jax")
    if jax is None:
        return
    for name, text in environment.items():
        known = jax.config.values
        if (setting := name.lower()) not in known:
            continue
        was = known[setting]
        value: Any = text
        if isinstance(was, bool):
            value = text.lower() not in ("", "0", "false", "off", "no", "n", "f")
        elif isinstance(was, int | float):
            value = type(was)(text)
        jax.config.update(setting, value)


def _close_from(first: int) -> None:
    """Close every descriptor from `first` on; Python's socket objects for them are forgotten, not closed again."""
    os.closerange(first, max((int(name) for name in os.listdir("/proc/self/fd")), default=1024) + 1)
