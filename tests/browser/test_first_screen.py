"""The first screen: it fits, nothing in it jumps, and all of it answers the hand."""

import re
import time
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from rnnviz.config import TaskName
from rnnviz.files.page_script import page_script
from tests.browser.serving import HEIGHT, open_page, visit
from tests.browser.train_page import TrainPage

#: Width, height, and the frames during which nothing moves.
SIZES = [(1280, 720, 100), (1440, 900, 300), (1920, 1080, 100)]
PICTURES = ".rnnviz-chart:is([data-picture=network], [data-picture=curves])"
# The boxes of all that stands on the first screen, by class, at every one of the next frames.
WATCH_BOXES = """(frames) => new Promise((resolve) => {
  const seen = new Map();
  const nodes = () => document.querySelectorAll(
    ".st-key-header *, .st-key-asked *, .rnnviz-canvas, [data-testid=stSidebar] button");
  const look = () => {
    [...nodes()].forEach((node, k) => {
      // Words within a line are as wide as they are.
      if (node.closest("svg") || getComputedStyle(node).display === "inline") return;
      const { x, y, width, height } = node.getBoundingClientRect();
      const name = `${k} ${node.tagName} ${node.className}`;
      const boxes = seen.get(name) ?? seen.set(name, new Set()).get(name);
      boxes.add([x, y, width, height].map(Math.round).join(" "));
    });
    if (--frames) requestAnimationFrame(look);
    else resolve([...seen].filter(([, boxes]) => boxes.size > 1).map(([name, b]) => [name, ...b]));
  };
  look();
})"""
SCROLLS = """(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)(
  document.querySelector(".stMain"))"""
CURVES = "rnnviz.stage.plots.get('curves')"
# What is said besides labels and numbers.
PROSE = """[...new Set([...document.querySelectorAll(`
  .rnnviz-story, .rnnviz-verdict, .rnnviz-message, [class*=st-key-preset_] button,
  [data-testid=stCaptionContainer]`)]
  .map(({ innerText }) => innerText))].join(" ").match(/[a-z]+/gi)"""


@pytest.mark.story
def test_the_first_screen_fits_and_nothing_in_it_jumps(opened, server):
    page = opened(f"{server.url}/?epochs=100000", "curves")
    page.press("play")
    page.expect_epoch_above(100)
    for width, height, frames in SIZES:
        page.page.set_viewport_size({"width": width, "height": height})
        page.expect_still(PICTURES)
        for box in page.page.locator(PICTURES).all():
            found = box.bounding_box()
            assert found["y"] + found["height"] <= height
            assert found["height"] > height / 2
        # Nothing is below it.
        assert page.page.evaluate(SCROLLS) == 0
        assert page.page.evaluate(WATCH_BOXES, frames) == []
    assert 20 < len(page.page.evaluate(PROSE)) <= 60
    page.pause()


# What is cut off in the story.
CUT = """[...document.querySelectorAll(".rnnviz-story, .rnnviz-story *")].filter((n) =>
  getComputedStyle(n).overflow !== "visible"
  && (n.scrollWidth > n.clientWidth + 1 || n.scrollHeight > n.clientHeight + 1)
).map((n) => n.outerHTML)"""


def test_the_longest_stories_are_not_cut_off(opened, server):
    for link, chapter in (
        ("task=recall&lag=2&epoch=3&now=1000&hidden=8", "Plateau"),
        ("epoch=180&now=300", "Memory grows"),
    ):
        page = opened(f"{server.url}/?{link}", "curves")
        story = page.page.locator(".rnnviz-story")
        expect(story).to_contain_text(chapter)
        expect(story).to_contain_text("on average.")
        expect_whole(page)
    page = opened(
        f"{server.url}/gradients?hidden=8&epoch=40&phrase=i+am+not+at+all+good", "over_lag"
    )
    page.ask("Is it right?")
    expect(page.page.locator(".rnnviz-story")).to_contain_text("by up to")
    expect_whole(page)


def expect_whole(page):
    """Nothing of the story is cut off at any size."""
    for width, height, _ in SIZES:
        page.page.set_viewport_size({"width": width, "height": height})
        assert page.page.evaluate(CUT) == []


# Where the slider of epochs stands, at every frame from its first.
WATCH_SLIDER = """
const seen = (window.seen = []);
const look = () => {
  const top = document.querySelector("[data-slider=scrubber]")?.getBoundingClientRect().top;
  if (top !== undefined && seen.at(-1) !== top) seen.push(top);
  requestAnimationFrame(look);
};
look();
"""


def test_the_header_is_never_seen_without_its_style(server, browser, complaints):
    tab = open_page(browser, complaints, viewport={"width": 1280, "height": 720})
    late = []

    def delay(route):
        late.append(route.request.url)
        time.sleep(1)
        route.continue_()

    # Streamlit loads what draws `st.html` only when it is first used.
    tab.route("**/Html*.js", delay)
    tab.add_init_script(WATCH_SLIDER)
    visit(tab, f"{server.url}/?epoch=3", "curves")
    assert late
    assert len(tab.evaluate("seen")) == 1
    tab.context.close()


def point_at(page, epoch):
    """Where the curves show an epoch, in the window."""
    box = page.chart("curves").bounding_box()
    x = page.page.evaluate(f"{CURVES}.layout.x({epoch})")
    return box["x"] + x, box["y"] + box["height"] / 3


@pytest.mark.story
def test_the_curves_are_the_time_machine(opened, server):
    page = opened(f"{server.url}/?epoch=60&epochs=100", "curves")
    mouse = page.page.mouse
    mouse.move(*point_at(page, 55))
    tip = page.chart("curves").locator(".rnnviz-tip")
    expect(tip).to_contain_text("epoch 55")
    expect(tip).to_contain_text(re.compile(r"train: loss 0\.\d+ nats, accuracy \d+\.\d%"))
    mouse.down()
    page.expect_place("55")
    mouse.move(*point_at(page, 20), steps=4)
    page.expect_place("20")
    page.expect_said("status", "Looking back")
    mouse.move(*point_at(page, 95), steps=4)  # later than the present
    page.expect_place("60")
    mouse.move(*point_at(page, 30), steps=4)
    mouse.up()
    page.expect_place("30")
    expect(page.button("branch")).to_be_enabled()
    page.press("back_to_now")
    page.expect_place("60")


def test_a_finger_goes_to_an_epoch_in_the_curves(opened, server):
    page = opened(f"{server.url}/?epoch=60&epochs=100", "curves")
    finger = page.page.context.new_cdp_session(page.page)
    for kind, epoch in (("touchStart", 30), ("touchMove", 20)):
        x, y = point_at(page, epoch)
        touch = {"type": kind, "touchPoints": [{"x": x, "y": y}]}
        finger.send("Input.dispatchTouchEvent", touch)
        page.expect_place(str(epoch))
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.expect_place("20")


@pytest.mark.story
def test_who_opens_the_page_sees_it_learn_and_may_watch_it_slowly(server, browser, complaints):
    tab = open_page(browser, complaints, reduced_motion="no-preference")
    tab.goto(server.url)
    page, offer = TrainPage(tab), tab.get_by_role("button", name="Watch it slowly")
    # It rests at the epoch that it names: the first of the chapter.
    page.expect_said("message", "It learned this in 397 epochs.")
    expect(tab.locator(".rnnviz-story")).to_contain_text("Learned")
    page.expect_said("status", "Paused")
    assert page.epoch == 397
    offer.click()
    page.expect_said("status", "Replaying")
    expect(offer).to_have_count(0)
    assert page.epoch < 397
    # It rests where it rested.
    page.speed("End")
    page.expect_said("status", "Paused")
    page.expect_place("397")
    tab.reload()
    page.expect_place("397")
    assert offer.count() == 0
    tab.context.close()


@pytest.mark.story
def test_who_is_here_for_the_first_time_is_shown_the_places_and_never_again(
    server, browser, complaints
):
    tab = open_page(browser, complaints, reduced_motion="no-preference")
    tab.goto(server.url)
    page, card = TrainPage(tab), tab.locator(".rnnviz-tour-card")
    tab.locator(".rnnviz-message .rnnviz-tour").dispatch_event("click")
    for place, word in enumerate(("strip", "channel", "answer", "backpropagation through time")):
        expect(card).to_contain_text(f"{place + 1} of 4")
        expect(card).to_contain_text(word)
        tab.keyboard.press("ArrowRight")
    # Then it learns.
    expect(card).to_have_count(0)
    page.expect_said("message", "It learned this in 397 epochs.")
    again = tab.context.new_page()
    again.goto(server.url)
    TrainPage(again).expect_said("message", "It learned this in 397 epochs.")
    # Who asks is shown them again, and nothing begins by itself.
    ask = again.locator(".st-key-network .rnnviz-ask")
    ask.click()
    again.locator("figcaption .rnnviz-tour").click()
    expect(again.locator(".rnnviz-tour-card")).to_contain_text("1 of 4")
    again.keyboard.press("Escape")
    expect(again.locator(".rnnviz-tour-card")).to_have_count(0)
    TrainPage(again).expect_place("397")
    tab.context.close()


def test_who_points_at_the_offer_has_time(server, browser, complaints):
    tab = open_page(browser, complaints, reduced_motion="no-preference")
    tab.goto(server.url)
    page = TrainPage(tab)
    tab.locator(".rnnviz-message .rnnviz-tour").wait_for()
    tab.locator(".rnnviz-message").hover()
    tab.wait_for_timeout(4000)
    page.expect_place("0")
    tab.mouse.move(0, 0)
    page.expect_said("message", "It learned this in 397 epochs.")
    tab.context.close()


@pytest.mark.parametrize("way", ["steps", "another task"])
def test_the_offer_goes_when_the_reader_goes_on_otherwise(server, browser, complaints, way):
    tab = open_page(browser, complaints, reduced_motion="no-preference")
    tab.goto(server.url)
    page, offer = TrainPage(tab), tab.get_by_role("button", name="Watch it slowly")
    expect(offer).to_be_visible()
    if way == "steps":
        page.press("step_epoch")
    else:
        page.choose_task(TaskName.FLIPFLOP)
    expect(offer).to_have_count(0)
    tab.context.close()


def test_the_count_of_the_epochs_has_room(opened, server):
    page = opened(f"{server.url}/?hidden=8&epoch=1000", "curves")
    page.expect_said("status", "1000 of 1000")
    for width in (1280, 1440, 1920):
        page.page.set_viewport_size({"width": width, "height": HEIGHT})
        page.page.wait_for_function("() => innerWidth === " + str(width))
        box = page.page.locator(".rnnviz-status .epoch")
        assert box.evaluate("node => node.scrollWidth <= node.clientWidth"), width
    page.page.set_viewport_size({"width": 1280, "height": HEIGHT})


def test_who_presses_a_button_meanwhile_has_the_run(server, browser, complaints):
    tab = open_page(browser, complaints, reduced_motion="no-preference")
    tab.goto(f"{server.url}/?hidden=8")
    page = TrainPage(tab)
    page.expect_place("0")  # a link is opened as it was sent
    tab.goto(server.url)
    page.press("reset")
    page.expect_place("0")
    page.expect_said("status", "Paused")
    tab.context.close()


MARKED = "rnnviz.stage.token"


def test_a_word_pointed_at_in_one_picture_is_marked_in_the_other(page):
    page.page.wait_for_function(f"() => {CURVES}?.layout")
    box = page.chart("curves").bounding_box()
    y = page.page.evaluate(f"(({{ y, height }}) => y + 0.6 * height)({CURVES}.layout.panels.map)")
    column = "rnnviz.stage.plots.get('network').canvas"
    before = page.page.evaluate(f"{column}.toDataURL()")
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + y)
    page.page.wait_for_function(f"() => {MARKED} === 2")  # the third of four words
    page.page.wait_for_function(f"before => {column}.toDataURL() !== before", arg=before)
    page.page.mouse.move(0, 0)
    page.page.wait_for_function(f"() => {MARKED} === undefined")


def test_an_explanation_stands_there_for_who_asks(page):
    figure = page.at("network")
    caption = figure.locator("figcaption")
    expect(caption).to_be_hidden()
    figure.get_by_role("button", name="What is this?").click()
    expect(caption).to_be_visible()
    expect(caption).to_be_in_viewport(ratio=1)
    page.page.keyboard.press("Escape")
    expect(caption).to_be_hidden()


def test_the_link_of_what_is_shown_can_be_copied(opened, server):
    page = opened(f"{server.url}/?hidden=8&epoch=3", "curves")
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.type_phrase("not good")
    page.expect_all_heard()
    page.page.wait_for_url(re.compile("phrase=not"))
    page.page.get_by_role("button", name="Copy link").click()
    expect(page.page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.page.evaluate("navigator.clipboard.readText()")
    assert copied == page.page.url
    assert "phrase=not+good" in copied or "phrase=not%20good" in copied


@pytest.mark.story
def test_on_a_projector_only_the_picture_and_its_transport_are_left(opened, server):
    page = opened(f"{server.url}/?present=1&hidden=8", "curves", 1280, 720)
    sidebar = page.page.get_by_test_id("stSidebar")
    expect(sidebar).to_be_hidden()
    expect(page.page).to_have_url(re.compile(r"present=1$"))
    large = page.chart("network").bounding_box()
    bottom = large["y"] + large["height"]
    assert bottom <= 720
    zoom = page.page.evaluate("rnnviz.stage.plots.get('network').zoom")
    size = page.page.evaluate("getComputedStyle(document.documentElement).fontSize")
    # The smallest letters of a picture have 12 pixels: here they are a fortieth of the window.
    assert (12 * zoom, size) == (720 / 40, "22.4px")
    page.page.get_by_role("button", name="Close").click()
    expect(sidebar).to_be_visible()
    expect(page.page).to_have_url(re.compile(r"\?hidden=8$"))
    assert page.chart("network").bounding_box()["width"] < large["width"]
    page.page.get_by_role("button", name="Present").click()
    expect(sidebar).to_be_hidden()
    page.keys("l")
    expect(sidebar).to_be_visible()


# The class of what is seen in the middle of an element.
TOPMOST = """(selector) => {
  const { x, y, width, height } = document.querySelector(selector).getBoundingClientRect();
  return document.elementFromPoint(x + width / 2, y + height / 2).className;
}"""


def test_on_a_projector_a_teacher_hides_a_picture_and_keeps_a_dial(opened, server):
    page = opened(f"{server.url}/?present=1&hidden=8&hide=curves&dials=lr", "network", 1280, 720)
    expect(page.page).to_have_url(re.compile("present=1&hide=curves&dials=lr$"))
    sidebar = page.page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_role("spinbutton", name="Learning rate")).to_be_visible()
    for name in ("Cell", "Task"):
        expect(sidebar.get_by_role("combobox", name=name)).to_be_hidden()
    curtain = page.page.locator(".st-key-curves .rnnviz-curtain")
    # Nothing of the picture is to be seen.
    assert page.page.evaluate(TOPMOST, "[data-picture=curves]") == "rnnviz-curtain"
    curtain.click()
    expect(curtain).to_have_count(0)
    expect(page.page).to_have_url(re.compile("present=1&dials=lr$"))
    page.keys("l")
    expect(sidebar.get_by_role("combobox", name="Cell")).to_be_visible()


@pytest.mark.story
def test_on_a_projector_keys_and_buttons_turn_the_pages(opened, server):
    page = opened(f"{server.url}/?present=1&hidden=8", "curves", 1280, 720)
    for path, turn in (
        ("step", lambda: page.keys("PageDown")),
        ("hidden", lambda: page.page.get_by_role("button", name="Page ›").click()),
        ("step", lambda: page.keys("PageUp")),
        ("", lambda: page.page.get_by_role("button", name="‹ Page").click()),
        ("runs", lambda: page.keys("PageUp")),
    ):
        turn()
        page.page.wait_for_url(re.compile(rf"/{path}\?"))
        expect(page.page.get_by_test_id("stSidebar")).to_be_hidden()


@pytest.mark.story
def test_on_a_projector_a_word_is_dragged_to_the_place_under_the_pointer(opened, server):
    page = opened(f"{server.url}/?present=1&hidden=8&phrase=i+am+not+bad", "network", 1280, 720)
    words = page.page.locator(".st-key-network .rnnviz-word")
    expect(words).to_have_count(4)
    first, last = (words.nth(k).bounding_box() for k in (0, 3))
    middle = [box["x"] + box["width"] / 2 for box in (first, last)]
    mouse, y = page.page.mouse, first["y"] + first["height"] / 2
    mouse.move(middle[0], y)
    mouse.down()
    mouse.move((middle[0] + middle[1]) / 2, y)
    mouse.move(middle[1], y)
    dragged = words.nth(0).bounding_box()
    assert dragged["x"] + dragged["width"] / 2 == pytest.approx(middle[1], abs=2)
    mouse.up()
    expect(page.phrase).to_have_value("am not bad i")


@pytest.mark.story
def test_a_unit_and_a_word_that_are_clicked_stay_marked_on_every_page_and_in_the_link(
    opened, server
):
    page = opened(f"{server.url}/?hidden=8&epoch=3", "network", height=900)
    plot = "rnnviz.stage.plots.get('network')"
    canvas = page.chart("network").locator("canvas")
    x, y, below = page.page.evaluate(
        f"(({{ x, state, cell, gradient }}) => [x(1), state.y + 5.5 * cell, gradient.y + 9])"
        f"({plot}.layout)"
    )
    canvas.click(position={"x": x, "y": y})
    page.page.wait_for_function(f"() => {plot}.keptRow === 5")
    canvas.click(position={"x": x, "y": below})
    page.page.wait_for_function("() => rnnviz.stage.header.marked.token === 1")
    expect(page.page).to_have_url(re.compile("unit=5&token=2"))
    page.page.mouse.move(0, 0)
    page.page.wait_for_function(
        "() => rnnviz.stage.pointed.token === undefined && rnnviz.stage.token === 1"
    )
    page.replay("Step")
    page.page.wait_for_function("() => rnnviz.stage.plots.get('step')?.network?.opened.unit === 5")
    page.replay("Hidden states")
    expect(page.at("unit").get_by_role("spinbutton")).to_have_value("5")
    page.page.reload()
    page.page.wait_for_function("() => window.rnnviz?.stage.header?.marked.unit === 5")
    page.replay("Train")
    page.page.wait_for_function(f"() => {plot}?.count && {plot}.keptRow === 5")
    canvas.click(position={"x": x, "y": y})
    page.page.wait_for_function(f"() => {plot}.keptRow === undefined")
    expect(page.page).not_to_have_url(re.compile("[?&]unit="))


# The boxes of what is in the window; below it the page may still be laid out. What is laid out anew
# has no box meanwhile.
BOXES = """[...document.querySelectorAll(".rnnviz-figure, .rnnviz-bar, .stHorizontalBlock")]
  .map((node) => node.getBoundingClientRect())
  .filter(({ top, width }) => top < innerHeight && width)
  .map(({ x, y, width }) => [x, y, width].join(" "))"""


@pytest.mark.story
def test_a_picture_is_enlarged_and_goes_on_while_nothing_else_moves(opened, server):
    page = opened(f"{server.url}/?epochs=100000", "network", 1280, 720)
    # Streamlit still lays out the sidebar when the first picture is drawn.
    page.expect_still(".st-key-files")
    before = page.page.evaluate(BOXES)
    page.at("network").get_by_role("button", name="Enlarge").click()
    large = page.page.get_by_role("dialog", name="The network, step by step")
    expect(large.locator("canvas")).to_be_in_viewport(ratio=1)
    assert large.locator("canvas").bounding_box()["height"] > 600
    page.keys(" ")
    page.expect_epoch_above(5)
    page.expect_drawn_above("network", page.drawn("network") + 5)
    page.keys(" ")
    page.expect_said("status", "Paused")
    expect(page.page).to_have_url(re.compile("&enlarged=network"))
    large.get_by_role("button", name="Close").click()
    expect(large).to_have_count(0)
    assert page.page.evaluate(BOXES) == before
    page.page.wait_for_function("() => !location.search.includes('enlarged')")


def test_a_link_opens_the_picture_that_was_enlarged(opened, server):
    page = opened(f"{server.url}/?epoch=3&hidden=8&enlarged=curves", "curves", 1280, 720)
    large = page.page.get_by_role("dialog", name="The run")
    expect(large.locator("canvas")).to_be_in_viewport(ratio=1)
    expect(page.page).to_have_url(re.compile("hidden=8.*epoch=3.*enlarged=curves"))
    page.page.reload()
    expect(large.locator("canvas")).to_be_in_viewport(ratio=1)
    page.page.keyboard.press("Escape")
    expect(large).to_have_count(0)
    page.page.wait_for_function("() => !location.search.includes('enlarged')")
    page.expect_place("3")


GAUGED = "figure.data.some((s) => s.name === 'half-life' && s.x.length === given)"


def test_the_curves_are_enlarged_with_the_numbers_of_each(opened, server):
    page = opened(f"{server.url}/?epoch=3&hidden=8&phrase=not+bad", "curves", 1280, 720)
    # While not all epochs are measured, the gauge has others than the scores.
    page.expect_in_chart("curves", GAUGED, 4)
    opener = page.at("curves").get_by_role("button", name="Enlarge")
    opener.press("Enter")
    large = page.page.get_by_role("dialog", name="The run")
    expect(large.locator("canvas")).to_be_in_viewport(ratio=1)
    page.page.wait_for_function("() => document.querySelector('dialog canvas').clientHeight > 600")
    large.get_by_role("button", name="Table").click()
    expect(large.get_by_role("row")).to_have_count(5)
    heading = large.get_by_role("columnheader").all_inner_texts()
    assert heading[:2] == ["epoch", "train_loss"]
    assert heading[-3:] == ["half-life", "log10 gradient: 0 not", "log10 gradient: 1 bad"]
    with page.page.expect_download() as download:
        large.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename == "curves.csv"
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert "# phrase: not bad" in lines
    rows = [line for line in lines if not line.startswith("# ")]
    assert rows[0].split(",") == heading
    found = [np.float32(row.split(",")[1]) for row in rows[1:]]
    assert found == page.in_chart("curves", "Array.from(figure.data[0].y)")
    page.page.keyboard.press("Escape")
    expect(large).to_have_count(0)
    expect(opener).to_be_focused()


# The table and the CSV of a made-up figure.
NUMBERS = """() => {
  const { columnsOf, csvOf, fillTable } = $numbers;
  const x = Int32Array.from({ length: 1001 }, (_, k) => k);
  const y = Float32Array.from(x, (k) => k + 0.1);
  y[1] = NaN;
  const z = [Float64Array.of(0.1 + 0.2, 1), Float64Array.of(1e-9, 2), Float64Array.of(3, 4)];
  const data = [{ name: "a&lt;b&gt;, c", x, y }, { z }, { x, y, hoverinfo: "skip" }];
  const ticks = { tickvals: [0, 1], ticktext: ["&lt;img&gt;", "not"] };
  const axis = { title: { text: "word<sub>1</sub>" }, ...ticks };
  const texts = ["∞", "=1+1", "-1 so", -0.5, "@x", "a;=1+1|=2", "\\u200b=1", "=;1"];
  const meta = { columns: [["worth", [0.5, ...texts]]] };
  const columns = columnsOf({ data, layout: { xaxis: axis, meta } });
  const table = document.createElement("table");
  const lines = csvOf(columns, { phrase: "so,=1+1" }).split("\\r\\n");
  return [lines, fillTable(table, columns), table.rows.length,
    table.innerHTML.includes("<img")];
}"""


@pytest.mark.story
def test_numbers_have_all_their_digits_and_texts_are_only_texts(page):
    made = NUMBERS.replace("{", "{\n" + page_script("numbers.js"), 1)
    lines, note, count, unescaped = page.page.evaluate(made)
    heading = '"a<b>, c: word1","a<b>, c",series 2: place,series 2: 0 <img>,series 2: 1 not,worth'
    assert lines.pop(0) == "# phrase: so,'=1+1"
    assert lines[0] == heading
    assert lines[1] == "0 <img>,0.1,0,0.30000000000000004,1,0.5"
    assert lines[2] == "1 not,,1,1e-9,2,∞"
    assert lines[3] == "2,2.1,2,3,4,'=1+1"
    assert lines[4:8] == [
        "3,3.1,,,,'-1 so",
        "4,4.1,,,,-0.5",
        "5,5.1,,,,'@x",
        "6,6.1,,,,a;'=1+1|'=2",
    ]
    assert lines[8:10] == ["7,7.1,,,,'\u200b=1", "8,8.1,,,,'=;1"]
    assert len(lines) == 1003
    assert (note, count) == ("The table shows one row in 3 of 1001; the CSV has all.", 335)
    assert not unescaped
