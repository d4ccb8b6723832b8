"""A page is read by a screen reader, used by keyboard alone, and needs no keen eye."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

PAGES = ("Train", "Step", "Hidden states", "Gradients", "Dynamics")
LINK = "/?epoch=420&phrase=i+am+not+good"
#: All rules for pages, those of WCAG 2.2 (target sizes) too.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


UNIT = re.compile(r"unit \d+: -?\d\.\d\d after i, .* after good")


# Texts that have too little contrast: axe leaves out those that are drawn with an opacity.
FAINT = """() => {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [[r, g, b], a / 255];
  };
  const over = (below, [color, alpha]) => below.map((c, i) => c + (color[i] - c) * alpha);
  const luminance = (color) => [0.2126, 0.7152, 0.0722].reduce((sum, share, i) => {
    const c = color[i] / 255;
    return sum + share * (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  }, 0);
  const found = [];
  for (const node of document.querySelectorAll(".stApp *")) {
    const text = [...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim().length > 1);
    // The number of Streamlit's slider is a child of its thumb, but stands above it.
    if (!text || node.closest("svg, :disabled, [aria-hidden=true], .stSlider")) continue;
    if (!node.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const line = [];
    for (let n = node; n; n = n.parentElement) line.unshift(getComputedStyle(n));
    if (line.some(({ clipPath }) => clipPath !== "none")) continue;
    const ground = line.reduce((below, s) => over(below, rgba(s.backgroundColor)), [255, 255, 255]);
    const { color, fontSize, fontWeight } = line.at(-1);
    const [ink, alpha] = rgba(color);
    const opacity = line.reduce((product, s) => product * s.opacity, alpha);
    const [low, high] = [ground, over(ground, [ink, opacity])].map(luminance).sort((a, b) => a - b);
    const size = parseFloat(fontSize);
    const least = size >= 24 || (size >= 18.66 && fontWeight >= 700) ? 3 : 4.5;
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < least) found.push([ratio.toFixed(2), node.outerHTML.slice(0, 120)]);
  }
  return found;
}"""


def violations(page, scheme):
    # In the dark only the colours are others.
    rules = {"type": "tag", "values": RULES}
    colors = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
    options = {"runOnly": colors if scheme == "dark" else rules, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    listed = [[rule["id"], node["html"][:120]] for rule in found for node in rule["nodes"]]
    return listed + page.evaluate(FAINT)


# Streamlit fades what it lays out anew, and a picture has no height until its script has begun.
SETTLED = """() => !document.querySelector("[data-stale=true], .rnnviz-chart:not([data-picture])")
  && document.getAnimations().every(({ playState }) => playState !== "running")"""


# The grounds of the page are dark: Streamlit's, and a moment later our own.
GROUNDS = """(dark) => [".stApp", ".rnnviz-bar button:not(.main)"].every((place) => {
  const { backgroundColor } = getComputedStyle(document.querySelector(place));
  return backgroundColor.match(/\\d+/)[0] < 100 === dark;
})"""


def violations_in(page, scheme):
    page.page.emulate_media(color_scheme=scheme)
    page.page.wait_for_function(GROUNDS, arg=scheme == "dark")
    # Streamlit's browser side misses messages of a script that another change cuts short.
    page.expect_idle()
    page.page.wait_for_function(SETTLED)
    return violations(page.page, scheme)


def test_axe_finds_nothing_on_any_page(opened, server):
    page = opened(f"{server.url}{LINK}", "curves", 1440, 900)
    page.at("network").get_by_role("button", name="Enlarge").click()
    page.page.get_by_role("button", name="Table").click()
    for scheme in ("light", "dark"):
        assert violations_in(page, scheme) == []
    page.page.keyboard.press("Escape")
    for title in PAGES:
        page.replay(title)
        page.page.locator(".rnnviz-chart[data-drawn]").first.wait_for()
        page.expect_idle()
        expect(page.page.get_by_role("button", name="Export")).to_be_visible()
        for scheme in ("light", "dark"):
            assert violations_in(page, scheme) == [], (title, scheme)


BESIDE = """(place) => {
  const label = document.querySelector(`[class*=st-key-${place}] [data-testid=stWidgetLabel] p`);
  return getComputedStyle(label, "::after").content;
}"""


def test_a_setting_has_its_name_alone_and_beside_it_stands_when_a_change_is_felt(opened, server):
    page = opened(f"{server.url}/", "curves", 1440, 900).page
    expect(page.get_by_role("combobox", name="Cell", exact=True)).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Learning rate", exact=True)).to_be_visible()
    assert page.evaluate(BESIDE, "restarts_cell") == '"↺ starts again"'
    assert page.evaluate(BESIDE, "changes_lr") == '"● at once"'


# What can have the focus in our own parts shows that it has it.
UNMARKED = """() => [...document.querySelectorAll("[class*=rnnviz-] :is(button, input)")]
  .filter((node) => node.checkVisibility({ visibilityProperty: true }))
  .filter(({ disabled, tabIndex }) => !disabled && tabIndex >= 0)
  .filter((node) => {
    node.focus({ focusVisible: true, preventScroll: true });
    const { outlineStyle, outlineWidth, outlineColor, opacity } = getComputedStyle(node);
    const seen = outlineStyle === "solid" && parseFloat(outlineWidth) >= 2 && opacity > 0.5;
    return !seen || outlineColor.endsWith(", 0)");
  })
  .map((node) => node.outerHTML.slice(0, 100))"""


def test_what_has_the_focus_is_seen(opened, server):
    page = opened(f"{server.url}{LINK}", "curves", 1440, 900)
    page.page.keyboard.press("Tab")
    assert page.page.evaluate(UNMARKED) == []


def tab_to(page, selector, most=80):
    """Press Tab until the focus is on ``selector``."""
    keyboard = page.page.keyboard
    for _ in range(most):
        keyboard.press("Tab")
        if page.page.evaluate("s => document.activeElement.matches(s)", selector):
            return keyboard
    raise AssertionError(f"Tab does not lead to {selector}")


@pytest.mark.story
def test_the_first_screen_is_used_by_keyboard_alone(opened, server):
    page = opened(f"{server.url}/?epoch=20&phrase=i+am+not+good", "curves", 1440, 900)
    marked = "rnnviz.stage.plots.get('network').keptRow"
    tab_to(page, ".st-key-presets button, [kind=primary]")
    tab_to(page, "[data-do=play]").press("Enter")
    page.expect_epoch_above(22)
    page.page.keyboard.press("Space")  # the focus is on Pause, which has its place
    page.expect_said("status", "Paused")
    tab_to(page, "[data-what=epoch]").press("Enter")
    tab_to(page, ".rnnviz-health-button").press("Enter")
    expect(page.page.locator(".rnnviz-health")).to_be_visible()
    page.page.keyboard.press("Escape")
    expect(page.page.locator(".rnnviz-health")).to_be_hidden()
    keyboard = tab_to(page, "[data-slider=scrubber] input")
    keyboard.press("Home")
    page.expect_place("0")
    keyboard.press("ArrowRight")
    page.expect_place("1")
    keyboard = tab_to(page, ".rnnviz-picker")
    keyboard.press("ArrowRight")
    page.page.wait_for_function(f"() => {marked} === 0")
    keyboard.press("ArrowRight")
    page.page.wait_for_function(f"() => {marked} === 1")
    expect(page.page.locator(".rnnviz-picker")).to_have_attribute("aria-valuetext", UNIT)
    keyboard.press("Escape")
    page.page.wait_for_function(f"() => {marked} === undefined")
    tab_to(page, "[aria-label='word 2']").press("Control+A")
    page.page.keyboard.type("was")
    expect(page.phrase).to_have_value("i was not good")
    tab_to(page, ".rnnviz-ask").press("Enter")
    expect(page.at("network").locator("figcaption")).to_be_visible()
    page.page.keyboard.press("Escape")
    expect(page.at("network").locator("figcaption")).to_be_hidden()


def test_with_reduced_motion_nothing_begins_by_itself(opened, server):
    page = opened(server.url, "curves", 1440, 900)
    page.page.wait_for_timeout(500)
    page.expect_place("0")
    moving = """document.getAnimations().map(({ effect }) => effect.target)
      .filter((node) => node?.closest("[class*=rnnviz]")).length"""
    assert page.page.evaluate(moving) == 0


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (390, 844)])
def test_a_small_window_has_all_its_width(opened, server, width, height):
    page = opened(f"{server.url}{LINK}", "network", width, height)
    assert page.page.evaluate("document.documentElement.scrollWidth") == width
    beyond = page.page.get_by_test_id("stMain").evaluate(
        "node => node.scrollWidth - node.clientWidth"
    )
    assert beyond == 0
    if width < 1000:
        return
    # One row, and the pictures below it are whole.
    assert page.at("bar").bounding_box()["height"] < 50
    for key in ("network", "curves"):
        expect(page.chart(key)).to_be_in_viewport(ratio=1)


def test_axe_finds_nothing_in_the_editor_of_a_cell(opened, server):
    page = opened(f"{server.url}/?cell=lstm", "curves", 1280, 720)
    page.press("editor")
    area = page.page.locator(".rnnviz-editor textarea")
    for text, answer in ((area.input_value(), ".fine"), ("h = h @", ".wrong")):
        area.fill(text)
        page.page.locator(f".rnnviz-editor {answer}").wait_for()
        for scheme in ("light", "dark"):
            assert violations_in(page, scheme) == [], (answer, scheme)
    unmarked = UNMARKED.replace("[class*=rnnviz-] :is(", ".rnnviz-editor :is(textarea, ")
    assert page.page.evaluate(unmarked) == []


def test_axe_finds_nothing_in_a_lesson(opened, server):
    page = opened(f"{server.url}/?lesson=words", "curves", 1440, 900)
    strip = page.page.locator(".rnnviz-lesson")
    expect(strip.locator(".lock:enabled")).to_be_visible(timeout=60_000)
    page.page.locator(".rnnviz-learn").click()
    for scheme in ("light", "dark"):
        assert violations_in(page, scheme) == []
    page.page.keyboard.press("Escape")
    page.keys(" ")
    strip.get_by_role("button", name="Just watch").click()
    page.keys("1")
    expect(strip.locator(".acts .main")).to_be_visible()
    for scheme in ("light", "dark"):
        assert violations_in(page, scheme) == []
