"""The process from which kernels are forked: what it refuses, what its kernels can see, and what ends with what."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from autograder.errors import GradingError
from autograder.judging.examiner import Examiner
from autograder.judging.protocol import limits
from autograder.kernels import sandbox
from autograder.kernels.connection import KernelConnection
from autograder.kernels.forkserver import client as forkserver_client
from autograder.kernels.forkserver import serve
from autograder.kernels.forkserver.client import ForkClient, ForkServerGone
from autograder.kernels.forkserver.server import OWN, ForkServer
from autograder.kernels.kernel_entry import SandboxSpec
from autograder.kernels.outputs import Outputs
from autograder.kernels.sandbox import SandboxPolicy

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def until(true: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether it becomes true in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    os.environ["SECRET_OF_THE_GRADER"] = "not yours"
    try:
        with ForkServer() as made:
            yield made
    finally:
        del os.environ["SECRET_OF_THE_GRADER"]


@pytest.fixture
def client(server: ForkServer) -> Iterator[ForkClient]:
    made = ForkClient(server.place)
    yield made
    made.close()


def run(
    client: ForkClient, folder: Path, sources: Sequence[str], plan: Path | None = None, environment: Any = None
) -> list[str]:
    """What each of these cells shows, in one kernel of the warm process."""
    said, outputs = [], Outputs()
    kernel = KernelConnection(client, folder, {"HOME": str(folder), **(environment or {})}, plan)
    try:
        for source in sources:
            outputs.begin()
            kernel.run(source, 120, outputs.take, lambda: None)
            said.append(said_by(outputs.end()))
    finally:
        kernel.end()
    return said


def said_by(outputs: Sequence[Any]) -> str:
    return "".join(o.get("text", "") + o.get("ename", "") + " ".join(o.get("data", {})) for o in outputs).strip()


def outputs_in_ipykernel(folder: Path, sources: Sequence[str]) -> list[Any]:
    """The outputs of each of these cells in an ipykernel that Jupyter starts, in the environment of a warm process."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager = AsyncKernelManager(transport="ipc", ip=str(folder / "kernel"))
    manager._kernel_spec = KernelSpec(argv=command, language="python")
    manager.connection_file = str(folder / "connection.json")
    environment = OWN | {"HOME": str(folder), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}

    async def all_of_it() -> None:
        runner = NotebookClient(notebook, km=manager, allow_errors=True, timeout=120, shutdown_kernel="immediate")
        runner.owns_km = True
        await runner.async_execute(cwd=str(folder), env=environment)

    with ThreadPoolExecutor(1) as own:  # Playwright's tests leave a loop running in this thread
        own.submit(asyncio.run, all_of_it()).result()
    return [cell.outputs for cell in notebook.cells]


# --------------------------------------------------------------------------- what it is


def test_it_has_one_thread_no_bank_and_no_secret_of_whoever_started_it(server: ForkServer) -> None:
    process = psutil.Process(server.pid)
    assert process.num_threads() == 1
    environment = Path(f"/proc/{server.pid}/environ").read_text()
    assert "SECRET_OF_THE_GRADER" not in environment and "PYTEST" not in environment
    assert "PYTHONHASHSEED=0" in environment and "ISOMETRY_BANKS=\0" in environment
    assert str(server.pid) not in {str(p.pid) for p in psutil.Process().children() if p.status() == "zombie"}


UNFIT = {
    "thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
    "backend": "import jax\njax.numpy.ones(3).block_until_ready()",
}


@pytest.mark.parametrize(("name", "said"), [("thread", "threads"), ("backend", "threads|backend")])
def test_one_with_a_thread_or_a_backend_does_not_start(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / f"unfit_{name}.py").write_text(UNFIT[name])
    packages = os.pathsep.join([str(ROOT), str(tmp_path)])
    with pytest.raises(GradingError, match=said):
        ForkServer({"PYTHONPATH": packages}, imports=(f"unfit_{name}",)).ready()


def test_a_backend_is_found_even_where_its_threads_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    import jax

    jax.numpy.ones(3).block_until_ready()
    monkeypatch.setattr(os, "listdir", lambda path: ["1"])
    with pytest.raises(serve.Unfit, match="backend"):
        serve.require_alone()


def test_one_that_has_become_unfit_refuses_to_fork(tmp_path: Path) -> None:
    script = (
        "import socket, sys, threading, time; from autograder.kernels.forkserver import serve; serve.IMPORTS = ();"
        "alone, calls = serve.require_alone, [];"
        "serve.require_alone = lambda: (calls.append(1), len(calls) > 1 and"
        " threading.Thread(target=time.sleep, args=(600,), daemon=True).start(), alone());"
        "serve.serve(*(socket.socket(fileno=int(n)) for n in sys.argv[1:3]), ())"
    )
    import socket

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(tmp_path / "door"))
    listener.listen()
    with ours, theirs, listener:
        command = [sys.executable, "-c", script, str(theirs.fileno()), str(listener.fileno())]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
        process = subprocess.Popen(command, pass_fds=(theirs.fileno(), listener.fileno()), env=environment)
        theirs.close()
        assert ours.recv(100) == b"ready"
        client = ForkClient(str(tmp_path / "door"))
        with pytest.raises(ForkServerGone, match="2 threads"):
            client._fork({}, [0, 1, 2])
        client.close()
        ours.close()
        assert process.wait(60) == 0


# --------------------------------------------------------------------------- what its kernels are


def test_a_kernel_finds_everything_imported_and_starts_a_backend_of_its_own(client: ForkClient, tmp_path: Path) -> None:
    said = run(
        client,
        tmp_path,
        [
            "import sys; print('jax' in sys.modules, 'matplotlib.pyplot' in sys.modules)",
            "import jax; print(float(jax.jit(lambda x: x @ x)(jax.numpy.ones(3))), jax.devices())",
            "import matplotlib.pyplot as plt; plt.plot([1, 2]); print(plt.get_backend())",
            "import os; print(os.environ['OWN'], jax.config.jax_enable_x64, jax.config.jax_default_matmul_precision)",
            "print(hash('isometry'))",
        ],
        environment={"OWN": "mine", "JAX_ENABLE_X64": "1", "JAX_DEFAULT_MATMUL_PRECISION": "highest"},
    )
    assert said[0] == "True True" and said[1].startswith("3.0 [CpuDevice")
    assert "inline" in said[2] and "image/png" in said[2], "the figure was shown when the cell had ended"
    assert said[3] == "mine True highest"
    hashed = [sys.executable, "-c", "print(hash('isometry'))"]
    alike = subprocess.run(hashed, env=os.environ | {"PYTHONHASHSEED": "0"}, capture_output=True, text=True)
    assert said[4] == alike.stdout.strip()


def test_what_is_translated_in_one_context_is_right_and_stays_apart(client: ForkClient, tmp_path: Path) -> None:
    said = run(
        client,
        tmp_path,
        [
            "import jax, jax.numpy as jnp, threading\nfound = {}\n"
            "def work(i):\n    x = jnp.arange(1.0, 5.0)\n"
            "    f = jax.jit(lambda x: jax.lax.scan(lambda c, y: (c * i + y, c), 0.0, x)[0])\n"
            "    found[i] = (float(f(x)), float(jax.grad(f)(x)[0]))\n"
            "threads = [threading.Thread(target=work, args=(i,)) for i in range(1, 9)]\n"
            "[t.start() for t in threads]; [t.join() for t in threads]\n"
            "print(found == {i: (i**3 + 2*i**2 + 3*i + 4, i**3) for i in range(1, 9)})",
        ],
    )
    assert said == ["True"]


ATTACKS = """
import ctypes, gc, json, os, socket, sys
from pathlib import Path
found = {}
def attempt(name, act):
    try:
        found[name] = repr(act())
    except (OSError, MemoryError):
        found[name] = "refused"
attempt("file", lambda: open(OUTSIDE).read())
attempt("warm home", lambda: os.listdir(HOME))
attempt("door", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(HOME + "/door/socket"))
attempt("parent's environment", lambda: open(f"/proc/{os.getppid()}/environ").read())
attempt("parent's memory", lambda: open(f"/proc/{os.getppid()}/mem", "rb").read(1))
attempt("parent", lambda: os.kill(os.getppid(), 9))
attempt("fork", os.fork)
attempt("tcp", lambda: socket.create_connection(("127.0.0.1", 9)))
attempt("cache", lambda: open(CACHE + "/poisoned", "w"))
refused = [name for name, came in found.items() if came == "refused"]
seen = Path("/proc/self/environ").read_text() + str(dict(os.environ))
inherited = []
for name in os.listdir("/proc/self/fd"):
    try:
        inherited.append(os.readlink(f"/proc/self/fd/{name}"))
    except OSError:
        pass
banks = [m for m in sys.modules if "bank" in m and hasattr(sys.modules[m], "exercise")]
from autograder.exercise import Exercise
exercises = [o for o in gc.get_objects() if type(o) is Exercise]
print(json.dumps([sorted(set(found) - set(refused)), "SECRET" in seen, inherited, banks, len(exercises)]))
"""


def test_a_confined_kernel_reaches_nothing_of_the_grader_and_inherits_nothing(
    server: ForkServer, client: ForkClient, tmp_path: Path
) -> None:
    (tmp_path / "gradebook.db").write_text("not yours")
    (tmp_path / "cache").mkdir()
    work = tmp_path / "run" / "work"
    work.mkdir(parents=True)
    readable = [*sandbox.installation(), str(tmp_path / "cache")]
    plan = SandboxSpec(SandboxPolicy(readable, [str(tmp_path / "run")]), str(work), str(tmp_path / "answers"))
    plan.write(tmp_path / "plan.json")
    names = {"OUTSIDE": tmp_path / "gradebook.db", "HOME": server.home, "CACHE": tmp_path / "cache"}
    source = "".join(f"{name} = {str(value)!r}\n" for name, value in names.items()) + ATTACKS
    with Examiner(tmp_path / "answers", {}, 10):
        environment = {limits.PLACE: str(tmp_path / "answers")}
        (said,) = run(client, tmp_path / "run", [source], tmp_path / "plan.json", environment)
    reached, secret, inherited, banks, exercises = json.loads(said)
    assert (reached, secret, banks, exercises) == ([], False, [], 0)
    assert not [name for name in inherited if str(tmp_path) in name or "warm-" in name or "gradebook" in name]
    assert len([name for name in inherited if name.startswith("pidfd") or "anon_inode:[pidfd]" in name]) == 0


# --------------------------------------------------------------------------- what ends with what


def sleeping(client: ForkClient, folder: Path) -> forkserver_client.Kernel:
    """A kernel that waits for its first cell. Nobody ends it."""
    conversation = KernelConnection(client, folder, {"HOME": str(folder)}, None)
    KEPT.append(conversation)  # it would end as its line is closed
    return conversation.kernel


KEPT: list[KernelConnection] = []


def test_a_kernels_end_is_told_with_how_it_ended_and_its_number_is_never_anothers(
    client: ForkClient, tmp_path: Path
) -> None:
    kernel = sleeping(client, tmp_path)
    assert kernel.poll() is None
    kernel.kill()
    assert kernel.wait(60) == -signal.SIGKILL and kernel.poll() == -signal.SIGKILL
    kernel.kill()  # of one that has ended: nothing happens, to nobody
    assert gone(kernel.pid)


def test_kernels_end_with_the_connection_they_were_asked_for_through(server: ForkServer, tmp_path: Path) -> None:
    one, other = ForkClient(server.place), ForkClient(server.place)
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    ends, stays = sleeping(one, tmp_path / "a"), sleeping(other, tmp_path / "b")
    one.close()
    assert ends.wait(60) == -signal.SIGKILL and stays.poll() is None
    stays.kill()
    other.close()


@pytest.mark.parametrize("killed", ["server", "owner"])
def test_kernels_end_with_the_server_and_the_server_with_whoever_started_it(tmp_path: Path, killed: str) -> None:
    script = (
        "import sys, time; from pathlib import Path; sys.path[:0] = sys.argv[2:];"
        "from autograder.kernels.forkserver.client import ForkClient;"
        "from autograder.kernels.forkserver.server import ForkServer; server = ForkServer(); server.ready();"
        "from test_warm import sleeping; client = ForkClient(server.place);"
        "print(server.pid, sleeping(client, Path(sys.argv[1])).pid, server.home, flush=True); time.sleep(600)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script, str(tmp_path), *map(str, (Path(__file__).parent, ROOT / "tests"))]
    owner = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    server, kernel, home = owner.stdout.readline().split()
    if killed == "owner":
        owner.kill()
    else:
        os.kill(int(server), signal.SIGKILL)
    assert until(lambda: gone(int(kernel))) and until(lambda: gone(int(server)))
    owner.kill()
    owner.communicate()
    shutil.rmtree(home, ignore_errors=True)


def test_a_server_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(ForkServerGone):
        ForkClient(str(tmp_path / "nowhere"))
