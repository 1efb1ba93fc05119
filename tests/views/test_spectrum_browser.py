"""The explorer in a browser, with its Python half behind a hand-made model: it asks, coalesces, draws, measures."""

from __future__ import annotations

import pytest

from course.views import spectrum_explorer

pytestmark = pytest.mark.browser


@pytest.fixture
def explorer():
    return spectrum_explorer(depth=20, sigma_w=1.0)


SLIDE = """([name, values]) => {
  const input = document.querySelector(`[data-setting=${name}]`);
  for (const value of values) { input.value = value; input.dispatchEvent(new Event("input")); }
}"""


def picture(page):
    return page.evaluate("document.querySelector('canvas').toDataURL()")


def settle(page):
    """Until the last question asked is answered and painted."""
    page.wait_for_function(
        "window.sent.length && document.querySelector('.iso-spectrum').dataset.painted === window.sent.at(-1).seq"
    )


def test_it_draws_before_anyone_asks(opened, explorer):
    page = opened(explorer)
    page.wait_for_timeout(100)
    assert page.evaluate("window.sent") == []
    assert page.inner_text(".iso-words") == explorer.words
    assert page.get_by_role("img", name="Singular values of the product").count() == 1
    blank = page.evaluate("""() => {
      const blank = document.querySelector("canvas").cloneNode();  // the size, without what is drawn
      return blank.toDataURL();
    }""")
    assert picture(page) != blank
    assert page.faults == []


@pytest.mark.parametrize(
    ("name", "value"), [("depth", "45"), ("sigma_w", "2.5"), ("phi", "relu"), ("init", "orthogonal")]
)
def test_every_control_changes_the_picture_and_the_words(opened, explorer, name, value):
    page = opened(explorer, kernel=explorer.handle)
    page.wait_for_timeout(100)
    before, said = picture(page), page.inner_text(".iso-words")
    page.evaluate(SLIDE, [name, [value]])
    settle(page)
    assert picture(page) != before
    assert str(getattr(explorer, name)) == value
    assert page.inner_text(".iso-words") == explorer.words != said
    assert page.get_attribute("canvas", "aria-label") == explorer.alt


def test_residual_and_another_net(opened, explorer):
    page = opened(explorer, kernel=explorer.handle)
    page.get_by_label("Residual").check()
    settle(page)
    assert explorer.residual
    page.get_by_role("button", name="Another net").click()
    page.wait_for_function("window.sent.length === 2")
    settle(page)
    assert explorer.seed == 1
    assert page.faults == []


def test_the_keyboard_moves_the_sliders(opened, explorer):
    page = opened(explorer, kernel=explorer.handle)
    page.get_by_label("Depth L").focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    assert explorer.depth == 21
    page.get_by_label("Weight scale").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("window.sent.length === 2")
    settle(page)
    assert explorer.sigma_w == pytest.approx(0.99)


def test_only_the_latest_of_many_questions_is_asked_and_the_old_picture_stays_meanwhile(opened, explorer):
    page = opened(explorer)  # a kernel that does not answer
    page.wait_for_timeout(100)
    before = picture(page)
    page.evaluate(SLIDE, ["sigma_w", [0.5, 0.6, 0.7, 0.8, 0.9]])
    page.wait_for_timeout(100)
    first = page.evaluate("window.sent")
    assert [question["sigma_w"] for question in first] == [0.5]
    assert picture(page) == before
    explorer.handle(first[0])
    page.evaluate("(answer) => window.receive(answer)", wired(explorer))
    assert [question["sigma_w"] for question in page.evaluate("window.sent")] == [0.5, 0.9]
    assert page.input_value("[data-setting=sigma_w]") == "0.9"  # the reader's slider is not pulled back


def wired(explorer):
    import base64

    return {"state": {"answer": explorer.answer}, "bytes": {"curves": base64.b64encode(explorer.curves).decode()}}


def test_an_answer_to_someone_else_is_drawn_but_not_measured(opened, explorer):
    page = opened(explorer)
    explorer.sigma_w = 2.0  # from Python
    page.evaluate("(answer) => window.receive(answer)", wired(explorer))
    page.wait_for_timeout(100)
    assert page.input_value("[data-setting=sigma_w]") == "2"
    assert page.inner_text(".iso-words") == explorer.words
    assert page.evaluate("performance.getEntriesByName('isometry:redraw').length") == 0


def test_each_answered_question_is_measured_from_input_to_painted(opened, explorer):
    page = opened(explorer, kernel=explorer.handle)
    for sigma_w in (0.5, 1.5, 2.5):
        page.evaluate(SLIDE, ["sigma_w", [sigma_w]])
        settle(page)
    measured = page.evaluate("performance.getEntriesByName('isometry:redraw').map((e) => [e.duration, e.detail.seq])")
    asked = [question["seq"] for question in page.evaluate("window.sent")]
    assert [seq for _, seq in measured] == asked
    assert len(asked) == 3
    assert all(duration > 0 for duration, _ in measured)


def test_the_measure_begins_with_the_readers_input_and_not_with_the_answer(opened, explorer):
    page = opened(explorer)
    page.evaluate(SLIDE, ["sigma_w", [1.7]])
    page.wait_for_timeout(250)  # a slow kernel
    explorer.handle(page.evaluate("window.sent")[0])
    page.evaluate("(answer) => window.receive(answer)", wired(explorer))
    settle(page)
    (duration,) = page.evaluate("performance.getEntriesByName('isometry:redraw').map((e) => e.duration)")
    assert duration >= 250


def test_a_kernel_that_does_not_answer_is_mentioned_and_forgotten_when_it_does(opened, explorer):
    page = opened(explorer)
    page.evaluate(SLIDE, ["depth", [30]])
    page.get_by_text("The kernel has not answered yet").wait_for(timeout=5000)
    explorer.handle(page.evaluate("window.sent")[0])
    page.evaluate("(answer) => window.receive(answer)", wired(explorer))
    settle(page)
    assert not page.get_by_text("The kernel has not answered yet").is_visible()


def test_pure_parts(opened, explorer):
    page = opened(explorer)
    # Limits are whole steps outside the data, so that small moves of a slider leave the axis alone.
    assert page.evaluate("window.view.steady(-0.2, 0.1)") == [-0.5, 0.5]
    assert page.evaluate("window.view.steady(-33, 2)") == [-35, 5]
    low, high = page.evaluate("window.view.steady(-7.9, 0)")
    assert low <= -8 and high >= 0
    # The median: half way between the two in the middle; unknown when one of them is.
    assert page.evaluate("window.view.middle([9, 0, -1, -3, -5], 1, 4)") == -2
    assert page.evaluate("String(window.view.middle([0, -1, NaN, NaN], 0, 4))") == "NaN"
    # All lines start at σ = 1, and the floor lies at the resolution below the largest.
    seen = page.evaluate("""() => { const s = window.view.lines([1, 0, 2, NaN], 2, 2, -12);
        return [Array.from(s.ranks[0]), Array.from(s.floor), s.unknown, s.low, s.high]; }""")
    assert seen == [[0, 1, 2], [-12, -11, -10], True, -11, 2]
