"""The project's Markdown, as its tests read it: links, headings, fenced blocks, and the commands that stand in them."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import click
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]

SKIPPED = {"my-work", "grading", "node_modules", "__pycache__", "lint_course"}
"""Folders that hold no document of the project; the last is a small course for the linter, and broken on purpose."""
PROGRAMS = ("autograder", "course")


class Found(NamedTuple):
    """Something that stands in a document, and on which line."""

    text: str
    line: int


@dataclass(frozen=True)
class Document:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        """Its path in the project, where it is in there."""
        return str(self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path)

    @property
    def text(self) -> str:
        return _without_header(self.path.read_text(encoding="utf-8"))

    def links(self) -> list[Found]:
        """The targets of links and pictures, those written as HTML among them."""
        found = []
        for token in _flat(self.text):
            targets = [str(token.attrGet(key)) for key in ("href", "src") if token.attrGet(key)]
            found += [Found(target, _line(token)) for target in targets]
            if token.type in ("html_block", "html_inline"):
                found += [
                    Found(target, _line(token)) for target in re.findall(r'(?:href|src)="([^"]*)"', token.content)
                ]
        return found

    def anchors(self) -> set[str]:
        """What a link's `#…` may name: the headings, spelt as GitHub spells them."""
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(self.text)
        seen: dict[str, int] = {}
        for heading, inline in pairwise(tokens):
            if heading.type == "heading_open":
                words = "".join(t.content for t in inline.children or [] if t.type in ("text", "code_inline"))
                slug = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
                count = seen.get(slug, -1) + 1
                seen[slug] = count
                if count:
                    seen[f"{slug}-{count}"] = 0
        return set(seen)

    def blocks(self) -> list[tuple[str, Found]]:
        """Fenced blocks: what stands behind the fence, and the text."""
        return [(t.info.strip(), Found(t.content, _line(t) + 1)) for t in _flat(self.text) if t.type == "fence"]

    def code_spans(self) -> list[Found]:
        """Code within a sentence."""
        return [Found(token.content, _line(token)) for token in _flat(self.text) if token.type == "code_inline"]

    def table(self, marked: str) -> list[list[str]]:
        """The cells of the table below `<!-- columns: marked -->`, without its head; the code spans of the first column."""
        _, mark, rest = self.text.partition(f"<!-- columns: {marked} -->")
        assert mark, f"{self.name} has no table marked “columns: {marked}”"
        lines = rest.strip("\n").split("\n\n")[0].splitlines()
        return [re.findall(r"`([^`]+)`", line.split("|")[1]) for line in lines[2:]]


def _without_header(text: str) -> str:
    """The text, the lines of a YAML header blanked out so that lines keep their numbers."""
    header = re.match(r"---\n.*?\n---\n", text, re.DOTALL)
    return "\n" * header[0].count("\n") + text[header.end() :] if header else text


def _flat(text: str) -> Iterator[Token]:
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        yield token
        for child in token.children or []:
            child.map = child.map or token.map
            yield child


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 0


@cache
def all_documents() -> tuple[Document, ...]:
    """Every Markdown file of the project."""
    found = []
    for path in sorted(ROOT.rglob("*.md")):
        inside = path.relative_to(ROOT).parts
        if not any(part.startswith(".") or part in SKIPPED for part in inside):
            found.append(Document(path))
    return tuple(found)


# --------------------------------------------------------------------------- what is wrong with links and paths


def broken_links(document: Document) -> list[str]:
    """Links that lead nowhere: no such file here, or no such heading in it. The web is not asked."""
    wrong = []
    for target, line in document.links():
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        path = _leads_to(document, place) if place else document.path
        if path is None:
            wrong.append(f"{document.name}:{line}: {target} leads nowhere")
        elif anchor and path.suffix == ".md" and anchor not in Document(path).anchors():
            wrong.append(f"{document.name}:{line}: {target}: {path.name} has no such heading")
    return wrong


MADE = {"timestamp.txt", "demo-class.txt"}
"""Files that are spoken of, and stand in no clone: something makes them."""


def missing_files(document: Document) -> list[str]:
    """Names of files, written as code, of which there is none: seen from here or a folder above, or, where it is a bare
    name, anywhere."""
    wrong = []
    for text, line in document.code_spans():
        is_name = re.fullmatch(r"[\w-][\w./-]*\.(py|md|js|css|toml|ipynb|txt|lock|yml|cff|svg)", text)
        if not is_name or text in MADE or re.search(r"NN|UNIT|STUDENT", text):
            continue
        near = any((folder / text).exists() for folder in (ROOT, *document.path.parents))
        if not (near or ("/" not in text and text in _file_names())):
            wrong.append(f"{document.name}:{line}: there is no file {text}")
    return wrong


@cache
def _file_names() -> frozenset[str]:
    found: set[str] = set()
    for _, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in SKIPPED]
        found.update(files)
    return frozenset(found)


def _leads_to(document: Document, place: str) -> Path | None:
    """Where a link leads from there. The text of a notebook is read where the notebook is: in a learner's folder."""
    folders = [document.path.parent]
    if "jupytext:" in document.path.read_text(encoding="utf-8")[:200]:
        folders = [ROOT / "course", ROOT]
    found = [path for folder in folders if (path := (folder / unquote(place)).resolve()).exists()]
    return found[0] if found else None


# --------------------------------------------------------------------------- what is wrong with commands


class Line(NamedTuple):
    """A command as it is typed, and what it is said to print; None where nothing is said of that."""

    command: str
    output: str | None
    line: int


def lines(document: Document, kind: str | None = None) -> list[Line]:
    """The commands in fenced blocks: each line that is not indented, or, in `console` blocks, each after `$`."""
    found = []
    for info, block in document.blocks():
        if info not in ("", "console", "sh", "bash") or (kind is not None and info != kind):
            continue
        if info == "console":
            for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                place = block.line + block.text[: block.text.index(f"$ {command}")].count("\n")
                found.append(Line(command, output, place))
        else:
            for number, text in enumerate(block.text.splitlines()):
                if text and not text[0].isspace():
                    found.append(Line(text.split("  #")[0].split("     ")[0].strip(), None, block.line + number))
    return found


def wrong_commands(document: Document) -> list[str]:
    """Commands of ours that the programs would refuse: in fenced blocks whole ones, in sentences as far as they go."""
    wrong = []
    for command, _, line in lines(document):
        if said := refused(command, whole=True):
            wrong.append(f"{document.name}:{line}: `{command}`: {said}")
    for text, line in document.code_spans():
        if said := refused(text, whole=False):
            wrong.append(f"{document.name}:{line}: `{text}`: {said}")
    return wrong


def refused(text: str, *, whole: bool) -> str:
    """Why a command line of ours, or of `make`, would be refused; empty where it would not, or is another's.

    `whole`: arguments and options have to be complete, too.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        return ""
    while words and re.fullmatch(r"\w+=\S*", words[0]):
        words.pop(0)
    if not words:
        return ""
    if Path(words[0]).name.startswith("python") and words[1:2] == ["-m"]:
        words = words[2:]
    program = words[0].removeprefix(".venv/bin/")
    if program == "make" and len(words) > 1:
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        unknown = [word for word in words[1:] if re.fullmatch(r"[a-z-]+", word) and word not in targets]
        return f"there is no target {unknown[0]}" if unknown else ""
    if program not in PROGRAMS or len(words) == 1:
        return ""
    return _parsed(program, words[1:], whole)


def group(program: str) -> click.Group:
    """The click group of one of our programs."""
    if program == "autograder":
        from autograder.cli import commands

        return commands
    from course.cli import commands as others

    return others


def _parsed(program: str, words: list[str], whole: bool) -> str:
    top = group(program)
    with click.Context(top, info_name=program, **top.context_settings) as context:
        if words[0] in ("--help", "-h"):
            return ""
        command = top.get_command(context, words[0])
        if command is None:
            return f"{program} has no command {words[0]}"
        rest = [word for word in words[1:] if word != "…"]
        if {"--help", "-h"} & set(rest):
            return ""
        try:
            if whole:
                command.make_context(words[0], rest, parent=context)
            else:
                _known(command, rest)
        except click.UsageError as error:
            return error.format_message()
    return ""


def _known(command: click.Command, words: list[str]) -> None:
    """`NoSuchOption` where one of the words is an option that `command` does not have."""
    if command.ignore_unknown_options:
        return
    names = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for word in words:
        name = word.strip("[]").split("=")[0]
        if name.startswith("-") and name not in names:
            raise click.NoSuchOption(name)
