"""Recorded runs are those of today's code."""

from __future__ import annotations

from collections.abc import Iterator

from course.authoring.complaint import Complaint
from course.authoring.course_files import Tree
from course.errors import CourseError
from course.results import recording


def recorded_runs_are_fresh(tree: Tree) -> Iterator[Complaint]:
    """The figures of each run in course/results were made by the code that stands there now."""
    folder = tree.root / "course" / "results"
    for name in recording.names(folder):
        where, how = tree.show(folder / f"{name}.json"), f"Run it anew: make results ARGS={name}"
        try:
            if recording.is_stale(name, folder):
                yield Complaint(
                    where, f"the recorded figures of “{name}” are not those of its code, which has changed", how
                )
        except CourseError:
            yield Complaint(where, f"the run “{name}” has no recorded figures", how)
        except (ValueError, TypeError):
            yield Complaint(where, f"the recorded figures of “{name}” cannot be read", how)
