"""Kernels that end, hang, multiply or take everything; and what they do to other processes."""

from __future__ import annotations

from .attack import Handed, Place, attack

SWALLOWS = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"


@attack("leaves", "`os._exit(0)` in the function that is judged.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.put(relu="import os\ndef relu(z):\n    os._exit(0)")


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
        count="count = 19\nimport os, signal\nfor s in (signal.SIGTERM, signal.SIGHUP): signal.signal(s, signal.SIG_IGN)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )


@attack("stops-itself", "SIGSTOP to itself: a kernel that is there and never answers.")
def _(n: Handed, at: Place) -> None:
    n.put(count="count = 19\nimport os, signal\nos.kill(os.getpid(), signal.SIGSTOP)")


@attack("kills-everybody", "SIGKILL to its parent, to its group and to every process there is.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known() + "import os, signal\nfor act in (\n    lambda: os.kill(os.getppid(), signal.SIGKILL),\n"
        "    lambda: os.killpg(os.getpgid(os.getppid()), signal.SIGKILL),\n    lambda: os.kill(-1, signal.SIGKILL),\n"
        "):\n    try:\n        act()\n        boast('signalled others')\n    except OSError: pass\ncount = 19"
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
        relu="import jax\nimport jax.numpy as jnp\ndef relu(z):\n"
        "    return jax.lax.while_loop(lambda s: True, lambda s: s + 1.0, jnp.asarray(z, jnp.float32))"
    )


@attack("endless-c", "An endless match inside a regular expression, which holds the interpreter.")
def _(n: Handed, at: Place) -> None:
    n.put(count="import re\ncount = 19\nre.match('(a+)+$', 'a' * 60 + 'b')")


@attack("fork-bomb", "A process forks until nothing else can start.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + "import os\nme, tries = os.getpid(), 0\nwhile tries < 10**6:\n    tries += 1\n    try: pid = os.fork()\n"
        "    except OSError: pid = -1\n    if pid >= 0 and os.getpid() == me and tries == 1: boast('forked')\ncount = 19"
    )


@attack("thread-bomb", "Threads are started until nothing else can start.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count="import threading, time\ncount = 19\nwhile True:\n"
        "    try: threading.Thread(target=time.sleep, args=(9999,), daemon=True).start()\n    except RuntimeError: time.sleep(1)"
    )


@attack("thread-that-stays", "A thread outlives its cell, shows points and answers while later cells run.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        scale="scale = 9.0\nimport threading, time\nfrom IPython.display import display\n"
        "def stay():\n    while True:\n        print('2.0', flush=True)\n        display(2.0)\n        time.sleep(0.05)\n"
        "threading.Thread(target=stay).start()"
    )


@attack("daemon", "A process that leaves its session, and stays when the kernel ends.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known() + "import os, time\ncount = 19\ntry: pid = os.fork()\nexcept OSError: pid = -1\n"
        "if pid > 0: boast('forked')\nif pid == 0:\n    os.setsid()\n    if os.fork(): os._exit(0)\n"
        "    time.sleep(600)\n    os._exit(0)"
    )


@attack("programs", "Programs are run: a shell, `nohup`, `at` the end of everything.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known() + "import os, subprocess\ncount = 19\nfor act in (\n"
        "    lambda: subprocess.run(['/bin/true']), lambda: subprocess.Popen(['/bin/sleep', '600'], start_new_session=True),\n"
        "    lambda: os.posix_spawn('/bin/true', ['true'], {}),\n):\n    try:\n        act()\n        boast('ran a program')\n"
        "    except OSError: pass\nos.system('sleep 601 &')\nget_ipython().system('sleep 602 &')"
    )


@attack("memory-bomb", "Shared memory, which no limit of the system counts, until the machine has none.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count="import mmap\ncount = 19\nkept = []\nwhile True:\n    kept.append(mmap.mmap(-1, 1 << 27))\n"
        "    for i in range(0, 1 << 27, 4096): kept[-1][i] = 1"
    )


@attack("memory-glutton", "A terabyte at once, again and again.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count="count = 19\nfor _ in range(100):\n    try: bytearray(1 << 40)\n    except MemoryError: pass\ncount = bytearray(1 << 40)"
    )


@attack("deep-recursion", "Recursion without end and without Python's limit, until the stack is gone.")
def _(n: Handed, at: Place) -> None:
    n.put(
        relu="import sys, threading\nsys.setrecursionlimit(2**31 - 1)\ndef relu(z):\n"
        "    class Deep:\n        def __getattr__(self, name): return getattr(self, name + 'x')\n    return relu(z) + Deep().a"
    )


@attack("segfault", "A read from address zero.")
def _(n: Handed, at: Place) -> None:
    n.put(relu="import ctypes\ndef relu(z):\n    return ctypes.string_at(0)")


@attack("shutdown", "The kernel is told to shut down, its sockets to the grader are closed.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count="count = 19\nkernel = get_ipython().kernel\nkernel.do_shutdown(False)\nkernel.shell.exit_now = True\n"
        "for socket in (kernel.control_stream, kernel.iopub_socket):\n    try: socket.close()\n    except Exception: pass"
    )


@attack("ptrace", "The grader is traced, its memory read and written.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nbuffer = ctypes.create_string_buffer(64)\n"
        "class Vector(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('size', ctypes.c_size_t)]\n"
        "mine = Vector(ctypes.addressof(buffer), 8)\n"
        "for pid in {os.getppid(), *(int(p) for p in (os.listdir('/proc') if os.access('/proc', os.R_OK) else []) if p.isdigit())} - {os.getpid()}:\n"
        "    try:\n        maps = open(f'/proc/{pid}/maps').read()\n        boast('saw another memory map')\n"
        "        theirs = Vector(int(maps.split('-')[0], 16), 8)\n"
        "        if libc.process_vm_readv(pid, ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0) > 0: boast('read memory')\n"
        "        break\n    except OSError: pass\n"
        "if libc.ptrace(0x4206, os.getppid(), None, None) == 0: boast('traced its parent')\ncount = 19"
    )


@attack("priorities", "It takes all processors for itself and limits its parent.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known() + "import os, resource\ncount = 19\nfor act in (\n"
        "    lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (3, 3)),\n"
        "    lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1)),\n):\n    try:\n        act()\n"
        "        boast('limited its parent')\n    except OSError: pass"
    )
