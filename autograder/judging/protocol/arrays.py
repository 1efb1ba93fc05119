"""Arrays as npz bytes: plain numbers only, bounded before they are read, never unpickled."""

from __future__ import annotations

import io
import math
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.judging.protocol.limits import MOST_ARRAYS, Refused

CAN_STAND_IN_NPZ = "biufc"


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
        dtype.kind not in CAN_STAND_IN_NPZ
        or any(not isinstance(n, int) or n < 0 for n in shape)
        or math.prod(shape) * dtype.itemsize != len(body)
    ):
        raise ValueError
    return np.frombuffer(body, dtype).reshape(shape, order="F" if fortran else "C").copy()
