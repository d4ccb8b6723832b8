"""The run and its wire outlive what can happen to a tab, to its sockets and to the server."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.serving import IDLE, free_port, serve, visit
from tests.browser.train_page import TrainPage

#: So small a network that it can be played for long, and an end that it never comes to.
LONG = "hidden=8&epochs=100000"
OUT_OF_REACH = "The server is out of reach. Trying again …"
#: What a browser says of a socket or a server that is gone.
GONE = re.compile("WebSocket connection to|Failed to load resource|when disconnected from server")
# The epochs of the loss curve: all there are, one after the other.
WHOLE = "node.data[0].x.length > given && node.data[0].x.every((epoch, i) => epoch === i)"
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
    expect(page.status).to_contain_text("Running")
    assert page.run == run
    page.expect_in_chart("loss", WHOLE, epoch)


# What can happen to the sockets


def test_a_reload_goes_on_with_the_same_run(page):
    page.set_number("lr", 0.05)
    page.expect_in_chart("loss", "node.layout.annotations.some((a) => a.text.includes('0.05'))")
    run, epoch = page.run, page.epoch
    page.page.reload()
    expect_to_go_on(page, run, epoch + 3)
    expect(page.at("lr").get_by_role("spinbutton")).to_have_value("0.05")
    expect(page.pace).to_have_value("4")
    expect(page.status).not_to_contain_text("link")


def test_a_wire_that_is_cut_comes_back_and_misses_nothing(page):
    page.page.evaluate(NOTES)
    run = page.run
    for drops in (1, 2):
        epoch = page.epoch
        page.page.evaluate("rnnviz.wire.socket.close()")
        page.page.wait_for_function("drops => rnnviz.wire.drops === drops", arg=drops)
        expect_to_go_on(page, run, epoch + 5)
    assert page.page.evaluate("notes") == [OUT_OF_REACH, ""] * 2


def test_a_press_while_the_wire_is_closing_is_heard_when_it_is_open_again(page):
    page.pause()
    epoch = page.epoch
    page.page.evaluate("""() => {
      rnnviz.wire.socket.close();
      rnnviz.wire.drawn(1);
      document.querySelector("[data-what=epoch]").click();
    }""")
    page.expect_place(str(epoch + 1))
    assert page.drops == 1


GRAB = """() => {
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (this.url.endsWith("/_stcore/stream")) window.streamlit_socket = this;
    return send.call(this, data);
  };
}"""


@pytest.mark.parametrize("wait", [0, 50, 100, 200, 400])
def test_a_cut_of_streamlits_own_socket_is_not_felt(page, wait):
    """Not before its script runs, while it does, or after: nothing is missing on the page."""
    page.page.evaluate(GRAB)
    page.set_number("lr", 0.05)
    page.page.wait_for_function("window.streamlit_socket")
    page.page.wait_for_timeout(wait)
    run, epoch = page.run, page.epoch
    page.page.evaluate("streamlit_socket.close()")
    expect_to_go_on(page, run, epoch + 10)
    page.set_number("lr", 0.07)
    page.expect_in_chart("loss", "node.layout.annotations.some((a) => a.text.includes('0.07'))")
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
    expect(page.status).to_contain_text("Paused")
    assert page.epoch <= epoch + 10
    page.play()
    expect_to_go_on(page, run, epoch + 10)


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
        expect(page.message).to_contain_text("the page opened the link in its address")
        expect(page.message).to_contain_text("Opened at epoch")
        expect(page.page.locator(".rnnviz-note")).to_be_empty()
        assert page.epoch == pytest.approx(epoch, abs=60)
        assert page.run != run
        page.page.locator(IDLE).wait_for()
        page.step_to(str(page.epoch + 1))
        page.page.close()
    forgive(complaints)


# What can happen to the tab

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_hidden_tab_goes_on_and_draws_nothing(page):
    page.page.evaluate(HIDE, True)
    page.page.wait_for_function("!rnnviz.stage.due")
    epoch, drawn = page.header["epoch"], page.drawn("loss")
    page.page.wait_for_function("epoch => rnnviz.stage.header.epoch > epoch + 10", arg=epoch)
    assert page.drawn("loss") == drawn
    page.page.evaluate(HIDE, False)
    page.expect_drawn_above("loss", drawn + 3)
    page.expect_in_chart("loss", WHOLE, epoch + 10)


def test_other_pages_show_the_same_run(page):
    run = page.run
    for title, chart in (("Gradients", "over_lag"), ("Hidden states", "response")):
        page.replay(title)
        page.expect_drawn_above(chart, 2)
    page.page.go_back()
    page.expect_drawn_above("over_lag", 2)
    page.page.go_back()
    page.expect_drawn_above("loss", 2)
    page.page.go_forward()
    page.expect_drawn_above("over_lag", 2)
    page.replay("Train")
    expect_to_go_on(page, run, page.epoch + 3)
    assert page.drops == 0


# Presses Step epoch and, so many milliseconds later, asks for another page.
PRESS_AND_GO = """async ([wait, title]) => {
  document.querySelector("button[data-what=epoch]").click();
  await new Promise((resume) => setTimeout(resume, wait));
  const links = [...document.querySelectorAll("[data-testid=stTopNavLink]")];
  links.find((link) => link.textContent.includes(title)).click();
}"""


def test_a_page_that_is_asked_for_just_after_a_press_is_shown(page):
    page.pause()
    for wait in (20, 60, 100, 140):
        for title, chart in (("Step", "network"), ("Train", "loss")):
            page.page.evaluate(PRESS_AND_GO, [wait, title])
            page.expect_drawn_above(chart, 0)
            # What was pressed is followed by Streamlit's part of the page too.
            page.page.wait_for_timeout(400)
            assert page.page.locator(f".st-key-{chart}").count() == 1, wait


def test_a_second_tab_has_a_run_of_its_own(page, server):
    other = TrainPage(page.page.context.new_page())
    visit(other.page, server.url)
    expect(other.status).to_contain_text("Paused")
    assert other.run != page.run
    other.step_to("1")
    expect_to_go_on(page, page.run, page.epoch + 3)


def test_a_window_opened_from_the_page_shows_the_same_run(page):
    with page.page.expect_popup() as popup:
        page.page.evaluate("window.open(location.href)")
    other = TrainPage(popup.value)
    expect_to_go_on(other, page.run, page.epoch)
    other.pause()
    expect(page.status).to_contain_text("Paused")
    assert (other.reading()[0], other.loss) == (page.reading()[0], page.loss)


def cpu_seconds(server):
    """CPU time that the server has used."""
    fields = Path(f"/proc/{server.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system doesn't tell")
def test_without_a_tab_the_run_stops_at_once(page, server):
    page.speed("End")
    page.expect_epoch_above(page.epoch + 200)
    page.page.close()
    time.sleep(0.5)
    before = cpu_seconds(server)
    time.sleep(2)
    assert cpu_seconds(server) - before < 0.2


LINKED = """() => {
  // "7", or inside an epoch "7/12".
  const told = parseInt(new URLSearchParams(location.search).get("epoch") ?? "0");
  return [told, rnnviz.stage.header.epoch];
}"""


def test_the_address_follows_the_run(page):
    page.pace.fill("6")
    page.page.wait_for_url(re.compile("epoch=[1-9]"))
    for _ in range(5):
        told, epoch = page.page.evaluate(LINKED)
        # At 60 epochs a second: a second, and what a crowded machine needs for a timer.
        assert epoch - 120 <= told <= epoch
        page.page.wait_for_timeout(300)


# No press is lost or done twice

# Clicks what it finds, every 30 ms.
CLICK = """async ([selector, times]) => {
  for (let time = 0; time < times; time++) {
    document.querySelector(selector).click();
    await new Promise((resume) => setTimeout(resume, 30));
  }
}"""
SEEK = """async (epochs) => {
  const input = document.querySelector("[data-slider=scrubber] input");
  const tell = (what) => input.dispatchEvent(new Event(what, { bubbles: true }));
  for (const epoch of epochs) {
    input.value = epoch;
    tell("input");
    await new Promise((resume) => setTimeout(resume, 30));
  }
  tell("change");
}"""
ALL_HEARD = """
  rnnviz.wire.number === rnnviz.stage.header.heard && !rnnviz.wire.unheard.length
"""
TIMES = 200


@pytest.fixture
def busy():
    """Both cores of the machine have something else to do."""
    command = [sys.executable, "-c", "while True: pass"]
    loops = [subprocess.Popen(command) for _ in range(2)]
    yield
    for loop in loops:
        loop.kill()
        loop.wait()


def test_no_press_is_lost_or_done_twice(opened, server, busy):
    page = opened(f"{server.url}/?{LONG}")
    page.page.evaluate(CLICK, ["button[data-what=epoch]", TIMES])
    page.expect_place("200")
    page.page.evaluate(CLICK, ["button[data-what=phrase]", TIMES])
    page.expect_place("203 + 26/58")
    page.page.evaluate(SEEK, [number * 37 % 200 for number in range(1, TIMES + 1)])
    page.expect_place(str(TIMES * 37 % 200))
    page.page.wait_for_function(ALL_HEARD)


TYPE = """async (times) => {
  const input = document.querySelector(".st-key-phrase input");
  for (let time = 1; time <= times; time++) {
    input.value = "good ".repeat(1 + (time % 7)) + time;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((resume) => setTimeout(resume, 30));
  }
}"""


def test_no_choice_and_nothing_typed_is_lost_or_done_twice(opened, server, busy):
    page = opened(f"{server.url}/hidden?hidden=7", "response")
    page.page.evaluate(CLICK, [".st-key-unit button:last-of-type", TIMES])
    expect(page.at("unit").get_by_role("spinbutton")).to_have_value(str(TIMES % 7))
    page.page.evaluate(TYPE, TIMES)
    page.page.wait_for_function(ALL_HEARD)
    assert page.page.evaluate("rnnviz.wire.number") == 2 * TIMES
    assert page.header["typed"] == "good " * (1 + TIMES % 7) + str(TIMES)


def test_each_of_many_plays_and_pauses_is_heard(page, busy):
    before = page.page.evaluate("rnnviz.wire.number")
    either = "button:is([data-do=play], [data-do=pause]):enabled"
    page.page.evaluate(CLICK, [either, TIMES])
    page.page.wait_for_function(ALL_HEARD)
    assert page.page.evaluate("rnnviz.wire.number") == before + TIMES
    if page.header["running"]:
        page.press("pause")
    expect(page.status).to_contain_text("Paused")
    seen = page.reading()[0]
    page.page.wait_for_timeout(300)
    assert page.reading()[0] == seen
