"""The widget in a real JupyterLab: from cell to cell, light and dark, without its kernel."""

import json
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.jupyter import Lab, notebook, serve_lab
from tests.browser.serving import ROOT, open_page

pytest.importorskip("jupyterlab")

MAKE = """
import rnnviz
session = rnnviz.Session(rnnviz.RunConfig(hidden=8, seed=1))
rnnviz.widget(session)
"""
READ = """
position = session.player.position
loss = session.run.history.row(position.epoch)["train_loss"]
print(repr(position), f"{loss:.4f}", session.phrase_input.typed)
"""
CHANGE = """
session.player.advance(2)
session.ask("this is not good")
"""
OTHER = """
other = rnnviz.widget(rnnviz.Session(rnnviz.RunConfig(hidden=4)))
other
"""
CELLS = [source.strip() for source in (MAKE, READ, CHANGE, OTHER, "other.close()")]
#: Prints what a notebook keeps of a widget.
STATE = """
import asyncio, json, ipywidgets, rnnviz
async def state():
    widget = rnnviz.widget(rnnviz.Session())
    kept = ipywidgets.Widget.get_manager_state(widgets=[widget, widget.layout])
    print(json.dumps([widget.model_id, kept]))
asyncio.run(state())
"""
#: Whether what is painted is bright on dark, or dark on bright, in both pictures.
DRAWN_FOR = """([node, dark]) => [...node.querySelectorAll("canvas")].every((canvas) => {
  if (canvas.width < 100 || canvas.height < 100) return false;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width / 8, canvas.height);
  const inks = data.filter((_, k) => k % 4 < 3 && data[k - (k % 4) + 3] === 255);
  return (inks.reduce((sum, ink) => sum + ink, 0) / inks.length > 128) === dark;
})"""
TRAINED = re.compile(r"^([3-9]|\d\d)")


def saved():
    """A notebook that was saved with its widget, whose kernel is gone."""
    made = subprocess.run(
        [sys.executable, "-c", STATE], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    model, kept = json.loads(made.stdout)
    whole = notebook(MAKE.strip(), widgets={"application/vnd.jupyter.widget-state+json": kept})
    view = {"model_id": model, "version_major": 2, "version_minor": 0}
    data = {"application/vnd.jupyter.widget-view+json": view}
    whole["cells"][0]["outputs"] = [{"output_type": "display_data", "data": data, "metadata": {}}]
    return whole


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    example = json.loads((ROOT / "examples" / "look_inside.ipynb").read_text(encoding="utf-8"))
    notebooks = {"run.ipynb": notebook(*CELLS), "saved.ipynb": saved(), "example.ipynb": example}
    with serve_lab(tmp_path_factory.mktemp("jupyter"), notebooks) as url:
        yield url


@pytest.fixture
def lab(browser, complaints):
    page = open_page(browser, complaints, viewport={"width": 1440, "height": 1000})
    yield Lab(page)
    page.context.close()


def expect_drawn_for(widget, dark):
    """Wait until a widget has the colours of a dark notebook, or of a light one."""
    widget.scroll_into_view_if_needed()
    widget.page.wait_for_function(DRAWN_FOR, arg=[widget.element_handle(), dark])


@pytest.mark.story
def test_a_session_is_played_read_and_changed_from_cell_to_cell(lab, server):
    page, widget = lab.page, lab.widget
    lab.visit(server, "run.ipynb")
    lab.run(0)
    lab.expect_drawn()
    lab.press("Play")
    expect(lab.epoch).to_contain_text(TRAINED)
    # The press has left the keys to the widget.
    page.keyboard.press(" ")
    expect(lab.status).to_contain_text("Paused")
    position, loss, phrase = re.match(r"Position\((.*)\) ([\d.]+) (.*)", lab.run(1)).groups()
    expect(lab.epoch).to_contain_text(re.search(r"\d+", position)[0])
    expect(lab.status).to_contain_text(loss)
    expect(lab.phrase).to_have_value(phrase)
    # What a cell does is seen.
    lab.run(2)
    expect(lab.phrase).to_have_value("this is not good")
    expect(widget.locator("[data-picture=network] canvas")).to_have_attribute(
        "aria-label", re.compile("this is not good")
    )
    # Letters are typed, and are no commands of the notebook.
    lab.phrase.fill("")
    page.keyboard.type("not bad dd 00 x")
    expect(widget.locator(".rnnviz-verdict")).to_contain_text("dd, 00, x (skipped)")
    assert lab.run(1).endswith(" not bad dd 00 x")
    # An earlier epoch.
    widget.get_by_label("Epoch shown").fill("1")
    expect(lab.status).to_contain_text("Looking back")
    assert "epoch=1, offset=0" in lab.run(1)
    widget.locator(".rnnviz-story").click()
    page.keyboard.press("b")
    expect(lab.status).to_contain_text("Paused")
    # There b adds a cell, and d d deletes one.
    page.keyboard.press("d")
    page.keyboard.press("d")
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(len(CELLS))


def test_two_widgets_keep_apart_in_light_and_dark_and_the_notebook_as_it_is(lab, server):
    page, widget = lab.page, lab.widget
    lab.visit(server, "run.ipynb")
    lab.run(0)
    lab.expect_drawn()
    lab.run(3)
    lab.expect_drawn(2)
    expect(lab.epoch.first).to_contain_text("0 of")
    lab.press("Step epoch", 1)
    expect(lab.epoch.last).to_contain_text("1 of")
    expect(lab.epoch.first).to_contain_text("0 of")
    assert not any("rnnviz" in sheet for sheet in page.locator("head style").all_text_contents())
    expect_drawn_for(widget.last, dark=False)
    lab.choose("Settings", "Theme", "JupyterLab Dark")
    expect(page.locator(".rnnviz-widget.dark")).to_have_count(2)
    expect_drawn_for(widget.last, dark=True)
    # The other one was out of sight.
    expect_drawn_for(widget.first, dark=True)
    lab.choose("Settings", "Theme", "JupyterLab Light")
    expect(page.locator(".rnnviz-widget:not(.dark)")).to_have_count(2)
    expect_drawn_for(widget.first, dark=False)
    lab.run(4)
    expect(widget).to_have_count(1)


def test_a_page_that_is_loaded_anew_goes_on_and_a_kernel_that_is_gone_is_told(lab, server):
    page = lab.page
    lab.visit(server, "run.ipynb")
    lab.run(0)
    lab.expect_drawn()
    lab.press("Step epoch")
    expect(lab.epoch).to_contain_text("1 of")
    # Commands with Ctrl are those of the notebook.
    page.keyboard.press("Control+s")
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)
    page.reload()
    lab.wait_for_kernel()
    lab.expect_drawn()
    expect(lab.epoch).to_contain_text("1 of")
    lab.press("Play")
    expect(lab.epoch).to_contain_text(TRAINED)
    lab.choose("Kernel", "Restart Kernel…")
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    expect(lab.note).to_contain_text("After a restart, run the cell again.")
    # It is right: another run of the cell is a new picture.
    lab.wait_for_kernel()
    lab.run(0)
    lab.expect_drawn()
    expect(lab.note).to_be_empty()


def test_a_saved_widget_whose_kernel_is_gone_says_what_to_do(lab, server):
    lab.visit(server, "saved.ipynb")
    expect(lab.note).to_contain_text("run the cell again")


def test_the_example_s_pictures_and_figures_are_drawn(lab, server):
    page = lab.page
    lab.visit(server, "example.ipynb")
    lab.choose("Run", "Run All Cells")
    expect(page.locator(".jp-Notebook .js-plotly-plot .main-svg").first).to_be_attached()
    expect(page.locator("[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    lab.widget.scroll_into_view_if_needed()
    lab.expect_drawn()
    expect(lab.status).to_contain_text("Looking back")
    expect(lab.epoch).to_contain_text("100 of")
