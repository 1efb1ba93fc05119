"""The player in a browser, without Jupyter: its state machine, its controls, its keys, its picture."""

from __future__ import annotations

import numpy as np
import pytest

from course.views import Bars, Grid, Lines, Panel, Player

pytestmark = pytest.mark.browser
T = 6


@pytest.fixture(scope="module")
def view():
    bars = 1.0 + np.arange(T)[:, None] * np.array([1.0, 0.0, -0.1])
    heat = np.arange(T)[:, None, None] * np.ones((2, 2))
    return Player(
        [
            Panel([Bars([0, 1, 2], bars, label="bars", highlight=np.arange(T) % 3)], "Bars", xlabel="x", ylabel="y"),
            Panel([Grid(heat), Lines([0, 1], [0, 1])], "Grid", xlabel="column", ylabel="row"),
        ],
        [f"frame {k}" for k in range(T)],
        title="A player", alt="Three bars and a grid.", takeaway="Bars grow.", t_label="step", times=np.arange(T) * 10,
        descriptions=[f"Sentence {k}." for k in range(T)], seconds_per_frame=0.1,
    )  # fmt: skip


def frame(page):
    return int(page.get_attribute(".iso-player", "data-frame"))


def picture(page):
    return page.evaluate("document.querySelector('canvas').toDataURL()")


def press(page, *keys):
    page.focus(".iso-player")
    for key in keys:
        page.keyboard.press(key)


# --- the state machine: pure functions of player.js -----------------------------------------------------------

RUN = """([last, actions]) => {
  let state = window.view.initial(last);
  for (const action of actions) state = window.view.reduce(state, action);
  return state;
}"""


def after(page, *actions, last=5):
    return page.evaluate(RUN, [last, [{"type": action} if isinstance(action, str) else action for action in actions]])


def tick(frames):
    return {"type": "tick", "frames": frames}


def test_state_machine(opened, view):
    page = opened(view)
    # Steps are clamped at both ends, and stop the play.
    assert after(page)["position"] == 0
    assert after(page, "back")["position"] == 0
    assert after(page, *["forward"] * 9)["position"] == 5
    assert after(page, "last", "back")["position"] == 4
    assert after(page, "last", "first")["position"] == 0
    assert after(page, {"type": "seek", "position": 99})["position"] == 5
    assert after(page, "toggle", "forward")["playing"] is False
    # Between two frames, a step goes to the next whole one on that side.
    between = ["toggle", tick(2.4)]
    assert after(page, *between)["position"] == pytest.approx(2.4)
    assert after(page, *between, "forward")["position"] == 3
    assert after(page, *between, "back")["position"] == 2
    # Play: time passes at the speed chosen, ends at the end, starts again from the start.
    assert after(page, tick(3))["position"] == 0
    assert after(page, "toggle", "faster", tick(1))["position"] == 2
    assert after(page, "toggle", "slower", "slower", "slower", tick(4))["position"] == 1
    assert after(page, "toggle", tick(99))["position"] == 5
    assert after(page, "toggle", tick(99))["playing"] is False
    assert after(page, "last", "toggle")["position"] == 0
    assert after(page, "toggle", "toggle")["playing"] is False
    assert after(page, "toggle", tick(-3))["position"] == 0
    assert after(page, "toggle", last=0)["playing"] is False
    # Speeds 0.25 to 4, nothing else.
    assert page.evaluate("window.view.SPEEDS") == [0.25, 0.5, 1, 2, 4]
    assert after(page, *["faster"] * 9)["speed"] == 4
    assert after(page, *["slower"] * 9)["speed"] == 0.25
    assert after(page, {"type": "speed", "speed": 3})["speed"] == 1
    # Zoom never shows what lies outside the axes.
    zoomed = after(page, {"type": "zoom", "factor": 4, "x": 1, "y": 0})
    assert zoomed["zoom"] == 4
    assert zoomed["x"] == pytest.approx(0.875) and zoomed["y"] == pytest.approx(0.125)
    assert after(page, {"type": "zoom", "factor": 0.1})["zoom"] == 1
    assert after(page, *[{"type": "zoom", "factor": 4}] * 9)["zoom"] == 32
    assert after(page, {"type": "zoom", "factor": 2}, {"type": "pan", "x": 9, "y": -9})["x"] == 0.75
    whole = after(page, {"type": "zoom", "factor": 4, "x": 1, "y": 0}, "whole")
    assert (whole["zoom"], whole["x"], whole["y"]) == (1, 0.5, 0.5)
    assert after(page, "nonsense") == after(page)


def test_the_point_under_the_pointer_stays_there_while_zooming(opened, view):
    page = opened(view)
    state = after(page, {"type": "zoom", "factor": 2, "x": 0.6, "y": 0.4})
    seen = 0.5 + (0.6 - state["x"]) * state["zoom"]
    assert seen == pytest.approx(0.6)
    low, high = page.evaluate(
        "([lim, zoom, x]) => window.view.windowOf(lim, zoom, x)", [[0, 10], state["zoom"], state["x"]]
    )
    assert high - low == pytest.approx(5)
    assert low + seen * (high - low) == pytest.approx(6)


def test_between_frames_numbers_glide_and_what_is_unknown_waits(opened, view):
    page = opened(view)
    code = """(position) => Array.from(window.view.sample(
        { values: new Float32Array([0, NaN, 2, 10, 4, 2]), frames: 2, size: 3 }, position)).map(String)"""
    assert page.evaluate(code, 0) == ["0", "NaN", "2"]
    assert page.evaluate(code, 0.25) == ["2.5", "NaN", "2"]
    assert page.evaluate(code, 0.75) == ["7.5", "4", "2"]
    assert page.evaluate(code, 1) == ["10", "4", "2"]


# --- the controls ---------------------------------------------------------------------------------------------


def test_buttons_step_jump_and_say_where_they_are(opened, view):
    page = opened(view)
    assert page.inner_text(".iso-time") == "step = 0"
    page.get_by_role("button", name="Step forward").click()
    assert (frame(page), page.inner_text(".iso-time"), page.inner_text(".iso-words")) == (1, "step = 10", "Sentence 1.")
    page.get_by_role("button", name="Last frame").click()
    assert frame(page) == T - 1
    page.get_by_role("button", name="Step back").click()
    assert frame(page) == T - 2
    page.get_by_role("button", name="First frame").click()
    assert frame(page) == 0
    assert page.faults == []


def test_every_frame_is_another_picture_and_stepping_back_brings_the_old_one(opened, view):
    page = opened(view)
    seen = [picture(page)]
    for _ in range(T - 1):
        page.get_by_role("button", name="Step forward").click()
        seen.append(picture(page))
    assert len(set(seen)) == T
    page.get_by_role("button", name="Step back").click()
    assert picture(page) == seen[-2]


def test_it_plays_to_the_end_without_asking_anyone_and_stops(opened, view):
    page = opened(view)
    play = page.get_by_role("button", name="Play")
    play.click()
    assert page.get_by_role("button", name="Pause").count() == 1
    page.wait_for_selector(f".iso-player[data-frame='{T - 1}']", timeout=10_000)
    page.get_by_role("button", name="Play").wait_for()
    assert page.evaluate("window.sent") == []
    assert page.inner_text(".iso-words") == f"Sentence {T - 1}."


def test_a_faster_player_needs_less_time(opened, view):
    page = opened(view)
    clock = """async (speed) => {
      const select = document.querySelector("select");
      select.value = speed; select.dispatchEvent(new Event("change"));
      document.querySelector("[data-do=first]").click();
      const start = performance.now();
      document.querySelector("[data-do=play]").click();
      while (document.querySelector(".iso-player").dataset.frame !== "5") await new Promise(requestAnimationFrame);
      return performance.now() - start;
    }"""
    slow, fast = page.evaluate(clock, 0.5), page.evaluate(clock, 4)
    assert slow > 900  # five frames of 0.1 s at half speed
    assert fast < slow / 3


def test_the_keyboard_does_all_of_it(opened, view):
    page = opened(view)
    press(page, "ArrowRight", "ArrowRight")
    assert frame(page) == 2
    press(page, "ArrowLeft")
    assert frame(page) == 1
    press(page, "End")
    assert frame(page) == T - 1
    press(page, "Home")
    assert frame(page) == 0
    press(page, "]", "]")
    assert page.input_value("select") == "4"
    press(page, "[")
    assert page.input_value("select") == "2"
    press(page, "+", "+")
    assert page.inner_text("[data-do=whole]") == "2.3×"
    press(page, "-", "0")
    assert page.inner_text("[data-do=whole]") == "1×"
    press(page, "Space")
    page.get_by_role("button", name="Pause").wait_for()
    press(page, "Space")
    page.get_by_role("button", name="Play").wait_for()


def test_a_key_is_not_heard_twice_on_a_focused_control(opened, view):
    page = opened(view)
    page.focus("input[type=range]")
    page.keyboard.press("ArrowRight")
    assert frame(page) == 1
    page.focus("[data-do=forward]")
    page.keyboard.press("Space")
    assert frame(page) == 2
    page.focus("select")
    page.keyboard.press("Home")
    assert frame(page) == 2


def test_everything_is_reached_by_tab_and_has_a_name(opened, view):
    page = opened(view)
    names = []
    for _ in range(12):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate("""() => { const n = document.activeElement;
            const ring = getComputedStyle(n);
            return [n.getAttribute("aria-label") ?? n.tagName, ring.outlineStyle, parseFloat(ring.outlineWidth)]; }""")
        )
    assert [name for name, _, _ in names][:11] == [
        "A player", "Frame (step)", "First frame", "Step back", "Play", "Step forward", "Last frame", "Speed",
        "Zoom out", "Reset zoom, now 1×", "Zoom in",
    ]  # fmt: skip
    assert all(style != "none" and width >= 2 for _, style, width in names[:11])


def test_zoom_changes_the_picture_by_button_wheel_and_drag(opened, view):
    page = opened(view)
    whole = picture(page)
    page.get_by_role("button", name="Zoom in").click()
    zoomed = picture(page)
    assert zoomed != whole
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 150)
    page.mouse.up()
    assert picture(page) != zoomed
    page.get_by_role("button", name="Reset zoom").click()
    assert picture(page) == whole
    page.mouse.move(box["x"] + 200, box["y"] + 150)
    page.mouse.wheel(0, -200)
    assert picture(page) == whole  # a plain wheel scrolls the page
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_function("document.querySelector('[data-do=whole]').textContent !== '1×'")
    assert picture(page) != whole


def test_the_picture_has_alt_text_and_only_the_readers_own_steps_are_read_out(opened, view):
    page = opened(view)
    assert page.get_by_role("img", name="Three bars and a grid.").count() == 1
    assert page.get_attribute(".iso-words", "aria-live") == "polite"
    page.get_by_label("Speed").select_option("0.25")
    page.get_by_role("button", name="Play").click()
    assert page.get_attribute(".iso-words", "aria-live") == "off"
    page.get_by_role("button", name="Pause").click()
    assert page.get_attribute(".iso-words", "aria-live") == "polite"
    page.get_by_role("button", name="Last frame").click()
    assert page.get_attribute("input[type=range]", "aria-valuetext") == "step = 50, frame 5"


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_with_reduced_motion_it_steps_and_does_not_glide(opened, view, motion):
    page = opened(view, reduced_motion=motion)
    page.get_by_label("Speed").select_option("0.25")
    seen = page.evaluate("""async () => {
      const [canvas, root] = [document.querySelector("canvas"), document.querySelector(".iso-player")];
      const pictures = new Set();
      document.querySelector("[data-do=play]").click();
      while (root.dataset.frame !== "5") { pictures.add(canvas.toDataURL()); await new Promise(requestAnimationFrame); }
      pictures.add(canvas.toDataURL());
      return pictures.size;
    }""")
    assert (seen <= T) if motion == "reduce" else (seen > T)


def test_it_is_crisp_on_a_dense_screen_and_follows_the_width_of_its_cell(opened, view):
    page = opened(view, device_scale_factor=2, viewport={"width": 900, "height": 700})
    size = """() => {
      const c = document.querySelector("canvas");
      return [c.width, c.clientWidth, c.height, c.clientHeight];
    }"""
    width, css_width, height, css_height = page.evaluate(size)
    assert (width, height) == (2 * css_width, 2 * css_height)
    page.set_viewport_size({"width": 420, "height": 900})
    page.wait_for_function("document.querySelector('canvas').clientWidth < 400")
    page.wait_for_function(
        "(() => { const c = document.querySelector('canvas'); return c.width === 2 * c.clientWidth; })()"
    )
    assert page.evaluate(size)[3] > css_height  # the panels now stand one below the other


def test_light_and_dark_are_both_legible_and_change_at_once(opened, view):
    page = opened(view, color_scheme="light")
    light = picture(page)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("(old) => document.querySelector('canvas').toDataURL() !== old", arg=light)
    ink, ground = page.evaluate(
        """(({ color, backgroundColor }) => [color, backgroundColor])(
            getComputedStyle(document.querySelector(".iso-view")))"""
    )

    def brightness(colour):
        return sum(float(v) for v in colour[colour.index("(") + 1 : -1].split(",")[:3])

    assert brightness(ink) > 600 > 200 > brightness(ground)


def test_a_closed_player_stops(opened, view):
    page = opened(view)
    page.get_by_role("button", name="Play").click()
    page.evaluate("window.close_view()")
    stopped = frame(page)
    page.wait_for_timeout(300)
    assert frame(page) <= stopped + 1
    assert page.faults == []
