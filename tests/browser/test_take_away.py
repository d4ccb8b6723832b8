"""What a reader takes away from the page, and brings back."""

import base64
import json
import re
from contextlib import contextmanager
from functools import partial
from xml.etree import ElementTree

import pytest
from playwright.sync_api import expect

from rnnviz.config import RunConfig
from rnnviz.files.run_file import run_file
from rnnviz.probe.session import Session
from rnnviz.tasks.upload import File, Upload

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
    page.expect_said("status", "Looking back at")
    page.open_export()
    button = page.page.get_by_role("button", name="Run (.rnnviz)")
    name, content = saved(page, button.click)
    assert name == "run.rnnviz"
    loss, run = page.loss, page.run
    other = opened(f"{server.url}/?hidden=4&epochs=9", "network")
    drop(other, "cut.rnnviz", content[:-60])
    other.expect_said("message", "Not opened. cut.rnnviz: the file is of another kind, or cut off.")
    drop(other, name, content)
    other.expect_said("message", "The run is at epoch 31.")
    expect(other.page).to_have_url(re.compile("cell=gru.*hidden=5.*epoch=7"))
    assert (other.loss, other.run != run) == (loss, True)
    other.press("back_to_now")
    other.press("step_epoch")
    other.expect_place("32")


SKY = b"text,label\nvery blue,fine\nso grey,rainy\nso blue,fine\nvery grey,rainy\n"
# Whether a text is seen up to the end of these words, in the one line that its box shows.
SEEN_UP_TO = """(box, words) => {
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const at = walker.currentNode.data.indexOf(words);
    if (at < 0) continue;
    const range = document.createRange();
    range.setEnd(walker.currentNode, at + words.length);
    range.setStart(walker.currentNode, at);
    const [end, frame] = [range.getBoundingClientRect(), box.getBoundingClientRect()];
    return end.right <= frame.right && end.bottom <= frame.bottom + 1;
  }
}"""


def test_a_run_waits_for_its_data(opened, server):
    session = Session(RunConfig(hidden=4, epochs=9))
    session.load(Upload(File("sky.csv", SKY), test_share=0))
    session.player.advance(2)
    page = opened(f"{server.url}/?hidden=4&epochs=9", "network")
    page.press("step_epoch")
    drop(page, "run.rnnviz", run_file(session))
    page.expect_said("message", "run.rnnviz: it needs sky.csv")
    message = page.page.locator(".rnnviz-message")
    assert message.evaluate(SEEN_UP_TO, "or choose it under Open.")
    page.expect_place("1")
    drop(page, "other.csv", SKY + b"so blue,rainy\n")
    page.expect_said("message", "other.csv is another file")
    drop(page, "renamed.csv", SKY)
    page.expect_place("2")
    page.press("step_epoch")
    page.expect_place("3")


def test_the_menu_closes_once_a_file_is_chosen_in_it(opened, server):
    session = Session(RunConfig(hidden=4, epochs=9))
    session.player.advance(2)
    page = opened(f"{server.url}/?hidden=5", "network")
    for name, content, said in (
        ("cut.npz", b"PK", "Not opened. cut.npz"),
        ("run.rnnviz", run_file(session), "Opened at epoch 2."),
    ):
        page.page.locator(".st-key-files button").filter(has_text="Open").click()
        box = page.page.get_by_label("A run or weights")
        box.set_input_files([{"name": name, "mimeType": "", "buffer": content}])
        expect(box).to_have_count(0)
        page.expect_said("message", said)
    page.expect_place("2")


def saved_pictures(page, key, save):
    """The texts of a picture as SVG, what it says of itself, and it as PNG; both look alike."""
    (name, svg), (_, png) = (saved(page, partial(save, kind)) for kind in ("SVG", "PNG"))
    assert name == f"{key}.svg"
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
    page.chart("network").hover()
    corner, menu = (page.at("network").locator(f".rnnviz-{part}") for part in ("save", "saves"))

    def save(kind):
        corner.click()
        menu.get_by_role("button", name=kind).click()

    texts, said, png = saved_pictures(page, "network", save)
    assert b"iTXtDescription" in png
    name, csv = saved(page, partial(save, "CSV"))
    assert name == "network.csv"
    told, head = re.match(r"((?:# .*\n)+)([^#].*)", csv.decode().replace("\r", "")).groups()
    assert {"# data: sentiment", "# seed: 3", "# epoch: 12"} <= {*told.splitlines()}
    assert "W_hh" in head
    assert (said["epoch"], said["phrase"]) == ("12", "i am not bad")
    assert (said["seed"], said["settings"]) == ("3", "hidden=5, seed=3")
    assert "seed=3" in said["link"]
    assert {"not", "bad", "verdict"} <= {*texts}


@contextmanager
def enlarged(page, key):
    """Saves a picture that is on the whole window."""
    page.chart(key).hover()
    page.at(key).locator(".rnnviz-enlarge").click()
    dialog = page.page.locator("dialog.rnnviz-large")
    yield lambda kind: dialog.get_by_role("button", name=kind).click()
    dialog.get_by_role("button", name="Close").click()


def test_what_is_saved_of_a_sheet_is_whole(opened, server):
    page = opened(f"{server.url}/?hidden=5&epoch=12&seed=3&now=20", "network")
    page.ask("Where is it wrong?")
    page.expect_drawn_above("list", 0)
    rows = page.at("list").locator("tr[data-row]")
    assert page.at("list").locator(".rnnviz-rows").evaluate("n => n.scrollHeight > n.clientHeight")
    with enlarged(page, "list") as save:
        listed = "".join(saved_pictures(page, "list", save)[0]).replace(" ", "")
    assert rows.count() == 20
    for row in rows.locator("td:first-child").all_inner_texts():
        assert row.replace(" ", "") in listed
    # The words that stand above it on the sheet.
    label, _, words = (
        page.at("words").locator("canvas").get_attribute("aria-label").rpartition(": ")
    )
    assert label == "The words"
    with enlarged(page, "answers") as save:
        assert {*words.split()} <= {*saved_pictures(page, "answers", save)[0]}
