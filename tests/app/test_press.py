"""What a button does, once for every press."""

import ast
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.runtime.fragment import MemoryFragmentStorage

from rnnviz.app import press

APP = Path(__file__).resolve().parents[2] / "app.py"


@pytest.fixture
def page(monkeypatch):
    """Says what of the page runs: all of it, or these fragments."""
    context = SimpleNamespace(fragment_ids_this_run=None, reruns=[], page_script_hash="train")
    context.fragment_storage = MemoryFragmentStorage()
    stand_in = SimpleNamespace(session_state={}, rerun=context.reruns.append)
    monkeypatch.setattr(press, "st", stand_in)
    monkeypatch.setattr(press, "get_script_run_ctx", lambda: context)
    return context


@pytest.mark.parametrize("fragments", [None, []])
def test_a_press_is_done_when_the_page_runs(page, fragments):
    page.fragment_ids_this_run, done = fragments, []
    press.pressed(done.append)("a")
    assert done == ["a"]
    assert press.put_aside() == []


def test_without_a_page_it_is_done_too(page, monkeypatch):
    monkeypatch.setattr(press, "get_script_run_ctx", lambda: None)
    done = []
    press.pressed(done.append)("a")
    assert done == ["a"]


def test_a_press_that_comes_with_a_tick_is_left_to_the_one_that_comes_by_itself(page):
    page.fragment_ids_this_run, done = ["live"], []
    press.pressed(done.append)("a")
    assert done == press.put_aside() == []
    press.inside(done.append)("b")
    assert press.put_aside() == []
    assert done == ["b"]


@pytest.mark.parametrize("first", ["press", "inside"])
def test_a_press_that_comes_with_something_done_inside_does_not_come_again(page, first):
    page.fragment_ids_this_run, done = ["live"], []
    acts = [lambda: press.pressed(done.append)("a"), lambda: press.inside(done.append)("b")]
    for act in acts if first == "press" else reversed(acts):
        act()
    for put in (press.put_aside(), press.put_aside()):
        for each in put:
            each()
    assert done == ["b", "a"]


def test_what_is_to_be_seen_soon_the_fragment_shows_before_the_page_runs(page):
    done = []
    press.complete_page()
    press.pressed(done.append, soon=True)("a")
    assert done == ["a"]
    assert page.reruns == [press.FRAGMENT]
    assert press.owed()
    assert not press.owed()


def test_where_the_page_has_not_run_to_its_end_all_of_it_runs(page):
    done = []
    press.pressed(done.append, soon=True)("a")
    press.complete_page()
    press.begin_page()
    press.pressed(done.append, soon=True)("b")
    press.complete_page()
    page.page_script_hash = "step"
    press.pressed(done.append, soon=True)("c")
    assert done == ["a", "b", "c"]
    assert page.reruns == []
    assert not press.owed()


def test_another_press_lets_all_of_the_page_run(page):
    press.complete_page()
    press.pressed([].append)("a")
    assert page.reruns == []
    assert not press.owed()


def test_a_press_that_comes_with_a_tick_shows_nothing_soon(page):
    press.complete_page()
    page.fragment_ids_this_run, done = ["live"], []
    press.pressed(done.append, soon=True)("a")
    assert done == page.reruns == []
    assert not press.owed()


def test_that_a_page_begins_is_said_before_streamlit_is_used():
    """Wherever it is used a run that is overtaken ends, and the page before would count."""
    calls = [n.value for n in ast.parse(APP.read_text(encoding="utf-8")).body
             if isinstance(n, ast.Expr) and isinstance(n.value, ast.Call)]  # fmt: skip
    said = [ast.unparse(call.func) for call in calls]
    assert said.index("begin_page") < said.index("st.set_page_config")
    assert said[-1] == "complete_page"


def test_to_say_it_nothing_of_streamlits_state_is_used(page, monkeypatch):
    monkeypatch.setattr(press, "st", None)
    press.complete_page()
    press.begin_page()
    press.complete_page()
