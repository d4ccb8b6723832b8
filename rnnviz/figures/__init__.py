"""From a record to a picture; the only Plotly imports besides ``ui/chart.py``."""
