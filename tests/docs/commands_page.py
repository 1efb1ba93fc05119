"""The page `docs/reference/commands.md`, made from the programs' own help: `python -m tests.docs.commands_page`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent))

from documents import PROGRAMS, ROOT, group

PAGE = ROOT / "docs" / "reference" / "commands.md"
WIDTH = 100

_HEAD = """# Commands

Made from the programs' own help by `python -m tests.docs.commands_page`; do not edit. In a clone they stand in `.venv/bin/`; `make help`
lists the shortcuts. [Exit codes](exit-codes.md) · [Environment variables](environment.md)

`autograder` is for who grades, `course` for who studies or writes. Every command takes `-h` or `--help`.
"""


def page() -> str:
    """The page as it should stand there."""
    parts = [_HEAD]
    for program in PROGRAMS:
        top = group(program)
        with click.Context(top, info_name=program, **top.context_settings) as context:
            names = top.list_commands(context)
            for name in names:
                command = top.get_command(context, name)
                assert command is not None
                with click.Context(command, context, name, max_content_width=WIDTH, terminal_width=WIDTH) as inner:
                    text = "\n".join(line.rstrip() for line in command.get_help(inner).splitlines())
                parts.append(f"## {program} {name}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        sys.stdout.buffer.write(page().encode())
    else:
        PAGE.write_text(page(), encoding="utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}")
