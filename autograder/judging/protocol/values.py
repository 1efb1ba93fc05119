"""Values of Python as messages, and back: inputs that the judge sends, answers that the kernel does."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.judging import safe_call
from autograder.judging.protocol.arrays import CAN_STAND_IN_NPZ
from autograder.judging.protocol.limits import CUT, LONGEST_NAME, Refused
from autograder.judging.protocol.messages import MeasurementReply, Received, Value
from autograder.judging.safe_call import CallResult, Raised, Returned, TimedOut
from autograder.judging.values import as_floats


def encode_input(value: Any, arrays: list[NDArray[Any]]) -> Any:
    """An input as JSON, its arrays laid into `arrays`; `decode_input` puts it together again."""
    if isinstance(value, np.generic):
        arrays.append(np.asarray(value))
        return {"scalar": len(arrays) - 1}
    if isinstance(value, tuple | list):
        return {type(value).__name__: [encode_input(item, arrays) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[str(key), encode_input(item, arrays)] for key, item in value.items()]}
    if hasattr(value, "__array__"):
        arrays.append(np.asarray(value))
        return {"array": len(arrays) - 1}
    if value is None or isinstance(value, bool | int | float | str):
        return {"plain": value}
    raise TypeError(f"an input of type {type(value).__name__} cannot be sent to a kernel")


def decode_input(spec: dict[str, Any], arrays: list[NDArray[Any]]) -> Any:
    """The input that `spread` took apart."""
    ((kind, part),) = spec.items()
    match kind:
        case "scalar":
            return arrays[part][()]
        case "array":
            return arrays[part]
        case "tuple":
            return tuple(decode_input(item, arrays) for item in part)
        case "list":
            return [decode_input(item, arrays) for item in part]
        case "dict":
            return {key: decode_input(item, arrays) for key, item in part}
    return part


def encode_value(value: Any) -> tuple[Value, list[NDArray[Any]]]:
    """A learner's value as data, and its arrays. Runs the value's own code, such as `__array__`, and may raise."""
    name = str(type(value).__name__)[:LONGEST_NAME]
    if value is None or value is Ellipsis:
        return Value("nothing"), []
    if isinstance(value, str):
        return Value("text", name, value[:CUT].encode("utf-8", "replace").decode()), []
    if callable(value) and not hasattr(value, "shape"):
        called = str(getattr(value, "__name__", ""))[:LONGEST_NAME]
        return Value("function", name, called.encode("utf-8", "replace").decode(), safe_call.is_untouched(value)), []
    if isinstance(value, bytes | dict | set):
        return Value("other", name), []
    try:
        array = np.asarray(value)
    except Exception as error:
        return Value("other" if "Tracer" in type(error).__name__ else "ragged", name), []
    if array.dtype.kind == "V" and array.dtype.names is None:  # bfloat16 and its like
        array = array.astype(np.float32)
    if array.dtype.kind == "O":
        array = as_floats(array)
    if array.dtype.kind not in CAN_STAND_IN_NPZ:
        return Value("other", name), []
    return Value("array", name), [array]


class _Function:
    """Stands for a function that lives in another process."""

    def __call__(self) -> None:
        raise TypeError

    def __repr__(self) -> str:
        return f"<function {self.__dict__.get('__name__', '')}>"


def decode_value(value: Value, arrays: list[NDArray[Any]]) -> Any:
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


def encode_result(outcome: CallResult) -> tuple[MeasurementReply, list[NDArray[Any]]]:
    """An outcome whose value, if it has one, is already what `described` gives."""
    match outcome:
        case Returned(value=(value, arrays)):
            return MeasurementReply("returned", value), arrays
        case Raised(kind=kind, text=text, line=line):
            readable = text[:CUT].encode("utf-8", "replace").decode()
            return MeasurementReply("raised", None, kind[:LONGEST_NAME], readable, line), []
    return MeasurementReply("timed out"), []


def decode_result(received: Received, seconds: float) -> CallResult:
    """The outcome that the kernel told of."""
    came: MeasurementReply = received.message
    if came.how == "raised":
        return Raised(came.error if came.error.isidentifier() else "an error", _line(came.text)[:200], came.line)
    if came.how == "timed out" or came.value is None:
        return TimedOut(seconds)
    return Returned(decode_value(came.value, received.arrays))
