"""What a class is graded with, and which of its submissions have to be graded: those that are new, or have changed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import nbformat

from autograder import assignment as assignments
from autograder import examiner, feedback, keys, submission
from autograder.assignment import Assignment, graded_cells
from autograder.errors import GradingError
from autograder.gradebook import Ledger
from autograder.keys import Keys, PaperKey
from autograder.kit import Judge, Kit
from autograder.notebook import read
from autograder.outcome import Ending, Outcome, Remark
from autograder.submission import Submission

if TYPE_CHECKING:
    from autograder.grade import Settings


class Pending(NamedTuple):
    """A submission that is to be graded."""

    submission: Submission
    cells: tuple[str, ...] | None = None
    """The checks whose answers are to be judged again, where that, and what people gave, is all that has changed; None
    where the notebook has to run."""


def changed(was: Keys, now: Keys) -> tuple[str, ...] | None:
    """The checks that are judged in another way by now; None where the notebook itself would do something else."""
    if (was.submission, was.run, set(was.papers)) != (now.submission, now.run, set(now.papers)):
        return None
    if any(was.papers[cell].asked != paper.asked for cell, paper in now.papers.items()):
        return None
    return tuple(cell for cell, paper in now.papers.items() if was.papers[cell] != paper)


class Plan:
    """What the class of `assignment` is graded with.

    Making the kit takes seconds: nbgrader makes the pristine notebook, and the bank answers its own questions. So the
    gradebook remembers what was worked out, with a digest of every file that it was worked out from; where that is
    what it was, the kit is made only when somebody is to be graded.
    """

    def __init__(
        self,
        assignment: Assignment,
        ledger: Ledger,
        settings: Settings,
        grade: Callable[[Any], Outcome],
        judge: Judge | None,
    ) -> None:
        self._assignment, self._ledger, self._settings = assignment, ledger, settings
        self._grade, self._judge = grade, judge
        self._config = assignment.settings()
        self.seconds = settings.seconds or int(self._config.Execute.get("timeout", 60))
        self._secret = examiner.secret(settings.into.resolve() / f"{assignment.unit}.secret")
        self._due = ledger.due(assignment.unit)

    # -- what there is to do

    def is_due(self, submissions: Sequence[Submission]) -> bool:
        """Whether it is sure already, before seconds are spent on working out what a class is graded with, that one of
        these is to be graded."""
        if self._known is not None:
            return False  # then it takes no time to find out for sure
        known = self._ledger.keys(self._assignment.unit)
        done = {student for student, (state, _) in known.items() if state in (Ending.GRADED, Ending.FAILED)}
        return self._settings.again or any(one.student not in done for one in submissions)

    def pending(self, submissions: Sequence[Submission], into: Path) -> dict[str, Pending]:
        """Those that are to be graded, by student, with what people gave them."""
        unit = self._assignment.unit
        _ = self._facts  # first of all: it may enter the assignment into the gradebook
        known, given = self._ledger.keys(unit), self._ledger.given(unit)
        found = {}
        for one in submissions:
            one = replace(one, path=one.path.absolute(), **given.get(one.student, {}))
            state, text = known.get(one.student, (None, ""))
            if state not in (Ending.GRADED, Ending.FAILED) or self._settings.again or not text:
                found[one.student] = Pending(one)
                continue
            now = self.keys(submission.read(one))
            if not (into / "feedback" / one.student / unit / f"{unit}.html").is_file() or now.to_json() != text:
                cells = changed(Keys.from_json(text), now) if state is Ending.GRADED and self._judge else None
                found[one.student] = Pending(one, cells)
        return found

    def before(self, student: str, into: Path) -> Outcome | None:
        """What came of a submission when it ran; None where that is not all there."""
        unit = self._assignment.unit
        kept = self._ledger.kept(unit, student)
        try:
            notebook = (into / "autograded" / student / unit / f"{unit}.ipynb").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        if kept is None or set(kept.verdicts) != set(self._facts[1]):
            return None
        return Outcome(
            student,
            unit,
            kept.state,
            (Remark(kept.reason, kept.cell),) if kept.reason else (),
            notebook=notebook,
            seconds=kept.seconds,
            answers=kept.answers,
            verdicts=kept.verdicts,
        )

    def keys(self, read: Submission) -> Keys:
        """What the result of a submission that was read depends on."""
        run, papers = self._facts
        content = read.data if read.data is not None else read.unusable or ""
        return Keys(keys.of_submission(content, read.timestamp), run, papers, keys.of_given(read, self._due))

    @cached_property
    def _facts(self) -> tuple[str, dict[str, PaperKey]]:
        """The key of the run, and those of the papers."""
        if (known := self._known) is not None:
            return str(known["run"]), keys.papers_from(known["papers"])
        kit = self.kit
        papers = {cell: keys.of_paper(paper) for cell, paper in kit.papers.items()}
        run = self._run_of(kit)
        facts = {"run": run, "papers": papers, "checks": self._checks(kit), "released": kit.released}
        self._ledger.keep_class(self._assignment.unit, self._inputs, facts)
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
        return [keys.of_environment(), self.seconds, settings.limits, settings.unsafe, called, self._secret]

    def _run_of(self, kit: Kit) -> str:
        # The secret is in the papers, where the inputs drawn from it are; the bank is judged with, and does not run.
        ignored = [*self._config.CourseDirectory.get("ignore", []), "*.ipynb", "bank.py"]  # those nobody is handed
        beside = {
            name: content
            for name, content in kit.beside.items()
            if not any(fnmatch(part, pattern) for part in Path(name).parts for pattern in ignored)
        }
        released = keys.of_notebook(nbformat.reads(kit.released, as_version=4))
        return keys.digest(released, beside, self._assignment.settings_path.read_bytes(), self._how[:-1])

    @cached_property
    def _known(self) -> dict[str, Any] | None:
        """What was worked out from the same files before."""
        known = self._ledger.known_class(self._assignment.unit)
        return known[1] if known is not None and known[0] == self._inputs else None

    @cached_property
    def _released(self) -> str:
        """The notebook that is handed out. nbgrader makes it, and enters the assignment into the gradebook with that."""
        if self._known is not None:
            return str(self._known["released"])
        assignment, unit = self._assignment, self._assignment.unit
        before = self._ledger.cells(unit)
        now = set(graded_cells(read(assignment.source / f"{unit}.ipynb")))
        if before and before != now:
            raise GradingError(
                f"The graded cells of {unit} have changed since its class was graded ({', '.join(sorted(before ^ now))}). "
                "Grade into a new folder with --into, or move the old gradebook away."
            )
        with tempfile.TemporaryDirectory(prefix="class-") as folder:
            released = assignments.prepare(assignment, Path(folder) / "workshop", self._ledger.url)
            return nbformat.writes(assignments.with_hidden_tests(released, assignment, self._ledger.url))

    # -- what it is done with

    @cached_property
    def kit(self) -> Kit:
        """All that the class's submissions share; the assignment now stands in the gradebook."""
        assignment, settings = self._assignment, self._settings
        unit, released = assignment.unit, self._released
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
            released,
            self._due,
            beside,
            config,
            self.seconds,
            papers,
            feedback.formulas(nbformat.reads(released, as_version=4)),
            self._grade,
            self._judge,
            not settings.unsafe,
            settings.limits,
        )
