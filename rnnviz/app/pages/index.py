"""The script that Streamlit runs: sidebar, header, and one of the pages."""

from functools import partial

import streamlit as st

from rnnviz.app.browser_session import get_seat
from rnnviz.app.pages.dynamics import dynamics_page
from rnnviz.app.pages.gradients import gradients_page
from rnnviz.app.pages.hidden import hidden_page
from rnnviz.app.pages.step import step_page
from rnnviz.app.pages.train import train_page
from rnnviz.app.sidebar import sidebar
from rnnviz.app.stage import connect, place_bar, place_end, place_link, place_text, place_time
from rnnviz.app.style import style_sheet
from rnnviz.session import Session
from rnnviz.tasks.shipped_files import shipped


def _pages(session: Session) -> list[st.Page]:
    return [
        st.Page(partial(train_page, session), title="Train", url_path="train", default=True),
        st.Page(partial(step_page, session), title="Step", url_path="step"),
        st.Page(partial(hidden_page, session), title="Hidden states", url_path="hidden"),
        st.Page(partial(gradients_page, session), title="Gradients", url_path="gradients"),
        st.Page(partial(dynamics_page, session), title="Dynamics", url_path="dynamics"),
    ]


def _header() -> None:
    """Transport and story at the left; scores and the slider of epochs at the right."""
    with st.container(key="header"):
        left, right = st.columns([2, 1], gap="medium")
        with left:
            place_bar()
            with st.container(horizontal=True, key="story"):
                place_text("story")
                with st.popover("Health"):
                    place_text("signs")
        with right:
            place_text("status")
            place_time()
        with st.container(horizontal=True, key="notice"):
            place_text("message")
            place_link()


def _show() -> None:
    st.set_page_config(page_title="rnnviz", page_icon="🔁", layout="wide")
    st.logo(shipped("docs/logo.svg"), size="large")
    seat = get_seat()
    with seat.borrow() as host:
        session = host.session
        page = st.navigation(_pages(session), position="top")
        connect(seat, host.edition)
        style_sheet()
        sidebar(seat, host)
        _header()
        page.run()
        place_end()


_show()
