"""The judge's side of the channel: who asks the questions while a notebook runs, and decides what they earn.

What each graded cell asks is known beforehand, from the pristine notebook. While such a cell runs, one answer to its
exercise is taken; whatever else comes, and whenever, is answered with the same “recorded” and counts for nothing.
No answer, no points.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.diagnostics import Diagnostic, DiagnosticCode
from autograder.judging import bank, judge
from autograder.judging.answer_key import AnswerKey
from autograder.judging.exercise import Exercise, Measurement
from autograder.judging.protocol import hand_in, messages, values
from autograder.judging.protocol.limits import Gone, Refused
from autograder.judging.protocol.messages import Answer, MeasurementReply, Recorded, Value
from autograder.judging.protocol.transcript import Transcript, kept, request
from autograder.judging.safe_call import CallResult
from autograder.judging.verdict import Verdict, VerdictState

_RECEIPT_SECONDS = 1.0

NO_ANSWER = "No answer came from this cell: it ended before `check` could hand one over."


@dataclass(frozen=True)
class GradedItem:
    """What one graded cell asks, with all that the bank answers to it: plain data, made once for a class."""

    cell: str
    """nbgrader's id of the cell."""
    exercise: str
    bank: Path
    asked: list[AnswerKey]

    def declared(self) -> Exercise:
        """The exercise, from its bank."""
        return bank.load(self.bank).exercises[self.exercise]


class Examiner:
    """Takes answers at a Unix socket, in a thread of this process. Use it as a context manager.

    A connection carries one conversation after another: an answer, what is asked about it, the receipt.

    Parameters
    ----------
    place:
        The path of the socket, which is made here.
    graded_items:
        What the graded cells ask, by nbgrader's id of the cell.
    patience:
        Seconds that a kernel may take for one message.
    """

    def __init__(self, place: Path, graded_items: Mapping[str, GradedItem], patience: float) -> None:
        self.place, self.diagnostics = place, list[Diagnostic]()
        self._graded_items, self._patience = dict(graded_items), patience
        self._verdicts: dict[str, Verdict] = {}
        self._transcripts: dict[str, Transcript] = {}
        self._begun: set[str] = set()
        self._lock = threading.Condition()
        self._running: GradedItem | None = None
        self._connection: socket.socket | None = None
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(place))
        self._listener.listen(2 * hand_in.CONNECTIONS)
        self._settled = False
        """Whether the kernel has its receipt, so that only the judge is still at work."""
        self._thread = threading.Thread(target=self._serve, name="examiner", daemon=True)

    def __enter__(self) -> Examiner:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.end()
        _hang_up(self._listener)
        self._thread.join()
        self._listener.close()
        self.place.unlink(missing_ok=True)

    # -- in the thread that runs the notebook

    def begin(self, cell: str | None) -> None:
        """From now on the cell with this id runs, whether it asks something or not."""
        self._change_to(self._graded_items.get(cell or ""))

    def end(self) -> None:
        """The cell has ended, and with it whatever it was still being asked."""
        self._change_to(None)

    def _change_to(self, item: GradedItem | None) -> None:
        with self._lock:
            self._running = item
            mine = self._connection
            if mine is not None:
                if not self._settled:
                    _hang_up(mine)
                self._lock.wait_for(lambda: self._connection is not mine)

    def verdicts(self) -> dict[str, Verdict]:
        """The verdict on every graded cell's answer; where none came, that it did not."""
        with self._lock:
            return {cell: self._verdicts.get(cell) or _unanswered(item) for cell, item in self._graded_items.items()}

    def transcripts(self) -> dict[str, Transcript]:
        """What was handed over, by the cell; nothing where no answer came."""
        with self._lock:
            return dict(self._transcripts)

    # -- in the examiner's own thread

    def _serve(self) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._listener, selectors.EVENT_READ)
            try:
                while True:
                    for key, _ in waiting.select():
                        if key.fileobj is self._listener:
                            waiting.register(self._listener.accept()[0], selectors.EVENT_READ)
                        elif isinstance(key.fileobj, socket.socket) and not self._converse(key.fileobj):
                            waiting.unregister(key.fileobj)
                            key.fileobj.close()
            except OSError:  # the listener was hung up
                pass
            finally:
                for key in list(waiting.get_map().values()):
                    if isinstance(key.fileobj, socket.socket) and key.fileobj is not self._listener:
                        key.fileobj.close()

    def _converse(self, connection: socket.socket) -> bool:
        """One conversation; whether the connection can carry another."""
        with self._lock:
            self._connection, self._settled, item = connection, False, self._running
        try:
            return self._attend(connection, item)
        except Gone:
            pass
        except Refused as refused:
            if item is not None and item.cell not in self._verdicts:
                self._refuse(item, str(refused), DiagnosticCode.ANSWER_REFUSED)
        except Exception as error:  # a fault of the bank or the judge: said, and the next question goes on
            if item is not None:
                said = f"broke the judge ({type(error).__name__}: {error})"
                self._refuse(item, said, DiagnosticCode.JUDGE_FAILED)
        finally:
            with self._lock:
                self._connection = None
                self._lock.notify_all()
        return False

    def _attend(self, connection: socket.socket, item: GradedItem | None) -> bool:
        """One conversation: an answer, what is asked about it, and the receipt. Whether it ended as it should."""
        message, arrays = messages.receive(connection, Answer, self._patience)
        if item is None:
            return self._receipt(connection)
        if message.exercise != item.exercise:
            said = f"An answer to another exercise came from the cell {item.cell} and was not counted."
            self._say(item, DiagnosticCode.ANSWER_TO_ANOTHER_EXERCISE, said)
            return self._receipt(connection)
        if item.cell in self._begun:
            said = f"More than one answer came from the cell {item.cell}; the first counts."
            self._say(item, DiagnosticCode.ANSWER_REPEATED, said)
            return self._receipt(connection)
        self._begun.add(item.cell)
        transcript = Transcript(item.exercise, message.value, kept(arrays))
        with self._lock:
            self._transcripts[item.cell] = transcript
        verdict, whole = self._judged(connection, item, transcript, arrays)
        with self._lock:
            self._verdicts[item.cell] = verdict
        return whole

    def _judged(
        self, connection: socket.socket, item: GradedItem, transcript: Transcript, arrays: list[Any]
    ) -> tuple[Verdict, bool]:
        """The verdict, and whether all that was asked was answered: else an answer may come late, as part of the next."""
        gone = False

        def take(measurement: Measurement, seconds: float) -> CallResult:
            nonlocal gone
            try:
                if gone:
                    raise Gone
                messages.send(connection, *request(measurement, seconds))
                received = messages.receive(connection, MeasurementReply, self._patience)
            except Gone:
                gone = True
                received = messages.Received(MeasurementReply("timed out"), [])
            transcript.keep(measurement, *received)
            return values.decode_result(received, seconds)

        assert transcript.value is not None

        def heard_all() -> None:
            nonlocal gone
            gone = not self._receipt(connection) or gone

        return _verdict(item, transcript.value, arrays, take, heard_all), not gone

    def _receipt(self, connection: socket.socket) -> bool:
        """Acknowledge the answer before judging it, so that judging time leaks nothing; return whether the kernel took it."""
        with self._lock:
            self._settled = True
        try:
            connection.settimeout(_RECEIPT_SECONDS)  # nobody hangs up on it any more
            messages.send(connection, Recorded())
        except Gone:
            return False
        return True

    def _refuse(self, item: GradedItem, why: str, code: DiagnosticCode) -> None:
        self._begun.add(item.cell)
        with self._lock:
            self._transcripts.setdefault(item.cell, Transcript(item.exercise)).refused = why
            self._verdicts[item.cell] = _unreadable(item, why)
        self._say(item, code, f"What the cell {item.cell} handed over {why}.")

    def _say(self, item: GradedItem, code: DiagnosticCode, text: str) -> None:
        diagnostic = Diagnostic(code, text, item.cell)
        if diagnostic not in self.diagnostics:
            self.diagnostics.append(diagnostic)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _verdict(
    item: GradedItem, value: Value, arrays: list[Any], take: judge.Take, heard_all: Callable[[], None] = lambda: None
) -> Verdict:
    """The verdict on what was handed in; `heard_all` is called when nothing more will be asked."""
    exercise = item.declared()
    answer = values.decode_value(value, arrays)
    if not exercise.is_code:
        heard_all()
        return judge.judge_value(exercise, answer, item.asked[0])
    if verdict := judge.no_function(exercise, answer, untouched=value.untouched):
        heard_all()
        return verdict
    outcomes, unmet = judge.try_out(exercise, item.asked, take)
    heard_all()
    return judge.judge_outcomes(exercise, item.asked, outcomes, unmet)


def rejudge(item: GradedItem, transcript: Transcript | None) -> Verdict:
    """The verdict on what was handed over when the notebook ran, by the exercise as it is declared now.

    `transcript` is None where no answer came. `LookupError` where the exercise asks by now what was not asked then: only
    running the notebook again tells.
    """
    if transcript is None:
        return _unanswered(item)
    if transcript.exercise != item.exercise:
        raise LookupError("another exercise was asked when the notebook ran")
    if transcript.refused or transcript.value is None:
        return _unreadable(item, transcript.refused)
    try:
        return _verdict(item, transcript.value, transcript.answer(), transcript.replay())
    except Refused as refused:
        return _unreadable(item, str(refused))


def _unreadable(item: GradedItem, why: str) -> Verdict:
    said = f"What this cell handed over {why}, so it was not judged."
    return replace(_unanswered(item), state=VerdictState.UNREADABLE, sentence=said)


def _unanswered(item: GradedItem) -> Verdict:
    exercise = item.declared()
    asked = exercise.prompt() if exercise.is_code else exercise.prompt(item.asked[0].arguments)
    return Verdict(exercise.id, VerdictState.NOT_ATTEMPTED, 0.0, exercise.points, asked=asked, sentence=NO_ANSWER)
