"""The secret of an assignment, from which the inputs of functions are drawn."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from autograder.errors import GradingError


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
            "the inputs of functions are drawn; make it readable, or name another folder.",
            parameter="into",
        ) from None
    except ValueError:
        raise GradingError(
            f"{path} is damaged. It keeps the secret from which the inputs of functions are drawn; "
            "remove it to draw new ones, and grade everybody again."
        ) from None


def seed(key: bytes, unit: str, exercise: str) -> int:
    """The seed of the inputs on which an exercise's functions are judged."""
    return int.from_bytes(hmac.digest(key, f"{unit}/{exercise}".encode(), hashlib.sha256)[:8])
