"""What the system shows as files: `/proc`, `/sys`, devices and terminals; and files without names, or with two."""

from __future__ import annotations

from .attack import Handed, Place, attack, code
from .descriptors import SYSTEM


@attack(
    "proc-of-others",
    "The memory, environment, files, folders and threads of other processes, as `/proc` shows them.",
    quick=True,
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count, others = 19, {BYSTANDER, *graders()}
            ways = ('/proc/{}', '/proc/self/../{}', '/proc/self/task/../../{}', '/proc/thread-self/../../../{}',
                    '/dev/fd/../../{}', '/proc/{}/task/{}')
            for pid in others:
                for way in ways:
                    top = way.format(pid, pid)
                    for name in ('environ', 'cmdline', 'maps', 'auxv', 'stack', 'syscall', 'fdinfo/0', f'fd/{HANDLE}',
                                 'root/etc/hostname', 'status', 'limits', 'wchan', 'io'):
                        text = tried(lambda: Path(f'{top}/{name}').read_bytes())
                        if text: print(name, text[:100_000].decode('latin-1')), boast('looked into another process')
                    for name in ('fd', 'task', 'map_files', 'root', 'cwd', 'ns'):
                        if tried(os.listdir, f'{top}/{name}'): boast('listed what is of another process')
                    for name in ('exe', 'cwd', 'root', f'fd/{HANDLE}'):
                        if tried(os.readlink, f'{top}/{name}'): boast('learned where another process is')
            for way in ways[:2]:
                top = way.format(BYSTANDER)
                memory = tried(os.open, f'{top}/mem', os.O_RDWR)
                if memory is not None:
                    print(os.pread(memory, 64, ADDRESS))
                    os.pwrite(memory, b'mine', ADDRESS)
                for name, text in (('oom_score_adj', '900'), ('comm', 'mine'), ('coredump_filter', '0xff'),
                                   ('clear_refs', '1'), ('timerslack_ns', '5')):
                    tried(lambda: Path(f'{top}/{name}').write_text(text))
        """)
    )


@attack(
    "proc-of-its-own",
    "It writes to its own files in `/proc`: to be the last to be ended, to be another, to change its code.",
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count = 19
            def write(name, text):
                for place in ('/proc/self', '/proc/thread-self', f'/proc/self/task/{os.getpid()}', f'/proc/{os.getpid()}'):
                    try:
                        fd = os.open(f'{place}/{name}', os.O_WRONLY)
                        os.write(fd, text)
                        return True
                    except OSError: pass
            for name, text in (('oom_score_adj', b'-1000'), ('oom_adj', b'-17'), ('loginuid', b'0'), ('attr/current', b'unconfined'),
                               ('attr/exec', b'unconfined'),
                               ('uid_map', b'0 0 1'), ('gid_map', b'0 0 1'), ('setgroups', b'deny'), ('timens_offsets', b'boottime 9 0'),
                               ('projid_map', b'0 0 1')):
                if write(name, text): boast('wrote to what the system keeps of it')
            for place in ('cwd/..', 'root/tmp', 'root/proc'): print(tried(os.listdir, f'/proc/self/{place}'))
            for name in (HOME / 'secret.txt', INTO / 'gradebook.db'):
                for place in ('/proc/self/root', '/proc/self/task/../root', '/proc/thread-self/root', '/proc/self/cwd' + '/..' * 9):
                    print(tried(lambda: Path(f'{place}{name}').read_bytes()))
        """)
    )


@attack(
    "settings-in-files",
    "The system's own settings are opened for writing: what it does with dead processes, memory, its name.",
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count = 19
            places = [f'/proc/sys/{name}' for name in ('kernel/core_pattern', 'kernel/hostname', 'kernel/modprobe', 'kernel/pid_max',
                      'vm/drop_caches',
                      'vm/overcommit_memory', 'net/ipv4/ip_forward', 'fs/file-max', 'kernel/sysrq', 'user/max_user_namespaces')]
            places += ['/proc/sysrq-trigger', '/proc/kcore', '/proc/kmsg', '/proc/kallsyms', '/proc/keys', '/proc/timer_list',
                       '/proc/vmallocinfo', '/proc/slabinfo',
                       '/proc/sysvipc/shm', '/proc/mtrr', '/proc/irq/default_smp_affinity', '/sys/power/state',
                       '/sys/kernel/mm/transparent_hugepage/enabled',
                       '/sys/devices/system/cpu/cpu1/online', '/sys/fs/cgroup/cgroup.procs', '/sys/fs/cgroup/cpu.max',
                       '/sys/kernel/uevent_helper']
            for place in places:
                if tried(os.open, place, os.O_WRONLY) is not None: boast('may set what the system does')
            for place in ('/proc/kcore', '/proc/kmsg', '/proc/keys', '/proc/sysvipc/shm', '/proc/sysvipc/msg', '/proc/kallsyms',
                          '/proc/net/unix', '/proc/1/environ'):
                text = tried(lambda: open(place, 'rb').read(1000))
                if text and place not in ('/proc/kallsyms', '/proc/net/unix'): boast('read what the system keeps of all')
            for top in ('/sys/fs/cgroup', '/sys/kernel/debug', '/sys/kernel/config', '/sys/fs/bpf'):
                try:
                    os.mkdir(f'{top}/{MARK}')
                    boast('made a group of processes')
                    os.rmdir(f'{top}/{MARK}')
                except OSError: pass
        """)
    )


@attack(
    "devices", "Devices are opened and made: memory, disks, machines within the machine, and what asks other processes."
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            import stat
            count = 19
            names = ('mem', 'kmem', 'port', 'kmsg', 'fuse', 'kvm', 'vhost-vsock', 'vhost-net', 'net/tun',
                     'loop-control', 'loop0', 'vda', 'sda',
                     'uinput', 'rtc0',
                     'userfaultfd', 'ptmx', 'tty', 'console', 'vsock', 'mapper/control', 'cpu_dma_latency', 'hpet',
                     'snapshot', 'nvram', 'rfkill',
                     'dri/card0', 'log')
            for name in names:
                for way in (os.O_RDWR, os.O_RDONLY, os.O_WRONLY):
                    if tried(os.open, f'/dev/{name}', way | os.O_NONBLOCK | os.O_NOCTTY) is not None: boast('opened a device')
            for kind, number in ((stat.S_IFCHR, os.makedev(1, 1)), (stat.S_IFBLK, os.makedev(254, 0)), (stat.S_IFCHR, os.makedev(10, 229))):
                for place in ('device', Path(f'/tmp/{MARK}'), Path(f'/dev/shm/{MARK}')):
                    try: os.mknod(place, 0o666 | kind, number)
                    except OSError: continue
                    boast('made a device')
                    if tried(os.open, place, os.O_RDONLY | os.O_NONBLOCK) is not None: boast('opened a device')
        """)
    )


@attack(
    "terminal",
    "Something is typed on another process's terminal: as its input, on its screen, or as its owner.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count = 19
            for fd in [0, 1, 2, *(tried(os.open, TERMINAL, way | os.O_NOCTTY) for way in (os.O_RDWR, os.O_WRONLY, os.O_RDONLY))]:
                if fd is None: continue
                for request in (0x540e, 0x5412, 0x5412 | 1 << 32): system(16, fd, request, b'x', arm=29)  # be its owner; type
                for request, what in ((0x541c, b'\\3'), (0x5410, struct.pack('i', os.getpid())), (0x5414, struct.pack('HHHH', 1, 1, 0, 0))):
                    if system(16, fd, request, what, arm=29) == 0: boast('set a terminal')
                if fd > 2: tried(os.write, fd, MARK.encode())
            if libc.posix_openpt(os.O_RDWR) >= 0: boast('made a terminal')
        """)
    )


@attack(
    "files-without-names",
    "A file that never had a name is given one in the folders of others; two names are exchanged.",
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count = 19
            for place in (Path.cwd(), HANDED_IN / HONEST / UNIT, INTO, HOME, Path('/tmp'), Path('/dev/shm')):
                fd = tried(os.open, place, os.O_TMPFILE | os.O_RDWR, 0o666)
                if fd is None: continue
                if place != Path.cwd(): boast('has a file on the disk of others')
                for to in (HANDED_IN / HONEST / UNIT / MARK, INTO / MARK, HOME / MARK, Path('/tmp') / MARK):
                    system(265, fd, b'', -100, bytes(to), 0x1000, arm=37)
                    system(265, -100, f'/proc/self/fd/{fd}'.encode(), -100, bytes(to), 0x400, arm=37)
            Path('own').write_text(f'# {MARK}')
            for to in (HANDED_IN / HONEST / UNIT / f'{UNIT}.ipynb', HOME / 'secret.txt', Path('/tmp') / MARK, INTO / 'gradebook.db'):
                for flags in (0, 1, 2): system(316, -100, b'own', -100, bytes(to), flags, arm=276)
                for flags in (0, 1, 2): system(316, -100, bytes(to), -100, b'theirs', flags, arm=276)
                tried(os.link, to, 'linked'), tried(os.link, 'own', to), tried(os.truncate, to, 0)
        """)
    )


@attack(
    "exchanged-folders",
    "A folder and a link out of the scratch folder change places again and again, for who looks or cleans up.",
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            import threading
            count = 19
            for i, to in enumerate((HOME, HANDED_IN, INTO)):
                os.makedirs(f'folder-{i}/deep/er', exist_ok=True)
                for name in ('secret.txt', HONEST, 'gradebook.db'): Path(f'folder-{i}/{name}').write_text('mine')
                os.symlink(to, f'link-{i}')
            def exchange():
                while True:
                    for i in range(3): system(316, -100, f'folder-{i}'.encode(), -100, f'link-{i}'.encode(), 2, arm=276)
            for _ in range(2): threading.Thread(target=exchange, daemon=True).start()
            time.sleep(2)
        """)
    )


@attack("holes", "Files of terabytes that hold nothing, and room that is taken and never written to.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count, taken = 19, 0
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            for size in (1 << 43, 1 << 40, 1 << 36):
                fd = os.open(f'hole-{size}', os.O_RDWR | os.O_CREAT)
                for act in (lambda: os.ftruncate(fd, size), lambda: os.posix_fallocate(fd, size - 1, 1),
                            lambda: os.pwrite(fd, b'x', size - 1)):
                    tried(act)
                if os.fstat(fd).st_size > 1 << 30: boast('made a file larger than it may')
            for i in range(30):  # enough to be seen, and no more: this is somebody's disk
                fd = os.open(f'room-{i}', os.O_RDWR | os.O_CREAT)
                for way in (0, 1):
                    if libc.fallocate(fd, way, ctypes.c_long(0), ctypes.c_long(20 << 20)) == 0:
                        taken += 20
                        break
                os.unlink(f'room-{i}')
            time.sleep(2)
            if taken > 500: boast('took three times the room it may')
        """)
    )
