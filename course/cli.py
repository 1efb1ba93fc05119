"""The command `course`: study, and what authors need. Each command is imported when it is run."""

from __future__ import annotations

import sys
from importlib import import_module

import click

_COMMANDS = {
    "study": ("course.study", "command"),
    "open": ("course.progress_command", "open_command"),
    "progress": ("course.progress_command", "command"),
    "why": ("course.progress_command", "why_command"),
    "lint": ("course.authoring.commands", "lint"),
    "sync": ("course.authoring.commands", "sync"),
    "exercises": ("course.authoring.commands", "exercises"),
}


class _Lazy(click.Group):
    """A group whose commands are imported when they are named, so that `course --help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[name]
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Isometry: study the course, or write it."""


def main() -> None:
    """Run a command; an error of ours is one sentence and exit code 2."""
    from autograder.exercise import BankError
    from course.errors import CourseError

    try:
        commands(prog_name="course")
    except (CourseError, BankError) as error:
        print(f"course: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
