"""A process that has imported what notebooks import, and forks a kernel from itself for whoever asks.

Starting Python, importing JAX and drawing up a list of fonts takes seconds, and gives the same each time. `ForkServer`
starts one process that does it once, and `ForkClient.start_cells` has it fork: the copy enters its sandbox (`kernel_entry.py`), and
its shell, which was there before the fork, runs the cells that come (`cells.py`).

What forks safely is a process with one thread, and no JAX backend: both are made sure of before every fork. What forks
discreetly is one that holds nothing which a stranger may not see: it was started by `exec` with a small environment of
its own, has loaded no bank, and is told of each kernel only what that kernel may know. A kernel keeps none of its
descriptors.

The server ends with the process that started it, and the kernels end with the server, or with the connection through
which they were asked for.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.errors import GradingError
from autograder.kernels.forkserver.client import LARGEST, PATIENCE
from autograder.paths import ROOT

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


class ForkServer:
    """A warm process of this one. Use it as a context manager, or `end` it.

    Parameters
    ----------
    environment:
        What it finds in its environment beside `OWN` and the few that are `KEPT`.
    imports:
        Modules to import beside `IMPORTS`.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, imports: Sequence[str] = ()) -> None:
        # The path of a socket may have 107 characters.
        short = len(tempfile.gettempdir()) < 80
        self.home = Path(tempfile.mkdtemp(prefix="warm-", dir=None if short else "/tmp"))
        self.home.chmod(0o711)  # kernels of other users read fonts and packages there, by name
        self.place = str(self.home / "door" / "socket")
        (self.home / "door").mkdir(0o700)
        packages = self.home / "packages"
        packages.mkdir()
        for name in ("autograder", "course"):
            if (ROOT / name).is_dir():
                (packages / name).symlink_to(ROOT / name)
        own = {name: os.environ[name] for name in KEPT if name in os.environ} | OWN
        own |= {
            "HOME": str(self.home),
            "MPLCONFIGDIR": str(self.home / "matplotlib"),
            # Not the course's own folder: of that, a confined kernel cannot even list what is there.
            "PYTHONPATH": str(packages),
        }
        copy_fonts(self.home / "matplotlib")
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            listener.bind(self.place)
            listener.listen(64)
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "autograder.kernels.forkserver.serve",
                    str(theirs.fileno()),
                    str(listener.fileno()),
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

    def __enter__(self) -> ForkServer:
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


def copy_fonts(folder: Path) -> None:
    """The list of fonts that matplotlib has drawn up before: to look at all of them again takes seconds."""
    import matplotlib

    folder.mkdir()
    for known in Path(os.environ.get("MPLCONFIGDIR") or matplotlib.get_cachedir()).glob("fontlist-*.json"):
        shutil.copy(known, folder)
