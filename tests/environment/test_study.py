"""`course study` hands out notebooks and never loses what a learner wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course.errors import CourseError
from course.jupyter import shortcuts, study
from course.jupyter.study import prepare


def notebook(*sources: str, outputs: int = 0, metadata: dict | None = None) -> bytes:
    """A notebook of code cells, as JupyterLab saves it; `outputs` counts how often it was run."""
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": metadata or {},
            "source": source.splitlines(keepends=True),
            "execution_count": outputs or None,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": [str(outputs)]}] if outputs else [],
        }
        for n, source in enumerate(sources)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


@pytest.fixture
def course(tmp_path: Path) -> Path:
    root = tmp_path / "clone"
    offer(root, "course/start.ipynb", notebook("welcome"))
    offer(root, "course/01-one.ipynb", notebook("one", "1 + 1"))
    offer(root, "exercises/01-one/01-one.ipynb", notebook("answer = ..."))
    offer(root, "exercises/01-one/signal.csv", b"1,2\n")
    offer(root, "exercises/README.md", b"about this room")
    offer(root, "exercises/01-one/README.md", b"about this unit")
    offer(root, "exercises/01-one/.ipynb_checkpoints/01-one-checkpoint.ipynb", b"x")
    offer(root, "solutions/01-one/bank.py", b"secret = 1")
    return root


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return tmp_path / "clone" / "my-work"


def offer(root: Path, name: str, content: bytes) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(content)


def everything(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_learner_gets_the_lessons_the_exercises_and_nothing_else(course: Path, mine: Path) -> None:
    report = prepare(course, mine)
    names = ["start.ipynb", "01-one.ipynb", "exercises/01-one/01-one.ipynb", "exercises/01-one/signal.csv"]
    assert report.put == names
    assert sorted(everything(mine)) == sorted([*names, ".isometry/handed-out.json"])
    assert (mine / "01-one.ipynb").read_bytes() == (course / "course/01-one.ipynb").read_bytes()


def test_a_second_time_writes_nothing(course: Path, mine: Path) -> None:
    prepare(course, mine)
    before = {name: os.stat(mine / name).st_mtime_ns for name in everything(mine)}
    assert prepare(course, mine).sentences() == []
    assert {name: os.stat(mine / name).st_mtime_ns for name in everything(mine)} == before


def test_an_untouched_notebook_is_brought_up_to_date(course: Path, mine: Path) -> None:
    prepare(course, mine)
    offer(course, "course/01-one.ipynb", notebook("one", "2 + 2"))
    report = prepare(course, mine)
    assert report.updated == ["01-one.ipynb"] and not report.set_aside
    assert (mine / "01-one.ipynb").read_bytes() == notebook("one", "2 + 2")
    assert not list(mine.glob("*.new.*"))


def test_one_that_was_only_run_is_brought_up_to_date_and_the_run_is_kept(course: Path, mine: Path) -> None:
    prepare(course, mine)
    ran = notebook("one", "1 + 1", outputs=3)
    (mine / "01-one.ipynb").write_bytes(ran)
    assert prepare(course, mine).sentences() == [] and (mine / "01-one.ipynb").read_bytes() == ran
    offer(course, "course/01-one.ipynb", notebook("one", "2 + 2"))
    report = prepare(course, mine)
    assert report.updated == ["01-one.ipynb"]
    assert (mine / report.set_aside["01-one.ipynb"]).read_bytes() == ran
    assert "You had run 01-one.ipynb" in " ".join(report.sentences())


def test_an_edited_notebook_is_left_alone_and_the_new_one_laid_beside_it_once(course: Path, mine: Path) -> None:
    prepare(course, mine)
    edited = notebook("one", "1 + 1  # mine")
    (mine / "01-one.ipynb").write_bytes(edited)
    assert prepare(course, mine).sentences() == []  # the course has nothing new
    offer(course, "course/01-one.ipynb", notebook("one", "2 + 2"))
    report = prepare(course, mine)
    assert (mine / "01-one.ipynb").read_bytes() == edited
    assert (mine / "01-one.new.ipynb").read_bytes() == notebook("one", "2 + 2")
    assert report.sentences() == [
        "01-one.ipynb has your own edits and was left alone; the course's new version is 01-one.new.ipynb."
    ]
    (mine / "01-one.new.ipynb").unlink()  # not wanted: it does not come back
    assert prepare(course, mine).sentences() == []
    assert not (mine / "01-one.new.ipynb").exists()
    offer(course, "course/01-one.ipynb", notebook("one", "3 + 3"))  # but a newer one is said again
    assert prepare(course, mine).kept == {"01-one.ipynb": "01-one.new.ipynb"}


def test_the_one_beside_may_be_edited_too(course: Path, mine: Path) -> None:
    prepare(course, mine)
    (mine / "01-one.ipynb").write_bytes(notebook("mine"))
    offer(course, "course/01-one.ipynb", notebook("two"))
    prepare(course, mine)
    (mine / "01-one.new.ipynb").write_bytes(notebook("two, and mine"))
    offer(course, "course/01-one.ipynb", notebook("three"))
    beside = prepare(course, mine).kept["01-one.ipynb"]
    assert (mine / beside).read_bytes() == notebook("three")
    assert (mine / "01-one.new.ipynb").read_bytes() == notebook("two, and mine")
    assert (mine / "01-one.ipynb").read_bytes() == notebook("mine")


def test_adopting_the_new_version_is_renaming_it(course: Path, mine: Path) -> None:
    prepare(course, mine)
    (mine / "01-one.ipynb").write_bytes(notebook("mine"))
    offer(course, "course/01-one.ipynb", notebook("two"))
    prepare(course, mine)
    (mine / "01-one.new.ipynb").replace(mine / "01-one.ipynb")
    offer(course, "course/01-one.ipynb", notebook("three"))
    assert prepare(course, mine).updated == ["01-one.ipynb"]


def test_a_deleted_notebook_comes_back_fresh(course: Path, mine: Path) -> None:
    prepare(course, mine)
    (mine / "01-one.ipynb").write_bytes(notebook("mine"))
    prepare(course, mine)
    (mine / "01-one.ipynb").unlink()
    assert prepare(course, mine).put == ["01-one.ipynb"]
    assert (mine / "01-one.ipynb").read_bytes() == notebook("one", "1 + 1")


def test_a_change_that_only_nbgrader_sees_is_a_new_version(course: Path, mine: Path) -> None:
    name = "exercises/01-one/01-one.ipynb"
    prepare(course, mine)
    offer(course, name, notebook("answer = ...", metadata={"nbgrader": {"points": 2}}))
    assert prepare(course, mine).updated == [name]


def test_what_is_not_the_courses_is_never_looked_at(course: Path, mine: Path) -> None:
    prepare(course, mine)
    (mine / "notes.ipynb").write_bytes(b"my own")
    (mine / "record.jsonl").write_bytes(b"{}\n")
    offer(course, "course/01-one.ipynb", notebook("two"))
    prepare(course, mine)
    assert (mine / "notes.ipynb").read_bytes() == b"my own" and (mine / "record.jsonl").read_bytes() == b"{}\n"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"files": 3}', b'{"files": {"01-one.ipynb": 1}}', b"\xff\xfe"])
def test_where_the_memory_is_damaged_everything_counts_as_edited(course: Path, mine: Path, damage: bytes) -> None:
    prepare(course, mine)
    (mine / ".isometry/handed-out.json").write_bytes(damage)
    offer(course, "course/01-one.ipynb", notebook("two"))
    assert prepare(course, mine).kept == {"01-one.ipynb": "01-one.new.ipynb"}
    assert (mine / "01-one.ipynb").read_bytes() == notebook("one", "1 + 1")


@pytest.mark.parametrize("stop", range(1, 15))
def test_killed_at_any_write_it_leaves_whole_files_and_goes_on(course: Path, mine: Path, stop: int) -> None:
    prepare(course, mine)
    old = everything(mine)
    for name in ("course/start.ipynb", "course/01-one.ipynb", "exercises/01-one/01-one.ipynb"):
        offer(course, name, notebook("new version"))
    (mine / "01-one.ipynb").write_bytes(notebook("one", "1 + 1", outputs=1))
    kill = f"""
import os, sys
from pathlib import Path
from course.jupyter import study
count = 0
def hook(event, args):
    global count
    if event in ("os.rename", "tempfile.mkstemp"):
        count += 1
        if count == {stop}:
            os._exit(9)
sys.addaudithook(hook)
study.prepare(Path(sys.argv[1]), Path(sys.argv[2]))
"""
    clone = Path(study.__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", kill, str(course), str(mine)], cwd=clone, check=False)
    assert killed.returncode == 9
    for name, content in everything(mine).items():
        if name.endswith(".ipynb") and not name.endswith(".part"):
            assert content in (old.get(name), notebook("new version"), notebook("one", "1 + 1", outputs=1))
    prepare(course, mine)
    for name in ("start.ipynb", "01-one.ipynb", "exercises/01-one/01-one.ipynb"):
        assert (mine / name).read_bytes() == notebook("new version")
    assert notebook("one", "1 + 1", outputs=1) in everything(mine).values()


act = st.sampled_from(["course changes", "learner edits", "learner runs", "learner deletes", "prepare", "adopts"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(act, min_size=1, max_size=14))
def test_nothing_a_learner_wrote_is_ever_lost(story: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, mine = Path(folder) / "clone", Path(folder) / "clone" / "my-work"
        offer(root, "course/start.ipynb", notebook("version 0"))
        prepare(root, mine)
        page, theirs = mine / "start.ipynb", []
        for n, what in enumerate(story, start=1):
            if what == "course changes":
                offer(root, "course/start.ipynb", notebook(f"version {n}"))
            elif what == "learner edits":
                page.write_bytes(notebook(f"mine {n}"))
                theirs = [page.read_bytes()]
            elif what == "learner runs" and page.exists():
                sources = ["".join(cell["source"]) for cell in json.loads(page.read_bytes())["cells"]]
                page.write_bytes(notebook(*sources, outputs=n))
                theirs = [page.read_bytes()]
            elif what == "learner deletes":
                page.unlink(missing_ok=True)
                theirs = []
            elif what == "adopts" and (mine / "start.new.ipynb").exists():
                (mine / "start.new.ipynb").replace(page)
                theirs = []
            else:
                prepare(root, mine)
                assert page.exists()
            kept = list(everything(mine).values())
            assert all(content in kept for content in theirs)


def test_no_course_and_no_space_are_one_sentence_each(course: Path, mine: Path, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"There is no course at .*: it has no course/start\.ipynb\."):
        prepare(tmp_path / "empty", mine)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CourseError, match=r"cannot be written \(Not a directory\)"):
        prepare(course, tmp_path / "file" / "my-work")


def test_the_command_prepares_another_courses_folder(course: Path, mine: Path) -> None:
    done = CliRunner().invoke(study.command, ["--root", str(course), "--prepare-only"])
    assert done.exit_code == 0, done.output
    assert "Put start.ipynb, 01-one.ipynb" in done.output and (mine / "start.ipynb").exists()


def test_jupyterlab_opens_on_the_start_page_with_the_courses_settings(tmp_path: Path) -> None:
    base = {"JUPYTER_CONFIG_PATH": "/elsewhere", "EDITOR": "vi"}
    added = study.environment(tmp_path, tmp_path / "mine", base)
    assert added["JUPYTER_CONFIG_PATH"].split(os.pathsep) == [str(study.SETTINGS), "/elsewhere"]
    assert added["ISOMETRY_RECORD"] == str(tmp_path / "mine" / "record.jsonl")
    assert added["JAX_PLATFORMS"] == "cpu" and added["EDITOR"] == "vi"
    assert added["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path / "mine" / ".isometry" / "compiled")
    started = study.jupyterlab(tmp_path / "mine", ("--no-browser", "--port", "8899"), {})
    assert started[1:3] == ["-m", "jupyterlab"] and started[-3:] == ["--no-browser", "--port", "8899"]
    assert "--LabApp.default_url=/lab/tree/start.ipynb" in started
    assert f"--ServerApp.root_dir={tmp_path / 'mine'}" in started
    # Where the learner brings a token of their own, JupyterLab says its address in the log alone: leave the log on.
    assert "--ServerApp.log_level=ERROR" in started
    assert "--ServerApp.log_level=ERROR" not in study.jupyterlab(tmp_path, ("--IdentityProvider.token=x",), {})


def test_a_learners_64_bit_numbers_are_turned_off_and_it_is_said(
    course: Path, mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAX_ENABLE_X64", "1")
    assert study.environment(tmp_path, tmp_path, os.environ)["JAX_ENABLE_X64"] == "0"
    monkeypatch.setattr(os, "execve", lambda *started: None)
    monkeypatch.setattr(os, "chdir", lambda folder: None)
    done = CliRunner().invoke(study.command, ["--root", str(course)])
    assert "JAX_ENABLE_X64 is set in your environment, and is turned off" in done.output
    monkeypatch.delenv("JAX_ENABLE_X64")
    assert "JAX_ENABLE_X64" not in CliRunner().invoke(study.command, ["--root", str(course)]).output


def test_binder_starts_with_the_same_variables(root: Path) -> None:
    ask = "import json, os; print(json.dumps(dict(os.environ)))"
    bare = {"PATH": os.environ["PATH"]}
    said = subprocess.run(
        [root / "start", sys.executable, "-c", ask], cwd=root, env=bare, capture_output=True, check=True
    )
    ours = study.environment(root, root / "my-work", bare)
    binders = json.loads(said.stdout)
    differ = {name for name in ours if ours[name] != binders.get(name)}
    # These three come from postBuild and from where the package lies.
    assert differ == {"JUPYTER_CONFIG_PATH", "ISOMETRY_COURSE", "ISOMETRY_RECORD"}


def test_the_settings_are_those_of_the_installed_jupyterlab() -> None:
    assert shortcuts.OVERRIDES.read_text() == shortcuts.text(), "run: python -m course.jupyter.shortcuts"
    assert len(json.loads(shortcuts.text())["@jupyterlab/shortcuts-extension:shortcuts"]["shortcuts"]) > 40
