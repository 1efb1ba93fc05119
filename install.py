"""Sets up the course's own Python in `.venv`: what `make install`, `make study` and `make test` begin with.

    python3 install.py [--dev] [--venv .venv]

Installs exactly what `requirements.lock` pins, by hash, then the course itself from this folder. Nothing is believed:
each run looks at every file that should be there (a tenth of a second) and puts right only what is not, so an
interrupted or damaged set-up heals and a finished one costs nothing. Needs Python 3.11 or later and nothing else.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LOCKS = {False: "requirements.lock", True: "requirements-dev.lock"}
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)(?P<marker> *;)?", re.MULTILINE)
STAMP = "isometry.json"


class SetupError(Exception):
    """The set-up cannot go on. One sentence: what is wrong, and what to do."""


def pins(lock: str) -> dict[str, str]:
    """Name → version for each pin in the text of a lock that holds on every machine (pins with a marker may not)."""
    return {_plain(pin["name"]): pin["version"] for pin in PIN.finditer(lock) if not pin["marker"]}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(packages: Path) -> dict[str, Path]:
    """`name==version` → its `.dist-info` folder, for all that stands in a site-packages folder."""
    found = {}
    for info in packages.glob("*.dist-info"):
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        found[f"{_plain(name)}=={version}"] = info
    return found


def whole(info: Path) -> bool:
    """Whether every file that a distribution's RECORD lists is there, in the size it lists."""
    try:
        lines = (info / "RECORD").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    for line in lines:
        name, _, size = line.rsplit(",", 2)
        if name.endswith(".pyc") or not size:
            continue
        try:
            if os.stat(info.parent / name.strip('"')).st_size != int(size):
                return False
        except OSError:
            return False
    return bool(lines)


def key(dev: bool) -> str:
    """A fingerprint of all that the set-up is made from; the stamp holds it once the set-up is whole."""
    text = b"".join((ROOT / name).read_bytes() for name in (LOCKS[dev], "pyproject.toml"))
    return hashlib.sha256(text).hexdigest()


class Venv:
    """A virtual environment and the stamp in it, which says who made it, for which folder, and what is whole in it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def packages(self) -> Path | None:
        """Its site-packages folder, or None where its Python does not start or is too old."""
        ask = "import sys, sysconfig; print(sysconfig.get_path('purelib') if sys.version_info >= (3, 11) else '')"
        try:
            answer = subprocess.run([self.python, "-I", "-c", ask], capture_output=True, text=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            return None
        text = answer.stdout.strip()
        return Path(text) if answer.returncode == 0 and text else None

    @property
    def stamp(self) -> dict[str, str]:
        try:
            read = json.loads((self.folder / STAMP).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return read if isinstance(read, dict) else {}

    def write_stamp(self, **entries: str) -> None:
        part = self.folder / f"{STAMP}.{os.getpid()}"
        part.write_text(json.dumps({"root": str(ROOT), **entries}), encoding="utf-8")
        part.replace(self.folder / STAMP)

    def ready(self, dev: bool) -> bool:
        """Whether all that the lock pins is here and whole, and the course is installed from this folder."""
        stamp = self.stamp
        if stamp.get("root") != str(ROOT) or stamp.get(LOCKS[dev]) != key(dev):
            return False
        packages = self.packages()
        if packages is None:
            return False
        here = installed(packages)
        wanted = [f"{name}=={version}" for name, version in pins((ROOT / LOCKS[dev]).read_text("utf-8")).items()]
        course = [entry for entry in here if entry.startswith("isometry==")]
        return len(course) == 1 and all(entry in here and whole(here[entry]) for entry in [*wanted, *course])

    def create(self) -> None:
        """Make it anew if its Python is dead or it was made for another folder; leave a living one, whoever made it."""
        ours = bool(self.stamp)
        lives = self.packages() is not None
        if lives and (not ours or self.stamp.get("root") == str(ROOT)):
            return
        if self.folder.exists() and not ours and any(self.folder.iterdir()):
            raise SetupError(
                f"{self.folder} is there, but is no virtual environment with Python 3.11 or later: "
                "move it away, or name another with VENV=…."
            )
        try:
            import ensurepip  # noqa: F401
            import venv  # noqa: F401
        except ImportError:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise SetupError(
                f"Your Python {version} cannot make virtual environments. On Debian or Ubuntu run "
                f"“sudo apt install python{version}-venv”, then the same command again; or name another with PYTHON=…."
            ) from None
        say(f"Making {self.folder} with Python {sys.version.split()[0]} …")
        if ours:
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write_stamp()  # before anything else, so that an interrupted set-up is known to be ours
        made = subprocess.run([sys.executable, "-m", "venv", str(self.folder)], capture_output=True, text=True)
        if made.returncode:
            raise SetupError(f"Python could not make {self.folder}: {(made.stderr or made.stdout).strip()}")

    def install(self, dev: bool) -> None:
        """Put right whatever is missing, damaged or of another version."""
        self.create()
        packages = self.packages()
        if packages is None:
            raise SetupError(f"The Python in {self.folder} does not start: remove that folder and run this again.")
        stamp = {name: value for name, value in self.stamp.items() if name in LOCKS.values()}
        self.write_stamp()
        for entry, info in installed(packages).items():
            if not entry.startswith(("pip==", "isometry==")) and not whole(info):
                say(f"{entry} is damaged and will be installed again.")
                shutil.rmtree(info)  # pip believes this folder; without it, it installs afresh
        lock = LOCKS[dev]
        self.pip("-r", lock, "--require-hashes", what=f"the {len(pins((ROOT / lock).read_text('utf-8')))} packages")
        self.pip("--no-deps", "--no-build-isolation", "-e", ".", what="the course")
        stamp[lock] = key(dev)
        if dev:
            stamp[LOCKS[False]] = key(False)  # the larger lock holds the smaller one, pin for pin
        self.write_stamp(**{name: value for name, value in stamp.items() if value in (key(False), key(True))})
        if not self.ready(dev):
            (self.folder / STAMP).unlink()
            raise SetupError(f"The set-up in {self.folder} is not whole: remove that folder and run this again.")

    def pip(self, *arguments: str, what: str) -> None:
        """`pip install …` in this environment, with one line of progress in place of its hundreds."""
        command = [self.python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *arguments]
        said: list[str] = []
        count = 0
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as running:
            assert running.stdout is not None
            say(f"Installing {what} …")
            for line in running.stdout:
                said.append(line.rstrip())
                if line.startswith("Collecting "):
                    count += 1
                    if sys.stdout.isatty():
                        print(f"\r  {count}  {line.split()[1]:<50.50}", end="", flush=True)
            if count and sys.stdout.isatty():
                print("\r" + " " * 60 + "\r", end="")
        if running.returncode:
            raise SetupError(
                "\n".join(said[-15:]) + f"\npip could not install {what}: its own words are above. "
                "If they speak of a connection, check the network; then run the same command again."
            )


def say(text: str) -> None:
    print(text, flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Set up the course's own Python.")
    parser.add_argument("--venv", type=Path, default=Path(".venv"), help="where (default: .venv)")
    parser.add_argument("--dev", action="store_true", help="with what the tests and the checks need")
    options = parser.parse_args(arguments)
    venv = Venv(Path(os.path.abspath(options.venv)))
    try:
        if not venv.ready(options.dev):
            venv.install(options.dev)
            say("The set-up is whole.")
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped half-way; the same command goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
