"""The page over weights from a file: every tab begins with them."""

import numpy as np
import pytest

import rnnviz
from rnnviz.files.weights_file import WeightsHints, read_weights, safetensors_file
from rnnviz.page.session_registry import registry
from tests.page.tab import App


@pytest.fixture
def network(tmp_path, monkeypatch):
    """A network in a file, which every new tab opens."""
    session = rnnviz.Session(rnnviz.RunConfig(cell="gru", hidden=5, init_scale=0.3, epochs=9))
    session.player.advance(2)
    path = tmp_path / "w.safetensors"
    path.write_bytes(safetensors_file(session))
    network = read_weights(path, WeightsHints())
    monkeypatch.setattr(registry(), "opening", network.session)
    return network


def weights(app):
    return app.session.run.state.parameters.theta


def test_every_tab_begins_with_them_and_trains_its_own(network):
    first, second = App(), App()
    for app in (first, second):
        np.testing.assert_array_equal(weights(app), network.first.parameters.theta)
        assert app.session.config == network.first.config
    first.click("step_epoch")
    assert (weights(first) != weights(second)).any()
    np.testing.assert_array_equal(weights(second), network.first.parameters.theta)


def test_the_page_says_where_they_came_from(network):
    app = App()
    said = app.text
    assert "The weights came from w.safetensors: a link can't carry them." in said
    assert "These are the weights of epoch 2" in app.bodies["message"]
    task = next(box for box in app.app.selectbox if box.key == "own_task")
    assert task.options == ["Given data: sentiment"]
    assert not any("own data" in box.label for box in app.app.expander)
    assert not any(button.key == "leave_data" for button in app.app.button)
    assert app.frame["given"]


def test_a_reloaded_page_begins_with_them_again(network):
    link = App().link
    assert link["cell"] == "gru"
    np.testing.assert_array_equal(weights(App(**link)), network.first.parameters.theta)


def test_other_settings_draw_new_weights_and_the_way_back_is_open(network):
    app = App()
    app.set("hidden", 6)
    assert "The weights are new" in app.bodies["message"]
    app.set("hidden", 5)
    np.testing.assert_array_equal(weights(app), network.first.parameters.theta)


def test_without_such_weights_nothing_is_given():
    assert not App().frame["given"]
