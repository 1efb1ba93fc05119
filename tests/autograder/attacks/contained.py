"""Runs stock nbgrader on one hostile notebook where it can harm nobody, and tells what came of it.

`unshare … python contained.py COURSE.tar TASK.json` as root in new namespaces: a network of its own, processes of its
own, and for files everything as it is but nobody's to write. The folders that anyone may write in are new ones in
memory, of a limited size. nbgrader runs as a user who owns nothing else, with limits on memory, files and processes.
What came of it is printed as JSON.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tarfile
import threading
import time
from io import BytesIO
from pathlib import Path
from typing import Any

if __package__:
    from . import looking
    from .bystander import Bystander
    from .listening import Listeners
else:
    import looking
    from bystander import Bystander
    from listening import Listeners

NOBODY = 1_000_000 + int.from_bytes(os.urandom(3), "big")
"""A user of this container's own: how many processes a user has is counted over all containers."""
DISK = "300m"
COURSE, HOME = Path("/tmp/course"), Path("/tmp/home")
LIMITS = {
    resource.RLIMIT_AS: 5 << 30,
    resource.RLIMIT_NPROC: 120,
    resource.RLIMIT_FSIZE: 100 << 20,
    resource.RLIMIT_CPU: 90,
    resource.RLIMIT_CORE: 0,
}


def main() -> None:
    packed, task = Path(sys.argv[1]).read_bytes(), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    sys.setrecursionlimit(10_000)
    _close_in([Path(path) for path in task["readable"]])
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall("/tmp", filter="fully_trusted")
    if task["sparse"]:
        with open(Path("/tmp") / task["notebook"], "wb") as file:
            file.truncate(task["sparse"])
    for top, below, files in os.walk("/tmp"):
        for name in (*below, *files):
            os.chown(os.path.join(top, name), NOBODY, NOBODY, follow_symlinks=False)
    with Listeners(Path("/run"), task["abstract"]) as listeners:
        bystander = _bystander(task, listeners) if task["outside"] else None
        # The notebook was written before these servers had numbers.
        numbers = {"64001": listeners.tcp, "64002": listeners.udp}
        for name, stands_for in task["outside"].items():
            numbers[str(stands_for)] = bystander.told[name] if bystander else stands_for
        notebook = Path("/tmp") / task["notebook"]
        if notebook.is_file() and not notebook.is_symlink() and not task["sparse"]:
            text = notebook.read_bytes()
            for old, new in sorted(numbers.items(), reverse=True):  # the longer ones first
                text = text.replace(old.encode(), str(new).encode())
            notebook.write_bytes(text)
        taken = _Taken()
        found = _run(task)
        time.sleep(1.0)
        found["done"] = bystander.end() if bystander else []
        found["processes"], found["most"] = len(_others()), taken.most
        found["heard"] = listeners.heard.decode("latin-1")
    print(json.dumps(found), flush=True)
    os.kill(-1, signal.SIGKILL)  # in here, this is everybody but this process


def _close_in(readable: list[Path]) -> None:
    """New folders where anyone may write, a network with only itself, and a way to Python for a user without rights."""
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    stage = Path("/mnt")
    subprocess.run(["mount", "-t", "tmpfs", "none", str(stage)], check=True)
    closed = {_closed(path) for path in readable} - {None}
    for i, path in enumerate(readable):
        if _closed(path) is not None:
            (stage / str(i)).mkdir()
            subprocess.run(["mount", "--bind", str(path), str(stage / str(i))], check=True)
    for top in closed:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", str(top)], check=True)
    for i, path in enumerate(readable):
        if (stage / str(i)).is_dir():
            path.mkdir(parents=True, exist_ok=True)
            subprocess.run(["mount", "--bind", str(stage / str(i)), str(path)], check=True)
    for place, mode in (("/tmp", "1777"), ("/var/tmp", "1777"), ("/dev/shm", "1777"), ("/run", "755")):
        if os.path.isdir(place) and not os.path.islink(place):
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode={mode}", "none", place], check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:  # up with the loopback: SIOCSIFFLAGS
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 1 | 64))


def _closed(path: Path) -> Path | None:
    """The topmost folder on the way to `path` that others may not enter."""
    for folder in [*reversed(path.parents), path]:
        if not folder.stat().st_mode & 0o001:
            return folder
    return None


def _bystander(task: dict[str, Any], listeners: Listeners) -> Bystander:
    folder = Path("/run/outside")
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    return Bystander(
        folder,
        "bystander",
        Path(task["note"]),
        tcp=listeners.tcp,
        mark=task["mark"],
        secret=task["secret"],
        user=NOBODY,
    )


def _run(task: dict[str, Any]) -> dict[str, Any]:
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(HOME),
        "LANG": "C.UTF-8",
        "ISOMETRY_COURSE": str(COURSE),
        "ISOMETRY_BANKS": str(COURSE / "solutions"),
        "JAX_PLATFORMS": "cpu",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": task["root"],
        "SECRET_OF_THE_GRADER": task["secret"],
    }
    unit, student = task["unit"], task["student"]
    nbgrader = [sys.executable, "-c", "from nbgrader.apps.nbgraderapp import main; main()"]
    found: dict[str, Any] = {"code": None, "said": "", "overdue": False, "pageless": False}
    with open("/run/said", "w+b") as said:
        process = subprocess.Popen(
            [*nbgrader, "autograde", unit, f"--student={student}", f"--Execute.timeout={task['seconds']}"],
            cwd=COURSE,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            preexec_fn=_give_up,
            start_new_session=True,
        )
        try:
            found["code"] = process.wait(task["patience"])
        except subprocess.TimeoutExpired:
            found["overdue"] = True
            process.kill()
            process.wait()
        if found["code"] == 0 and task["page"]:
            try:
                done = subprocess.run(
                    [*nbgrader, "generate_feedback", unit, f"--student={student}"],
                    cwd=COURSE,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    preexec_fn=_give_up,
                    timeout=task["patience"],
                )
                found["pageless"] = done.returncode != 0
            except subprocess.TimeoutExpired:
                found["pageless"] = True
        said.seek(max(0, said.seek(0, os.SEEK_END) - 20_000))
        found["said"] = said.read().decode(errors="replace")
    place = Path(student) / unit
    found["ran"] = _text(COURSE / "grading" / "autograded" / place / f"{unit}.ipynb")
    found["html"] = _text(COURSE / "grading" / "feedback" / place / f"{unit}.html")
    found["scores"] = _scores(COURSE / "grading" / "gradebook.db")
    own = str(COURSE / "grading" / "autograded" / student)
    here = [Path(place) for place in (*looking.COMMON, HOME)]
    found["files"] = [path for path in looking.left(task["mark"], here) if not path.startswith(own)]
    return found


def _give_up() -> None:
    """From here on a user who owns nothing, within limits."""
    os.nice(5)
    for which, most in LIMITS.items():
        resource.setrlimit(which, (most, most))
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def _others() -> list[int]:
    """The pages of memory that each process of that user holds which still runs."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == NOBODY:
                parts = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
                if parts[0] != "Z":
                    found.append(int(parts[21]))
        except OSError:
            continue
    return found


class _Taken:
    """Looks, now and then, at how much that user has taken of what the container limits."""

    def __init__(self) -> None:
        self.most = {"processes": 0, "bytes of memory": 0, "bytes on the disk": 0, "files": 0}
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while True:
            pages, disk = _others(), os.statvfs("/tmp")
            now = {
                "processes": len(pages),
                "bytes of memory": max(pages, default=0) * os.sysconf("SC_PAGE_SIZE"),
                "bytes on the disk": (disk.f_blocks - disk.f_bfree) * disk.f_frsize,
                "files": disk.f_files - disk.f_ffree,
            }
            self.most = {name: max(value, self.most[name]) for name, value in now.items()}
            time.sleep(0.3)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:60_000_000]
    except OSError:
        return ""


def _scores(path: Path) -> dict[str, float | None]:
    query = "select base_cell.name, grade.auto_score from grade join base_cell on base_cell.id = grade.cell_id"
    try:
        with sqlite3.connect(path, timeout=2) as db:
            return dict(db.execute(query).fetchall())
    except sqlite3.Error:
        return {}


if __name__ == "__main__":
    main()
