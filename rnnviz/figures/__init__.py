"""From a record to a Plotly figure; the only Plotly imports besides ``ui/chart.py``."""
