"""Where a kernel that runs a stranger's code lives: a process that gives up, for good, what it does not need.

`confine` is called in that process, before it has a second thread and before any of the stranger's code. From then on

- files: it reads Python, the packages and the system's libraries, and reads and writes its own scratch; everything
  else is closed (Landlock), no mode, owner or date of a file changes anywhere, and no folder is watched (seccomp);
- network: no socket can be made, connected or bound, of whatever kind; pairs can (seccomp). Where the process may, it
  has a network of its own, too, with nothing in it (a namespace);
- processes: it starts none, runs no program, and signals, traces or limits nobody but itself (seccomp);
- rights: no capabilities, no new ones by running programs, and, where root grades and the installation can be read
  by others, an own user id that nobody else has;
- amounts: processor time, memory, open files and the size of a file are limited (rlimits); `watch.py` looks at the rest.

Landlock's and seccomp's own limits hold: that a path exists, its size and its date can be learned.
Only Linux has both. Nothing here needs privileges or starts a program; only the standard library is imported.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


class Unconfined(Exception):
    """This machine does not enforce what was asked. The text says what."""


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
class Fence:
    """What a confined process may reach, and who it is."""

    readable: Sequence[str]
    """Files and folders. What is not there is left out."""
    writable: Sequence[str]
    """Folders it may read, write and make sockets in."""
    known: Sequence[str] = ()
    """Folders in which it may read the files whose names it knows, and learn no names."""
    uid: int | None = None
    """The user and group to become; None to stay who it is."""
    limits: Limits = field(default_factory=Limits)


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
    "/proc/self",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/sys/fs/cgroup/cpu.max",
)
"""What Python and its packages read of a Linux system."""


def installation() -> list[str]:
    """Where this Python and its packages are; of the course only the packages that a notebook imports."""
    here = Path(__file__).resolve().parents[1]
    prefixes = {Path(path).resolve() for path in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)}
    # What else stands on the path, such as a checkout, may hold anything.
    packages = {Path(path).resolve() for path in sys.path if path.endswith(("site-packages", "dist-packages"))}
    own = {here / name for name in ("autograder", "course") if (here / name).is_dir()}
    return sorted(str(path) for path in prefixes | packages | own if path != here)


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


# --------------------------------------------------------------------------- all of it, in order


def confine(fence: Fence) -> None:
    """Give up everything that `fence` does not grant. Call it in the process's only thread. `Unconfined` if it fails."""
    if sys.platform != "linux" or platform.machine() not in _ARCHITECTURES:
        raise Unconfined(f"no sandbox is known for {platform.system()} on {platform.machine()}")
    _own_network()
    _limit(fence.limits, own_user=fence.uid is not None)
    _landlock(fence)
    if fence.uid is not None:
        os.setgroups([])
        os.setresgid(fence.uid, fence.uid, fence.uid)
        os.setresuid(fence.uid, fence.uid, fence.uid)
    _drop_capabilities()
    _filter(_rules())


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


# --------------------------------------------------------------------------- the kernel's doors

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP, _PR_CAP_AMBIENT, _CLEAR_ALL = 1, 38, 24, 47, 4
_CLONE_NEWNET = 0x40000000


def _call(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def _prctl(option: int, *arguments: int) -> None:
    if _libc.prctl(option, *(ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)[:4])) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def die_with_parent() -> None:
    """End this process when the one that started it ends. To be said again after a change of user."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _own_network() -> None:
    """A network namespace with nothing in it, where that is allowed. The filter below closes the network anyway."""
    _libc.unshare(_CLONE_NEWNET)


def _drop_capabilities() -> None:
    for capability in range(64):
        try:
            _prctl(_PR_CAPBSET_DROP, capability)
        except OSError:
            continue  # there is no such capability, or it may not be dropped: then it is not held either
    try:
        _prctl(_PR_CAP_AMBIENT, _CLEAR_ALL)
    except OSError:
        pass
    header = struct.pack("=Ii", 0x20080522, 0)
    if _libc.capset(header, bytes(24)) != 0:
        raise Unconfined("capabilities cannot be dropped")


def number(name: str) -> int:
    """The number of a system call that the filter knows by name."""
    return _ARCHITECTURES[platform.machine()].numbers[name]


# --------------------------------------------------------------------------- Landlock

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ_FILE, _READ_DIR, _WRITE_FILE, _TRUNCATE = 1 << 2, 1 << 3, 1 << 1, 1 << 14
_OF_A_FILE = 1 << 0 | _WRITE_FILE | _READ_FILE | _TRUNCATE | 1 << 15
_MAKE_AND_REMOVE = (1 << 4 | 1 << 5) | (1 << 7 | 1 << 8 | 1 << 9 | 1 << 10) | 1 << 12
"""Remove folders and files; make folders, files, sockets, pipes and links. No devices."""


def landlock_version() -> int:
    """Which Landlock this kernel has; 0 where it has none."""
    try:
        return _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def _landlock(fence: Fence) -> None:
    version = landlock_version()
    if version < 1:
        raise Unconfined("the kernel has no Landlock, which closes the files")
    files = (1 << 13) - 1
    files |= 1 << 13 if version >= 2 else 0
    files |= _TRUNCATE if version >= 3 else 0
    files |= 1 << 15 if version >= 5 else 0
    attributes = struct.pack("=QQQ", files, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    try:
        rules = _call(_CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0))
        try:
            for path in (*fence.readable, *SYSTEM):
                _allow(rules, path, (_READ_FILE | _READ_DIR) & files)
            for path in fence.known:
                _allow(rules, path, _READ_FILE & files)
            _allow(rules, os.devnull, (_READ_FILE | _WRITE_FILE) & files)
            for path in fence.writable:
                _allow(rules, path, (_READ_FILE | _READ_DIR | _WRITE_FILE | _TRUNCATE | _MAKE_AND_REMOVE) & files)
            _prctl(_PR_SET_NO_NEW_PRIVS, 1)
            _call(_RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))
        finally:
            os.close(rules)
    except OSError as error:
        raise Unconfined(f"the files cannot be closed ({error.strerror})") from None


def _allow(rules: int, path: str, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            access &= _OF_A_FILE
        _call(_ADD_RULE, ctypes.c_int(rules), ctypes.c_int(1), struct.pack("=Qi", access, place), ctypes.c_uint32(0))
    finally:
        os.close(place)


# --------------------------------------------------------------------------- seccomp


@dataclass(frozen=True)
class _Architecture:
    audit: int
    seccomp: int
    numbers: dict[str, int]


_COMMON = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_open": 434,
    "clone3": 435,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
    "process_mrelease": 448,
    "fchmodat2": 452,
    "setxattrat": 463,
    "removexattrat": 466,
}


def _table(text: str) -> dict[str, int]:
    words = text.split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True)) | _COMMON


_ARCHITECTURES = {
    "x86_64": _Architecture(
        0xC000003E,
        317,
        _table(
            """
            ptrace 101 process_vm_readv 310 process_vm_writev 311 kcmp 312 kill 62 tkill 200 tgkill 234
            rt_sigqueueinfo 129 rt_tgsigqueueinfo 297 fork 57 vfork 58 clone 56 execve 59 execveat 322
            socket 41 connect 42 bind 49 listen 50 bpf 321 perf_event_open 298 userfaultfd 323
            add_key 248 request_key 249 keyctl 250 mount 165 umount2 166 pivot_root 155 chroot 161 unshare 272 setns 308
            name_to_handle_at 303 open_by_handle_at 304 init_module 175 finit_module 313 delete_module 176
            kexec_load 246 kexec_file_load 320 reboot 169 swapon 167 swapoff 168 quotactl 179 acct 163
            settimeofday 164 clock_settime 227 clock_adjtime 305 adjtimex 159 iopl 172 ioperm 173 modify_ldt 154
            syslog 103 sethostname 170 setdomainname 171 personality 135 fanotify_init 300
            memfd_create 319 shmget 29 msgget 68 semget 64 mq_open 240
            prlimit64 302 sched_setaffinity 203 sched_setscheduler 144 sched_setparam 142 sched_setattr 314
            ioprio_set 251 setpriority 141 migrate_pages 256 move_pages 279
            chmod 90 fchmod 91 fchmodat 268 chown 92 fchown 93 lchown 94 fchownat 260
            setxattr 188 lsetxattr 189 fsetxattr 190 removexattr 197 lremovexattr 198 fremovexattr 199
            utime 132 utimes 235 futimesat 261 utimensat 280 inotify_add_watch 254
            """
        ),
    ),
    "aarch64": _Architecture(
        0xC00000B7,
        277,
        _table(
            """
            ptrace 117 process_vm_readv 270 process_vm_writev 271 kcmp 272 kill 129 tkill 130 tgkill 131
            rt_sigqueueinfo 138 rt_tgsigqueueinfo 240 clone 220 execve 221 execveat 281
            socket 198 connect 203 bind 200 listen 201 bpf 280 perf_event_open 241 userfaultfd 282
            add_key 217 request_key 218 keyctl 219 mount 40 umount2 39 pivot_root 41 chroot 51 unshare 97 setns 268
            name_to_handle_at 264 open_by_handle_at 265 init_module 105 finit_module 273 delete_module 106
            kexec_load 104 kexec_file_load 294 reboot 142 swapon 224 swapoff 225 quotactl 60 acct 89
            settimeofday 170 clock_settime 112 clock_adjtime 266 adjtimex 171
            syslog 116 sethostname 161 setdomainname 162 personality 92 fanotify_init 262
            memfd_create 279 shmget 194 msgget 186 semget 190 mq_open 180
            prlimit64 261 sched_setaffinity 122 sched_setscheduler 119 sched_setparam 118 sched_setattr 274
            ioprio_set 30 setpriority 140 migrate_pages 238 move_pages 239
            fchmod 52 fchmodat 53 fchown 55 fchownat 54
            setxattr 5 lsetxattr 6 fsetxattr 7 removexattr 14 lremovexattr 15 fremovexattr 16
            utimensat 88 inotify_add_watch 27
            """
        ),
    ),
}

_UNHEARD = set(
    "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat setxattr lsetxattr fsetxattr setxattrat "
    "removexattr lremovexattr fremovexattr removexattrat utime utimes futimesat utimensat "
    "sched_setaffinity sched_setscheduler sched_setparam sched_setattr setpriority ioprio_set".split()
)
"""Calls that do nothing and say that all is well: who copies a file sets its mode and date, and who makes threads
their priority, and should go on."""
_OWN_ONLY = {"kill", "tgkill"}
"""Calls whose first argument may only be this process."""
_OWN_OR_ZERO = {"prlimit64"}

_EPERM, _ENOSYS = 1, 38
_LOAD, _EQUAL, _ANY_BIT, _AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOWED, _REFUSED, _KILLED = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _THIRD_ARGUMENT = 0, 4, 16, 32
_CLONE_THREAD = 0x10000

Instruction = tuple[int, int, int, int]


def _deny(number: int, error: int = _EPERM) -> list[Instruction]:
    return [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSED | error)]


def _deny_unless(number: int, tests: list[Instruction]) -> list[Instruction]:
    """Refuse the call unless one of the tests of its first argument holds; each test is (code, 0, 0, value)."""
    checks = [(code, len(tests) - i, 0, value) for i, (code, _, _, value) in enumerate(tests)]
    body: list[Instruction] = [(_LOAD, 0, 0, _FIRST_ARGUMENT), *checks, (_RETURN, 0, 0, _REFUSED | _EPERM)]
    return [(_EQUAL, 0, len(body), number), *body, (_LOAD, 0, 0, _NUMBER)]


def _date(number: int) -> list[Instruction]:
    """Setting a date is not done and said to be; setting it to now fails: `touch` makes the file where it does."""
    body: list[Instruction] = [
        (_LOAD, 0, 0, _THIRD_ARGUMENT),
        (_EQUAL, 0, 1, 0),
        (_RETURN, 0, 0, _REFUSED | _EPERM),
        (_RETURN, 0, 0, _REFUSED | 0),
    ]
    return [(_EQUAL, 0, len(body), number), *body]


def _rules() -> list[list[Instruction]]:
    """What the kernel's process is refused from the start."""
    own, rules = os.getpid(), []
    for name, called in _ARCHITECTURES[platform.machine()].numbers.items():
        if name == "utimensat":
            rules.append(_date(called))
        elif name in _UNHEARD:
            rules.append(_deny(called, 0))
        elif name in _OWN_ONLY:
            rules.append(_deny_unless(called, [(_EQUAL, 0, 0, own)]))
        elif name in _OWN_OR_ZERO:
            rules.append(_deny_unless(called, [(_EQUAL, 0, 0, own), (_EQUAL, 0, 0, 0)]))
        elif name == "clone":
            rules.append(_deny_unless(called, [(_ANY_BIT, 0, 0, _CLONE_THREAD)]))
        else:
            # The C library makes threads with `clone` where there is no `clone3`, whose flags a filter cannot see.
            rules.append(_deny(called, _ENOSYS if name == "clone3" else _EPERM))
    return rules


def _filter(rules: list[list[Instruction]]) -> None:
    """Let the system refuse these calls to this thread and those it starts."""
    architecture = _ARCHITECTURES[platform.machine()]
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture.audit),
        (_RETURN, 0, 0, _KILLED),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if platform.machine() == "x86_64":  # the other way to number calls there
        program += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _REFUSED | _ENOSYS)]
    for rule in rules:
        program += rule
    program.append((_RETURN, 0, 0, _ALLOWED))
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", len(program), ctypes.addressof(buffer))
    try:
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        _call(architecture.seccomp, ctypes.c_uint(1), ctypes.c_uint(0), header)
    except OSError as error:
        raise Unconfined(f"calls to the system cannot be refused ({error.strerror})") from None
