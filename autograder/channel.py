"""How answers leave a kernel that runs a stranger's code: as bounded, checked data, and as nothing else.

A message is a JSON text of a fixed schema and, beside it, an npz of plain numeric arrays; both are bounded, neither is
ever unpickled or evaluated. The kernel's side is `hand_in`, which `check` calls: it hands over the answer, and where
that is a function, calls it on the inputs the judge sends and hands over what came of it. The judge's side is
`examiner.py`. Nothing that goes to the kernel depends on whether an answer is right.

What a student's process can do here is to hand over other data than honest code would: any number, any array, any
size of a jaxpr. It gains what the right data would gain, no more, and to invent that is to solve the exercise. What
is *not* data can be invented without: that a function traced to a program of some size, that it left its input alone,
that it raised or took too long. A requirement (`requirements.py`) that rests on such a word alone, such as a jaxpr's
size, is as good as the word of the process that gives it.
"""

from __future__ import annotations

import base64
import hashlib
import io
import math
import os
import socket
import stat
import struct
import time
import zipfile
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from autograder import calling, measure
from autograder.calling import Outcome, Raised, Returned, TimedOut
from autograder.exercise import Measurement

PLACE = "ISOMETRY_CHANNEL"
"""The environment variable that says where the judge is, in a kernel whose answers are judged outside: the path of its
socket, or `fd:7` where 7 is a connection to it through which further ones are handed."""

LARGEST_TEXT = 200_000
"""Bytes of one message's JSON."""
LARGEST_ARRAYS = 16_000_000
"""Bytes of one message's arrays. What exercises ask for has some thousands."""
MOST_ARRAYS = 64
LARGEST_TRANSCRIPT = 4_000_000
"""Characters that are kept of what was handed over for one cell."""
LONGEST_NAME = 60
_CUT = 2_000

_HEADER = struct.Struct(">II")
_CAN_STAND_IN_NPZ = "biufc"


class Refused(Exception):
    """What came is no message, or not one that is taken. The text completes the sentence “Its answer …”."""


class Gone(Exception):
    """The other side closed the channel, or said nothing for too long."""


# --------------------------------------------------------------------------- messages

Short = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
Text = Annotated[str, msgspec.Meta(max_length=_CUT)]
Kind = Literal["nothing", "text", "array", "ragged", "function", "other"]


class Value(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A value as data. An array's entries are the message's first array; of what is no data only the type's name is told."""

    kind: Kind
    type: Short = ""
    text: Text = ""
    untouched: bool = False


class Answer(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="answer"):
    """The kernel: this is the answer to that exercise."""

    exercise: Annotated[str, msgspec.Meta(max_length=200)]
    value: Value


class Came(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="came"):
    """The kernel: this came of the measurement."""

    how: Literal["returned", "raised", "timed out"]
    value: Value | None = None
    error: Short = ""
    text: Text = ""
    line: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None


class Measure(msgspec.Struct, frozen=True, tag="measure"):
    """The judge: take this measurement of the function."""

    way: str
    inputs: Any
    argument: int
    weights: Any
    seconds: float


class Recorded(msgspec.Struct, frozen=True, tag="recorded"):
    """The judge: your answer is here, or none was asked for. The same words in every case."""


Message = Answer | Came | Measure | Recorded


class Received(NamedTuple):
    """A message, and the arrays that came with it."""

    message: Any
    arrays: list[NDArray[Any]]


def send(connection: socket.socket, message: Message, arrays: list[NDArray[Any]] | None = None) -> None:
    """Send one message. `Gone` where the other side does not take it."""
    text, packed = msgspec.json.encode(message), pack(arrays or [])
    try:
        connection.sendall(_HEADER.pack(len(text), len(packed)) + text + packed)
    except OSError:
        raise Gone from None


def receive(connection: socket.socket, kind: Any, seconds: float) -> Received:
    """The next message, which must be of `kind` and whole within `seconds`. `Refused` or `Gone` where it is not."""
    until = time.monotonic() + seconds
    text_size, arrays_size = _HEADER.unpack(_exactly(connection, _HEADER.size, until))
    if text_size > LARGEST_TEXT or arrays_size > LARGEST_ARRAYS:
        raise Refused(f"has more than {LARGEST_ARRAYS / 1e6:g} MB; something far smaller was asked for")
    text = _exactly(connection, text_size, until)
    packed = _exactly(connection, arrays_size, until)
    return Received(decoded(text, kind), unpack(packed))


def _exactly(connection: socket.socket, size: int, until: float) -> bytes:
    parts = []
    while size:
        left = until - time.monotonic()
        if left <= 0:
            raise Gone
        try:
            connection.settimeout(left)
            part = connection.recv(min(size, 1 << 20))
        except OSError:
            raise Gone from None
        if not part:
            raise Gone
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def decoded(text: bytes, kind: Any) -> Any:
    """The message of `kind` that `text` is; `Refused` where it is another thing."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Refused("came in a form that nobody sends who answers with `check`") from None


def pack(arrays: list[NDArray[Any]]) -> bytes:
    """Arrays as an npz, named in order."""
    if not arrays:
        return b""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{f"a{i}": array for i, array in enumerate(arrays)})
    return file.getvalue()


def unpack(packed: bytes) -> list[NDArray[Any]]:
    """The arrays of an npz that `pack` made; `Refused` for any other: compressed, pickled, cut, or larger than it says."""
    if not packed:
        return []
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            members = archive.infolist()
            if (
                len(members) > MOST_ARRAYS
                or any(m.compress_type != zipfile.ZIP_STORED or m.file_size != m.compress_size for m in members)
                or sum(m.file_size for m in members) > len(packed)
            ):
                raise ValueError
            return [_array(archive.read(f"a{i}.npy")) for i in range(len(members))]
    except Exception:  # NumPy's and zipfile's parsers raise many kinds of things for what is not theirs
        raise Refused("has arrays that cannot be read") from None


def _array(data: bytes) -> NDArray[Any]:
    """The array in an npy file, looked at before it is made."""
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=1_000)
    body = data[file.tell() :]
    if (
        dtype.kind not in _CAN_STAND_IN_NPZ
        or any(not isinstance(n, int) or n < 0 for n in shape)
        or math.prod(shape) * dtype.itemsize != len(body)
    ):
        raise ValueError
    return np.frombuffer(body, dtype).reshape(shape, order="F" if fortran else "C").copy()


# --------------------------------------------------------------------------- inputs, from the judge


def spread(value: Any, arrays: list[NDArray[Any]]) -> Any:
    """An input as JSON, its arrays laid into `arrays`; `gathered` puts it together again."""
    if isinstance(value, np.generic):
        arrays.append(np.asarray(value))
        return {"scalar": len(arrays) - 1}
    if isinstance(value, tuple | list):
        return {type(value).__name__: [spread(item, arrays) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[str(key), spread(item, arrays)] for key, item in value.items()]}
    if hasattr(value, "__array__"):
        arrays.append(np.asarray(value))
        return {"array": len(arrays) - 1}
    if value is None or isinstance(value, bool | int | float | str):
        return {"plain": value}
    raise TypeError(f"an input of type {type(value).__name__} cannot be sent to a kernel")


def gathered(spec: dict[str, Any], arrays: list[NDArray[Any]]) -> Any:
    """The input that `spread` took apart."""
    ((kind, part),) = spec.items()
    match kind:
        case "scalar":
            return arrays[part][()]
        case "array":
            return arrays[part]
        case "tuple":
            return tuple(gathered(item, arrays) for item in part)
        case "list":
            return [gathered(item, arrays) for item in part]
        case "dict":
            return {key: gathered(item, arrays) for key, item in part}
    return part


# --------------------------------------------------------------------------- values, from the kernel


def described(value: Any) -> tuple[Value, list[NDArray[Any]]]:
    """A learner's value as data, and its arrays. Runs the value's own code, such as `__array__`, and may raise."""
    name = str(type(value).__name__)[:LONGEST_NAME]
    if value is None or value is Ellipsis:
        return Value("nothing"), []
    if isinstance(value, str):
        return Value("text", name, value[:_CUT].encode("utf-8", "replace").decode()), []
    if callable(value) and not hasattr(value, "shape"):
        called = str(getattr(value, "__name__", ""))[:LONGEST_NAME]
        return Value("function", name, called.encode("utf-8", "replace").decode(), calling.is_untouched(value)), []
    if isinstance(value, bytes | dict | set):
        return Value("other", name), []
    try:
        array = np.asarray(value)
    except Exception as error:
        return Value("other" if "Tracer" in type(error).__name__ else "ragged", name), []
    if array.dtype.kind == "V" and array.dtype.names is None:  # bfloat16 and its like
        array = array.astype(np.float32)
    if array.dtype.kind not in _CAN_STAND_IN_NPZ:
        return Value("other", name), []
    return Value("array", name), [array]


class _Function:
    """Stands for a function that lives in another process."""

    def __call__(self) -> None:
        raise TypeError

    def __repr__(self) -> str:
        return f"<function {self.__dict__.get('__name__', '')}>"


def understood(value: Value, arrays: list[NDArray[Any]]) -> Any:
    """What `described` was given, as far as the judge needs it: the entries, or a stand-in of the same kind and name."""
    name = value.type if value.type.isidentifier() else "object"
    match value.kind:
        case "nothing":
            return None
        case "text":
            return value.text
        case "ragged":
            return [[0.0], [0.0, 0.0]]
        case "function":
            stand_in = _Function()
            stand_in.__dict__["__name__"] = _line(value.text)
            return stand_in
        case "array":
            if not arrays:
                raise Refused("has arrays that cannot be read")
            array = arrays[0]
            if name in ("int", "float", "bool", "complex") and array.ndim == 0:
                return array.item()
            return array.tolist() if name in ("list", "tuple") and array.size <= 100 else array
    return type(name, (), {"__repr__": lambda self: f"<{name}>"})()  # no address: a page is the same every time


def _line(text: str) -> str:
    """Text from a stranger as one line without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def told(outcome: Outcome) -> tuple[Came, list[NDArray[Any]]]:
    """An outcome whose value, if it has one, is already what `described` gives."""
    match outcome:
        case Returned(value=(value, arrays)):
            return Came("returned", value), arrays
        case Raised(kind=kind, text=text, line=line):
            readable = text[:_CUT].encode("utf-8", "replace").decode()
            return Came("raised", None, kind[:LONGEST_NAME], readable, line), []
    return Came("timed out"), []


def heard(received: Received, seconds: float) -> Outcome:
    """The outcome that the kernel told of."""
    came: Came = received.message
    if came.how == "raised":
        return Raised(came.error if came.error.isidentifier() else "an error", _line(came.text)[:200], came.line)
    if came.how == "timed out" or came.value is None:
        return TimedOut(seconds)
    return Returned(understood(came.value, received.arrays))


# --------------------------------------------------------------------------- the kernel's side

_busy = False
_PATIENCE = 600.0


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
        with _connected(place or os.environ[PLACE]) as connection:
            _converse(connection, exercise, answer)
        return ""
    except (OSError, ValueError, Gone, Refused):
        return "Your answer could not be handed over to the judge."
    finally:
        _busy = False


def _connected(place: str) -> socket.socket:
    """A connection to the judge: through the open one where there is one, since a sandbox lets no other be made."""
    if place.startswith("fd:"):
        own, judges = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with judges, socket.socket(fileno=os.dup(int(place.removeprefix("fd:")))) as door:
            socket.send_fds(door, [b"+"], [judges.fileno()])
    else:
        own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        own.connect(place)
    own.settimeout(_PATIENCE)
    return own


def taken(handle: int) -> socket.socket | None:
    """The connection that a kernel handed over; None, and closed, where it is anything but that."""
    try:
        if not stat.S_ISSOCK(os.fstat(handle).st_mode):
            raise OSError
        connection = socket.socket(fileno=handle)
    except OSError:
        os.close(handle)
        return None
    if (connection.family, connection.type) != (socket.AF_UNIX, socket.SOCK_STREAM):
        connection.close()
        return None
    connection.set_inheritable(False)
    return connection


def _converse(connection: socket.socket, exercise: str, answer: Any) -> None:
    seen = calling.call(described, (answer,), 10.0)
    value, arrays = seen.value if isinstance(seen, Returned) else (Value("other", "object"), [])
    send(connection, Answer(exercise[:200], value), arrays)
    while True:
        message, arrays = receive(connection, Measure | Recorded, _PATIENCE)
        if isinstance(message, Recorded):
            return
        measurement = Measurement(
            message.way,
            tuple(gathered(message.inputs, arrays)),
            message.argument,
            gathered(message.weights, arrays),
        )
        send(connection, *told(measure.take(answer, measurement, message.seconds, described)))


# --------------------------------------------------------------------------- what is kept of a conversation


class Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One measurement that was asked for, by its digest, and what came of it."""

    asked: str
    came: Came
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

    def keep(self, measurement: Measurement, came: Came, arrays: list[NDArray[Any]]) -> None:
        """Write down what came of a measurement."""
        self.parts.append(Part(digest(measurement), came, kept(arrays)))

    def retold(self) -> Callable[[Measurement, float], Outcome]:
        """What tells again what came of each measurement then; `LookupError` for one that was not asked for.

        What was asked for twice is told in the order in which it came: a function may answer otherwise the second time.
        """
        left: dict[str, list[Part]] = {}
        for part in self.parts:
            left.setdefault(part.asked, []).append(part)

        def said(measurement: Measurement, seconds: float) -> Outcome:
            parts = left.get(digest(measurement))
            if parts is None:
                raise LookupError("this was not asked when the notebook ran")
            part = parts.pop(0) if len(parts) > 1 else parts[0]
            return heard(Received(part.came, unpack(base64.b64decode(part.arrays))), seconds)

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
    inputs, weights = spread(measurement.inputs, arrays), spread(measurement.weights, arrays)
    return Measure(measurement.way, inputs, measurement.argument, weights, seconds), arrays
