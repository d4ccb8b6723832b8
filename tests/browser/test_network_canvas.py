"""The network over the sequence: its canvas in every look, and its numbers under the pointer."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from rnnviz.charts.theme import DARK, LIGHT
from rnnviz.config import RunConfig
from rnnviz.probe.formatting import number
from rnnviz.probe.session import Session

PLOT = "rnnviz.stage.plots.get('network')"
# How many pixels of the canvas have a colour.
PIXELS = """(canvas, hex) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  let count = 0;
  for (let k = 0; k < data.length; k += 4)
    count += data[k] === r && data[k + 1] === g && data[k + 2] === b && data[k + 3] === 255;
  return count;
}"""
PHRASE, EPOCH = "i am not good", 100


# What the canvas says if the letters are a quarter wider.
IN_WIDE_LETTERS = """() => {
  const { prototype } = CanvasRenderingContext2D, { fillText, measureText } = prototype, said = [];
  prototype.measureText = function (text) {
    return { width: 1.25 * measureText.call(this, text).width };
  };
  prototype.fillText = (text) => said.push(text);
  rnnviz.stage.plots.get("network").repaint();
  Object.assign(prototype, { fillText, measureText });
  return said;
}"""


def canvas_of(page):
    return page.chart("network").locator("canvas")


@pytest.fixture
def shown(opened, server):
    return opened(f"{server.url}/?epoch={EPOCH}&phrase=i+am+not+good", "network", height=900)


# The run plays, and rests again without another number.
PLAYS_AND_RESTS = """(table) => {
  const { stage } = rnnviz;
  const still = { ...stage.header, pictures: {}, texts: {} };
  stage.frame({ ...still, running: true });
  table.replaceChildren();
  stage.frame({ ...still, running: false });
}"""


def test_when_the_run_rests_the_numbers_are_in_a_table_again(shown):
    table = shown.chart("network").locator("table")
    expect(table.locator("tr")).to_have_count(5)
    table.evaluate(PLAYS_AND_RESTS)
    expect(table.locator("tr")).to_have_count(5)


def test_it_goes_with_the_run_and_keeps_its_place_and_fits_the_window(shown):
    canvas = canvas_of(shown)
    expect(canvas).to_have_attribute(
        "aria-label", re.compile(f"reads 4 words: {PHRASE}. Verdict: ")
    )
    expect(shown.chart("network").locator("tr")).to_have_count(5)
    assert canvas.evaluate(PIXELS, LIGHT.magnitude) > 100
    box, before = canvas.bounding_box(), shown.page.evaluate(f"JSON.stringify({PLOT}.layout)")
    shown.play()
    shown.expect_drawn_above("network", shown.drawn("network") + 20)
    shown.pause()
    assert canvas.bounding_box() == box
    assert shown.page.evaluate(f"JSON.stringify({PLOT}.layout)") == before
    shown.page.set_viewport_size({"width": 1600, "height": 900})
    fits = "(canvas) => canvas.width === canvas.parentNode.clientWidth * devicePixelRatio"
    shown.page.wait_for_function(f"() => ({fits})(document.querySelector('.rnnviz-canvas'))")
    shown.page.wait_for_function(f"() => {PLOT}.layout.width > {box['width'] + 100}")
    assert canvas.evaluate(PIXELS, LIGHT.magnitude) > 100


@pytest.mark.story
def test_it_says_the_numbers_of_the_record_where_it_is_pointed_at(shown):
    session = Session()
    session.player.advance(EPOCH)
    record = session.inspect(PHRASE).sequence_pass()
    x, y = shown.page.evaluate(
        f"[{PLOT}.layout.x(2), {PLOT}.layout.state.y + 10.5 * {PLOT}.layout.cell]"
    )
    canvas, tip = canvas_of(shown), shown.chart("network").locator(".rnnviz-tip")
    canvas.hover(position={"x": x, "y": y})
    expect(tip).to_contain_text("unit 10 after word 3, “not”")
    said = re.findall(r"([+−]) (\d\.\d{3})", tip.inner_text())
    numbers = [float(number) * (1 if sign == "+" else -1) for sign, number in said]
    parts = [record.added[2, 10], record.memory[2, 10], record.states[2, 10]]
    assert numbers == pytest.approx(parts, abs=6e-4)
    assert np.tanh(numbers[0] + numbers[1]) == pytest.approx(numbers[2], abs=2e-3)
    y = shown.page.evaluate(f"{PLOT}.layout.gradient.y + 20")
    canvas.hover(position={"x": x, "y": y})
    expect(tip).to_contain_text(number(record.gradients[2], 3))
    shown.page.mouse.move(2, 2)
    expect(tip).to_be_hidden()


def test_the_answer_is_whole_in_the_letters_of_another_system(opened, server):
    page = opened(
        f"{server.url}/?epoch=100&phrase=i+am+not+good", "network", width=1440, height=900
    )
    said = page.page.evaluate(IN_WIDE_LETTERS)
    # The class at its end of the scale, the target and the verdict.
    assert said.count("negative") == 3
    assert not [text for text in said if text.endswith("…")]


def test_it_is_dark_where_the_page_is(opened):
    page = opened(first="network", scheme="dark", height=900)
    canvas = canvas_of(page)
    assert canvas.evaluate(PIXELS, DARK.magnitude) > 100
    assert canvas.evaluate(PIXELS, LIGHT.magnitude) == 0


def test_layers_are_rows_and_each_tells_its_own_numbers(opened, server):
    page = opened(f"{server.url}/?layers=2&hidden=8&epoch=20", "network", height=900)
    session = Session(RunConfig(layers=2, hidden=8))
    session.player.advance(20)
    probe, tip = session.inspect(), page.chart("network").locator(".rnnviz-tip")
    for layer in range(2):
        x, y = page.page.evaluate(
            f"k => [{PLOT}.layout.x(2), {PLOT}.layout.bands[k].y + 4.5 * {PLOT}.layout.cell]", layer
        )
        canvas_of(page).hover(position={"x": x, "y": y})
        expect(tip).to_contain_text("unit 4 after word 3")
        state = probe.sequence_pass(layer).states[2, 4]
        expect(tip).to_contain_text(f"{'−' if state < 0 else '+'} {abs(state):.3f}")


# The percentages that a picture writes, each with what the tip says there, and beside it.
LABELS = """(key) => {
  const plot = rnnviz.stage.plots.get(key), said = [];
  const { prototype } = CanvasRenderingContext2D, { fillText } = prototype;
  prototype.fillText = function (text, x, y, ...rest) {
    const width = this.measureText(text).width;
    const shift = { center: 0, right: -width / 2, end: -width / 2 }[this.textAlign] ?? width / 2;
    const at = this.getTransform().transformPoint({ x: x + shift, y });
    said.push([text, at.x / devicePixelRatio, at.y / devicePixelRatio]);
    return fillText.call(this, text, x, y, ...rest);
  };
  plot.repaint();
  prototype.fillText = fillText;
  const tips = said.filter(([text]) => /%$/.test(text)).map(([text, x, y]) =>
    [text, ...[-15, 0, 15].map((by) => {
      plot.pointer = [x + by, y - 3];
      return plot.told().join(" ");
    })]);
  plot.pointer = null;
  return tips.filter(([, ...tip]) => tip.every(Boolean));
}"""


@pytest.mark.parametrize(
    ("path", "query", "key"),
    [
        ("", "epoch=400", "network"),
        ("", "epoch=30&layers=2&hidden=8&init_scale=0.3", "network"),
        ("", "task=recall&lag=3&hidden=8&init_scale=0.3&epoch=5", "network"),
        ("", "epoch=60&hidden=8&init_scale=0.2&vs=cell:lstm", "pair_network"),
        ("step", "epoch=400", "step"),
    ],
)
def test_every_label_is_in_the_tip_that_it_has(opened, server, path, query, key):
    page = opened(f"{server.url}/{path}?{query}", key, width=1440, height=900)
    tips = page.page.evaluate(LABELS, key)
    assert len(tips) > 0
    assert [tip for label, *tip in tips if not all(label in text for text in tip)] == []
