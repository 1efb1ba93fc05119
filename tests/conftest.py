"""What every test shares: the CPU backend, shapes enforced, a browser, costs that are kept, no silent skips in CI."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")

# What one process or kernel of this run has compiled no other compiles again, as in a course that is studied.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    COMPILED = tempfile.mkdtemp(prefix="isometry-compiled-")
    atexit.register(shutil.rmtree, COMPILED, ignore_errors=True)
    os.environ |= {
        "JAX_COMPILATION_CACHE_DIR": COMPILED,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }

import hypothesis
import jaxtyping
import pytest

from autograder import import_stubs

import_stubs.install()  # before anything imports nbformat: a second of each process that runs tests

# Shapes in the signatures of the JAX core are enforced while tests run.
jaxtyping.install_import_hook("course.nets", "beartype.beartype")

# No example is timed: a busy machine is no fault of what is tested.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

pytest_plugins = ["costs"]

# Helpers that assert, told as fully as tests are.
pytest.register_assert_rewrite("answering", "fresh_kernel", "histories", "lessons")

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def root() -> Path:
    """The clone's top folder."""
    return ROOT


@pytest.fixture(autouse=True)
def _own_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes a learner's real record."""
    monkeypatch.setenv("ISOMETRY_RECORD", str(tmp_path / "record.jsonl"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium (Debian's), driven by Playwright."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed; on Debian: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Half a character, which tests of bad input tell of, would end the worker that sends it."""
    return _whole((yield))


def _whole(told: Any) -> Any:
    if isinstance(told, str):
        return told.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(told, dict):
        return {_whole(key): _whole(value) for key, value in told.items()}
    return type(told)(map(_whole, told)) if type(told) in (list, tuple) else told


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped and os.environ.get("ISOMETRY_FORBID_SKIPS") == "1":
        terminalreporter.write_line(
            f"ISOMETRY_FORBID_SKIPS: {len(skipped)} tests were skipped, and none may be.", red=True
        )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and reporter.stats.get("skipped") and os.environ.get("ISOMETRY_FORBID_SKIPS") == "1":
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
