"""Charts: pictures from records; only this package imports Plotly."""
