"""What a reader takes away from the page, and brings back."""

import base64
import json
import re
from xml.etree import ElementTree

import pytest
from playwright.sync_api import expect

SVG = "{http://www.w3.org/2000/svg}"
# Drop a file in the middle of the page.
DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  for (const kind of ["dragover", "drop"])
    document.body.dispatchEvent(
      new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
}"""
# The share of pixels that differ clearly between two pictures, at the size of the first.
DIFFERENCE = """async (sources) => {
  const load = (src) => new Promise((done, fail) =>
    Object.assign(new Image(), { src, onload() { done(this); }, onerror: fail }));
  const [one, other] = await Promise.all(sources.map(load));
  const { width, height } = one;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const [a, b] = [one, other].map((image) => {
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return context.getImageData(0, 0, canvas.width, canvas.height).data;
  });
  let count = 0;
  for (let k = 0; k < a.length; k++) count += Math.abs(a[k] - b[k]) > 90;
  return [count / a.length, new Set(a).size, other.width / one.width];
}"""


def saved(page, press):
    """The name and the content of the file that is saved."""
    with page.page.expect_download() as download:
        press()
    return download.value.suggested_filename, download.value.path().read_bytes()


def drop(page, name, content):
    page.page.evaluate(DROP, [name, base64.b64encode(content).decode()])


@pytest.mark.story
def test_a_run_is_taken_away_and_dropped_onto_another_page(opened, server):
    page = opened(f"{server.url}/?hidden=5&cell=gru&epochs=60&epoch=7&now=31", "network")
    page.expect_said("message", "Looking back at epoch 7")
    page.open_export()
    button = page.page.get_by_role("button", name="Run (.rnnviz)")
    name, content = saved(page, button.click)
    assert name == "run.rnnviz"
    loss, run = page.loss, page.run
    other = opened(f"{server.url}/?hidden=4&epochs=9", "network")
    drop(other, "cut.rnnviz", content[:-60])
    other.expect_said("message", "Not opened. cut.rnnviz: the file is of another kind, or cut off.")
    drop(other, name, content)
    other.expect_said("message", "Looking back at epoch 7; the run is at 31")
    expect(other.page).to_have_url(re.compile("cell=gru.*hidden=5.*epoch=7"))
    assert (other.loss, other.run != run) == (loss, True)
    other.press("back_to_now")
    other.press("step_epoch")
    other.expect_place("32")


def saved_pictures(page, key):
    """The texts of a picture as SVG, what it says of itself, and it as PNG; both look alike."""
    page.chart(key).hover()
    page.at(key).locator(".rnnviz-enlarge").click()
    dialog = page.page.locator("dialog.rnnviz-large")
    (name, svg), (_, png) = (
        saved(page, dialog.get_by_role("button", name=kind).click) for kind in ("SVG", "PNG")
    )
    assert name == f"{key}.svg"
    dialog.get_by_role("button", name="Close").click()
    check_alike(page, svg, png)
    root = ElementTree.fromstring(svg)
    said = json.loads(root.find(f"{SVG}metadata").text)
    return [text.text for text in root.iter(f"{SVG}text")], said, png


def check_alike(page, svg, png):
    kinds = (("svg+xml", svg), ("png", png))
    sources = [f"data:image/{kind};base64,{base64.b64encode(c).decode()}" for kind, c in kinds]
    different, shades, scale = page.page.evaluate(DIFFERENCE, sources)
    assert different < 0.02
    assert shades > 20
    assert scale == 2


@pytest.mark.story
def test_a_picture_is_saved_as_it_is_on_the_screen(opened, server):
    page = opened(f"{server.url}/?hidden=5&epoch=12&seed=3", "network")
    texts, said, png = saved_pictures(page, "network")
    assert b"iTXtDescription" in png
    assert (said["epoch"], said["phrase"]) == ("12", "i am not bad")
    assert "seed=3" in said["link"]
    assert {"not", "bad", "verdict"} <= {*texts}


def test_what_is_saved_of_a_sheet_is_whole(opened, server):
    page = opened(f"{server.url}/?hidden=5&epoch=12&seed=3&now=20", "network")
    page.ask("Where is it wrong?")
    page.expect_drawn_above("list", 0)
    rows = page.at("list").locator("tr[data-row]")
    assert page.at("list").locator(".rnnviz-rows").evaluate("n => n.scrollHeight > n.clientHeight")
    listed = "".join(saved_pictures(page, "list")[0]).replace(" ", "")
    assert rows.count() == 20
    for row in rows.locator("td:first-child").all_inner_texts():
        assert row.replace(" ", "") in listed
    # The words that stand above it on the sheet.
    words = page.at("words").locator("canvas").get_attribute("aria-label").rpartition(": ")[2]
    assert {*words.split()} <= {*saved_pictures(page, "answers")[0]}
