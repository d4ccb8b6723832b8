"""The script that Streamlit runs: sidebar, header, and one of the pages."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.charts.explanation import count_in
from rnnviz.charts.status import ask
from rnnviz.page.question_page import question_page, set_scene, train_page
from rnnviz.page.session_registry import get_tab
from rnnviz.page.sidebar import sidebar
from rnnviz.probe.questions import TrainQuestion
from rnnviz.probe.session import Session
from rnnviz.questions.step.tab import step_page
from rnnviz.tasks.shipped_files import shipped
from rnnviz.ui.browser_session import host_of
from rnnviz.ui.stage import (
    connect,
    place_bar,
    place_end,
    place_health,
    place_link,
    place_text,
    place_time,
)
from rnnviz.ui.style import style_sheet

#: The pages whose own controls replace the run's settings in the sidebar.
LABORATORIES = ("hidden", "gradients", "dynamics")


def _pages(session: Session, controls: DeltaGenerator) -> list[st.Page]:
    labs = {
        "train": partial(train_page, session, controls),
        "hidden": partial(question_page, "hidden", session, controls),
        "gradients": partial(question_page, "gradients", session, controls),
        "dynamics": partial(question_page, "dynamics", session, controls),
    }
    return [
        st.Page(labs["train"], title="Train", url_path="train", default=True),
        st.Page(lambda: set_scene(step_page(session)), title="Step", url_path="step"),
        st.Page(labs["hidden"], title="Hidden states", url_path="hidden"),
        st.Page(labs["gradients"], title="Gradients", url_path="gradients"),
        st.Page(labs["dynamics"], title="Dynamics", url_path="dynamics"),
    ]


def _header(recorded: bool) -> None:
    """Transport and story on the left; scores and the slider of epochs on the right."""
    with st.container(key="header"):
        left, right = st.columns([2, 1], gap="medium")
        with left:
            place_bar()
            with st.container(horizontal=True, key="story"):
                place_text("story")
                place_health()
        with right:
            place_text("status")
            place_time()
        with st.container(horizontal=True, key="notice"):
            place_text("message")
            if not recorded:
                place_link()


def _show() -> None:
    st.set_page_config(page_title="rnnviz", page_icon="🔁", layout="wide")
    st.logo(shipped("docs/logo.svg"), size="large")
    tab = get_tab()
    with host_of(tab) as host:
        session = host.session
        count_in(session.unit)
        task, controls = st.sidebar.container(), st.sidebar.container(key="controls")
        pages = _pages(session, controls)
        page = st.navigation(pages, position="top")
        if asked := ask(session, connect(tab.ticket, host.edition)):
            # The first page has no path of its own.
            st.switch_page(next(p for p in pages if (p.url_path or "train") == asked))
        style_sheet()
        # The tab of the page *Train* that is about to be drawn.
        asked = st.session_state.get("question_train") or session.questions["train"]
        wrong = page.url_path not in ("step", *LABORATORIES) and asked == TrainQuestion.WRONG
        sidebar(tab, session, task, folded=page.url_path in LABORATORIES or wrong)
        _header(session.player.recorded)
        page.run()
        place_end()


_show()
