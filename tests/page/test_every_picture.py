"""Every picture of every page is drawn without a browser, with its numbers."""

import csv
import io

import numpy as np
import pytest

from rnnviz.config import RunConfig, TaskName
from rnnviz.files.numbers import columns_of
from rnnviz.files.output import numbers
from rnnviz.page import every_picture as module
from rnnviz.page.every_picture import every_picture
from rnnviz.probe.pair import Pair
from rnnviz.probe.questions import StepView
from rnnviz.probe.session import Session
from rnnviz.tasks.data.vocabulary import Unit
from rnnviz.tasks.upload import File, Upload
from rnnviz.ui.viewer import Scene
from tests.page.tab import PAGES, QUESTIONS, App, Page, tabs_of


def trained(**changed):
    session = Session(RunConfig(hidden=4, init_scale=0.2, epochs=9, **changed))
    session.player.advance(2)
    return session


def test_every_tab_of_every_page_is_there():
    pages = {page: sum(place.startswith(f"{page}/") for place in module.TABS) for page in QUESTIONS}
    assert pages == {page: len(questions) for page, questions in QUESTIONS.items()}
    assert {place.partition("/")[0] for place in module.TABS} == {*PAGES} - {"step"}


@pytest.mark.parametrize("task", TaskName)
def test_every_task_has_its_numbers(task):
    session = trained(task=task, lag=3)
    view = session.step_view
    drawn = every_picture(session, measuring=0)
    assert session.step_view is view
    assert {key.rpartition("/")[0] for key in drawn} == {*module.TABS, "step"}
    tables = {key: text for key, text in numbers(session, drawn).items() if key.endswith(".csv")}
    # A sentence has no numbers.
    with_numbers = [one for one in drawn.values() if columns_of(one.picture)]
    assert len(tables) == len(with_numbers) + 1 > 30, "and the history"
    for key, text in tables.items():
        rows = [*csv.reader(io.StringIO(text))]
        head, *body = [row for row in rows if not row[0].startswith("# ")]
        assert all(len(row) == len(head) for row in body), key


def test_the_numbers_are_those_of_the_page():
    app = App(hidden="4", epochs="9")
    app.click("step_epoch")
    page = {key.rpartition("/")[2] for key in every_picture(app.session, 0) if "learn" in key}
    assert page == {key for key in app.places if key in page} != set()
    loss = every_picture(app.session, 0)["train/learn/curves"].picture.series
    (train,) = [series for series in loss if series.get("name") == "train_loss"]
    column = app.session.run.history.column("train_loss")
    np.testing.assert_allclose(train["y"], column, rtol=1e-6)


def test_each_picture_is_drawn_by_what_draws_it_on_the_page():
    session, seen = trained(), {}
    for page in PAGES:
        opened = Page(page, session)
        for view in tabs_of(page):
            seen |= {key: place["kind"] for key, place in opened.enter(view).places.items()}
    session.step_view = StepView.INSIDE
    seen |= {key: place["kind"] for key, place in Page("step", session).places.items()}
    drawn = {name.rpartition("/")[2]: one for name, one in every_picture(session, 0).items()}
    kinds = {key: one.kind for key, one in drawn.items() if columns_of(one.picture)}
    # One that is measured may stand on the page of other tasks alone.
    assert kinds == {key: seen.get(key, "chart") for key in kinds}
    own = {"network", "curves", "words", "phrases", "step", "inside_cell"}
    assert {*seen.values()} == {"chart", "table", *own}


def test_what_is_measured_while_a_run_is_paused_is_measured_before(monkeypatch):
    calls = []

    def job():
        while len(calls) < 3:
            yield
            calls.append(len(calls))

    scene = Scene(trained(), lambda frame: None, job=job)
    monkeypatch.setattr(module, "TABS", {"page/tab": lambda session: scene})
    every_picture(trained(), measuring=60)
    assert len(calls) == 3


@pytest.mark.parametrize("kind", ["text", "translation"])
def test_a_vocabulary_of_many_tokens_is_drawn_everywhere(kind):
    """Also where the network reads its own answers, one by one."""
    rng = np.random.default_rng(2)
    words = [f"w{k}" for k in range(300)]
    lines = [" ".join(rng.permutation(words)[:12]) for _ in range(60)]
    pairs = "source,target\n" + "".join(f"{line[:9]},{line}\n" for line in lines)
    files = {
        "text": Upload(File("wide.txt", "\n".join(lines).encode()), unit=Unit.WORDS),
        "translation": Upload(File("wide.csv", pairs.encode())),
    }
    session = Session(RunConfig(hidden=2, epochs=3))
    session.load(files[kind])
    assert not session.data.problem
    session.player.advance(1)
    assert len(every_picture(session, measuring=0)) > 30


#: Choices of a link that no page has laid out yet, and that don't fit its task.
UNCHECKED = [
    {"task": "spelling", "reach.band": "test"},
    {"task": "spelling", "what_if.change": "change 1 zz"},
    {"task": "spelling", "what_if.change": "add 1 "},
    {"task": "parity", "phrase": "1010", "what_if.change": "state 3 1"},
    {"task": "translation", "what_if.change": "change 1 zz zz"},
    {"task": "adding", "what_if.change": "add 2 nan"},
]


@pytest.mark.parametrize("link", UNCHECKED)
def test_choices_of_a_link_are_drawn_before_a_page_has_checked_them(link):
    pair = Pair(Session())
    pair.follow({"hidden": "4", "epochs": "2", **link})
    assert every_picture(pair.session, measuring=0)
