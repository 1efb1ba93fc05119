"""Conventions of the code that no other tool checks, each tried on a planted breach: codes instead of sentences, options
named by commands alone, records made by keyword, one root of exceptions."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("autograder", "course")

Rule = Callable[[dict[str, ast.Module]], list[str]]


def parsed() -> dict[str, ast.Module]:
    """The code of both packages, by path."""
    paths = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


@pytest.fixture(scope="module")
def code() -> dict[str, ast.Module]:
    return parsed()


@pytest.fixture(scope="module")
def few(code: dict[str, ast.Module]) -> dict[str, ast.Module]:
    """The modules whose sentences are planted elsewhere below."""
    return {path: code[path] for path in ("autograder/files.py", "course/mastery/rule.py", PIPELINE, EXAMINER)}


PIPELINE, EXAMINER = "autograder/submissions/pipeline.py", "autograder/judging/examiner.py"


def name_of(node: ast.AST) -> str:
    """The last part of a name or an attribute; empty for anything else."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


# --------------------------------------------------------------------------- nobody reads a sentence

READS_OLD_SENTENCES = {"autograder/diagnostics.py"}
"""Who may read sentences: gradebooks of versions without codes have nothing else."""

MATCHING = {
    *("startswith", "endswith", "find", "rfind", "index", "rindex", "count", "replace", "removeprefix", "removesuffix"),
    *("split", "rsplit", "partition", "rpartition"),
    *("match", "fullmatch", "search", "compile", "sub", "subn", "findall", "finditer"),
}
"""Functions and methods that look for a text in another."""

SAYS = {"Diagnostic", "failed", "quarantined", "Verdict", "_note", "_say", "_refuse"}
"""What takes a sentence for people, beside exceptions."""


def texts(node: ast.AST) -> Iterator[str]:
    """The literal texts in an expression, those of f-strings piece by piece."""
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


def words(text: str) -> str:
    """A text or a pattern as plain lower-case words."""
    return " ".join(re.findall(r"[a-z'’]+", re.sub(r"\\.", " ", text).lower()))


SPOKEN = {"reason", "sentence"}
"""Attributes that hold sentences for people."""


def said(code: dict[str, ast.Module]) -> set[str]:
    """Every sentence for people that the code makes, as words: of exceptions, diagnostics and verdicts, and the parts
    they are put together from in the same function."""
    found = set()
    for tree in code.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and node.exc is not None:
                found |= {words(text) for text in texts(node.exc)}
            elif isinstance(node, ast.Call) and name_of(node.func) in SAYS | {"sentence"}:
                found |= {words(text) for text in texts(node)}
            elif isinstance(node, ast.Return) and node.value is not None:
                found |= {words(text) for text in texts(node.value)}
            elif isinstance(node, ast.Assign):  # a sentence that is said later
                found |= {words(text) for text in texts(node.value) if text.rstrip().endswith((".", "?", "!"))}
    return {text for text in found if text.count(" ") >= 2}


def matched(tree: ast.Module, named: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Each text that the module looks for in another text, with its line; `named` are constants by name.

    Two words are enough in `x in text`; elsewhere it takes three, since names of columns or options have two.
    """

    def meant(node: ast.AST) -> Iterator[str]:
        yield from texts(node)
        for one in ast.walk(node):
            if (name := name_of(one)) in named:
                yield named[name]

    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            looked_for: list[ast.AST] = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and name_of(node.func) in MATCHING:
            looked_for = [*node.args[:1]] if isinstance(node.func, ast.Attribute) else list(node.args)
        elif isinstance(node, ast.MatchValue):
            looked_for = [node.value]
        else:
            continue
        within = isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn)
        for one in looked_for[:1] if within else looked_for:
            for text in meant(one):
                if words(text).count(" ") >= (1 if within else 2) and not text.startswith("#"):  # marks in cells
                    yield node.lineno, text


def into_a_sentence(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Each text, however short, that is looked for in an attribute that holds a sentence, or in an error's text."""

    def spoken(node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            return name_of(node.func) == "str" and any(name_of(one) in ("error", "refused") for one in node.args)
        return isinstance(node, ast.Attribute) and node.attr in SPOKEN

    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(spoken(one) for one in (node.left, *node.comparators)):
            looked_for: list[ast.AST] = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MATCHING:
            looked_for = [*node.args] if spoken(node.func.value) or any(map(spoken, node.args)) else []
        else:
            continue
        for one in looked_for:
            for text in texts(one):
                if words(text):
                    yield node.lineno, text


def reads_a_sentence(code: dict[str, ast.Module]) -> list[str]:
    """Where a module looks for words of a sentence that this project says to people, or for any word in what holds such
    a sentence."""
    sentences, named = said(code), {}
    for tree in code.values():
        for node in tree.body:
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                named |= {target.id: node.value.value for target in node.targets if isinstance(target, ast.Name)}
    found = []
    for path, tree in code.items():
        if path not in READS_OLD_SENTENCES:
            found += [f"{path}:{line}: {text!r}" for line, text in into_a_sentence(tree)]
            for line, text in matched(tree, named):
                if any(words(text) in one or one in words(text) for one in sentences):
                    found.append(f"{path}:{line}: {text!r}")
    return found


# --------------------------------------------------------------------------- only commands know options

COMMANDS = re.compile(r"autograder/(cli\.py|commands/|plugins/)|course/(cli\.py|commands/|authoring/|jupyter/)")
"""The rooms of what is typed, and of what starts programs."""


def names_an_option(code: dict[str, ast.Module]) -> list[str]:
    """Where something else than a command names an option of the command line."""
    return [
        f"{path}:{node.lineno}: {node.value!r}"
        for path, tree in code.items()
        if not COMMANDS.match(path)
        for told in [docstrings(tree)]
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in told
        if re.search(r"(?<![\w-])(?<!var\()--[a-z]{2,}", node.value)  # CSS has variables of that form
    ]


def test_every_parameter_that_an_error_asks_to_change_is_an_option_of_a_command(code: dict[str, ast.Module]) -> None:
    from autograder.cli import commands

    options = {option.name for command in commands.commands.values() for option in command.params}
    asked = {
        keyword.value.value
        for tree in code.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and name_of(node.func).endswith("Error")
        for keyword in node.keywords
        if keyword.arg == "parameter" and isinstance(keyword.value, ast.Constant)
    }
    assert {"into", "out", "unsafe"} <= asked <= options


def docstrings(tree: ast.Module) -> set[ast.AST]:
    """The constants that stand alone: docstrings of modules, classes, functions and names."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}


# --------------------------------------------------------------------------- records are made by keyword

MOST = 5
"""So many fields may be given by their place."""


def fields(record: ast.ClassDef) -> list[str]:
    """The fields that can be given by place."""
    found = []
    for node in record.body:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        if "KW_ONLY" in ast.unparse(node.annotation):
            break
        made = ast.unparse(node.value) if node.value else ""
        if "ClassVar" not in ast.unparse(node.annotation) and "init=False" not in made:
            found.append(node.target.id)
    return found


def long_records(code: dict[str, ast.Module]) -> list[str]:
    """Where a record with more than `MOST` fields can be, or is, made with that many values by their place."""
    found, tuples = [], set()
    for path, tree in code.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef) or len(fields(node)) <= MOST:
                continue
            decorators = [ast.unparse(one) for one in node.decorator_list]
            if any(one.startswith(("dataclass", "dataclasses.dataclass")) for one in decorators):
                if not any("kw_only=True" in one for one in decorators):
                    found.append(f"{path}:{node.lineno}: {node.name} takes {len(fields(node))} values by their place")
            elif any(name_of(base) in ("NamedTuple", "Struct") for base in node.bases):
                tuples.add(node.name)
    for path, tree in code.items():
        found += [
            f"{path}:{node.lineno}: {name_of(node.func)} is made of {len(node.args)} values by their place"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and name_of(node.func) in tuples and len(node.args) > MOST
        ]
    return found


# --------------------------------------------------------------------------- one root of exceptions

ROOTS = {
    ("autograder/errors.py", "IsometryError"),
    ("autograder/errors.py", "InternalSignal"),
    ("autograder/judging/safe_call.py", "_OutOfTime"),  # a `BaseException`, which no `except Exception` swallows
}
"""The only classes that derive from Python's own exceptions alone."""

BUILT_IN = {
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
}


def other_roots(code: dict[str, ast.Module]) -> list[str]:
    """Classes that derive from Python's own exceptions, and from none of ours."""
    return [
        f"{path}:{node.lineno}: {node.name}"
        for path, tree in code.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.bases
        if all(name_of(base) in BUILT_IN for base in node.bases) and (path, node.name) not in ROOTS
    ]


# --------------------------------------------------------------------------- the rules hold, and find a breach

RULES: list[Rule] = [reads_a_sentence, names_an_option, long_records, other_roots]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_keeps_it(code: dict[str, ast.Module], rule: Rule) -> None:
    assert rule(code) == []


PLANTED = [
    (reads_a_sentence, 'if "ran without a sandbox" in row.reason:\n    pass'),
    (reads_a_sentence, 'found = re.compile(r"The cell (\\S+) was judged in the student\'s process\\.")'),
    (reads_a_sentence, 'if verdict.sentence != "No answer came from this cell":\n    pass'),
    (reads_a_sentence, "if verdict.sentence == examiner.NO_ANSWER:\n    pass"),
    (reads_a_sentence, 'if str(error).startswith("There is no gradebook"):\n    pass'),
    (reads_a_sentence, 'told = [one.did for one in came if "mastered already" not in one.did]'),
    (reads_a_sentence, 'lost = [row for row in rows if "missing" in row.reason]'),
    (reads_a_sentence, 'if row.reason.endswith("stopped."):\n    pass'),
    (reads_a_sentence, 'if "locked" in str(error):\n    pass'),
    (reads_a_sentence, 'said = text.replace("name another folder", "name another file")'),
    (reads_a_sentence, 'match text:\n    case "It ran without a sandbox.":\n        pass'),
    (names_an_option, 'raise GradingError("There is no gradebook. Name its folder with --into.")'),
    (names_an_option, 'said = text.replace("--into", "--out")'),
    (
        long_records,
        "@dataclass(frozen=True)\nclass R:\n    a: int\n    b: int\n    c: int\n    d: int\n    e: int\n    f: int = 0",
    ),
    (
        long_records,
        "class R(NamedTuple):\n    a: int\n    b: int\n    c: int\n    d: int\n    e: int\n    f: int\nR(1, 2, 3, 4, 5, 6)",
    ),
    (other_roots, "class Late(Exception):\n    pass"),
    (other_roots, "class Late(ValueError, KeyError):\n    pass"),
]


@pytest.mark.parametrize(("rule", "planted"), PLANTED)
def test_a_breach_is_found(few: dict[str, ast.Module], rule: Rule, planted: str) -> None:
    assert rule(few | {"autograder/reports/planted.py": ast.parse(planted)}) != []


INNOCENT = [
    (reads_a_sentence, 'if row.code is DiagnosticCode.UNCONFINED or name.startswith("cell "):\n    pass'),
    (reads_a_sentence, 'if not row.reason and shown.replace("the question", "it") != sentence:\n    pass'),
    (names_an_option, '"""What `--into` names."""\ntitle = "grades -- points"'),
    (
        long_records,
        "@dataclass\nclass R:\n    a: int\n    _: KW_ONLY\n    b: int\n    c: int\n    d: int\n    e: int\n    f: int = 0",
    ),
    (other_roots, "class Late(InternalSignal):\n    pass"),
]


@pytest.mark.parametrize(("rule", "innocent"), INNOCENT)
def test_no_more_than_that_is_found(few: dict[str, ast.Module], rule: Rule, innocent: str) -> None:
    assert rule(few | {"autograder/reports/planted.py": ast.parse(innocent)}) == []
