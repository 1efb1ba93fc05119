"""The sandbox, attacked from inside: each attempt is made in a real process that was confined as a kernel is."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from autograder.errors import GradingError
from autograder.kernels import doctor, sandbox
from autograder.kernels.resource_monitor import ResourceMonitor, usage
from autograder.kernels.sandbox import Limits, SandboxPolicy

ROOT = Path(__file__).parents[2]

CONFINED = """
import ctypes, json, mmap, os, shutil, signal, socket, subprocess, sys, threading, time
from pathlib import Path
from autograder.kernels import sandbox
from autograder.kernels.sandbox import SandboxPolicy
outside, inside, victim = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
libc = ctypes.CDLL(None, use_errno=True)
def system(number, *arguments):
    if libc.syscall(ctypes.c_long(number), *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")
sandbox.confine(SandboxPolicy(sandbox.installation(), [str(inside)], known=[str(inside.with_name("known"))]))
found = {}
def attempt(name, act):
    try:
        found[name] = repr(act())
    except (OSError, MemoryError) as error:
        found[name] = "refused"
    except BaseException as error:
        found[name] = type(error).__name__
"""


class Place:
    """A folder with what is worth attacking, a process to attack, and servers that listen."""

    def __init__(self, folder: Path) -> None:
        self.outside, self.inside = folder / "class", folder / "scratch"
        for name in ("gradebook.db", "solutions/bank.py", "submitted/bob/unit.ipynb", "unit.secret"):
            path = self.outside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"what stands in {name}")
        self.inside.mkdir()
        self.victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        self.servers = [socket.socket(socket.AF_INET), socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
        self.servers[0].bind(("127.0.0.1", 0))
        self.servers[1].bind(str(self.outside / "socket"))
        self.servers[2].bind(f"\0isometry-test-{os.getpid()}")
        for server in self.servers:
            server.listen(5)

    def start(self, script: str, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", CONFINED + textwrap.dedent(script) + "\nprint(json.dumps(found), flush=True)"]
        arguments = [self.outside, self.inside, self.victim.pid, *more]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "SECRET_OF_THE_GRADER": "x"}
        return subprocess.Popen(
            [*command, *map(str, arguments)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, script: str, *more: str) -> dict[str, str]:
        out, err = self.start(script, *more).communicate()
        assert out, err
        return dict(json.loads(out.splitlines()[-1]))

    def close(self) -> None:
        for server in self.servers:
            server.close()
        self.victim.kill()
        self.victim.wait()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("attacked"))
    yield made
    made.close()


def state(folder: Path) -> dict[str, tuple[Any, ...]]:
    return {
        str(p.relative_to(folder)): (p.stat().st_mode, p.stat().st_mtime_ns, p.stat().st_size, p.stat().st_uid)
        for p in folder.rglob("*")
    }


def test_files_of_the_grader_and_of_others_are_neither_read_nor_changed(place: Place) -> None:
    before = state(place.outside)
    found = place.run(
        """
        for name in ("gradebook.db", "solutions/bank.py", "submitted/bob/unit.ipynb", "unit.secret"):
            attempt(f"read {name}", (outside / name).read_text)
            attempt(f"write {name}", lambda: (outside / name).write_text("mine"))
            attempt(f"remove {name}", (outside / name).unlink)
            attempt(f"move {name}", lambda: (outside / name).rename(inside / "moved"))
            attempt(f"link {name}", lambda: os.link(outside / name, inside / "linked"))
        (inside / "to").symlink_to(outside / "gradebook.db")
        attempt("through a link", (inside / "to").read_text)
        attempt("up and down", (inside / ".." / "class" / "gradebook.db").read_text)
        attempt("list", lambda: os.listdir(outside))
        attempt("new", lambda: (outside / "new").write_text(""))
        attempt("pipe", lambda: os.mkfifo(outside / "pipe"))
        attempt("home", lambda: os.listdir(os.path.expanduser("~")))
        attempt("tmp", lambda: os.listdir("/tmp"))
        attempt("shadow", lambda: open("/etc/shadow").read())
        attempt("course", lambda: os.listdir(Path(sandbox.__file__).parents[3]))
        attempt("solutions", lambda: os.listdir(Path(sandbox.__file__).parents[3] / "solutions"))
        attempt("disk", lambda: os.listdir("/dev"))
        attempt("handle", lambda: system(sandbox.number("open_by_handle_at"), -100, 0, 0))
        """
    )
    assert {name for name, came in found.items() if came != "refused"} == set()
    assert state(place.outside) == before


def test_of_what_is_known_by_name_no_name_is_learnt(place: Place) -> None:
    known = place.inside.with_name("known")
    known.mkdir()
    (known / "a-long-digest").write_text("compiled")
    found = place.run(
        """
        known = inside.with_name("known")
        attempt("by name", (known / "a-long-digest").read_text)
        attempt("list", lambda: os.listdir(known))
        attempt("list a descriptor", lambda: os.listdir(os.open(known, os.O_RDONLY | os.O_DIRECTORY)))
        attempt("write", lambda: (known / "a-long-digest").write_text("mine"))
        attempt("new", lambda: (known / "new").write_text("mine"))
        attempt("watch", lambda: system(sandbox.number("inotify_add_watch"), libc.inotify_init(), bytes(known), 0xfff))
        """
    )
    assert found.pop("by name") == "'compiled'"
    assert found and set(found.values()) == {"refused"}


def test_modes_owners_and_dates_of_what_is_elsewhere_stay(place: Place) -> None:
    before = state(place.outside)
    found = place.run(
        """
        target = outside / "gradebook.db"
        attempt("mode", lambda: os.chmod(target, 0))
        attempt("owner", lambda: os.chown(target, 1, 1))
        attempt("date", lambda: os.utime(target, (0, 0)))
        attempt("attribute", lambda: os.setxattr(target, "user.x", b"1"))
        (inside / "own").write_text("x")
        attempt("touching makes", (inside / "touched").touch)
        attempt("copying goes on", lambda: shutil.copy2(inside / "own", inside / "copied"))
        """
    )
    assert state(place.outside) == before
    assert found["copying goes on"] != "refused" and (place.inside / "copied").read_text() == "x"
    assert found["touching makes"] != "refused" and (place.inside / "touched").exists()


def test_what_python_needs_works_inside(place: Place) -> None:
    found = place.run(
        """
        import numpy as np
        (inside / "folder").mkdir()
        np.save(inside / "folder" / "x.npy", np.arange(3))
        attempt("files", lambda: int(np.load(inside / "folder" / "x.npy").sum()))
        attempt("null", lambda: open(os.devnull, "w").write("x"))
        attempt("random", lambda: len(os.urandom(4)))
        import jax, jax.numpy as jnp
        attempt("jax", lambda: float(jax.jit(jnp.sum)(jnp.ones(3))))
        thread = threading.Thread(target=lambda: found.update(thread="ran"))
        thread.start(); thread.join()
        attempt("own signal", lambda: os.kill(os.getpid(), 0))
        attempt("pair", lambda: len(socket.socketpair()))
        """
    )
    right = {"files": "3", "null": "1", "random": "4", "jax": "3.0", "thread": "ran", "own signal": "None", "pair": "2"}
    assert found == right


def test_no_network_of_any_kind(place: Place) -> None:
    found = place.run(
        """
        def udp():
            line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            line.sendto(b"answers", ("127.0.0.1", int(sys.argv[4])))
        attempt("tcp", lambda: socket.create_connection(("127.0.0.1", int(sys.argv[4]))))
        attempt("tcp6", lambda: socket.socket(socket.AF_INET6))
        attempt("udp", udp)
        attempt("raw", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
        attempt("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
        attempt("ring", lambda: system(sandbox.number("io_uring_setup"), 8, ctypes.create_string_buffer(120)))
        attempt("abstract before", lambda: socket.socket(socket.AF_UNIX).connect("\\0" + sys.argv[5]))
        early, _ = socket.socketpair()
        attempt("unix", lambda: socket.socket(socket.AF_UNIX))
        attempt("unix, made early", lambda: early.connect(str(outside / "socket")))
        attempt("server", lambda: early.bind(str(inside / "server")))
        attempt("ear", lambda: early.listen())
        waited = threading.Thread(target=attempt, args=("in a thread", lambda: socket.socket(socket.AF_UNIX)))
        waited.start(); waited.join()
        """,
        str(place.servers[0].getsockname()[1]),
        f"isometry-test-{os.getpid()}",
    )
    assert {name for name, came in found.items() if came != "refused"} == set()
    for server in place.servers:
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_other_processes_are_neither_signalled_nor_looked_into_nor_limited(place: Place) -> None:
    found = place.run(
        """
        import resource
        buffer = ctypes.create_string_buffer(64)
        for pid in (victim, os.getppid(), 1):
            attempt(f"kill {pid}", lambda: os.kill(pid, signal.SIGTERM))
            attempt(f"environment of {pid}", lambda: open(f"/proc/{pid}/environ").read())
            attempt(f"memory of {pid}", lambda: open(f"/proc/{pid}/mem", "rb").read(1))
            attempt(f"arguments of {pid}", lambda: open(f"/proc/{pid}/cmdline").read())
            attempt(f"descriptors of {pid}", lambda: os.listdir(f"/proc/{pid}/fd"))
            attempt(f"trace {pid}", lambda: system(sandbox.number("ptrace"), 16, pid, 0, 0))
            attempt(f"read {pid}", lambda: system(sandbox.number("process_vm_readv"), pid, buffer, 1, buffer, 1, 0))
            attempt(f"handle {pid}", lambda: os.pidfd_open(pid))
            attempt(f"limit {pid}", lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, (1, 1)))
        attempt("all", lambda: os.kill(-1, signal.SIGTERM))
        attempt("group", lambda: os.kill(0, signal.SIGTERM))
        attempt("queue", lambda: system(sandbox.number("rt_sigqueueinfo"), victim, 15, buffer))
        attempt("thread", lambda: system(sandbox.number("tkill"), victim, 15))
        attempt("processes", lambda: [p for p in os.listdir("/proc") if p.isdigit()])
        """
    )
    assert {name for name, came in found.items() if came != "refused"} == set()
    assert place.victim.poll() is None


def test_no_process_is_started_and_no_program_run(place: Place) -> None:
    found = place.run(
        """
        attempt("fork", os.fork)
        attempt("program", lambda: subprocess.run(["/bin/true"]))
        attempt("spawn", lambda: os.posix_spawn("/bin/true", ["true"], {}))
        attempt("exec", lambda: os.execv("/bin/true", ["true"]))
        attempt("vfork", lambda: system(sandbox.number("clone3"), ctypes.create_string_buffer(88), 88))
        attempt("clone", lambda: system(sandbox.number("clone"), 17, 0, 0, 0, 0))
        import multiprocessing
        for way in ("fork", "spawn", "forkserver"):
            attempt(way, multiprocessing.get_context(way).Process(target=print).start)
        shell = os.system("true")
        """
    )
    assert {name for name, came in found.items() if came != "refused"} == set()


def test_no_descriptor_can_do_what_a_call_by_name_may_not(place: Place) -> None:
    """Whatever a process holds, and whatever it calls: nobody outside is reached, signalled or waited on."""
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(str(place.outside / "ear"))
    ear.setblocking(False)
    found = place.run(
        """
        import fcntl, struct
        ear, note = str(outside / "ear"), ctypes.create_string_buffer(b"note")
        def pair(kind):
            held.append(socket.socketpair(socket.AF_UNIX, kind)); return held[-1][0]
        held = []
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            attempt(f"sendto {kind}", lambda: pair(kind).sendto(b"note", ear))
            attempt(f"sendmsg {kind}", lambda: pair(kind).sendmsg([b"note"], [], 0, ear))
            attempt(f"rights {kind}", lambda: pair(kind).sendmsg([b"x"], [(1, 1, struct.pack("i", 0))], 0, ear))
            attempt(f"connect {kind}", lambda: pair(kind).connect(ear))
        attempt("datagrams", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
        attempt("datagrams, late", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC))
        attempt("packets", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        a, b = socket.socketpair()
        attempt("a descriptor goes out", lambda: socket.send_fds(a, [b"x"], [0]))
        attempt("a message with nothing in it", lambda: a.sendmsg([b"x"]))
        attempt("a timer", lambda: system(sandbox.number("timer_create"), 1, None, ctypes.byref(ctypes.c_int())))
        attempt("a descriptor comes in", lambda: socket.recv_fds(b, 1, 1))
        attempt("out of band", lambda: a.send(b"x", socket.MSG_OOB))
        attempt("the other end's process", lambda: a.getsockopt(1, 77))
        attempt("a filter", lambda: a.setsockopt(1, 26, struct.pack("HP", 1, 0)))
        attempt("owner", lambda: fcntl.fcntl(a, fcntl.F_SETOWN, victim))
        attempt("owner, wide", lambda: system(sandbox.number("fcntl"), a.fileno(), ctypes.c_ulong(1 << 32 | 8), victim))
        attempt("owner, group", lambda: fcntl.fcntl(a, 15, struct.pack("ii", 2, victim)))
        attempt("owner, ioctl", lambda: fcntl.ioctl(a, 0x8901, struct.pack("i", victim)))
        attempt("owner, socket", lambda: fcntl.ioctl(a, 0x8902, struct.pack("i", victim)))
        attempt("signal", lambda: fcntl.fcntl(a, 10, 9))
        attempt("asynchronously", lambda: fcntl.fcntl(a, fcntl.F_SETFL, os.O_NONBLOCK | 0x2000))
        attempt("asynchronously, ioctl", lambda: fcntl.ioctl(a, 0x5452, struct.pack("i", 1)))
        attempt("typing", lambda: fcntl.ioctl(0, 0x5412, b"x"))
        attempt("lease", lambda: fcntl.fcntl(os.open("/usr/bin/env", 0), 1024, fcntl.F_RDLCK))
        attempt("notes of a folder", lambda: fcntl.fcntl(os.open("/usr/bin", 0), fcntl.F_NOTIFY, 2))
        attempt("life without a parent", lambda: libc.prctl(1, 0) and (_ for _ in ()).throw(OSError()))
        attempt("a table of its own", lambda: system(sandbox.number("close_range"), 1 << 20, 1 << 20, 2))
        attempt("no reading, no writing", lambda: os.open(outside / "gradebook.db", 3))
        attempt("memory in common", lambda: mmap.mmap(-1, 1 << 21, flags=0x40022))
        attempt("a thread in a namespace", lambda: system(sandbox.number("clone"), 0x10f00 | 0x40000000, 0, 0, 0, 0))
        attempt("a brother", lambda: system(sandbox.number("clone"), 0x8000, 0, 0, 0, 0))
        attempt("a high half", lambda: system(sandbox.number("clone"), ctypes.c_ulong(1 << 32 | 0x10f00), 0, 0, 0, 0))
        attempt("a socket file", lambda: os.mknod(inside / "door", 0o140600))
        attempt("the machine's connections", lambda: open("/proc/self/net/unix").read())
        attempt("by thread", lambda: open(f"/proc/self/task/{os.getpid()}/net/tcp").read())
        b.send(b"x")
        """
    )
    assert {name for name, came in found.items() if came != "refused"} == set()
    with pytest.raises(BlockingIOError):
        ear.recv(1)
    assert place.victim.poll() is None


def test_what_system_v_shares_by_number_stays_as_it_is(place: Place) -> None:
    """Of this process, made here, mode 600: by its number, which is easily guessed, and by every call."""
    libc = doctor._libc()
    memory, queue, semaphore = libc.shmget(0, 4096, 0o1600), libc.msgget(0, 0o1600), libc.semget(0, 1, 0o1600)
    if min(memory, queue, semaphore) < 0:
        assert doctor.examine()  # this kernel has none of it
        return
    try:
        found = place.run(
            """
            memory, queue, semaphore = map(int, sys.argv[4:7])
            large, step = ctypes.create_string_buffer(4096), bytes([0, 0, 1, 0, 0, 0])
            for name, arguments in {
                "shmat": (memory, 0, 0), "shmctl": (memory, 0, 0), "shmdt": (0,), "shmget": (7, 4096, 0o1600),
                "msgsnd": (queue, large, 1, 0o4000), "msgrcv": (queue, large, 9, 0, 0o4000), "msgctl": (queue, 0, 0),
                "msgget": (7, 0o1600), "semget": (7, 1, 0o1600), "semctl": (semaphore, 0, 0),
                "semop": (semaphore, step, 1), "semtimedop": (semaphore, step, 1, 0),
                "mq_open": (b"x", 0o102, 0o600, 0), "mq_unlink": (b"x",), "mq_notify": (0, 0),
            }.items():
                attempt(name, lambda: system(sandbox.number(name), *arguments))
            """,
            str(memory),
            str(queue),
            str(semaphore),
        )
        assert len(found) == 15 and {name for name, came in found.items() if came != "refused"} == set()
        assert libc.semctl(semaphore, 0, 12) == 0 and libc.shmat(memory, None, 0) not in (None, 2**64 - 1)
    finally:
        libc.shmctl(memory, 0, None)
        libc.msgctl(queue, 0, None)
        libc.semctl(semaphore, 0, 0)


def test_rights_that_were_given_up_do_not_come_back(place: Place) -> None:
    found = place.run(
        """
        attempt("user", lambda: os.setuid(12345))
        attempt("namespace", lambda: system(sandbox.number("unshare"), 0x10000000))
        attempt("mount", lambda: system(sandbox.number("mount"), 0, 0, 0, 0, 0))
        attempt("root", lambda: os.chroot(str(inside)))
        attempt("memory file", lambda: os.memfd_create("x"))
        attempt("limit", lambda: __import__("resource").setrlimit(2, (-1, -1)))
        attempt("other calls", lambda: system(0x40000000 | 41, 2, 1, 0))
        status = Path("/proc/self/status").read_text()
        found["status"] = [line.split()[1] for line in status.splitlines() if line.startswith(("CapEff", "CapBnd", "NoNew"))]
        """
    )
    assert found.pop("limit") in ("refused", "ValueError")
    assert found.pop("status") == ["0" * 16, "0" * 16, "1"] or os.geteuid() != 0
    assert {name for name, came in found.items() if came != "refused"} == set()


def test_too_much_memory_and_too_large_a_file_are_refused_and_cost_only_the_attempt(place: Place) -> None:
    found = place.run(
        """
        attempt("memory", lambda: bytearray(sandbox.Limits().memory + 2**30))
        def large():
            with open(inside / "large", "wb") as file:
                file.truncate(sandbox.Limits().file + 1)
        attempt("file", large)
        attempt("descriptors", lambda: [open(os.devnull) for _ in range(sandbox.Limits().files + 1)])
        attempt("afterwards", lambda: 1)
        """
    )
    assert found == {"memory": "refused", "file": "refused", "descriptors": "refused", "afterwards": "1"}


BOMBS = {
    "memory": "shared = mmap.mmap(-1, 1 << 31)\nfor i in range(0, 1 << 31, 4096): shared[i] = 1\ntime.sleep(60)",
    "disk": "for i in range(60):\n    (inside / f'disk-{i}').write_bytes(bytes(1 << 20))\ntime.sleep(60)",
    "files": "for i in range(400):\n    (inside / f'file-{i}').touch()\ntime.sleep(60)",
    "threads": "for _ in range(100):\n    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\ntime.sleep(60)",
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_no_limit_covers_is_watched_and_ended(place: Place, tmp_path: Path, name: str) -> None:
    place.inside = tmp_path / "scratch"
    place.inside.mkdir()
    process = place.start(BOMBS[name])
    with ResourceMonitor(
        process.pid, place.inside, memory=400_000_000, disk=30_000_000, entries=300, threads=60
    ) as watch:
        process.communicate()
    assert process.returncode == -9
    said = {"memory": "of memory", "disk": "to the disk", "files": "files", "threads": "threads"}
    assert said[name] in watch.reason


def test_a_process_that_ends_by_itself_is_watched_to_its_end(tmp_path: Path) -> None:
    process = psutil.Popen([sys.executable, "-c", ""])
    with ResourceMonitor(process.pid, tmp_path, memory=1 << 40, disk=1 << 40, entries=10, threads=10) as watch:
        process.wait()
    assert watch.reason == ""


def test_counting_what_is_on_the_disk_follows_no_link_and_ends(tmp_path: Path) -> None:
    (tmp_path / "up").symlink_to("..")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(bytes(100_000))
    size, entries = usage(tmp_path, 100)
    assert size >= 100_000 and entries == 3
    assert usage(tmp_path, 1)[1] == 2


def test_an_own_user_where_root_grades_and_others_may_read_python(tmp_path: Path) -> None:
    """With Debian's Python, which anyone may read; this environment's may stand in somebody's home."""
    if os.geteuid() != 0 or not Path("/usr/bin/python3").exists():
        assert not sandbox.readable_by_others([str(tmp_path / "nothing")])
        return
    own = Path(tempfile.mkdtemp(dir="/tmp", prefix="own-"))
    uid = 2_000_000_000 + os.getpid()
    os.chown(own, uid, uid)
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from autograder.kernels import sandbox;"
        f"sandbox.confine(sandbox.SandboxPolicy(['/usr'], [sys.argv[2]], uid={uid}));"
        "import os; open(sys.argv[2] + '/x', 'w').write('mine'); print(os.getresuid(), os.getgroups())"
    )
    command = ["/usr/bin/python3", "-c", script, str(ROOT), str(own)]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/")
    assert done.stdout.strip() == f"({uid}, {uid}, {uid}) []", done.stderr
    assert (own / "x").stat().st_uid == uid
    shutil.rmtree(own)


def test_who_may_read_is_found_by_looking_at_every_folder_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert sandbox.readable_by_others(["/usr"])
    (tmp_path / "a").chmod(0o700)
    assert not sandbox.readable_by_others([str(tmp_path / "a" / "b")])


# --------------------------------------------------------------------------- the doctor


def test_the_doctor_finds_all_of_it_enforced_here() -> None:
    doctor.examine.cache_clear()
    assert [finding.name for finding in doctor.examine() if not finding.enforced] == []
    assert doctor.confined_here()
    doctor.require()


def test_without_a_sandbox_the_doctor_refuses_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = tuple(doctor.Finding(name, False, "the kernel has no Landlock") for name in doctor.WHAT)
    monkeypatch.setattr(doctor, "examine", lambda: nothing)
    assert not doctor.confined_here()
    with pytest.raises(GradingError, match=r"no Landlock.*whatever you can"):
        doctor.require()


def test_what_is_open_is_found_to_be() -> None:
    """The trial in a process that is not confined at all: everything in it succeeds, or is found out."""
    assert [finding.name for finding in doctor._trial([]) if finding.enforced and finding.name not in ALWAYS] == []


ALWAYS = set() if os.geteuid() == 0 else {"rights"}
"""What a process without privileges is refused anyway."""


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5])
def test_what_an_older_landlock_leaves_open_is_held_by_the_filter(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setenv(sandbox.LANDLOCK_MOST, str(most))
    assert [finding for finding in doctor._trial(sandbox.LAYERS) if not finding.enforced] == []
    version = dict(doctor.setting())["Landlock"]
    assert version.endswith(f"held at {most} by ISOMETRY_LANDLOCK_MOST") or sandbox.landlock_version() <= most


def test_landlock_can_be_held_at_a_number_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sandbox.LANDLOCK_MOST, "four")
    with pytest.raises(sandbox.Unconfined, match="whole number"):
        sandbox.landlock_most()
    assert all("whole number" in finding.said for finding in doctor._trial(sandbox.LAYERS))
    monkeypatch.setenv(sandbox.LANDLOCK_MOST, "0")
    assert all("no Landlock" in finding.said for finding in doctor._trial(sandbox.LAYERS) if not finding.enforced)


def test_it_is_said_what_each_thing_rests_on() -> None:
    by = doctor.held_by()
    assert set(by) == set(doctor.WHAT) and all(by.values())
    assert "Landlock" in by["files"] and by["network"] == "seccomp" and by["memory"] == "limits"


def test_a_fence_and_its_limits_are_written_down_whole(tmp_path: Path) -> None:
    from autograder.kernels.kernel_entry import SandboxSpec

    plan = SandboxSpec(
        SandboxPolicy(["/usr"], [str(tmp_path)], known=["/opt"], uid=7, limits=Limits(cpu=3)), "folder", "judge"
    )
    plan.write(tmp_path / "plan.json")
    assert SandboxSpec.read(str(tmp_path / "plan.json")) == plan
