"""A process outside, of the grader's own user, for an attack to reach: it owns things, and helps whoever reaches it.

`python -I -S bystander.py FOLDER NAME NOTE TCP MARK` prints, as JSON, where everything is (`Outside`), and when its
input ends, what became of it. It holds a secret in its memory, its environment, a file that is open, a key and every
kind of shared object. A datagram may bring it a socket: it answers with a connection to the TCP server `TCP`.
"""

from __future__ import annotations

import array
import ctypes
import fcntl
import hashlib
import json
import os
import platform
import resource
import secrets
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

INNOCENT = b"innocent"
SECONDS = 15
"""What it may take to start, and to tell what became of it."""


def notes() -> Iterator[Path]:
    """Files that both an attacker and who stands outside may read, each time from another one on.

    A lock on such a file is seen through the walls of containers, so no two who run at once should share one.
    """
    import matplotlib

    found = sorted(Path(matplotlib.__file__).parent.rglob("*.py"))
    start = secrets.randbelow(len(found))
    yield from found[start:] + found[:start]


class Bystander:
    """Such a process, as the one who starts it sees it. `told` is where everything is.

    Parameters
    ----------
    folder:
        Where it makes its sockets. Its user may write there.
    name:
        Stands in the names of all it makes.
    note:
        A file that notebooks may read, too.
    tcp:
        The port of the server that it connects others to.
    mark:
        What an attack leaves, sends and calls its keys by.
    secret:
        What nobody may read of it.
    user:
        The user it is to be; by default the one who starts it.
    """

    def __init__(
        self, folder: Path, name: str, note: Path, *, tcp: int, mark: str, secret: str, user: int | None = None
    ) -> None:
        command = [sys.executable, "-I", "-S", __file__, str(folder), name, str(note), str(tcp), mark]
        self._process = subprocess.Popen(
            command,
            cwd="/",
            env={"SECRET_OF_THE_GRADER": secret},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline() if select.select([self._process.stdout], [], [], SECONDS)[0] else b""
        if not line:
            self._process.kill()
            raise RuntimeError(f"the bystander {name} did not start")
        self.told: dict[str, Any] = json.loads(line)
        """What is where; as `attack.Outside`."""

    def end(self) -> tuple[str, ...]:
        """End it; what was done to it, in words."""
        try:
            said, _ = self._process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            clear(self.told)
            return ("stopped another process",)
        if self._process.returncode != 0:
            clear(self.told)
            return ("ended another process",)
        harms: list[str] = json.loads(said)
        return tuple(harms)


# --------------------------------------------------------------------------- in the process itself

_libc = ctypes.CDLL(None, use_errno=True)
_libc.shmat.restype = ctypes.c_void_p
_USERS_KEYS = -4
_IPC_RMID, _IPC_CREAT, _IPC_EXCL = 0, 0o1000, 0o2000
_IPC_STAT, _GETVAL = 2, 12
_LOCK = "hhxxxxqqixxxx"
_OFD_GETLK = 36
_GET_FLAGS, _SET_FLAGS = 0x80086601, 0x40086602
_KEYS = {"x86_64": (248, 250), "aarch64": (217, 219)}
"""The numbers of the calls `add_key` and `keyctl`."""


class _Message(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_long), ("text", ctypes.c_char * 200)]


class _Owner:
    def __init__(self, folder: Path, name: str, note: Path, tcp: int, mark: str) -> None:
        self.name, self.note, self.tcp, self.mark = name, str(note), tcp, mark
        self.secret = os.environ["SECRET_OF_THE_GRADER"].encode()
        self.harms: dict[str, None] = {}
        self.memory = ctypes.create_string_buffer(INNOCENT + b" " + self.secret)
        self.file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - open until the end
        self.file.write(self.secret)
        self.file.flush()
        self.datagrams = [self._bound(str(folder / f"{name}-d")), self._bound(f"\0{name}-d")]
        self.packets = self._bound(str(folder / f"{name}-p"), socket.SOCK_SEQPACKET)
        self.packets.listen(16)
        self.reader = os.open(note, os.O_RDONLY)
        self.flags = self._flags()
        self.terminal, self._slave = os.openpty()
        self._share()
        self.checks = list[tuple[str, Callable[[], object], object]]()
        self._add_key()
        self._signals()
        self._look_at("changed another's memory", lambda: self.memory.value)
        self._look_at("changed another's segment", self._segment)
        self._look_at("changed another's queue", self._queued)
        self._look_at("changed another's semaphore", lambda: _libc.semctl(self.semaphore, 0, _GETVAL))
        self._look_at("changed another's POSIX queue", self._posix_queued)
        self._look_at("changed another's shared file", self._shared_file)
        self._look_at("left a note in a file", self._noted)
        self._look_at("changed another's limits", self._limits)

    def _look_at(self, harm: str, look: Callable[[], object]) -> None:
        self.checks.append((harm, look, look()))

    @staticmethod
    def _bound(place: str, kind: int = socket.SOCK_DGRAM) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, kind)
        made.bind(place)
        if not place.startswith("\0"):
            os.chmod(place, 0o777)
        return made

    def _signals(self) -> None:
        def caught(number: int, frame: object) -> None:
            self.harms["signalled another process"] = None

        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
            with suppress(OSError, ValueError):
                signal.signal(number, caught)

    # -- what is shared

    def _share(self) -> None:
        self.wanted = int.from_bytes(hashlib.sha256(self.name.encode()).digest()[:3], "big") | 0x52000000
        self.segment = _libc.shmget(0, 4096, 0o600 | _IPC_CREAT)
        address = _libc.shmat(self.segment, None, 0)
        ctypes.memmove(address, INNOCENT + b" " + self.secret, len(INNOCENT) + 1 + len(self.secret))
        self._segment_at = address
        self.queue = _libc.msgget(0, 0o600 | _IPC_CREAT)
        _libc.msgsnd(self.queue, ctypes.byref(_Message(1, self.secret)), ctypes.c_size_t(200), 0)
        self.semaphore = _libc.semget(0, 1, 0o600 | _IPC_CREAT)
        _libc.semctl(self.semaphore, 0, 16, 5)
        attributes = (ctypes.c_long * 8)(0, 8, 200)
        self.posix = _libc.mq_open(f"/{self.name}".encode(), os.O_CREAT | os.O_RDWR | os.O_NONBLOCK, 0o600, attributes)
        _libc.mq_send(self.posix, self.secret, ctypes.c_size_t(len(self.secret)), 0)
        self.shared = f"/dev/shm/{self.name}"
        Path(self.shared).write_bytes(INNOCENT + b" " + self.secret)
        os.chmod(self.shared, 0o666)

    def _segment(self) -> object:
        attached = (ctypes.c_char * 4096).from_address(self._segment_at).value
        return attached, _libc.shmctl(self.segment, _IPC_STAT, ctypes.create_string_buffer(512)) == 0 and self._kept()

    def _kept(self) -> bool:
        """Whether the segment is not marked for removal: then it has a line in the system's list, and no other mark."""
        lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
        return any(line.split()[1] == str(self.segment) and line.split()[2] == "600" for line in lines)

    def _queued(self) -> object:
        lines = Path("/proc/sysvipc/msg").read_text().splitlines()[1:]
        return [line.split()[4] for line in lines if line.split()[1] == str(self.queue)]

    def _posix_queued(self) -> object:
        attributes = (ctypes.c_long * 8)()
        gone = _libc.mq_getattr(self.posix, attributes)
        again = _libc.mq_open(f"/{self.name}".encode(), os.O_RDONLY | os.O_NONBLOCK)
        if again >= 0:
            os.close(again)
        return gone, attributes[3], again >= 0

    def _shared_file(self) -> object:
        found = os.stat(self.shared) if os.path.exists(self.shared) else None
        return found and (found.st_mode, found.st_nlink, Path(self.shared).read_bytes())

    def _flags(self) -> array.array[int]:
        flags = array.array("l", [0])
        with suppress(OSError):
            fcntl.ioctl(self.reader, _GET_FLAGS, flags)
        return flags

    def _noted(self) -> object:
        found = os.stat(self.note)
        with open(self.note, "rb") as file:
            digest = hashlib.sha256(file.read()).digest()
        flags = self._flags()[0]
        dates = found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns, found.st_nlink
        return *dates, os.listxattr(self.note), flags, digest

    def _limits(self) -> object:
        which = (resource.RLIMIT_NOFILE, resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_CORE)
        return (
            [resource.getrlimit(one) for one in which],
            sorted(os.sched_getaffinity(0)),
            os.sched_getscheduler(0),
            os.getpriority(os.PRIO_PROCESS, 0),
            os.getpgid(0),
            *(Path(f"/proc/self/{name}").read_text() for name in ("oom_score_adj", "comm", "coredump_filter")),
        )

    def _add_key(self) -> None:
        add, _ = _KEYS.get(platform.machine(), (0, 0))
        if add:
            _libc.syscall(add, b"user", self.name.encode(), self.secret, len(self.secret), _USERS_KEYS)

    # -- what is heard

    def run(self) -> None:
        watched = [sys.stdin, *self.datagrams, self.packets, self.terminal]
        lines: list[socket.socket] = []
        while True:
            self._look_at_locks()
            ready, _, _ = select.select([*watched, *lines], [], [], 0.05)
            if ready == [sys.stdin]:  # and nothing is left to be heard
                return
            for one in ready:
                if one is sys.stdin:
                    continue
                if one is self.packets:
                    lines.append(self.packets.accept()[0])
                    self.harms["reached another process"] = None
                elif one is self.terminal:
                    self.harms["typed on another's terminal"] = None
                    os.read(self.terminal, 4096)
                else:
                    self._hear(one)
                    if one in lines:
                        lines.remove(one)

    def _hear(self, one: socket.socket) -> None:
        _, handles, _, _ = socket.recv_fds(one, 4096, 16)
        self.harms["reached another process"] = None
        for handle in handles:
            self.harms["handed out a descriptor"] = None
            if stat.S_ISSOCK(os.fstat(handle).st_mode):
                with (
                    suppress(OSError),
                    socket.socket(fileno=handle) as theirs,
                    socket.create_connection(("127.0.0.1", self.tcp), timeout=2) as line,
                ):
                    socket.send_fds(theirs, [b"here"], [line.fileno()])
            else:
                os.close(handle)

    def _look_at_locks(self) -> None:
        try:
            fcntl.flock(self.reader, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(self.reader, fcntl.LOCK_UN)
        except OSError:
            self.harms["left a note in a lock"] = None
        try:
            found = fcntl.fcntl(self.reader, _OFD_GETLK, struct.pack(_LOCK, fcntl.F_WRLCK, 0, 0, 0, 0))
            if struct.unpack(_LOCK, found)[0] != fcntl.F_UNLCK:
                self.harms["left a note in a lock"] = None
        except OSError:
            pass
        try:
            os.close(os.open(self.note, os.O_RDWR | os.O_NONBLOCK))
        except BlockingIOError:
            self.harms["leased a file that others open"] = None
        except OSError:
            pass

    # -- the end

    def told(self) -> Mapping[str, object]:
        return {
            "pid": os.getpid(),
            "datagram": str(self.datagrams[0].getsockname()),
            "packets": str(self.packets.getsockname()),
            "nameless": f"{self.name}-d",
            "segment": self.segment,
            "queue": self.queue,
            "semaphore": self.semaphore,
            "wanted": self.wanted,
            "posix": f"/{self.name}",
            "shared": self.shared,
            "note": self.note,
            "terminal": os.ttyname(self._slave),
            "address": ctypes.addressof(self.memory),
            "handle": self.file.fileno(),
            "key": self.name,
        }

    def report(self) -> list[str]:
        """What was done to it; what would stay of that is taken back."""
        for harm, look, before in self.checks:
            try:
                now = look()
            except OSError:
                now = None
            if now != before:
                self.harms[harm] = None
        with suppress(OSError):
            fcntl.ioctl(self.reader, _SET_FLAGS, self.flags)
        for make in (_libc.shmget, _libc.semget):
            if (left := make(self.wanted, 0, 0)) >= 0:
                self.harms["left an IPC object"] = None
                _libc.shmctl(left, _IPC_RMID, None) if make is _libc.shmget else _libc.semctl(left, 0, _IPC_RMID)
        if (left := _libc.msgget(self.wanted, 0)) >= 0:
            self.harms["left an IPC object"] = None
            _libc.msgctl(left, _IPC_RMID, None)
        if (again := _libc.mq_open(f"/{self.mark}".encode(), os.O_RDONLY)) >= 0:
            self.harms["left an IPC object"] = None
            os.close(again)
            _libc.mq_unlink(f"/{self.mark}".encode())
        if _taken_key(self.mark):
            self.harms["left a key"] = None
        return list(self.harms)


def clear(told: Mapping[str, Any]) -> None:
    """Remove what such a process made, where `told` says; also what one that was killed has left."""
    _libc.shmctl(told["segment"], _IPC_RMID, None)
    _libc.msgctl(told["queue"], _IPC_RMID, None)
    _libc.semctl(told["semaphore"], 0, _IPC_RMID)
    _libc.mq_unlink(told["posix"].encode())
    _taken_key(told["key"])
    for path in (told["shared"], told["datagram"], told["packets"]):
        with suppress(OSError):
            os.unlink(path)


def _taken_key(name: str) -> bool:
    """Whether the user had a key of this name, which is gone now."""
    _, control = _KEYS.get(platform.machine(), (0, 0))
    found = int(_libc.syscall(control, 10, _USERS_KEYS, b"user", name.encode(), 0)) if control else -1
    if found >= 0:
        _libc.syscall(control, 9, found, _USERS_KEYS)
    return found >= 0


def main() -> None:
    folder, name, note, tcp, mark = sys.argv[1:]
    owner = _Owner(Path(folder), name, Path(note), int(tcp), mark)
    try:
        print(json.dumps(owner.told()), flush=True)
        owner.run()
        time.sleep(0.05)
        print(json.dumps(owner.report()), flush=True)
    finally:
        clear(owner.told())


if __name__ == "__main__":
    main()
