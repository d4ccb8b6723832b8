"""From a record to a picture: the only place that knows Plotly."""
