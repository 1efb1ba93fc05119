"""The kernel's side: hands an answer in, and takes the measurements that the judge asks for."""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

from autograder.judging import probes, safe_call
from autograder.judging.exercise import Measurement
from autograder.judging.protocol.limits import PLACE, Gone, Refused
from autograder.judging.protocol.messages import Answer, Measure, Recorded, Value, receive, send
from autograder.judging.protocol.values import decode_input, encode_result, encode_value
from autograder.judging.safe_call import Returned

CONNECTIONS = 32
"""How many connections to the judge a confined kernel is given. One carries answer after answer; only where a
conversation was broken off is the next one used."""

_PATIENCE = 600.0

_busy = False
_idle: dict[str, list[socket.socket]] = {}
"""The connections that no conversation has, by the place they were opened from."""


def hand_in(exercise: str, answer: Any, place: str | None = None) -> str:
    """Hand an answer to the judge at `place` (by default the one in the environment) and do what it asks.

    Returns "" when the judge has it, else a sentence. A check inside a function that is being measured is recorded
    nowhere: nobody asked for it.
    """
    global _busy
    if _busy:
        return ""
    _busy = True
    try:
        place = place or os.environ[PLACE]
        connection = _connected(place)
        try:
            _converse(connection, exercise, answer)
        except BaseException:  # broken off anywhere, it would be read as part of the next answer
            connection.close()
            raise
        _done_with(connection, place)
        return ""
    except (OSError, ValueError, Gone, Refused):
        return "Your answer could not be handed over to the judge."
    finally:
        _busy = False


def connections(place: str) -> str:
    """Connections to the judge who listens at the path `place`, as the name of a place.

    For a process that will be confined: from then on it can neither connect nor be handed anything.
    """
    if sys.platform == "win32":
        raise OSError("there, nothing is graded")
    made = []
    for _ in range(CONNECTIONS):
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        one.connect(place)
        made.append(one.detach())
    return "fd:" + ",".join(map(str, made))


def _connected(place: str) -> socket.socket:
    """A connection to the judge that nobody else has."""
    if sys.platform == "win32":
        raise OSError("there, nothing is graded")
    if place.startswith("fd:"):
        if place not in _idle:
            handles = place.removeprefix("fd:").split(",")
            _idle[place] = [socket.socket(fileno=int(handle)) for handle in reversed(handles)]
        if not _idle[place]:
            raise OSError("all connections to the judge were broken off")
        own = _idle[place].pop()
    else:
        own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        own.connect(place)
    own.settimeout(_PATIENCE)
    return own


def _done_with(connection: socket.socket, place: str) -> None:
    """A conversation has ended as it should, and its connection is free for the next."""
    if place in _idle:
        _idle[place].append(connection)
    else:
        connection.close()


def _converse(connection: socket.socket, exercise: str, answer: Any) -> None:
    seen = safe_call.call(encode_value, (answer,), 10.0)
    value, arrays = seen.value if isinstance(seen, Returned) else (Value("other", "object"), [])
    send(connection, Answer(exercise[:200], value), arrays)
    while True:
        message, arrays = receive(connection, Measure | Recorded, _PATIENCE)
        if isinstance(message, Recorded):
            return
        measurement = Measurement(
            message.way,
            tuple(decode_input(message.inputs, arrays)),
            message.argument,
            decode_input(message.weights, arrays),
        )
        send(connection, *encode_result(probes.run_probe(answer, measurement, message.seconds, encode_value)))
