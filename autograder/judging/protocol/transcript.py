"""What is kept of a conversation with a kernel: enough to judge its answer again."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from autograder.judging.exercise import Measurement
from autograder.judging.protocol.arrays import pack, unpack
from autograder.judging.protocol.messages import Measure, MeasurementReply, Received, Value, decoded
from autograder.judging.protocol.values import decode_result, encode_input
from autograder.judging.safe_call import CallResult

LARGEST_TRANSCRIPT = 4_000_000
"""Characters that are kept of what was handed over for one cell."""


class Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One measurement that was asked for, by its digest, and what came of it."""

    asked: str
    came: MeasurementReply
    arrays: str = ""


class Transcript(msgspec.Struct, forbid_unknown_fields=True):
    """All that a kernel handed over in answer to one cell's question: enough to judge it again.

    Arrays are kept as they crossed, as an npz in base64. Where `refused` says something, what came was no message that
    is taken, and the sentence completes “What this cell handed over …”.
    """

    exercise: str
    value: Value | None = None
    arrays: str = ""
    parts: list[Part] = []
    refused: str = ""

    def to_text(self) -> str:
        """As JSON; empty where it is too large to be kept, and the notebook has to run once more."""
        text = msgspec.json.encode(self).decode()
        return text if len(text) <= LARGEST_TRANSCRIPT else ""

    @classmethod
    def from_text(cls, text: str) -> Transcript:
        """What `to_text` wrote; `Refused` for any other text."""
        return decoded(text.encode(), cls)

    def answer(self) -> list[NDArray[Any]]:
        """The arrays of the answer itself."""
        return unpack(base64.b64decode(self.arrays))

    def keep(self, measurement: Measurement, came: MeasurementReply, arrays: list[NDArray[Any]]) -> None:
        """Write down what came of a measurement."""
        self.parts.append(Part(digest(measurement), came, kept(arrays)))

    def replay(self) -> Callable[[Measurement, float], CallResult]:
        """Return a function that replays the recorded measurements; it raises `LookupError` for one that was not recorded.

        A measurement that was recorded twice is replayed in order: a function may answer otherwise the second time.
        """
        left: dict[str, list[Part]] = {}
        for part in self.parts:
            left.setdefault(part.asked, []).append(part)

        def said(measurement: Measurement, seconds: float) -> CallResult:
            parts = left.get(digest(measurement))
            if parts is None:
                raise LookupError("this was not asked when the notebook ran")
            part = parts.pop(0) if len(parts) > 1 else parts[0]
            return decode_result(Received(part.came, unpack(base64.b64decode(part.arrays))), seconds)

        return said


def kept(arrays: list[NDArray[Any]]) -> str:
    """Arrays as text."""
    return base64.b64encode(pack(arrays)).decode()


def digest(measurement: Measurement) -> str:
    """What identifies a measurement: its way, and every bit of its inputs."""
    message, arrays = request(measurement, 0.0)
    told = hashlib.sha256(msgspec.json.encode(message))
    for array in arrays:
        told.update(f"{array.dtype.str}{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return told.hexdigest()


def request(measurement: Measurement, seconds: float) -> tuple[Measure, list[NDArray[Any]]]:
    """The judge's message that asks for a measurement, and its arrays."""
    arrays: list[NDArray[Any]] = []
    inputs, weights = encode_input(measurement.inputs, arrays), encode_input(measurement.weights, arrays)
    return Measure(measurement.way, inputs, measurement.argument, weights, seconds), arrays
