"""The record's file: opened under a lock, lines written whole at its end. It knows bytes, and no event."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import portalocker


@contextmanager
def locked(path: Path) -> Iterator[IO[bytes]]:
    """The record, opened to append, and no other kernel's while this lasts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    opened = open(path, "a+b", buffering=0, opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: SIM115
    with opened as file, lock(file, portalocker.LockFlags.EXCLUSIVE):
        yield file


READING = portalocker.LockFlags.EXCLUSIVE if os.name == "nt" else portalocker.LockFlags.SHARED
"""How the record is locked to be read. Windows has shared locks only with a further package, and reading is short."""


@contextmanager
def lock(file: IO[bytes], how: portalocker.LockFlags) -> Iterator[None]:
    """Lock the record meanwhile, where that can be: some network folders know no locks."""
    try:
        portalocker.lock(file, how)
    except portalocker.LockException as error:
        reason = error.__cause__
        if not isinstance(reason, OSError):
            raise OSError(errno.EAGAIN, "another program holds it") from None
        if reason.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise reason from None
        yield
    else:
        try:
            yield
        finally:
            with suppress(portalocker.LockException):  # closing the file, which comes next, gives it back as well
                portalocker.unlock(file)


def write_lines(file: IO[bytes], lines: list[bytes]) -> None:
    """Write `lines` at the end of a file that is locked, all or none; `OSError` where that fails."""
    size = file.seek(0, os.SEEK_END)
    text = b"".join(line + b"\n" for line in lines)
    if size:
        file.seek(size - 1)
        if file.read(1) != b"\n":
            text = b"\n" + text  # the last writer was torn off; its half line stays alone
    try:
        written = file.write(text)
        if written != len(text):
            raise OSError(errno.ENOSPC, "the disk is full")
        os.fsync(file.fileno())
    except OSError:
        if file.seek(0, os.SEEK_END) > size:
            file.truncate(size)
        raise
