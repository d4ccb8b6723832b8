"""The script that Streamlit runs: sidebar, header, and one of the pages."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.charts.texts import ask, count_in
from rnnviz.lessons.lesson_strip import lesson_list
from rnnviz.page.guide import guide_page
from rnnviz.page.question_page import question_page, set_scene, train_page
from rnnviz.page.session_registry import get_tab, lesson_now
from rnnviz.page.sidebar import sidebar
from rnnviz.probe.pair import Pair
from rnnviz.probe.questions import TrainQuestion
from rnnviz.questions.runs.tab import runs_page
from rnnviz.questions.step.tab import step_page
from rnnviz.tasks import shipped
from rnnviz.ui import stage
from rnnviz.ui.browser_session import host_of
from rnnviz.ui.style import style_sheet

#: The pages whose own controls replace the run's settings in the sidebar, and their titles.
LABORATORIES = {"hidden": "Hidden states", "gradients": "Gradients", "dynamics": "Dynamics"}
#: How far a turn to another page goes.
_TURNS = {"previous": -1, "next": 1}


def _header(pair: Pair) -> None:
    """Transport and story on the left; scores and the slider of epochs on the right."""
    with st.container(key="header"):
        left, right = st.columns([2, 1], gap="medium")
        with left:
            stage.place_bar()
            with st.container(horizontal=True, key="story"):
                stage.place_text("story")
                if not pair.second:
                    stage.place_health()
        with right:
            stage.place_text("status")
            stage.place_time()
        with st.container(horizontal=True, key="notice"):
            stage.place_text("message")
            if pair.second:
                stage.place_text("view", "content")
            if not pair.session.player.recorded:
                stage.place_text("luck", "content")
                stage.place_link()


def _pages(pair: Pair, controls: DeltaGenerator) -> list[st.Page]:
    """The pages in the order of the navigation, the first without a path of its own."""
    train = st.Page(
        partial(train_page, pair, controls), title="Train", url_path="train", default=True
    )
    laboratories = [
        st.Page(partial(question_page, name, pair, controls), title=title, url_path=name)
        for name, title in LABORATORIES.items()
    ]
    step, runs = (
        lambda: set_scene(step_page(pair), pair),
        lambda: set_scene(runs_page(pair, controls, train), pair),
    )
    return [
        train,
        st.Page(step, title="Step", url_path="step"),
        *laboratories,
        st.Page(runs, title="Runs", url_path="runs"),
        st.Page(partial(guide_page, controls), title="Guide", url_path="guide"),
    ]


def _show() -> None:
    st.set_page_config(page_title="rnnviz", page_icon="🔁", layout="wide")
    st.logo(shipped("docs/logo.svg"), size="large")
    tab = get_tab()
    with host_of(tab) as host:
        pair, session = host.pair, host.session
        count_in(session.unit)
        task, controls = st.sidebar.container(), st.sidebar.container(key="controls")
        pages = _pages(pair, controls)
        page = st.navigation(pages, position="top")
        asked = stage.connect(tab.ticket, host.edition, lesson_list(), lesson_now())
        if asked in _TURNS:
            # The guide, the last of them, is not for a projector.
            st.switch_page(pages[(pages.index(page) + _TURNS[asked]) % (len(pages) - 1)])
        if asked := ask(session, asked):
            # The first page has no path of its own.
            st.switch_page(next(p for p in pages if (p.url_path or "train") == asked))
        style_sheet()
        # The tab of the page *Train* that is about to be drawn.
        question = st.session_state.get("question_train") or session.questions["train"]
        wrong = page.url_path in ("", "train") and question == TrainQuestion.WRONG
        reading = page.url_path == "guide"
        own = page.url_path in (*LABORATORIES, "runs")
        sidebar(tab, pair, task, folded=own or wrong or reading)
        if not reading:
            _header(pair)
        page.run()
        stage.place_end()


_show()
