"""rnnviz in the browser: ``streamlit run app.py``."""

import os
from functools import partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # fastest here; NumPy reads it on import

import streamlit as st

from rnnviz.ui.chart import serve_library
from rnnviz.ui.pages.dynamics import dynamics_page
from rnnviz.ui.pages.gradients import gradients_page
from rnnviz.ui.pages.hidden import hidden_page
from rnnviz.ui.pages.step import step_page
from rnnviz.ui.pages.train import train_page
from rnnviz.ui.press import begin_page, complete_page
from rnnviz.ui.sidebar import sidebar
from rnnviz.ui.state import configure, get_session, write_link
from rnnviz.ui.style import style_sheet
from rnnviz.ui.transport import transport

begin_page()
st.set_page_config(page_title="rnnviz", page_icon="🔁", layout="wide")
st.logo(Path(__file__).parent / "docs" / "logo.svg", size="large")
serve_library()
style_sheet()
session = get_session()
configure(session, sidebar(session))
transport(session)
pages = [
    st.Page(partial(train_page, session), title="Train", url_path="train", default=True),
    st.Page(partial(step_page, session), title="Step", url_path="step"),
    st.Page(partial(hidden_page, session), title="Hidden states", url_path="hidden"),
    st.Page(partial(gradients_page, session), title="Gradients", url_path="gradients"),
    st.Page(partial(dynamics_page, session), title="Dynamics", url_path="dynamics"),
]
st.navigation(pages, position="top").run()
write_link(session)
complete_page()
