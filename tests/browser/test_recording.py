"""A recording of a training loop, opened while the loop still writes it."""

import pytest
from playwright.sync_api import expect

from rnnviz.probe.questions import DynamicsQuestion, GradientQuestion, StateQuestion, TrainQuestion
from tests.browser.serving import serve
from tests.unit.files.recordings import Loop

#: The pages with their tabs.
PAGES = {
    "Step": (), "Hidden states": StateQuestion, "Gradients": GradientQuestion,
    "Dynamics": DynamicsQuestion, "Train": TrainQuestion,
}  # fmt: skip


@pytest.fixture
def loop(tmp_path):
    """A loop that has taken 30 steps."""
    return Loop(tmp_path / "run.rnnviz", cell="gru", layers=2).record(0, 10, 20, 30)


@pytest.fixture
def page(loop, opened):
    """The page over its recording."""
    with serve(opening=loop.path) as server:
        shown = opened(server.url)
        yield shown
        # It must not miss a server that ends.
        shown.page.close()


def expect_last(page, step):
    page.page.wait_for_function("step => rnnviz.stage.header.last === step", arg=step)


@pytest.mark.story
def test_watch_a_loop_look_back_and_walk(page, loop):
    page.expect_said("status", "Following")
    page.expect_place("30")
    expect(page.page.get_by_text("A recording of a training loop elsewhere")).to_be_visible()
    for name in ("step_phrase", "reset", "new_seed", "branch"):
        expect(page.button(name)).to_be_hidden()
    expect(page.button("step_epoch")).to_have_text("Next snapshot E")

    # The scrubber grows, and who is at its end stays there.
    loop.record(40, 50)
    page.expect_place("50")
    assert page.slider("scrubber").get_attribute("max") == "50"
    assert page.stand("scrubber") == 50
    page.expect_in_chart("curves", "figure.data[0].x.at(-1) === given", 50)
    page.expect_in_chart("curves", "figure.layout.meta.unit === 'step'")

    # Dragged back it snaps, and stays where it is while the loop goes on.
    page.drag("scrubber", [23])
    page.expect_said("status", "Looking back")
    page.expect_place("20")
    page.page.wait_for_function(
        "() => document.querySelector('[data-slider=scrubber] input').value == 20"
    )
    loop.record(60)
    expect_last(page, 60)
    page.expect_place("20")
    assert page.stand("scrubber") == 20

    # Play walks to the end, and says what this is.
    page.press("play")
    page.expect_place("60")
    page.expect_said("message", "This is a recording: 7 snapshots up to step 60.")
    loop.close()
    page.expect_said("status", "Recording")


def test_every_tab_is_there_at_every_snapshot(page, loop):
    loop.record(40)
    page.expect_place("40")
    page.drag("scrubber", [10])
    page.expect_place("10")
    for title, questions in PAGES.items():
        page.replay(title)
        for question in questions:
            page.ask(question)
            page.expect_all_heard()
            assert not page.header["problem"]
    loop.close()
    page.expect_said("status", "Looking back")
