"""A replay, as who finds it in a mail uses it: from the disk, offline, without a server."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from rnnviz.config import RunConfig
from rnnviz.files.replay import replay
from rnnviz.lessons.lesson import open_lesson, shipped
from rnnviz.lessons.lesson_file import lesson_html
from rnnviz.probe.session import Session
from rnnviz.run.schedule import Position
from tests.browser.serving import PATIENCE, new_context
from tests.browser.test_accessibility import FAINT, violations

PHRASES = ["i am not bad", "very happy", "i <b>am</b> not good"]
NETWORK = 'rnnviz.stage.plots.get("network").network'
DRAWN = """window.rnnviz
  && [...document.querySelectorAll(".rnnviz-chart")].every((node) => node.dataset.drawn)
  && rnnviz.stage.acked === rnnviz.stage.seq"""
# Playwright's own way of waiting evaluates a text in the page, which the file forbids.
WAIT = """async () => {{
  const until = performance.now() + {patience};
  while (!({condition})) {{
    if (performance.now() > until) throw new Error("never");
    await new Promise((resume) => setTimeout(resume, 10));
  }}
}}"""
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def session():
    session = Session(RunConfig(hidden=12, init_scale=0.1, lr=0.05))
    session.player.advance(260)
    return session


@pytest.fixture(scope="module")
def file(session, tmp_path_factory):
    path = tmp_path_factory.mktemp("mail") / "replay.html"
    path.write_text(replay(session, PHRASES), encoding="utf-8")
    return path


class Reader:
    """A browser with the file open, and no way out."""

    def __init__(self, browser, path, complaints, **options):
        context = new_context(browser, **options)
        context.set_offline(True)
        self.page, self.own = context.new_page(), path.as_uri()
        self.complaints = complaints
        self.page.on("request", self._on_request)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
        self.page.goto(self.own)
        self.settle()

    def _on_request(self, request):
        if request.url != self.own:
            self.complaints.append(f"request: {request.url}")

    def _on_console(self, message):
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console: {message.text}")

    def wait(self, condition):
        self.page.evaluate(WAIT.format(condition=condition, patience=PATIENCE))

    def settle(self):
        self.wait(DRAWN)

    @property
    def epoch(self):
        return self.page.evaluate("rnnviz.stage.header.epoch")

    def expect_epoch(self, epoch):
        self.wait(f"rnnviz.stage.header.epoch === {epoch}")
        expect(self.page.locator("[data-text=status]")).to_contain_text(f"{epoch} of 1000")
        self.settle()

    def states(self):
        """The states h that are drawn, (units, words)."""
        return np.array(self.page.evaluate(f"{NETWORK}.h.map((row) => [...row])"))

    def scrub_to(self, share):
        """Drag the slider to a place on its track."""
        box = self.page.get_by_label("Epoch shown").bounding_box()
        x = box["x"] + 8 + share * (box["width"] - 16)
        self.page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        self.page.mouse.move(x, box["y"] + box["height"] / 2, steps=8)
        self.page.mouse.up()
        self.settle()

    def hover_unit(self, t, row):
        """Put the pointer on a unit after word ``t``."""
        x, y = self.page.evaluate(
            """([t, row]) => {
              const { layout, canvas } = rnnviz.stage.plots.get("network");
              const { left, top } = canvas.getBoundingClientRect();
              return [left + layout.x(t), top + layout.bands[0].y + layout.cell * (row + 0.5)];
            }""",
            [t, row],
        )
        self.page.mouse.move(x, y)


@pytest.fixture
def reader(browser, file, complaints):
    reader = Reader(browser, file, complaints)
    yield reader
    reader.page.context.close()


def states_of(session, phrase, epoch):
    """The states of the run itself, (units, words)."""
    aside = session.fork()
    aside.player.go_to(Position(epoch))
    return aside.inspect(phrase).sequence_pass(0, "h").states.T


def expect_states(reader, session, phrase):
    whole = states_of(session, phrase, reader.epoch)
    assert np.abs(reader.states() - whole).max() <= np.abs(whole).max() / 2000 * 1.01


@pytest.mark.story
def test_the_run_plays_is_scrubbed_and_says_its_numbers(reader, session):
    page = reader.page
    reader.expect_epoch(260)
    expect_states(reader, session, PHRASES[0])
    expect(page.locator(".replay-note")).to_have_text(
        re.compile(r"^\d+ of 261 epochs are recorded")
    )
    # From its end it plays from the beginning.
    page.get_by_role("button", name="Play").click()
    reader.wait("rnnviz.stage.header.running && rnnviz.stage.header.epoch < 200")
    before = reader.epoch
    reader.wait(f"rnnviz.stage.header.epoch > {before}")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    stopped = reader.epoch
    assert 0 <= stopped < 260
    expect_states(reader, session, PHRASES[0])
    # The slider stops at what is recorded.
    reader.scrub_to(0.5)
    recorded = page.evaluate("rnnviz.replay.recording.epochs")
    assert reader.epoch in recorded
    assert abs(reader.epoch - 130) <= 4
    assert page.get_by_label("Epoch shown").input_value() == str(reader.epoch)
    expect_states(reader, session, PHRASES[0])
    assert page.evaluate('rnnviz.stage.plots.get("curves").run.shown') == reader.epoch
    # Numbers under the pointer.
    reader.hover_unit(2, 3)
    number = states_of(session, PHRASES[0], reader.epoch)[3, 2]
    tip = page.locator("[data-kind=network] .rnnviz-tip")
    expect(tip).to_contain_text("unit 3 after word 3, “not”")
    said = tip.inner_text().split("h = ")[1].replace("−", "-").replace(" ", "")
    assert float(said) == pytest.approx(number, abs=0.0016)
    # Another phrase, at the same epoch.
    epoch = reader.epoch
    page.get_by_role("button", name=PHRASES[1]).click()
    reader.settle()
    assert reader.epoch == epoch
    expect_states(reader, session, PHRASES[1])
    page.get_by_role("button", name=PHRASES[2]).click()
    reader.settle()
    expect(page.locator("[data-text=verdict]")).to_contain_text("not in the vocabulary: <b>am</b>")
    assert page.locator("main b", has_text=re.compile("^am$")).count() == 0


def test_the_keys_are_those_of_the_page(reader):
    page = reader.page
    page.keyboard.press("Home")
    reader.expect_epoch(0)
    recorded = page.evaluate("rnnviz.replay.recording.epochs")
    for epoch in recorded[1:4]:
        page.keyboard.press("ArrowRight")
        reader.expect_epoch(epoch)
    page.get_by_label("Epoch shown").focus()
    page.keyboard.press("ArrowLeft")
    reader.expect_epoch(recorded[2])
    page.keyboard.press("End")
    reader.expect_epoch(260)
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    reader.wait("rnnviz.stage.header.running && rnnviz.stage.header.epoch > 0")
    page.keyboard.press("Space")
    reader.wait("!rnnviz.stage.header.running")
    # A button that has the focus takes the space bar.
    page.get_by_role("button", name=PHRASES[1]).focus()
    page.keyboard.press("Space")
    reader.wait("!rnnviz.stage.header.running && rnnviz.replay.phrase === 1")


def test_dragging_in_the_curves_goes_to_an_epoch_and_a_click_marks_a_unit(reader):
    page = reader.page
    box = page.locator("[data-kind=curves] canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 - 40, box["y"] + 80, steps=4)
    page.mouse.up()
    reader.settle()
    assert 0 < reader.epoch < 260
    reader.hover_unit(1, 5)
    page.mouse.down()
    page.mouse.up()
    assert page.evaluate("rnnviz.stage.kept('unit')") == 5
    page.keyboard.press("End")
    reader.settle()
    assert page.evaluate("rnnviz.stage.kept('unit')") == 5
    page.locator("[data-kind=curves] .rnnviz-enlarge").click()
    expect(page.get_by_role("button", name="Table")).to_be_visible()
    expect(page.get_by_role("button", name="Explore")).to_be_hidden()
    page.keyboard.press("Escape")
    page.locator("[data-kind=network] .rnnviz-enlarge").click()
    page.get_by_role("button", name="Table").click()
    expect(page.locator(".rnnviz-numbers td").first).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    assert saved.value.suggested_filename == "network.csv"
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_looks_are_easy_to_read(browser, file, complaints, scheme):
    reader = Reader(browser, file, complaints, color_scheme=scheme)
    page, other = reader.page, {"light": "Dark", "dark": "Light"}[scheme]
    before, theme = page.evaluate(BACKGROUND), page.evaluate(f"{NETWORK}.theme.background")
    page.get_by_text("What made this file").click()
    assert violations(page, scheme) == []
    assert page.evaluate(FAINT.replace(".stApp", "main")) == []
    page.get_by_role("button", name=other, exact=True).click()
    reader.settle()
    assert page.evaluate(BACKGROUND) != before
    assert page.evaluate(f"{NETWORK}.theme.background") != theme
    page.context.close()


def test_an_untrained_run_has_no_control_that_does_nothing(browser, tmp_path, complaints):
    path = tmp_path / "replay.html"
    path.write_text(replay(Session(RunConfig(hidden=5)), ["not bad"]), encoding="utf-8")
    reader = Reader(browser, path, complaints)
    expect(reader.page.get_by_text("nothing to play")).to_be_visible()
    shown = reader.page.get_by_role("button").all_inner_texts()
    assert shown == ["Dark", "?", "⤢", "⤓", "?", "⤢", "⤓"]
    assert reader.page.get_by_role("slider").count() == 1  # that marks a unit
    reader.page.context.close()


def test_a_file_that_is_cut_short_says_so(browser, file, tmp_path):
    whole = file.read_text(encoding="utf-8")
    path = tmp_path / "replay.html"
    path.write_text(whole[: len(whole) - 20_000], encoding="utf-8")
    context = new_context(browser)
    page = context.new_page()
    page.goto(path.as_uri())
    expect(page.get_by_text("The recording can't be read")).to_be_visible()
    context.close()


@pytest.mark.story
def test_the_menu_saves_what_the_page_shows(opened, server, browser, tmp_path, complaints):
    page = opened(f"{server.url}/?hidden=5&init_scale=0.5&epoch=3")
    drawn = page.in_chart("network", "figure.data[0].z.map((row) => [...row])")
    page.open_export()
    with page.page.expect_download() as saved:
        page.page.get_by_role("button", name="Replay (.html)").click()
    saved.value.save_as(tmp_path / "replay.html")
    reader = Reader(browser, tmp_path / "replay.html", complaints)
    reader.expect_epoch(3)
    assert np.abs(reader.states() - np.array(drawn)).max() <= np.abs(drawn).max() / 2000 * 1.01
    reader.page.context.close()


@pytest.mark.story
def test_a_lesson_in_a_file_is_done_offline(browser, tmp_path, complaints):
    path = tmp_path / "lesson.html"
    path.write_text(lesson_html("plateau", open_lesson(shipped()["plateau"])), encoding="utf-8")
    page = Reader(browser, path, complaints).page
    strip = page.locator(".rnnviz-lesson")
    expect(strip).to_contain_text("Draw how its loss will fall")
    # The run is not seen before it was guessed.
    known = 'rnnviz.stage.plots.get("curves").run.train_loss.x.at(-1)'
    assert page.evaluate(known) == 0
    page.keyboard.press("Space")
    expect(strip.locator(".hint")).to_contain_text("Draw to the right end first.")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(strip).to_contain_text("Your guess is locked in.")
    strip.get_by_role("button", name="To the end").click()
    expect(strip).to_contain_text("What moved first?")
    assert page.evaluate(known) == 600
    page.keyboard.press("1")
    expect(strip.locator(".choices .right")).to_contain_text("Radius of W_hh, doubled")
    page.keyboard.press("Enter")
    strip.get_by_role("button", name="Show that run").click()
    page.keyboard.press("Enter")
    page.keyboard.press("3")
    strip.get_by_role("button", name="Done").click()
    expect(strip).to_have_count(0)
    page.get_by_role("button", name="Resume").click()
    expect(strip).to_contain_text("Built to remember is not quick to learn.")
    page.context.close()
