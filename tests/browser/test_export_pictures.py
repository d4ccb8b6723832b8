"""The pictures that rnnviz export has a browser draw, and the numbers of both."""

import base64
import csv
import io
import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.files.numbers import columns_of, with_numbers
from rnnviz.files.page_script import page_script
from rnnviz.files.pictures import content_of
from rnnviz.page.every_picture import every_picture
from rnnviz.probe.session import Session
from rnnviz.questions.wrong.measure import CONFUSION, result_csv
from tests.browser.serving import ROOT, program

SVG = "{http://www.w3.org/2000/svg}"
PHRASE = "this is not very bad"
RUN = {"hidden": 5, "init_scale": 0.5, "epochs": 12, "seed": 3}
# Texts of an SVG that don't stand whole on it.
CUT = """(svg) => {
  document.body.innerHTML = svg;
  const [whole, ...texts] = document.querySelectorAll("svg, text");
  const { left, top, right, bottom } = whole.getBoundingClientRect();
  const cut = (text) => {
    const box = text.getBoundingClientRect();
    return box.left < left || box.top < top || box.right > right || box.bottom > bottom;
  };
  return texts.filter(cut).map((text) => text.textContent);
}"""
# The columns of every picture, as the page makes them for its table and its CSV.
COLUMNS = """(content) => {
  const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
  const columns = ([key, { kind, told, ...changes }]) => {
    const drawing = new $frame.Drawing();
    drawing.apply(changes);
    return [key, $numbers.columnsOf(drawing.figure()).map(({ name, cells }) => [name, cells])];
  };
  return Object.fromEntries(Object.entries($frame.unpack(bytes.buffer).pictures).map(columns));
}"""


@pytest.fixture(scope="module")
def exported(browser, tmp_path_factory):
    """The folder with the files of a run."""
    folder = tmp_path_factory.mktemp("pictures")
    options = [f"--{name.replace('_', '-')}={value}" for name, value in RUN.items()]
    chosen = ("--browser", program(browser.browser_type.executable_path), "--phrase", PHRASE)
    done = subprocess.run(
        [sys.executable, "-m", "rnnviz", "export", *options, *chosen, "--pictures", folder,
         "--numbers", folder],
        cwd=ROOT, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, f"rnnviz: wrote {folder}\n" * 2)
    return folder


@pytest.fixture(scope="module")
def session():
    """The same run."""
    session = Session(RunConfig(**RUN))
    session.ask(PHRASE)
    session.player.advance(RUN["epochs"])
    return session


def drawn(folder, name):
    return ElementTree.parse(folder / f"{name}.svg").getroot()


def texts(root):
    return [text.text for text in root.iter(f"{SVG}text")]


@pytest.mark.story
def test_every_picture_that_has_numbers_is_a_file_beside_them(exported):
    pictures = {path.with_suffix("") for path in exported.rglob("*.svg")}
    tables = {path.with_suffix("") for path in exported.rglob("*.csv")}
    assert pictures == tables - {exported / "history"}
    assert len(pictures) > 50
    assert {path.suffix for path in exported.rglob("*.*")} == {".svg", ".csv", ".json"}


def test_each_says_what_made_it_and_loads_nothing(exported):
    for path in exported.rglob("*.svg"):
        root = ElementTree.parse(path).getroot()
        said = json.loads(root.find(f"{SVG}metadata").text)
        lines = path.with_suffix(".csv").read_text(encoding="utf-8").splitlines()
        told = [line[2:] for line in lines if line.startswith("# ")]
        assert told == [f"{name}: {' '.join(text.split())}" for name, text in said.items() if text]
        assert {"rnnviz", "seed", "epoch", "settings", "link"} <= said.keys(), path
        assert (said["seed"], said["epoch"]) == ("3", "12")
        # Step is about the phrase that is learned next.
        assert (said["phrase"] == PHRASE) == (path.parent.name != "step"), path
        assert root.find(f"{SVG}title").text == said["title"] != ""
        tags = {element.tag.removeprefix(SVG) for element in root.iter()}
        assert tags <= {
            "svg", "title", "metadata", "defs", "clipPath", "linearGradient", "stop", "g",
            "rect", "path", "text", "image",
        }, path  # fmt: skip
        links = {element.get("href") for element in root.iter() if element.get("href")}
        assert all(link.startswith("data:image/png;base64,") for link in links)
        urls = re.findall(r"url\((.)", path.read_text(encoding="utf-8"))
        assert {*urls} <= {"#"}


@pytest.mark.story
def test_no_text_is_cut_off(exported, browser):
    page = browser.new_page()
    found = {
        path.stem: cut
        for path in exported.rglob("*.svg")
        if (cut := page.evaluate(CUT, path.read_text(encoding="utf-8")))
    }
    page.close()
    assert found == {}


def test_a_curve_goes_through_the_scores_of_every_epoch(exported, session):
    paths = [path.get("d") for path in drawn(exported, "train/wrong/metric").iter(f"{SVG}path")]
    points = [np.array(re.findall(r"[\d.]+ [\d.]+", path)) for path in paths]
    lines = [line for line in points if len(line) == RUN["epochs"] + 1]
    history = session.run.history
    for line, part in zip(lines, ("train", "test"), strict=True):
        x, y = np.array([point.split() for point in line], float).T
        scores = history.column(f"{part}_metric")
        assert len({*scores}) > 2
        assert np.ptp(np.diff(x)) < 0.01
        slope, base = np.polyfit(scores, y, 1)
        np.testing.assert_allclose(y, slope * scores + base, atol=0.01)
        assert slope < 0, "the best is on top"


def test_bars_and_cells_are_the_states_of_the_network(exported, session):
    h = session.inspect().unrolled().h
    root = drawn(exported, "hidden/carry/unit_words")
    unit = int(re.search(r"Unit (\d+) after", " ".join(texts(root)))[1])
    _, *bars = root.iter(f"{SVG}rect")
    heights = np.array([float(bar.get("height")) for bar in bars])
    np.testing.assert_allclose(heights, heights[0] * np.abs(h[:, unit] / h[0, unit]), atol=0.01)
    colors = {(bar.get("fill"), value < 0) for bar, value in zip(bars, h[:, unit], strict=True)}
    assert len(colors) == len({below for _, below in colors})
    cells = [rect.get("fill") for rect in drawn(exported, "hidden/carry/memory").iter(f"{SVG}rect")]
    shades = [re.findall(r"\d+", fill) for fill in cells if fill.startswith("rgb(")]
    redder = [int(red) > int(blue) for red, _, blue in shades]
    assert len(redder) == h.size
    assert sum(redder) == np.sum(h > 0)


def test_tables_have_the_results_of_the_test(exported, session):
    lines = io.StringIO(result_csv(session, CONFUSION))
    (_, *counts) = csv.reader(line for line in lines if not line.startswith("# "))
    shown = [text for text in texts(drawn(exported, "train/wrong/confusion")) if text.isdecimal()]
    assert shown == [count for _, *row in counts for count in row if count != "0"]
    # A text may be in parts: what is wrong in it is marked, and a long one has several lines.
    listed = "".join(texts(drawn(exported, "train/wrong/list"))).replace(" ", "")
    phrases = [example.text for example in session.dataset.test]
    assert len(phrases) == 20
    assert all(phrase.replace(" ", "") in listed for phrase in phrases)


def test_any_text_can_be_written(browser):
    page = browser.new_page()
    page.add_script_tag(content=page_script("svg_context.js"))
    svg = page.evaluate("""() => {
      const context = new $svg_context.SvgContext();
      context.fillText('a\\0\\x0b\\ud83d <b>"&amp; \\ud83d\\ude00', 0, 0);
      return context.svg(9, 9, "white", { title: "\\uffff]]>" });
    }""")
    page.close()
    root = ElementTree.fromstring(svg)
    assert texts(root) == ['a\ufffd\ufffd\ufffd <b>"&amp; \U0001f600']
    assert root.find(f"{SVG}title").text == "\ufffd]]>"


@pytest.mark.parametrize(
    "settings",
    [
        {"task": "sentiment", "cell": "lstm"},
        {"task": "adding", "cell": "gru", "lag": 4},
        {"task": "characters", "layers": 2},
    ],
)
def test_page_and_export_have_the_same_numbers(browser, settings):
    session = Session(RunConfig(**{**RUN, **settings}))
    session.player.advance(3)
    pictures = with_numbers(every_picture(session, measuring=0))
    page = browser.new_page()
    page.add_script_tag(content=page_script("frame.js") + page_script("numbers.js"))
    content = base64.b64encode(content_of(session, pictures)).decode()
    shown = page.evaluate(COLUMNS, content)
    page.close()
    assert [*shown] == [*pictures]
    for name, one in pictures.items():
        columns = columns_of(one.picture)
        assert [column.name for column in columns] == [head for head, _ in shown[name]], name
        for (head, cells), (_, own, _) in zip(shown[name], columns, strict=True):
            assert [*map(value, cells)] == [*map(value, own)], f"{name}: {head}"


def value(cell):
    """A number, whether it is written 1e-05 or 0.00001; else the text."""
    try:
        return float(cell)
    except ValueError:
        return cell
