"""What a class is graded with, and which of its submissions have to be graded: those that are new, or have changed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

from autograder import assignment as assignments
from autograder import examiner, feedback, keys, submission
from autograder.assignment import Assignment, graded_cells
from autograder.errors import GradingError
from autograder.gradebook import Ledger
from autograder.keys import Keys, PaperKey
from autograder.kit import Kit
from autograder.outcome import Ending, Outcome
from autograder.submission import Submission

if TYPE_CHECKING:
    from autograder.grade import Settings


class Plan:
    """What the class of `assignment` is graded with.

    Making the kit takes seconds: nbgrader makes the pristine notebook, and the bank answers its own questions. So the
    gradebook remembers what was worked out, with a digest of every file that it was worked out from; where that is
    what it was, the kit is made only when somebody is to be graded.
    """

    def __init__(
        self, assignment: Assignment, ledger: Ledger, settings: Settings, grade: Callable[[Any], Outcome]
    ) -> None:
        self._assignment, self._ledger, self._settings, self._grade = assignment, ledger, settings, grade
        self._config = assignment.settings()
        self._seconds = settings.seconds or int(self._config.Execute.get("timeout", 60))
        self._secret = examiner.secret(settings.into.resolve() / f"{assignment.unit}.secret")
        self._due = ledger.due(assignment.unit)

    # -- what there is to do

    def pending(self, submissions: Sequence[Submission], into: Path) -> dict[str, Submission]:
        """Those that are to be graded, by student, with what people gave them."""
        unit = self._assignment.unit
        _ = self._facts  # first of all: it may enter the assignment into the gradebook
        known, given = self._ledger.keys(unit), self._ledger.given(unit)
        found = {}
        for one in submissions:
            one = replace(one, path=one.path.absolute(), **given.get(one.student, {}))
            state, before = known.get(one.student, (None, ""))
            done = (
                state in (Ending.GRADED, Ending.FAILED)
                and not self._settings.again
                and (into / "feedback" / one.student / unit / f"{unit}.html").is_file()
                and self.keys(submission.read(one)).to_json() == before
            )
            if not done:
                found[one.student] = one
        return found

    def keys(self, read: Submission) -> Keys:
        """What the result of a submission that was read depends on."""
        run, papers = self._facts
        content = read.data if read.data is not None else read.unusable or ""
        return Keys(keys.of_submission(content, read.timestamp), run, papers, keys.of_given(read, self._due))

    @cached_property
    def _facts(self) -> tuple[str, dict[str, PaperKey]]:
        """The key of the run, and those of the papers."""
        known = self._ledger.known_class(self._assignment.unit)
        if known is not None and known[0] == self._inputs:
            return str(known[1]["run"]), keys.papers_from(known[1]["papers"])
        kit = self.kit
        papers = {cell: keys.of_paper(paper) for cell, paper in kit.papers.items()}
        run = self._run_of(kit)
        self._ledger.keep_class(
            self._assignment.unit, self._inputs, {"run": run, "papers": papers, "checks": self._checks(kit)}
        )
        return run, papers

    def _checks(self, kit: Kit) -> dict[str, dict[str, Any]]:
        """What an explanation says of each check: which exercise it asks, and from which seed its inputs were drawn."""
        return {
            cell: {
                "exercise": paper.exercise,
                "seed": examiner.seed(self._secret, kit.unit, paper.exercise) if paper.declared().is_code else None,
            }
            for cell, paper in kit.papers.items()
        }

    @cached_property
    def _inputs(self) -> str:
        """A digest of everything from which the kit is made."""
        assignment = self._assignment
        return keys.digest(
            keys.of_folder(assignment.source),
            keys.of_folder(assignment.root / "solutions", ".py"),
            assignment.bank_path.read_bytes(),
            assignment.settings_path.read_bytes(),
            self._how,
        )

    @property
    def _how(self) -> list[Any]:
        """What else a run depends on."""
        called = f"{self._grade.__module__}.{self._grade.__qualname__}"
        settings = self._settings
        return [keys.of_environment(), self._seconds, settings.limits, settings.unsafe, called, self._secret]

    def _run_of(self, kit: Kit) -> str:
        # The secret is in the papers, where the inputs drawn from it are; the bank is judged with, and does not run.
        beside = {name: content for name, content in kit.beside.items() if Path(name).suffix not in (".ipynb", ".py")}
        released = keys.of_notebook(nbformat.reads(kit.released, as_version=4))
        return keys.digest(released, beside, self._assignment.settings_path.read_bytes(), self._how[:-1])

    # -- what it is done with

    @cached_property
    def kit(self) -> Kit:
        """All that the class's submissions share; the assignment now stands in the gradebook."""
        assignment, ledger, settings = self._assignment, self._ledger, self._settings
        unit = assignment.unit
        with tempfile.TemporaryDirectory(prefix="class-") as folder:
            workshop = Path(folder)
            pristine = f"sqlite:///{workshop / 'gradebook.db'}"
            released = assignments.prepare(assignment, workshop / "one", pristine)
            before, now = ledger.cells(unit), set(graded_cells(released))
            if before and before != now:
                changed = sorted(before ^ now)
                raise GradingError(
                    f"The graded cells of {unit} have changed since its class was graded ({', '.join(changed)}). "
                    "Grade into a new folder with --into, or move the old gradebook away."
                )
            known = ledger.known_class(unit)
            if known is None or known[0] != self._inputs:  # else it stands there
                assignments.prepare(assignment, workshop / "two", ledger.url)
            self._due = ledger.due(unit)
        config = assignment.settings()
        config.CourseDirectory.pop("db_url", None)  # it may hold a password, and is none of the graders' business
        papers = assignment.papers(self._secret)
        beside = {
            str(path.relative_to(assignment.source)): path.read_bytes()
            for path in sorted(assignment.source.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }
        beside["bank.py"] = assignment.bank_path.read_bytes()
        return Kit(
            keys.digest(self._inputs, str(self._due)),
            keys.of_environment(),
            unit,
            nbformat.writes(released),
            self._due,
            beside,
            config,
            self._seconds,
            papers,
            feedback.formulas(released),
            self._grade,
            not settings.unsafe,
            settings.limits,
        )
