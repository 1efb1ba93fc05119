"""Landlock: the files that a process may reach, by path."""

from __future__ import annotations

import ctypes
import os
import struct

from autograder.kernels.sandbox.linux import call, gain_nothing
from autograder.kernels.sandbox.policy import SYSTEM, SandboxPolicy, Unconfined

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_WRITE_FILE, _READ_FILE, _READ_DIR, _REFER, _TRUNCATE, _IOCTL = 1 << 1, 1 << 2, 1 << 3, 1 << 13, 1 << 14, 1 << 15
_OF_A_FILE = 1 << 0 | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
_MAKE_AND_REMOVE = (1 << 4 | 1 << 5) | (1 << 7 | 1 << 8 | 1 << 10) | 1 << 12
"""Remove folders and files; make folders, files, pipes and links. No devices, no sockets."""
_READ = _READ_FILE | _READ_DIR
_WRITE = _WRITE_FILE | _TRUNCATE | _MAKE_AND_REMOVE | _REFER


def landlock_version() -> int:
    """Which Landlock this kernel has; 0 where it has none."""
    try:
        return call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def close_files(policy: SandboxPolicy, version: int) -> None:
    """Close all files but those of `policy`, with what Landlock had in `version`. `Unconfined` where none does."""
    if version < 1:
        raise Unconfined("the kernel has no Landlock, which closes the files")
    files = (1 << 13) - 1
    files |= _REFER if version >= 2 else 0
    files |= _TRUNCATE if version >= 3 else 0
    files |= _IOCTL if version >= 5 else 0
    attributes = struct.pack("=QQQ", files, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    try:
        rules = call(_CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0))
        try:
            for path in (*policy.readable, *SYSTEM):
                _allow(rules, path, _READ & files)
            for path in policy.known:
                _allow(rules, path, _READ_FILE & files)
            _allow(rules, os.devnull, (_READ_FILE | _WRITE_FILE) & files)
            for path in policy.writable:
                _allow(rules, path, (_READ | _WRITE) & files)
            gain_nothing()
            call(_RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))
        finally:
            os.close(rules)
    except OSError as error:
        raise Unconfined(f"the files cannot be closed ({error.strerror})") from None


def _allow(rules: int, path: str, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            access &= _OF_A_FILE
        call(_ADD_RULE, ctypes.c_int(rules), ctypes.c_int(1), struct.pack("=Qi", access, place), ctypes.c_uint32(0))
    finally:
        os.close(place)
