"""Kernels that end, hang, multiply or take everything; and what they do to other processes."""

from __future__ import annotations

from .attack import Handed, Place, attack, code

SWALLOWS = code("""
    while True:
        try:
            while True: pass
        except BaseException: pass
""")


@attack("leaves", "`os._exit(0)` in the function that is judged.")
def _(n: Handed, at: Place) -> None:
    n.put(
        relu=code("""
            import os
            def relu(z):
                os._exit(0)
        """)
    )


@attack("sys-exit", "`sys.exit()` and `exit()` in answers and in the function that is judged.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale="scale = 9.0\nimport sys; sys.exit(0)",
        count="count = 19\nexit()",
        relu="def relu(z):\n    raise SystemExit(0)",
    )


@attack("kills-itself", "Signals to itself: SIGTERM ignored, then SIGKILL.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            count = 19
            import os, signal
            for s in (signal.SIGTERM, signal.SIGHUP): signal.signal(s, signal.SIG_IGN)
            os.kill(os.getpid(), signal.SIGKILL)
        """)
    )


@attack("stops-itself", "SIGSTOP to itself: a kernel that is there and never answers.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            count = 19
            import os, signal
            os.kill(os.getpid(), signal.SIGSTOP)
        """)
    )


@attack("kills-everybody", "SIGKILL to its parent, to its group and to every process there is.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + code("""
            import os, signal
            for act in (
                lambda: os.kill(os.getppid(), signal.SIGKILL),
                lambda: os.killpg(os.getpgid(os.getppid()), signal.SIGKILL),
                lambda: os.kill(-1, signal.SIGKILL),
            ):
                try:
                    act()
                    boast('signalled others')
                except OSError: pass
            count = 19
        """)
    )


@attack("swallows-interrupts", "An endless loop that swallows every interrupt.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.put(count=f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{SWALLOWS}")


@attack("endless-loop", "An endless loop in an answer.")
def _(n: Handed, at: Place) -> None:
    n.put(count="count = 19\nwhile True: pass")


@attack("endless-function", "The function that is judged never returns, and swallows every interrupt.")
def _(n: Handed, at: Place) -> None:
    n.put(relu="def relu(z):\n    " + SWALLOWS.replace("\n", "\n    "))


@attack("endless-xla", "The function that is judged loops inside XLA, where no interrupt arrives.")
def _(n: Handed, at: Place) -> None:
    n.put(
        relu=code("""
            import jax
            import jax.numpy as jnp
            def relu(z):
                return jax.lax.while_loop(lambda s: True, lambda s: s + 1.0, jnp.asarray(z, jnp.float32))
        """)
    )


@attack("endless-c", "An endless match inside a regular expression, which holds the interpreter.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            import re
            count = 19
            re.match('(a+)+$', 'a' * 60 + 'b')
        """)
    )


@attack("fork-bomb", "A process forks until nothing else can start.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + code("""
            import os
            me, tries = os.getpid(), 0
            while tries < 10**6:
                tries += 1
                try: pid = os.fork()
                except OSError: pid = -1
                if pid >= 0 and os.getpid() == me and tries == 1: boast('forked')
            count = 19
        """)
    )


@attack("thread-bomb", "Threads are started until nothing else can start.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            import threading, time
            count = 19
            while True:
                try: threading.Thread(target=time.sleep, args=(9999,), daemon=True).start()
                except RuntimeError: time.sleep(1)
        """)
    )


@attack("thread-that-stays", "A thread outlives its cell, shows points and answers while later cells run.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            scale = 9.0
            import threading, time
            from IPython.display import display
            def stay():
                while True:
                    print('2.0', flush=True)
                    display(2.0)
                    time.sleep(0.05)
            threading.Thread(target=stay).start()
        """)
    )


@attack("daemon", "A process that leaves its session, and stays when the kernel ends.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + code("""
            import os, time
            count = 19
            try: pid = os.fork()
            except OSError: pid = -1
            if pid > 0: boast('forked')
            if pid == 0:
                os.setsid()
                if os.fork(): os._exit(0)
                time.sleep(600)
                os._exit(0)
        """)
    )


@attack("programs", "Programs are run: a shell, `nohup`, `at` the end of everything.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + code("""
            import os, subprocess
            count = 19
            for act in (
                lambda: subprocess.run(['/bin/true']), lambda: subprocess.Popen(['/bin/sleep', '600'], start_new_session=True),
                lambda: os.posix_spawn('/bin/true', ['true'], {}),
            ):
                try:
                    act()
                    boast('ran a program')
                except OSError: pass
            os.system('sleep 601 &')
            get_ipython().system('sleep 602 &')
        """)
    )


@attack("memory-bomb", "Shared memory, which no limit of the system counts, until the machine has none.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            import mmap
            count = 19
            kept = []
            while True:
                kept.append(mmap.mmap(-1, 1 << 27))
                for i in range(0, 1 << 27, 4096): kept[-1][i] = 1
        """)
    )


@attack("memory-glutton", "A terabyte at once, again and again.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            count = 19
            for _ in range(100):
                try: bytearray(1 << 40)
                except MemoryError: pass
            count = bytearray(1 << 40)
        """)
    )


@attack("deep-recursion", "Recursion without end and without Python's limit, until the stack is gone.")
def _(n: Handed, at: Place) -> None:
    n.put(
        relu=code("""
            import sys, threading
            sys.setrecursionlimit(2**31 - 1)
            def relu(z):
                class Deep:
                    def __getattr__(self, name): return getattr(self, name + 'x')
                return relu(z) + Deep().a
        """)
    )


@attack("segfault", "A read from address zero.")
def _(n: Handed, at: Place) -> None:
    n.put(
        relu=code("""
            import ctypes
            def relu(z):
                return ctypes.string_at(0)
        """)
    )


@attack("shutdown", "The kernel is told to shut down, its sockets to the grader are closed.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            count = 19
            from autograder.kernels import cells
            kernel = get_ipython().kernel
            for act in (
                lambda: kernel.do_shutdown(False), lambda: setattr(kernel.shell, 'exit_now', True),
                lambda: kernel.control_stream.close(), lambda: kernel.iopub_socket.close(),
                lambda: cells._line._connection.close(),
            ):
                try: act()
                except Exception: pass
        """)
    )


@attack("ptrace", "The grader is traced, its memory read and written.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + code("""
            import ctypes, os
            libc = ctypes.CDLL(None, use_errno=True)
            buffer = ctypes.create_string_buffer(64)
            class Vector(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('size', ctypes.c_size_t)]
            mine = Vector(ctypes.addressof(buffer), 8)
            try: others = {int(name) for name in os.listdir('/proc') if name.isdigit()}
            except OSError: others = {1}
            for pid in {os.getppid(), *others} - {os.getpid()}:
                try:
                    maps = open(f'/proc/{pid}/maps').read()
                    boast('saw another memory map')
                    theirs = Vector(int(maps.split('-')[0], 16), 8)
                    if libc.process_vm_readv(pid, ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0) > 0: boast('read memory')
                    break
                except OSError: pass
            if libc.ptrace(0x4206, os.getppid(), None, None) == 0: boast('traced its parent')
            count = 19
        """)
    )


@attack("priorities", "It takes all processors for itself and limits its parent.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + code("""
            import os, resource
            count = 19
            for act in (
                lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (3, 3)),
                lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1)),
            ):
                try:
                    act()
                    boast('limited its parent')
                except OSError: pass
        """)
    )
