"""The fork server's own process: imports what notebooks import, and forks a kernel from itself for whoever asks.

It has one thread and no JAX backend, which it makes sure of before every fork.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal as signals
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from autograder.errors import InternalSignal
from autograder.kernels.forkserver.child import be_a_kernel
from autograder.kernels.forkserver.client import LARGEST

IMPORTS = (
    "IPython.core.completer",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.core.pylabtools",
    "IPython.extensions.storemagic",
    "ipywidgets",
    "matplotlib.backends.backend_agg",
    "matplotlib.pyplot",
    "numpy",
    "numpy.testing",
    "numpy.polynomial",
    "scipy.linalg",
    "scipy.special",
    "jax",
    "jax.numpy",
    "jax.scipy.linalg",
    "jaxlib.mlir.dialects.builtin",
    "jaxlib.mlir.dialects.mhlo",
    "jaxlib.mlir.extras.meta",
    "jax._src.compilation_cache",
    "jax._src.lru_cache",
    "course",
    "course.notebook.checking",
    "autograder.kernels.cells",
    "autograder.kernels.kernel_entry",
    "autograder.judging.probes",
    "autograder.judging.protocol.hand_in",
    "encodings.ascii",
    "encodings.cp437",
    "encodings.idna",
    "encodings.latin_1",
    "stack_data",
    "pygments.formatters.terminal256",
    "pygments.styles.default",
)
"""What every notebook's kernel imports before its first cell has run, or on the way. One that is not there is left out."""


class Unfit(InternalSignal):
    """This process is none to fork from. The text says why."""


def require_alone() -> None:
    """Raise `Unfit` unless this process has one thread and no JAX backend: a copy of it could stand still for ever."""
    threads = len(os.listdir("/proc/self/task")) if sys.platform == "linux" else threading.active_count()
    if threads != 1:
        raise Unfit(f"it has {threads} threads")
    bridge = sys.modules.get("jax._src.xla_bridge")
    if bridge is not None and bridge.backends_are_initialized():
        raise Unfit("a JAX backend has been started in it")


@dataclass
class _Child:
    """A kernel as its server sees it."""

    pid: int
    line: socket.socket
    """The connection it was asked for through."""
    ended: socket.socket


def serve(owner: socket.socket, listener: socket.socket, imports: Sequence[str]) -> None:
    """Be the server: import, say so, and fork for whoever connects, until `owner` hangs up."""
    try:
        _import([*IMPORTS, *imports])
        _rehearse()
        from autograder.kernels import cells

        cells.shell()
        require_alone()
    except Exception as error:
        owner.send(f"{type(error).__name__}: {error}"[:1000].encode())
        return
    gc.collect()
    gc.freeze()  # what is here by now is garbage for none of the copies
    waker, awake = socket.socketpair()
    for end in (waker, awake):
        end.setblocking(False)
    signals.set_wakeup_fd(awake.fileno(), warn_on_full_buffer=False)
    signals.signal(signals.SIGCHLD, lambda number, frame: None)
    signals.signal(signals.SIGINT, signals.SIG_IGN)
    owner.send(b"ready")
    lines: dict[int, socket.socket] = {}
    children: dict[int, _Child] = {}
    while True:
        found, _, _ = select.select([owner, listener, waker, *lines.values()], [], [])
        if owner in found:
            _end(list(children.values()))
            return
        if waker in found:
            waker.recv(4096)
            _reap(children)
        if listener in found:
            line, _ = listener.accept()
            lines[line.fileno()] = line
        for line in [line for line in found if line.fileno() in lines]:
            if not _attend(line, children):
                _end([child for child in children.values() if child.line is line])
                del lines[line.fileno()]
                line.close()


def _import(names: Sequence[str]) -> None:
    sys.path[:] = [part for part in sys.path if part and part != os.getcwd()]
    for name in names:
        with suppress(ImportError):
            import_module(name)


def _rehearse() -> None:
    """Let JAX do before the fork what it does alike in every kernel, and what starts no backend: tracing."""
    try:
        import jax
        from jax import numpy as jnp
    except ImportError:
        return
    with suppress(Exception):  # in other versions there may be nothing to share: then every kernel makes its own
        _share_the_compilers_context()

    def net(W: Any, x: Any) -> Any:
        h, _ = jax.lax.scan(lambda h, W_l: (jnp.tanh(W_l @ h), None), x, W)
        return jnp.linalg.norm(h) + jnp.sum(jax.nn.sigmoid(x) ** 2) + jnp.log10(jnp.max(x)) + jnp.mean(h[0])

    W, x = jax.ShapeDtypeStruct((3, 4, 4), jnp.float32), jax.ShapeDtypeStruct((4,), jnp.float32)
    for f in (net, jax.jit(net), jax.grad(net), jax.vmap(net, in_axes=(None, 0))):
        batch = jax.ShapeDtypeStruct((2, 4), jnp.float32) if f is not net and f.__name__ == "vmap" else x
        with suppress(Exception):
            jax.make_jaxpr(f)(W, batch)


def _share_the_compilers_context() -> None:
    """Let JAX translate everything within one context of its compiler, made here, instead of one for each function.

    To make one, and load the compiler's dialects into it, takes several milliseconds, most of the time of translating
    a small function; and what is made before the fork need not be made after it. Modules stay apart within a context.
    """
    from jax._src.interpreters import mlir

    shared = mlir.make_ir_context()
    mlir.make_ir_context = lambda: shared


def _reap(children: dict[int, _Child]) -> None:
    for child in list(children.values()):
        found = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None:
            continue
        with suppress(OSError):  # what it started, where it was free to; its number is still its own here
            os.killpg(child.pid, signals.SIGKILL)
        _, status = os.waitpid(child.pid, 0)
        del children[child.pid]
        with suppress(OSError):
            child.ended.send(str(os.waitstatus_to_exitcode(status)).encode())
        child.ended.close()


def _end(children: Sequence[_Child]) -> None:
    for child in children:
        with suppress(OSError):
            os.kill(child.pid, signals.SIGKILL)  # it was not reaped yet, so the number is its own
        with suppress(OSError):
            os.killpg(child.pid, signals.SIGKILL)


def _attend(line: socket.socket, children: dict[int, _Child]) -> bool:
    """Take one request; whether more may come."""
    try:
        text, handles, _, _ = socket.recv_fds(line, LARGEST, 4)
    except OSError:
        return False
    if not text:
        return False
    if len(handles) != 4:
        for handle in handles:
            os.close(handle)
        return False
    ended, own = socket.socket(fileno=handles[0]), handles[1:]
    try:
        require_alone()
        # Before the fork: between it and its own `setsid` the child must not be taken for one of another group.
        pid = os.fork()
    except (Unfit, OSError) as error:
        line.send(json.dumps({"refused": str(error)}).encode())
        ended.close()
        close(own)
        return True
    if pid == 0:
        be_a_kernel(json.loads(text), own)
    close(own)
    children[pid] = _Child(pid, line, ended)
    handle = os.pidfd_open(pid)  # it cannot be another's: it is reaped nowhere but in this thread
    try:
        socket.send_fds(line, [json.dumps({"pid": pid}).encode()], [handle])
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def close(handles: Sequence[int]) -> None:
    for handle in handles:
        os.close(handle)


def main() -> None:
    owner, listener = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    serve(owner, listener, sys.argv[3:])


if __name__ == "__main__":
    # By its own name, so that nothing here is there twice, once as `__main__`.
    import_module("autograder.kernels.forkserver.serve").main()
