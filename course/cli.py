"""The command `course`: study, and what authors need. Each command is imported when it is run."""

from __future__ import annotations

import sys
from importlib import import_module

import click

_COMMANDS = {
    "study": ("course.jupyter.study", "command"),
    "open": ("course.commands.progress", "open_command"),
    "progress": ("course.commands.progress", "command"),
    "why": ("course.commands.progress", "why_command"),
    "lint": ("course.authoring.commands", "lint"),
    "sync": ("course.authoring.commands", "sync"),
    "new": ("course.authoring.commands", "new"),
    "ask": ("course.authoring.commands", "ask"),
    "results": ("course.commands.results", "command"),
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
    from autograder.errors import IsometryError
    from autograder.text import print_anything

    print_anything()
    try:
        commands(prog_name="course")
    except IsometryError as error:
        print(f"course: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
