"""The settings, and who changes them: the reader in the sidebar, or someone else."""

from dataclasses import replace

import pytest
import streamlit

from tests.app.tab import App


@pytest.fixture
def page():
    return App({"hidden": "5", "lr": "0.5"})


def test_the_sidebar_follows_what_is_changed_elsewhere(page):
    page.click("new_seed")
    assert page.widget("seed").value == 1
    assert (page.widget("hidden").value, page.widget("lr").value) == (5, 0.5)


def test_what_the_widgets_showed_before_does_not_come_back(page):
    page.set("seed", 7)
    page.click("new_seed")
    # The browser may still tell what the widget of before says.
    page.app.session_state["seed"] = 7
    for _ in range(2):
        page.run()
        assert page.session.config.seed == page.widget("seed").value == 8


def test_after_that_the_widgets_set_again(page):
    page.click("new_seed")
    page.set("hidden", 6)
    page.set("seed", 3)
    page.click("new_seed")
    config = page.session.config
    assert (config.seed, config.hidden, config.lr) == (4, 6, 0.5)


def test_nothing_makes_the_widgets_anew_but_settings(page):
    keys = {box.key for box in page.app.number_input}
    for button in ("step_epoch", "reset", "play", "pause"):
        page.click(button)
    page.set("lr", 0.25)
    page.run()
    assert {box.key for box in page.app.number_input} == keys


@pytest.mark.parametrize("press", ["new_seed", "preset_sentiment_Notebook"])
@pytest.mark.parametrize("where", ["style_sheet", "place_bar"])
def test_a_press_is_not_undone_by_a_run_of_the_script_that_is_ended(page, press, where):
    """Streamlit ends a run that is overtaken; here before the sidebar and after it."""
    module = "rnnviz.app.style" if where == "style_sheet" else "rnnviz.app.stage"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{module}.{where}", streamlit.stop)
        page.click(press)
    taken = page.session.config
    assert (taken.hidden, taken.seed) != (5, 0)
    page.run()
    assert page.session.config == taken


def test_what_is_set_while_others_change_the_settings_is_not_lost(page):
    """A number that is typed is told when another button is pressed, and may come after it."""
    with page.seat.borrow() as host:
        host.session.configure(replace(host.session.config, seed=1))
    page.set("lr", 0.25)
    config = page.session.config
    assert (config.seed, config.lr, config.hidden) == (1, 0.25, 5)
    assert (page.widget("seed").value, page.widget("lr").value) == (1, 0.25)
