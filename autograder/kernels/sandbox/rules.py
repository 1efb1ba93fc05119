"""What a confined process may ask of Linux: a verdict on every system call, with its arguments where they matter.

A call is allowed, refused with an error, or *unheard*: it does nothing and says that all is well. The error is the one
that a machine without the thing would give, so that ordinary code takes the way it takes there.

What decides is not what a call is called, but what can be done with the descriptors, numbers and names that a process
has. It has its own files, pipes, pairs of stream sockets and threads, and its connections to the grader. So no call takes
an address, a process's or an object's number, a mount, a namespace; and no descriptor comes in or goes out.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from autograder.kernels.sandbox import calls

ALLOWED: Final = -1
UNHEARD: Final = 0
Verdict = int
"""`ALLOWED`, `UNHEARD`, or the number of the error that the call is refused with."""

_LOW = 0xFFFFFFFF


@dataclass(frozen=True)
class Test:
    """Whether one argument of a call, seen through `mask`, is one of `values`.

    Linux cuts an `int` to its lower half, so that is what is looked at; of what it takes whole (`wide`: an address, the
    flags of `clone`), the upper half must be zero.
    """

    argument: int
    values: tuple[int, ...]
    mask: int = _LOW
    wide: bool = False


@dataclass(frozen=True)
class Rule:
    """The verdict on a call: of the first case whose tests all hold, or `otherwise`."""

    cases: tuple[tuple[tuple[Test, ...], Verdict], ...]
    otherwise: Verdict


def only(*tests: Test, otherwise: Verdict) -> Rule:
    """Allowed where all `tests` hold."""
    return Rule(((tests, ALLOWED),), otherwise)


def unless(*tests: Test, otherwise: Verdict) -> Rule:
    """Allowed but where all `tests` hold."""
    return Rule(((tests, otherwise),), ALLOWED)


# --------------------------------------------------------------------------- what a whole group is told

OF_GROUPS: Mapping[str, Verdict] = {
    "memory": ALLOWED,
    "files by path": ALLOWED,
    "files by descriptor": ALLOWED,
    "pipes and pairs of sockets": ALLOWED,
    "waiting": ALLOWED,
    "threads": ALLOWED,
    "time": ALLOWED,
    "own signals": ALLOWED,
    "about this process": ALLOWED,
    # Who copies a file sets its mode and date, who makes threads their priority, and should go on. Landlock does not
    # govern them, and a grader's own files may be the caller's.
    "modes and owners": UNHEARD,
    "dates": UNHEARD,
    "priorities": UNHEARD,
    # On a file that others may open, a lock is a note to them. Between the threads of one process there is none.
    "locks": UNHEARD,
    # What is done for the whole machine's cache.
    "advice and flushing": UNHEARD,
    "attributes": errno.EOPNOTSUPP,
    "network": errno.EAFNOSUPPORT,
    # Descriptors under way are counted a user, so one notebook could leave none to its neighbours; and a file under way
    # is one that nobody else sees.
    "messages with descriptors": errno.EOPNOTSUPP,
    "processes": errno.EAGAIN,
    "programs": errno.ENOENT,
    "other processes": errno.EPERM,
    "handles of processes": errno.ENOSYS,
    "System V and POSIX IPC": errno.ENOSYS,
    "rights": errno.EPERM,
    "namespaces and mounts": errno.EPERM,
    "handles of files": errno.EOPNOTSUPP,
    "watching files": errno.ENOSYS,
    "memory of other kinds": errno.ENOSYS,
    "newer ways to open and wait": errno.ENOSYS,
    "asynchronous input and output": errno.ENOSYS,
    "splicing": errno.ENOSYS,
    "keys": errno.ENOSYS,
    "probes and programs in the kernel": errno.ENOSYS,
    "sandboxes": errno.ENOSYS,
    "the machine": errno.EPERM,
    "what is left of older systems": errno.ENOSYS,
}

# --------------------------------------------------------------------------- what Python has no names for

_ACCESS, _BOTH = os.O_ACCMODE, 3
_MAP_HUGETLB = 0x40000
_MERGEABLE, _PAGEOUT, _HWPOISON, _SOFT_OFFLINE = 12, 21, 100, 101
_IN_ORDER, _SYNC, _APPEND = 0x2, 0x4, 0x10  # RWF_DSYNC and its like
_CLOSE_ON_EXEC = 4

_CLONE_VFORK, _CLONE_THREAD = 0x4000, 0x10000
_A_THREAD = 0x100 | 0x200 | 0x400 | 0x800 | _CLONE_THREAD
"""Memory, working directory, descriptors and signal handlers are shared."""
_OF_A_THREAD = _A_THREAD | 0x40000 | 0x80000 | 0x100000 | 0x200000 | 0x400000 | 0x1000000
"""What else the C libraries say of a thread: where it keeps its own, and who is told of its beginning and its end."""
_CLONE_NEW = 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x80 | 0x00020000

_FCNTL = (
    fcntl.F_DUPFD,
    fcntl.F_DUPFD_CLOEXEC,
    fcntl.F_GETFD,
    fcntl.F_SETFD,
    fcntl.F_GETFL,
    fcntl.F_GETLK,  # SQLite asks whether there are other locks; only those outside could make some
    36,  # F_OFD_GETLK
    1027,  # F_DUPFD_QUERY
    1032,  # F_GETPIPE_SZ
    1034,  # F_GET_SEALS
)
_LOCKS = (fcntl.F_SETLK, fcntl.F_SETLKW, 37, 38)
"""Of this process, and of an open file (`F_OFD_SETLK` and its like)."""
_O_ASYNC = 0x2000
_IOCTL = {
    "TCGETS": 0x5401,
    "TIOCGWINSZ": 0x5413,
    "FIONREAD": 0x541B,
    "FIONBIO": 0x5421,
    "FIONCLEX": 0x5450,
    "FIOCLEX": 0x5451,
}
_CLONING_FILES = (0x40049409, 0x4020940D)
"""FICLONE, FICLONERANGE."""

_STREAM_BITS = _LOW & ~(socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) if hasattr(socket, "SOCK_CLOEXEC") else _LOW
_MESSAGE_FLAGS = 0x2 | 0x20 | 0x40 | 0x80 | 0x100 | 0x4000 | 0x8000 | 0x40000000
"""MSG_PEEK, TRUNC, DONTWAIT, EOR, WAITALL, NOSIGNAL, MORE and CMSG_CLOEXEC: no out-of-band data, no zero copying."""
_SOL_SOCKET = 1
_SOCKET_OPTIONS = {
    "SO_REUSEADDR": 2,
    "SO_TYPE": 3,
    "SO_ERROR": 4,
    "SO_SNDBUF": 7,
    "SO_RCVBUF": 8,
    "SO_KEEPALIVE": 9,
    "SO_LINGER": 13,
    "SO_RCVLOWAT": 18,
    "SO_RCVTIMEO": 20,
    "SO_SNDTIMEO": 21,
    "SO_ACCEPTCONN": 30,
    "SO_PROTOCOL": 38,
    "SO_DOMAIN": 39,
}
"""No filter, and no handle of the process at the other end."""

_PRCTL = {
    "PR_GET_PDEATHSIG": 2,
    "PR_GET_DUMPABLE": 3,
    "PR_SET_NAME": 15,
    "PR_GET_NAME": 16,
    "PR_GET_SECCOMP": 21,
    "PR_CAPBSET_READ": 23,
    "PR_SET_TIMERSLACK": 29,
    "PR_GET_TIMERSLACK": 30,
    "PR_SET_NO_NEW_PRIVS": 38,
    "PR_GET_NO_NEW_PRIVS": 39,
    "PR_SET_THP_DISABLE": 41,
    "PR_GET_THP_DISABLE": 42,
    "PR_SVE_GET_VL": 51,
    "PR_GET_TAGGED_ADDR_CTRL": 56,
    "PR_SME_GET_VL": 64,
    "PR_SET_VMA": 0x53564D41,
}
_ARCH_PRCTL = {
    "ARCH_GET_FS": 0x1003,
    "ARCH_GET_GS": 0x1004,
    "ARCH_GET_XCOMP_SUPP": 0x1021,
    "ARCH_GET_XCOMP_PERM": 0x1022,
    "ARCH_REQ_XCOMP_PERM": 0x1023,  # for the processor's matrix tiles, which XLA uses
}

# --------------------------------------------------------------------------- what a call is told by its arguments


def of_calls(own: int, landlock: int) -> dict[str, Rule | Verdict]:
    """The verdicts on calls that are told otherwise than their group.

    Parameters
    ----------
    own:
        The process's number.
    landlock:
        The version of Landlock that closes the files. What an older one leaves open is closed here.
    """
    options = tuple(_SOCKET_OPTIONS.values())
    option = only(Test(1, (_SOL_SOCKET,)), Test(2, options), otherwise=errno.ENOPROTOOPT)
    return {
        # Huge pages, and pages merged with others', are taken from what the machine has in common.
        "mmap": unless(Test(3, (_MAP_HUGETLB,), _MAP_HUGETLB), otherwise=errno.ENOMEM),
        "madvise": unless(Test(2, (_MERGEABLE, _PAGEOUT, _HWPOISON, _SOFT_OFFLINE)), otherwise=errno.EINVAL),
        "open": _opening(1),
        "openat": _opening(2),
        # Before Landlock 3, a file that is not open is cut without being asked about.
        "truncate": ALLOWED if landlock >= 3 else errno.EPERM,
        "mknod": _making(1),
        "mknodat": _making(2),
        "preadv2": only(Test(5, (0,), _LOW & ~(_IN_ORDER | _SYNC | _APPEND)), otherwise=errno.EOPNOTSUPP),
        "pwritev2": only(Test(5, (0,), _LOW & ~(_IN_ORDER | _SYNC | _APPEND)), otherwise=errno.EOPNOTSUPP),
        # A thread with descriptors of its own could hold files that nobody counts.
        "close_range": only(Test(2, (0, _CLOSE_ON_EXEC)), otherwise=errno.EINVAL),
        "fcntl": Rule(
            (
                ((Test(1, _FCNTL),), ALLOWED),
                ((Test(1, (fcntl.F_SETFL,)), Test(2, (0,), _O_ASYNC)), ALLOWED),
                ((Test(1, _LOCKS),), UNHEARD),
            ),
            errno.EINVAL,
        ),
        "ioctl": Rule(
            (((Test(1, tuple(_IOCTL.values())),), ALLOWED), ((Test(1, _CLONING_FILES),), errno.EOPNOTSUPP)),
            errno.ENOTTY,
        ),
        "socketpair": Rule(
            (
                ((Test(0, (socket.AF_UNIX,)), Test(1, (socket.SOCK_STREAM,), _STREAM_BITS)), ALLOWED),
                ((Test(0, (socket.AF_UNIX,)),), errno.ESOCKTNOSUPPORT),
            ),
            errno.EAFNOSUPPORT,
        ),
        "sendto": Rule(
            (
                ((Test(4, (0,), wide=True), Test(3, (0,), _LOW & ~_MESSAGE_FLAGS)), ALLOWED),
                ((Test(4, (0,), wide=True),), errno.EOPNOTSUPP),
            ),
            errno.EISCONN,
        ),
        # Counted a user, so that one notebook could leave none to its neighbours; nothing in Python asks for them.
        "timer_create": errno.EAGAIN,
        "recvfrom": only(Test(3, (0,), _LOW & ~_MESSAGE_FLAGS), otherwise=errno.EOPNOTSUPP),
        "getsockopt": option,
        "setsockopt": option,
        "connect": errno.ENETUNREACH,
        "bind": errno.EADDRNOTAVAIL,
        "listen": errno.EOPNOTSUPP,
        "accept": errno.EOPNOTSUPP,
        "accept4": errno.EOPNOTSUPP,
        "clone": Rule(
            (
                (
                    (Test(0, (0,), _LOW & ~_OF_A_THREAD, wide=True), Test(0, (_A_THREAD,), _A_THREAD)),
                    ALLOWED,
                ),
                ((Test(0, (0,), _CLONE_THREAD | _CLONE_NEW), Test(0, (_CLONE_VFORK,), _CLONE_VFORK)), errno.ENOENT),
                ((Test(0, (0,), _CLONE_THREAD | _CLONE_NEW),), errno.EAGAIN),
            ),
            errno.EPERM,
        ),
        "vfork": errno.ENOENT,  # whoever asks for it means to run a program
        "clone3": errno.ENOSYS,  # its flags cannot be seen; the C libraries then use `clone`
        "prctl": only(Test(0, tuple(_PRCTL.values())), otherwise=errno.EINVAL),
        "arch_prctl": only(Test(0, tuple(_ARCH_PRCTL.values())), otherwise=errno.EINVAL),
        "kill": only(Test(0, (own,)), otherwise=errno.EPERM),
        "tgkill": only(Test(0, (own,)), otherwise=errno.EPERM),
        "prlimit64": only(Test(0, (0, own)), otherwise=errno.EPERM),
        # A date that is set is not, and said to be; setting it to now fails: `touch` makes the file where it does.
        "utimensat": Rule((((Test(2, (0,), wide=True),), errno.EPERM),), UNHEARD),
        "mlockall": errno.EPERM,
        "memfd_create": errno.ENOSYS,
        "open_by_handle_at": errno.EPERM,
    }


def _opening(flags: int) -> Rule:
    """For neither reading nor writing, an old way to a device, Landlock does not look; nor, before version 3, at what
    is cut as it is opened for reading."""
    return Rule(
        (
            ((Test(flags, (_BOTH,), _ACCESS),), errno.EINVAL),
            ((Test(flags, (os.O_TRUNC,), _ACCESS | os.O_TRUNC),), errno.EACCES),
        ),
        ALLOWED,
    )


def _making(mode: int) -> Rule:
    """Files and named pipes, no devices and no sockets."""
    return only(Test(mode, (0, stat.S_IFREG, stat.S_IFIFO), 0xF000), otherwise=errno.EPERM)


def verdicts(own: int, landlock: int) -> dict[str, Rule | Verdict]:
    """The verdict on every call that `calls.py` knows; on any other, that there is no such call."""
    single = of_calls(own, landlock)
    return {name: single.get(name, OF_GROUPS[group]) for group in calls.GROUPS for name in calls.names(group)}


def numbered(machine: str, own: int, landlock: int) -> Sequence[tuple[int, Rule | Verdict]]:
    """The same by number, in order, on one of the architectures."""
    told = verdicts(own, landlock)
    return sorted((number, told[name]) for name, number in calls.numbers(machine).items())
