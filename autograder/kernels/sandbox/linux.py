"""Linux's own doors: system calls by number, `prctl`, capabilities and namespaces, through the C library."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys

from autograder.kernels.sandbox.policy import Unconfined

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP, _PR_CAP_AMBIENT, _CLEAR_ALL = 1, 38, 24, 47, 4
_CLONE_NEWNET, _CLONE_NEWIPC = 0x40000000, 0x08000000


def call(number: int, *arguments: object) -> int:
    """The result of a system call. `OSError` where there is none."""
    result = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def prctl(option: int, *arguments: int) -> None:
    """Set something of this process. `OSError` where the kernel refuses."""
    if _libc.prctl(option, *(ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)[:4])) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def die_with_parent() -> None:
    """End this process when the one that started it ends. To be said again after a change of user."""
    if sys.platform == "linux":
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def gain_nothing() -> None:
    """Let this process and all that comes of it win no rights by running programs."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def own_namespaces() -> list[str]:
    """Give this process a network and an IPC of its own, with nothing in them, where that is allowed; which it got."""
    wanted = {"network": _CLONE_NEWNET, "IPC": _CLONE_NEWIPC}
    return [name for name, flag in wanted.items() if _libc.unshare(flag) == 0]


def drop_capabilities() -> None:
    """Give up every capability, for good. `Unconfined` where that fails."""
    for capability in range(64):
        try:
            prctl(_PR_CAPBSET_DROP, capability)
        except OSError:
            continue  # there is no such capability, or it may not be dropped: then it is not held either
    try:
        prctl(_PR_CAP_AMBIENT, _CLEAR_ALL)
    except OSError:
        pass
    header = struct.pack("=Ii", 0x20080522, 0)
    if _libc.capset(header, bytes(24)) != 0:
        raise Unconfined("capabilities cannot be dropped")
