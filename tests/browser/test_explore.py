"""*Explore*: a chart in Plotly, loaded then and only then; it shows what the canvas shows."""

import json
import time

import numpy as np
import plotly.graph_objects as go
import pytest
from playwright.sync_api import expect
from plotly.offline import get_plotlyjs

from rnnviz.charts.axes import axis
from rnnviz.charts.pair_page import both_curves, both_of
from rnnviz.charts.picture import heatmap, scatter
from rnnviz.charts.theme import DARK, LIGHT, picture
from rnnviz.config import RunConfig, TaskName
from rnnviz.files.numbers import Drawn
from rnnviz.files.page_script import page_script
from rnnviz.page.every_picture import every_picture
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.tasks.upload import File, Upload
from tests.browser.serving import open_page
from tests.browser.test_accessibility import violations_in
from tests.sampling import each_row

#: Plotly's node, which has its figure.
GRAPH = "document.querySelector('.rnnviz-plotly')"


def explore(page, key):
    """Enlarge a chart and open it in Plotly; returns both dialogs."""
    page.at(key).get_by_role("button", name="Enlarge").click()
    large = page.page.locator("dialog.rnnviz-large:not(.rnnviz-explored)")
    large.get_by_role("button", name="Explore").click()
    page.page.wait_for_function(f"() => {GRAPH}?.layout?.xaxis")
    return large, page.page.locator("dialog.rnnviz-explored")


def in_graph(page, expression):
    """The value of an expression in JavaScript on the ``graph`` of Plotly."""
    return page.page.evaluate(f"((graph) => {expression})({GRAPH})")


def zoom(page):
    """Draw a box in the middle of the upper plot."""
    box = page.page.locator(".rnnviz-plotly .nsewdrag").first.bounding_box()
    left, top = box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"]
    page.page.mouse.move(left, top)
    page.page.mouse.down()
    page.page.mouse.move(left + 0.3 * box["width"], top + 0.4 * box["height"], steps=5)
    page.page.mouse.up()


@pytest.mark.story
def test_the_curves_are_explored_as_they_were_and_esc_leads_back(opened, server):
    page = opened(f"{server.url}/?hidden=8&epoch=9&epochs=100000&phrase=not+bad", "curves")
    asked = []
    page.page.on("request", lambda request: asked.append(request.url))
    page.at("curves").get_by_role("button", name="Enlarge").click()
    page.page.keyboard.press("Escape")
    assert not [url for url in asked if "plotly" in url], "asked for before it is needed"
    large, explored = explore(page, "curves")
    (script,) = [url for url in asked if "plotly" in url]
    assert script.startswith(f"{server.url}/rnnviz/static/plotly-")
    expect(explored).to_have_accessible_name("The run, in Plotly")
    assert in_graph(page, "[...graph.data[0].y]") == page.in_chart(
        "curves", "[...figure.data.find(({ name }) => name === 'train_loss').y]"
    )
    before = in_graph(page, "graph.layout.xaxis.range")
    zoom(page)
    page.page.wait_for_function(f"before => {GRAPH}.layout.xaxis.range[0] > before[0]", arg=before)
    zoomed = in_graph(page, "graph.layout.xaxis.range")
    page.page.locator(".legendtoggle").first.click()
    page.page.wait_for_function(f"() => {GRAPH}.data[0].visible === 'legendonly'")
    # The run goes on, the figure stands until it is asked for.
    points = in_graph(page, "graph.data[0].y.length")
    page.keys(" ")
    expect(explored.get_by_role("status")).to_have_text("A copy: the chart has changed since.")
    page.expect_epoch_above(12)
    assert in_graph(page, "graph.data[0].y.length") == points
    explored.get_by_role("button", name="Update").click()
    page.page.wait_for_function(f"points => {GRAPH}.data[0].y.length > points", arg=points)
    page.keys(" ")
    assert in_graph(page, "graph.layout.xaxis.range") == zoomed
    assert in_graph(page, "graph.data[0].visible") == "legendonly"
    page.page.keyboard.press("Escape")
    expect(explored).to_have_count(0)
    expect(large.get_by_role("button", name="Explore")).to_be_focused()
    page.page.keyboard.press("Escape")
    expect(large).to_have_count(0)
    expect(page.at("curves").get_by_role("button", name="Enlarge")).to_be_focused()
    explore(page, "curves")
    assert len([url for url in asked if "plotly" in url]) == 1


@pytest.mark.story
def test_it_says_where_its_numbers_come_from_and_follows_the_theme(opened, server):
    page = opened(f"{server.url}/gradients?hidden=8&epoch=5&phrase=i+am+not+good", "over_lag")
    page.expect_drawn_above("over_lag", 0)
    _, explored = explore(page, "over_lag")
    expect(explored).to_contain_text("The band is measured on all 58 training sequences.")
    assert in_graph(page, "graph.layout.font.color") == LIGHT.text
    assert violations_in(page, "light") == []
    page.page.emulate_media(color_scheme="dark")
    page.page.wait_for_function(f"color => {GRAPH}.layout.font.color === color", arg=DARK.text)
    assert violations_in(page, "dark") == []
    assert in_graph(page, "graph.layout.yaxis.type") == "log"
    explored.get_by_role("button", name="Back").click()
    expect(explored).to_have_count(0)


def test_what_is_no_chart_is_not_explored(page):
    page.at("network").get_by_role("button", name="Enlarge").click()
    large = page.page.get_by_role("dialog")
    expect(large.get_by_role("button", name="Table")).to_be_visible()
    expect(large.get_by_role("button", name="Explore")).to_be_hidden()


#: The kinds of pictures that are charts.
CHARTS = {
    "chart": "$chart.Chart",
    "curves": "$curves.Curves",
    "pair_curves": "$pair_curves.PairCurves",
}
# The arrays of a figure are typed, as those of a frame.
TRANSLATE = """([text, arrays]) => {
  const figure = JSON.parse(text);
  const isFlat = (values) => !Array.isArray(values[0]);
  const typed = (values) => (isFlat(values) ? Float64Array.from(values) : values.map(typed));
  for (const [path, values] of Object.entries(arrays)) {
    const [series, name] = path.split(".");
    figure.data[series][name] = typed(values);
  }
  window.translated = $explorer.figureOf(%s, figure);
  const plain = (_, value) => (ArrayBuffer.isView(value) ? [...value] : value);
  return JSON.stringify(window.translated, plain);
}"""
# All texts, and the elements that a text of a reader must never become.
DRAW = """async () => {
  const node = document.body.appendChild(document.createElement("div"));
  const { data, layout } = window.translated;
  await Plotly.newPlot(node, data, { ...layout, width: 1280, height: 720 }, { typesetMath: false });
  const texts = [...node.querySelectorAll("text")].map(({ textContent }) => textContent);
  const made = node.querySelectorAll("svg :is(a, foreignObject), img, script, iframe").length;
  Plotly.purge(node);
  node.remove();
  return [texts.join("\\n"), made];
}"""


class Translator:
    """An empty page that translates pictures for Plotly, as the page of the server does."""

    def __init__(self, page):
        self.page = page
        page.add_script_tag(content=page_script("explorer.js"))

    def figure(self, drawn):
        """Plotly's figure of a picture, None if there is none."""
        text, arrays = drawn.picture.parts()
        lists = {path: values.tolist() for path, values in arrays.items()}
        code = TRANSLATE % CHARTS.get(drawn.kind, "null")
        return json.loads(self.page.evaluate(code, [text, lists]))

    def draw(self):
        """Draw what was translated last; returns its texts and how many elements are no text."""
        return self.page.evaluate(DRAW)


@pytest.fixture
def translator(browser, complaints):
    return Translator(open_page(browser, complaints))


def numbers_in(values):
    """The finite numbers of a list, or of a list of rows."""
    flat = [v for row in values for v in (row if isinstance(row, list | np.ndarray) else [row])]
    numbers = [float(v) for v in flat if not isinstance(v, str | None)]
    return [number for number in numbers if np.isfinite(number)]


def assert_same_numbers(figure, picture):
    for shown, series in zip(figure["data"], picture.series, strict=True):
        for name in ("z",) if "z" in series else ("x", "y"):
            assert numbers_in(shown.get(name, [])) == numbers_in(series.get(name, [])), name


@pytest.mark.story
@each_row("task", [TaskName.SENTIMENT, TaskName.TRANSLATION, TaskName.ADDING])
def test_every_chart_is_a_figure_of_plotly_with_the_same_numbers(translator, task):
    session = Session(RunConfig(task=task, hidden=4, epochs=9))
    session.player.advance(2)
    found = {}
    for key, drawn in every_picture(session, measuring=1).items():
        if figure := translator.figure(drawn):
            found[key] = drawn.kind
            assert go.Figure(figure).data, key
            if drawn.kind == "chart":
                assert_same_numbers(figure, drawn.picture)
            legend = [one for one in figure["data"] if one.get("showlegend", "name" in one)]
            assert all(one["name"] for one in legend), key
            assert "meta" not in figure["layout"], key
    assert {*found.values()} == {"chart", "curves"}
    assert len(found) > 20


@pytest.mark.story
def test_the_curves_of_one_run_and_of_two_are_figures_of_plotly(translator):
    pair = Pair(Session(RunConfig(hidden=4, epochs=9)))
    pair.first.player.advance(3)
    curves = every_picture(pair.first, measuring=0)["train/learn/curves"]
    lines = {one["name"]: one["y"] for one in translator.figure(curves)["data"] if "name" in one}
    loss = pair.first.run.history.column("train_loss")
    np.testing.assert_allclose(lines["loss, train"], loss, rtol=1e-6)
    assert {"accuracy, test", "radius", "half-life"} < {*lines}
    pair.compare({"cell": "lstm"})
    while pair.at_work:
        pair.tick(0.01)
    drawn = Drawn(both_curves(both_of(pair), LIGHT, 1.0), kind="pair_curves")
    figure = go.Figure(translator.figure(drawn))
    assert sum("loss" in (line.name or "") for line in figure.data) == 2


@pytest.mark.story
def test_with_other_seeds_their_curves_and_when_they_learned_are_in_the_figure(translator):
    pair = Pair(Session(RunConfig(hidden=3, epochs=2)))
    pair.luck.count, pair.luck.threshold = 2, 0.25
    pair.ask_for_luck()
    until = time.monotonic() + 60
    while pair.luck.running and time.monotonic() < until:
        time.sleep(0.02)
    drawn = Drawn(both_curves(both_of(pair), LIGHT, 0.0), kind="pair_curves")
    figure = go.Figure(translator.figure(drawn))
    (every,) = [line for line in figure.data if (line.name or "").endswith(": loss of every seed")]
    losses = pair.spreads[0].column("train_loss").astype(np.float32)
    assert numbers_in(every.y) == losses.ravel().tolist()
    (dots,) = [line for line in figure.data if (line.name or "").endswith(": learned")]
    assert len(dots.x) == 2


def run_of(seed, group="cell gru"):
    hover = f"{group}<br>seed {seed}, epoch %{{x}}: %{{y}}<extra></extra>"
    return scatter(x=[0, 1], y=[1.0, 0.5], mode="lines", hovertemplate=hover)


@pytest.mark.story
def test_series_have_a_name_and_values_are_told_at_one_place(translator):
    silent = scatter(x=[0, 1], y=[1.0, 0.5], mode="lines", hoverinfo="skip")
    share = axis("", LIGHT, range=[0, 1], tickvals=[0, 0.5, 1], ticktext=["0%", "50%", "100%"])
    layout = {
        "xaxis": axis("epoch", LIGHT),
        "yaxis": share,
        "meta": {"x": "epoch", "unit": "epoch"},
    }
    runs = [run_of(1), run_of(2), silent, run_of(1, "cell lstm")]
    shown = translator.figure(Drawn(picture(runs, "Runs", 300, LIGHT, **layout)))
    names = [(one.get("legendgroup"), one["name"]) for one in shown["data"]]
    lstm = ("cell lstm", "seed 1")
    assert names == [("cell gru", "seed 1"), ("cell gru", "seed 2"), (None, ""), lstm]
    assert [one["showlegend"] for one in shown["data"]] == [True, True, False, True]
    assert shown["layout"]["hovermode"] == "x unified"
    assert shown["layout"]["xaxis"]["unifiedhovertitle"]["text"] == "epoch %{x}"
    assert shown["data"][0]["hovertemplate"] == "cell gru<br>seed 1: %{y}<extra></extra>"
    # Numbers on an axis are made anew at every zoom, names are not.
    assert "tickvals" not in shown["layout"]["yaxis"]
    many = [run_of(seed) for seed in range(20)]
    shown = translator.figure(Drawn(picture(many, "Runs", 300, LIGHT, **layout)))
    assert shown["layout"]["hovermode"] == "closest"


@pytest.mark.story
def test_what_stands_beside_a_plot_keeps_its_place_and_gaps_stay_between_columns(translator):
    cells = heatmap(z=np.array([[1.0, 2.0]]), xgap=24, meta={"gap": 0.5})
    bar = {"type": "rect", "xref": "paper", "x0": 1.1, "x1": 1.25, "y0": 0, "y1": 1}
    layout = {"xaxis": axis("", LIGHT), "yaxis": axis("", LIGHT), "shapes": [bar]}
    shown = translator.figure(Drawn(picture([cells], "States", 300, LIGHT, **layout)))
    assert shown["layout"]["xaxis"]["domain"] == [0, 0.8]
    (moved,) = shown["layout"]["shapes"]
    assert [moved["x0"], moved["x1"]] == pytest.approx([0.88, 1])
    assert shown["data"][0]["z"] == [[1, None, 2]]
    assert shown["data"][0]["x"] == [-0.25, 0.25, 0.75, 1.25]
    assert "xgap" not in shown["data"][0]


@pytest.mark.story
def test_names_that_would_cover_each_other_are_left_out(translator):
    place = {"x": [0.0] * 20, "y": [0.0] * 20, "text": [f"word {k}" for k in range(20)]}
    names = scatter(**place, mode="text", textfont={"size": 15}, meta={"apart": True})
    layout = {"xaxis": axis("", LIGHT), "yaxis": axis("", LIGHT)}
    (shown,) = translator.figure(Drawn(picture([names], "Way", 300, LIGHT, **layout)))["data"]
    written = [(k, at) for k, at in enumerate(shown["textposition"]) if shown["text"][k]]
    assert written[0] == (0, "top right")
    assert 3 < len(written) == len({at for _, at in written}) < 10


#: What would be a link, a picture, bold or another line if it were not shown as it is.
HOSTILE = ("<b>b</b>", "a<br>b", "<a/href=x>", "<img/src=x>", "&amp;lt")


@pytest.mark.story
def test_texts_of_a_reader_are_shown_as_they_are(translator):
    translator.page.add_script_tag(content=get_plotlyjs())
    rows = [f"so {a} {b},{a}" for a in HOSTILE for b in HOSTILE]
    csv = "\n".join(["text,label", *rows])
    session = Session(RunConfig(hidden=4, epochs=9))
    session.load(Upload(File("own.csv", csv.encode())))
    assert {*HOSTILE} < {*session.dataset.vocabulary.words}
    session.player.advance(2)
    session.ask(f"so {' '.join(HOSTILE)}")
    shown = set()
    for key, drawn in every_picture(session, measuring=1).items():
        if translator.figure(drawn):
            texts, made = translator.draw()
            assert not made, key
            shown |= {(word, key) for word in HOSTILE if word in texts.split("\n")}
    assert {word for word, _ in shown} == {*HOSTILE}
    assert len({key for _, key in shown}) > 9
