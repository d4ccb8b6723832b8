"""rnnviz in the browser: ``streamlit run app.py``."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # fastest here; NumPy reads it on import

import streamlit as st

from rnnviz.page.main import INDEX, app_options

# ``streamlit run`` finds this call in the source of this file.
app = st.App(INDEX, **app_options(st.get_option("server.baseUrlPath") or ""))

if __name__ == "__main__":
    app.run()
