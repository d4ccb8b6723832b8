"""A cell of one's own, from an LSTM to a link, as its reader writes it."""

import re
import subprocess
import sys

import numpy as np
import pytest
from playwright.sync_api import expect

#: Where everything in the editor stands, but for what is told at the right.
BOXES = """() => JSON.stringify([...document.querySelectorAll(
  ".rnnviz-editor, .rnnviz-editor :is(header, section, footer, textarea, button)"
)].map((node) => Object.values(node.getBoundingClientRect().toJSON()).map(Math.round)))"""


@pytest.fixture
def page(opened, server):
    return opened(f"{server.url}/?hidden=8&init=xavier&lr=0.05&epochs=100000")


def open_editor(page):
    page.press("editor")
    editor = page.page.locator(".rnnviz-editor")
    expect(editor.locator(".fine")).to_be_visible()
    return editor


def choose_cell(page, name):
    page.at("cell").get_by_role("combobox").click()
    page.page.get_by_role("option", name=name, exact=True).click()
    page.page.wait_for_function("name => location.search.includes(`cell=${name}`)", arg=name)
    page.expect_idle()


def assert_same_run(page, epoch, folder):
    """The script from the menu trains to the weights from the menu, with NumPy alone."""
    page.open_export()
    for label, name in (("Script", "run.py"), ("Weights", "weights.npz")):
        with page.page.expect_download() as saved:
            page.page.get_by_role("button", name=label).click()
        assert saved.value.suggested_filename == name
        saved.value.save_as(folder / name)
    page.page.keyboard.press("Escape")
    command = [sys.executable, "-I", "run.py", "--weights", "own.npz"]
    said = subprocess.run(
        command, cwd=folder, capture_output=True, encoding="utf-8", check=True
    ).stdout
    assert f"--- Epoch {epoch}" in said
    with np.load(folder / "own.npz") as own, np.load(folder / "weights.npz") as weights:
        assert {*own} == {*weights} - {"vocabulary", "classes", "rnnviz"}
        for name in own:
            np.testing.assert_allclose(own[name], weights[name], rtol=0, atol=1e-12)


@pytest.mark.story
def test_from_an_lstm_to_a_cell_of_ones_own_its_script_and_its_link(page, opened, tmp_path):
    choose_cell(page, "lstm")
    page.play()
    page.expect_epoch_above(2)
    editor = open_editor(page)
    area, use = editor.get_by_role("textbox"), editor.get_by_role("button", name="Use")
    expect(editor.locator(".draft")).to_contain_text("d_h * tanh(c)")
    expect(use).to_be_enabled()
    boxes = page.page.evaluate(BOXES)
    # Without the output gate.
    text = area.input_value()
    without = re.sub(r"o = .*\n", "", text).replace("h = o * tanh(c)", "h = tanh(c)")
    area.fill(without.replace("i * g", "i * <b>g"))
    wrong = editor.locator(".wrong")
    expect(wrong).to_contain_text("Line 6, column 17")
    expect(wrong.locator("pre")).to_contain_text("c = f * c + i * <b>g")
    expect(use).to_be_disabled()
    mark, line = editor.locator(".sheet i").bounding_box(), area.bounding_box()
    row = float(area.evaluate("node => parseFloat(getComputedStyle(node).lineHeight)"))
    assert 5.5 * row < mark["y"] - line["y"] < 7 * row
    assert page.page.evaluate(BOXES) == boxes
    area.fill(without)
    expect(editor.locator(".draft")).not_to_contain_text("d_o")
    expect(editor.locator(".draft")).to_contain_text("Gates i, f, g. W_xi, W_xf, W_xg: H × D")
    page.expect_epoch_above(page.epoch + 3)  # the run has gone on meanwhile
    assert page.page.evaluate(BOXES) == boxes
    with page.page.expect_download() as saved:
        editor.get_by_role("link", name="NumPy script").click()
    space = {"__name__": "cell"}
    exec(saved.value.path().read_text("utf-8"), space)
    assert space["check"]() < 1e-8
    use.click()
    expect(editor).to_have_count(0)
    page.expect_said("message", "Started again at epoch 0, because Cell and Equations changed")
    expect(page.button("editor")).to_have_text("Edit the equations")
    page.expect_epoch_above(5)
    page.pause()
    at = page.epoch
    assert_same_run(page, at, tmp_path)
    page.page.wait_for_function("at => location.search.includes(`epoch=${at}`)", arg=at)
    other = opened(page.page.url)
    assert (other.epoch, other.loss) == (at, page.loss)
    assert open_editor(other).get_by_role("textbox").input_value() == without


def test_keys_belong_to_the_editor_and_what_was_typed_is_kept(page):
    editor = open_editor(page)
    area = editor.get_by_role("textbox")
    expect(area).to_be_focused()
    area.press("End")
    page.page.keyboard.type("  # e p 0 n")
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("e")
    page.page.keyboard.press("Escape")
    expect(editor).to_have_count(0)
    assert page.epoch == 0
    page.press("editor")
    expect(area).to_have_value(re.compile("# e p 0 n"))
    editor.get_by_role("button", name="Restore").click()
    expect(area).not_to_have_value(re.compile("# e p 0 n"))
    area.fill("h = tanh(W_x @ x + W_h @ h)")
    expect(editor.locator(".draft")).to_contain_text("States h. W_x: H × D. W_h: H × H.")
    area.press("Control+Enter")
    page.expect_said("message", "Started again")
