"""The red team, graded by the real engine: nobody gains, nobody else is harmed, and the batch ends.

In CI some thirty attacks that differ most; `make prove` tries them all. What reaches for other processes is tried again
with less of Landlock than this machine has, as on an older Linux. `make red-team` lays all beside stock nbgrader's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from attacks import ATTACKS, Attack, Handed, Place, batch, looking, table, target
from attacks.batch import Batch, Result
from attacks.bystander import Bystander

PROVE = os.environ.get("ISOMETRY_PROVE") == "1"
pytestmark = [pytest.mark.slow, pytest.mark.prove]

TRIED = [attack for attack in ATTACKS.values() if PROVE or attack.quick]
OUTWARD = ("descriptors", "ipc", "signals", "calls", "places", "network", "processes")
"""The subjects of what reaches for other processes, which newer versions of Landlock close, too."""
REACHING = [attack for attack in TRIED if attack.subject in OUTWARD]
VERSIONS: tuple[int, ...] = (1, 2, 3, 4, 5) if PROVE else (table.CAPPED,)
"""Of Landlock: no more than each of them is used, one after the other."""

Case = tuple[int | None, str]
CASES: list[Case] = [(None, one.name) for one in TRIED] + [(v, one.name) for v in VERSIONS for one in REACHING]


def named(case: Case) -> str:
    version, name = case
    return name if version is None else f"{name}-landlock{version}"


@cache
def graded(start: int, landlock: int | None) -> Batch:
    return batch.run((TRIED if landlock is None else REACHING)[start : start + table.CLASS], landlock=landlock)


@pytest.fixture(scope="module")
def batches() -> list[Batch]:
    whole = [graded(start, None) for start in range(0, len(TRIED), table.CLASS)]
    return whole + [graded(start, v) for v in VERSIONS for start in range(0, len(REACHING), table.CLASS)]


@pytest.fixture(scope="module")
def results(batches: list[Batch]) -> dict[Case, Result]:
    return {(found.landlock, name): result for found in batches for name, result in found.results.items()}


@pytest.mark.parametrize("case", CASES, ids=named)
def test_an_attack_gains_nothing_and_reaches_nothing(results: dict[Case, Result], case: Case) -> None:
    result = results[case]
    assert result.points <= result.attack.ceiling, result.row
    assert result.harms == ()
    assert result.forged == 0 or result.marked, "points that a student's own process gave are said to be so"
    assert result.row["state"] in ("graded", "failed", "quarantined")
    assert result.row["state"] == "graded" or result.row["score"] == 0


def test_honest_learners_between_attackers_get_what_they_earned(batches: list[Batch]) -> None:
    for found in batches:
        assert {(row["state"], row["score"]) for row in found.honest.values()} == {("graded", batch.FULL)}
        pages = [found.pages[name] for name in found.honest]
        assert all(page.count("Right") >= len(target.WORTH) for page in pages)


def test_who_is_honest_and_wrong_earns_nothing(batches: list[Batch]) -> None:
    assert all((found.wrong["state"], found.wrong["score"]) == ("graded", 0.0) for found in batches)


def test_the_batch_ends_and_says_nothing(batches: list[Batch]) -> None:
    assert [(found.ended, found.code, found.said) for found in batches] == [(True, 0, "")] * len(batches)
    assert sum(len(found.results) for found in batches) == len(CASES)


def test_no_process_and_no_file_is_left_outside_the_gradebooks_folder(batches: list[Batch]) -> None:
    assert [found.processes for found in batches] == [[]] * len(batches)
    assert [found.files for found in batches] == [[]] * len(batches)


# --------------------------------------------------------------------------- the red team itself


def written(attack: Attack) -> Handed:
    handed = Handed(target.notebook(target.WRONG))
    places = [Path(f"/nowhere/{name}") for name in ("course", "handed-in", "grading", "home")]
    attack.write(handed, Place(*places, mark="mark", honest="ada"))
    return handed


def test_no_two_attacks_hand_in_the_same() -> None:
    made = [repr(written(attack)) for attack in ATTACKS.values() if not attack.student]
    assert len(set(made)) == len(made) and len(ATTACKS) >= 200
    assert {attack.subject for attack in ATTACKS.values()} == set(
        "answers cells processes files network notebooks outputs channel line descriptors ipc signals calls places".split()
    )


def test_the_table_holds_every_attack_once_and_all_are_held() -> None:
    lines = table.lines_of(table.TABLE.read_text(encoding="utf-8"))
    assert set(lines) == set(ATTACKS)
    assert {name for name, line in lines.items() if not table.is_held(line)} == set()


def test_what_an_attack_does_is_found_out() -> None:
    """The detectors, on what a successful attack would leave."""
    page = "<p onclick='mark_m()'>x</p><script>mark_m()</script><a href='javascript:mark_m()'>x</a><img src='//mark_m'>"
    assert looking.active(page, "mark_m") == ["a href", "img src", "p onclick", "script"]
    assert looking.active("<pre>&lt;script&gt;mark_m()&lt;/script&gt;</pre>", "mark_m") == []
    said = '{"cells": [{"outputs": [{"text": ["boasts: traced its ", "parent;"]}], "source": "boasts: nothing;"}]}'
    assert looking.boasts(looking.shown(said)) == ["traced its parent"]
    assert looking.escapes("\x1b[2J") and not looking.escapes("plain")


def test_no_more_of_landlock_is_used_than_is_said() -> None:
    """With none at all nothing can be confined, and nothing runs."""
    found = batch.run([ATTACKS["forged-check"]], landlock=0)
    assert found.code and not found.honest and "cannot be confined" in found.said


def test_what_the_table_held_before_stays_when_other_lines_are_measured() -> None:
    before = "| `tcp` | network | A connection. | 0 of 9; reached | **no** | 0 of 9 | yes |"
    kept = table.lines_of(before)
    assert kept == {"tcp": f"{before} {table.NOT_MEASURED} |"} and not table.is_held(kept["tcp"])
    kept["udp"] = "| `udp` | network | A datagram. | 0 of 9 | yes | 0 of 9 \\| 1 | yes | marked |"
    assert table.lines_of(table.page(kept)) == kept and table.is_held(kept["udp"])


# --------------------------------------------------------------------------- the process outside

TO_A_BYSTANDER = {
    "signalled another process": "os.kill(told['pid'], signal.SIGUSR1)",
    "ended another process": "os.kill(told['pid'], signal.SIGKILL)",
    "stopped another process": "os.kill(told['pid'], signal.SIGSTOP)",
    "reached another process": "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', told['datagram'])",
    "changed another's segment": "libc.shmctl(told['segment'], 0, None)",
    "changed another's queue": "libc.msgctl(told['queue'], 0, None)",
    "changed another's semaphore": "libc.semctl(told['semaphore'], 0, 16, 7)",
    "changed another's POSIX queue": "libc.mq_unlink(told['posix'].encode())",
    "changed another's shared file": "open(told['shared'], 'r+').write('x')",
    "changed another's limits": "resource.prlimit(told['pid'], resource.RLIMIT_NOFILE, (99, 99))",
    "left an IPC object": "libc.semget(told['wanted'], 1, 0o1600)",
    "typed on another's terminal": "os.write(os.open(told['terminal'], os.O_RDWR | os.O_NOCTTY), b'x')",
    "left a note in a lock": "file = open(told['note']); fcntl.flock(file, fcntl.LOCK_SH); time.sleep(0.5)",
    "left a note in a file": "os.utime(told['note'], (1, 1))",
    "leased a file that others open": "signal.signal(29, signal.SIG_IGN); file = open(told['note']); "
    "fcntl.fcntl(file, 1024, 0); time.sleep(0.5)",
}
"""What may be done to it, as a line of Python that does it."""


@pytest.fixture
def bystander(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bystander:
    monkeypatch.setattr("attacks.bystander.SECONDS", 3)
    (tmp_path / "note").write_text("note")
    name = f"by-{os.getpid()}-{len(tmp_path.name)}-{tmp_path.name[-12:]}"
    return Bystander(Path("/tmp"), name, tmp_path / "note", tcp=9, mark=f"{name}-mark", secret="secret")


@pytest.mark.parametrize("harm", TO_A_BYSTANDER)
def test_a_bystander_tells_what_was_done_to_it(bystander: Bystander, harm: str) -> None:
    imports = "import ctypes, fcntl, os, resource, signal, socket, time; libc = ctypes.CDLL(None); "
    act = f"{imports}told = {bystander.told!r}; {TO_A_BYSTANDER[harm]}"
    with subprocess.Popen([sys.executable, "-c", act]) as process:
        assert process.wait(30) == 0
    assert bystander.end() == (harm,)


def test_a_bystander_that_is_let_be_tells_of_nothing_and_leaves_nothing(bystander: Bystander) -> None:
    assert bystander.end() == ()
    assert not any(os.path.exists(bystander.told[name]) for name in ("datagram", "packets", "shared"))
    listed = Path("/proc/sysvipc/shm").read_text().splitlines()
    assert str(bystander.told["segment"]) not in [line.split()[1] for line in listed]
