"""rnnviz in the browser: ``streamlit run app.py``."""

import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # fastest here; NumPy reads it on import

import streamlit as st
from starlette.middleware import Middleware

from rnnviz.app.guard import Guard
from rnnviz.app.wire import Preload, lifespan, routes

app = st.App(
    Path(__file__).parent / "rnnviz" / "app" / "pages" / "index.py",
    routes=routes(),
    middleware=[Middleware(Guard), Middleware(Preload)],
    lifespan=lifespan,
)

if __name__ == "__main__":
    app.run()
