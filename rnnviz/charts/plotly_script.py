"""Plotly's own script, from its Python package: with it the page explores a chart."""

from __future__ import annotations

from plotly.offline import get_plotlyjs, get_plotlyjs_version


def plotly_script() -> str:
    """The script, about 5 MB; it is read from disk."""
    return str(get_plotlyjs())


def plotly_path() -> str:
    """Its path on the server. The version is part of it, so a browser never uses an older one."""
    return f"rnnviz/static/plotly-{get_plotlyjs_version()}.min.js"
