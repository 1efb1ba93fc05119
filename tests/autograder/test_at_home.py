"""In a confined kernel, ordinary code goes on as at home, and finds no programs as on a machine that has none."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.judging.examiner import Examiner
from autograder.judging.protocol import limits
from autograder.kernels import sandbox, stand_ins
from autograder.kernels.connection import KernelConnection
from autograder.kernels.forkserver.client import ForkClient
from autograder.kernels.forkserver.server import ForkServer
from autograder.kernels.kernel_entry import SandboxSpec
from autograder.kernels.outputs import Outputs
from autograder.kernels.sandbox import SandboxPolicy

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["1", "3", ""], ids=["Landlock 1", "Landlock 3", "Landlock"])
def kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelConnection]:
    folder = tmp_path_factory.mktemp("home")
    work = folder / "run" / "work"
    work.mkdir(parents=True)
    most = sandbox.landlock_version() if not request.param else int(request.param)
    policy = SandboxPolicy(sandbox.installation(), [str(folder / "run")], landlock_most=most)
    SandboxSpec(policy, str(work), str(folder / "door")).write(folder / "plan")
    environment = {"HOME": str(folder / "run"), "TMPDIR": str(folder / "run"), limits.PLACE: str(folder / "door")}
    with Examiner(folder / "door", {}, 10), ForkServer() as server:
        client = ForkClient(server.place)  # kernels end with it
        started = KernelConnection(client, work, environment, folder / "plan")
        yield started
        started.end()


def shown(kernel: KernelConnection, source: str) -> str:
    kept = Outputs()
    kept.begin()
    kernel.run(source, 60.0, kept.take, lambda: None)
    return "".join(
        o.get("text", "") + "".join(o.get("traceback", [])) + o.get("data", {}).get("text/plain", "")
        for o in kept.end()
    ).strip()


GOES_ON = {
    "threads": """
        import threading
        made = [threading.Thread(target=found.append, args=(i,)) for i in range(20)]
        for t in made: t.start()
        for t in made: t.join()
        assert sorted(found) == list(range(20))
    """,
    "a pool of threads": """
        from multiprocessing.pool import ThreadPool
        with ThreadPool(4) as pool:
            assert pool.map(lambda x: x * x, range(100)) == [x * x for x in range(100)]
            assert sorted(pool.imap_unordered(abs, [-1, -2])) == [1, 2]
    """,
    "multiprocessing's locks and queues, between threads": """
        import multiprocessing as mp, threading
        lock, queue, event, value = mp.RLock(), mp.Queue(), mp.Event(), mp.Value("i", 3)
        with lock, lock: pass
        queue.put("x"); assert queue.get(timeout=10) == "x"
        threading.Timer(0.05, event.set).start(); assert event.wait(10)
        with value.get_lock(): value.value += 1
        assert value.value == 4 and not mp.Semaphore(0).acquire(timeout=0.01)
        bounded = mp.BoundedSemaphore(1)
        try: bounded.release()
        except ValueError: found.append("bounded")
        try: lock.release()
        except AssertionError: found.append("owned")
        assert found == ["bounded", "owned"]
    """,
    "futures": """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(4) as pool: assert list(pool.map(abs, [-1, -2])) == [1, 2]
    """,
    "asyncio": """
        import asyncio
        async def two(): await asyncio.sleep(0.01); return 2
        assert await asyncio.gather(two(), asyncio.to_thread(abs, -3)) == [2, 3]
        a, b = __import__("socket").socketpair()
        reader, writer = await asyncio.open_connection(sock=a)
        b.sendall(b"line\\n"); assert await reader.readline() == b"line\\n"
        writer.close(); b.close()
    """,
    "temporary files": """
        import tempfile
        with tempfile.TemporaryFile() as f, tempfile.NamedTemporaryFile() as g, tempfile.TemporaryDirectory() as d:
            f.write(b"x"); g.write(b"x"); open(d + "/y", "w").write("x")
    """,
    "files": """
        import os, shutil, pathlib
        p = pathlib.Path("folder/deeper"); p.mkdir(parents=True)
        (p / "a").write_text("text"); shutil.copy(p / "a", "b"); shutil.copy2("b", "c"); shutil.copytree("folder", "tree")
        shutil.move("c", "folder/c"); os.symlink("b", "link"); os.replace("folder/c", "folder/d")
        pathlib.Path("touched").touch(); os.truncate(os.open("b", os.O_RDWR), 2)
        assert pathlib.Path("link").read_text() == "te" and pathlib.Path("folder/d").read_text() == "text"
        os.mkfifo("pipe"); os.link("b", "hard"); assert os.path.samefile("b", "hard")
        shutil.rmtree("tree"); os.chmod("b", 0o600); os.utime("b", (1, 1)); open("b", "a").write("!")
        with open("b") as f: assert not f.isatty() and os.fstat(f.fileno()).st_size == 3
        assert sorted(os.listdir("folder")) == ["d", "deeper"] and os.getcwd().endswith("work")
    """,
    "sqlite": """
        import sqlite3
        for mode in ("delete", "wal", "memory"):
            c = sqlite3.connect(mode + ".db"); c.execute("pragma journal_mode=" + mode)
            with c: c.execute("create table t (x)"); c.executemany("insert into t values (?)", [(i,) for i in range(100)])
            d = sqlite3.connect(mode + ".db")
            assert d.execute("select count(*) from t").fetchone() == (100,)
            c.close(); d.close()
    """,
    "zip, mmap, json, csv, pickle": """
        import csv, json, mmap, pickle, zipfile, numpy as np
        with zipfile.ZipFile("x.zip", "w") as z: z.writestr("a", "text")
        assert zipfile.ZipFile("x.zip").read("a") == b"text"
        np.save("x.npy", np.arange(1000)); assert np.load("x.npy", mmap_mode="r+")[-1] == 999
        m = mmap.mmap(-1, 4096); m[:2] = b"ok"; assert m[:2] == b"ok"
        json.dump([1], open("x.json", "w")); pickle.dump({1}, open("x.pickle", "wb"))
    """,
    "figures": """
        import matplotlib.pyplot as plt
        plt.plot([1, 2]); plt.savefig("x.png"); plt.savefig("x.pdf"); plt.close("all")
    """,
    "jax": """
        import jax, jax.numpy as jnp
        W = jax.random.normal(jax.random.key(0), (64, 64))
        assert jax.jit(jax.grad(lambda W: jnp.sum(jnp.tanh(W @ W))))(W).shape == (64, 64)
        assert jnp.linalg.svd(W)[1].shape == (64,) and jax.vmap(jnp.sum)(W).shape == (64,)
        assert float(jax.pure_callback(lambda x: x + 1, jax.ShapeDtypeStruct((), jnp.float32), jnp.float32(1))) == 2
    """,
    "scikit-learn": """
        from sklearn.datasets import load_digits
        from sklearn.linear_model import LogisticRegression
        from sklearn.neighbors import KNeighborsClassifier
        x, y = load_digits(return_X_y=True)
        assert KNeighborsClassifier(1, n_jobs=2).fit(x[:900], y[:900]).score(x[900:], y[900:]) > 0.9
        LogisticRegression(max_iter=500).fit(x[:200], y[:200])
    """,
    "signals to itself, timers, time": """
        import signal, time, os, select
        old = signal.signal(signal.SIGALRM, lambda *a: found.append("alarm"))
        signal.setitimer(signal.ITIMER_REAL, 0.01); time.sleep(0.1)
        signal.signal(signal.SIGUSR1, lambda *a: found.append("own")); os.kill(os.getpid(), signal.SIGUSR1); time.sleep(0.01)
        assert found == ["alarm", "own"] and time.process_time() > 0 and time.thread_time() >= 0
        r, w = os.pipe(); os.write(w, b"x"); assert select.select([r], [], [], 1)[0] == [r]
    """,
    "what a process knows of itself": """
        import os, platform, resource, psutil, shutil
        resource.getrusage(resource.RUSAGE_SELF); os.cpu_count(); os.sched_getaffinity(0); os.getloadavg
        assert psutil.Process().memory_info().rss > 0 and psutil.virtual_memory().total > 0
        assert psutil.Process().num_threads() > 0 and platform.system() == "Linux" and os.uname() and os.statvfs(".")
        shutil.disk_usage("."); shutil.get_terminal_size(); os.getpgid(0); os.umask(0o22)
    """,
    "file locks": """
        import fcntl
        with open("locked", "w") as f:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB); fcntl.lockf(f, fcntl.LOCK_EX); fcntl.lockf(f, fcntl.LOCK_UN)
    """,
}
"""Cells that run at home, and must here."""


@pytest.mark.parametrize("name", GOES_ON)
def test_ordinary_code_goes_on(kernel: KernelConnection, name: str) -> None:
    source = "import os; os.chdir(os.environ['HOME'] + '/work'); found = []\n" + textwrap.dedent(GOES_ON[name])
    assert shown(kernel, source + "\nprint('went on')") == "went on"


NOT_THERE = {
    "import subprocess\ntry: subprocess.run(['git', '--version'])\nexcept FileNotFoundError as e: print(e)": (
        "[Errno 2] No such file or directory: 'git'"
    ),
    "import subprocess\ntry: subprocess.check_output('ls', shell=True)\nexcept FileNotFoundError: print('no shell')": (
        "no shell"
    ),
    "import os\ntry: os.posix_spawn('/bin/true', ['true'], {})\nexcept FileNotFoundError as e: print(e.filename)": (
        "/bin/true"
    ),
    "import os\ntry: os.execv('/bin/true', ['true'])\nexcept FileNotFoundError: print('not there')": "not there",
    "import os\nprint(os.system('true') != 0)": "True",
    "import os\ntry: os.fork()\nexcept BlockingIOError: print('no more processes')": "no more processes",
    "import asyncio\ntry: await asyncio.create_subprocess_exec('git')\nexcept FileNotFoundError: print('not there')": (
        "not there"
    ),
    "import multiprocessing\ntry: multiprocessing.Pool(2)\nexcept BlockingIOError: print('no more processes')": (
        "no more processes"
    ),
    "from concurrent.futures import ProcessPoolExecutor\ntry:\n    with ProcessPoolExecutor(2) as p: p.submit(abs, 1)\n"
    "except BlockingIOError: print('no more processes')": "no more processes",
    "import multiprocessing\nfor way in ('fork', 'spawn', 'forkserver'):\n"
    "    try: multiprocessing.get_context(way).Process(target=print).start()\n    except OSError: print(way, end=' ')": (
        "fork spawn forkserver"
    ),
    "import urllib.request\ntry: urllib.request.urlopen('http://127.0.0.1:9', timeout=5)\n"
    "except urllib.error.URLError: print('no network')": "no network",
    "name = 'numpy'\n!pip install {name}\nprint(_exit_code)": f"pip install numpy: not run. {stand_ins.NOTE}\n127",
    "x = !ls -l\nprint(len(x), x.n, _exit_code)": f"1 ls -l: not run. {stand_ins.NOTE} 127",
    "%%bash\nls": "Couldn't find program: 'bash'",
    "%ls\nprint('went on')": f"not run. {stand_ins.NOTE}\nwent on",
    "import subprocess\nsubprocess.run(['git'])": stand_ins.NOTE,
}
"""Cells that would start something, and what they show, before JAX's warning of a fork."""


@pytest.mark.parametrize("source", NOT_THERE)
def test_a_program_is_not_there_and_processes_have_run_out(kernel: KernelConnection, source: str) -> None:
    said = shown(kernel, source)
    assert NOT_THERE[source] in said.partition("RuntimeWarning")[0], said


def test_a_line_that_would_install_fails_and_its_cell_goes_on(kernel: KernelConnection) -> None:
    said = shown(kernel, "%pip install nothing-of-that-name\nprint('went on')")
    assert stand_ins.NOTE in said and said.endswith("went on")


def test_what_stands_in_is_put_in_place_in_confined_processes_only() -> None:
    import _multiprocessing

    assert os.getpid() and _multiprocessing.SemLock is not stand_ins.Semaphore
    assert Path(stand_ins.__file__).exists()
