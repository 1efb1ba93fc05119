"""Studying needs nothing that only POSIX has, so that it works on Windows too; and no code keeps to Python 3.11.

Two proofs, since no Windows is here: mypy checks the code as for Windows, by the standard library's own stubs; and a
process in which our code finds no POSIX-only module or name studies for a while.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

MODULES = (
    "fcntl",
    "resource",
    "termios",
    "tty",
    "pty",
    "pwd",
    "grp",
    "syslog",
    "posix",
    "crypt",
    "nis",
    "curses",
    "readline",
)
"""Modules that Python has on POSIX alone."""

HIDE = f"""
import builtins, sys, types
NONE = {MODULES!r}
ONLY_POSIX = dict(
    os="fork forkpty geteuid getuid getegid getgid getgroups setuid setsid setpgid killpg getpgid pread pwrite chown fchown "
    "fchmod mkfifo mknod nice waitid wait wait3 WNOHANG WEXITSTATUS pidfd_open sched_getaffinity statvfs sysconf uname "
    "getloadavg register_at_fork openpty ttyname O_NONBLOCK O_CLOEXEC O_NOFOLLOW O_DIRECTORY sendfile lockf".split(),
    signal="SIGALRM SIGPROF SIGKILL SIGUSR1 SIGUSR2 SIGHUP SIGCHLD SIGPIPE SIGSTOP setitimer getitimer alarm pause "
    "ITIMER_REAL ITIMER_PROF ITIMER_VIRTUAL pthread_sigmask sigwait pthread_kill set_wakeup".split(),
    socket="AF_UNIX send_fds recv_fds SO_PEERCRED CMSG_LEN".split(),
    time="tzset clock_gettime CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID".split(),
    select="poll epoll kqueue".split(),
)
OURS = ("course", "autograder", "solutions", "isometry_bank", "__main__")

class Windows(types.ModuleType):
    def __init__(self, real):
        super().__init__(real.__name__)
        self.__dict__["real"] = real
    def __getattr__(self, name):
        if name in ONLY_POSIX[self.real.__name__]:
            raise AttributeError(f"module {{self.real.__name__!r}} has no attribute {{name!r}} on Windows")
        return getattr(self.real, name)
    def __setattr__(self, name, value):
        setattr(self.real, name, value)

shown = {{}}
found = builtins.__import__
def only_what_windows_has(name, globals=None, locals=None, fromlist=(), level=0):
    if level == 0 and globals and str(globals.get("__name__")).split(".")[0] in OURS:
        top = name.split(".")[0]
        if top in NONE:
            raise ModuleNotFoundError(f"No module named {{top!r}} on Windows")
        if top in ONLY_POSIX:
            module = found(name, globals, locals, (), 0)
            return shown.setdefault(top, Windows(module)) if "." not in name or not fromlist else found(
                name, globals, locals, fromlist, 0)
    return found(name, globals, locals, fromlist, level)
builtins.__import__ = only_what_windows_has
"""
"""Lets whatever code of ours is imported from here on find only what Windows has; the libraries find all."""

STUDY = """
import ast, json, pkgutil, tempfile
from importlib import import_module
from pathlib import Path

import course
for one in pkgutil.walk_packages(course.__path__, "course."):
    if not one.name.endswith("__main__"):
        import_module(one.name)
root = Path(course.__file__).parents[1]
for lesson in sorted([*(root / "course").glob("*.ipynb"), *(root / "exercises").glob("*/*.ipynb")]):
    for cell in json.loads(lesson.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and "import" in source and not source.lstrip().startswith(("%", "!")):
            for line in ast.parse(source, feature_version=(3, 11)).body:
                if isinstance(line, ast.Import | ast.ImportFrom):
                    exec(compile(ast.Module([line], []), str(lesson), "exec"), {"__name__": "__main__"})
    print("imports of", lesson.stem)

from course import check
from course import kernel_info as who
from course.mastery import record
from course.tutoring.follower import standing
from course.tutoring.questions import start
who.person_present = lambda: True
from course.tutoring import questions, session as sessions
questions.secrets.randbelow = sessions.secrets.randbelow = lambda below: 0
session = start("jacobians.scale")
for _ in range(3):
    session.deal()
    question = session.exercise
    verdict = session.answer(question.reference(**session.variant.arguments))
    assert verdict.right, (verdict, session)
session.deal()
session.answer(session.exercise.mistakes[0].answer(**session.variant.arguments))
events = record.read().events
assert [event.right for event in events] == [True, True, True, False], events
copy = [record.line_of(event) for event in events]
assert record.add(copy) == 0 and record.add([copy[0].replace(events[0].id.encode(), b"another")]) == 1
assert standing()[0] is not None
assert float(check("jacobians.scalar_slope", 1.0, a=0.5, depth=3, x=1.0)) >= 0

from click.testing import CliRunner
from course import cli
from course.jupyter import study
told = CliRunner().invoke(cli.commands, ["progress"])
assert told.exit_code == 0, told.output
with tempfile.TemporaryDirectory() as folder:
    study.prepare(root, Path(folder))
    assert study.jupyterlab(Path(folder), (), {}) and study.environment(root, Path(folder), {})
    assert list(Path(folder).glob("*.ipynb"))
print("studied")
"""


def studied(code: str, root: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"ISOMETRY_RECORD": str(tmp_path / "record.jsonl"), "JAX_PLATFORMS": "cpu"}
    env.pop("ISOMETRY_COURSE", None)
    return subprocess.run([sys.executable, "-c", HIDE + code], cwd=root, env=env, capture_output=True, text=True)


def test_one_studies_without_any_module_or_name_that_only_posix_has(root: Path, tmp_path: Path) -> None:
    done = studied(STUDY, root, tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (
        done.stdout.endswith("studied\n")
        and "cannot be judged" not in done.stdout
        and done.stdout.count("imports of") >= 9
    )


@pytest.mark.parametrize(
    "planted",
    [
        "import fcntl",
        "from os import fork",
        "import os\nos.geteuid()",
        "import signal\nsignal.SIGALRM",
        "import os.path, pwd",
    ],
)
def test_what_only_posix_has_would_be_found(planted: str, root: Path, tmp_path: Path) -> None:
    done = studied(planted, root, tmp_path)
    assert done.returncode == 1
    assert "on Windows" in done.stderr or "cannot import name 'fork'" in done.stderr


LOADED = "; ".join(
    [
        "import pkgutil, sys, course, course.notebook.practising, course.notebook.checking, course.commands.progress, course.jupyter.study",
        "print(*sorted(name for name in sys.modules if name.startswith('autograder')))",
    ]
)


def as_on_windows(root: Path, *what: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mypy", "--platform", "win32", "--cache-dir", ".mypy_cache/windows", *what]
    return subprocess.run(command, cwd=root, capture_output=True, text=True)


def test_all_code_that_studying_loads_names_only_what_windows_has(root: Path, tmp_path: Path) -> None:
    loaded = subprocess.run([sys.executable, "-c", LOADED], cwd=root, capture_output=True, text=True, check=True)
    modules = loaded.stdout.split()
    assert "autograder.judging.judge" in modules and "autograder.kernels.forkserver.serve" not in modules
    done = as_on_windows(root, "-p", "course", *(part for name in modules for part in ("-m", name)))
    assert done.returncode == 0, done.stdout
    (tmp_path / "planted.py").write_text("import fcntl, os\nfcntl.flock(0, fcntl.LOCK_EX)\nos.fork()\n")
    found = as_on_windows(root, str(tmp_path / "planted.py"))
    assert found.stdout.count("[attr-defined]") == 3, found.stdout


# --------------------------------------------------------------------------- later versions of Python


def as_in(version: str, root: Path, *what: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mypy", "--python-version", version, "--enable-error-code", "deprecated"]
    return subprocess.run(
        [*command, "--cache-dir", ".mypy_cache/later", *what], cwd=root, capture_output=True, text=True
    )


def test_all_code_uses_only_what_python_3_13_still_has_and_does_not_mean_to_drop(root: Path, tmp_path: Path) -> None:
    done = as_in("3.13", root)
    assert done.returncode == 0, done.stdout
    (tmp_path / "planted.py").write_text("import distutils, datetime, ast\ndatetime.datetime.utcnow()\nast.Str\n")
    found = as_in("3.13", root, str(tmp_path / "planted.py"))
    assert "[import-not-found]" in found.stdout or "distutils" in found.stdout, found.stdout
    assert found.stdout.count("[deprecated]") >= 2, found.stdout


def test_a_deprecated_call_of_ours_fails_a_test_and_one_of_a_library_does_not() -> None:
    for module in ("course", "course.views.stack", "autograder.kernels.forkserver.serve"):
        with pytest.raises(DeprecationWarning):
            warnings.warn_explicit("planted", DeprecationWarning, "file.py", 1, module=module)
    with pytest.warns(DeprecationWarning):
        warnings.warn_explicit("planted", DeprecationWarning, "file.py", 1, module="courseware")
