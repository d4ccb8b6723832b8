"""Page *Dynamics*, used as its reader uses it."""

import re

import pytest
from playwright.sync_api import expect

from rnnviz.presets import PRESETS

TALL = 1800
#: How many points of a kind are drawn, by the beginning of the series' name.
COUNT = "figure.data.find((s) => s.name?.startsWith(given[0]))?.x.length === given[1]"


def search(page):
    return page.page.locator(".rnnviz-search")


def find(page):
    """Press Find and wait for what comes of it."""
    page.press("find")
    expect(search(page)).to_contain_text("from 200 starts")
    expect(page.button("cancel")).to_be_disabled()


def opened_at(opened, server, query, width=1280):
    return opened(f"{server.url}/dynamics?{query}", "phase", width=width, height=TALL)


def preset_query():
    settings = PRESETS["flipflop"][0].settings
    return "&".join(f"{name}={value}" for name, value in settings.items()) + "&epoch=150"


@pytest.fixture
def flipflop(opened, server):
    """The page after the flip-flop's preset has been trained."""
    page = opened_at(opened, server, preset_query())
    page.expect_place("150")
    return page


def test_the_flip_flop_has_eight_stable_points_and_each_tells_its_values(flipflop):
    expect(search(flipflop)).to_contain_text("press Find")
    find(flipflop)
    expect(search(flipflop)).to_contain_text("8 stable, 19 saddle, 0 slow")
    flipflop.expect_in_chart("phase", COUNT, ["stable", 8])
    flipflop.expect_in_chart("phase", COUNT, ["saddle", 19])
    rows = flipflop.page.locator(".rnnviz-points tr:has(td:text-is('stable'))")
    expect(rows).to_have_count(8)
    answers = [row.split("\t")[-1].replace("−", "-") for row in rows.all_inner_texts()]
    signs = {tuple(float(v) > 0 for v in answer.split(", ")) for answer in answers}
    assert len(signs) == 8
    expect(flipflop.at("phase").locator("figcaption")).to_contain_text("fitted at epoch 150")
    for key, said in HOVERED.items():
        hover_over_a_point(flipflop, key)
        expect(flipflop.chart(key).locator(".rnnviz-tip")).to_contain_text(re.compile(said))


HOVERED = {
    "phase": r"point \d+: .*speed q = .*memory [\d.]+ tokens",
    "spectra": r"point \d+: \|eigenvalue\| = [\d.]+.*time constant [\d.]+ tokens",
}


def hover_over_a_point(page, key):
    """Move the pointer to the first stable point of a chart."""
    page.expect_in_chart(key, "figure.data.some((s) => s.x.length > 7)")
    stable = "figure.data.find((s) => s.name?.startsWith('stable'))"
    page.page.mouse.move(*page.place(key, f"{stable}.x[0]", f"{stable}.y[0]"))


def test_other_inputs_and_epochs_have_other_points_and_the_first_are_kept(flipflop):
    find(flipflop)
    flipflop.choose("hold_values", "values")
    expect(search(flipflop)).to_contain_text("press Find")
    find(flipflop)
    expect(search(flipflop)).to_contain_text("4 stable")
    flipflop.choose("hold_values", "zero input")
    expect(search(flipflop)).to_contain_text("8 stable")
    before = flipflop.drawn("phase")
    flipflop.drag("scrubber", [40])
    expect(flipflop.status).to_contain_text("Looking back")
    flipflop.expect_drawn_above("phase", before)
    expect(search(flipflop)).to_contain_text("press Find")
    flipflop.press("back_to_now")
    expect(search(flipflop)).to_contain_text("8 stable")


def test_an_lstm_shows_its_flow_while_it_learns_and_what_it_holds_after(opened, server):
    page = opened_at(
        opened, server, "cell=lstm&hidden=8&init_scale=0.1&lr=0.05&epochs=100000&epoch=20", 1920
    )
    page.expect_drawn_above("spectra", 0)
    before = page.drawn("phase")
    page.play()
    page.expect_drawn_above("phase", before + 2)
    page.pause()
    find(page)
    expect(search(page)).to_contain_text(re.compile(r"\d+ stable, \d+ saddle, \d+ slow"))
    page.at("numbers_dynamics").locator("summary").click()
    expect(page.at("numbers_dynamics").get_by_test_id("stDataFrame")).to_be_visible()


def test_a_long_search_can_be_cancelled_and_one_unit_has_no_plane(opened, server):
    page = opened_at(opened, server, "cell=lstm&hidden=64&layers=3")
    page.press("find")
    expect(search(page)).to_contain_text("Searching at epoch 0")
    page.press("cancel")
    expect(search(page)).to_contain_text("press Find")
    expect(page.button("find")).to_be_enabled()
    page = opened(f"{server.url}/?hidden=1&epoch=3", height=TALL)
    page.replay("Dynamics")
    expect(page.page.get_by_text("there is no plane to show")).to_be_visible()
    find(page)
