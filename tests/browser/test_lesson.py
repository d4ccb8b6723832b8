"""Lessons, done by a learner with the pointer, and by one with the keyboard alone."""

import json
import re
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tests.browser.serving import open_page

BRUSH = """() => {
  const { place, canvas, plot, guess } = rnnviz.stage.plots.get("curves").overlay;
  const { left, top } = canvas.getBoundingClientRect();
  return { ...place, x: left, y: top, zoom: plot.zoom, first: place.y(guess.pad.first) };
}"""
# What is written at the left of the curves: the middle of each text, and its size.
VALUES = """() => {
  const picture = rnnviz.stage.plots.get("curves"), context = picture.canvas.getContext("2d");
  const { fillText } = context, found = [];
  context.fillText = function (text, x, y) {
    const size = parseFloat(this.font.match(/([0-9.]+)px/)[1]);
    if (this.textAlign === "right" && x < picture.layout.left) found.push({ text, y, size });
    fillText.call(this, text, x, y);
  };
  picture.repaint();
  delete context.fillText;
  return found;
}"""
SENT = "() => rnnviz.wire.number"
STRIP = ".rnnviz-lesson"


def open_lesson(page, title):
    page.page.locator(".rnnviz-learn").click()
    page.page.locator(".rnnviz-lessons [data-lesson]", has_text=title).click()
    expect(page.page.locator(f"{STRIP} .lock:enabled")).to_be_visible()


def expect_step(page, name):
    expect(page.page.locator(f"{STRIP}[data-step={name}]")).to_be_visible(timeout=60_000)


def answer(page, key):
    page.keys(key)
    expect(page.page.locator(f"{STRIP} .acts .main")).to_be_visible()


def test_a_curve_can_be_drawn_after_other_seeds_were_shown(opened, server):
    page = opened(f"{server.url}/?hidden=6&epochs=8")
    page.keys("s")
    expect(page.page.locator(".st-key-luck")).to_be_visible()
    open_lesson(page, "When does it learn?")
    expect(page.page.locator(".st-key-luck")).not_to_be_visible()
    # The page is laid out anew: the overlay is placed with its first picture.
    page.page.wait_for_function("() => rnnviz.stage.plots.get('curves')?.overlay?.place")
    assert page.page.evaluate(BRUSH)["width"] > 100


@pytest.mark.story
def test_a_learner_draws_the_loss_and_sees_where_it_really_fell(opened, server):
    page = opened(f"{server.url}/?hidden=6&epochs=8")
    open_lesson(page, "When does it learn?")
    strip, box = page.page.locator(STRIP), page.page.evaluate(BRUSH)
    # To play now asks for the guess.
    before = page.page.evaluate(SENT)
    page.keys(" ")
    expect(strip.locator(".hint")).to_have_text(re.compile("Draw to the right end first."))
    assert page.page.evaluate(SENT) == before
    left, first = box["x"] + box["left"], box["y"] + box["first"]
    page.page.mouse.move(left + 2, first)
    page.page.mouse.down()
    for share in (0.2, 0.5, 1):
        page.page.mouse.move(left + share * box["width"], first + share * 60, steps=8)
    page.page.mouse.up()
    expect(strip.locator(".lock")).not_to_have_attribute("aria-disabled", "true")
    page.keys("Enter")
    expect_step(page, "Run")
    expect(page.page.locator(".rnnviz-learn")).to_be_visible()
    strip.get_by_role("button", name="To the end").click()
    expect_step(page, "See")
    expect(strip).to_contain_text(re.compile(r"The run falls at epoch 36\d"))
    answer(page, "1")
    expect(strip.locator(".choices .right")).to_contain_text("Radius of W_hh, doubled")
    expect(strip.locator(".choices .wrong")).to_contain_text("you")
    page.keys("Enter")
    expect_step(page, "Why")
    strip.get_by_role("button", name="Show that run").click()
    expect(strip.get_by_role("button", name="Show that run")).to_have_class(re.compile("pressed"))
    page.page.wait_for_function("() => rnnviz.stage.plots.get('curves').overlay.state.lines.length")
    page.keys("Enter")
    expect_step(page, "Transfer")
    answer(page, "3")
    page.keys("Enter")
    expect(strip).to_have_count(0)
    page.expect_said("message", "Next lesson: How far back does the error reach?")
    # What was guessed and answered is kept in this browser.
    notes = json.loads(page.page.evaluate("localStorage.getItem('rnnviz-lessons')"))
    assert notes["plateau"]["answers"]["See"] == "Loss, a tenth down"
    assert notes["plateau"]["done"]
    page.page.locator(".rnnviz-learn").click()
    with page.page.expect_download() as saved:
        page.page.get_by_role("button", name="My notes (CSV)").click()
    text = saved.value.path().read_text(encoding="utf-8")
    assert '"When does it learn?","falls ' in text and '"wrong"' in text


@pytest.mark.story
def test_a_lesson_is_done_with_the_keyboard_left_and_resumed(opened, server):
    page = opened(f"{server.url}/?hidden=6&epochs=8")
    page.page.locator(".rnnviz-learn").focus()
    page.page.keyboard.press("Enter")
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Enter")
    strip = page.page.locator(STRIP)
    expect(strip.locator(".lock:enabled")).to_be_visible(timeout=60_000)
    # The answer is not to be seen yet.
    expect(page.verdict).to_be_hidden()
    # The first arrow goes to the picture.
    for name in ("ArrowDown", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowUp"):
        page.page.keyboard.press(name)
    expect(page.page.locator(".rnnviz-pad")).to_have_attribute("aria-label", re.compile("^not: 5"))
    page.keys("Enter")
    expect(strip.locator(".hint")).to_have_text(re.compile("Drag all 4 first."))
    page.keys("Escape")
    expect(strip).to_have_count(0)
    page.page.get_by_role("button", name="Resume “One word at a time”").click()
    expect_step(page, "Predict")
    page.page.locator(".rnnviz-pad").focus()
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("ArrowUp")
    page.keys("Enter")
    expect_step(page, "See")
    expect(page.verdict).to_be_visible()
    answer(page, "3")
    expect(strip.locator(".choices .right")).to_contain_text("you")


def test_a_guess_of_the_gradient_has_the_scale_of_the_picture_and_nothing_is_cut(opened, server):
    page = opened(f"{server.url}/?lesson=reach&present=1")
    expect(page.page.locator(f"{STRIP} .lock:enabled")).to_be_visible(timeout=60_000)
    page.page.wait_for_function("() => rnnviz.stage.plots.get('network')?.overlay?.place")
    guess = page.page.evaluate("""() => {
      const { overlay, layout } = rnnviz.stage.plots.get("network");
      const { place } = overlay, { gradient, height } = layout;
      const decades = [0, -3, -6, -9].map((decade) => place.y(10 ** decade));
      return { decades, ...gradient, whole: height };
    }""")
    # From 10 to a billionth: the first tick of the picture is a tenth of the height below its top.
    ticks = [guess["y"] + guess["height"] * (0.1 + 0.3 * k) for k in range(4)]
    assert guess["decades"] == pytest.approx(ticks)
    assert guess["y"] + guess["height"] <= guess["whole"]


def test_a_curve_is_drawn_with_the_keyboard_beside_a_phrase_of_whole_words(opened, server):
    page = opened(f"{server.url}/?lesson=plateau", width=1280, height=720)
    expect(page.page.locator(f"{STRIP} .lock:enabled")).to_be_visible(timeout=60_000)
    expect(page.page.locator(".rnnviz-word")).to_have_count(4)
    expect(page.page.locator(".rnnviz-word.cut")).to_have_count(0)
    page.keys("ArrowRight", "ArrowDown", "End")
    lock = page.page.locator(f"{STRIP} .lock")
    expect(lock).not_to_have_attribute("aria-disabled", "true")
    values = page.page.evaluate("() => rnnviz.stage.plots.get('curves').overlay.guess.values")
    assert values[:5] == [1] * 5 and len({*values[5:]}) == 1 and values[-1] < 1
    page.keys("Enter")
    expect_step(page, "Run")


@pytest.mark.story
def test_a_lesson_opens_the_page_on_which_it_happens(opened, server):
    page = opened(f"{server.url}/?lesson=bug", "parameters")
    expect(page.page.get_by_role("radio", name="Is it right?")).to_be_checked(timeout=30_000)
    strip = page.page.locator(STRIP)
    expect(strip.locator(".lock:enabled")).to_be_visible(timeout=60_000)
    for name in ("W_xh", "b_h"):
        strip.locator(".pick", has_text=name).click()
    expect(strip.locator(".pick[aria-pressed=true]")).to_have_text(["1W_xh", "3b_h"])
    strip.locator(".lock").click()
    expect_step(page, "See")
    expect(strip).to_contain_text("You: W_xh, b_h. The run: W_xh, b_h.")


def test_a_first_visit_offers_to_guess_first(server, browser, complaints):
    page = open_page(browser, complaints, reduced_motion="no-preference")
    page.goto(server.url)
    page.get_by_role("button", name="Guess first").dispatch_event("click")
    expect(page.locator(f"{STRIP}[data-step=Predict]")).to_be_visible()
    page.wait_for_timeout(3500)
    assert page.evaluate("() => rnnviz.stage.header.last") == 0, "it waits for the guess"
    page.context.close()


def test_the_strip_has_the_same_height_at_every_step(opened, server):
    page = opened(f"{server.url}/?lesson=words")
    strip = page.page.locator(STRIP)
    expect(strip.locator(".lock:enabled")).to_be_visible(timeout=60_000)
    boxes = [page.page.locator("[data-picture=network]").bounding_box()]
    page.keys(" ")
    strip.get_by_role("button", name="Just watch").click()
    for step in ("See", "Why", "Transfer"):
        expect_step(page, step)
        boxes.append(page.page.locator("[data-picture=network]").bounding_box())
        if step != "Why":
            answer(page, "1")
        page.keys("Enter")
    assert all(box == boxes[0] for box in boxes)


def test_values_of_the_curves_do_not_cover_each_other_on_a_low_projector(opened, server):
    page = opened(f"{server.url}/?lesson=plateau&present=1", width=1280, height=720)
    expect(page.page.locator(f"{STRIP} .lock:enabled")).to_be_visible(timeout=60_000)
    page.page.wait_for_function("() => rnnviz.stage.plots.get('curves')?.overlay?.place")
    values = sorted(page.page.evaluate(VALUES), key=lambda value: value["y"])
    # Both ends of every axis are written.
    assert {"100%", "0%", "100", "0"} <= {value["text"] for value in values}
    for above, below in pairwise(values):
        assert below["y"] - above["y"] >= 0.94 * above["size"], (above, below)


def test_on_a_board_the_picture_below_has_no_buttons_and_esc_hides_a_tip_first(opened, server):
    page = opened(f"{server.url}/?lesson=gate")
    strip = page.page.locator(STRIP)
    expect(strip.locator(".lock:enabled")).to_be_visible(timeout=60_000)
    figure = page.page.locator(".rnnviz-figure:has([data-picture=network])")
    expect(figure.get_by_role("button", name="What is this?")).to_be_hidden()
    page.page.get_by_role("button", name="Help for Show").hover()
    tip = page.page.get_by_role("tooltip")
    expect(tip).to_contain_text("f: forget gate, g: candidate")
    page.keys("Escape")
    expect(strip).to_have_count(1)
    page.page.mouse.move(0, 0)
    expect(tip).to_have_count(0)
    page.keys("Escape")
    expect(strip).to_have_count(0)
    expect(figure.get_by_role("button", name="What is this?")).to_be_visible()
