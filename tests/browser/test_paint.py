"""Charts whose numbers alone change, held against what Plotly draws of the same figures."""

import pytest
from playwright.sync_api import expect

TALL = {"width": 1280, "height": 3000}
LETTERS = "task=characters&hidden=32&batch=16&optimizer=adam&lr=0.003&clip_by=norm"
LINKS = {
    "sentiment": "epochs=5000",
    "LSTM on letters": f"{LETTERS}&cell=lstm&init=xavier",
    "waves": "task=waves&hidden=16&epochs=5000",
    "translation": "task=translation&cell=gru&hidden=16&layers=2&batch=16",
    "lag": "task=recall&lag=20&hidden=16&epochs=5000",
}
# From now on counts how often Plotly draws all of a chart, and how often a chart is drawn at all.
COUNT = """async () => {
  const Plotly = await rnnviz.library;
  const key = (node) => [...rnnviz.charts.values()].find((chart) => chart.node === node)?.key;
  window.whole = {};
  const react = (node, ...figure) => {
    whole[key(node)] = (whole[key(node)] ?? 0) + 1;
    return Plotly.react(node, ...figure);
  };
  rnnviz.library = Promise.resolve({ ...Plotly, react });
  for (const { node } of rnnviz.charts.values()) node.dataset.drawn = 0;
}"""
DRAWN_IN_PART = """() =>
  [...rnnviz.charts.values()].filter(
    ({ key, node }) => Number(node.dataset.drawn) > (whole[key] ?? 0)).map(({ key }) => key)
"""
ALL_DRAWN = (
    "!rnnviz.scheduled && ![...rnnviz.waiting].some((key) => rnnviz.charts.get(key)?.inSight)"
)
LINE = {"type": "scatter", "mode": "lines"}
DOT = {"type": "scatter", "mode": "markers", "y": [1]}
STACKED = {"x": [0, 1], "stackgroup": "all", **LINE}
CELLS = {"type": "heatmap", "zmin": 0, "zmax": 9, "showscale": False}
RANGES = {"xaxis": {"range": [0, 9]}, "yaxis": {"range": [0, 9]}}
REVERSED = {"yaxis": {"autorange": "reversed"}}
#: Series before and after, their layout, and whether their numbers are all that changes.
CHANGES = {
    "between axes that stand": ([{**LINE, "y": [1, 2]}], [{**LINE, "y": [3, 4, 5]}], RANGES, True),
    "axes that follow": ([{**LINE, "y": [1, 2]}], [{**LINE, "y": [3, 40]}], {}, False),
    "an axis of names": (
        [{"type": "bar", "x": ["a", "b"], "y": [1, 2]}],
        [{"type": "bar", "x": ["a", "c", "d"], "y": [1, 2, 3]}],
        {"yaxis": {"range": [0, 9]}},
        False,
    ),
    "a stack": (
        [{**STACKED, "y": [1, 2]}, {**STACKED, "y": [1, 2]}],
        [{**STACKED, "y": [2, 2]}, {**STACKED, "y": [1, 3]}],
        RANGES,
        False,
    ),
    "the last point gone": ([{**LINE, "y": [1, 2]}], [{**LINE, "y": []}], RANGES, False),
    "the first point": ([{**LINE, "y": []}], [{**LINE, "y": [1, 2]}], RANGES, False),
    "other cells": ([{**CELLS, "z": [[1, 2]]}], [{**CELLS, "z": [[3, 4]]}], REVERSED, True),
    "one more row": (
        [{**CELLS, "z": [[1, 2]]}],
        [{**CELLS, "z": [[1, 2], [3, 4]]}],
        REVERSED,
        False,
    ),
    "another colour": (
        [{**CELLS, "z": [[1]]}],
        [{**CELLS, "z": [[1]], "zmax": 2}],
        REVERSED,
        False,
    ),
    "the first number": (
        [{**CELLS, "z": [[None, None]]}],
        [{**CELLS, "z": [[None, 1]]}],
        REVERSED,
        False,
    ),
    "the last number gone": (
        [{**CELLS, "z": [[None, 1]]}],
        [{**CELLS, "z": [[None, None]]}],
        REVERSED,
        False,
    ),
    "numbers become names": (
        [{**LINE, "x": [1, 2], "y": [1, 2]}],
        [{**LINE, "x": ["a", "b"], "y": [1, 2]}],
        RANGES,
        False,
    ),
    "an error of the same size": (
        [{**DOT, "x": [1], "error_x": {"array": [1]}}],
        [{**DOT, "x": [5], "error_x": {"array": [1]}}],
        RANGES,
        False,
    ),
    "no mode": (
        [{"type": "scatter", "y": [1] * 30}],
        [{"type": "scatter", "y": [1] * 3}],
        RANGES,
        False,
    ),
    "another title": (
        [{**LINE, "y": [1]}],
        [{**LINE, "y": [2], "name": "b"}],
        {"showlegend": True, **RANGES},
        False,
    ),
}
# Draws one figure after the other in a place of its own: how often Plotly drew all of it, and
# whether what stands there is what Plotly draws.
IN_TURN = """async ([before, after, layout, later = layout]) => {
  const module = performance.getEntriesByType("resource").find(({ name }) => /paint.js/.test(name));
  const [{ paint }, Plotly] = [await import(module.name), await rnnviz.library];
  const node = document.body.appendChild(document.createElement("div"));
  node.style = "width: 400px; height: 300px";
  let whole = 0;
  const react = (...figure) => [Plotly.react(...figure), whole++][0];
  const counted = { ...Plotly, react };
  for (const time of [1, 2]) await paint(counted, node, structuredClone({ data: before, layout }));
  await paint(counted, node, structuredClone({ data: after, layout: later }));
  const painted = node.querySelector(".main-svg").innerHTML;
  await Plotly.react(node, structuredClone(node.data), structuredClone(node.layout));
  return [whole - 2, painted === node.querySelector(".main-svg").innerHTML];
}"""
# Charts whose markup changes when Plotly draws all of them again. An empty text leaves an empty
# place every other time that Plotly draws it.
DIFFERENT = """async () => {
  const empty = /<g class="textpoint"[^>]*><\\/g>/g;
  const markup = (node) =>
    [...node.querySelectorAll(".main-svg")].map((svg) => svg.innerHTML.replace(empty, ""));
  const found = [];
  for (const { key, node } of rnnviz.charts.values()) {
    if (!node._fullLayout) continue;
    const before = markup(node);
    await Plotly.react(node, structuredClone(node.data), structuredClone(node.layout));
    if (markup(node).join() !== before.join()) found.push(key);
  }
  return found;
}"""


# As if this were a Plotly of which something isn't known, or one that is otherwise inside.
FORGET = """async (forget) => {
  const { react, ...Plotly } = await rnnviz.library;
  const other = new Function("node", forget);
  for (const { node } of rnnviz.charts.values()) if (node._fullLayout) other(node);
  rnnviz.library = Promise.resolve({
    ...Plotly, react: async (node, ...figure) => other(await react(node, ...figure)),
  });
}"""
UNKNOWN = [
    "delete node._fullLayout._visibleModules",
    "node._fullLayout._basePlotModules = [{ name: 'cartesian', plot() { throw Error('plot') } }]",
]
# The number that was last delivered for the cell that the pointer is on.
POINTED_AT = """
(([row, column]) => rnnviz.newest.get('states').figure.data[0].z[row][column].toFixed(6))
(node._hoverdata[0].pointNumber)
"""


def count(page):
    """Begin to count, once nothing is being drawn."""
    page.page.wait_for_function(ALL_DRAWN)
    page.page.evaluate(COUNT)


def play_and_stop(page, key="states", draws=12, in_part=()):
    """Play until a chart is drawn so often, some in part, and until all of the last frame is."""
    count(page)
    page.keys("Space")
    page.expect_drawn_above(key, draws)
    page.page.wait_for_function(
        f"keys => keys.every(key => ({DRAWN_IN_PART})().includes(key))", arg=list(in_part)
    )
    page.keys("Space")
    expect(page.status).to_contain_text("Paused")
    page.page.wait_for_function(ALL_DRAWN)
    return set(page.page.evaluate(DRAWN_IN_PART))


def point_at(page, key):
    """Move the pointer to the middle of a chart, once nothing moves it."""
    page.chart(key).scroll_into_view_if_needed()
    page.expect_still(f".st-key-{key} .rnnviz-chart")
    box = page.chart(key).locator(".nsewdrag").first.bounding_box()
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_what_is_drawn_in_part_is_what_plotly_draws(opened, server, link):
    page = opened(f"{server.url}/?{link}", viewport=TALL)
    # Curves are drawn after an epoch, which can be long.
    play_and_stop(page, in_part=["states", "recurrent", "metric"])
    assert page.page.evaluate(DIFFERENT) == []


@pytest.mark.parametrize(
    ("title", "room", "key"),
    [
        ("Gradients", None, "feed_hh"),
        ("Dynamics", None, "phase"),
        ("Hidden states", "Units", "response"),
        ("Hidden states", "Trajectories", "trajectories"),
        ("Hidden states", "What if", "saliency"),
        ("Hidden states", "Break it", "leads"),
    ],
)
def test_so_it_is_on_the_other_pages(opened, server, title, room, key):
    page = opened(f"{server.url}/?hidden=8&epochs=5000&epoch=30", viewport=TALL)
    page.expect_place("30")
    page.visit(title)
    if room:
        page.choose("room", room)
    page.expect_drawn_above(key, 0)
    play_and_stop(page, key, draws=4)
    assert page.page.evaluate(DIFFERENT) == []


def test_what_the_reader_has_made_of_a_chart_stays(opened, server):
    page = opened(f"{server.url}/?epochs=5000", viewport=TALL)
    page.zoom("loss")
    zoomed = page.in_chart("loss", "node._fullLayout.xaxis.range")
    assert zoomed[0] > 50
    page.chart("loss").locator(".legendtoggle").nth(1).click()
    page.expect_in_chart("loss", "node._fullData[1].visible === 'legendonly'")
    page.page.mouse.move(0, 0)
    assert "loss" in play_and_stop(page)
    assert page.in_chart("loss", "node._fullLayout.xaxis.range") == zoomed
    assert page.in_chart("loss", "node._fullData[1].visible") == "legendonly"
    assert page.page.evaluate(DIFFERENT) == []


def test_a_pointer_is_told_the_newest_numbers(opened, server):
    page = opened(f"{server.url}/?epochs=5000", viewport=TALL)
    point_at(page, "states")
    label = page.chart("states").locator(".hovertext")
    before = label.text_content()
    assert "states" not in play_and_stop(page)
    expect(label).not_to_have_text(before)
    shown = page.in_chart("states", POINTED_AT)
    expect(label).to_contain_text(f"h = {shown}".replace("-", "−"))
    page.page.mouse.move(0, 0)
    assert "states" in play_and_stop(page)
    point_at(page, "states")
    expect(label).to_be_visible()
    expect(label).to_contain_text(f"h = {page.in_chart('states', POINTED_AT)}".replace("-", "−"))


@pytest.mark.parametrize("forget", UNKNOWN, ids=["unknown", "otherwise"])
def test_where_plotly_is_not_as_it_is_known_it_draws_all_by_itself(opened, server, forget):
    page = opened(f"{server.url}/?epochs=5000", viewport=TALL)
    page.page.evaluate(FORGET, forget)
    assert play_and_stop(page) == set()
    assert page.page.evaluate(DIFFERENT) == []


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_all_is_drawn_again_but_where_numbers_alone_change(page, change):
    *figures, numbers_alone = change
    assert page.page.evaluate(IN_TURN, figures) == [0 if numbers_alone else 1, True]


UPRIGHT = {"type": "line", "x0": 3, "x1": 3, "yref": "paper", "y0": 0, "y1": 1}
MARKS = {
    "moved": ([UPRIGHT], [{**UPRIGHT, "x0": 5, "x1": 5}]),
    "one more": ([UPRIGHT], [UPRIGHT, {**UPRIGHT, "x0": 7, "x1": 7, "layer": "below"}]),
    "one less": ([UPRIGHT, UPRIGHT], [UPRIGHT]),
    "the first": ([], [UPRIGHT]),
    "the last": ([UPRIGHT], []),
}


@pytest.mark.parametrize("marks", MARKS.values(), ids=MARKS)
@pytest.mark.parametrize("ground", [RANGES, {}], ids=["axes that stand", "axes that follow"])
def test_marks_are_drawn_by_themselves(page, ground, marks):
    series, layouts = [{**LINE, "y": [1, 2]}], [{**ground, "shapes": shapes} for shapes in marks]
    assert page.page.evaluate(IN_TURN, [series, series, *layouts]) == [0 if ground else 1, True]


def test_what_moves_with_the_hand_on_the_scrubber_is_what_plotly_draws(opened, server):
    page = opened(f"{server.url}/?epoch=60", viewport=TALL)
    page.expect_place("60")
    page.drag("scrubber", [40, 20])
    expect(page.status).to_contain_text("Looking back")
    count(page)
    page.drag("scrubber", [30, 50, 10])
    page.expect_place(str(page.stand("scrubber")))
    page.page.wait_for_function(ALL_DRAWN)
    assert set(page.page.evaluate(DRAWN_IN_PART)) >= {"loss", "metric", "map"}
    assert page.page.evaluate(DIFFERENT) == []
