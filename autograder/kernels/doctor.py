"""What this machine enforces of the sandbox, found by trying: a process is confined, and attempts what it may not.

What an attempt *says* is one thing; what it *does* is seen from outside. So before the process is confined, there is
bait: files, a listener of every kind, shared memory, a queue, a semaphore, a process that does nothing. Afterwards all of
it must be as it was.

Long because each thing tried stands beside the bait it is tried on.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import mmap
import os
import platform
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from autograder.errors import GradingError
from autograder.kernels import sandbox
from autograder.kernels.sandbox import LAYERS, SandboxPolicy, Unconfined
from autograder.paths import ROOT

SECONDS = 60
_AT_MOST = 0.2
"""Seconds that a trial, and what it sends, may take."""


class Finding(NamedTuple):
    """One thing that the sandbox is for, and whether it holds here."""

    name: str
    enforced: bool
    said: str = ""


WHAT = {
    "files": "nothing outside the scratch folder can be read or written, and nothing in it is another's",
    "modes": "modes and owners of files stay as they are",
    "notes": "no lock is left on a file that others can see, and none is watched",
    "network": "no TCP, no UDP, no other process's socket, whatever a descriptor is and whichever call sends",
    "descriptors": "no descriptor comes in",
    "shared memory": "no memory, queue or semaphore of other processes",
    "processes": "no process is started, no program run",
    "signals": "other processes get no signals, by no road, and are not looked into",
    "memory": "too much memory is refused",
    "disk": "too large a file is refused",
    "rights": "no capabilities, and no way to new ones",
}
"""What is tried, in order."""


@lru_cache(maxsize=1)
def examine() -> tuple[Finding, ...]:
    """Confine a process and let it try everything. Without a sandbox, each finding says why."""
    return _trial(LAYERS)


@lru_cache(maxsize=1)
def held_by() -> dict[str, str]:
    """What each finding rests on, found by trying: with one layer of the sandbox alone, and with all but one.

    The layers without which it is open; where it is open without none of them, those that hold it by themselves.
    """

    def holds(name: str, trial: tuple[Finding, ...]) -> bool:
        return any(finding.name == name and finding.enforced for finding in trial)

    alone = {layer: _trial([layer]) for layer in LAYERS}
    without = {layer: _trial([other for other in LAYERS if other != layer]) for layer in LAYERS}
    told = {}
    for name in WHAT:
        needed = [layer for layer in LAYERS if not holds(name, without[layer])]
        told[name] = " and ".join(needed) or " or ".join(layer for layer in LAYERS if holds(name, alone[layer]))
    return told


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
            "Linux 5.13 or later, or let what you grade read, change and send whatever you can.",
            parameter="unsafe",
        )


def setting() -> list[tuple[str, str]]:
    """What the sandbox finds to work with here."""
    version = sandbox.landlock_version() if sys.platform == "linux" else 0
    most = sandbox.landlock_most()
    held = f", held at {most} by {sandbox.LANDLOCK_MOST}" if most < version else ""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    readable = root and sandbox.readable_by_others(sandbox.installation())
    who = "an own user for each kernel" if readable else "yours, without capabilities" if root else "yours"
    if root and not readable:
        who += f" (others cannot read {sys.prefix} or what it stands on)"
    return [
        ("system", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ("Landlock", f"version {version}{held}" if version else "not there"),
        ("user", who),
    ]


def _trial(layers: Any) -> tuple[Finding, ...]:
    """What holds in a process that is confined by these layers."""
    try:
        with _bait() as (folder, bait, seen):
            environment = os.environ | {"PYTHONPATH": str(ROOT)}
            try:
                done = subprocess.run(
                    [sys.executable, "-m", "autograder.kernels.doctor", json.dumps(bait), *layers],
                    env=environment,
                    cwd=folder,
                    capture_output=True,
                    text=True,
                    timeout=SECONDS,
                )
                found = json.loads(done.stdout)
            except (OSError, ValueError, subprocess.TimeoutExpired):
                found = dict.fromkeys(WHAT, "the trial ended without a word")
            for name, look in seen:
                with suppress(OSError):
                    found[name] = look() or found.get(name, "")
    except OSError as error:
        found = dict.fromkeys(WHAT, f"there is nothing to try it with: {error}")
    return tuple(Finding(name, found.get(name) == "", str(found.get(name))) for name in WHAT)


# --------------------------------------------------------------------------- what is there to be taken

Look = tuple[str, Callable[[], str]]
"""What a look afterwards belongs to, and "" where all is as it was, else what is not."""

_PRIVATE, _REMOVE, _STAT, _GET_VALUE, _SET_VALUE, _NO_WAIT = 0, 0, 2, 12, 16, 0o4000


def _libc() -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
    libc.shmdt.argtypes = [ctypes.c_void_p]
    return libc


@contextmanager
def _bait() -> Iterator[tuple[Path, dict[str, Any], list[Look]]]:
    """A folder, what the trial is told of, and how to see afterwards what it did."""
    seen: list[Look] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="doctor-")))
        bait: dict[str, Any] = {"folder": str(folder)}
        (folder / "inside").mkdir()
        for name in ("outside", "readable"):
            (folder / name).write_text("not yours")
        modes = {name: (folder / name).stat().st_mode for name in ("outside", "readable")}

        def changed() -> str:
            same = all((folder / name).read_text() == "not yours" for name in modes)
            return "" if same and {p.name for p in folder.iterdir()} <= _PLACES else "a file was changed"

        def other_modes() -> str:
            same = all((folder / name).stat().st_mode == mode for name, mode in modes.items())
            return "" if same else "a mode was changed"

        seen += [("files", changed), ("modes", other_modes)]
        _listen(folder, stack, bait, seen)
        _share(stack, bait, seen)
        victim = stack.enter_context(subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE))
        stack.callback(victim.kill)
        bait["victim"] = victim.pid
        seen.append(("signals", lambda: "" if victim.poll() is None else "another process was ended"))
        yield folder, bait, seen


_PLACES = {"outside", "readable", "inside", "stream", "datagram"}


def _listen(folder: Path, stack: ExitStack, bait: dict[str, Any], seen: list[Look]) -> None:
    """Sockets of every kind that a process on this machine can reach."""
    bait["abstract"] = f"isometry-doctor-{os.getpid()}-{folder.name}"
    places: dict[str, tuple[int, int, Any]] = {
        "tcp": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
        "udp": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        "stream": (socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "stream")),
        "datagram": (socket.AF_UNIX, socket.SOCK_DGRAM, str(folder / "datagram")),
        "abstract": (socket.AF_UNIX, socket.SOCK_DGRAM, "\0" + bait["abstract"]),
    }
    for name, (family, kind, place) in places.items():
        listener = stack.enter_context(socket.socket(family, kind))
        listener.bind(place)
        listener.setblocking(False)
        if kind == socket.SOCK_STREAM:
            listener.listen()
        if family == socket.AF_INET:
            bait[name] = listener.getsockname()[1]

        def heard(
            listener: socket.socket = listener, name: str = name, stream: bool = kind == socket.SOCK_STREAM
        ) -> str:
            try:
                listener.accept() if stream else listener.recv(1)
            except BlockingIOError:
                return ""
            return f"a listener was reached ({name})"

        seen.append(("network", heard))


def _share(stack: ExitStack, bait: dict[str, Any], seen: list[Look]) -> None:
    """What System V has for processes to share, where this machine has it."""
    libc = _libc()
    memory, queue, semaphore = libc.shmget(0, 4096, 0o1600), libc.msgget(0, 0o1600), libc.semget(0, 1, 0o1600)
    bait |= {"memory": memory, "queue": queue, "semaphore": semaphore}
    if memory >= 0:
        stack.callback(libc.shmctl, memory, _REMOVE, None)
        ctypes.memmove(place := libc.shmat(memory, None, 0), b"not yours", 9)
        stack.callback(libc.shmdt, place)
        state = ctypes.create_string_buffer(256)
        seen.append(("shared memory", lambda: "" if ctypes.string_at(place, 9) == b"not yours" else "it was changed"))
        # The mode's SHM_DEST says that it is marked for removal.
        seen.append(
            (
                "shared memory",
                lambda: (
                    ""
                    if libc.shmctl(memory, _STAT, state) == 0
                    and not int.from_bytes(state.raw[20:22], "little") & 0o1000
                    else "it was removed"
                ),
            )
        )
    if queue >= 0:
        stack.callback(libc.msgctl, queue, _REMOVE, None)
        libc.msgsnd(queue, struct.pack("@l9s", 1, b"not yours"), ctypes.c_size_t(9), _NO_WAIT)
        taken = ctypes.create_string_buffer(64)

        def in_it() -> str:
            first = libc.msgrcv(queue, taken, ctypes.c_size_t(9), ctypes.c_long(0), _NO_WAIT)
            more = libc.msgrcv(queue, taken, ctypes.c_size_t(9), ctypes.c_long(0), _NO_WAIT)
            return "" if (first, more) == (9, -1) else "a message was taken or sent"

        seen.append(("shared memory", in_it))
    if semaphore >= 0:
        stack.callback(libc.semctl, semaphore, 0, _REMOVE)
        libc.semctl(semaphore, 0, _SET_VALUE, 5)
        seen.append(
            ("shared memory", lambda: "" if libc.semctl(semaphore, 0, _GET_VALUE) == 5 else "a semaphore was changed")
        )


# --------------------------------------------------------------------------- in the confined process


def _refused(attempt: Callable[[], Any]) -> str:
    """ "" where the attempt is refused, else that it is not."""
    try:
        attempt()
    except (OSError, MemoryError):
        return ""
    return "it was not refused"


def _system(name: str, *arguments: Any) -> Callable[[], None]:
    def call() -> None:
        number = ctypes.c_long(sandbox.number(name))
        if ctypes.CDLL(None, use_errno=True).syscall(number, *arguments) < 0:
            raise OSError(ctypes.get_errno(), "refused")

    return call


def _in_a_copy(act: Callable[[], Any]) -> Callable[[], None]:
    """An attempt that would leave its mark on this process: in a copy of it, where one can be made."""

    def attempt() -> None:
        try:
            copy = os.fork()
        except OSError:
            act()
            return
        if copy == 0:
            try:
                act()
            except BaseException:
                os._exit(1)
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]) != 0:
            raise OSError

    return attempt


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


def _connecting(bait: dict[str, Any]) -> Iterator[Callable[[], Any]]:
    """Every kind of socket that there might be, every address, every call that sends to one."""
    folder = Path(bait["folder"])
    abstract = "\0" + bait["abstract"]
    internet: list[Any] = [("127.0.0.1", bait["tcp"]), ("127.0.0.1", bait["udp"])]
    local: list[Any] = [str(folder / "stream"), str(folder / "datagram"), abstract]
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET)

    def alone(family: int, kind: int) -> socket.socket:
        one = socket.socket(family, kind)
        one.settimeout(_AT_MOST)
        return one

    made: list[tuple[Callable[[], socket.socket], list[Any]]] = [
        (lambda kind=kind, family=family: alone(family, kind), places)  # type: ignore[misc]
        for kind in kinds
        for family, places in ((socket.AF_INET, internet), (socket.AF_UNIX, local))
    ]
    pairs: list[socket.socket] = []

    def pair(kind: int) -> socket.socket:
        one, other = socket.socketpair(socket.AF_UNIX, kind)
        one.settimeout(_AT_MOST)
        pairs.extend((one, other))  # the other end stays open
        return one

    made += [(lambda kind=kind: pair(kind), local) for kind in kinds]  # type: ignore[misc]
    note = ctypes.create_string_buffer(b"note")

    def message(place: str) -> ctypes.Array[ctypes.c_char]:
        name = struct.pack("=H", socket.AF_UNIX) + place.encode() + (b"" if place[0] == "\0" else b"\0")
        kept.extend(
            (address := ctypes.create_string_buffer(name, len(name)), vector := ctypes.create_string_buffer(16))
        )
        struct.pack_into("@PN", vector, 0, ctypes.addressof(note), 4)
        packed = struct.pack(
            "@PI4xPNPNi4xI4x", ctypes.addressof(address), len(name), ctypes.addressof(vector), 1, 0, 0, 0, 0
        )
        return ctypes.create_string_buffer(packed, len(packed))

    kept: list[Any] = []
    for make, places in made:
        for place in places:
            yield lambda make=make, place=place: make().sendto(b"note", place)  # type: ignore[misc]
            yield lambda make=make, place=place: make().sendmsg([b"note"], [], 0, place)  # type: ignore[misc]
            yield lambda make=make, place=place: socket.socket.connect(make(), place)  # type: ignore[misc]
            if isinstance(place, str):
                yield lambda make=make, place=place: _system(  # type: ignore[misc]
                    "sendmmsg", make().fileno(), message(place), 1, 0
                )()
    yield lambda: pair(socket.SOCK_STREAM).listen()
    yield lambda: pair(socket.SOCK_STREAM).bind("\0" + bait["abstract"] + "-own")


def _asynchronously(victim: int) -> Iterator[Callable[[], Any]]:
    """Signals that are not sent, but come: to whom a descriptor belongs, when something can be read of it."""
    set_signal, set_owner_ex, lease, async_flag = 10, 15, 1024, 0x2000
    number = struct.pack("=i", victim)

    def road(own: Callable[[int], Any], wake: Callable[[int], Any]) -> Callable[[], None]:
        def attempt() -> None:
            one, other = socket.socketpair()
            with one, other:
                own(one.fileno())
                wake(one.fileno())
                with suppress(OSError):
                    fcntl.fcntl(one, set_signal, signal.SIGKILL)
                other.send(b"x")

        return attempt

    owners: list[Callable[[int], Any]] = [
        lambda fd: fcntl.fcntl(fd, fcntl.F_SETOWN, victim),
        lambda fd: fcntl.fcntl(fd, set_owner_ex, struct.pack("=ii", 1, victim)),
        lambda fd: fcntl.ioctl(fd, 0x8901, number),
        lambda fd: fcntl.ioctl(fd, 0x8902, number),
    ]
    wakers: list[Callable[[int], Any]] = [
        lambda fd: fcntl.fcntl(fd, fcntl.F_SETFL, async_flag),
        lambda fd: fcntl.ioctl(fd, 0x5452, struct.pack("=i", 1)),
    ]
    for own in owners:
        for wake in wakers:
            yield road(own, wake)
    yield lambda: fcntl.fcntl(os.open(os.devnull, os.O_RDONLY), lease, fcntl.F_RDLCK)


def _shared(bait: dict[str, Any]) -> Iterator[Callable[[], Any]]:
    """Every window of System V's three kinds, by the number of what is there, and the doors; POSIX queues."""
    memory, queue, semaphore = bait["memory"], bait["queue"], bait["semaphore"]
    large = ctypes.create_string_buffer(4096)
    message = struct.pack("@l9s", 1, b"from here")
    step = struct.pack("=Hhh", 0, 1, _NO_WAIT)
    libc = _libc()
    yield lambda: _made(libc.shmget(0, 4096, 0o1600), lambda made: libc.shmctl(made, _REMOVE, None))
    yield lambda: _made(libc.msgget(0, 0o1600), lambda made: libc.msgctl(made, _REMOVE, None))
    yield lambda: _made(libc.semget(0, 1, 0o1600), lambda made: libc.semctl(made, 0, _REMOVE))
    for name, arguments in (
        ("shmat", (memory, None, 0)),
        ("shmctl", (memory, _STAT, large)),
        ("shmctl", (memory, _REMOVE, None)),
        ("msgsnd", (queue, message, ctypes.c_size_t(9), _NO_WAIT)),
        ("msgrcv", (queue, large, ctypes.c_size_t(9), ctypes.c_long(0), _NO_WAIT)),
        ("msgctl", (queue, _STAT, large)),
        ("semctl", (semaphore, 0, _GET_VALUE)),
        ("semctl", (semaphore, 0, _SET_VALUE, 7)),
        ("semop", (semaphore, step, ctypes.c_size_t(1))),
        ("semtimedop", (semaphore, step, ctypes.c_size_t(1), None)),
        ("mq_open", (b"isometry-doctor", os.O_CREAT | os.O_RDWR, 0o600, None)),
        ("mq_unlink", (b"isometry-doctor",)),
    ):
        yield _system(name, *arguments)


def _made(number: int, remove: Callable[[int], Any]) -> None:
    if number < 0:
        raise OSError
    remove(number)


def _pass_in() -> None:
    one, other = socket.socketpair()
    socket.send_fds(one, [b"x"], [0])
    if not socket.recv_fds(other, 1, 1)[1]:
        raise OSError


def _lock(path: Path, exclusively: Callable[[int], Any], again: Callable[[int], Any]) -> Callable[[], None]:
    """An attempt that is refused where no lock came of it: a second one, through another opening, does not meet it."""

    def attempt() -> None:
        first, second = os.open(path, os.O_RDONLY), os.open(path, os.O_RDONLY)
        try:
            exclusively(first)
            again(second)
        except BlockingIOError:
            return
        finally:
            os.close(first)
            os.close(second)
        raise OSError

    return attempt


def _try(bait: dict[str, Any]) -> dict[str, str]:
    folder, victim = Path(bait["folder"]), bait["victim"]
    inside, readable = folder / "inside", folder / "readable"
    large = sandbox.Limits().memory + (1 << 30)
    ofd_lock = struct.pack("@hhlli4x", fcntl.F_RDLCK, 0, 0, 0, 0)

    def too_large_a_file() -> None:
        with (inside / "large").open("wb") as file:
            file.truncate(sandbox.Limits().file + 1)

    def lock_of_an_opening(fd: int) -> None:
        """A lock for reading, which a note for others can be as well; the other side asks for it."""
        fcntl.fcntl(fd, 37, ofd_lock)

    def ask_for_it(fd: int) -> None:
        found = fcntl.fcntl(fd, 36, struct.pack("@hhlli4x", fcntl.F_WRLCK, 0, 0, 0, 0))
        if struct.unpack_from("@h", found)[0] != fcntl.F_UNLCK:
            raise BlockingIOError

    attempts: dict[str, list[Callable[[], Any]]] = {
        "files": [
            (folder / "outside").read_text,
            lambda: (folder / "new").write_text(""),
            lambda: os.listdir(folder),
            lambda: os.link(folder / "outside", inside / "linked"),
            lambda: os.truncate(folder / "outside", 0),
            lambda: os.truncate(readable, 0),
            lambda: os.open(folder / "outside", 3),
            lambda: os.open(folder / "outside", 3 | os.O_TRUNC),
            lambda: os.open(readable, os.O_RDONLY | os.O_TRUNC),
            lambda: os.listdir("/proc/self/net"),
        ],
        "modes": [],  # looked at from outside, since it is said to be done
        "notes": [
            _lock(readable, lambda fd: fcntl.flock(fd, fcntl.LOCK_EX), lambda fd: fcntl.flock(fd, 2 | fcntl.LOCK_NB)),
            _lock(readable, lock_of_an_opening, ask_for_it),
            _lock(readable, lambda fd: fcntl.lockf(fd, fcntl.LOCK_SH), ask_for_it),
            lambda: fcntl.fcntl(os.open(readable, os.O_RDONLY), 1024, fcntl.F_RDLCK),
            lambda: fcntl.fcntl(os.open("/usr", os.O_RDONLY), fcntl.F_NOTIFY, 2),
            _system("inotify_init1", 0),
        ],
        "network": list(_connecting(bait)),
        "descriptors": [_pass_in],
        "shared memory": list(_shared(bait)),
        "processes": [_fork, _in_a_copy(lambda: os.execv(sys.executable, [sys.executable, "-S", "-c", ""]))],
        "signals": [
            lambda: os.kill(victim, 0),
            lambda: Path(f"/proc/{victim}/environ").read_bytes(),
            _system("tgkill", victim, victim, 0),
            _system("tkill", victim, 0),
            _system("pidfd_open", victim, 0),
            _in_a_copy(_system("ptrace", 16, victim, 0, 0)),
            *_asynchronously(victim),
        ],
        "memory": [lambda: mmap.mmap(-1, large, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)],
        "disk": [too_large_a_file],
        "rights": [
            _in_a_copy(lambda: os.setresuid(12345, 12345, 12345)),
            _in_a_copy(_system("unshare", 0x10000000)),
            _in_a_copy(lambda: os.chroot(inside)),
        ],
    }
    for name in ("outside", "readable"):
        with suppress(OSError):
            os.chmod(folder / name, 0o777)
    return {name: next(filter(None, map(_refused, tries)), "") for name, tries in attempts.items()}


def main() -> None:
    """Try everything from inside; prints, by name, "" or what is wrong."""
    bait, layers = json.loads(sys.argv[1]), sys.argv[2:]
    folder = Path(bait["folder"])
    try:
        sandbox.confine(
            SandboxPolicy([*sandbox.installation(), str(folder / "readable")], [str(folder / "inside")]), layers
        )
        found = _try(bait)
    except Unconfined as error:
        found = dict.fromkeys(WHAT, str(error))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
