"""`nbgrader autograde`, and formgrader's button *Autograde*, by this engine.

nbgrader's own command runs a stranger's notebook unconfined, and believes what it shows. Its converter can be configured
in one place before it has touched anything: the class of its exporter, which is made when the list of what is to be
graded stands. `AutogradeExporter`, named in `nbgrader_config.py`, has `autograder grade` grade that list, and takes
everything off it; nothing is left for the converter's own loop to run, or to write into the gradebook.

The grading is a process of its own, as if it had been typed: a Jupyter server has threads and a memory that no grading
should share.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from traitlets.config import Config

from autograder.paths import ROOT


class AutogradeExporter(NotebookExporter):
    """An exporter that has everything graded when it is made, and has nothing to export.

    Raises
    ------
    NbGraderException
        Where nothing could be graded, such as on a machine without a sandbox, or some of it is in quarantine; one
        sentence, which is in the log as well, says why.
    """

    def __init__(self, config: Config | None = None, parent: Any = None, **traits: Any) -> None:
        super().__init__(config=config, parent=parent, **traits)
        if not isinstance(parent, Autograde):
            raise TypeError("It belongs into c.Autograde.exporter_class, and nowhere else.")
        try:
            for unit, students in _listed(parent).items():
                _grade(parent, unit, students)
        except NbGraderException as error:
            parent.log.error(str(error))
            raise
        parent.assignments = {}


def _listed(converter: Autograde) -> dict[str, list[str]]:
    """The students whose notebooks nbgrader has found, by assignment."""
    pattern = re.compile(converter._format_source("(?P<assignment>.*)", "(?P<student>.*)", escape=True))
    excluded = converter.coursedir.student_id_exclude.split(",")
    found = defaultdict(list)
    for folder in sorted(converter.assignments):
        match = pattern.match(folder)
        if match is None:
            raise NbGraderException(f"{folder} does not fit c.CourseDirectory.directory_structure.")
        if match["student"] not in excluded:
            found[match["assignment"]].append(match["student"])
    return found


def _grade(converter: Autograde, unit: str, students: list[str]) -> None:
    """Have these students' notebooks graded, and log what came of it."""
    course, log = converter.coursedir, converter.log
    execute = converter.config.Execute
    if execute.get("enabled") is False:
        raise NbGraderException("A notebook that is not run earns nothing here. Leave out --no-execute.")
    into, handed_in = _folders(converter, unit)
    seconds = execute.get("timeout")
    command = [sys.executable, "-m", "autograder", "grade", unit, "--json"]
    command += ["--submissions", str(handed_in), "--into", str(into), "--course", str(Path(course.root).resolve())]
    command += ["--again"] if converter.force else []
    command += ["--seconds", str(seconds)] if isinstance(seconds, int) and seconds > 0 else []
    for student in students:
        command += ["--only", student]
    # In the environment, where a password is not on the command line for all to see.
    environment = os.environ | {"ISOMETRY_GRADEBOOK": course.db_url}
    log.info("Grading %s of %s in the sandbox", unit, ", ".join(students))
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
    )
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    if done.returncode not in (0, 1):
        last = said[-1] if said else f"exit code {done.returncode}"
        raise NbGraderException(f"Nothing was graded: {last.removeprefix('autograder: ')}")
    for line in said:
        log.warning(line)
    result = json.loads(done.stdout)
    for one in result["submissions"]:
        line = f"{one['student']}: {one['score']:g} of {one['max_score']:g} points, {one['state']}. {one['reason']}"
        (log.info if one["state"] == "graded" else log.warning)(line.strip())
        if one["unread"]:
            log.info("%s: to be read by a person: %s", one["student"], ", ".join(one["unread"]))
    if unchanged := result["counts"]["unchanged"]:
        log.info("%d unchanged, and not graded again (--force grades them)", unchanged)
    if not result["final"]:
        names = [one["student"] for one in result["submissions"] if one["state"] == "quarantined"]
        raise NbGraderException(f"In quarantine: {', '.join(names)}. The log says why.")


def _folders(converter: Autograde, unit: str) -> tuple[Path, Path]:
    """Where grading keeps all it makes, and where students' notebooks are; a sentence where that is not how this course
    lays it out."""
    course = converter.coursedir

    def above(kind: str) -> Path:
        folder = Path(course.format_path(getattr(course, f"{kind}_directory"), "student", unit))
        if folder.parts[-2:] != ("student", unit):
            raise NbGraderException("Grading needs nbgrader's own c.CourseDirectory.directory_structure.")
        return folder.parents[1]

    into = above("autograded").parent
    for kind in ("autograded", "feedback"):
        if above(kind).resolve() != (into / kind).resolve():
            raise NbGraderException(
                f"Grading keeps what it makes in one folder, notebooks in autograded/ and pages in feedback/ there. Set "
                f"c.CourseDirectory.{kind}_directory to {into.name}/{kind} in nbgrader_config.py."
            )
    return into, above("submitted")
