"""Where a kernel that runs a stranger's code lives: a process that gives up, for good, what it does not need.

`confine` is called in that process, before it has a second thread and before any of the stranger's code. From then on

- files: it reads Python, the packages and the system's libraries, and reads and writes its own scratch; everything
  else is closed (Landlock), no mode, owner or date of a file changes anywhere, and none is locked or watched (seccomp);
- network: it makes no socket but pairs of streams, and none is connected, bound or sent to an address (seccomp). Where
  the process may, it has a network and an IPC of its own, too, with nothing in them (namespaces);
- processes: it starts none, runs no program, and signals, traces or limits nobody but itself (seccomp);
- rights: no capabilities, no new ones by running programs, and, where root grades and the installation can be read
  by others, an own user id that nobody else has;
- amounts: processor time, memory, open files and the size of a file are limited (rlimits); `resource_monitor.py` looks at the rest.

What is allowed is listed, and the rest refused: `rules.py` has a verdict on every system call, and one that is not in
`calls.py`'s table is not there. Landlock's and seccomp's own limits hold: that a path exists, its size and its date can
be learned. Only Linux has both. Nothing here needs privileges or starts a program; only the standard library is
imported.
"""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Sequence

from autograder.kernels.sandbox import rules, seccomp
from autograder.kernels.sandbox.landlock import close_files, landlock_version
from autograder.kernels.sandbox.linux import die_with_parent, drop_capabilities, own_namespaces
from autograder.kernels.sandbox.policy import (
    LANDLOCK_MOST,
    SYSTEM,
    Limits,
    SandboxPolicy,
    Unconfined,
    installation,
    landlock_most,
    readable_by_others,
)
from autograder.kernels.sandbox.seccomp import number

__all__ = [
    "LANDLOCK_MOST",
    "LAYERS",
    "SYSTEM",
    "SandboxPolicy",
    "Limits",
    "Unconfined",
    "confine",
    "die_with_parent",
    "installation",
    "landlock_most",
    "landlock_version",
    "number",
    "readable_by_others",
]


LAYERS = ("namespaces", "limits", "Landlock", "user and capabilities", "seccomp")
"""What Linux offers to confine a process with, in the order in which it is put on."""


def confine(policy: SandboxPolicy, layers: Sequence[str] = LAYERS) -> None:
    """Give up everything that `policy` does not grant, and end with the process that started this one.

    Call it in the process's only thread. Less than all `layers` is for learning what each of them holds.
    `Unconfined` where this machine does not enforce all of it.
    """
    machine = platform.machine()
    if sys.platform != "linux" or not seccomp.known(machine):
        raise Unconfined(f"no sandbox is known for {platform.system()} on {machine}")
    version = min(landlock_version(), policy.landlock_most)
    if "namespaces" in layers:
        own_namespaces()
    if "limits" in layers:
        _limit(policy.limits, own_user=policy.uid is not None)
    if "Landlock" in layers:
        close_files(policy, version)
    if "user and capabilities" in layers:
        if policy.uid is not None:
            os.setgroups([])
            os.setresgid(policy.uid, policy.uid, policy.uid)
            os.setresuid(policy.uid, policy.uid, policy.uid)
        drop_capabilities()
    die_with_parent()  # a change of user takes it back, and the filter lets nobody say it
    if "seccomp" in layers:
        seccomp.install(seccomp.program(machine, rules.numbered(machine, os.getpid(), version)))


def _limit(limits: Limits, own_user: bool) -> None:
    wanted = {
        resource.RLIMIT_DATA: limits.memory,
        resource.RLIMIT_CPU: limits.cpu,
        resource.RLIMIT_FSIZE: limits.file,
        resource.RLIMIT_NOFILE: limits.files,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    if own_user:  # it counts all of a user's, and would hold back whoever shares the id
        wanted[resource.RLIMIT_NPROC] = limits.threads
    for which, most in wanted.items():
        _, hard = resource.getrlimit(which)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (most, most))
