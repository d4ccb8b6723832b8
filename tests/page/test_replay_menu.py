"""The replay in the menu *Export*."""

from functools import partial

import pytest

from rnnviz.files.replay import MOST_PHRASES, replay, usual_phrases
from rnnviz.page.export_menu import EXPORTS, WITH_DATA, WITHOUT_DATA
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.ui.browser_session import saved
from tests.page.tab import App


def phrases_of(page):
    (box,) = [box for box in page.app.multiselect if "replay" in box.label]
    return box


def test_the_phrases_are_the_one_shown_and_some_of_the_data():
    page = App(hidden="5")
    box = phrases_of(page)
    assert box.value == usual_phrases(page.session)
    assert box.value[0] == "i am not bad"
    assert set(box.value) < set(box.options)
    assert box.proto.max_selections == MOST_PHRASES
    page.ask("very very sad")
    assert phrases_of(page).value[0] == "very very sad"


def test_other_data_have_other_phrases():
    page = App(hidden="5", task="parity")
    assert phrases_of(page).value == usual_phrases(page.session)
    assert phrases_of(page).label == "Sequences of the replay"


def test_what_can_not_be_saved_is_said_on_the_page():
    app = App()
    with pytest.raises(TaskError):
        saved(app.tab, partial(replay, phrases=[]))
    app.run()
    assert "Not saved. " in app.bodies["message"]
    assert saved(app.tab, replay).startswith("<!doctype html>")


def test_every_file_of_the_menu_can_be_made():
    app = App(hidden="5")
    labels = [button.proto.label for button in app.app.get("download_button")]
    shown = (WITHOUT_DATA, *EXPORTS)
    assert labels == [*(export.label for export in shown), "Replay (.html)"]
    for export in (*shown, WITH_DATA):
        assert saved(app.tab, export.made)
