"""The run and its wire outlive what can happen to a tab, to its sockets and to the server."""

import contextlib
import itertools
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from rnnviz.config import RunConfig
from rnnviz.files.run_file import run_file
from rnnviz.probe.session import Session
from rnnviz.run.schedule import Position
from rnnviz.run.weight_edits import set_weight
from tests.browser.proxy import cut, proxy
from tests.browser.serving import PATIENCE, free_port, serve, visit
from tests.browser.train_page import TrainPage

#: So small a network that it can be played for long, and an end that it never comes to.
LONG = "hidden=8&epochs=100000"
OUT_OF_REACH = "Can't reach the server. Trying again …"
#: What a browser says of a socket or a server that is gone.
GONE = re.compile(
    "WebSocket connection to|Failed to load resource|when disconnected from server|"
    "Client Error in reaching server|server is not responding"
)
# The epochs of the loss curve: all there are, one after the other.
WHOLE = "figure.data[0].x.length > given && figure.data[0].x.every((epoch, i) => epoch === i)"
NOTES = """() => {
  window.notes = [];
  const note = document.querySelector(".rnnviz-note");
  new MutationObserver(() => notes.push(note.textContent)).observe(note, { childList: true });
}"""


@pytest.fixture
def page(opened, server):
    """A page that plays, at ten epochs a second."""
    page = opened(f"{server.url}/?{LONG}")
    page.pace.fill("4")
    page.play()
    page.expect_epoch_above(3)
    return page


def forgive(complaints):
    """Forget what a browser says when a socket or a server has gone."""
    complaints[:] = [complaint for complaint in complaints if not GONE.search(complaint)]


def expect_to_go_on(page, run, epoch):
    """Wait until the same run has gone past ``epoch``, with every epoch in its curve."""
    page.expect_epoch_above(epoch)
    page.expect_said("status", "Running")
    assert page.run == run
    page.expect_in_chart("curves", WHOLE, epoch)


# What can happen to the sockets


@pytest.mark.story
def test_a_reload_goes_on_with_the_same_run_and_the_address_follows_it(page):
    page.set_number("lr", 0.05)
    page.expect_in_chart("curves", "figure.layout.meta.changes.length === 1")
    run, epoch = page.run, page.epoch
    page.page.reload()
    expect_to_go_on(page, run, epoch + 3)
    expect(page.at("lr").get_by_role("spinbutton")).to_have_value("0.05")
    expect(page.pace).to_have_value("4")
    expect(page.status).not_to_contain_text("link")
    page.pace.fill("6")
    for _ in range(3):
        before = page.page.url
        page.page.wait_for_function("before => location.href !== before", arg=before)
        told, epoch = page.page.evaluate(LINKED)
        # At 60 epochs a second: a second, and what a crowded machine needs for a timer.
        assert epoch - 120 <= told <= epoch


LINKED = """() => {
  // "7", or inside an epoch "7/12".
  const told = parseInt(new URLSearchParams(location.search).get("epoch") ?? "0");
  return [told, rnnviz.stage.header.epoch];
}"""


@pytest.mark.story
def test_a_wire_that_is_cut_comes_back_and_misses_nothing(page):
    page.page.evaluate(NOTES)
    run = page.run
    for drops in (1, 2):
        epoch = page.epoch
        page.page.evaluate("rnnviz.wire.socket.close()")
        page.page.wait_for_function("drops => rnnviz.wire.drops === drops", arg=drops)
        expect_to_go_on(page, run, epoch + 5)
    assert page.page.evaluate("notes") == [OUT_OF_REACH, ""] * 2
    page.pause()
    epoch = page.epoch
    page.page.evaluate("""() => {
      rnnviz.wire.socket.close();
      rnnviz.wire.drawn(1);
      document.querySelector("[data-what=epoch]").click();
    }""")
    # Pressed while the wire was closing, heard when it is open again.
    page.expect_place(str(epoch + 1))
    assert page.drops == 3


SIGNS = ".rnnviz-note:not(:empty), .stDialog, [data-testid=stConnectionStatus]"


@pytest.mark.story
def test_a_line_that_was_cut_for_long_is_said_once_and_the_run_plays_on(opened, server, complaints):
    with proxy("/class", int(server.url.rpartition(":")[2])) as url:
        page = opened(f"{url}/?{LONG}")
        page.play()
        page.expect_epoch_above(3)
        run = page.run
        with cut():
            expect(page.page.locator(".rnnviz-note")).to_have_text(OUT_OF_REACH)
            page.page.wait_for_timeout(8000)
            epoch = page.epoch
            assert page.page.locator(SIGNS).locator("visible=true").all_inner_texts() == [
                OUT_OF_REACH
            ]
        expect(page.page.locator(".rnnviz-note")).to_be_empty()
        expect_to_go_on(page, run, epoch + 3)
        page.expect_idle()
        expect_to_go_on(page, run, page.epoch + 3)
        expect(page.page.locator(SIGNS)).to_have_count(0)
        page.page.close()
    forgive(complaints)


GRAB = """() => {
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (this.url.endsWith("/_stcore/stream")) window.streamlit_socket = this;
    return send.call(this, data);
  };
}"""


def test_a_cut_of_streamlits_own_socket_is_not_felt(page):
    """Not before its script runs, while it does, or after: nothing is missing on the page."""
    page.page.evaluate(GRAB)
    run = page.run
    for number, wait in enumerate((0, 50, 100, 200, 400)):
        page.page.evaluate("window.streamlit_socket = null")
        page.set_number("lr", 0.05 + number / 100)
        page.page.wait_for_function("() => window.streamlit_socket")
        page.page.wait_for_timeout(wait)
        epoch = page.epoch
        page.page.evaluate("streamlit_socket.close()")
        expect_to_go_on(page, run, epoch + 3)
        # What is typed while Streamlit lays a box out again is lost with the box.
        page.expect_idle()
        page.set_number("lr", f"0.{number + 2}5")
        page.expect_in_chart("curves", "figure.layout.meta.changes.length > given", 2 * number)
    assert page.drops == 0


@contextlib.contextmanager
def stopped(server):
    """The server stands still, as on a laptop that was closed."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="a process can't be held there")
def test_a_server_that_stood_still_goes_on_where_it_was(page, server):
    run = page.run
    with stopped(server):
        epoch = page.epoch
        page.page.wait_for_timeout(2000)
        assert page.epoch <= epoch + 2
        page.press("pause")
        expect(page.page.locator(".rnnviz-note")).to_have_text(
            "The server does not answer. Waiting for it …"
        )
    expect(page.page.locator(".rnnviz-note")).to_be_empty()
    page.expect_said("status", "Paused")
    assert page.epoch <= epoch + 10
    assert page.drops == 0
    page.play()
    expect_to_go_on(page, run, epoch + 10)


@pytest.mark.story
def test_a_server_that_is_started_again_opens_the_link_of_the_page(opened, complaints):
    port = free_port()
    with serve(port) as server:
        page = opened(f"{server.url}/?{LONG}")
        page.play()
        page.expect_epoch_above(60)
        os.kill(server.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        expect(page.page.locator(".rnnviz-note")).to_have_text(OUT_OF_REACH)
        epoch, run = page.epoch, page.run
    with serve(port):
        page.expect_said("message", "The page opened the link in its address")
        page.expect_said("message", "Opened at epoch")
        expect(page.page.locator(".rnnviz-note")).to_be_empty()
        assert page.epoch == pytest.approx(epoch, abs=60)
        assert page.run != run
        page.expect_idle()
        page.step_to(str(page.epoch + 1))
        page.page.close()
    forgive(complaints)


@pytest.mark.story
def test_a_run_too_long_for_a_link_is_found_again_and_goes_by_file(opened, tmp_path):
    session = Session(RunConfig(hidden=2, epochs=100_000))
    session.player.advance(1)
    edits = [set_weight("W_hh", 0, 1, k / 1e5) for k in range(1800)]
    session.run.branch(Position(1), edits)
    path = tmp_path / "run.rnnviz"
    path.write_bytes(run_file(session))
    with serve(opening=path) as server:
        page = opened(server.url)
        page.page.wait_for_url(re.compile(r"\?run="))
        page.step_to("2")
        run, weights = page.run, page.loss
        page.page.reload()
        page.expect_place("2")
        assert (page.run, page.loss, page.drops) == (run, weights, 0)
        other = TrainPage(page.page.context.new_page())
        visit(other.page, page.page.url)
        assert other.run == run
        other.page.close()
        page.page.get_by_role("button", name="Copy link").click()
        expect(page.page.get_by_text("too long for a link. Save it as a file")).to_be_visible()
        page.page.close()


# What can happen to the tab

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
# Presses Step epoch and, so many milliseconds later, asks for another page.
PRESS_AND_GO = """async ([wait, title]) => {
  document.querySelector("button[data-what=epoch]").click();
  await new Promise((resume) => setTimeout(resume, wait));
  const links = [...document.querySelectorAll("[data-testid=stTopNavLink]")];
  links.find((link) => link.textContent.includes(title)).click();
}"""


def test_other_pages_show_the_same_run_and_a_hidden_tab_draws_nothing(page):
    run = page.run
    for title, chart in (("Gradients", "over_lag"), ("Hidden states", "response")):
        page.replay(title)
        page.expect_drawn_above(chart, 2)
    page.page.go_back()
    page.expect_drawn_above("over_lag", 2)
    page.page.go_back()
    page.expect_drawn_above("curves", 2)
    page.page.go_forward()
    page.expect_drawn_above("over_lag", 2)
    page.replay("Train")
    expect_to_go_on(page, run, page.epoch + 3)
    page.page.evaluate(HIDE, True)
    page.page.wait_for_function("() => !rnnviz.stage.due")
    epoch, drawn = page.header["epoch"], page.drawn("curves")
    page.page.wait_for_function("epoch => rnnviz.stage.header.epoch > epoch + 10", arg=epoch)
    assert page.drawn("curves") == drawn
    page.page.evaluate(HIDE, False)
    page.expect_drawn_above("curves", drawn + 3)
    page.expect_in_chart("curves", WHOLE, epoch + 10)
    page.pause()
    pages = itertools.cycle((("Step", "step"), ("Dynamics", "phase"), ("Train", "curves")))
    for wait, (title, chart) in zip((0, 20, 40, 60, 80, 100, 120, 140, 200), pages, strict=False):
        epoch = page.epoch
        page.page.evaluate(PRESS_AND_GO, [wait, title])
        page.expect_drawn_above(chart, 0)
        page.expect_place(str(epoch + 1))
        # What was pressed is followed by Streamlit's part of the page too.
        page.expect_all_heard()
        page.expect_idle()
        assert page.page.locator(f".st-key-{chart}").count() == 1, wait
        page.page.wait_for_url(re.compile(rf"epoch={epoch + 1}\b"))
    assert page.drops == 0


def test_a_second_tab_a_second_window_and_no_tab(page, server):
    """A new tab has a run of its own, a window opened from the page the same, none: it rests."""
    other = TrainPage(page.page.context.new_page())
    visit(other.page, server.url)
    other.expect_said("status", "Paused")
    assert other.run != page.run
    other.step_to("1")
    other.page.close()
    expect_to_go_on(page, page.run, page.epoch + 3)
    with page.page.expect_popup() as popup:
        page.page.evaluate("window.open(location.href)")
    window = TrainPage(popup.value)
    expect_to_go_on(window, page.run, page.epoch)
    window.pause()
    page.page.bring_to_front()
    page.expect_said("status", "Paused")
    assert (window.reading()[0], window.loss) == (page.reading()[0], page.loss)
    page.speed("End")
    page.play()
    page.expect_epoch_above(page.epoch + 200)
    page.page.close()
    window.page.close()
    if Path("/proc/self/stat").exists():
        expect_rest(server)


def expect_rest(server):
    """Wait until the server uses less than a tenth of a core."""
    until, before = time.monotonic() + PATIENCE / 1000, cpu_seconds(server)
    while time.monotonic() < until:
        time.sleep(0.5)
        used, before = cpu_seconds(server) - before, cpu_seconds(server)
        if used < 0.05:
            return
    raise AssertionError("The server goes on without a tab.")


def cpu_seconds(server):
    """CPU time that the server has used."""
    fields = Path(f"/proc/{server.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# No press is lost or done twice

# Clicks what it finds, every 20 ms.
CLICK = """async ([selector, times]) => {
  for (let time = 0; time < times; time++) {
    document.querySelector(selector).click();
    await new Promise((resume) => setTimeout(resume, 20));
  }
}"""
SEEK = """async (epochs) => {
  const input = document.querySelector("[data-slider=scrubber] input");
  const tell = (what) => input.dispatchEvent(new Event(what, { bubbles: true }));
  for (const epoch of epochs) {
    input.value = epoch;
    tell("input");
    await new Promise((resume) => setTimeout(resume, 20));
  }
  tell("change");
}"""
TYPE = """async (times) => {
  const input = document.querySelector(".st-key-phrase input");
  for (let time = 1; time <= times; time++) {
    input.value = "good ".repeat(1 + (time % 7)) + time;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((resume) => setTimeout(resume, 20));
  }
}"""
PLAY_OR_PAUSE = "button:is([data-do=play], [data-do=pause]):enabled"
TIMES = 60


@pytest.fixture
def busy():
    """Both cores of the machine have something else to do."""
    command = [sys.executable, "-c", "while True: pass"]
    loops = [subprocess.Popen(command) for _ in range(2)]
    yield
    for loop in loops:
        loop.kill()
        loop.wait()


def test_no_press_and_nothing_typed_is_lost_or_done_twice(opened, server, busy):
    page = opened(f"{server.url}/hidden?hidden=7&epochs=100000", "response")
    page.page.evaluate(CLICK, ["button[data-what=epoch]", TIMES])
    page.expect_place(str(TIMES))
    page.page.evaluate(CLICK, ["button[data-what=phrase]", TIMES])
    page.expect_place("61 + 2/58")
    page.page.evaluate(SEEK, [number * 37 % TIMES for number in range(1, TIMES + 1)])
    page.expect_place("0")
    page.press("back_to_now")
    page.expect_place("61 + 2/58")
    page.expect_idle()
    page.at("unit_sort").get_by_role("combobox").click()
    page.page.get_by_role("option", name="number", exact=True).click()
    page.set_number("unit", 0)
    page.expect_all_heard()
    page.page.evaluate(CLICK, [".st-key-unit button:last-of-type", TIMES])
    expect(page.at("unit").get_by_role("spinbutton")).to_have_value(str(TIMES % 7))
    page.expect_all_heard()
    before = page.page.evaluate("rnnviz.wire.number")
    page.page.evaluate(TYPE, TIMES)
    page.expect_all_heard()
    assert page.header["typed"] == "good " * (1 + TIMES % 7) + str(TIMES)
    page.page.evaluate(CLICK, [PLAY_OR_PAUSE, TIMES])
    page.expect_all_heard()
    assert page.page.evaluate("rnnviz.wire.number") == before + 2 * TIMES
    if page.header["running"]:
        page.press("pause")
    page.expect_said("status", "Paused")
