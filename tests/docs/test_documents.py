"""The documents say what is so: links lead somewhere, commands are known, tables agree with the code."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import commands_page
import documents
import pytest
from documents import ROOT, Document

DOCUMENTS = {document.name: document for document in documents.all_documents()}
DOCS = ROOT / "docs"

HISTORY = ("CHANGELOG.md",)
"""Documents that speak of commands that were, or that another branch brings."""


def page(name: str) -> Document:
    """A page below `docs/`."""
    return Document(DOCS / name)


def written(folder: Path, text: str) -> Document:
    """A document with this text, for a hole to be found in."""
    path = folder / "planted.md"
    path.write_text(text, encoding="utf-8")
    return Document(path)


# --------------------------------------------------------------------------- links


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_somewhere(name: str) -> None:
    assert documents.broken_links(DOCUMENTS[name]) == []


@pytest.mark.parametrize(
    "text, found",
    [
        ("[there](planted.md)", ""),
        ("[there](#here)\n\n## Here", ""),
        ("[web](https://example.org/nowhere)", ""),
        ("`[code](nowhere.md)`", ""),
        ("```\n[code](nowhere.md)\n```", ""),
        ("[gone](nowhere.md)", "nowhere.md leads nowhere"),
        ("![gone](nowhere.svg)", "nowhere.svg leads nowhere"),
        ('<img src="nowhere.png" alt="">', "nowhere.png leads nowhere"),
        ("[word][far]\n\n[far]: nowhere.md", "nowhere.md leads nowhere"),
        ("| a |\n|---|\n| [gone](nowhere.md) |", "nowhere.md leads nowhere"),
        ("[gone](planted.md#there)\n\n## Here", "no such heading"),
        ("## Two words, `code`\n\n[there](#two-words-code)", ""),
        ("## Same\n\n## Same\n\n[second](#same-1) [third](#same-2)", "no such heading"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, text: str, found: str) -> None:
    wrong = documents.broken_links(written(tmp_path, text))
    assert ([found in line for line in wrong] == [True]) if found else wrong == []


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name not in HISTORY])
def test_every_file_that_is_named_is_there(name: str) -> None:
    assert documents.missing_files(DOCUMENTS[name]) == []


@pytest.mark.parametrize(
    "text, found",
    [
        ("`judge.py`, `course/syllabus.toml`, `solutions/NN-name/bank.py`, `exercise.answer`", ""),
        ("| `gone_for_good.py` |\n|---|", "gone_for_good.py"),
        ("See `course/nets/gone.py`.", "course/nets/gone.py"),
        ("See `nets/layers.py`.", "nets/layers.py"),  # not from here
    ],
)
def test_a_file_that_is_not_there_is_found(tmp_path: Path, text: str, found: str) -> None:
    wrong = documents.missing_files(written(tmp_path, text))
    assert ([line.endswith(f"no file {found}") for line in wrong] == [True]) if found else wrong == []


def test_every_page_is_reached_from_the_first() -> None:
    """Nobody finds a page that no other names."""
    reached, to_read = set(), [ROOT / "README.md"]
    while to_read:
        path = to_read.pop()
        if path in reached or path.suffix != ".md":
            continue
        reached.add(path)
        for target, _ in Document(path).links():
            if not re.match(r"[a-z]+:", target) and (place := target.partition("#")[0]):
                to_read.append((path.parent / place).resolve())
    assert {path.name for path in DOCS.rglob("*.md") if path not in reached} == set()


@pytest.mark.parametrize("package", ["autograder", "course"])
def test_every_room_says_who_lives_there_and_what_never_happens(package: str) -> None:
    rooms = [ROOT / package, *(path.parent for path in sorted((ROOT / package).glob("*/__init__.py")))]
    silent = [room.name for room in rooms if not (room / "README.md").is_file()]
    assert silent == []
    assert [room.name for room in rooms if "never" not in (room / "README.md").read_text(encoding="utf-8")] == []


# --------------------------------------------------------------------------- commands


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name not in HISTORY])
def test_every_command_is_one_that_the_programs_know(name: str) -> None:
    assert documents.wrong_commands(DOCUMENTS[name]) == []


@pytest.mark.parametrize(
    "text, found",
    [
        ("```\nautograder grade 02-jacobians --submissions DIR --jobs 2\n```", ""),
        ("```\n.venv/bin/course sync --check\n```", ""),
        ("```console\n$ autograder why UNIT STUDENT\nautograder: no --such option\n```", ""),
        ("```\nISOMETRY_BANKS=~/mine python -m autograder grade UNIT --submissions DIR\n```", ""),
        ("```\nmake grade     # a class\n```", ""),
        ("`course why UNIT`, `autograder report`, `course.nets`, `course/text`", ""),
        ("```\nautograder grade UNIT --submission-folder DIR\n```", "No such option"),
        ("```\nautograder grades UNIT\n```", "no command grades"),
        ("```\nautograder why UNIT\n```", "Missing argument"),
        ("```console\n$ cd somewhere\n$ autograder export UNIT --to blackboard --out FILE\n```", "blackboard"),
        ("```\nmake graed\n```", "no target graed"),
        ("So `course lint --fast` it is.", "No such option"),
        ("| `course mend` |\n|---|", "no command mend"),
    ],
)
def test_a_command_that_would_be_refused_is_found(tmp_path: Path, text: str, found: str) -> None:
    wrong = documents.wrong_commands(written(tmp_path, text))
    assert ([found in line for line in wrong] == [True]) if found else wrong == []


def test_a_command_is_named_by_its_line(tmp_path: Path) -> None:
    document = written(tmp_path, "One\n\n```console\n$ autograder doctor\n ok\n$ autograder doctors\n```\n")
    assert documents.wrong_commands(document)[0].startswith(f"{document.name}:6: ")


def test_the_page_of_commands_is_the_programs_own_help() -> None:
    # In a process of its own: a command that a test called without its program has kept its own way of being helped.
    made = subprocess.run([sys.executable, "-m", "tests.docs.commands_page", "--print"], cwd=ROOT, capture_output=True)
    assert commands_page.PAGE.read_bytes() == made.stdout, "run `python -m tests.docs.commands_page`"


# --------------------------------------------------------------------------- what is listed


def syllabus() -> dict[str, dict[str, object]]:
    """The manifest's units, by number."""
    data = tomllib.loads((ROOT / "course" / "syllabus.toml").read_text(encoding="utf-8"))
    return {unit["id"][:2]: unit for unit in data["unit"]}


UNIT = re.compile(r"^\| (\d\d) \| (.+?) \| (.+?) \|(?: (.+?))? \|$", re.MULTILINE)


def units_that_differ(readme: str) -> list[str]:
    """What README's table of units says otherwise than the manifest."""
    here, wrong, seen = syllabus(), [], []
    for number, title, minutes, after in UNIT.findall(readme):
        seen.append(number)
        unit = here.get(number)
        if unit is None:
            if minutes != "to come" or "](" in title:
                wrong.append(f"{number} is said to be here")
            continue
        needs = ", ".join(name[:2] for name in unit["requires"])  # type: ignore[attr-defined]
        expected = f"[{unit['title']}](course/text/{unit['id']}.md)", str(unit["minutes"])
        if (title, minutes) != expected:
            wrong.append(f"{number} is {expected[0]}, {expected[1]} minutes")
        if (needs or not re.search(r"\d", after)) and not after.startswith(needs):
            wrong.append(f"{number} opens after {needs}")
        if not needs and re.search(r"\d", after):
            wrong.append(f"{number} opens at once")
    wrong += [f"{number} is missing" for number in here if number not in seen]
    if seen != [f"{i:02d}" for i in range(15)]:
        wrong.append(f"there are fifteen units, in order, and not {', '.join(seen)}")
    return wrong


def test_readme_lists_the_units_of_the_manifest() -> None:
    assert units_that_differ((ROOT / "README.md").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "there, planted",
    [
        ("| 75 |", "| 76 |"),
        ("| 02 | [Jacobians: what", "| 02 | [Jacobians: How"),
        ("| 90 | 02 |", "| 90 | 01 |"),
        ("| 05 | Residual paths | to come |", "| 05 | Residual paths | 90 |"),
        ("| 05 | Residual paths | to come | |\n", ""),
        ("course/text/06-convolution.md", "course/text/06-convolutions.md"),
    ],
)
def test_a_unit_told_otherwise_is_found(there: str, planted: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert there in readme
    assert len(units_that_differ(readme.replace(there, planted))) >= 1


def variables() -> set[str]:
    """Every environment variable of ours that stands in code."""
    suffixes = {".py", ".js", ".sh", ""}
    files = [path for path in ROOT.iterdir() if path.is_file() and path.suffix in suffixes and path.name != ".git"]
    for folder in ("autograder", "course", "tests", ".ci"):
        files += [p for p in (ROOT / folder).rglob("*") if p.suffix in suffixes and p.is_file()]
    code = "".join(p.read_text(encoding="utf-8") for p in files if p != Path(__file__) and "__pycache__" not in p.parts)
    return set(re.findall(r"\bISOMETRY_[A-Z_]+[A-Z]\b", code))


def test_the_page_of_variables_has_those_of_the_code() -> None:
    listed = {s for text, _ in page("reference/environment.md").code_spans() if (s := text).startswith("ISOMETRY_")}
    assert listed == variables()


def test_a_record_has_the_fields_that_are_listed() -> None:
    from course.mastery.record import VERSION, Event

    listed = [name for row in page("reference/files.md").table("record") for name in row]
    assert sorted(listed) == sorted(Event.__struct_fields__)
    assert f"`v` of each event, now {VERSION} " in page("reference/versions.md").text


@pytest.mark.parametrize("what", ["unit", "skill"])
def test_the_manifest_has_the_fields_that_are_listed(what: str) -> None:
    entries = list(syllabus().values())
    if what == "skill":
        entries = [skill for unit in entries for skill in unit["skill"]]  # type: ignore[attr-defined]
    used = {field for entry in entries for field in entry} - {"skill"}
    assert {name for row in page("reference/files.md").table(what) for name in row} == used


def test_a_bank_uses_no_word_that_its_page_does_not_have() -> None:
    spans = {word for text, _ in page("reference/bank.md").code_spans() for word in re.findall(r"\w+", text)}
    used: set[str] = set()
    for path in (ROOT / "solutions").glob("*/bank/*.py"):
        for line in re.findall(r"^from autograder[\w.]* import \(?([^)\n]+|[^)]+\))", path.read_text(), re.MULTILINE):
            used |= set(re.findall(r"\w+", line))
    assert used
    assert used - spans == set()


def test_the_page_of_a_bank_has_every_way_to_measure() -> None:
    from autograder.judging.probes import PROBES

    listed = re.findall(r'^\| `"([^"]+)"` \|', page("reference/bank.md").text, re.MULTILINE)
    assert sorted(listed) == sorted(PROBES)


def test_what_notebooks_import_is_listed_as_public() -> None:
    import course

    public = page("reference/versions.md").text.partition("## What is public")[2]
    assert {name for name in course.__all__ if f"`{name}`" not in public} == set()


def test_the_page_of_a_bank_has_every_state_of_a_verdict() -> None:
    from autograder.judging.verdict import VerdictState

    rows = re.findall(r"^\| ([a-z ]+) \|", page("reference/bank.md").text.partition("## Verdicts")[2], re.MULTILINE)
    assert [row for row in rows if row != "state"] == [str(state) for state in VerdictState]


def test_versions_are_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\d\S*) \((\d{4}-\d\d-\d\d)\)$", changes, re.MULTILINE)
    assert cited and newest
    assert (project, f"`{project}`" in page("reference/versions.md").text) == (cited[1], True)
    assert newest[1] == project
    assert f"date-released: {newest[2]}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


# --------------------------------------------------------------------------- examples of code


def python_block(document: Document, holding: str) -> str:
    """The block of Python that holds this text."""
    (found,) = [block.text for info, block in document.blocks() if info == "python" and holding in block.text]
    return found


def test_the_example_of_a_mistake_can_be_pasted(tmp_path: Path) -> None:
    """It is not in the bank yet, it loads, and it is told from everything else."""
    from autograder.judging import answer_key, bank, judge

    pasted = python_block(page("how-to/add-a-mistake.md"), "kernel_forgotten")
    made = tmp_path / "06-convolution" / "bank"
    shutil.copytree(ROOT / "solutions" / "06-convolution" / "bank", made)
    own = (made / "shape.py").read_text(encoding="utf-8")
    assert "kernel_forgotten" not in own
    (made / "shape.py").write_text(f"{own}\n\n{pasted}", encoding="utf-8")
    exercise = bank.load(made).exercises["convolution.output_size"]
    (mistake,) = [one for one in exercise.mistakes if one.name == "kernel_forgotten"]
    for seed in range(20):
        arguments = answer_key.deal(exercise, seed).arguments
        verdict = judge.judge(exercise, mistake.answer(**arguments), arguments)
        assert (verdict.mistake, verdict.sentence) == ("kernel_forgotten", mistake.sentence)


@pytest.mark.parametrize(
    "name, holding", [("reference/bank.md", "output_size"), ("explanation/reference-and-mistakes.md", "gradient_scale")]
)
def test_the_example_of_an_exercise_is_one(tmp_path: Path, name: str, holding: str) -> None:
    from autograder.judging import answer_key, bank, judge

    text = python_block(page(name), f"def {holding}")
    if "import" not in text:
        text = f"from autograder.exercise import Number, exercise\n\n{text}"
    (tmp_path / "99-example").mkdir()
    (tmp_path / "99-example" / "bank.py").write_text(text, encoding="utf-8")
    ((_, exercise),) = bank.load(tmp_path / "99-example" / "bank.py").exercises.items()
    for seed in range(20):
        arguments = answer_key.deal(exercise, seed).arguments
        assert judge.judge(exercise, exercise.reference(**arguments), arguments).right
        for mistake in exercise.mistakes:
            assert judge.judge(exercise, mistake.answer(**arguments), arguments).mistake == mistake.name


# --------------------------------------------------------------------------- the picture


def test_the_picture_is_told_in_words_and_follows_the_theme() -> None:
    picture = (DOCS / "explanation" / "processes.svg").read_text(encoding="utf-8")
    (alt,) = re.findall(r"!\[([^\]]+)\]\(processes\.svg\)", (DOCS / "explanation" / "architecture.md").read_text())
    assert len(alt) > 200
    assert "<title" in picture and "<desc" in picture and "prefers-color-scheme: dark" in picture
    assert not re.search(r"<script|<image|xlink:href|@import|url\(['\"]?http|<foreignObject", picture)
