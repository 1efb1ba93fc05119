"""The folder of what was handed in: nothing in it is passed over in silence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.diagnostics import DiagnosticCode
from autograder.errors import GradingError
from autograder.submissions import inbox
from autograder.submissions.inbox import Inbox, collect
from autograder.submissions.submission import Submission, Unusable, content

UNIT = "90-tiny"


def put(folder: Path, *names: str) -> Path:
    """Files of these names below `folder`; a name that ends in a slash is a folder."""
    for name in names:
        path = folder / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text("{}")
    return folder


def names(inbox: Inbox) -> list[str]:
    return [one.student for one in inbox.submissions]


def test_both_layouts_are_found_by_student(tmp_path: Path) -> None:
    nested = put(tmp_path / "nested", f"ada/{UNIT}/{UNIT}.ipynb", "bob/01-other/01-other.ipynb")
    own = nested / "ada" / UNIT
    (own / "timestamp.txt").write_text("2026-11-20 10:00:00 UTC\n")
    found = collect(nested, UNIT)
    assert found.submissions == [
        Submission("ada", own / f"{UNIT}.ipynb", timestamp="2026-11-20 10:00:00 UTC", own=own),
    ]
    assert [one.sentence for one in found.left] == [f"Nothing for {UNIT} is in bob."]
    flat = put(tmp_path / "flat", "zoë müller.ipynb", "ada.ipynb", ".hidden.ipynb", "notes.txt", "Thumbs.db")
    assert names(collect(flat, UNIT)) == ["ada", "zoë müller"]
    assert names(collect(flat, UNIT, ("ada",))) == ["ada"]
    assert [one.path for one in collect(flat, UNIT).left] == ["notes.txt"]


def test_a_name_that_is_no_text_is_spelt_out_and_stops_nobody(tmp_path: Path) -> None:
    for name in (b"a\xff", b"b\n\x1b[31m", "c\u202e".encode(), "zoë\u200c".encode()):
        Path(os.fsdecode(bytes(tmp_path) + b"/" + name + b".ipynb")).write_text("{}")
    found = collect(tmp_path, UNIT)
    assert names(found) == ["a\\udcff", "b\\n\\x1b[31m", "c\\u202e", "zoë\u200c"]
    assert all(content(one) == b"{}" for one in found.submissions)


@pytest.mark.parametrize(
    ("handed_in", "student", "said"),
    [
        (f"ben/{UNIT}.ipynb", "ben", f"ben/{UNIT}.ipynb was taken"),
        ("eva/90-Tiny/90-Tiny.ipynb", "eva", "eva/90-Tiny/90-Tiny.ipynb was taken"),
        (f"eva/{UNIT}/90 tiny.ipynb", "eva", f"{UNIT}/90 tiny.ipynb was taken"),
        (f"kim/{UNIT}/{UNIT} (1).ipynb", "kim", f"{UNIT} (1).ipynb was taken"),
        (f"kim/{UNIT}/{UNIT}-Copy1.ipynb", "kim", "-Copy1.ipynb was taken"),
        (f"kim/{UNIT}/{UNIT} - Kopie (2).ipynb", "kim", "Kopie (2).ipynb was taken"),
        (f"lea/{UNIT}/homework.ipynb", "lea", "homework.ipynb was taken"),
        (f"mia/hand-in/{UNIT}/{UNIT}.ipynb", "mia", "was taken"),
        (f"Fay Example_4711_assignsubmission_file_/{UNIT}.ipynb", "Fay Example", "was taken"),
        ("Fay Example_4711_assignsubmission_file/my work.ipynb", "Fay Example", "my work.ipynb was taken"),
        ("fay.IPYNB", "fay", "fay.IPYNB was taken"),
        ("gil.ipynb.json", "gil", "gil.ipynb.json was taken"),
        ("hal.ipynb.txt", "hal", "hal.ipynb.txt was taken"),
        (f"ida/{UNIT}/{UNIT}.ipynb.json", "ida", f"{UNIT}.ipynb.json was taken"),
    ],
)
def test_what_can_mean_only_one_thing_is_taken_and_said(
    tmp_path: Path, handed_in: str, student: str, said: str
) -> None:
    (found,) = collect(put(tmp_path, handed_in), UNIT).submissions
    assert found.student == student and content(found) == b"{}"
    (note,) = found.notes
    assert note.code is DiagnosticCode.NAMED_OTHERWISE and said in note.text


@pytest.mark.parametrize(
    ("handed_in", "student", "why"),
    [
        (["ola.zip"], "ola", "Unpack it"),
        (["ola.tar.gz"], "ola", "Unpack it"),
        ([f"ada/{UNIT}/"], "ada", f"There is no {UNIT}.ipynb"),
        ([f"ada/{UNIT}/{UNIT}.pdf"], "ada", f"What is there: {UNIT}/{UNIT}.pdf"),
        ([f"ada/{UNIT}/{UNIT} (1).ipynb", f"ada/{UNIT}/{UNIT} (2).ipynb"], "ada", "more than one could be meant"),
        (["ada.ipynb", f"ada/{UNIT}/{UNIT}.ipynb"], "ada", "handed in more than once"),
        (["ada.ipynb", "ada.IPYNB"], "ada", "handed in more than once"),
        (["ada.ipynb", "ada.zip"], "ada", "handed in more than once"),
        (["Al_1_assignsubmission_file/a.ipynb", "Al_2_assignsubmission_file/a.ipynb"], "Al", "more than once"),
        (["Al_1_assignsubmission_file/"], "Al", f"There is no {UNIT}.ipynb"),
    ],
)
def test_what_nobody_can_tell_costs_one_student_and_says_why(
    tmp_path: Path, handed_in: list[str], student: str, why: str
) -> None:
    found = collect(put(tmp_path, *handed_in, f"right/{UNIT}/{UNIT}.ipynb"), UNIT)
    assert names(found) == sorted([student, "right"])
    (failed,) = [one for one in found.submissions if one.student == student]
    with pytest.raises(Unusable, match=why.replace("(", r"\(")):
        content(failed)


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (f"{UNIT}.ipynb", "nobody knows whose it is"),
        (f"{UNIT} (3).ipynb", "nobody knows whose it is"),
        ("roster.csv", "is no notebook"),
        ("odd.ipynb/x", "is a folder, not a notebook"),
        ("bob/01-other/01-other.ipynb", "Nothing for"),
        ("empty/", "Nothing for"),
    ],
)
def test_what_is_nobodys_is_named(tmp_path: Path, there: str, said: str) -> None:
    found = collect(put(tmp_path, there, f"right/{UNIT}/{UNIT}.ipynb"), UNIT)
    assert names(found) == ["right"]
    (left,) = found.left
    assert said in left.sentence


def test_a_class_in_a_folder_of_the_folder_is_no_student(tmp_path: Path) -> None:
    inside = [f"week3/{name}/{UNIT}/{UNIT}.ipynb" for name in ("ada", "bob")]
    found = collect(put(tmp_path, *inside, f"right/{UNIT}/{UNIT}.ipynb"), UNIT)
    assert names(found) == ["right"] and "Name that folder" in found.left[0].sentence


def test_notebooks_beside_the_right_one_are_named(tmp_path: Path) -> None:
    (found,) = collect(put(tmp_path, f"ada/{UNIT}/{UNIT}.ipynb", f"ada/{UNIT}/try.ipynb"), UNIT).submissions
    assert [note.code for note in found.notes] == [DiagnosticCode.FILES_LEFT] and "try.ipynb" in found.notes[0].text
    assert found.path.name == f"{UNIT}.ipynb"


@pytest.mark.parametrize("linked", ["student", "unit", "flat"])
def test_what_lies_behind_a_link_is_not_read(tmp_path: Path, linked: str) -> None:
    secret = put(tmp_path / "elsewhere", f"x/{UNIT}/{UNIT}.ipynb") / "x"
    folder = put(tmp_path / "class", f"right/{UNIT}/{UNIT}.ipynb")
    if linked == "student":
        (folder / "eve").symlink_to(secret)
    elif linked == "unit":
        (folder / "eve").mkdir()
        (folder / "eve" / UNIT).symlink_to(secret / UNIT)
    else:
        (folder / "eve.ipynb").symlink_to(secret / UNIT / f"{UNIT}.ipynb")
    eve = next(one for one in collect(folder, UNIT).submissions if one.student == "eve")
    with pytest.raises(Unusable, match="link"):
        content(eve)


def test_a_folder_that_cannot_be_read_costs_one_student(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, f"right/{UNIT}/{UNIT}.ipynb", f"shut/{UNIT}/{UNIT}.ipynb")
    files = inbox._files

    def refuses(folder: Path, depth: int = 3) -> Iterator[Path]:
        if folder.name == "shut":
            raise PermissionError(13, "Permission denied")
        return files(folder, depth)

    monkeypatch.setattr(inbox, "_files", refuses)
    found = collect(tmp_path, UNIT)
    assert names(found) == ["right", "shut"]
    with pytest.raises(Unusable, match=r"cannot be read \(permission denied\)"):
        content(found.submissions[1])


def test_nothing_there_is_a_sentence_that_says_what_should_be(tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="There is no folder"):
        collect(tmp_path / "none", UNIT)
    with pytest.raises(GradingError, match=f"<student>/{UNIT}/{UNIT}.ipynb"):
        collect(tmp_path, UNIT)
    put(tmp_path, f"{UNIT}.ipynb")
    with pytest.raises(GradingError, match="nobody knows whose it is"):
        collect(tmp_path, UNIT)
    put(tmp_path, "ada.ipynb")
    with pytest.raises(GradingError, match="bob has handed in nothing"):
        collect(tmp_path, UNIT, ("bob",))
