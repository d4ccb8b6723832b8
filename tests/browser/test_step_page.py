"""Page *Step*, used as its reader uses it."""

import math
import random
import re

import pytest
from playwright.sync_api import expect

from rnnviz.probe.unrolled import Phase
from rnnviz.questions.step.measure import timeline

EAGER = "hidden=20&init_scale=0.1&lr=0.05"
GATED = "task=brackets&hidden=12&init=xavier&optimizer=adam&batch=8&epoch=2"
# Where everything on the page stands.
BOXES = """() => JSON.stringify([...document.querySelectorAll(
  ".rnnviz-chart, .rnnviz-moments, .rnnviz-bar button, .rnnviz-story, .rnnviz-status"
)].map((node) => Object.values(node.getBoundingClientRect().toJSON()).map(Math.round)))"""
PLOT = "rnnviz.stage.plots.get('step')"
INSIDE = "rnnviz.stage.plots.get('inside')"


@pytest.fixture
def page(opened, server):
    """The page *Step* on "i am not good" in the middle of learning."""
    page = opened(f"{server.url}/step?{EAGER}&epoch=60&phrase=i+am+not+good", "step", height=900)
    choose_own(page)
    expect_moment(page, 0)
    return page


def choose_own(page):
    page.choose("subject", "my own")
    page.page.wait_for_function(f"() => {PLOT}?.network?.typed.length > 0")


def subject(page):
    return page.page.locator(".rnnviz-subject")


def story(page):
    return page.page.locator(".rnnviz-story")


def moments(page):
    return page.page.locator(".rnnviz-moments .names button")


def expect_moment(page, cursor):
    """Wait until this moment is drawn."""
    page.page.wait_for_function(
        f"""cursor => rnnviz.stage.header?.sliders.moment?.shown === cursor
          && !rnnviz.stage.waiting.size && {PLOT}?.count > 0""",
        arg=cursor,
    )


def numbers(page):
    """The numbers of the moment in their order, with their names."""
    rows = (
        page.chart("step")
        .locator("tr")
        .evaluate_all("rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent))")
    )
    middle = next(k for k, row in enumerate(rows) if row[1] == "value")
    values = [(name, float(value.replace("−", "-"))) for name, value in rows[1:middle]]
    terms = [(name, float(value.replace("−", "-"))) for name, value in rows[middle + 1 :]]
    return values, terms


@pytest.mark.story
def test_a_walk_over_every_moment(page):
    """Words light up forward and backward, and nothing moves and the page fits."""
    for size in ((1280, 720), (1920, 1080)):
        page.page.set_viewport_size({"width": size[0], "height": size[1]})
        page.expect_still(".st-key-step .rnnviz-chart")
        told, boxes = [], set()
        for cursor, moment in enumerate(timeline(4)):
            expect_moment(page, cursor)
            expect(moments(page).nth(cursor)).to_have_attribute("aria-current", "step")
            expect(story(page)).to_contain_text(moment.phase.value.capitalize())
            told.append(story(page).inner_text())
            boxes.add(page.page.evaluate(BOXES))
            known = page.page.evaluate(f"[...{PLOT}.network.gradient].map(Number.isFinite)")
            came = {Phase.FORWARD: 4, Phase.LOSS: 4, Phase.BACKWARD: moment.t}.get(moment.phase, 0)
            assert known == [t >= came for t in range(4)]
            page.keys("ArrowRight")
        assert len(boxes) == 1
        assert len(set(told)) == len(told)
        assert page.page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        page.keys("Home")
    page.keys("Shift+ArrowRight")
    expect_moment(page, 4)
    page.keys("End", "ArrowLeft")
    expect_moment(page, 9)


def test_a_word_that_is_not_read_yet_has_no_numbers(page):
    layout, tip = f"{PLOT}.layout", page.chart("step").locator(".rnnviz-tip")
    states, answers, gradients = page.page.evaluate(
        f"[{layout}.state.y + 3.5 * {layout}.cell, {layout}.answer.y + 5, {layout}.gradient.y + 5]"
    )

    def tells(t, y, said):
        x = page.page.evaluate(f"{layout}.x({t})")
        page.chart("step").hover(position={"x": x, "y": y})
        expect(tip).to_have_text(said)
        page.page.mouse.move(2, 2)
        expect(tip).to_be_hidden()

    for y in (states, answers, gradients):
        tells(3, y, "word 4, “good”not read yet")
    page.keys("ArrowRight")
    expect_moment(page, 1)
    tells(0, gradients, "word 1, “i”no gradient yet")


def test_the_numbers_on_the_screen_follow_from_each_other(page):
    """With nothing but what is written on the page."""
    page.keys("ArrowRight")
    expect_moment(page, 1)
    values, terms = numbers(page)
    (_, memory), (_, word), (_, bias), (name, total), (_, state) = values
    assert name == "a_2"
    assert memory + word + bias == pytest.approx(total, rel=1e-4, abs=1e-6)
    assert math.tanh(total) == pytest.approx(state, rel=1e-4, abs=1e-6)
    assert sum(value for _, value in terms) == pytest.approx(total, rel=1e-4, abs=1e-6)
    assert any(name.startswith("the other") for name, _ in terms)
    page.keys("Shift+ArrowRight")
    expect_moment(page, 4)
    values = dict(numbers(page)[0])
    assert values["p, positive"] + values["p, negative"] == pytest.approx(1, abs=1e-5)
    assert -math.log(values["p, negative"]) == pytest.approx(values["−ln p, negative"], rel=1e-4)


def test_every_moment_and_unit_can_be_reached(page):
    canvas = page.chart("step").locator("canvas")
    x, y = page.page.evaluate(
        f"[{PLOT}.layout.x(2), {PLOT}.layout.state.y + 13.5 * {PLOT}.layout.cell]"
    )
    canvas.click(position={"x": x, "y": y})
    expect_moment(page, 2)
    unit = page.at("unit").get_by_role("spinbutton")
    expect(unit).to_have_value("13")
    assert numbers(page)[0][3][0] == "a_3"
    page.set_number("unit", 17)
    page.page.wait_for_function(f"() => {PLOT}.network.opened.unit === 17")
    unit.fill("20")
    expect(page.at("unit").locator("small")).to_have_text("Unit: 0 to 19")
    unit.blur()
    expect(unit).to_have_value("17")
    moments(page).nth(8).click()
    expect_moment(page, 8)
    expect(story(page)).to_contain_text("Backward 4 of 4")
    canvas.hover(position={"x": 3, "y": 3})
    page.press("on")
    expect_moment(page, 9)
    page.press("walk")
    expect_moment(page, 10)
    expect(page.button("walk")).to_contain_text("Walk")
    page.keys("Home", "w")
    expect(page.button("walk")).to_contain_text("Stop")
    expect_moment(page, 2)
    page.keys("w")
    expect(page.button("walk")).to_contain_text("Walk")


@pytest.mark.story
def test_apply_the_update_look_at_the_past_and_play(page):
    page.choose("subject", "next in training")
    expect(subject(page)).to_contain_text("Example 1 of 58")
    page.keys("End")
    expect(story(page)).to_contain_text("Update")
    page.press("apply")
    page.expect_place("60 + 1/58")
    expect(subject(page)).to_contain_text("Example 2 of 58")
    expect(story(page)).to_contain_text("Forward 1")
    page.drag("scrubber", [20])
    page.expect_said("status", "Looking back")
    page.expect_place(str(page.stand("scrubber")))
    page.press("back_to_now")
    page.set_number("epochs", 100_000)  # it does not end by itself
    page.press("play")
    page.expect_epoch_above(62)
    page.keys("End")
    expect(page.button("on")).to_be_disabled()
    page.keys("Home")
    expect(page.button("back")).to_be_disabled()
    page.expect_epoch_above(page.epoch + 5)
    page.pause()


def test_phrases_go_along_and_are_shown_as_typed(page):
    page.type_phrase("zebra")
    expect(subject(page)).to_contain_text("None of these words is in the vocabulary")
    page.keys("ArrowRight")
    expect_moment(page, 1)
    page.type_phrase("not happy " * 60)
    page.page.wait_for_function(f"() => {PLOT}.network.length === 120")
    # Too many moments for a button each.
    page.drag("moment", [50])
    page.page.wait_for_function(f"() => {PLOT}.network.first > 0")
    page.keys("End")
    expect(story(page)).to_contain_text("Update")
    page.type_phrase("this is bad")
    page.page.wait_for_function(f"() => {PLOT}.network.words.join(' ') === 'this is bad'")
    page.replay("Train")
    expect(page.phrase).to_have_value("this is bad")
    page.replay("Step")
    expect(page.phrase).to_have_value("this is bad")
    page.learn("text,label\n<b>so</b> $x$,<i>yes</i>\nplain,no\n")
    page.expect_said("message", "Started again")
    page.type_phrase("<b>so</b> $x$")
    page.keys("Home")
    expect(subject(page)).to_contain_text("Target: <i>yes</i>")
    expect(story(page)).to_contain_text("“<b>so</b>”")
    assert page.page.locator(".rnnviz-story b b, .rnnviz-subject i").count() == 0


def test_a_gated_cell_with_an_answer_after_every_token(opened, server):
    """Every part adds up, and the way through all moments shows each of the phases."""
    page = opened(f"{server.url}/step?cell=lstm&{GATED}", "step", height=900)
    page.keys("ArrowRight", "ArrowRight")
    expect_moment(page, 2)
    for part in "ifgoch":
        page.choose("step_part_lstm", part)
        page.page.wait_for_function(
            f"part => RegExp(part + '[_,]3').test({PLOT}.network.terms.title)", arg=part
        )
        _, terms = numbers(page)
        total = page.page.evaluate(f"{PLOT}.network.terms.total[1]")
        assert sum(value for _, value in terms) == pytest.approx(total, rel=1e-4, abs=1e-9)
    last = page.header["sliders"]["moment"]["last"]
    seen = set()
    for cursor in range(2, last + 1):
        expect_moment(page, cursor)
        seen.add(page.page.evaluate(f"{PLOT}.network.opened.phase"))
        page.keys("ArrowRight")
    assert seen == {phase.value for phase in Phase}
    look_inside(page)


def look_inside(page):
    """The cell's drawing goes with the cursor; a symbol tells its formula, and a click chooses."""
    page.choose("step_view", "cell")
    page.page.wait_for_function(f"() => {INSIDE}?.count > 0")
    page.page.evaluate("document.activeElement.blur()")
    page.keys("Home", "ArrowRight")
    page.page.wait_for_function(
        f"() => {INSIDE}.cell.phase === 'forward' && {INSIDE}.cell.token === 1"
    )
    expect(page.chart("inside").locator("canvas")).to_have_accessible_name(
        re.compile(r"^The inside of the cell at .* 2, .*forward. Kept on a highway: c. h_2 = ")
    )
    where = """([plot, name]) => { const { layout, cell } = rnnviz.stage.plots.get(plot);
      const k = cell.symbols.findIndex((symbol) => symbol.name === name && symbol.kind === "line");
      const { strip } = layout.placed[k]; return [strip.x + 5, strip.y + strip.height - 2]; }"""
    x, y = page.page.evaluate(where, ["inside", "i"])
    canvas = page.chart("inside").locator("canvas")
    canvas.hover(position={"x": x, "y": y})
    expect(page.chart("inside").locator(".rnnviz-tip")).to_contain_text("input gate, unit")
    canvas.click(position={"x": x, "y": y})
    page.page.wait_for_function(f"() => {INSIDE}.cell.unit === 11")
    chosen = page.page.locator("[class*=st-key-step_part]").get_by_role("radio", checked=True)
    expect(chosen).to_have_text("i")
    for size in ((1280, 720), (1440, 900), (1920, 1080)):
        page.page.set_viewport_size({"width": size[0], "height": size[1]})
        page.expect_still(".st-key-inside .rnnviz-chart")
        assert page.page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    page.page.evaluate("document.activeElement.blur()")
    page.keys("End")
    page.page.wait_for_function(f"() => {INSIDE}.cell.phase === 'update'")
    assert page.page.evaluate(f"{INSIDE}.cell.routes.some((route) => route.flow > 0)")


def test_a_press_just_after_a_change_of_page_breaks_nothing(page):
    chance, titles = random.Random(1), ["Step", "Hidden states", "Gradients", "Dynamics", "Train"]
    for turn in range(15):
        page.page.get_by_test_id("stTopNavLink").filter(has_text=titles[turn % 5]).click()
        page.page.wait_for_timeout(chance.choice([0, 5, 15, 30, 45, 60, 90, 130]))
        page.keys(chance.choice(["e", "p", "p", "e"]))
        page.page.wait_for_timeout(chance.choice([50, 200, 600]))
    page.expect_idle()
    page.expect_drawn_above("network", 0)
