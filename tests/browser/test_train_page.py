"""Page *Train*, used as its reader uses it."""

import re

import pytest
from playwright.sync_api import expect

from rnnviz.config import TaskName
from tests.browser.train_page import MARGINS

NOTHING_SCROLLS_SIDEWAYS = """() =>
  [...document.querySelectorAll("html, body, .stMain, .stSidebar, .stSidebar *")].every((node) =>
    !["auto", "scroll"].includes(getComputedStyle(node).overflowX) ||
    node.scrollWidth <= node.clientWidth + 1)
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
    "green list_page,green\nblue ink,blue\n"
)
BAD_FILES = {
    "too many columns": (b",".join(b"c%d" % k for k in range(201)) + b"\n1\n", "has 201 columns"),
    "one class": (b"text,label\ngood,fine\nbad,fine\n", "at least two classes"),
    "empty text": (b"text,label\ngood,positive\n ,negative\n", "the text is empty"),
    "contradiction": (
        b"text,label\ngood,a\nbad,b\ngood,b\n",
        "the same words 'good' have two labels",
    ),
    "no rows": (b"text,label\n", "has no rows"),
    "not UTF-8": ("text,label\ngrün,a\nrot,b\n".encode("latin-1"), "is not UTF-8"),
    "empty label": (b"text,label\ngood,positive\nbad,\n", "the label is empty"),
    "too long": (
        b"text,label\n" + b"bad " * 201 + b",a\ngood,b\n",
        "the text has 201 words",
    ),
    "a zero byte": (b"text,label\ngo\0od,a\nbad,b\n", "zero byte"),
    "open quotation": (b'text,label\n"good,a\nbad,b\n', "can't be read as CSV"),
    "too many rows": (b"text,label\n" + b"good,a\n" * 20_001, "more than 20,000"),
    "empty target": (b"source,target\nthe cat,\n", "the target is empty"),
}
LINKED_FILE = b"text,label\na,http://example.org\nb,http://example.org\n"
# Sees in every frame whether Streamlit shows that it runs.
WATCH_STREAMLIT = """
window.said_running = 0;
(function watch() {
  const icon = document.querySelector("[data-testid=stStatusWidgetRunningIcon]");
  said_running += Boolean(icon?.checkVisibility() || icon?.nextElementSibling?.checkVisibility());
  requestAnimationFrame(watch);
})();
"""


@pytest.mark.story
def test_play_pause_and_reset(opened, server):
    """The buttons stay where they are, nothing else says that something runs, and it can rest."""
    page = opened(f"{server.url}/?epochs=100000")  # it does not end by itself
    first_loss, boxes = page.loss, [buttons(page)]
    page.page.evaluate(WATCH_STREAMLIT)
    page.speed("Home")
    page.play()
    page.expect_said("status", re.compile(r"0 \+ [2-9]/58 of"))
    page.speed("End")
    page.expect_epoch_above(60)
    expect(page.button("play")).to_be_disabled()
    boxes.append(buttons(page))
    page.pause()
    expect(page.button("pause")).to_be_disabled()
    boxes.append(buttons(page))
    assert boxes[0] == boxes[1] == boxes[2]
    assert page.page.evaluate("said_running") == 0
    # It stands still: a single phrase is all that is added.
    epoch = page.epoch
    page.step_to(str(epoch + 1))
    page.press("step_phrase")
    page.expect_place(f"{epoch + 1} + 1/58")
    page.keys("Space")
    page.expect_said("status", "Running")
    page.expect_epoch_above(epoch + 2)
    page.keys("Space")
    page.expect_said("status", "Paused")
    page.press("reset")
    page.expect_place("0")
    assert page.loss == first_loss


def buttons(page):
    """Where the buttons and the speed are."""
    shown = page.page.locator(".rnnviz-bar .main:visible")
    named = map(page.button, ("step_epoch", "compare"))
    return [node.bounding_box() for node in (shown, *named, page.pace)]


def test_steps_and_their_keys_and_a_new_seed(page):
    page.step_to("1")
    page.keys("e")
    page.expect_place("2")
    page.press("step_phrase")
    page.expect_place("2 + 1/58")
    page.keys("p")
    page.expect_place("2 + 2/58")
    page.step_to("3")
    before = page.heights()[0]
    page.keys("n")
    page.expect_place("0")
    expect(page.page).to_have_url(re.compile(r"seed=1\b"))
    page.expect_said("message", "Started again")
    page.expect_in_chart("network", f"{MARGINS}[0] !== given", before)


@pytest.mark.story
def test_it_learns_to_the_end_and_the_verdict_turns_at_not_and_at_bad(page):
    page.speed("End")
    page.play()
    page.expect_said("status", "Finished")
    page.expect_said("message", "Finished. Drag")
    page.expect_share("test", "100.0%")
    page.type_phrase("this is not bad")
    page.expect_said("verdict", "positive")
    with_not = margin_of(page, "this is not bad")
    page.type_phrase("this is bad")
    page.expect_said("verdict", "negative")
    without = margin_of(page, "this is bad")
    assert with_not[:2] == without[:2]
    assert abs(with_not[2] - with_not[1]) > 1
    assert with_not[3] - with_not[2] > 1
    assert with_not[3] > 0 > without[2]


def margin_of(page, phrase):
    """The running margin, as soon as these words stand below it."""
    page.expect_in_chart("network", WORDS, phrase.lower().split())
    return page.heights()


WORDS = "figure.layout.meta.words.join(' ') === given.join(' ')"


@pytest.mark.story
def test_whatever_is_typed_is_shown_as_typed_or_gets_a_sentence(page):
    box = page.phrase
    box.fill("")
    box.press_sequentially("happy and not happy e 0")
    box.press("Enter")
    page.expect_said("verdict", "not in the vocabulary: e, 0")
    assert len(margin_of(page, "happy and not happy")) == 4
    page.expect_place("0")
    page.type_phrase("not zebra bad")
    page.expect_said("verdict", "zebra")
    plain = tags(page.verdict)
    page.type_phrase(f"not {' '.join(MARKUP)} bad")
    for word in MARKUP:
        page.expect_said("verdict", word)
    assert tags(page.verdict) == plain
    assert page.page.evaluate("window.hit") is None
    for text, sentence in UNREADABLE.items():
        page.type_phrase("bad")
        page.expect_said("verdict", "%")
        page.type_phrase(text)
        page.expect_said("verdict", sentence)
    page.step_to("1")


def tags(node):
    """The tags of the elements in a node."""
    return node.evaluate("node => [...node.querySelectorAll('*')].map(e => e.tagName)")


@pytest.mark.story
def test_a_new_learning_rate_keeps_the_weights_and_the_network_starts_again(page):
    page.set_number("epochs", 100_000)  # it does not end by itself
    page.play()
    page.expect_epoch_above(5)
    page.set_number("lr", 0.1)
    page.expect_in_chart("curves", "figure.layout.meta.changes.length === 1")
    marked = page.in_chart("curves", "figure.layout.meta.changes[0]")
    assert marked >= 5
    page.expect_epoch_above(marked + 2)
    page.expect_said("status", "Running")
    page.pause()
    expect(page.page).to_have_url(re.compile(r"changes=\d+(%2F\d+)?%3Alr%3D0\.1&"))
    for name, change in (
        ("Hidden units", lambda: page.at("hidden").locator("input").press("ArrowRight")),
        ("Initial scale", lambda: page.set_number("init_scale", 0.1)),
        ("Seed", lambda: page.set_number("seed", 7)),
        ("Gradient", lambda: page.choose("gradient", "notebook")),
    ):
        change()
        page.expect_said("message", f"at epoch 0, because {name} changed")
        page.step_to("1")
    expect(page.page).to_have_url(re.compile("hidden=65.*gradient=notebook"))


def test_it_stops_at_the_last_epoch_and_when_it_diverges(page):
    page.set_number("epochs", 3)
    page.press("play")
    page.expect_said("message", "Finished. Drag")
    expect(page.button("step_epoch")).to_be_disabled()
    page.set_number("epochs", 5)
    page.step_to("4")
    page.press("reset")
    page.choose("clip_by", "off")
    page.set_number("lr", 10)
    expect(page.page).to_have_url(re.compile(r"lr=10"))
    page.press("play")
    page.expect_said("message", "no longer a finite number")
    page.expect_said("message", "Try a learning rate of")
    page.expect_said("status", "Paused")


def test_a_copied_link_is_the_same_run_and_wrong_values_are_named(page, opened, server):
    page.set_number("seed", 7)
    page.set_number("lr", 0.05)
    page.choose("clip_by", "norm")
    page.type_phrase("this is not bad")
    expect(page.page).to_have_url(re.compile("seed=7.*clip_by=norm.*phrase=this"))
    margin_of(page, "this is not bad")
    other = opened(page.page.url)
    expect(other.phrase).to_have_value("this is not bad")
    theirs = first_epoch(other)
    page.page.bring_to_front()
    assert first_epoch(page) == theirs
    wrong = opened(f"{server.url}/?lr=1e9&hidden=abc&seed=7&nonsense=1")
    wrong.expect_said("message", "Learning rate (lr) can't be '1e9'")
    wrong.expect_said("message", "Hidden units (hidden) can't be 'abc'")
    expect(wrong.at("lr").get_by_role("spinbutton")).to_have_value("0.02")
    wrong.reveal("seed")
    expect(wrong.at("seed").get_by_role("spinbutton")).to_have_value("7")
    expect(wrong.page).to_have_url(re.compile(r"\?seed=7$"))


def first_epoch(page):
    """The status and the running margin after one epoch."""
    drawn = page.drawn("network")
    page.step_to("1")
    page.expect_drawn_above("network", drawn)
    return page.status.inner_text(), page.heights()


def test_own_files_bad_ones_and_good_ones(page):
    """Twelve bad files get a sentence and the run stays; good ones are learned."""
    assert len(BAD_FILES) == 12
    page.set_number("epochs", 100_000)  # it does not end by itself
    page.step_to("1")
    page.open_data()
    loss = page.loss
    page.upload(LINKED_FILE)
    expect(page.page.get_by_text("all have the label")).to_contain_text("example.org")
    assert page.page.locator("a[href*=example]").count() == 0
    for content, sentence in BAD_FILES.values():
        page.upload(content)
        expect(page.page.get_by_text(sentence)).to_be_visible()
        assert (page.epoch, page.loss) == (1, loss)
    page.play()
    page.upload(BAD_FILES["one class"][0])
    expect(page.page.get_by_text(BAD_FILES["one class"][1])).to_be_visible()
    page.expect_epoch_above(page.epoch + 3)
    page.pause()
    page.learn("text,label\n<b>bold</b> $x$ <i>,z<b>yes</b>\nplain,no\n", name="**my** $x$.csv")
    page.expect_said("message", "with the data **my** $x$.csv")
    expect(page.at("leave_data")).to_be_visible()
    expect(page.at("learn")).to_be_visible()  # the box stays unfolded
    page.type_phrase("<b>bold</b> $x$ <i>")
    page.expect_in_chart("network", WORDS, ["<b>bold</b>", "$x$", "<i>"])
    page.ask("Where is it wrong?")
    page.expect_drawn_above("list", 0)
    page.page.get_by_role("radio", name="all").last.click()
    row = page.at("list").get_by_role("row").filter(has_text="<b>bold</b> $x$ <i>")
    expect(row).to_contain_text("z<b>yes</b>")
    assert row.locator("b, i:not(.share i), mark").count() == 0
    page.expect_drawn_above("confusion", 0)
    written = page.page.evaluate(WRITTEN, "confusion")
    assert any("z<b>yes" in text for text, _ in written)
    assert not {weight for _, weight in written} & {"bold", "700"}
    page.ask("How does it learn?")
    page.expect_said("verdict", re.compile(r"z<b>yes</b>|no"))


def test_a_high_loss_that_rescales_the_axis_takes_no_name_from_a_baseline(opened, server):
    page = opened(f"{server.url}/?lr=2&epoch=10")
    assert float(page.loss) > 2
    written = {text for text, _ in page.page.evaluate(WRITTEN, "curves")}
    assert {"guessing", "last word"} <= written


# The texts that a chart writes on its canvas, and the weights of their fonts.
WRITTEN = """key => {
  const picture = rnnviz.stage.plots.get(key), context = picture.canvas.getContext("2d");
  const { fillText } = context, written = [];
  context.fillText = function (text, ...place) {
    written.push([text, this.font.split(" ")[0]]);
    fillText.call(this, text, ...place);
  };
  picture.repaint();
  delete context.fillText;
  return written;
}"""

# The next message to Streamlit asks for a rerun. After the one that follows it, it goes again and
# again: what that one says could be lost in the reruns.
RERUNS_AFTER_THE_NEXT_PRESS = """() => {
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (message) {
    send.call(this, message);
    if (!this.url.includes("_stcore")) return;
    if (!window.asked) return void (window.asked = message);
    WebSocket.prototype.send = send;
    for (let time = 0; time < 20; time++) setTimeout(() => send.call(this, window.asked), 2 * time);
  };
  window.asked = null;
}"""
DROP = """(input, name) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["text,label\\na b,x\\nc,y\\n"], name, { type: "text/csv" }));
  input.dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer }));
}"""


def begin_reruns(page):
    """After the next press many reruns are asked for."""
    page.page.evaluate(RERUNS_AFTER_THE_NEXT_PRESS)
    page.press("step_phrase")
    page.page.wait_for_function("() => window.asked")


def test_a_file_chosen_or_dropped_among_reruns_is_not_lost(page):
    page.open_data()
    box = page.at("train_csv")
    remove = box.get_by_role("button", name="Remove")
    for name, drops in (("one.csv", False), ("one.csv", True)):
        begin_reruns(page)
        if drops:
            box.locator("input[type=file]").evaluate(DROP, name)
        else:
            page.upload("text,label\na b,x\nc,y\n", name)
        expect(remove).to_be_visible()
        expect(box).to_contain_text(name)
        expect(page.page.get_by_text(" to test")).to_be_visible()
        remove.click()
        expect(box).to_contain_text("Choose or drop a file")
        expect(page.page.get_by_text(" to test")).to_have_count(0)


MESSAGES = """() => {
  const send = WebSocket.prototype.send;
  window.sent = [];
  WebSocket.prototype.send = function (message) {
    if (this.url.includes("_stcore")) sent.push(performance.now());
    return send.call(this, message);
  };
}"""


def test_a_while_after_a_press_the_page_asks_for_no_rerun(opened, server):
    """Streamlit would forget the press if another rerun came before the script begins with it."""
    page = opened(f"{server.url}/gradients?hidden=8", "words")
    page.ask("Is it right?")
    page.expect_all_heard()
    page.page.wait_for_timeout(1600)
    page.page.evaluate(MESSAGES)
    page.page.evaluate(
        """() => {
          document.querySelector("[data-what=phrase]").click();  // it makes a rerun due
          const check = document.querySelector(".st-key-check button");
          check.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
          check.click();
        }"""
    )
    expect(page.page.locator(".rnnviz-check")).to_contain_text("right")
    page.page.wait_for_timeout(2000)
    press, *others = page.page.evaluate("sent")
    assert all(time - press > 1400 for time in others)


def test_a_pasted_text_and_own_phrases_in_three_classes_are_learned(page):
    page.open_data()
    box = page.at("pasted").get_by_role("textbox")
    box.fill("the cat sat on the mat. " * 20)
    box.press("Control+Enter")
    expect(page.page.get_by_text("To learn: what comes next, in characters")).to_be_visible()
    page.start()
    page.expect_said("message", "with the data pasted text")
    page.step_to("1")
    loss = page.loss
    page.replay("Step")
    page.replay("Train")
    expect_a_sample_of_one_height(page)
    page.page.reload()
    page.expect_place("1")
    assert page.loss == loss
    expect(page.at("leave_data")).to_be_visible()
    page.learn(COLOURS)
    page.expect_said("message", "Started again at epoch 0, with the data mine.csv")
    assert float(page.loss) == pytest.approx(1.0986, abs=0.01)
    page.set_number("init_scale", 0.1)
    page.speed("End")
    page.play()
    page.expect_share("training", "100.0%")


def expect_a_sample_of_one_height(page):
    """Few lines or many: what is below doesn't move."""
    sample = page.page.locator(".rnnviz-sample")
    expect(sample).to_contain_text("perplexity train")
    heights = set()
    for lines in (1, 8, 80):
        text = "a\n" * lines
        sample.locator("p").evaluate("(node, text) => (node.textContent = text)", text)
        heights.add(sample.bounding_box()["height"])
    assert len(heights) == 1


def test_tasks_of_each_kind_can_be_chosen_and_played(page):
    page.pace.fill("4")  # so slowly that none comes to its end
    for name in (TaskName.CHARACTERS, TaskName.WAVES, TaskName.TRANSLATION, TaskName.SENTIMENT):
        page.choose_task(name)
        page.play()
        page.expect_epoch_above(2)
        page.pause()
        page.replay("Step")
        expect(page.page.locator(".rnnviz-story")).to_contain_text("Forward")
        page.replay("Train")
    page.choose_task(TaskName.RECALL)
    expect(page.page).to_have_url(re.compile("task=recall&lag=20"))
    page.expect_idle()
    page.page.get_by_role("button", name="LSTM, lag 20").click()
    page.expect_place("0")
    expect(page.page).to_have_url(re.compile("task=recall&lag=20&cell=lstm"))


def test_light_and_dark_wide_and_narrow(opened):
    inks = {}
    for scheme in ("dark", "light"):
        page = opened(scheme=scheme)
        page.expect_drawn_above("curves", 0)
        inks[scheme] = page.page.evaluate(INK)
        for width in (1280, 1920):
            page.page.set_viewport_size({"width": width, "height": 1000})
            page.page.wait_for_function(NOTHING_SCROLLS_SIDEWAYS)
    assert brightness(inks["light"]) < 100
    assert brightness(inks["dark"]) > 180
    for kept in (page.status, page.button("play")):
        expect(kept).to_be_in_viewport(ratio=1)
    choose_theme(page, "Dark")
    page.page.wait_for_function(f"() => {INK} === '{inks['dark']}'")
    choose_theme(page, "System")


INK = "rnnviz.stage.plots.get('curves').run.theme.text"


def choose_theme(page, name):
    page.page.get_by_test_id("stMainMenu").get_by_role("button").click()
    page.page.get_by_test_id("stMainMenuPopover").get_by_text(name).click()
    page.page.keyboard.press("Escape")


def brightness(color):
    """Mean of red, green and blue, from 0 to 255."""
    return sum(bytes.fromhex(color[1:])) / 3


FIRST_PICTURES_OF_EACH_PHRASE = """() => {
  window.first = {};
  const { stage } = rnnviz, frame = stage.frame;
  stage.frame = function (header) {
    first[header.typed] ??= Object.keys(header.pictures);
    return frame.call(this, header);
  };
}"""


def test_a_phrase_typed_right_after_the_end_of_a_run_is_drawn_at_once(opened, server):
    """Five times: no epoch of the gauge that is still to be replayed comes first."""
    page = opened(f"{server.url}/?hidden=128&epochs=30")
    page.speed("End")
    page.page.evaluate(FIRST_PICTURES_OF_EACH_PHRASE)
    for number in range(5):
        phrase = ("not bad", "not very bad", "sad and not good")[number % 3]
        page.press("reset")
        page.expect_place("0")
        page.press("play")
        page.expect_place("30")
        page.page.evaluate("first = {}")
        page.type_phrase(phrase)
        page.page.wait_for_function("given => given in first", arg=phrase)
        assert {"network", "curves"} <= set(page.page.evaluate("first")[phrase])
