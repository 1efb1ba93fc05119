"""Make the files of this folder with the code of b475ebb (see README.md): what people may have kept from that version.

    python make_files.py OLD NEW

`OLD` is a checkout of b475ebb, `NEW` the folder to write; run it in `OLD`, with `OLD` first on the path.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from nbgrader.api import Gradebook

UNITS = ("01-composition", "02-jacobians", "04-normalization", "06-convolution")
BEGAN = datetime(2026, 1, 5, 18, tzinfo=UTC)


def main(old: Path, new: Path) -> None:
    new.mkdir(parents=True, exist_ok=True)
    for unit in UNITS:
        made_class(unit, new)
    made_record(new)
    made_variants(new)
    packed(new / "lessons.tar.xz", old, sorted((old / "course").glob("*.ipynb")))
    handed_out = [path for unit in UNITS for path in sorted((old / "exercises" / unit).iterdir()) if path.is_file()]
    packed(new / "exercises.tar.xz", old, handed_out)


def made_class(unit: str, new: Path) -> None:
    """A class of four, graded; one essay of it read by a person, who gave 1.5 points and a comment."""
    into = new / "work" / unit
    command = [sys.executable, "-m", "autograder", "demo", unit, "--learners", "4", "--into", str(into), "--jobs", "2"]
    subprocess.run(command, check=True)
    with Gradebook(f"sqlite:///{into / 'gradebook.db'}") as gradebook:
        submission = next(s for s in gradebook.assignment_submissions(unit) if s.needs_manual_grade)
        grade = next(g for n in submission.notebooks for g in n.grades if g.needs_manual_grade)
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        comment = next(c for c in grade.notebook.comments if c.name == grade.cell.name)
        comment.manual_comment = "Say which layer."
        gradebook.db.commit()
    kept = [path for path in sorted(into.rglob("*")) if path.is_file() and ".compiled" not in path.parts]
    packed(new / f"class-{unit}.tar.xz", into, kept)


def made_record(new: Path) -> None:
    """Two units learned, with misses, checkpoints and reviews; a gate walked past; and where that leaves the learner."""
    from course import manifest
    from course.authoring.learners import Sessions, Steady, live
    from course.mastery.record import Event, line_of
    from course.mastery.rule import Standing

    syllabus = manifest.load()
    desk = Sessions(Steady(0.85), syllabus, np.random.default_rng(7))
    desk.now = BEGAN
    for unit in syllabus.units[1:3]:
        live(desk, unit, days=20)
    desk.now += timedelta(hours=1)
    last = syllabus.units[3]
    desk._take(Event("continue", last.id, at=desk.now, id="walked-past"))
    desk._take(Event("stuck", last.id, last.skills[0].id, at=desk.now + timedelta(minutes=1), id="was-stuck"))
    (new / "record.jsonl").write_bytes(b"".join(line_of(event) for event in desk.events))
    standing = Standing(syllabus)
    for event in desk.events:
        standing.take(event)
    at = desk.now + timedelta(days=1)
    said = {
        "at": at.isoformat(),
        "skills": {
            skill.id: {"held": bool(state.held), "row": state.row, "due": bool(state.held and state.due(at))}
            for unit in syllabus.units
            for skill in unit.skills
            if (state := standing.skill(skill.id))
        },
        "units": {
            unit.id: {"state": str(standing.state(unit, at)), "passed": standing.units[unit.id].passed}
            for unit in syllabus.units
        },
    }
    (new / "standing.json").write_text(json.dumps(said, indent=1))


def made_variants(new: Path) -> None:
    """What some seeds dealt of every question, and the right answer then."""
    from autograder import bank, judge
    from autograder.exercise import plain

    dealt: dict[str, list[object]] = {}
    for unit in ("00-readiness", *UNITS):
        found = bank.find_bank(unit.split("-", 1)[1])
        assert found is not None, unit
        for exercise in found.exercises.values():
            if exercise.is_code:
                continue
            for seed in (0, 1, 20260105):
                drawn = judge.deal(exercise, seed).arguments
                right = np.asarray(exercise.reference(**drawn)).tolist()
                dealt.setdefault(exercise.id, []).append([seed, plain(drawn), right])
    (new / "variants.json").write_text(json.dumps(dealt))


def packed(archive: Path, root: Path, files: list[Path]) -> None:
    with tarfile.open(archive, "w:xz", preset=9) as made:
        for path in files:
            made.add(path, str(path.relative_to(root)), filter=plainly)


def plainly(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
