"""Page *Train* as its reader has it: what can be pressed, typed and read."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, TimeoutError, expect

from rnnviz.config import TaskName
from rnnviz.tasks.data_source import TASKS
from tests.browser.serving import IDLE, expect_there

CHARTS = ("network", "curves")
#: The running margin of two classes, as an expression on the figure of the network.
MARGINS = """
(({ probability, predicted }) => Array.from(probability,
  (p, t) => (predicted[t] ? 1 : -1) * Math.log(p / Math.max(1 - p, 1e-7))))(
  Object.fromEntries(figure.data.map(({ name, y }) => [name, y])))
"""
#: The buttons of our own, by key; Streamlit's have their key in a class.
OWN = {
    "play": "[data-do=play]",
    "pause": "[data-do=pause]",
    "step_epoch": "[data-what=epoch]",
    "step_phrase": "[data-what=phrase]",
    "reset": "[data-do=reset]",
    "new_seed": "[data-do=seed]",
    "compare": "[data-do=menu]",
    "back_to_now": "[data-do=now]",
    "branch": "[data-do=branch]",
    "pin": "[data-do=pin]",
    "back": "[data-move=back]",
    "on": "[data-move=on]",
    "walk": "[data-do=walk]",
}
_EPOCH = re.compile(r"(\d+)(?: \+ (\d+)/(\d+))? of (\d+)")
_LOSS = re.compile(r"train\s+([\d.]+)")

#: How many times a test waits anew for a run that goes on.
PATIENCE = 8

# For a third of a second: longer than anything takes to unfold.
_STANDS_STILL = """(selector) => {
  const box = JSON.stringify(document.querySelector(selector)?.getBoundingClientRect());
  if (box !== window.box_seen) [window.box_seen, window.since] = [box, performance.now()];
  return box !== undefined && performance.now() - window.since > 333;
}"""

_SAYS = """([selector, pattern, words]) => {
  const place = document.querySelector(selector);
  if (pattern) return new RegExp(pattern).test(place?.innerText);
  return place?.textContent.replace(/\\s+/g, " ").includes(words);
}"""


class TrainPage:
    """One opened page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.status = page.locator(".rnnviz-status")
        self.message = page.locator(".rnnviz-message")
        self.verdict = page.locator(".rnnviz-verdict")
        self.phrase = page.locator(".st-key-phrase input")
        self.pace = page.locator(".rnnviz-bar .pace input")

    def at(self, key: str) -> Locator:
        """The element with a key; a setting's has a number too once others have changed it."""
        made_anew = ", ".join(f".st-key-{key}_{edition}" for edition in range(1, 30))
        return self.page.locator(f":is(.st-key-{key}, {made_anew})")

    def button(self, key: str) -> Locator:
        """The button with a key."""
        if key in OWN:
            return self.page.locator(f".rnnviz-bar button{OWN[key]}")
        return self.at(key).get_by_role("button").first

    def press(self, key: str) -> None:
        """Press a button as soon as it can be pressed."""
        self.button(key).click()

    def keys(self, *names: str) -> None:
        """Press keys, with the focus on nothing."""
        self.page.evaluate("document.activeElement.blur()")
        for name in names:
            self.page.keyboard.press(name)

    def play(self) -> None:
        """Press Play and wait until the run goes on."""
        self.press("play")
        self.expect_said("status", "Running")

    def pause(self) -> None:
        """Press Pause and wait until the run stands still."""
        self.press("pause")
        self.expect_said("status", "Paused")
        expect(self.button("play")).to_be_enabled()

    def reading(self) -> re.Match[str]:
        """Epoch, phrases done of the next one, phrases of an epoch, epochs of the run."""
        found = _EPOCH.search(self.status.inner_text())
        assert found, self.status.inner_text()
        return found

    @property
    def epoch(self) -> int:
        """The epoch that is shown."""
        return int(self.reading()[1])

    @property
    def loss(self) -> str:
        """The training loss, as it is written."""
        found = _LOSS.search(self.status.inner_text())
        assert found, self.status.inner_text()
        return found[1]

    def expect_place(self, place: str) -> None:
        """Wait until the epoch is written as ``place``."""
        shown = re.compile(rf"(?<![\d/]){re.escape(place)} of ")
        self.expect_said("status", shown)

    def step_to(self, place: str) -> None:
        """Press Step epoch and wait until the epoch is written as ``place``."""
        self.press("step_epoch")
        self.expect_place(place)

    def expect_share(self, role: str, share: str) -> None:
        """Wait until the training or test accuracy is ``share``."""
        shown = re.compile(rf"{role.removesuffix('ing')}\s+[\d.]+\s+{re.escape(share)}")
        self.expect_said("status", shown)

    def expect_epoch_above(self, epoch: int) -> None:
        """Wait until the run has gone past ``epoch``."""
        self._wait_for(
            """epoch => {
              const text = document.querySelector(".rnnviz-status")?.innerText ?? "";
              return Number(/(\\d+)( \\+ \\d+\\/\\d+)? of /.exec(text)?.[1] ?? 0) > epoch;
            }""",
            epoch,
        )

    def _wait_for(self, condition: str, arg: Any) -> None:
        """Wait for a condition. The patience begins anew as long as the run goes on.

        On a slow or busy machine the epochs that a test waits for take as long as they take; but a
        run without end must not wait without end.
        """
        for patience in reversed(range(PATIENCE)):
            before = self._progress
            try:
                self.page.wait_for_function(condition, arg=arg)
                return
            except TimeoutError:
                if not patience or self._progress == before:
                    raise

    @property
    def _progress(self) -> str | None:
        shown: str | None = self.page.evaluate("window.rnnviz?.stage.header?.progress")
        return shown

    def expect_all_heard(self) -> None:
        """Wait until every command has been answered."""
        self.page.wait_for_function(
            "() => rnnviz.wire.number === rnnviz.stage.header.heard && !rnnviz.wire.unheard.length"
        )

    def expect_idle(self) -> None:
        """Wait until Streamlit's script has ended."""
        expect_there(self.page, IDLE)

    def expect_said(self, place: str, said: str | re.Pattern[str]) -> None:
        """Wait until the "status", "message" or "verdict" says so; a pattern is of what is seen."""
        pattern = said.pattern if isinstance(said, re.Pattern) else None
        # In every animation frame; ``expect`` alone looks once a second.
        try:
            text = said if pattern is None else ""
            self._wait_for(_SAYS, [f".rnnviz-{place}", pattern, text])
        except TimeoutError:
            # To tell what stands there instead.
            where = self.page.locator(f".rnnviz-{place}")
            expect(where).to_contain_text(said, use_inner_text=pattern is not None, timeout=1000)

    def open_export(self) -> None:
        """Open the menu *Export* once no rerun is on its way.

        The server forgets the file of a button when a run of the script has put another in its
        place; a press on the older one, before the page has the newer, is answered with an error.
        A frame that changes what the widgets show asks for such a run only some moments later.
        """
        self.page.wait_for_function("() => rnnviz.stage.header?.edition === rnnviz.edition")
        self.expect_idle()
        self.page.get_by_role("button", name="Export").click()

    def type_phrase(self, text: str) -> None:
        """Put a text into the phrase box."""
        self.phrase.fill(text)

    def ask(self, question: str) -> None:
        """Go to the tab of a question."""
        self.page.get_by_role("radio", name=question).click()
        self.expect_idle()

    def reveal(self, key: str) -> None:
        """Unfold the settings if this one is folded away."""
        folded = self.page.locator("details:not([open])").filter(has=self.at(key))
        if folded.count():
            folded.locator("summary").click()

    def set_number(self, key: str, value: object) -> None:
        """Type a number into a setting."""
        self.reveal(key)
        box = self.at(key).get_by_role("spinbutton")
        box.fill(str(value))
        box.press("Enter")

    def choose(self, key: str, option: str) -> None:
        """Choose one of a setting's words."""
        self.reveal(key)
        self.at(key).get_by_role("radio", name=option).click()

    def speed(self, key: str) -> None:
        """Move the speed with a key: Home is the slowest, End the fastest."""
        self.pace.press(key)

    @property
    def header(self) -> dict[str, Any]:
        """What the last frame said of the run."""
        found: dict[str, Any] = self.page.evaluate("rnnviz.stage.header")
        return found

    @property
    def run(self) -> str:
        """The id of the run."""
        return str(self.page.evaluate("rnnviz.wire.run"))

    @property
    def drops(self) -> int:
        """How often the wire has fallen."""
        return int(self.page.evaluate("rnnviz.wire.drops"))

    def replay(self, title: str) -> None:
        """Go to the page of that title, and wait until its script has ended."""
        link = self.page.get_by_test_id("stTopNavLink").filter(has_text=title)
        path = link.evaluate("link => link.pathname")
        link.click()
        # The path changes when the script begins; before that the page left behind is idle too.
        self.page.wait_for_function("path => location.pathname === path", arg=path)
        self.expect_idle()

    def slider(self, key: str) -> Locator:
        """The input of a slider of our own."""
        return self.page.locator(f"[data-slider={key}] input")

    def stand(self, key: str) -> int:
        """Where a slider of our own stands."""
        return int(self.slider(key).input_value())

    def drag(self, key: str, stops: list[int], release: bool = True) -> None:
        """Drag the thumb of a slider, with the mouse, over ``stops``, once nothing moves it."""
        self.expect_still(f"[data-slider={key}] input")
        box = self.slider(key).bounding_box()
        assert box
        # While the run goes on both change, and always together.
        stand, last = self.slider(key).evaluate("input => [+input.value, +input.max]")
        # The thumb, 16 px wide, stays inside the box.
        at = [min(stop, last) for stop in (stand, *stops)]
        places = [box["x"] + 8 + (box["width"] - 16) * stop / last for stop in at]
        y = box["y"] + box["height"] / 2
        self.page.mouse.move(places[0], y)
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(place, y, steps=3)
        if release:
            self.page.mouse.up()

    def expect_still(self, selector: str) -> None:
        """Wait until nothing moves an element any longer."""
        self.page.wait_for_function(_STANDS_STILL, arg=selector)

    def choose_task(self, name: TaskName) -> None:
        """Choose a task in the sidebar."""
        self.page.locator("[class*=st-key-task] [role=combobox]").click()
        self.page.get_by_role("option", name=TASKS[name].label, exact=True).click()
        expect(self.page.get_by_text(TASKS[name].teaches)).to_be_visible()
        # Streamlit would lose a press on a button of its own that comes while its script runs.
        self.expect_idle()

    def open_data(self) -> None:
        """Open the place for the reader's own data."""
        place = self.page.locator("details").filter(has_text="Use your own data")
        if place.get_attribute("open") is None:
            place.locator("summary").click()

    def learn(self, content: str | bytes, name: str = "mine.csv") -> None:
        """Give a CSV file to the page, set nothing aside, and start."""
        self.open_data()
        self.upload(content, name)
        expect(self.page.get_by_text(" to test")).to_be_visible()
        self.at("test_share").locator("input[type=range]").press("Home")
        expect(self.page.get_by_text("0 to test")).to_be_visible()
        self.start()

    def start(self) -> None:
        """Press Learn from these data, once the box around it has unfolded."""
        self.expect_still(".st-key-learn button")
        self.press("learn")

    def upload(self, content: str | bytes, name: str = "mine.csv", role: str = "train") -> None:
        """Give a CSV file to the page."""
        content = content.encode() if isinstance(content, str) else content
        file = {"name": name, "mimeType": "text/csv", "buffer": content}
        self.at(f"{role}_csv").locator("input[type=file]").set_input_files(files=[file])

    def chart(self, key: str) -> Locator:
        """The node that a picture is drawn in."""
        return self.at(key).locator(".rnnviz-chart")

    def drawn(self, key: str) -> int:
        """How often a chart has been drawn."""
        return int(self.chart(key).get_attribute("data-drawn") or 0)

    def expect_drawn_above(self, key: str, count: int) -> None:
        """Wait until a picture has been drawn more than ``count`` times."""
        self._expect_of_picture(key, "picture.count > given", count)

    def expect_in_chart(self, key: str, condition: str, given: Any = None) -> None:
        """Wait until a condition in JavaScript on the ``figure`` of a chart is true."""
        of_figure = f"((figure) => {condition})(picture.drawing.figure())"
        self._expect_of_picture(key, of_figure, given)

    def _expect_of_picture(self, key: str, condition: str, given: Any) -> None:
        """Wait until a picture has been drawn, and a condition on it is true.

        The picture is brought in sight; only those are drawn.
        """
        # It may be laid out anew meanwhile; one of a page that was left is kept for a while.
        found = f"""([key, given]) => {{
          const picture = rnnviz.stage.plots.get(key);
          if (!picture?.inSight) picture?.node.scrollIntoView({{ block: "center" }});
          return Boolean(picture?.node.isConnected && picture.count && ({condition}));
        }}"""
        self.page.wait_for_function(found, arg=[key, given])

    def in_chart(self, key: str, expression: str) -> Any:
        """The value of an expression in JavaScript on the ``figure`` of a chart."""
        figure = "rnnviz.stage.plots.get(key).drawing.figure()"
        return self.page.evaluate(f"key => ((figure) => {expression})({figure})", key)

    def place(self, key: str, x: str, y: str) -> tuple[float, float]:
        """Where a chart has the point (x, y), in the window; both are JavaScript.

        They are values on its axes, or expressions on its ``figure``.
        """
        places = f"""key => {{
          const {{ figure, chart, canvas, zoom }} = rnnviz.stage.plots.get(key);
          const {{ left, top }} = canvas.getBoundingClientRect();
          return [left + zoom * chart.axes.xaxis.at({x}), top + zoom * chart.axes.yaxis.at({y})];
        }}"""
        across, down = self.page.evaluate(places, key)
        return across, down

    def heights(self) -> list[float]:
        """The y values of the running margin, one a word."""
        values: list[float] = self.in_chart("network", MARGINS)
        return values
