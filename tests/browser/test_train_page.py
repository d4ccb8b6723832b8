"""Page *Train*, used as its reader uses it."""

import re

import pytest
from playwright.sync_api import expect

from rnnviz.config import TaskName
from rnnviz.tasks.registry import TASKS

NOTHING_SCROLLS_SIDEWAYS = """() =>
  [...document.querySelectorAll("html, body, .stMain, .stSidebar, .stSidebar *")].every((place) =>
    !["auto", "scroll"].includes(getComputedStyle(place).overflowX) ||
    place.scrollWidth <= place.clientWidth + 1)
"""
MARKUP = (
    "<img/src=x/onerror=window.hit=1>", "<b>bold</b>", "**bold**", "$x^2$", "🎉",
    "see[a](http://example.org)here", "`code`", "a:material/home:b", "&lt;x",
)  # fmt: skip
UNREADABLE = {
    "": "The phrase is empty",
    "   ": "The phrase is empty",
    "splendid": "None of these words is in the vocabulary",
    # The box takes 2,001 letters.
    "good " * 10_000: "401 words; the most that can be read is 200",
}
COLOURS = (
    "text,label\nred sky,red\ngreen grass,green\nblue sea,blue\nred rose,red\n"
    "green leaf,green\nblue ink,blue\n"
)
BAD_FILES = {
    "no column": (b"phrase,label\ngood,positive\n", "has no column text"),
    "one class": (b"text,label\ngood,fine\nbad,fine\n", "at least two classes"),
    "empty text": (b"text,label\ngood,positive\n ,negative\n", "row 3: the text is empty"),
    "contradiction": (b"text,label\ngood,a\nbad,b\ngood,b\n", "rows 2 and 4: the same text"),
    "no rows": (b"text,label\n", "has no rows"),
    "not UTF-8": ("text,label\ngrün,a\nrot,b\n".encode("latin-1"), "is not UTF-8"),
    "empty label": (b"text,label\ngood,positive\nbad,\n", "row 3: the label is empty"),
    "too long": (
        b"text,label\n" + b"bad " * 201 + b",a\ngood,b\n",
        "row 2: the text has 201 words",
    ),
    "a zero byte": (b"text,label\ngo\0od,a\nbad,b\n", "zero byte"),
    "open quotation": (b'text,label\n"good,a\nbad,b\n', "can't be read as CSV"),
    "too many rows": (b"text,label\n" + b"good,a\n" * 20_001, "more than 20,000"),
    "empty target": (b"source,target\nthe cat,\n", "row 2: the target is empty"),
}


# Playing


def test_the_buttons_keep_their_places_when_they_are_pressed(page):
    places = [*map(page.button, ("play", "pause", "step_epoch", "new_seed")), page.pace]
    boxes = [[place.bounding_box() for place in places]]
    page.play()
    boxes.append([place.bounding_box() for place in places])
    page.pause()
    boxes.append([place.bounding_box() for place in places])
    assert boxes[0] == boxes[1] == boxes[2]


def test_a_sample_is_as_high_with_few_lines_as_with_many(opened, server):
    page = opened(f"{server.url}/?task=characters&hidden=8")
    sample = page.page.locator(".rnnviz-sample")
    heights = []
    for lines in (1, 8, 80):
        sample.locator("p").evaluate(
            "(node, lines) => (node.textContent = 'a\\n'.repeat(lines))", lines
        )
        heights.append(sample.bounding_box()["height"])
    assert len(set(heights)) == 1


def test_pause_stands_still_at_once_and_space_does_both(page):
    page.play()
    page.expect_epoch_above(3)
    expect(page.button("play")).to_be_disabled()
    page.pause()
    expect(page.button("pause")).to_be_disabled()
    epoch, loss = page.reading()[0], page.loss
    page.page.wait_for_timeout(500)
    assert (page.reading()[0], page.loss) == (epoch, loss)
    page.keys("Space")
    expect(page.status).to_contain_text("Running")
    page.expect_epoch_above(page.epoch + 1)
    page.keys("Space")
    expect(page.status).to_contain_text("Paused")


STREAMLIT_SAYS_SO_TOO = """() => {
  const icon = document.querySelector("[data-testid=stStatusWidgetRunningIcon]");
  return Boolean(icon?.checkVisibility() || icon?.nextElementSibling?.checkVisibility());
}"""


def test_while_it_plays_nothing_else_says_that_something_runs(page):
    page.play()
    page.expect_epoch_above(3)
    for _ in range(40):
        assert not page.page.evaluate(STREAMLIT_SAYS_SO_TOO)
        page.page.wait_for_timeout(50)
    page.pause()


def test_slow_motion_shows_phrase_after_phrase(page):
    page.speed("Home")
    page.play()
    expect(page.status).to_contain_text(re.compile(r"0 \+ [2-9]/58 of"), use_inner_text=True)
    page.pause()


# Stepping


def test_steps_of_an_epoch_and_of_a_phrase_and_their_keys(page):
    page.press("step_epoch")
    page.expect_place("1")
    page.keys("e")
    page.expect_place("2")
    page.press("step_phrase")
    page.expect_place("2 + 1/58")
    page.keys("p")
    page.expect_place("2 + 2/58")
    page.press("step_epoch")
    page.expect_place("3")


def test_reset_starts_from_the_same_weights(page):
    begin = page.loss
    page.step_to("1")
    first = page.loss
    page.play()
    page.expect_epoch_above(5)
    page.press("reset")
    page.expect_place("0")
    expect(page.status).to_contain_text("Paused")
    assert page.loss == begin
    page.step_to("1")
    assert page.loss == first


def test_new_seed_is_another_run_and_another_link(page):
    page.step_to("1")
    begin = page.heights()[0]
    page.press("new_seed")
    page.expect_place("0")
    expect(page.page).to_have_url(re.compile(r"seed=1\b"))
    expect(page.message).to_contain_text("Started again")
    page.expect_in_chart("margin", "node.data[0].y[0] !== given", begin)


# Learning


def test_it_learns_to_the_end_and_the_verdict_turns_at_not_and_at_bad(page):
    page.speed("End")
    page.play()
    expect(page.status).to_contain_text("Finished", timeout=90_000)
    expect(page.message).to_contain_text("Finished: 1000 of 1000 epochs")
    page.expect_share("test", "100.0%")
    page.type_phrase("this is not bad")
    expect(page.verdict).to_contain_text("positive")
    with_not = words_of_margin(page, 4)
    page.type_phrase("this is bad")
    expect(page.verdict).to_contain_text("negative")
    without = words_of_margin(page, 3)
    assert with_not[:2] == without[:2]
    assert abs(with_not[2] - with_not[1]) > 1
    assert with_not[3] - with_not[2] > 1
    assert with_not[3] > 0 > without[2]


def words_of_margin(page, count):
    """The running margin, as soon as it has ``count`` words."""
    page.expect_in_chart("margin", "node.data[0].y.length === given", count)
    return page.heights()


# The phrase


def test_typing_presses_no_button_and_unknown_words_are_named(page):
    box = page.phrase
    box.fill("")
    box.press_sequentially("happy and not happy e 0")
    box.press("Enter")
    expect(page.verdict).to_contain_text("not in the vocabulary: e, 0")
    assert len(words_of_margin(page, 4)) == 4
    page.expect_place("0")
    expect(page.status).to_contain_text("Paused")


def test_markup_in_a_phrase_is_shown_as_typed(page):
    page.type_phrase("not zebra bad")
    expect(page.verdict).to_contain_text("zebra")
    plain = elements(page.verdict)
    page.type_phrase(f"not {' '.join(MARKUP)} bad")
    for word in MARKUP:
        expect(page.verdict).to_contain_text(word)
    assert elements(page.verdict) == plain
    assert page.page.evaluate("window.hit") is None


def elements(place):
    """What an element is made of: the tags in it."""
    return place.evaluate("node => [...node.querySelectorAll('*')].map(e => e.tagName)")


def test_markup_in_the_data_is_shown_as_typed(page):
    page.learn("text,label\n<b>bold</b> $x$ <i>,z<b>yes</b>\nplain,no\n", name="**my** $x$.csv")
    expect(page.message).to_contain_text("with the data **my** $x$.csv")
    page.type_phrase("<b>bold</b> $x$ <i>")
    chart = page.chart("margin")
    expect(chart.locator(".xtick text")).to_have_text(["<b>bold</b>", "$x$", "<i>"])
    expect(chart.locator(".gtitle")).to_contain_text("z<b>yes</b>")
    expect(page.verdict).to_contain_text(re.compile(r"z<b>yes</b>|no"))
    assert chart.locator("tspan[style*=bold], .xtick text[style*=bold]").count() == 0


def test_a_phrase_that_cannot_be_read_gets_a_sentence(page):
    for text, sentence in UNREADABLE.items():
        page.type_phrase("bad")
        expect(page.verdict).to_contain_text("probability")
        page.type_phrase(text)
        expect(page.verdict).to_contain_text(sentence)
    page.step_to("1")


def test_the_gradient_of_the_margin_can_be_chosen(page):
    page.chart("flow").scroll_into_view_if_needed()
    page.expect_drawn_above("flow", 0)
    page.at("objective").get_by_role("radio").last.click()
    page.chart("flow").scroll_into_view_if_needed()
    expect(page.chart("flow").locator(".gtitle")).to_contain_text("margin")


# Settings


def test_a_new_learning_rate_keeps_the_weights_and_is_marked(page):
    page.play()
    page.expect_epoch_above(5)
    page.set_number("lr", 0.1)
    page.expect_in_chart("loss", "node.layout.annotations.some(a => a.text.includes('0.1'))")
    marked = page.in_chart("loss", "node.layout.shapes.at(-1).x0")
    assert marked >= 5
    page.expect_epoch_above(marked + 2)
    expect(page.status).to_contain_text("Running")
    page.pause()
    expect(page.page).to_have_url(re.compile(r"changes=\d+(%2F\d+)?%3Alr%3D0\.1&"))


def test_a_change_of_the_network_starts_again_and_says_so(page):
    for name, change in (
        ("Hidden units", lambda: page.at("hidden").locator("input").press("ArrowRight")),
        ("Initial scale", lambda: page.set_number("init_scale", 0.1)),
        ("Seed", lambda: page.set_number("seed", 7)),
        ("Gradient", lambda: page.choose("gradient", "notebook")),
    ):
        page.step_to("1")
        change()
        expect(page.message).to_contain_text(f"at epoch 0, because {name} changed")
        page.expect_place("0")
    expect(page.page).to_have_url(re.compile("hidden=65.*gradient=notebook"))


def test_a_learning_rate_of_10_stops_with_a_sentence(page):
    page.choose("clip_by", "off")
    page.set_number("lr", 10)
    expect(page.page).to_have_url(re.compile(r"lr=10"))
    page.press("play")
    expect(page.message).to_contain_text("no longer a finite number")
    expect(page.message).to_contain_text("Try a learning rate of")
    expect(page.status).to_contain_text("Paused")


def test_it_stops_at_the_last_epoch_and_goes_on_when_that_is_raised(page):
    page.set_number("epochs", 3)
    page.press("play")
    expect(page.message).to_contain_text("Finished: 3 of 3 epochs")
    expect(page.button("step_epoch")).to_be_disabled()
    page.set_number("epochs", 5)
    page.step_to("4")


# The link


def test_a_copied_link_is_the_same_run(page, opened):
    page.set_number("seed", 7)
    page.set_number("lr", 0.05)
    page.choose("clip_by", "norm")
    page.type_phrase("this is not bad")
    expect(page.page).to_have_url(re.compile("seed=7.*clip_by=norm.*phrase=this"))
    words_of_margin(page, 4)
    other = opened(page.page.url)
    expect(other.phrase).to_have_value("this is not bad")
    assert first_epoch(other) == first_epoch(page)


def first_epoch(page):
    """The status and the running margin after one epoch."""
    drawn = page.drawn("margin")
    page.step_to("1")
    page.expect_drawn_above("margin", drawn)
    return page.status.inner_text(), page.heights()


def test_a_link_with_wrong_values_says_so(opened, server):
    page = opened(f"{server.url}/?lr=1e9&hidden=abc&seed=7&nonsense=1")
    expect(page.message).to_contain_text("Learning rate (lr) can't be '1e9'")
    expect(page.message).to_contain_text("Hidden units (hidden) can't be 'abc'")
    expect(page.at("lr").get_by_role("spinbutton")).to_have_value("0.02")
    expect(page.at("seed").get_by_role("spinbutton")).to_have_value("7")
    expect(page.page).to_have_url(re.compile(r"\?seed=7$"))


# The data


def test_own_phrases_in_three_classes_are_learned(page):
    page.learn(COLOURS)
    expect(page.message).to_contain_text("Started again at epoch 0, with the data mine.csv")
    assert float(page.loss) == pytest.approx(1.0986, abs=0.01)
    page.set_number("init_scale", 0.1)
    page.speed("End")
    page.play()
    page.expect_share("training", "100.0%")


def test_twelve_kinds_of_bad_file_get_a_sentence_and_the_run_stays(page):
    assert len(BAD_FILES) == 12
    page.step_to("1")
    page.open_data()
    loss = page.loss
    for content, sentence in BAD_FILES.values():
        page.upload(content)
        expect(page.page.get_by_text(sentence)).to_be_visible()
        assert (page.epoch, page.loss) == (1, loss)
    page.play()
    page.upload(BAD_FILES["one class"][0])
    expect(page.page.get_by_text(BAD_FILES["one class"][1])).to_be_visible()
    page.expect_epoch_above(page.epoch + 3)


def test_a_text_is_pasted_learned_and_found_again_after_a_reload(page):
    page.open_data()
    box = page.at("pasted").get_by_role("textbox")
    box.fill("the cat sat on the mat. " * 20)
    box.press("Control+Enter")
    expect(page.page.get_by_text("Learned: what comes next, in characters")).to_be_visible()
    page.start()
    expect(page.message).to_contain_text("with the data pasted text")
    page.step_to("1")
    loss = page.loss
    page.replay("Step")
    page.replay("Train")
    expect(page.page.locator(".rnnviz-sample")).to_contain_text("perplexity train")
    page.page.reload()
    page.expect_place("1")
    assert page.loss == loss
    expect(page.at("leave_data")).to_be_visible()


# Tasks


def test_tasks_of_each_kind_can_be_chosen_and_played(page):
    for name in (TaskName.CHARACTERS, TaskName.WAVES, TaskName.TRANSLATION, TaskName.SENTIMENT):
        choose_task(page, name)
        expect(page.page.get_by_text(TASKS[name].teaches)).to_be_visible()
        page.play()
        page.expect_epoch_above(2)
        page.pause()
        page.replay("Step")
        expect(page.at("network").locator(".gtitle")).to_contain_text("Forward")
        page.replay("Train")


def choose_task(page, name):
    page.page.locator("[class*=st-key-task] [role=combobox]").click()
    page.page.get_by_role("option", name=TASKS[name].label, exact=True).click()


def test_with_lag_20_elman_fails_and_the_gates_learn(page):
    shares = {}
    for cell in ("Elman", "GRU", "LSTM"):
        choose_task(page, TaskName.RECALL)
        page.page.get_by_role("button", name=f"{cell}, lag 20").click()
        page.expect_place("0")
        page.speed("End")
        page.press("play")
        expect(page.message).to_contain_text(re.compile("Finished: (30|60) of"), timeout=120_000)
        shares[cell] = page.status.inner_text()
    assert re.search(r"test accuracy\s+100", shares["GRU"], re.IGNORECASE)
    assert re.search(r"test accuracy\s+100", shares["LSTM"], re.IGNORECASE)
    assert not re.search(r"test accuracy\s+[4-9]\d", shares["Elman"], re.IGNORECASE)


# The look


def test_the_charts_follow_the_scheme_and_nothing_is_too_wide(opened):
    light, dark = opened(color_scheme="light"), opened(color_scheme="dark")
    assert brightness(light) < 100
    assert brightness(dark) > 180
    for page in (light, dark):
        for width in (1280, 1920):
            page.page.set_viewport_size({"width": width, "height": 1000})
            page.page.wait_for_function(NOTHING_SCROLLS_SIDEWAYS)


def brightness(page):
    """Mean of red, green and blue of a chart's title, from 0 to 255."""
    title = page.chart("loss").locator(".gtitle")
    color = title.evaluate("node => getComputedStyle(node).fill")
    return sum(map(int, re.findall(r"\d+", color)[:3])) / 3


def test_the_numbers_stay_in_sight(page):
    page.chart("norms").scroll_into_view_if_needed()
    page.expect_drawn_above("norms", 0)
    expect(page.status).to_be_in_viewport(ratio=1)
    expect(page.button("play")).to_be_in_viewport(ratio=1)


def test_the_figures_follow_when_the_reader_changes_the_theme(page):
    ink = "getComputedStyle(document.querySelector('.st-key-loss .gtitle')).fill"
    light = page.page.evaluate(ink)
    page.page.get_by_test_id("stMainMenu").get_by_role("button").click()
    page.page.get_by_test_id("stMainMenuPopover").get_by_text("Dark").click()
    page.page.wait_for_function(f"{ink} !== '{light}'")


def test_the_colour_scale_names_the_ends_that_are_drawn(page):
    drawn = "document.querySelector('.st-key-states .rnnviz-chart').data[0].zmax"
    shown = page.at("states").locator(".rnnviz-scale span").all_inner_texts()
    end = page.page.evaluate(f"Number({drawn}.toPrecision(3))")
    assert shown == ["h", f"{end:g}", f"−{end:g}"]
