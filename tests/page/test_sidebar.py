"""The settings, and who changes them: the reader in the sidebar, or someone else."""

from dataclasses import replace

import pytest
import streamlit

from rnnviz.config import SETTINGS
from tests.page.tab import App


@pytest.fixture
def page():
    return App(hidden="5", lr="0.5", clip_by="norm")


def test_the_sidebar_follows_what_is_changed_elsewhere_and_then_sets_again(page):
    page.set("seed", 7)
    page.click("new_seed")
    # The browser may still tell what the widget of before says.
    page.app.session_state["seed"] = 7
    for _ in range(2):
        page.run()
        assert page.session.config.seed == page.widget("seed").value == 8
        assert (page.widget("hidden").value, page.widget("lr").value) == (5, 0.5)
    page.set("hidden", 6)
    page.set("seed", 3)
    page.click("new_seed")
    config = page.session.config
    assert (config.seed, config.hidden, config.lr) == (4, 6, 0.5)


def test_only_settings_replace_the_widgets_and_their_first_values_are_told_with_every_run(page):
    keys = {box.key for box in page.app.number_input}
    for button in ("step_epoch", "reset", "play", "pause"):
        page.click(button)
        assert page.widget("lr").proto.default == 0.5
        assert page.widget("hidden").proto.default == [5]
        assert page.widget("clip_by").proto.default == [1]
    page.set("lr", 0.25)
    page.run()
    assert {box.key for box in page.app.number_input} == keys


@pytest.mark.parametrize("press", ["new_seed", "preset_sentiment_Notebook"])
@pytest.mark.parametrize("where", ["style.style_sheet", "stage.place_bar"])
def test_a_press_is_not_undone_by_a_run_of_the_script_that_is_ended(page, press, where):
    """Streamlit ends a run that is overtaken; here before the sidebar and after it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"rnnviz.ui.{where}", streamlit.stop)
        page.click(press)
    taken = page.session.config
    assert (taken.hidden, taken.seed) != (5, 0)
    page.run()
    assert page.session.config == taken


def test_what_is_set_while_others_change_the_settings_is_not_lost(page):
    """A number that is typed is told when another button is pressed, and may come after it."""
    with page.tab.host() as host:
        host.session.configure(replace(host.session.config, seed=1))
    page.set("lr", 0.25)
    config = page.session.config
    assert (config.seed, config.lr, config.hidden) == (1, 0.25, 5)
    assert (page.widget("seed").value, page.widget("lr").value) == (1, 0.25)


def test_a_setting_keeps_its_value_while_another_cell_has_no_use_for_it():
    page = App(hidden="5", cell="lstm", forget_bias="2.5")
    page.set("forget_bias", 3.5)
    for other in ("elman", "leaky"):
        page.set("cell", other)
        assert page.session.config.forget_bias == 1.0
        assert "forget_bias" not in {box.key for box in page.app.number_input}
        page.set("cell", "gru")
        assert page.widget("forget_bias").value == page.session.config.forget_bias == 3.5
    page.set("cell", "elman")
    page.click("new_seed")
    page.set("cell", "lstm")
    assert page.session.config.forget_bias == 3.5


def test_a_preset_counts_more_than_what_was_set_before():
    page = App(task="recall", hidden="5", cell="lstm", forget_bias="2.5")
    page.set("cell", "elman")
    page.click("preset_recall_LSTM, lag 20")
    assert page.session.config.forget_bias == page.widget("forget_bias").value == 3.0


def test_all_settings_that_differ_from_the_default_are_counted_and_named():
    page = App(hidden="8", epochs="2")
    captions = [caption.value for caption in page.app.caption]
    count = len(SETTINGS) - 1
    assert f"2 of {count} settings differ from the default: Hidden units, Epochs." in captions
    page = App(lr="0.05", gradient="notebook")
    captions = [caption.value for caption in page.app.caption]
    assert f"2 of {count} settings differ from the default: Learning rate, Gradient." in captions
    page = App()
    assert "Every setting is the default." in [caption.value for caption in page.app.caption]
