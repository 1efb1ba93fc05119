"""`course study`: hands out the notebooks into the learner's own folder, and opens JupyterLab there.

What a learner wrote is theirs. For each notebook, a new version of the course

- is put where there is none yet (also where the learner deleted it: that is how to begin one afresh);
- replaces one in which no cell was edited; if it had been run, the run copy goes to `.isometry/earlier/` first;
- is laid beside one that was edited, as `name.new.ipynb`, once for each version; the learner's own is never touched.

`my-work/.isometry/handed-out.json` remembers what was handed out. Where that is lost, everything counts as edited.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import click

from course import paths
from course.errors import CourseError

START = "start.ipynb"
KEPT = ".isometry"
SETTINGS = Path(__file__).resolve().parent / "config"


@dataclass
class Report:
    """What `prepare` did, by name of the file in the learner's folder."""

    into: Path
    put: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    set_aside: dict[str, str] = field(default_factory=dict)
    """Of those updated: where the copy that had been run now is."""
    kept: dict[str, str] = field(default_factory=dict)
    """Edited by the learner, while the course has a newer version: where that version was laid."""

    def sentences(self) -> list[str]:
        """What a learner should know; nothing where nothing changed."""
        said = []
        if self.put:
            said.append(f"Put {_names(self.put)} into {self.into.name}/.")
        if self.updated:
            said.append(f"Brought {_names(self.updated)} up to date.")
        for name, aside in self.set_aside.items():
            said.append(f"You had run {name}: that copy is kept as {aside}.")
        for name, beside in self.kept.items():
            said.append(f"{name} has your own edits and was left alone; the course's new version is {beside}.")
        return said


def _names(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{len(names)} notebooks"


def prepare(root: Path, into: Path) -> Report:
    """Hand out the notebooks of the course at `root` into the folder `into`, by the rules above.

    Each file is written whole or not at all, so an interruption loses nothing and the next call goes on from there.
    Raises `CourseError` where there is no course at `root`, or `into` cannot be written.
    """
    offered = dict(_offered(root))
    if START not in offered:
        raise CourseError(f"There is no course at {root}: it has no course/{START}. Name its folder with --root.")
    report = Report(into)
    try:
        (into / KEPT).mkdir(parents=True, exist_ok=True)
        memory = _Memory(into / KEPT / "handed-out.json")
        for name, source in offered.items():
            _hand_out(name, source.read_bytes(), into, memory, report)
    except OSError as error:
        raise CourseError(
            f"Your folder {into} cannot be written ({error.strerror or error}). "
            "Free some space or check its permissions, then run this again."
        ) from None
    return report


def _offered(root: Path) -> Iterator[tuple[str, Path]]:
    """Each file to hand out: its name in the learner's folder, and where it is. The start page comes first."""
    lessons = sorted((root / "course").glob("*.ipynb"), key=lambda path: (path.name != START, path.name))
    for path in lessons:
        yield path.name, path
    exercises = root / "exercises"
    for path in sorted(exercises.glob("*/**/*")):
        inside = path.relative_to(exercises)
        hidden = any(part.startswith((".", "__")) for part in inside.parts)
        if path.is_file() and not hidden and path.suffix != ".md":
            yield f"exercises/{inside.as_posix()}", path


def _hand_out(name: str, new: bytes, into: Path, memory: _Memory, report: Report) -> None:
    path = into / name
    try:
        mine = path.read_bytes()
    except FileNotFoundError:
        _write(path, new)
        memory.remember(name, new)
        report.put.append(name)
        return
    if mine == new:
        memory.remember(name, new)
        return
    last, beside = memory.versions(name)
    if _wording(new) == last.wording:
        return  # the course says nothing new; theirs carries their edits, or the outputs of a run
    ours = next((version for version in (last, beside) if _wording(mine) == version.wording), None)
    if ours is not None:
        if _digest(mine) != ours.bytes:
            earlier = f"{KEPT}/earlier/{_named(name, _digest(mine)[:8])}"
            _write(into / earlier, mine)
            report.set_aside[name] = earlier
        _write(path, new)
        memory.remember(name, new)
        report.updated.append(name)
    elif _wording(mine) == _wording(new):
        memory.remember(name, new)
    elif _digest(new) != beside.bytes:
        place = _named(name, "new")
        if (into / place).exists() and _digest((into / place).read_bytes()) != beside.bytes:
            place = _named(name, f"new-{_digest(new)[:8]}")  # they have edited the last one, too
        _write(into / place, new)
        memory.remember(name, new, beside=True)
        report.kept[name] = place


def _named(name: str, word: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}.{word}.{suffix}" if dot else f"{name}.{word}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _wording(content: bytes) -> str:
    """A fingerprint of what a person writes in a notebook: its cells in order, and what nbgrader knows of each.

    Running a notebook, or only opening it, changes outputs, counters and other metadata, and not this.
    For any other file: of all its bytes.
    """
    try:
        notebook = json.loads(content)
        cells = [
            [
                cell["cell_type"],
                "".join(cell["source"]),
                cell.get("attachments") or {},
                cell.get("metadata", {}).get("nbgrader") or {},
            ]
            for cell in notebook["cells"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return _digest(content)
    return _digest(json.dumps(cells, sort_keys=True).encode())


class _Version(NamedTuple):
    """Fingerprints of one version of a file; empty ones match nothing."""

    bytes: str = ""
    wording: str = ""


class _Memory:
    """`handed-out.json`: for each name the last version handed out, and the last one laid beside an edited copy."""

    def __init__(self, path: Path):
        self.path = path
        self.files: dict[str, dict[str, _Version]] = {}
        try:
            read = json.loads(path.read_text(encoding="utf-8"))["files"]
            self.files = {name: {key: _Version(**v) for key, v in entry.items()} for name, entry in read.items()}
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError, AttributeError):
            self.files = {}  # damaged: then everything counts as edited, and nothing is replaced

    def versions(self, name: str) -> tuple[_Version, _Version]:
        entry = self.files.get(name, {})
        return entry.get("last", _Version()), entry.get("beside", _Version())

    def remember(self, name: str, content: bytes, beside: bool = False) -> None:
        version = _Version(_digest(content), _wording(content))
        entry = {**self.files.get(name, {}), "beside": version} if beside else {"last": version}
        if self.files.get(name) == entry:
            return
        self.files[name] = entry
        files = {name: {key: v._asdict() for key, v in entry.items()} for name, entry in self.files.items()}
        _write(self.path, json.dumps({"version": 1, "files": files}, indent=1, ensure_ascii=False).encode())


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, also when the power fails in between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for torn in path.parent.glob(f".{path.name}.*.part"):
        if time.time() - torn.stat().st_mtime > 60:
            torn.unlink(missing_ok=True)  # left by a process that was killed
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o644)
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def environment(root: Path, into: Path, base: Mapping[str, str]) -> dict[str, str]:
    """The variables that JupyterLab and its kernels run with, on top of `base`; what `base` sets of JAX's stays."""
    settings = [str(SETTINGS), base.get("JUPYTER_CONFIG_PATH", "")]
    ours = {
        "JUPYTER_CONFIG_PATH": os.pathsep.join(part for part in settings if part),
        "ISOMETRY_COURSE": str(root),
    }
    unless_set = {
        "ISOMETRY_RECORD": str(into / "record.jsonl"),
        "JAX_PLATFORMS": "cpu",
        # A lesson run again compiles nothing again. Entries are keyed by program, versions and processor.
        "JAX_COMPILATION_CACHE_DIR": str(into / KEPT / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1",
        # XLA compiles on many threads; with one heap for all of them a lesson's peak is some 150 MB lower.
        "MALLOC_ARENA_MAX": "1",
    }
    # Lessons measure what float32 does: with 64-bit numbers they would break, or show something else.
    return {**unless_set, **base, **ours, "JAX_ENABLE_X64": "0"}


def jupyterlab(into: Path, options: tuple[str, ...], base: Mapping[str, str]) -> list[str]:
    """How JupyterLab is started in the learner's folder; `options` are passed on to it, and win."""
    started = [sys.executable, "-m", "jupyterlab"]
    started += [f"--ServerApp.root_dir={into}", f"--LabApp.default_url=/lab/tree/{START}"]
    if "JUPYTER_TOKEN" not in base and not any("token" in one or "log" in one for one in options):
        # Its address, with the token it makes, and not forty lines of log around what we said.
        started += ["--ServerApp.log_level=ERROR", "--LabApp.log_level=ERROR"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        started.append("--allow-root")  # in a container; the server listens on this machine alone, behind its token
    return [*started, *options]


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="Any other option goes to JupyterLab, such as --no-browser or --port 8899.",
)
@click.option("--root", type=click.Path(path_type=Path), help="Another course's folder.  [default: this one]")
@click.option("--into", type=click.Path(path_type=Path), help="Your own folder.  [default: my-work in the course's]")
@click.option("--prepare-only", is_flag=True, help="Hand out the notebooks, and open nothing.")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[JUPYTERLAB OPTIONS]")
def command(root: Path | None, into: Path | None, prepare_only: bool, options: tuple[str, ...]) -> None:
    """Hand out the notebooks into your own folder, and open JupyterLab there.

    What you edited is never overwritten: a newer version is laid beside it.
    """
    root = (root or paths.root()).resolve()
    into = (into or root / "my-work").resolve()
    for sentence in prepare(root, into).sentences():
        click.echo(sentence)
    if prepare_only:
        return
    wide = os.environ.get("JAX_ENABLE_X64", "")
    if wide.lower() not in ("", "0", "false", "off", "no"):
        click.echo("JAX_ENABLE_X64 is set in your environment, and is turned off here: the lessons measure float32.")
    click.echo(f"Your work stays in {into}. JupyterLab is starting; Ctrl-C, twice, stops it.")
    sys.stdout.flush()
    started = jupyterlab(into, options, os.environ)
    os.chdir(into)
    if os.name == "nt":  # there, a program put in this one's place would leave the terminal to two
        sys.exit(subprocess.call(started, env=environment(root, into, os.environ)))
    os.execve(started[0], started, environment(root, into, os.environ))
