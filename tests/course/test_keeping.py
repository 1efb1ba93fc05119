"""Keeping the record: browser and kernel meet and both have everything; files come back; garbage and strangers do not.

The browser's half is the real `keeper.js` in a real browser, on a bare page; the kernel's half is called directly.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import expect

from course import clock, kernel_info
from course.errors import CourseError
from course.mastery import record
from course.mastery.record import Event
from course.record_sync import exchange, keeper
from course.record_sync.exchange import Exchange, bring_in, pack, unpack

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


def event(n: int, id: str = "", **what: Any) -> Event:
    what = {"skill": "sample.scale", "exercise": "sample.gradient_scale", "arguments": {"n": n}, "right": True} | what
    return Event("answer", "01-sample", **what, at=BEGAN + timedelta(seconds=n), id=id or f"{n:032x}")


def line(one: Event) -> bytes:
    return msgspec.json.encode(one)


def lines(*numbers: int) -> list[bytes]:
    return [line(event(n)) for n in numbers]


def held(path: Path) -> dict[str, bytes]:
    """What the record at `path` has, by id."""
    return record.by_id(record.text(path))


# --------------------------------------------------------------------------- the browser's half, on a bare page

# A copy in memory for `meet`, and what anywidget gives a widget: get, on, send with buffers.
_PAGE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/view.css">
<body><div id="here"></div><script type="module">
import * as half from "/keeper.js";
const text64 = (buffer) => btoa([...new Uint8Array(buffer)].map((c) => String.fromCharCode(c)).join(""));
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const call = async (question, parts = []) => {
  const [answer, buffers] = JSON.parse(await window.kernel(JSON.stringify([question, parts.map(text64)])));
  return { answer, buffers: buffers.map(bytes) };
};
const ask = async (question, parts) => {
  const got = await call(question, parts);
  if (got.answer.refused) throw new Error(got.answer.refused);
  return got;
};
window.meet = async (held, bytes, welcome) => {
  const events = new Map(Object.entries(held));
  const copy = {
    ids: async () => [...events.keys()],
    lines: async (ids) => ids.map((id) => events.get(id)),
    put: async (entries) => entries.forEach(([id, line]) => events.set(id, line)),
  };
  return [await half.meet(copy, ask, bytes, welcome), Object.fromEntries(events)];
};
window.open_keeper = async (settings) => {
  const heard = [];
  const model = {
    get: (name) => ({ settings })[name],
    on: (name, then) => heard.push(then),
    send: (question, callbacks, parts) =>
      call(question, parts).then(({ answer, buffers }) => heard.forEach((then) => then(answer, buffers))),
  };
  window.hear = (content) => heard.forEach((then) => then(content, []));
  const { default: widget } = await import(`/keeper.js?${Math.random()}`); // one module is one keeper
  widget.initialize({ model });
  widget.render({ model, el: document.getElementById("here") });
};
window.ready = true;
</script>"""


@dataclass
class Kernel:
    """The kernel's half behind the page: an exchange on a record, and how large the messages were."""

    path: Path
    exchange: Exchange = field(init=False)
    largest: int = 0
    messages: int = 0

    def __post_init__(self) -> None:
        self.exchange = Exchange(lambda: record.text(self.path), lambda lines: record.add(lines, self.path))

    def hear(self, message: str) -> str:
        asked, parts = json.loads(message)
        try:
            answer, going = self.exchange.answer(asked, [base64.b64decode(part) for part in parts])
        except CourseError as error:
            answer, going = {"refused": str(error)}, []
        said = json.dumps(
            [
                {**answer, "seq": asked.get("seq"), "name": exchange.file_name("Small")},
                [base64.b64encode(part).decode() for part in going],
            ]
        )
        self.messages += 1
        self.largest = max(self.largest, len(message), len(said))
        return said


@dataclass
class Page:
    """A browser's page with the keeper on it, and the kernel behind it, which may be changed for another."""

    page: Any
    kernel: Kernel

    def meet(self, held: dict[str, str], bytes: int = exchange.BYTES, welcome: bool = False) -> tuple[dict, dict]:
        met, after = self.page.evaluate("a => window.meet(...a)", [held, bytes, welcome])
        return met, after

    def keeper(self, kernel: Kernel | None = None, storage: str = "") -> Any:
        """Open the page anew, with a keeper on it; `storage` is run first. What is seen of it."""
        self.kernel = kernel or self.kernel
        self.page.goto("http://keeper.test/")
        self.page.wait_for_function("window.ready")
        if storage:
            self.page.evaluate(f"() => {{ {storage} }}")
        settings = {"store": "Small 1", "bytes": exchange.BYTES, "ids": exchange.IDS, "largest": exchange.LARGEST}
        self.page.evaluate("settings => window.open_keeper(settings)", settings)
        return self.page.locator(".iso-keeper")


@pytest.fixture
def opened(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """`opened(**context)`: a page in a browser of its own, with nothing in its storage."""
    contexts = []

    def open_page(**options: Any) -> Page:
        context = chromium.new_context(**options)
        contexts.append(context)
        page = Page(context.new_page(), Kernel(tmp_path / "record.jsonl"))
        files = {
            "/": ("text/html", _PAGE),
            "/keeper.js": ("text/javascript", keeper.Keeper._esm),
            "/view.css": ("text/css", keeper.Keeper._css),
        }

        def serve(route: Any) -> None:
            kind, body = files.get("/" + route.request.url.split("/", 3)[3].partition("?")[0], ("text/plain", ""))
            route.fulfill(content_type=f"{kind}; charset=utf-8", body=str(body))

        page.page.route("**/*", serve)
        page.page.expose_function("kernel", lambda message: page.kernel.hear(message))
        page.page.goto("http://keeper.test/")
        page.page.wait_for_function("window.ready")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(opened: Callable[..., Page]) -> Page:
    return opened()


# --------------------------------------------------------------------------- the meeting

IDS = st.text(min_size=1, max_size=8)
EVENTS = st.dictionaries(IDS, st.tuples(st.integers(0, 10**6), st.text(max_size=60)), max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS, data=st.data(), ids=st.integers(1, 9), size=st.integers(1, 900))
@pytest.mark.browser
def test_after_the_meeting_both_have_the_union_whatever_each_had_and_however_small_the_messages(
    page: Page, monkeypatch: pytest.MonkeyPatch, events: dict, data: st.DataObject, ids: int, size: int
) -> None:
    monkeypatch.setattr(exchange, "IDS", ids)
    monkeypatch.setattr(exchange, "BYTES", size)
    everything = {id: line(event(n, id, asked=text)) for id, (n, text) in events.items()}
    where = {id: data.draw(st.sampled_from("kernel browser both".split()), label=id) for id in everything}
    there = [one for id, one in everything.items() if where[id] != "browser"]
    here = {id: one.decode() for id, one in everything.items() if where[id] != "kernel"}
    page.kernel.path.write_bytes(b"".join(one + b"\n" for one in there))

    met, after = page.meet(here, bytes=size, welcome=True)

    assert {id: text.encode() for id, text in after.items()} == everything == held(page.kernel.path)
    assert met == {"brought": sum(w == "browser" for w in where.values()), "kept": len(everything)}
    # Met once more, nothing moves.
    before = page.kernel.path.read_bytes()
    again, same = page.meet(after, bytes=size)
    assert again == {"brought": 0, "kept": len(everything)}
    assert same == after and page.kernel.path.read_bytes() == before


@pytest.mark.browser
def test_two_records_with_nothing_in_common_are_left_apart_until_the_reader_says_they_are_theirs(page: Page) -> None:
    page.kernel.path.write_bytes(b"\n".join(lines(1, 2)))
    strange = {id: one.decode() for id, one in record.by_id(b"\n".join(lines(7, 8, 9))).items()}
    met, after = page.meet(strange)
    assert met == {"strangers": 3} and after == strange
    assert len(held(page.kernel.path)) == 2
    met, after = page.meet(strange, welcome=True)
    assert met == {"brought": 3, "kept": 5} and len(after) == len(held(page.kernel.path)) == 5


@pytest.mark.browser
@pytest.mark.slow
def test_a_hundred_thousand_events_come_and_go_in_messages_of_bounded_size(page: Page, tmp_path: Path) -> None:
    everything = {f"{n:032x}": line(event(n, asked="What is left of a gradient? " * 8)) for n in range(100_000)}
    page.kernel.path.write_bytes(b"\n".join(everything.values()) + b"\n")
    page.page.evaluate("async () => { [window.met, window.mine] = await window.meet({}, 1_000_000, false); }")
    assert page.page.evaluate("window.met") == {"brought": 0, "kept": 100_000}
    # A fresh server: everything goes the other way.
    page.kernel = there = Kernel(tmp_path / "fresh.jsonl")
    met = page.page.evaluate("async () => (await window.meet(window.mine, 1_000_000, false))[0]")
    assert met == {"brought": 100_000, "kept": 100_000}
    assert held(there.path) == everything
    assert there.largest < 1_500_000 and there.messages < 200


def test_one_page_that_is_done_takes_nothing_from_another_that_is_not(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path / "record.jsonl")
    record.add(lines(1, 2), kernel.path)
    ids = kernel.exchange.answer({"do": "ids", "after": 0}, [])[0]["ids"]
    kernel.exchange.answer({"do": "done"}, [])
    answer, going = kernel.exchange.answer({"do": "give", "ids": ids}, [])
    assert answer == {"done": 2} and unpack(going) == b"\n".join(lines(1, 2))


def test_lines_that_were_damaged_on_the_way_are_refused_and_nothing_is_taken(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path / "record.jsonl")
    with pytest.raises(CourseError, match=r"damaged on the way\. Nothing was taken"):
        kernel.exchange.answer({"do": "take", "of": "x", "more": False}, [b"no deflate"])
    assert not kernel.path.exists()


def test_what_comes_in_parts_is_taken_when_the_last_is_there_and_not_before(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path / "record.jsonl")
    whole = b"".join(one + b"\n" for one in lines(1, 2, 3))
    for part in (whole[:100], whole[100:250], whole[250:]):
        assert kernel.exchange.answer({"do": "take", "of": "x", "more": True}, [zlib.compress(part)]) == ({}, [])
        assert not kernel.path.exists()
    assert kernel.exchange.answer({"do": "take", "of": "x", "more": False}, [zlib.compress(b"")])[0] == {"new": 3}
    assert len(held(kernel.path)) == 3


def test_too_much_is_refused_while_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "LARGEST", 1_000_000)
    kernel = Kernel(tmp_path / "record.jsonl")
    part = [zlib.compress(bytes(600_000))]
    kernel.exchange.answer({"do": "upload", "name": "x", "of": "x", "more": True}, part)
    with pytest.raises(CourseError, match="larger than 1 MB, and so no record"):
        kernel.exchange.answer({"do": "upload", "name": "x", "of": "x", "more": True}, part)


def test_an_unknown_question_is_answered_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="Reload the page"):
        Kernel(tmp_path / "record.jsonl").exchange.answer({"do": "sing"}, [])


@given(st.lists(st.binary(min_size=1).filter(lambda b: b"\n" not in b), min_size=1))
def test_what_is_packed_is_unpacked(parts: list[bytes]) -> None:
    assert unpack([pack(parts)]) == b"\n".join(parts)


# --------------------------------------------------------------------------- a file


def test_a_file_is_taken_by_event_id_and_taking_it_again_changes_nothing(tmp_path: Path) -> None:
    record.add(lines(1, 2))
    file = b"\n".join(lines(2, 3, 4))
    assert bring_in(file, "mine.jsonl") == "Took 2 new events from mine.jsonl; the other 1 was in your record already."
    assert bring_in(file, "mine.jsonl") == "Took 0 new events from mine.jsonl; all 3 were in your record already."
    one = b"\n".join(lines(4))
    assert bring_in(one, "one.jsonl") == "Took 0 new events from one.jsonl; the one in it was in your record already."
    assert sorted(record.by_id(record.text())) == [f"{n:032x}" for n in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    "saved",
    [
        lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"),
        lambda data: data.decode().encode("utf-16"),
        lambda data: b"\n".join(b"\xef\xbb\xbf" + one for one in data.split(b"\n")),
    ],
    ids=["a mark and CRLF", "UTF-16", "files with marks, joined"],
)
def test_a_record_that_an_editor_saved_anew_loses_no_event(tmp_path: Path, saved: Callable[[bytes], bytes]) -> None:
    file = saved(b"\n".join(lines(1, 2, 3)))
    assert bring_in(file, "mine.jsonl") == "Took 3 new events from mine.jsonl."
    assert [one.id for one in record.read().events] == [f"{n:032x}" for n in (1, 2, 3)]
    assert record.read().torn == 0


def test_a_line_that_is_no_event_is_named_by_its_number(tmp_path: Path) -> None:
    first, second = lines(1, 2)
    said = bring_in(b"\n".join([first, b"torn", b"", second, b"{}"]), "mine.jsonl")
    assert said == "Took 2 new events from mine.jsonl. No events, and left out: lines 2, 5."


@pytest.mark.parametrize("garbage", [b"", b"hello", b"\x89PNG\r\n\x1a\n\x00", b'{"id": 3}\n[]\n', b"null"])
def test_garbage_is_refused_in_one_sentence_and_the_record_stays_as_it_was(garbage: bytes) -> None:
    record.add(lines(1))
    before = record.text()
    with pytest.raises(CourseError, match=r"holiday\.jpg is no record of this course: no line of it is an event"):
        bring_in(garbage, "holiday.jpg")
    assert record.text() == before


def test_a_downloaded_record_is_named_after_the_course_and_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 21, 23, 59, tzinfo=UTC))
    assert exchange.file_name("Isometry") == "isometry-record-2026-11-21.jsonl"
    assert exchange.file_name("Deep Nets: a /course/") == "deep-nets-a-course-record-2026-11-21.jsonl"


# --------------------------------------------------------------------------- the keeper, seen and used


@pytest.mark.browser
def test_what_the_browser_kept_comes_back_to_a_fresh_server_by_opening_the_keeper(page: Page, tmp_path: Path) -> None:
    page.kernel.path.write_bytes(b"\n".join(lines(*range(30))))
    expect(page.keeper()).to_contain_text("✓ This browser keeps a copy of your record: 30 events.")
    fresh = Kernel(tmp_path / "fresh.jsonl")
    seen = page.keeper(fresh)
    expect(seen).to_contain_text("keeps a copy of your record: 30 events. Brought back 30 events from it.")
    assert held(fresh.path) == held(tmp_path / "record.jsonl")
    expect(seen).to_contain_text("That copy stays in this browser, on this host. Binder may give you another host")


@pytest.mark.browser
def test_an_answer_is_kept_as_soon_as_it_is_written(page: Page, tmp_path: Path) -> None:
    page.kernel.path.write_bytes(b"\n".join(lines(1)))
    seen = page.keeper()
    expect(seen).to_contain_text("1 event.")
    one = event(2)
    page.page.evaluate("content => window.hear(content)", {"put": one.id, "line": line(one).decode()})
    expect(seen).to_contain_text("2 events.")
    fresh = Kernel(tmp_path / "fresh.jsonl")
    expect(page.keeper(fresh)).to_contain_text("Brought back 2 events")
    assert list(held(fresh.path)) == [event(1).id, one.id]


@pytest.mark.browser
@pytest.mark.parametrize("theirs", [True, False])
def test_another_ones_copy_is_asked_about_before_anything_is_taken(page: Page, tmp_path: Path, theirs: bool) -> None:
    page.kernel.path.write_bytes(b"\n".join(lines(1, 2, 3)))
    expect(page.keeper()).to_contain_text("3 events.")
    other = Kernel(tmp_path / "other.jsonl")
    other.path.write_bytes(b"\n".join(lines(8, 9)))
    seen = page.keeper(other)
    expect(seen).to_contain_text("? This browser keeps 3 events of a record that has nothing in common with yours.")
    assert len(held(other.path)) == 2
    seen.get_by_role("button", name="Leave them" if theirs else "They are mine: bring them in").click()
    if theirs:
        expect(seen).to_contain_text("They are left as they are, and this browser keeps no copy of your record.")
        one = event(10)
        page.page.evaluate("content => window.hear(content)", {"put": one.id, "line": line(one).decode()})
        page.kernel.path.unlink()
        expect(page.keeper(Kernel(tmp_path / "third.jsonl"))).to_contain_text("Brought back 3 events")
    else:
        expect(seen).to_contain_text("5 events. Brought back 3 events from it.")
        assert len(held(other.path)) == 5
    expect(seen.get_by_role("button", name="Leave them")).to_have_count(0)


DENIED = {
    "none": "delete Object.getPrototypeOf(window).indexedDB; delete window.indexedDB",
    "switched off": "IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError'); }",
    "failing": """IDBFactory.prototype.open = () => {
        const request = { error: new DOMException('no', 'UnknownError') };
        setTimeout(() => request.onerror());
        return request; }""",
}


@pytest.mark.browser
@pytest.mark.parametrize("how", DENIED)
def test_where_storage_is_denied_it_is_said_calmly_and_the_rest_works(page: Page, how: str) -> None:
    faults: list[str] = []
    page.page.on("pageerror", lambda error: faults.append(str(error)))
    page.kernel.path.write_bytes(b"\n".join(lines(1, 2)))
    seen = page.keeper(storage=DENIED[how])
    expect(seen).to_contain_text("○ This browser keeps no copy: a private window, or its storage is switched off.")
    with page.page.expect_download() as coming:
        seen.get_by_role("button", name="Download my record").click()
    assert record.by_id(Path(coming.value.path()).read_bytes()) == held(page.kernel.path)
    assert faults == []


@pytest.mark.browser
def test_a_full_storage_ends_the_copy_and_nothing_else(page: Page) -> None:
    page.kernel.path.write_bytes(b"\n".join(lines(1, 2)))
    full = "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); }"
    expect(page.keeper(storage=full)).to_contain_text("keeps no copy any more: its storage is full")


@pytest.mark.browser
def test_the_record_is_downloaded_and_uploaded_in_one_click_each(page: Page, tmp_path: Path) -> None:
    page.kernel.path.write_bytes(b'{"torn\n' + b"\n".join(lines(3, 1, 2, 2)))
    seen = page.keeper()
    with page.page.expect_download() as coming:
        seen.get_by_role("button", name="Download my record").click()
    name = coming.value.suggested_filename
    assert re.fullmatch(r"small-record-\d{4}-\d\d-\d\d\.jsonl", name)
    expect(seen).to_contain_text(f"✓ Downloaded {name} with 3 events.")
    file = tmp_path / name
    coming.value.save_as(file)
    assert file.read_bytes() == b"".join(one + b"\n" for one in lines(1, 2, 3)), "as merge would write it"

    page.kernel = Kernel(tmp_path / "fresh.jsonl")
    with page.page.expect_file_chooser() as choosing:
        seen.get_by_role("button", name="Upload a record…").click()
    choosing.value.set_files(file)
    expect(seen).to_contain_text(f"✓ Took 3 new events from {name}.")


@pytest.mark.browser
def test_an_uploaded_picture_is_refused_in_one_sentence(page: Page, root: Path) -> None:
    seen = page.keeper()
    with page.page.expect_file_chooser() as choosing:
        seen.get_by_role("button", name="Upload a record…").click()
    choosing.value.set_files(root / "course" / "images" / "lesson.png")
    expect(seen).to_contain_text("! lesson.png is no record of this course: no line of it is an event.")
    expect(seen.get_by_role("button", name="Upload a record…")).to_be_enabled()


@pytest.mark.browser
def test_an_empty_record_is_not_downloaded(page: Page) -> None:
    seen = page.keeper()
    seen.get_by_role("button", name="Download my record").click()
    expect(seen).to_contain_text("There is nothing in your record yet: answer a question first.")
    expect(seen).to_contain_text("○ This browser will keep a copy of your record.")


class Short(Kernel):
    """A kernel that tells of events and sends none of them."""

    def hear(self, message: str) -> str:
        answer, parts = json.loads(super().hear(message))
        if "done" in answer:
            answer, parts = answer | {"done": 0}, [base64.b64encode(pack([])).decode()]
        return json.dumps([answer, parts])


@pytest.mark.browser
def test_a_record_that_comes_in_part_is_said_and_not_taken_for_all_of_it(page: Page, tmp_path: Path) -> None:
    short = Short(tmp_path / "short.jsonl")
    short.path.write_bytes(b"\n".join(lines(1, 2)))
    seen = page.keeper(short)
    said = "! The kernel did not send all of your record. Restart it, run this cell again, and try once more."
    expect(seen.locator("span[role=status]")).to_have_text(said)
    saved: list[object] = []
    page.page.on("download", lambda coming: saved.append(coming))
    seen.get_by_role("button", name="Download my record").click()
    expect(seen.locator("p[role=status]")).to_have_text(said)
    assert saved == []


@pytest.mark.browser
def test_what_a_browser_cannot_do_is_said_and_may_be_tried_again(page: Page) -> None:
    page.kernel.path.write_bytes(b"\n".join(lines(1, 2)))
    seen = page.keeper(
        storage="window.makes = URL.createObjectURL; URL.createObjectURL = () => { throw new TypeError('no'); }"
    )
    download = seen.get_by_role("button", name="Download my record")
    download.click()
    expect(seen).to_contain_text(
        "! This browser could not do that. Nothing of your record is lost: reload the page, and try again."
    )
    expect(download).to_be_enabled()
    page.page.evaluate("() => { URL.createObjectURL = window.makes; }")
    with page.page.expect_download():
        download.click()
    expect(seen).to_contain_text("✓ Downloaded")


@pytest.mark.browser
def test_a_kernel_that_lets_a_question_wait_is_told_of_until_it_answers(page: Page) -> None:
    busy = "window.real = window.kernel; window.kernel = (m) => new Promise((go) => { window.go = () => go(window.real(m)); })"
    seen = page.keeper(storage=busy)
    expect(seen).to_contain_text("Looking at this browser's copy")
    expect(seen).to_contain_text("The kernel has not answered yet: it is busy with another cell, or it was stopped")
    page.page.evaluate("() => { window.kernel = window.real; window.go(); }")
    expect(seen).to_contain_text("This browser will keep a copy of your record.")


@pytest.mark.browser
def test_every_control_has_a_name_and_a_role_and_what_changes_is_announced(page: Page) -> None:
    seen = page.keeper()
    expect(seen).to_contain_text("will keep a copy")
    expect(seen).to_match_aria_snapshot("""
        - group "Your record":
          - button "Download my record"
          - button "Upload a record…"
          - status: /will keep a copy/
          - paragraph: /Binder may give you another host/
    """)


# --------------------------------------------------------------------------- the widget in the kernel


@pytest.fixture
def _nobodys_keeper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "_kept", None)
    monkeypatch.setattr(record, "watchers", [])


@pytest.mark.usefixtures("_nobodys_keeper")
def test_what_is_appended_is_sent_to_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, sent = keeper.keeper(), []
    monkeypatch.setattr(kept, "send", lambda content, buffers=None: sent.append(content))
    one = event(1)
    record.append(one)
    assert sent == [{"put": one.id, "line": record.text().decode().strip()}]
    assert keeper.keeper() is kept, "one keeper a kernel"


@pytest.mark.usefixtures("_nobodys_keeper")
def test_whoever_shows_the_record_is_told_of_what_came_from_the_browser_and_not_of_questions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept, told, sent = keeper.keeper(), [], []
    monkeypatch.setattr(kept, "send", lambda content, buffers=None: sent.append(content))
    kept.after.append(lambda: told.append(True))
    kept.handle({"do": "ids", "after": 0, "seq": 1}, [])
    assert sent[-1]["of"] == 0 and sent[-1]["seq"] == 1 and not told
    kept.handle({"do": "take", "of": "x", "more": False, "seq": 2}, [pack(lines(1, 2))])
    assert sent[-1]["new"] == 2 and told == [True]
    kept.handle({"do": "take", "of": "y", "more": False, "seq": 3}, [b"damaged"])
    assert "damaged on the way" in sent[-1]["refused"] and told == [True]


@pytest.mark.usefixtures("_nobodys_keeper")
def test_nothing_is_kept_where_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_info, "kernel", lambda: object())
    monkeypatch.setattr(kernel_info, "person_present", lambda: False)
    keeper.keep()
    assert keeper._kept is None and record.watchers == []
    monkeypatch.setattr(kernel_info, "person_present", lambda: True)
    keeper.keep()
    assert keeper._kept is not None


def test_the_widget_carries_no_event_of_the_record_so_that_a_saved_notebook_does_not() -> None:
    record.add(lines(1, 2, 3))
    state = json.dumps({k: v for k, v in keeper.Keeper().get_state().items() if k not in ("_esm", "_css")}, default=str)
    assert "sample.scale" not in state and f"{1:032x}" not in state
