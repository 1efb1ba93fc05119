"""The databases a gradebook may be in: a file, and Debian's PostgreSQL, started here for the tests alone."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "open:sesame/42"


def binaries() -> Path | None:
    """The folder of PostgreSQL's programs: on the path, or where Debian puts them."""
    found = [Path(path).parent for path in [shutil.which("initdb")] if path]
    return next(iter(found + sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty server, at a Unix socket in a folder of its own; it takes no connection from elsewhere."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    # It refuses to be run by root.
    who = "nobody" if os.geteuid() == 0 else None
    if who:
        os.chown(folder, pwd.getpwnam(who).pw_uid, -1)
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)

    def run(*command: str) -> None:
        told = [str(programs / command[0]), *command[1:]]
        with (folder / "log").open("a") as log:
            log_to = {"stdout": log, "stderr": log}
            subprocess.run(told, check=True, user=who, cwd=folder, env={"LC_ALL": "C", "PATH": os.defpath}, **log_to)  # type: ignore[call-overload]

    data = str(folder / "data")
    try:
        run(
            "initdb",
            "-D",
            data,
            "-U",
            "grader",
            "--auth=scram-sha-256",
            f"--pwfile={secret}",
            "--no-sync",
            "-E",
            "UTF8",
        )
        settings = f"-F -c listen_addresses='' -c unix_socket_directories={folder} -c max_connections=50"
        run("pg_ctl", "-D", data, "-w", "-o", settings, "start")
        yield f"postgresql://grader:{PASSWORD.replace(':', '%3A').replace('/', '%2F')}@/postgres?host={folder}"
    except subprocess.CalledProcessError as error:
        raise AssertionError((folder / "log").read_text()[-2000:]) from error
    finally:
        subprocess.run(
            [str(programs / "pg_ctl"), "-D", data, "-m", "immediate", "stop"], user=who, cwd="/", capture_output=True
        )
        shutil.rmtree(folder, ignore_errors=True)


def fresh(server: str, name: str, like: str = "template1") -> str:
    """The URL of a new database there: a copy of another, or an empty one."""
    import psycopg
    from sqlalchemy.engine import make_url

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
    return make_url(server).set(database=name).render_as_string(hide_password=False)
