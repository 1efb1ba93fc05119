"""The judge's side of the channel: who asks the questions while a notebook runs, and decides what they earn.

What each graded cell asks is known beforehand, from the pristine notebook. While such a cell runs, one answer to its
exercise is taken; whatever else comes, and whenever, is answered with the same “recorded” and counts for nothing.
No answer, no points.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder import bank, channel, judge
from autograder.calling import Outcome
from autograder.channel import Answer, Came, Gone, Recorded, Refused, Transcript, Value
from autograder.errors import GradingError
from autograder.exercise import Exercise, Measurement, State, Verdict
from autograder.judge import Asked
from autograder.outcome import Remark

SILENT = "No answer came from this cell: it ended before `check` could hand one over."


@dataclass(frozen=True)
class Paper:
    """What one graded cell asks, with all that the bank answers to it: plain data, made once for a class."""

    cell: str
    """nbgrader's id of the cell."""
    exercise: str
    bank: Path
    asked: list[Asked]

    def declared(self) -> Exercise:
        """The exercise, from its bank."""
        return bank.load(self.bank).exercises[self.exercise]


class Examiner:
    """Takes answers at a Unix socket, in a thread of this process. Use it as a context manager.

    Parameters
    ----------
    place:
        The path of the socket, which is made here.
    papers:
        What the graded cells ask, by nbgrader's id of the cell.
    patience:
        Seconds that a kernel may take for one message.
    one_door:
        Whether the first who connects, before a stranger's code runs, is the only one, and hands over further
        connections through that one; else whoever connects is listened to.
    """

    def __init__(self, place: Path, papers: Mapping[str, Paper], patience: float, *, one_door: bool = False) -> None:
        self.place, self.remarks = place, list[Remark]()
        self._papers, self._patience = dict(papers), patience
        self._verdicts: dict[str, Verdict] = {}
        self._transcripts: dict[str, Transcript] = {}
        self._begun: set[str] = set()
        self._lock = threading.Condition()
        self._running: Paper | None = None
        self._connection: socket.socket | None = None
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(place))
        self._listener.listen(16)
        self._door: socket.socket | None = None
        self._arrivals = self._through_the_door if one_door else self._from_anywhere
        self._thread = threading.Thread(target=self._serve, name="examiner", daemon=True)

    def __enter__(self) -> Examiner:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.end()
        _hang_up(self._listener)
        if self._door is not None:
            _hang_up(self._door)
        self._thread.join()
        self._listener.close()
        self.place.unlink(missing_ok=True)

    # -- in the thread that runs the notebook

    def begin(self, cell: str | None) -> None:
        """From now on the cell with this id runs, whether it asks something or not."""
        self._change_to(self._papers.get(cell or ""))

    def end(self) -> None:
        """The cell has ended, and with it whatever it was still being asked."""
        self._change_to(None)

    def _change_to(self, paper: Paper | None) -> None:
        with self._lock:
            self._running = paper
            mine = self._connection
            if mine is not None:
                _hang_up(mine)
                self._lock.wait_for(lambda: self._connection is not mine)

    def verdicts(self) -> dict[str, Verdict]:
        """The verdict on every graded cell's answer; where none came, that it did not."""
        with self._lock:
            return {cell: self._verdicts.get(cell) or _unanswered(paper) for cell, paper in self._papers.items()}

    def transcripts(self) -> dict[str, Transcript]:
        """What was handed over, by the cell; nothing where no answer came."""
        with self._lock:
            return dict(self._transcripts)

    # -- in the examiner's own thread

    def _from_anywhere(self) -> Iterator[socket.socket]:
        while True:
            try:
                yield self._listener.accept()[0]
            except OSError:
                return

    def _through_the_door(self) -> Iterator[socket.socket]:
        # One door after another: a notebook whose kernel died gets a further one. No confined kernel can make its own.
        while True:
            try:
                self._door, _ = self._listener.accept()
            except OSError:
                return
            with self._door:
                said = b"+"
                while said:
                    try:
                        said, handles, _, _ = socket.recv_fds(self._door, 1, 1)
                    except OSError:
                        break
                    for handle in handles:
                        if (connection := channel.taken(handle)) is not None:
                            yield connection

    def _serve(self) -> None:
        for connection in self._arrivals():
            with connection:
                with self._lock:
                    self._connection, paper = connection, self._running
                try:
                    self._attend(connection, paper)
                except Gone:
                    pass
                except Refused as refused:
                    if paper is not None and paper.cell not in self._verdicts:
                        self._refuse(paper, str(refused))
                except Exception as error:  # a fault of the bank or the judge: said, and the next question goes on
                    if paper is not None:
                        self._refuse(paper, f"broke the judge ({type(error).__name__}: {error})")
                finally:
                    with self._lock:
                        self._connection = None
                        self._lock.notify_all()

    def _attend(self, connection: socket.socket, paper: Paper | None) -> None:
        """One connection: an answer, what is asked about it, and the receipt."""
        message, arrays = channel.receive(connection, Answer, self._patience)
        if paper is None:
            channel.send(connection, Recorded())
            return
        if message.exercise != paper.exercise:
            self._say(paper, f"An answer to another exercise came from the cell {paper.cell} and was not counted.")
            channel.send(connection, Recorded())
            return
        if paper.cell in self._begun:
            self._say(paper, f"More than one answer came from the cell {paper.cell}; the first counts.")
            channel.send(connection, Recorded())
            return
        self._begun.add(paper.cell)
        transcript = Transcript(paper.exercise, message.value, channel.kept(arrays))
        with self._lock:
            self._transcripts[paper.cell] = transcript
        verdict = self._judged(connection, paper, transcript, arrays)
        with self._lock:
            self._verdicts[paper.cell] = verdict

    def _judged(self, connection: socket.socket, paper: Paper, transcript: Transcript, arrays: list[Any]) -> Verdict:
        gone = False

        def take(measurement: Measurement, seconds: float) -> Outcome:
            nonlocal gone
            try:
                if gone:
                    raise Gone
                channel.send(connection, *channel.request(measurement, seconds))
                received = channel.receive(connection, Came, self._patience)
            except Gone:
                gone = True
                received = channel.Received(Came("timed out"), [])
            transcript.keep(measurement, *received)
            return channel.heard(received, seconds)

        assert transcript.value is not None
        return _verdict(paper, transcript.value, arrays, take, lambda: _receipt(connection))

    def _refuse(self, paper: Paper, why: str) -> None:
        self._begun.add(paper.cell)
        with self._lock:
            self._transcripts.setdefault(paper.cell, Transcript(paper.exercise)).refused = why
            self._verdicts[paper.cell] = _unreadable(paper, why)
        self._say(paper, f"What the cell {paper.cell} handed over {why}.")

    def _say(self, paper: Paper, reason: str) -> None:
        remark = Remark(reason, paper.cell)
        if remark not in self.remarks:
            self.remarks.append(remark)


def _receipt(connection: socket.socket) -> None:
    """Tell the kernel that its answer is here. Before it is judged: not even the time that takes is told."""
    try:
        channel.send(connection, Recorded())
    except Gone:
        pass


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _verdict(
    paper: Paper, value: Value, arrays: list[Any], take: judge.Take, heard_all: Callable[[], None] = lambda: None
) -> Verdict:
    """The verdict on what was handed in; `heard_all` is called when nothing more will be asked."""
    exercise = paper.declared()
    answer = channel.understood(value, arrays)
    if not exercise.is_code:
        heard_all()
        return judge.judge_value(exercise, answer, paper.asked[0])
    if verdict := judge.no_function(exercise, answer, untouched=value.untouched):
        heard_all()
        return verdict
    outcomes, unmet = judge.try_out(exercise, paper.asked, take)
    heard_all()
    return judge.judge_outcomes(exercise, paper.asked, outcomes, unmet)


def rejudge(paper: Paper, transcript: Transcript | None) -> Verdict:
    """The verdict on what was handed over when the notebook ran, by the exercise as it is declared now.

    `transcript` is None where no answer came. `LookupError` where the exercise asks by now what was not asked then: only
    running the notebook again tells.
    """
    if transcript is None:
        return _unanswered(paper)
    if transcript.exercise != paper.exercise:
        raise LookupError("another exercise was asked when the notebook ran")
    if transcript.refused or transcript.value is None:
        return _unreadable(paper, transcript.refused)
    try:
        return _verdict(paper, transcript.value, transcript.answer(), transcript.retold())
    except Refused as refused:
        return _unreadable(paper, str(refused))


def _unreadable(paper: Paper, why: str) -> Verdict:
    said = f"What this cell handed over {why}, so it was not judged."
    return replace(_unanswered(paper), state=State.UNREADABLE, sentence=said)


def _unanswered(paper: Paper) -> Verdict:
    exercise = paper.declared()
    asked = exercise.prompt() if exercise.is_code else exercise.prompt(paper.asked[0].arguments)
    return Verdict(exercise.id, State.NOT_ATTEMPTED, 0.0, exercise.points, asked=asked, sentence=SILENT)


# --------------------------------------------------------------------------- the secret of an assignment


def secret(path: Path) -> bytes:
    """The secret in the file `path`, made on first use and readable by its owner only.

    The inputs on which functions are judged are drawn from it, so that grading again asks the same. `GradingError`
    where it cannot be kept.
    """
    try:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32) + "\n")
        return bytes.fromhex(path.read_text(encoding="ascii"))
    except OSError as error:
        raise GradingError(
            f"{path} cannot be used ({(error.strerror or 'input/output error').lower()}). It keeps the secret from which "
            "the inputs of functions are drawn; make it readable, or name another folder with --into."
        ) from None
    except ValueError:
        raise GradingError(
            f"{path} is damaged. It keeps the secret from which the inputs of functions are drawn; "
            "remove it to draw new ones, and grade everybody again."
        ) from None


def seed(key: bytes, unit: str, exercise: str) -> int:
    """The seed of the inputs on which an exercise's functions are judged."""
    return int.from_bytes(hmac.digest(key, f"{unit}/{exercise}".encode(), hashlib.sha256)[:8])
