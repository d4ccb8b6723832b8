"""A chart: what it tells where it is pointed at, what a click does, and where its values stand."""

import math
import re

import pytest
from playwright.sync_api import expect

from rnnviz.charts.theme import LIGHT


@pytest.fixture
def page(opened, server):
    """The page *Gradients*, whose charts stand over words and over epochs."""
    return opened(f"{server.url}/gradients?hidden=8&epoch=5&epochs=10&phrase=i+am+not+good", "map")


def point_at(page, key, x, y):
    """Move the pointer to a value of a chart."""
    page.page.mouse.move(*page.place(key, x, y))
    return page.chart(key).locator(".rnnviz-tip")


def image(page, key):
    """All that is drawn in a chart."""
    return page.page.evaluate("key => rnnviz.stage.plots.get(key).canvas.toDataURL()", key)


@pytest.mark.story
def test_it_tells_exact_numbers_and_marks_and_goes_where_it_is_clicked(page):
    page.expect_in_chart("map", "figure.data[0].z[0].length === 6")
    page.expect_drawn_above("products", 0)
    # A cell: its row is the second word, its column the fourth epoch.
    before = image(page, "products")
    tip = point_at(page, "map", "3", "2")
    expect(tip).to_contain_text("epoch 3, word 2")
    told = float(tip.inner_text().split("10^")[1].replace("−", "-"))
    assert told == pytest.approx(page.in_chart("map", "figure.data[0].z[1][3]"), rel=1e-5)
    # The word is marked in the other charts too, and no longer when the pointer has gone.
    page.page.wait_for_function("() => rnnviz.stage.token === 1")
    marked = image(page, "products")
    assert marked != before
    page.page.mouse.move(1, 1)
    page.page.wait_for_function("() => rnnviz.stage.token === undefined")
    page.page.wait_for_function(
        "before => rnnviz.stage.plots.get('products').canvas.toDataURL() === before", arg=before
    )
    # A point of a curve, told with the digits that the figure gives.
    curve = "figure.data.find(({ name }) => name === 'radius')"
    tip = point_at(page, "gauge", "2", f"{curve}.y[2]")
    expect(tip).to_contain_text(re.compile("^radius.*epoch 2: "))
    told = float(tip.inner_text().split("epoch 2: ")[1])
    assert told == pytest.approx(page.in_chart("gauge", f"{curve}.y[2]"), rel=1e-5)
    page.page.mouse.click(*page.place("map", "4", "1"))
    page.expect_place("4")
    page.expect_said("status", "Looking back")


def test_on_a_projector_it_is_drawn_larger_and_tells_the_same_where_it_is_pointed_at(page):
    page.page.set_viewport_size({"width": 1920, "height": 1080})
    page.expect_in_chart("map", "figure.data[0].z[0].length === 6")
    told = point_at(page, "map", "3", "2").inner_text()
    left = "rnnviz.stage.plots.get('map').chart.box.left"
    before = page.page.evaluate(left)
    page.page.mouse.move(1, 1)
    page.keys("l")
    page.page.wait_for_function(f"before => {left} < 0.9 * before", arg=before)
    page.expect_still(".st-key-map .rnnviz-chart")
    expect(point_at(page, "map", "3", "2")).to_have_text(told, use_inner_text=True)
    page.page.mouse.click(*page.place("map", "4", "1"))
    page.expect_place("4")


# For each point of a series: where the axes say that it is, in shares of the plot, and its colour.
POINTS = """key => {
  const { figure, chart: { axes, box }, canvas } = rnnviz.stage.plots.get(key);
  const { x, y } = figure.data[0], context = canvas.getContext("2d");
  return Array.from(x, (value, k) => {
    const [left, top] = [axes.xaxis.at(value), axes.yaxis.at(y[k])];
    const [red, green, blue] = context.getImageData(left, top, 1, 1).data;
    return [(left - box.left) / (box.right - box.left), (box.bottom - top) / (box.bottom - box.top),
      [red, green, blue]];
  });
}"""


def test_values_stand_at_their_places_on_linear_log_and_category_axes(page):
    # On a line: epochs from left to right, words from top to bottom.
    low, high = page.in_chart("map", "figure.layout.xaxis.range")
    plot = "{ left, right, top, bottom }"
    across, down = page.page.evaluate(
        f"""(({{ axes, box: {plot} }}) => [
          [0, 5].map((epoch) => (axes.xaxis.at(epoch) - left) / (right - left)),
          [1, 4].map((word) => (axes.yaxis.at(word) - top) / (bottom - top)),
        ])(rnnviz.stage.plots.get('map').chart)"""
    )
    assert across == pytest.approx([(epoch - low) / (high - low) for epoch in (0, 5)])
    assert down == pytest.approx([1 / 8, 7 / 8])
    page.ask("What feeds it?")
    page.expect_drawn_above("ratios", 0)
    points = page.page.evaluate(POINTS, "ratios")
    values = page.in_chart("ratios", "[...figure.data[0].x]")
    low, high = page.in_chart("ratios", "figure.layout.xaxis.range")
    logs = [(math.log10(value) - low) / (high - low) for value in values]
    assert [across for across, _, _ in points] == pytest.approx(logs)
    # Names have rows of one height, from the top; the dots are painted where the axes say.
    rows = len(points)
    heights = [1 - (row + 0.5) / rows for row in range(rows)]
    assert [up for _, up, _ in points] == pytest.approx(heights)
    color = list(bytes.fromhex(LIGHT.magnitude[1:]))
    assert [painted for _, _, painted in points] == [color] * rows


def keyed(page, key, *names):
    """Press keys in a chart."""
    canvas = page.chart(key).locator("canvas")
    canvas.focus()
    for name in names:
        page.page.keyboard.press(name)
    return canvas


def test_the_arrow_keys_point_and_enter_does_what_a_click_does(opened, server):
    page = opened(f"{server.url}/hidden?hidden=8&init_scale=0.3&epoch=40", "memory")
    page.ask("What breaks it?")
    # Once all units are measured, their rows come in the order of their worth.
    page.expect_in_chart("ablation", "figure.layout.title.text.includes('worth, up to')")
    unit = page.in_chart("ablation", "figure.layout.meta.units[2]")
    tip = page.chart("ablation").locator(".rnnviz-tip")
    canvas = keyed(page, "ablation", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowDown")
    expect(tip).to_contain_text(f"unit {unit}: ")
    expect(canvas).to_have_attribute("role", "application")
    expect(canvas).to_have_attribute("aria-label", re.compile("Arrow keys point, Enter chooses"))
    page.page.keyboard.press("Enter")
    expect(page.page.get_by_role("button", name=f"unit {unit} ✕")).to_be_visible()
    page.page.keyboard.press("Escape")
    expect(tip).to_be_hidden()

    page.replay("Train")
    page.ask("Where is it wrong?")
    page.expect_drawn_above("confusion", 0)
    said = "[...figure.data[1].text].map(Number)"
    first, second, *_ = page.in_chart("confusion", said)
    keyed(page, "confusion", "ArrowRight", "ArrowRight", "Enter")
    expect(page.at("list").locator("tr[data-row]")).to_have_count(second)
    page.page.keyboard.press("ArrowLeft")
    page.page.keyboard.press("Enter")
    expect(page.at("list").locator("tr[data-row]")).to_have_count(first)

    page.replay("Dynamics")
    page.ask("What path does it take?")
    page.expect_drawn_above("trajectories", 0)
    keyed(page, "trajectories", "ArrowRight", "ArrowDown", "ArrowRight", "Enter")
    expect(page.phrase).not_to_have_value("i am not bad")


def test_a_picture_keeps_its_arrow_keys_and_after_a_click_they_are_the_pages(opened, server):
    page = opened(f"{server.url}/hidden?hidden=8&init_scale=0.3&epoch=3", "memory")
    units = page.in_chart("memory", "figure.layout.meta.units")
    chosen = "unit => rnnviz.stage.header.sliders.unit.shown === unit"
    # Beyond its right edge there is nothing to go to, and the unit stays.
    canvas = keyed(page, "memory", *["ArrowRight"] * 6)
    expect(page.chart("memory").locator(".rnnviz-tip")).to_be_visible()
    assert page.page.evaluate(f"({chosen})({units[0]})")
    page.page.mouse.click(*page.place("memory", "1", "2"))
    page.page.wait_for_function(chosen, arg=units[2])
    expect(canvas).not_to_be_focused()
    page.page.keyboard.press("ArrowRight")
    page.page.wait_for_function(chosen, arg=units[3])


def test_the_intervals_of_a_score_are_drawn(opened, server):
    page = opened(f"{server.url}/gradients?hidden=8&epoch=3", "over_lag")
    page.page.get_by_text("Longer sequences").click()
    page.expect_in_chart("longer", "figure.data.length === 1")
    without = """() => {
      const plot = rnnviz.stage.plots.get("longer"), [{ error_y }] = plot.figure.data;
      const before = plot.canvas.toDataURL();
      delete plot.figure.data[0].error_y;
      plot.repaint();
      return [error_y.array.length, before !== plot.canvas.toDataURL()];
    }"""
    bars, drawn = page.page.evaluate(without)
    assert bars > 1
    assert drawn
