"""Signals that are not sent by `kill`: by owners of descriptors, timers, queues; and leases and locks that others notice."""

from __future__ import annotations

from .attack import Handed, Place, attack, code
from .descriptors import SYSTEM

OWNED = code("""
    import fcntl
    def owned(fd, other):
        'A descriptor whose every change is signalled to whom the number belongs'
        acts = ((fcntl.F_SETOWN, other), (10, signal.SIGKILL if LAST else signal.SIGUSR1), (fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK))
        for command, value in acts: tried(fcntl.fcntl, fd, command, value)
        return fd
""")
"""`LAST` says whether it is to be the end of the other."""


@attack(
    "owner-of-a-pipe",
    "Another process is said to own a pipe, which signals its end to it when a byte comes.",
    quick=True,
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + OWNED
        + code("""
            count = 19
            for LAST in (False, True):
                for a, b in (os.pipe(), [end.detach() for end in socket.socketpair()]):
                    owned(a, BYSTANDER)
                    os.write(b, b'x')
                    os.read(a, 1)
                    time.sleep(0.1)
        """)
    )


@attack(
    "owner-by-other-calls",
    "The owner of a descriptor is set as a thread, a group, by ioctl, with more in the number, and told of urgent bytes.",
    quick=True,
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            import fcntl
            count, high = 19, 1 << 32
            def noted(fd, *acts):
                for command, value in acts: system(72, fd, command, value, arm=25)
            for who in (BYSTANDER, -BYSTANDER, BYSTANDER | high):
                ends = [*os.pipe()], [end.detach() for end in socket.socketpair()]
                for a, b in ends:
                    for kind in (0, 1, 2):
                        noted(a, (15, struct.pack('ii', kind, abs(who) & (high - 1))))
                        noted(a, (15 | high, struct.pack('ii', kind, abs(who) & (high - 1))))
                    noted(a, (8 | high, who))
                    number = struct.pack('i', who if abs(who) < high else BYSTANDER)
                    for request in (0x8901, 0x8902, 0x8901 | high, 0x8902 | high): system(16, a, request, number, arm=29)
                    noted(a, (10, 10), (10 | high, 10))
                    for request in (0x5452, 0x5452 | high): system(16, a, request, struct.pack('i', 1), arm=29)
                    noted(a, (4, 0o20000), (4 | high, 0o20000 | high))
                    os.write(b, b'x')
                    try: os.read(a, 1)
                    except OSError: pass
                with socket.socket(fileno=ends[1][1]) as one: tried(one.send, b'!', socket.MSG_OOB)  # needs no O_ASYNC
            time.sleep(0.2)
        """)
    )


@attack(
    "queued-signals",
    "Signals go by every other call: queued, to a thread, by a handle, with more in the number.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count, high, told = 19, 1 << 32, struct.pack('iii', 10, 0, -1) + bytes(116)
            own = os.getpid()
            for who in (BYSTANDER, BYSTANDER | high, -BYSTANDER):
                system(62, who, 10, arm=129)
                system(62, who, 10 | high, arm=129)
                system(200, who, 10, arm=130)
                for group in (own, BYSTANDER, -1, 0, own | high): system(234, group, who, 10, arm=131)
                system(129, who, 10, told, arm=138)
                for group in (own, BYSTANDER): system(297, group, who, 10, told, arm=240)
                handle = system(434, who, 0)
                system(424, handle, 10, None, 0), system(424, handle, 10, told, 0)
            libc.sigqueue(BYSTANDER, 10, ctypes.c_void_p(0))
            for pid in graders():
                if system(62, pid, 0, arm=129) == 0 or system(129, pid, 0, told, arm=138) == 0: boast('may signal the grader')
            time.sleep(0.2)
        """)
    )


@attack(
    "timers-for-others",
    "Timers are set whose end is another process's or thread's signal; and as many as there may be.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count, made, number = 19, [], ctypes.c_int()
            for clock in (0, 1, 7):
                for who in (BYSTANDER, *graders()):
                    event = struct.pack('Piii', 0, 10, 4, who) + bytes(64)
                    if system(222, clock, event, ctypes.byref(number), arm=107) == 0:
                        system(223, number.value, 0, struct.pack('llll', 0, 0, 0, 1000), None, arm=110)
                        boast('has a timer that signals another')
            while len(made) < 20_000 and system(222, 1, struct.pack('Piii', 0, 10, 1, 0) + bytes(64), ctypes.byref(number), arm=107) == 0:
                made.append(number.value)
            if len(made) >= 20_000: boast('took twenty thousand timers of the user')
            for one in made: system(226, one, arm=111)
            time.sleep(0.2)
        """)
    )


@attack(
    "outlives-its-parent",
    "It leaves its group and session, is told of no parent's death, and waits with interrupts ignored.",
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count = 19
            for who, group in ((0, 0), (0, os.getpgid(os.getppid())), (os.getppid(), 0)): tried(os.setpgid, who, group)
            tried(os.setsid)
            for option, value in ((1, 0), (36, 1)): libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0)
            for one in signal.valid_signals(): tried(signal.signal, one, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            until = time.monotonic() + 600
            while time.monotonic() < until: time.sleep(1)
        """)
    )


@attack("leases", "A file that others open is leased: whoever opens it waits for most of a minute.", outside=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count = 19
            import autograder
            signal.signal(signal.SIGIO, signal.SIG_IGN)
            for place in (NOTE, autograder.__file__):
                fd = os.open(place, os.O_RDONLY)
                for kind in (0, 1):
                    for command in (1024, 1024 | 1 << 32):
                        if system(72, fd, command, kind, arm=25) == 0: boast('has a lease')
            time.sleep(0.5)
        """)
    )


@attack("watches-folders", "It is told what happens in folders: of the packages, of the class, of the whole disk.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count = 19
            signal.signal(signal.SIGIO, signal.SIG_IGN)
            for place in (HANDED_IN, HANDED_IN / HONEST, INTO, COURSE, HOME, Path(os.__file__).parent, Path('/usr'),
                          Path.cwd().parent, Path('/tmp')):
                fd = tried(os.open, place, os.O_RDONLY)
                if fd is not None and system(72, fd, 1026, 0x8000003f, arm=25) == 0: boast('is told what happens in a folder')
                watch = libc.inotify_init1(0)
                if watch >= 0 and libc.inotify_add_watch(watch, bytes(place), 0xfff) >= 0: boast('watches a folder')
                if watch >= 0: os.close(watch)
                for flags in (0, 0x200, 0x400, 0x600):
                    watch = system(300, flags, 0, arm=262)
                    if watch < 0: continue
                    if system(301, watch, 1, 0x800003b, -100, bytes(place), arm=263) == 0: boast('watches a folder')
                    os.close(watch)
        """)
    )


@attack(
    "locks-as-notes",
    "Locks on a file that all may read are a note: to an accomplice, or to the next notebook.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count, high = 19, 1 << 32
            whole = struct.pack('hhxxxxqqixxxx', 0, 0, 0, 1, 0)
            first = os.open(NOTE, os.O_RDONLY)
            for kind in (2, 2, 2, 1): system(73, first, kind | 4, arm=32)
            for command in (6, 37, 7 | high, 38 | high): system(72, os.open(NOTE, os.O_RDONLY), command, whole, arm=25)
            time.sleep(0.5)
        """)
    )


@attack("dates-as-notes", "Dates, modes, owners and attributes of a file that all may read are a note.", outside=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count, fd, was = 19, os.open(NOTE, os.O_RDONLY), os.stat(NOTE)
            for target in (NOTE, fd, f'/proc/self/fd/{fd}', f'/proc/thread-self/fd/{fd}'):
                tried(os.utime, target, ns=(was.st_atime_ns, was.st_mtime_ns + 1))
                tried(os.chmod, target, was.st_mode ^ 0o010)
                tried(os.setxattr, target, f'user.{MARK}', b'1')
                tried(os.chown, target, was.st_uid, 12345)
            system(452, -100, NOTE.encode(), was.st_mode ^ 0o010, 0)
            system(463, -100, NOTE.encode(), 0, f'user.{MARK}'.encode(), struct.pack('QII', ctypes.addressof(ctypes.c_char(1)), 1, 0), 16)
            flags = ctypes.c_long()
            if system(16, fd, 0x80086601, ctypes.byref(flags), arm=29) == 0:
                flags.value |= 0x40  # not to be dumped
                system(16, fd, 0x40086602, ctypes.byref(flags), arm=29)
            tried(os.link, NOTE, 'mine')
        """)
    )
