"""A process that has imported what notebooks import, and forks a kernel from itself for whoever asks.

Starting Python, importing JAX and drawing up a list of fonts takes seconds, and gives the same each time. `Server`
starts one process that does it once, and `start_cells` has it fork: the copy enters its sandbox (`sandboxed.py`), and
its shell, which was there before the fork, runs the cells that come (`cells.py`). `start` has it become an ordinary
ipykernel, for whoever speaks `jupyter_client`, such as nbclient and stock nbgrader (`provisioner.py`).

What forks safely is a process with one thread, and no JAX backend: both are made sure of before every fork. What forks
discreetly is one that holds nothing which a stranger may not see: it was started by `exec` with a small environment of
its own, has loaded no bank, and is told of each kernel only what that kernel may know. A kernel keeps none of its
descriptors.

The server ends with the process that started it, and the kernels end with the server, or with the connection through
which they were asked for.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import select
import shutil
import signal as signals
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from autograder import sandbox
from autograder.errors import GradingError

HERE = Path(__file__).resolve().parents[1]

KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH")
"""What of the environment that grading was started in reaches a stranger's code."""

OWN = {
    "JAX_PLATFORMS": "cpu",
    "ISOMETRY_COURSE": os.devnull,
    "ISOMETRY_BANKS": "",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "JOBLIB_MULTIPROCESSING": "0",  # a kernel may start no process, and joblib would say so on stderr
    # ipykernel says so before anything imports matplotlib, which here is there already. Its backend itself is imported
    # by the first figure, once there is the shell that it is to show figures in.
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    # NumPy's own threads would be there before the fork. Kernels run side by side, and use the cores that way.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}

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
    "course.checking",
    "autograder.cells",
    "autograder.sandboxed",
    "autograder.measure",
    "autograder.channel",
    "encodings.ascii",
    "encodings.cp437",
    "encodings.idna",
    "encodings.latin_1",
    "stack_data",
    "pygments.formatters.terminal256",
    "pygments.styles.default",
)
"""What every notebook's kernel imports before its first cell has run, or on the way. One that is not there is left out."""

KERNELS = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.iostream",
    "ipykernel.debugger",
    "tornado.locks",
    "tornado.platform.asyncio",
    "tornado.queues",
)
"""What an ipykernel imports beside that."""

LARGEST = 100_000
"""Bytes of one request."""
PATIENCE = 120.0
"""Seconds in which the server must be ready, or answer."""


class Lost(Exception):
    """The server has ended, or cannot fork. Another one can be started."""


# --------------------------------------------------------------------------- the side that asks


class Kernel:
    """A process that the server forked: a handle that stays valid, whatever becomes of its number."""

    def __init__(self, pid: int, handle: int, ended: socket.socket) -> None:
        self.pid = pid
        self._handle, self._ended = handle, ended
        self._code: int | None = None
        self.lost = False
        """Whether it ended because its server did."""

    def poll(self) -> int | None:
        """None while it runs; then its exit code, or minus the signal that ended it."""
        if self._code is None and select.select([self._ended], [], [], 0)[0]:
            self._hear()
        return self._code

    def wait(self, seconds: float | None = None) -> int | None:
        """As `poll`, after waiting for its end."""
        if self._code is None and select.select([self._ended], [], [], seconds)[0]:
            self._hear()
        return self._code

    def _hear(self) -> None:
        said = b""
        with suppress(OSError):
            said = self._ended.recv(16)
        self.lost = not said  # without a word: its server ended, and it with that
        self._code = int(said) if said else -signals.SIGKILL
        self.close()

    def signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self._code is None:
            with suppress(ProcessLookupError):
                signals.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        self.signal(signals.SIGKILL)

    def fileno(self) -> int:
        """A descriptor that can be read once it has ended; for `select`, as long as nothing else was asked of it then."""
        return self._ended.fileno()

    def close(self) -> None:
        """Let go of it; it runs on if it does."""
        if self._handle >= 0:
            os.close(self._handle)
            self._ended.close()
            self._handle = -1


class Client:
    """A connection to a server, over which kernels are asked for; they end with it. For one thread at a time."""

    def __init__(self, place: str) -> None:
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._line.connect(place)
        except OSError:
            self._line.close()
            raise Lost("it is not there any more") from None
        self._line.settimeout(PATIENCE)
        self._lock = threading.Lock()

    def start(
        self,
        arguments: Sequence[str],
        *,
        folder: str,
        environment: Mapping[str, str] | None = None,
        output: int | None = None,
    ) -> Kernel:
        """Fork an ipykernel with these `arguments`, in `folder`, unconfined. `Lost` as in `start_cells`.

        Parameters
        ----------
        environment:
            What it finds in `os.environ` beside the server's own.
        output:
            A descriptor for what it writes to its standard output and error; by default nothing keeps that.
        """
        asked = {"arguments": list(arguments), "folder": folder, "environment": dict(environment or {})}
        null = os.open(os.devnull, os.O_RDWR)
        try:
            shown = null if output is None else output
            return self._fork(asked, [shown, shown])
        finally:
            os.close(null)

    def start_cells(
        self,
        *,
        folder: str,
        environment: Mapping[str, str],
        plan: str | None,
        line: socket.socket,
        output: int,
        errors: int,
    ) -> Kernel:
        """Fork a kernel that runs the cells which come over `line`, in `folder`.

        Parameters
        ----------
        environment:
            What it finds in `os.environ` beside the server's own.
        plan:
            The file that says how it is confined (`sandboxed.Plan`); None for not at all.
        output, errors:
            Descriptors for what is written to its standard output and error past Python.

        Raises
        ------
        Lost
            Where the server has ended or refuses.
        """
        asked = {"plan": plan, "folder": folder, "environment": dict(environment)}
        return self._fork(asked, [output, errors, line.fileno()])

    def _fork(self, asked: Mapping[str, Any], handles: Sequence[int]) -> Kernel:
        text = json.dumps(asked).encode()
        if len(text) > LARGEST:
            raise Lost("more was asked of it than fits into one message")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # which tells when the other is gone
        try:
            with self._lock:
                socket.send_fds(self._line, [text], [theirs.fileno(), *handles])
                said, there, _, _ = socket.recv_fds(self._line, LARGEST, 1)
        except OSError as error:
            ours.close()
            raise Lost(f"it does not answer ({error})") from None
        finally:
            theirs.close()
        answer: dict[str, Any] = json.loads(said) if said else {"refused": "it has ended"}
        if not there:
            ours.close()
            raise Lost(str(answer.get("refused")))
        return Kernel(answer["pid"], there[0], ours)

    def close(self) -> None:
        self._line.close()


class Server:
    """A warm process of this one. Use it as a context manager, or `end` it.

    Parameters
    ----------
    environment:
        What it finds in its environment beside `OWN` and the few that are `KEPT`.
    imports:
        Modules to import beside `IMPORTS`.
    shell:
        Whether it makes the shell in which `start_cells` runs cells. One that has it starts no ipykernels, which make
        their own.
    """

    def __init__(
        self, environment: Mapping[str, str] | None = None, imports: Sequence[str] = (), *, shell: bool = True
    ) -> None:
        # The path of a socket may have 107 characters.
        short = len(tempfile.gettempdir()) < 80
        self.home = Path(tempfile.mkdtemp(prefix="warm-", dir=None if short else "/tmp"))
        self.home.chmod(0o711)  # kernels of other users read fonts and packages there, by name
        self.place = str(self.home / "door" / "socket")
        (self.home / "door").mkdir(0o700)
        packages = self.home / "packages"
        packages.mkdir()
        for name in ("autograder", "course"):
            if (HERE / name).is_dir():
                (packages / name).symlink_to(HERE / name)
        own = {name: os.environ[name] for name in KEPT if name in os.environ} | OWN
        own |= {
            "HOME": str(self.home),
            "MPLCONFIGDIR": str(self.home / "matplotlib"),
            # Not the course's own folder: of that, a confined kernel cannot even list what is there.
            "PYTHONPATH": str(packages),
        }
        _copy_fonts(self.home / "matplotlib")
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            listener.bind(self.place)
            listener.listen(64)
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "autograder.warm",
                    str(theirs.fileno()),
                    str(listener.fileno()),
                    str(int(shell)),
                    *imports,
                ],
                env=own | dict(environment or {}),
                cwd=self.home,
                pass_fds=(theirs.fileno(), listener.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is the batch's business
            )
        except OSError as error:
            self.end()
            raise GradingError(f"No warm process can be started ({error.strerror}).") from None
        finally:
            theirs.close()
            listener.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ready(self) -> None:
        """Wait until it has imported everything. `GradingError`, with the reason, where it cannot."""
        self._ours.settimeout(PATIENCE)
        try:
            said = self._ours.recv(LARGEST).decode()
        except OSError:
            said = f"it said nothing for {PATIENCE:g} s"
        if said != "ready":
            self.end()
            raise GradingError(f"The process from which kernels are forked did not start: {said or 'it ended'}.")

    def alive(self) -> bool:
        return self._process.poll() is None

    def __enter__(self) -> Server:
        self.ready()
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def end(self) -> None:
        """End it, and with it its kernels."""
        self._ours.close()
        if hasattr(self, "_process"):
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


def _copy_fonts(folder: Path) -> None:
    """The list of fonts that matplotlib has drawn up before: to look at all of them again takes seconds."""
    import matplotlib

    folder.mkdir()
    for known in Path(os.environ.get("MPLCONFIGDIR") or matplotlib.get_cachedir()).glob("fontlist-*.json"):
        shutil.copy(known, folder)


# --------------------------------------------------------------------------- the server


class Unfit(Exception):
    """This process is none to fork from. The text says why."""


def require_alone() -> None:
    """`Unfit` unless this process has one thread and no JAX backend: a copy of it could stand still for ever."""
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


def serve(owner: socket.socket, listener: socket.socket, shell: bool, imports: Sequence[str]) -> None:
    """Be the server: import, say so, and fork for whoever connects, until `owner` hangs up."""
    try:
        _import([*IMPORTS, *(() if shell else KERNELS), *imports])
        _rehearse()
        if shell:
            from autograder import cells

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
    if not 3 <= len(handles) <= 4:
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
        _close(own)
        return True
    if pid == 0:
        _be_a_kernel(json.loads(text), own)
    _close(own)
    children[pid] = _Child(pid, line, ended)
    handle = os.pidfd_open(pid)  # it cannot be another's: it is reaped nowhere but in this thread
    try:
        socket.send_fds(line, [json.dumps({"pid": pid}).encode()], [handle])
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _close(handles: Sequence[int]) -> None:
    for handle in handles:
        os.close(handle)


# --------------------------------------------------------------------------- the copy


def _be_a_kernel(asked: dict[str, Any], handles: Sequence[int]) -> None:
    """Become the kernel that was asked for; never returns. `handles` are its output, its errors and, for cells, the line."""
    code = 1
    try:
        os.setsid()
        sandbox.die_with_parent()
        signals.set_wakeup_fd(-1)
        signals.signal(signals.SIGCHLD, signals.SIG_DFL)
        signals.signal(signals.SIGINT, signals.default_int_handler)
        null = os.open(os.devnull, os.O_RDONLY)
        # First above all that is open: a target may be another's source.
        above = [fcntl.fcntl(handle, fcntl.F_DUPFD, 64) for handle in (null, *handles)]
        for target, source in enumerate(above):
            os.dup2(source, target)
        _close_from(len(above))
        os.environ.update(asked["environment"])
        _tell_jax(asked["environment"])
        tempfile.tempdir = None  # as TMPDIR says from now on
        os.chdir(asked["folder"])

        from autograder import sandboxed

        if len(handles) == 3:
            sandboxed.run_cells(asked["plan"], socket.socket(fileno=3))
        else:
            sandboxed.be_a_kernel(asked["arguments"])
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        # Nothing that the server meant to do at its own end is the copy's to do.
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _tell_jax(environment: Mapping[str, str]) -> None:
    """Give JAX the settings that it would have read from this environment, had it been imported in it."""
    jax = sys.modules.get("jax")
    if jax is None:
        return
    for name, text in environment.items():
        known = jax.config.values
        if (setting := name.lower()) not in known:
            continue
        was = known[setting]
        value: Any = text
        if isinstance(was, bool):
            value = text.lower() not in ("", "0", "false", "off", "no", "n", "f")
        elif isinstance(was, int | float):
            value = type(was)(text)
        jax.config.update(setting, value)


def _close_from(first: int) -> None:
    """Close every descriptor from `first` on; Python's socket objects for them are forgotten, not closed again."""
    os.closerange(first, max((int(name) for name in os.listdir("/proc/self/fd")), default=1024) + 1)


def main() -> None:
    owner, listener = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    serve(owner, listener, sys.argv[3] == "1", sys.argv[4:])


if __name__ == "__main__":
    # By its own name, so that nothing here is there twice, once as `__main__`.
    import_module("autograder.warm").main()
