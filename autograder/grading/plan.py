"""What a class is graded with, and which of its submissions have to be graded: those that are new, or have changed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

from autograder.errors import GradingError
from autograder.gradebook import audit
from autograder.gradebook.ledger import GradebookStore, copy_of
from autograder.grading.bundle import GradingBundle, Judge
from autograder.grading.settings import Settings
from autograder.judging import bank as banks
from autograder.judging import secret
from autograder.submissions import assignment as assignments
from autograder.submissions import fingerprints, submission
from autograder.submissions.assignment import Assignment, graded_cells
from autograder.submissions.fingerprints import Fingerprint, ItemFingerprint
from autograder.submissions.notebook import read
from autograder.submissions.result import GradingResult, Status
from autograder.submissions.submission import Submission


class Pending(NamedTuple):
    """A submission that is to be graded."""

    submission: Submission
    cells: tuple[str, ...] | None = None
    """The checks whose answers are to be judged again, where that, and what people gave, is all that has changed; None
    where the notebook has to run."""


def changed(was: Fingerprint, now: Fingerprint) -> tuple[str, ...] | None:
    """Return the checks whose judging has changed; None where the notebook itself has to run again."""
    if (was.submission, was.run, set(was.graded_items)) != (now.submission, now.run, set(now.graded_items)):
        return None
    if any(was.graded_items[cell].asked != item.asked for cell, item in now.graded_items.items()):
        return None
    return tuple(cell for cell, item in now.graded_items.items() if was.graded_items[cell] != item)


def _few(names: Collection[str]) -> str:
    """Names in a sentence, the first twenty of them."""
    return ", ".join(sorted(names)[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


class GradingPlan:
    """What the class of `assignment` is graded with.

    Making the bundle takes seconds: nbgrader makes the pristine notebook, and the bank answers its own questions. So the
    gradebook remembers what was worked out, with a digest of every file that it was worked out from; where that is
    what it was, the bundle is made only when somebody is to be graded.
    """

    def __init__(
        self,
        assignment: Assignment,
        ledger: GradebookStore,
        settings: Settings,
        grade: Callable[[Any], GradingResult],
        judge: Judge | None,
    ) -> None:
        self._assignment, self._ledger, self._settings = assignment, ledger, settings
        self._grade, self._judge = grade, judge
        self._config = assignment.settings()
        self.seconds = settings.seconds or int(self._config.Execute.get("timeout", 60))
        self._secret = secret.secret(settings.into.resolve() / f"{assignment.unit}.secret")
        self._due = ledger.due(assignment.unit)
        self.changes = ledger.changes(assignment.unit)
        """Where the gradebook, before this run, is not as grading left it."""
        self._foreign: list[str] = []

    # -- what there is to do

    def is_due(self, submissions: Sequence[Submission]) -> bool:
        """Return whether one of these certainly has to be graded, without the seconds it takes to make the bundle."""
        if self._known is not None:
            return False  # then it takes no time to find out for sure
        known = self._ledger.fingerprints(self._assignment.unit)
        return self._settings.again or any(one.student not in known for one in submissions)

    def pending(self, submissions: Sequence[Submission], into: Path) -> dict[str, Pending]:
        """Return the submissions that are to be graded, by student, each with what people gave it."""
        unit = self._assignment.unit
        _ = self._facts  # first of all: it may enter the assignment into the gradebook
        known, given, copies = self._ledger.fingerprints(unit), self._ledger.given(unit), self._ledger.copies(unit)
        found = {}
        for one in submissions:
            one = replace(one, path=one.path.absolute(), **given.get(one.student, {}))
            state, text = known.get(one.student, (None, ""))
            if state is None or self._settings.again or not text:
                found[one.student] = Pending(one)
                continue
            now = self.fingerprint(submission.read(one))
            page = into / "feedback" / one.student / unit / f"{unit}.html"
            whole = state is not Status.GRADED or self._is_ours(one.student, copies, into)
            restore = one.student in self.changes.students or one.student in self.changes.removed or not whole
            if restore or not page.is_file() or now.to_json() != text or one.student in self.changes.unkept:
                cells = (
                    changed(Fingerprint.from_json(text), now)
                    if state is Status.GRADED and self._judge and whole
                    else None
                )
                # What others wrote over is judged again, all of it, from the answers that were kept.
                found[one.student] = Pending(one, tuple(now.graded_items) if restore and cells is not None else cells)
        return found

    def _is_ours(self, student: str, copies: Mapping[str, str], into: Path) -> bool:
        """Whether the notebook that stands in `autograded/` is the one that grading put there."""
        unit = self._assignment.unit
        try:
            there = copy_of((into / "autograded" / student / unit / f"{unit}.ipynb").read_bytes())
        except OSError:
            return False
        if copies.get(student) not in (None, "", there):
            self._foreign.append(student)
        return there == copies.get(student)

    def told(self, pending: Mapping[str, Pending]) -> list[str]:
        """Return a sentence for each student whose results others changed since grading, and what is done about it."""
        if not self.changes and not self._foreign:
            return []
        known = self._ledger.fingerprints(self._assignment.unit)
        said = audit.told(self.changes, self._assignment.columns(), unless=pending.keys() - known.keys())
        said += [
            f"{student}'s notebook in autograded/ is not the one that was graded."
            for student in self._foreign
            if student not in self.changes.students
        ]
        if not said:
            return []
        touched = {*self.changes.students, *self.changes.removed, *self._foreign, *self.changes.strangers}
        if left := touched - pending.keys():
            said.append(
                f"Not among the submissions of this run, and left as they are in the gradebook: {_few(left)}. "
                "The CSV holds the points that grading gave."
            )
        if again := touched & pending.keys() & known.keys():
            said.append(f"Graded again, so that the gradebook holds what was earned: {_few(again)}.")
        return said

    def before(self, student: str, into: Path) -> GradingResult | None:
        """Return the stored result of a submission's last run; None where a part of it is missing."""
        unit = self._assignment.unit
        kept = self._ledger.kept(unit, student)
        try:
            notebook = (into / "autograded" / student / unit / f"{unit}.ipynb").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        if kept is None or set(kept.verdicts) != set(self._facts[1]) or kept.copy != copy_of(notebook):
            return None
        return GradingResult(
            student=student,
            unit=unit,
            ending=kept.state,
            diagnostics=kept.diagnostics,
            notebook=notebook,
            seconds=kept.seconds,
            answers=kept.answers,
            verdicts=kept.verdicts,
        )

    def fingerprint(self, read: Submission) -> Fingerprint:
        """Return what the result of a submission that was read depends on."""
        run, graded_items = self._facts
        return Fingerprint(
            fingerprints.of_submission(read),
            run,
            graded_items,
            fingerprints.of_given(read, self._due),
        )

    @cached_property
    def _facts(self) -> tuple[str, dict[str, ItemFingerprint]]:
        """The digest of the run, and the fingerprints of the graded items."""
        if (known := self._known) is not None:
            return str(known["run"]), fingerprints.items_from(known["graded_items"])
        bundle = self.bundle
        graded_items = {cell: fingerprints.of_item(item) for cell, item in bundle.graded_items.items()}
        run = self._run_of(bundle)
        facts = {"run": run, "graded_items": graded_items, "checks": self._checks(bundle), "released": bundle.released}
        self._ledger.keep_class(self._assignment.unit, self._inputs, facts)
        return run, graded_items

    def _checks(self, bundle: GradingBundle) -> dict[str, dict[str, Any]]:
        """What an explanation says of each check: which exercise it asks, and from which seed its inputs were drawn."""
        return {
            cell: {
                "exercise": item.exercise,
                "seed": secret.seed(self._secret, bundle.unit, item.exercise) if item.declared().is_code else None,
            }
            for cell, item in bundle.graded_items.items()
        }

    @cached_property
    def _inputs(self) -> str:
        """A digest of everything from which the bundle is made."""
        assignment = self._assignment
        return fingerprints.digest(
            fingerprints.of_folder(assignment.source),
            fingerprints.of_folder(assignment.root / "solutions", ".py"),
            banks.files(assignment.bank_path),
            assignment.settings_path.read_bytes(),
            self._how,
        )

    @property
    def _how(self) -> list[Any]:
        """What else a run depends on."""
        called = f"{self._grade.__module__}.{self._grade.__qualname__}"
        settings = self._settings
        return [fingerprints.of_environment(), self.seconds, settings.limits, settings.unsafe, called, self._secret]

    def _run_of(self, bundle: GradingBundle) -> str:
        # The secret is in the graded_items, where the inputs drawn from it are; the bank is judged with, and does not run.
        ignored = [*self._config.CourseDirectory.get("ignore", []), "*.ipynb", *banks.NAMES]  # those nobody is handed
        beside = {
            name: content
            for name, content in bundle.beside.items()
            if not any(fnmatch(part, pattern) for part in Path(name).parts for pattern in ignored)
        }
        released = fingerprints.of_notebook(nbformat.reads(bundle.released, as_version=4))
        return fingerprints.digest(released, beside, self._assignment.settings_path.read_bytes(), self._how[:-1])

    @cached_property
    def _known(self) -> dict[str, Any] | None:
        """What was worked out from the same files before."""
        if self.changes.cells:
            return None  # nbgrader is to enter the assignment anew
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
                "Move the old gradebook away, or grade into a new folder.",
                parameter="into",
            )
        with tempfile.TemporaryDirectory(prefix="class-") as folder:
            released = assignments.prepare(assignment, Path(folder) / "workshop", self._ledger.url)
            return nbformat.writes(assignments.with_hidden_tests(released, assignment, self._ledger.url))

    # -- what it is done with

    @cached_property
    def bundle(self) -> GradingBundle:
        """All that the class's submissions share; the assignment now stands in the gradebook."""
        assignment, settings = self._assignment, self._settings
        unit, released = assignment.unit, self._released
        config = assignment.settings()
        config.CourseDirectory.pop("db_url", None)  # it may hold a password, and is none of the graders' business
        graded_items = assignment.graded_items(self._secret)
        beside = {
            str(path.relative_to(assignment.source)): path.read_bytes()
            for path in sorted(assignment.source.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }
        for name in [name for name in beside if Path(name).parts[0] in banks.NAMES]:
            del beside[name]  # a private bank stands in the place of the course's
        beside |= banks.files(assignment.bank_path)
        return GradingBundle(
            key=fingerprints.digest(self._inputs, str(self._due)),
            environment=fingerprints.of_environment(),
            unit=unit,
            released=released,
            due=self._due,
            beside=beside,
            config=config,
            seconds=self.seconds,
            graded_items=graded_items,
            grade=self._grade,
            judge=self._judge,
            confined=not settings.unsafe,
            limits=settings.limits,
        )
