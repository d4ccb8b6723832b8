"""A class: a projector and a phone."""

import contextlib
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from rnnviz.lessons.lesson import open_lesson, shipped
from tests.browser.serving import new_context, serve, watched
from tests.browser.test_accessibility import RULES

PHONE = {
    "viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True,
}  # fmt: skip
#: What is written smaller than a fortieth of the window's height.
SMALL = """() => [...document.querySelectorAll(".rnnviz-class *")].filter((node) =>
  [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())
  && parseFloat(getComputedStyle(node).fontSize) < innerHeight / 40 - 0.1
).map((node) => node.outerHTML)"""
#: What reaches out of the window.
OUTSIDE = """() => [...document.querySelectorAll(".rnnviz-class *")].filter((node) => {
  const { left, top, right, bottom } = node.getBoundingClientRect();
  return left < -1 || top < -1 || right > innerWidth + 1 || bottom > innerHeight + 1;
}).map((node) => node.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def class_server():
    with serve(lesson="plateau") as server:
        yield server


@pytest.fixture
def projector(class_server, browser, complaints):
    """The page of a server with a class, where the class is open."""
    with contextlib.closing(
        new_context(browser, viewport={"width": 1280, "height": 720})
    ) as context:
        page = watched(context.new_page(), complaints)
        page.goto(class_server.url)
        expect(page.locator(".rnnviz-class h1")).to_have_text("When will it learn?")
        # The class is that of the server: a test before has left it somewhere.
        for _ in range(3):
            page.keyboard.press("PageUp")
            page.wait_for_timeout(100)
        expect(page.locator(".rnnviz-class footer .main")).to_have_text("Close, show the guesses")
        yield page


@pytest.fixture
def phone(projector, browser, complaints):
    address = projector.locator(".join b").text_content()
    with contextlib.closing(new_context(browser, **PHONE)) as context:
        page = watched(context.new_page(), complaints)
        page.goto(f"http://{address}")
        yield page


def draw(phone):
    """Draw by touch, from the left edge to the right."""
    box = phone.locator("canvas").bounding_box()
    pen = phone.context.new_cdp_session(phone)
    for k in range(25):
        x, y = box["x"] + 50 + (box["width"] - 62) * k / 24, box["y"] + 60 + 12 * k
        pen.send(
            "Input.dispatchTouchEvent",
            {"type": "touchMove" if k else "touchStart", "touchPoints": [{"x": x, "y": y}]},
        )
    pen.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def close(projector):
    with projector.expect_response("**/rnnviz/class", timeout=10_000) as answered:
        projector.get_by_role("button", name="Close", exact=True).click()
    assert answered.value.status == 200
    projector.wait_for_timeout(300)


def count(projector):
    return projector.locator(".count")


@pytest.mark.story
def test_a_student_draws_and_everyone_sees_what_happened(projector, phone):
    expect(count(projector)).to_contain_text("0of 1 have locked in")
    lock = phone.locator("#lock")
    expect(lock).to_be_disabled()
    draw(phone)
    expect(lock).to_be_enabled()
    lock.tap()
    expect(phone.locator("#ask")).to_have_text("Locked in.")
    expect(count(projector)).to_contain_text("1of 1 have locked in")
    phone.reload()
    expect(phone.locator("#ask")).to_have_text("Locked in.")
    expect(count(projector)).to_contain_text("1of 1 have locked in")
    press, text = projector.locator(".rnnviz-class .main"), projector.locator(".rnnviz-class p")
    press.click()
    expect(text.first).to_contain_text("Turn to your neighbour")
    expect(projector.locator(".bars b")).to_have_text(["0", "1", "0", "0"])
    press.click()
    expect(text.first).to_contain_text(re.compile(r"The run: falls at epoch \d{3}, within"))
    expect(projector.locator(".bars .right")).to_contain_text("not for long, then at once")
    press.click()
    expect(text.first).to_have_text("What moved first?")
    phone.get_by_role("button", name="Radius of W_hh, doubled").tap()
    expect(projector.locator(".rnnviz-class aside p")).to_have_text("1 of 1 have answered")
    assert projector.locator(".bars .right").count() == 0, "it is not told yet"
    press.click()
    expect(projector.locator(".bars .right")).to_contain_text("Radius of W_hh, doubled")
    assert projector.evaluate(SMALL) == [] and projector.evaluate(OUTSIDE) == []


def test_hands_are_counted_by_keys_and_buttons(projector):
    projector.get_by_role("button", name="Hands instead").click()
    outputs = projector.locator(".cards output")
    for key in "aabd++-":
        projector.keyboard.press(key)
        projector.wait_for_timeout(50)
    expect(outputs).to_have_text(["2", "1", "0", "2"])
    projector.get_by_role("button", name="C: one more").click()
    projector.get_by_role("button", name="A: one less").click()
    expect(outputs).to_have_text(["1", "1", "1", "2"])
    assert projector.evaluate(SMALL) == [] and projector.evaluate(OUTSIDE) == []
    for key in ("a", "b", "c", "d", "d"):
        projector.keyboard.press(key)
        projector.keyboard.press("-")
        projector.wait_for_timeout(50)


def test_the_page_below_is_used_and_the_class_goes_on(projector):
    projector.keyboard.press("PageDown")
    expect(projector.locator(".rnnviz-class .main")).to_have_text("Run it")
    projector.keyboard.press("Escape")
    expect(projector.locator(".rnnviz-class")).to_be_hidden()
    projector.locator(".rnnviz-bar button[data-what=epoch]").click()
    projector.wait_for_function("() => rnnviz.stage.header.epoch === 1")
    projector.get_by_role("button", name="Back to the class").click()
    expect(projector.locator(".rnnviz-class .main")).to_have_text("Run it")
    projector.get_by_role("button", name="Back", exact=True).click()
    expect(projector.locator(".rnnviz-class .main")).to_have_text("Close, show the guesses")
    projector.keyboard.press("PageDown")  # The button that was pressed can't have the focus.
    expect(projector.locator(".rnnviz-class .main")).to_have_text("Run it")


def test_nobody_comes_and_hands_are_offered(projector):
    close(projector)
    projector.evaluate("rnnviz.openClass('plateau')")
    expect(count(projector)).to_contain_text("0of 0 have locked in")
    projector.evaluate(
        "const now = performance.now; performance.now = () => now.call(performance) + 31e3"
    )
    expect(projector.locator(".alone")).to_contain_text("Is client isolation on? Use hands.")


@pytest.mark.parametrize(
    "name", ["words", "plateau", "reach", "bug", "units", "gate", "own", "rule"]
)
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
def test_every_lesson_fits_a_projector(projector, name, size):
    projector.set_viewport_size({"width": size[0], "height": size[1]})
    projector.evaluate("name => rnnviz.openClass(name)", name)
    expect(projector.locator(".rnnviz-class h1")).to_have_text(
        open_lesson(shipped()[name]).steps["Ask"].text
    )
    for hands in (False, True):
        if hands:
            projector.get_by_role("button", name="Hands instead").click()
            projector.locator(".cards").wait_for()
        assert projector.evaluate(SMALL) == [] and projector.evaluate(OUTSIDE) == []
    projector.evaluate("name => rnnviz.openClass(name)", "plateau")
    expect(projector.locator(".rnnviz-class h1")).to_have_text("When will it learn?")


def test_a_curve_is_drawn_with_keys_alone(projector, phone):
    phone.locator("canvas").focus()
    for key in ["ArrowRight"] * 15 + ["ArrowDown"] * 5 + ["ArrowRight"] * 16:
        phone.keyboard.press(key)
    expect(phone.locator("output")).to_have_text(re.compile("epoch 600: loss 7[0-9]%"))
    phone.keyboard.press("Tab")
    phone.keyboard.press("Tab")
    phone.keyboard.press("Enter")
    expect(phone.locator("#ask")).to_have_text("Locked in.")
    phone.get_by_role("button", name="Change").tap()
    phone.get_by_role("button", name="Clear").tap()
    expect(phone.locator("#lock")).to_be_disabled()


@pytest.mark.parametrize("name", ["words", "reach", "bug", "units"])
def test_numbers_and_names_are_answered_by_touch(projector, phone, name):
    projector.evaluate("name => rnnviz.openClass(name)", name)
    title = open_lesson(shipped()[name]).steps["Ask"].text
    expect(phone.locator("#ask")).to_have_text(title)  # It has noticed that the lesson is another.
    for one in phone.locator("#guess :is(input, button)").all():
        expect(phone.locator("#lock")).to_be_disabled()
        box = one.bounding_box()
        assert box["height"] >= 44
        phone.touchscreen.tap(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
        if name == "bug":
            break
    phone.locator("#lock").tap()
    expect(phone.locator("#ask")).to_have_text("Locked in.")
    expect(count(projector)).to_contain_text("1of 1 have locked in")
    projector.evaluate("name => rnnviz.openClass(name)", "plateau")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_pages_are_read_by_a_screen_reader(projector, phone, scheme):
    for page, place in ((projector, ".rnnviz-class"), (phone, "body")):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(500)
        rules = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
        found = Axe().run(page, context=place, options=rules).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == []


def test_a_server_that_does_not_answer_ends_no_class(projector, complaints):
    projector.route("**/rnnviz/class", lambda route: route.fulfill(status=403))
    expect(projector.locator(".rnnviz-class footer span")).to_contain_text("Can't reach the server")
    projector.unroute("**/rnnviz/class")
    expect(projector.locator(".rnnviz-class footer span")).to_contain_text("kept in memory")
    complaints.clear()  # Chromium writes every refusal on the console.
